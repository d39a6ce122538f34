"""Only the engine moves an item: who may, when, exactly once, and written down."""

from datetime import date, timedelta

import pytest

from sidan.kernel.base.errors import NotAllowed, NotNow
from sidan.kernel.flow import clock, engine
from sidan.kernel.flow.tests.thing import LAW, NOON, Thing, act, house, take, thing
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Unit

__all__ = ["house"]  # the fixture

House = dict[str, Unit]
pytestmark = pytest.mark.django_db


def dos(subject: Thing, by: Act) -> list[str]:
    return [step.do for step in engine.moves(LAW, subject, by)]


def folds(subject: Thing) -> bool:
    fresh = Thing.objects.get(pk=subject.pk)
    told = engine.fold(LAW, journal.entries(subject.subject()))
    return told == engine.row_of(LAW, fresh) == engine.row_of(LAW, subject)


def test_a_step_is_open_to_the_role_in_the_unit_and_above_it_only(house: House) -> None:
    item = thing(house["1-A"])
    assert {who: dos(item, act(who)) for who in ("doer", "boss", "stranger", "checker")} == {
        "doer": ["do"], "boss": ["do"], "stranger": [], "checker": ["nudge"],
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        take(item, "do", act("stranger"))
    assert folds(item)


def test_the_party_is_one_person(house: House) -> None:
    mine = Act(people.add_resident(), NOON, Via.PAGE)
    item = thing(house["1-A"], by=mine)
    assert dos(item, mine) == ["nudge"]
    assert dos(item, Act(people.add_resident(), NOON, Via.PAGE)) == []


def test_whoever_did_an_earlier_step_is_kept_out_of_the_later(house: House) -> None:
    doer = act("doer")
    people.seat(doer.by, house["1-A"], "checker", from_date=date(2026, 1, 1))
    item = thing(house["1-A"])
    take(item, "do", act("doer"), done_by_id=doer.by.pk)
    with pytest.raises(NotAllowed) as refusal:
        take(item, "check", act("doer"))
    assert refusal.value.code == "same_person"
    assert dos(item, act("doer")) == ["nudge"]
    take(item, "check", act("checker"))
    assert item.state == "over"


def test_whoever_sits_in_the_unit_complained_about_does_nothing(house: House) -> None:
    item = thing(house["1-A"], about=house["1-A"])
    assert dos(item, act("doer")) == dos(item, act("checker")) == []
    assert dos(item, act("boss")) == ["do"]
    with pytest.raises(NotAllowed):
        take(item, "do", act("doer"))


def test_one_who_made_it_and_sits_in_the_unit_complained_about_does_nothing_more(house: House) -> None:
    item = thing(house["1-A"], about=house["1-A"], by=act("doer"))
    assert dos(item, act("doer")) == []
    assert dos(thing(house["1-A"], about=house["1-B"], by=act("doer")), act("doer")) == ["do", "nudge"]


def test_a_guard_refuses_with_its_own_code_and_words(house: House) -> None:
    item = thing(house["1-A"])
    for count in (1, 2):
        take(item, "nudge", act("checker"), count=count)
    with pytest.raises(NotNow) as refusal:
        take(item, "nudge", act("checker"), count=3)
    assert (refusal.value.code, str(refusal.value), refusal.value.details["state"]) == ("enough", "够了", "made")
    assert item.count == 2
    assert folds(item)


def test_a_step_of_another_state_says_which_state_it_is(house: House) -> None:
    item = thing(house["1-A"])
    with pytest.raises(NotNow) as refusal:
        take(item, "check", act("checker"))
    assert refusal.value.details["state"] == "made"
    assert "开始" in str(refusal.value)
    take(item, "do", act("doer"))
    with pytest.raises(NotNow):
        take(item, "do", act("doer"))


def test_who_is_not_allowed_learns_nothing_of_the_state(house: House) -> None:
    item = thing(house["1-A"])
    with pytest.raises(NotAllowed) as refusal:
        take(item, "check", act("doer"))
    assert refusal.value.details == {}


def test_whoever_comes_second_is_told_who_came_first_and_what_it_is_now(house: House) -> None:
    item = thing(house["1-A"])
    seen = Thing.objects.get(pk=item.pk)
    take(item, "do", act("doer"))
    with pytest.raises(NotNow) as refusal:
        take(seen, "do", act("doer2"))
    assert refusal.value.code == "moved_first"
    assert refusal.value.details == {"state": "done", "by": "doer 名", "version": 2}
    assert "doer 名" in str(refusal.value)
    assert [entry.seq for entry in journal.entries(item.subject())] == [1, 2]
    assert folds(item)


def test_a_resident_who_came_first_is_not_named(house: House) -> None:
    mine = Act(people.add_resident(name="王阿姨"), NOON, Via.PAGE)
    item = thing(house["1-A"], by=mine)
    seen = Thing.objects.get(pk=item.pk)
    take(item, "nudge", mine, count=1)
    with pytest.raises(NotNow) as refusal:
        take(seen, "do", act("doer"))
    assert refusal.value.details["by"] == ""
    assert "王" not in str(refusal.value)


def test_the_row_is_the_fold_of_its_journal_whatever_was_set(house: House) -> None:
    item = thing(house["1-A"])
    take(item, "nudge", act("checker"), until=date(2026, 3, 9), due_at=NOON + timedelta(microseconds=1), count=-1)
    take(item, "do", act("doer"), until=None, done_by_id=act("doer").by.pk, count=-1)
    assert folds(item)
    assert journal.verify() is None
    assert [(entry.kind, entry.frm, entry.to) for entry in journal.entries(item.subject())] == [
        ("test.thing.made", "", "made"), ("test.thing.nudged", "made", "made"), ("test.thing.done", "made", "done"),
    ]  # fmt: skip


def test_a_row_that_was_changed_behind_the_journal_is_no_longer_its_fold(house: House) -> None:
    item = thing(house["1-A"])
    Thing.objects.update(count=9)
    fresh = Thing.objects.get()
    assert engine.fold(LAW, journal.entries(item.subject())) != engine.row_of(LAW, fresh)


def test_a_column_that_the_journal_would_not_rebuild_is_a_bug(house: House) -> None:
    item = thing(house["1-A"])
    with pytest.raises(ValueError, match="version"):
        take(item, "do", act("doer"), version=9)


def test_an_entry_names_only_what_changed(house: House) -> None:
    item = thing(house["1-A"])
    take(item, "nudge", act("checker"), count=0, until=date(2026, 3, 9))
    assert journal.entries(item.subject())[-1].data == '{"set":{"until":"2026-03-09"}}'


@pytest.mark.parametrize(("do", "via"), [("lapse", Via.CLOCK), ("settle", Via.IMPORT)])
def test_steps_of_time_and_of_imports_are_taken_through_their_own_doors(house: House, do: str, via: Via) -> None:
    for other in Via:
        item = thing(house["1-A"])
        if other == via:
            take(item, do, act("boss", via))
            assert item.state == "over"
        else:
            with pytest.raises(NotAllowed):
                take(item, do, act("boss", other))


def test_steps_without_an_address_are_never_offered(house: House) -> None:
    item = thing(house["1-A"])
    assert {step.do for state in LAW.states for step in LAW.offered(state)} == {"do", "check", "nudge"}
    assert "follow" not in dos(item, act("boss"))


@pytest.mark.django_db(transaction=True)
def test_a_step_outside_a_command_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        engine.take(LAW, Thing(), "do", Act(people.add_staff("a", "甲"), NOON, Via.PAGE))


class TestClock:
    def test_what_is_due_is_struck_once_and_nothing_else(self, house: House) -> None:
        due, later, never = (thing(house["1-A"]) for _ in range(3))
        take(due, "nudge", act("checker"), tick_at=NOON, count=1)
        take(later, "nudge", act("checker"), tick_at=NOON + timedelta(seconds=1), count=1)
        by, struck = Act(org.system("clock"), NOON, Via.CLOCK), []

        def strike(item: Thing, now: Act) -> None:
            struck.append(item.pk)
            engine.take(LAW, item, "lapse", now, changes={"tick_at": None})

        assert clock.run(Thing, strike, by) == 1
        assert clock.run(Thing, strike, by) == 0
        assert struck == [due.pk]
        assert never.tick_at is None

    def test_an_item_that_refuses_does_not_stop_the_others(self, house: House) -> None:
        items = [thing(house["1-A"]) for _ in range(3)]
        for item in items:
            take(item, "nudge", act("checker"), tick_at=NOON - timedelta(seconds=item.pk), count=1)
        take(items[1], "do", act("doer"))  # its step is over, its clock still runs

        def strike(item: Thing, now: Act) -> None:
            engine.take(LAW, item, "lapse", now, changes={"tick_at": None})

        assert clock.run(Thing, strike, Act(org.system("clock"), NOON, Via.CLOCK)) == 2
        assert sorted(Thing.objects.values_list("state", flat=True)) == ["done", "over", "over"]
