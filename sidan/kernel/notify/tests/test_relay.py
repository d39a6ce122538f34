"""The relay: at least once, in order, with patience, and never two effects (plan T9)."""

import random
import threading
from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection

from sidan.kernel.base import tx
from sidan.kernel.notify import commands, relay, topics
from sidan.kernel.notify.channels import Letter, NotNowReachable, Unreachable
from sidan.kernel.notify.channels.console import Console
from sidan.kernel.notify.models import ConsoleMessage, Delivery, Message
from sidan.kernel.notify.tests.make import MINUTE, NOW, TOPIC, Killed, Probe, probe, queue, reader, states, unit
from sidan.kernel.org import commands as org

pytestmark = pytest.mark.django_db
__all__ = ["probe"]


def refuse(error: Exception) -> "object":
    def behave(letter: Letter) -> None:
        raise error

    return behave


def test_what_is_due_is_sent_with_its_words_and_telephone(probe: Probe) -> None:
    queue(reader(), "orders.order:8K3M2Q7P")
    assert relay.relay(NOW) == relay.Sent(sent=1)
    letter = probe.letters[0]
    assert (letter.title, letter.body, letter.phone) == ("8K3M2Q7P", "事项 8K3M2Q7P 有进展。", "13800000000")
    message = Message.objects.get()
    assert (message.state, message.sent_at, message.channel, message.tries) == ("sent", NOW, "probe", 1)


def test_what_is_not_due_waits(probe: Probe) -> None:
    queue(reader(), "a/1")
    assert relay.relay(NOW - MINUTE) == relay.Sent()


def test_nothing_is_sent_twice_by_a_second_run(probe: Probe) -> None:
    queue(reader(), "a/1", "b/1")
    relay.relay(NOW)
    relay.relay(NOW + timedelta(days=1))
    assert len(probe.letters) == 2


def test_a_limit_is_kept(probe: Probe) -> None:
    queue(reader(), *[f"{n}/1" for n in range(30)])
    assert relay.relay(NOW, limit=25).sent == 25


def test_a_failing_gateway_is_tried_after_1_2_4_up_to_60_minutes_and_given_up_after_ten(probe: Probe) -> None:
    queue(reader(), "a/1")
    probe.behave = refuse(NotNowReachable("timeout"))  # type: ignore[assignment]
    at, waits = NOW, []
    while relay.relay(at).failed:
        message = Message.objects.get()
        assert message.state == "failed"
        waits.append(int((message.next_try_at - at) / MINUTE))
        assert relay.relay(message.next_try_at - timedelta(seconds=1)) == relay.Sent()
        at = message.next_try_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    message = Message.objects.get()
    assert (message.state, message.tries, message.error) == ("given_up", 10, "gateway: timeout")


def test_a_later_message_of_the_subject_waits_for_an_earlier_one_and_others_do_not(probe: Probe) -> None:
    queue(reader(), "a/1", "a/2", "b/1")
    probe.behave = lambda letter: refuse(NotNowReachable())(letter) if letter.title == "a/1" else None  # type: ignore[operator]
    relay.relay(NOW)
    assert states() == {"a/1": "failed", "a/2": "queued", "b/1": "sent"}
    probe.behave = lambda letter: None
    relay.relay(NOW + MINUTE)
    assert [letter.title for letter in probe.letters] == ["b/1", "a/1", "a/2"]


def test_a_reader_who_cannot_be_reached_is_given_up_at_once_and_blocks_nobody(probe: Probe) -> None:
    queue(reader(), "a/1", "a/2")
    probe.behave = lambda letter: refuse(Unreachable())(letter) if letter.title == "a/1" else None  # type: ignore[operator]
    assert relay.relay(NOW) == relay.Sent(sent=1, given_up=1)
    assert states() == {"a/1": "given_up", "a/2": "sent"}


def test_a_channel_that_breaks_does_not_stop_the_messages_behind(probe: Probe) -> None:
    queue(reader(), "a/1", "b/1")
    probe.behave = lambda letter: refuse(ValueError("bug"))(letter) if letter.title == "a/1" else None  # type: ignore[operator]
    assert relay.relay(NOW) == relay.Sent(sent=1, failed=1)
    assert "bug" not in Message.objects.get(key="a/1").error


def test_words_that_lack_a_value_are_given_up_and_say_which(probe: Probe) -> None:
    topics.register("test.lacks", title="", body="{due}")
    with tx.writing():
        commands.send("test.lacks", to_person=reader().id, data={}, key="a/1", act_at=NOW)
    assert relay.relay(NOW).given_up == 1
    assert "due" in Message.objects.get().error


def test_a_role_reaches_everybody_who_holds_it_when_it_is_sent(probe: Probe) -> None:
    county = unit()
    street = unit("500233001", county)
    gone, now_there, deputy, elsewhere = (reader(handle) for handle in ("gone", "there", "deputy", "elsewhere"))
    org.seat(gone, street, "dispatcher", from_date=date(2026, 1, 1), to_date=date(2026, 3, 1))
    held = org.seat(now_there, street, "dispatcher", from_date=date(2026, 1, 1))
    org.deputise(held, deputy, from_date=date(2026, 3, 1), to_date=date(2026, 3, 9))
    org.seat(elsewhere, county, "dispatcher", from_date=date(2026, 1, 1))
    with tx.writing():
        commands.send(TOPIC, to_unit=street.id, role="dispatcher", data={"number": "x"}, key="a/1", act_at=NOW)
    relay.relay(NOW)
    assert {letter.person_id for letter in probe.letters} == {now_there.id, deputy.id}


def test_where_nobody_holds_the_role_in_the_unit_the_nearest_above_is_told(probe: Probe) -> None:
    county = unit()
    street = unit("500233001", county)
    above = reader("above")
    org.seat(above, county, "supervisor", from_date=date(2026, 1, 1))
    with tx.writing():
        commands.send(TOPIC, to_unit=street.id, role="supervisor", data={"number": "x"}, key="a/1", act_at=NOW)
    relay.relay(NOW)
    assert [letter.person_id for letter in probe.letters] == [above.id]


def test_nobody_at_all_is_given_up_and_seen(probe: Probe) -> None:
    with tx.writing():
        commands.send(TOPIC, to_unit=unit().id, role="checker", data={"number": "x"}, key="a/1", act_at=NOW)
    assert relay.relay(NOW).given_up == 1


def test_a_retry_goes_only_to_those_who_have_not_got_it(probe: Probe) -> None:
    street = unit()
    first, second = reader("a"), reader("b")
    for person in (first, second):
        org.seat(person, street, "handler", from_date=date(2026, 1, 1))
    with tx.writing():
        commands.send(TOPIC, to_unit=street.id, role="handler", data={"number": "x"}, key="a/1", act_at=NOW)
    probe.behave = lambda letter: refuse(NotNowReachable())(letter) if letter.person_id == second.id else None  # type: ignore[operator]
    relay.relay(NOW)
    probe.behave = lambda letter: None
    relay.relay(NOW + MINUTE)
    assert [letter.person_id for letter in probe.letters] == [first.id, second.id]


def test_the_relay_killed_a_hundred_times_loses_nothing_doubles_no_effect_and_keeps_the_order(probe: Probe) -> None:
    """T9: killed before the sending, between sending and marking, or between telling and marking."""
    chance = random.Random(20260302)
    person = reader()
    keys = [f"order:{n % 12}/{n:03}" for n in range(120)]
    queue(person, *keys)
    effects: list[str] = []
    kills = 0

    def consume(letter: Letter) -> None:
        """Somebody else's system: it gets the letter, perhaps twice, and acts in one transaction with its inbox."""
        with tx.writing():
            if commands.once("elsewhere", letter.id):
                effects.append(letter.title)

    def behave(letter: Letter) -> None:
        nonlocal kills
        deadly = kills < 100
        if deadly and chance.random() < 0.35:
            kills += 1
            raise Killed
        consume(letter)
        probe.letters.append(letter)
        if deadly and kills < 100 and chance.random() < 0.6:
            kills += 1
            raise Killed

    probe.behave = behave
    at = NOW
    for _round in range(2000):
        try:
            relay.relay(at)
        except Killed:
            at += relay.LEASE + timedelta(seconds=1)
            continue
        at += MINUTE
        if set(states().values()) == {"sent"}:
            break
    assert kills == 100
    assert set(states().values()) == {"sent"}
    got = Counter(letter.title for letter in probe.letters)
    assert all(got[key[-8:]] >= 1 for key in keys)
    assert any(count > 2 for count in got.values()), "no kill fell between sending and marking"
    assert Counter(effects) == Counter(key[-8:] for key in keys)
    for lane in range(12):
        wanted = [key[-8:] for key in keys if key.startswith(f"order:{lane}/")]
        assert [title for title in effects if title in wanted] == wanted


def test_a_message_whose_sender_is_alive_is_nobody_elses(probe: Probe) -> None:
    queue(reader(), "a/1")
    assert len(relay.claim(NOW, 10)) == 1
    assert relay.claim(NOW + relay.LEASE - timedelta(seconds=1), 10) == []
    assert len(relay.claim(NOW + relay.LEASE, 10)) == 1


def test_a_sender_that_lost_its_message_does_not_write_its_end(probe: Probe) -> None:
    queue(reader(), "a/1")
    (slow,) = relay.claim(NOW, 10)
    relay.claim(NOW + relay.LEASE, 10)
    relay._mark([relay.End(slow, Message.State.GIVEN_UP, "probe", "")])
    assert states() == {"a/1": "sending"}


def test_a_slow_channel_gives_back_what_it_has_not_tried(probe: Probe) -> None:
    queue(reader(), "a/1", "b/1", "c/1")
    clock = iter([NOW, NOW, NOW + relay.LEASE, NOW + relay.LEASE])
    assert relay.relay(NOW, clock=lambda: next(clock)).sent == 1
    assert sorted(Message.objects.exclude(state="sent").values_list("state", "tries")) == [("queued", 0), ("queued", 0)]


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_send_each_message_once_and_in_order(probe: Probe) -> None:
    keys = [f"order:{n % 5}/{n:03}" for n in range(60)]
    queue(reader(), *keys)
    probe.behave = lambda letter: None
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            start.wait()
            for _round in range(40):
                relay.relay(NOW)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Counter(letter.title for letter in probe.letters) == Counter(key[-8:] for key in keys)
    for lane in range(5):
        wanted = [key[-8:] for key in keys if key.startswith(f"order:{lane}/")]
        assert [letter.title for letter in probe.letters if letter.title in wanted] == wanted


def test_the_console_says_a_letter_once_and_masks_the_telephone() -> None:
    person = reader()
    letter = Letter("7:1", TOPIC, "题", "正文", False, False, person.id, "13812345678", NOW)
    for _again in range(3):
        Console().send(letter)
    said = ConsoleMessage.objects.get()
    assert (said.title, said.body, said.phone_masked) == ("题", "正文", "138****5678")


def test_outside_the_demonstration_the_console_keeps_no_link(settings: "object") -> None:
    for demo, body in ((False, ""), (True, "https://x/")):
        settings.SIDAN_DEMO = demo  # type: ignore[attr-defined]
        ConsoleMessage.objects.all().delete()
        Console().send(Letter(f"7:{demo}", TOPIC, "题", "https://x/", True, True, reader(f"p{demo}").id, None, NOW))
        assert ConsoleMessage.objects.get().body == body


def test_what_was_said_long_ago_is_forgotten_and_what_waits_is_not(probe: Probe) -> None:
    person = reader()
    queue(person, "a/1")
    relay.relay(NOW)
    queue(person, "b/1")
    assert commands.sweep(NOW + timedelta(days=31)) == 1
    assert states() == {"b/1": "queued"}
    assert not Delivery.objects.exists()
