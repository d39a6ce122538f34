"""Many messages at once: few transactions, and still each message by itself."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from sidan.kernel.base import tx
from sidan.kernel.notify import commands, relay, topics
from sidan.kernel.notify.channels import Letter, NotNowReachable, Unreachable
from sidan.kernel.notify.channels.console import Console
from sidan.kernel.notify.models import ConsoleMessage, Message
from sidan.kernel.notify.tests.make import MINUTE, NOW, TOPIC, Killed, Probe, probe, queue, reader, states, unit, use
from sidan.kernel.org import commands as org
from sidan.kernel.org.models import Contact

pytestmark = pytest.mark.django_db
__all__ = ["probe"]


class Board:
    """A channel within the house, like the console, that can be told to fail in the middle of its writing."""

    name = "board"

    def __init__(self) -> None:
        self.console = Console()
        self.before: Any = lambda letters: None
        self.after: Any = lambda letters: None

    def keep(self, letters: Sequence[Letter]) -> None:
        self.before(letters)
        self.console.keep(letters)
        self.after(letters)

    def send(self, letter: Letter) -> None:
        with tx.writing():
            self.keep([letter])


@pytest.fixture
def board(probe: Probe, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Board:
    made = Board()
    use(made, monkeypatch, settings)
    return made


def said() -> list[str]:
    return list(ConsoleMessage.objects.order_by("title").values_list("title", flat=True))


def statements(keys: list[str]) -> int:
    queue(reader(f"p{keys[0][:1]}"), *keys)
    with CaptureQueriesContext(connection) as seen:
        assert relay.relay(NOW, limit=1000).sent == len(keys)
    return len([one for one in seen if "SAVEPOINT" not in one["sql"]])


def test_fifty_messages_cost_as_many_statements_as_five(board: Board) -> None:
    few = statements([f"a{n}/1" for n in range(5)])  # with what is read once in a process
    assert statements([f"b{n}/1" for n in range(50)]) <= few <= 12
    assert ConsoleMessage.objects.count() == 55


@pytest.mark.django_db(transaction=True)
def test_a_sender_killed_within_a_batch_says_nothing_twice_and_loses_nothing(board: Board) -> None:
    """Letters and marks are one transaction: whatever the moment, both are there or neither."""
    queue(reader(), *[f"a{n}/1" for n in range(30)])

    def kill(letters: list[Letter]) -> None:
        raise Killed

    for moment in ("before", "after"):
        setattr(board, moment, kill)
        with pytest.raises(Killed):
            relay.relay(NOW)
        assert said() == []
        assert set(states().values()) == {"sending"}
        setattr(board, moment, lambda letters: None)
        Message.objects.update(next_try_at=NOW)  # its lease is over
    assert relay.relay(NOW).sent == 30
    assert len(said()) == 30
    assert set(Message.objects.values_list("tries", flat=True)) == {3}


@pytest.mark.django_db(transaction=True)
def test_one_message_that_cannot_be_written_does_not_take_the_others_with_it(board: Board) -> None:
    queue(reader(), *[f"a{n}/1" for n in range(10)])

    def refuse(letters: list[Letter]) -> None:
        if any(letter.title == "a4/1" for letter in letters):
            raise DataError("too long")

    board.before = refuse
    assert relay.relay(NOW) == relay.Sent(sent=9, failed=1)
    assert states() == {f"a{n}/1": "failed" if n == 4 else "sent" for n in range(10)}
    assert said() == [f"a{n}/1" for n in range(10) if n != 4]


def test_of_a_batch_each_message_has_its_own_end(probe: Probe) -> None:
    """Sent, tried again, given up and without words, side by side."""
    topics.register("test.lacks", title="", body="{due}")
    person = reader()
    queue(person, "good/1", "later/1", "never/1", "fine/1")
    with tx.writing():
        commands.send("test.lacks", to_person=person.id, data={}, key="lacks/1", act_at=NOW)

    def behave(letter: Letter) -> None:
        if letter.title == "later/1":
            raise NotNowReachable("busy")
        if letter.title == "never/1":
            raise Unreachable

    probe.behave = behave
    assert relay.relay(NOW) == relay.Sent(sent=2, failed=1, given_up=2)
    assert states() == {
        "good/1": "sent", "fine/1": "sent", "later/1": "failed", "never/1": "given_up", "lacks/1": "given_up",
    }  # fmt: skip


def test_words_that_are_lacking_do_not_hold_up_the_batch_within_the_house(board: Board) -> None:
    topics.register("test.lacks", title="", body="{due}")
    person = reader()
    queue(person, "a/1", "b/1")
    with tx.writing():
        commands.send("test.lacks", to_person=person.id, data={}, key="lacks/1", act_at=NOW)
    assert relay.relay(NOW) == relay.Sent(sent=2, given_up=1)
    assert said() == ["a/1", "b/1"]


def test_a_telephone_that_cannot_be_opened_fails_alone(board: Board) -> None:
    damaged, sound = reader("damaged"), reader("sound")
    Contact.objects.filter(person=damaged).update(phone_enc=b"\x01" + bytes(40))
    queue(damaged, "a/1")
    queue(sound, "b/1")
    assert relay.relay(NOW) == relay.Sent(sent=1, failed=1)
    assert states() == {"a/1": "failed", "b/1": "sent"}


def test_a_sender_outside_the_house_is_marked_after_each_message(probe: Probe) -> None:
    """Killed in the middle, it has sent at most one message that will be sent again."""
    queue(reader(), *[f"a{n}/1" for n in range(10)])

    def behave(letter: Letter) -> None:
        if letter.title == "a6/1":
            raise Killed

    probe.behave = behave
    with pytest.raises(Killed):
        relay.relay(NOW)
    assert [key for key, state in states().items() if state == "sent"] == [f"a{n}/1" for n in range(6)]
    probe.behave = lambda letter: None
    relay.relay(NOW + relay.LEASE)
    assert sorted(letter.title for letter in probe.letters) == [f"a{n}/1" for n in range(10)]


def test_several_readers_of_several_messages_are_found_together(
    board: Board, django_assert_max_num_queries: Any
) -> None:
    county = unit()
    streets = [unit(f"50023300{n}", county) for n in range(1, 9)]
    above = reader("above")
    org.seat(above, county, "dispatcher", from_date=date(2026, 1, 1))
    people = [reader(f"p{n}") for n in range(8)]
    for n in range(4):
        for person in (people[2 * n], people[2 * n + 1]):
            org.seat(person, streets[n], "dispatcher", from_date=date(2026, 1, 1))
    for n, street in enumerate(streets):
        with tx.writing():
            commands.send(
                TOPIC, to_unit=street.id, role="dispatcher", data={"number": f"x{n}"}, key=f"s{n}/1", act_at=NOW
            )
    with django_assert_max_num_queries(14):
        assert relay.relay(NOW).sent == 8
    told = {n: set(ConsoleMessage.objects.filter(title=f"x{n}").values_list("person_id", flat=True)) for n in range(8)}
    for n in range(4):
        assert told[n] == {people[2 * n].id, people[2 * n + 1].id}
    for n in range(4, 8):
        assert told[n] == {above.id}


def test_a_lane_keeps_its_order_over_batches(board: Board) -> None:
    queue(reader(), "a/1", "b/1", "a/2", "a/3")
    assert relay.relay(NOW).sent == 4
    order = list(ConsoleMessage.objects.order_by("id").values_list("title", flat=True))
    assert [one for one in order if one.startswith("a/")] == ["a/1", "a/2", "a/3"]


def test_a_limit_holds_for_batches_too(board: Board) -> None:
    queue(reader(), *[f"a{n}/1" for n in range(150)])
    assert relay.relay(NOW, limit=120).sent == 120
    assert relay.relay(NOW + MINUTE, limit=120).sent == 30
    assert relay.relay(NOW + timedelta(days=1)).sent == 0
