"""Messages are queued with what causes them, and say what their topic says."""

from typing import Any

import pytest
from django.db import IntegrityError

from sidan.kernel.base import tx
from sidan.kernel.notify import commands, topics
from sidan.kernel.notify.models import Message
from sidan.kernel.notify.tests.make import NOW, TOPIC, Probe, probe, queue, reader, unit

pytestmark = pytest.mark.django_db
__all__ = ["probe"]


@pytest.mark.django_db(transaction=True)
def test_a_message_lives_and_dies_with_its_transaction(probe: Probe) -> None:
    @tx.writes
    def fail(person: int) -> None:
        commands.send(TOPIC, to_person=person, data={}, key="a/1", act_at=NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(reader().id)
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_queued(probe: Probe) -> None:
    with pytest.raises(RuntimeError):
        commands.send(TOPIC, to_person=1, data={}, key="a/1", act_at=NOW)


def test_the_same_key_is_the_same_message(probe: Probe) -> None:
    person = reader()
    queue(person, "a/1", "a/1", "a/2")
    queue(person, "a/1")
    assert Message.objects.count() == 2


def test_several_messages_are_one_statement(probe: Probe, django_assert_num_queries: Any) -> None:
    person = reader()
    drafts = [commands.Draft(TOPIC, f"a/{n}", NOW, to_person=person.id) for n in range(5)]
    with tx.writing(), django_assert_num_queries(1):
        commands.send_many(drafts)
    assert Message.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_message_without_readers_is_refused_and_not_lost_silently(probe: Probe) -> None:
    with pytest.raises(IntegrityError), tx.writing():
        commands.send(TOPIC, data={}, key="a/1", act_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_role_without_its_unit_is_no_reader(probe: Probe) -> None:
    with pytest.raises(IntegrityError), tx.writing():
        commands.send(TOPIC, to_unit=unit().id, data={}, key="a/1", act_at=NOW)


def test_an_unknown_topic_is_a_bug_found_at_once(probe: Probe) -> None:
    with pytest.raises(KeyError), tx.writing():
        commands.send("test.unknown", to_person=1, data={}, key="a/1", act_at=NOW)


def test_a_value_adds_no_place_no_line_and_no_attribute() -> None:
    topics.register("test.safe", title="{a}", body="{a} {b} {a.__class__} {0} {{b}}")
    title, body = topics.get("test.safe").words({"a": "x{b}\r\nBcc: y\x1b[31m", "b": "z"}, "zh-hans")
    assert title == "x{b} Bcc: y [31m"
    assert body == "x{b} Bcc: y [31m z {a.__class__} {0} {z}"


def test_a_missing_value_is_named() -> None:
    topics.register("test.lacks", title="", body="{number}")
    with pytest.raises(KeyError, match="number"):
        topics.get("test.lacks").words({}, "zh-hans")


def test_a_consumer_takes_a_message_once() -> None:
    with tx.writing():
        assert commands.once("points", "7:1") is True
        assert commands.once("points", "7:1") is False
        assert commands.once("mail", "7:1") is True


@pytest.mark.django_db(transaction=True)
def test_a_consumer_that_fails_may_take_it_again() -> None:
    @tx.writes
    def fail() -> None:
        commands.once("points", "7:1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with tx.writing():
        assert commands.once("points", "7:1") is True
