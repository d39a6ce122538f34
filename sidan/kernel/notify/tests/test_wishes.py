"""Who is told what, and when: what people chose, and quiet hours."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import NotNow
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import commands, quiet, relay, topics
from sidan.kernel.notify.channels import Letter, Unreachable
from sidan.kernel.notify.models import Message, QuietRule, Wish
from sidan.kernel.notify.tests.make import NOW, TOPIC, Probe, probe, queue, reader, states, unit, use
from sidan.kernel.org import commands as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person

pytestmark = pytest.mark.django_db
__all__ = ["probe"]

NIGHT = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)  # 23:30 in the county
MORNING = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # 07:30


def resident(phone: str = "13800000000") -> Person:
    return org.add_resident(phone=phone)


@tx.writes
def tell(person: Person, topic: str, key: str, at: datetime = NOW) -> None:
    commands.send(topic, to_person=person.id, data={"number": key}, key=key, act_at=at)


@pytest.fixture
def topics_of_a_course(probe: Probe) -> None:
    for name, grade, urgent in (("receipt", "always", True), ("step", "step", False), ("end", "end", False)):
        topics.register(f"test.{name}", title="{number}", body="", grade=grade, urgent=urgent)


@pytest.mark.usefixtures("topics_of_a_course")
@pytest.mark.parametrize(
    ("choice", "told"),
    [("", ["receipt", "step", "end"]), ("all", ["receipt", "step", "end"]), ("end", ["receipt", "end"]), ("none", ["receipt"])],
)  # fmt: skip
def test_a_resident_is_told_what_they_chose_and_the_receipt_always(probe: Probe, choice: str, told: list[str]) -> None:
    person = resident()
    if choice:
        choose(person, {"": choice})
    for name in ("receipt", "step", "end"):
        tell(person, f"test.{name}", f"a/{name}")
    relay.relay(NOW)
    assert [letter.title for letter in probe.letters] == [f"a/{name}" for name in told]
    assert {key for key, state in states().items() if state == "unwanted"} == {
        f"a/{name}" for name in ("receipt", "step", "end") if name not in told
    }


def test_the_choice_that_stands_when_it_is_sent_counts(probe: Probe) -> None:
    person = resident()
    queue(person, "a/1", "a/2")
    choose(person, {"": "none"})
    relay.relay(NOW)
    assert probe.letters == []
    choose(person, {"": "all"})
    assert Wish.objects.filter(person=person).count() == 1
    queue(person, "a/3")
    relay.relay(NOW)
    assert [letter.title for letter in probe.letters] == ["a/3"]


def test_a_member_of_staff_is_told_by_what_they_chose(
    probe: Probe, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    other = Probe()
    other.name = "other"
    use(other, monkeypatch, settings)
    settings.SIDAN_STAFF_CHANNEL = ("probe", "other")
    street = unit()
    first, second, third = reader("a"), reader("b"), reader("c")
    for person in (first, second, third):
        org.seat(person, street, "handler", from_date=date(2026, 1, 1))
    choose(second, {TOPIC: "other"})
    choose(third, {TOPIC: "none"})
    with tx.writing():
        commands.send(TOPIC, to_unit=street.id, role="handler", data={"number": "x"}, key="a/1", act_at=NOW)
    assert relay.relay(NOW).sent == 1
    assert [one.person_id for one in probe.letters] == [first.id]
    assert [one.person_id for one in other.letters] == [second.id]
    assert Message.objects.get().error == "1 of 3 not told"


def test_nobody_of_the_staff_can_choose_away_what_is_urgent(probe: Probe) -> None:
    topics.register("test.urgent", title="", body="", urgent=True)
    person = reader()
    choose(person, {"test.urgent": "none"})
    tell(person, "test.urgent", "a/1")
    assert relay.relay(NOW).sent == 1


def test_at_night_residents_are_left_in_peace_but_for_what_is_urgent(probe: Probe) -> None:
    topics.register("test.urgent", title="{number}", body="", urgent=True)
    person = resident()
    tell(person, TOPIC, "a/1", NIGHT)
    tell(person, TOPIC, "a/2", NIGHT)
    tell(person, "test.urgent", "a/3", NIGHT)
    assert relay.relay(NIGHT).sent == 1
    assert states() == {"a/1": "waiting", "a/2": "waiting", "a/3": "sent"}
    assert set(Message.objects.filter(state="waiting").values_list("next_try_at", "tries")) == {(MORNING, 0)}
    relay.relay(MORNING - timedelta(seconds=1))
    assert [letter.title for letter in probe.letters] == ["a/3"]
    assert relay.relay(MORNING).sent == 2
    assert [letter.title for letter in probe.letters] == ["a/3", "a/1", "a/2"]


def test_staff_are_told_at_night_unless_the_county_says_otherwise(probe: Probe) -> None:
    person = reader()
    tell(person, TOPIC, "a/1", NIGHT)
    assert relay.relay(NIGHT).sent == 1
    QuietRule.objects.create(audience="staff", begins="20:00", ends="08:00", valid_from=date(2026, 1, 1), source="test")
    snapshot.forget()
    tell(person, TOPIC, "a/2", NIGHT)
    assert relay.relay(NIGHT).sent == 0
    assert states()["a/2"] == "waiting"


def test_what_waits_for_the_morning_is_no_backlog(probe: Probe) -> None:
    from sidan.kernel.notify import queries

    tell(resident(), TOPIC, "a/1", NIGHT)
    relay.relay(NIGHT)
    found = queries.backlog(NIGHT + timedelta(hours=5))
    assert (found["waiting"], found["late"], found["oldest_at"]) == (1, 0, None)


def choose(person: Person, choices: dict[str, str]) -> None:
    commands.choose(person, choices, act=Act(person, NOW, Via.PAGE))


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    """A moment of the county's clock."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21, 59), None), (at(22), at(7, 30, 3)), (at(23, 59), at(7, 30, 3)), (at(0, day=3), at(7, 30, 3)),
        (at(7, 29, 3), at(7, 30, 3)), (at(7, 30, 3), None), (at(12), None),
    ],
)  # fmt: skip
def test_quiet_hours_go_over_midnight(now: datetime, until: datetime | None) -> None:
    snapshot.forget()
    assert quiet.until(now, staff=False) == until


def test_quiet_hours_are_dated_and_the_evening_decides(django_assert_num_queries: Any) -> None:
    QuietRule.objects.create(
        audience="resident", begins="23:00", ends="06:00", valid_from=date(2026, 3, 3), source="test"
    )
    snapshot.forget()
    assert quiet.until(at(22, 30, 2), staff=False) == at(7, 30, 3)
    assert quiet.until(at(6, 30, 3), staff=False) == at(7, 30, 3)  # the night that began under the old rule
    assert quiet.until(at(22, 30, 3), staff=False) is None
    assert quiet.until(at(5, 30, 4), staff=False) == at(6, 0, 4)
    assert quiet.until(at(6, 30, 4), staff=False) is None


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    QuietRule.objects.all().delete()
    QuietRule.objects.create(audience="resident", begins="12:00", ends="14:00", valid_from=date(2026, 1, 1), source="t")
    snapshot.forget()
    assert quiet.until(at(13), staff=False) == at(14)
    assert quiet.until(at(14), staff=False) is None
    QuietRule.objects.update(begins="00:00", ends="00:00")
    snapshot.forget()
    assert quiet.until(at(13), staff=False) is None


def test_a_choice_is_an_entry_and_the_same_again_is_none() -> None:
    person = resident()
    choose(person, {"": "none"})
    choose(person, {"": "none"})
    (entry,) = Entry.objects.filter(kind="notify.wish.chosen")
    assert (entry.subject, entry.by_id, json.loads(entry.data)) == (
        f"org.person:{person.pk}", person.pk, {"choices": {"": "none"}},
    )  # fmt: skip


def test_what_was_given_up_is_sent_again_once_and_it_is_written_down(probe: Probe) -> None:
    def never(letter: Letter) -> None:
        raise Unreachable

    person = reader()
    act = Act(person, NOW, Via.PAGE)
    queue(person, "a/1")
    probe.behave = never
    relay.relay(NOW)
    message = Message.objects.get()
    assert (message.state, message.error[:11]) == ("given_up", "unreachable")
    probe.behave = lambda letter: None
    relay.send_again(message, act=act)
    assert relay.relay(NOW).sent == 1
    with pytest.raises(NotNow):
        relay.send_again(message, act=act)
    assert Entry.objects.filter(kind="notify.message.requeued", subject=f"notify.message:{message.pk}").count() == 1
