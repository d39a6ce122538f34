"""Who may do what where: the tree, seats that begin and end, deputies, bearers, and the telephone of a human."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.org import commands, queries
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Account, Contact, DutyPhone, Person, Seat, Token, Unit

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
DAY = date(2026, 3, 4)
SINCE = date(2026, 1, 1)
TREE = (  # code, kind, level, parent
    ("1", "county", "county", None),
    ("11", "street", "town", "1"),
    ("12", "street", "town", "1"),
    ("111", "community", "community", "11"),
    ("1-D", "department", "body", "1"),
)


@pytest.fixture(autouse=True)
def units() -> dict[str, Unit]:
    made: dict[str, Unit] = {}
    for code, kind, level, parent in TREE:
        made[code] = Unit.objects.create(
            code=code, name=f"单位{code}", short_name=code, kind=kind, level=level, parent=made.get(parent or ""),
            valid_from=SINCE, source="test",
        )  # fmt: skip
    with tx.writing():
        snapshot.bump()
    return made


def on(days: int) -> date:
    return DAY + timedelta(days=days)


def holds(person: Person, role: str, unit: Unit, days: int = 0) -> bool:
    return Act(person, NOON + timedelta(days=days), Via.PAGE).holds(role, unit.pk)


class TestTree:
    def test_a_unit_is_above_itself_and_what_lies_below(self, units: dict[str, Unit]) -> None:
        tree = queries.tree()
        above = {(a.code, b.code) for a in units.values() for b in units.values() if tree.is_above(a.pk, b.pk)}
        assert above == {
            *((code, code) for code in units), ("1", "11"), ("1", "12"), ("1", "111"), ("1", "1-D"), ("11", "111"),
        }  # fmt: skip
        assert not tree.is_above(units["1"].pk, 999_999)

    def test_descendants_are_what_a_unit_is_above_of(self, units: dict[str, Unit]) -> None:
        tree = queries.tree()
        for unit in units.values():
            assert set(tree.descendants(unit.pk)) == {
                one.pk for one in units.values() if tree.is_above(unit.pk, one.pk)
            }

    def test_the_nearest_of_a_level_is_found_upwards(self, units: dict[str, Unit]) -> None:
        tree = queries.tree()
        found = tree.ancestor(units["111"].pk, "town")
        assert found is not None
        assert found.code == "11"
        assert tree.ancestor(units["1"].pk, "town") is None
        assert tree.root().code == "1"
        assert [node.code for node in tree.children(units["1"].pk)] == ["1-D", "11", "12"]
        assert [tree.node(one).code for one in tree.node(units["111"].pk).path] == ["1", "11", "111"]

    def test_a_unit_that_is_no_more_leaves_the_tree(self, units: dict[str, Unit]) -> None:
        commands.put_unit("12", on=DAY, source="test", valid_to=queries.local_date(None))
        assert queries.tree().by_code("12") is None
        commands.put_unit("111", on=DAY, source="test", valid_to=queries.local_date(None) + timedelta(days=1))
        assert queries.tree().by_code("111") is not None

    def test_a_change_of_a_unit_is_seen_at_once(self) -> None:
        assert queries.tree().by_code("13") is None
        commands.put_unit("13", on=DAY, source="test", name="新街道", short_name="新", kind="street", level="town",
                          parent=Unit.objects.get(code="1"))  # fmt: skip
        found = queries.tree().by_code("13")
        assert found is not None
        assert [queries.tree().node(one).code for one in found.path] == ["1", "13"]
        commands.put_unit("13", on=DAY, source="test", name="老街道")
        renamed = queries.tree().by_code("13")
        assert renamed is not None
        assert renamed.name == "老街道"

    def test_the_tree_costs_one_query_and_then_none(self, django_assert_num_queries: Callable[..., object]) -> None:
        snapshot.forget()
        with django_assert_num_queries(2):  # type: ignore[attr-defined]  # the revision and the units
            queries.tree()
        with django_assert_num_queries(0):  # type: ignore[attr-defined]
            queries.tree()


class TestSeats:
    def test_a_role_holds_for_the_unit_and_below_and_nowhere_else(self, units: dict[str, Unit]) -> None:
        person = commands.add_staff("a", "甲")
        commands.seat(person, units["11"], "dispatcher", from_date=SINCE)
        assert {code for code, unit in units.items() if holds(person, "dispatcher", unit)} == {"11", "111"}
        assert not holds(person, "community", units["11"])
        assert not Act(person, NOON, Via.PAGE).holds("dispatcher", None)

    def test_a_seat_holds_from_its_first_day_until_the_day_before_its_last(self, units: dict[str, Unit]) -> None:
        person = commands.add_staff("a", "甲")
        commands.seat(person, units["11"], "checker", from_date=on(1), to_date=on(3))
        assert [holds(person, "checker", units["11"], days) for days in range(5)] == [False, True, True, False, False]

    def test_the_day_of_a_seat_begins_at_the_countys_midnight(self, units: dict[str, Unit]) -> None:
        person = commands.add_staff("a", "甲")
        commands.seat(person, units["11"], "checker", from_date=on(1))
        midnight = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
        assert not Act(person, midnight - timedelta(seconds=1), Via.PAGE).seats
        assert Act(person, midnight, Via.PAGE).seats

    def test_a_deputy_holds_what_the_seat_holds_for_some_days(self, units: dict[str, Unit]) -> None:
        one, two = commands.add_staff("a", "甲"), commands.add_staff("b", "乙")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE)
        commands.deputise(held, two, from_date=on(1), to_date=on(3))
        assert [holds(two, "checker", units["111"], days) for days in range(4)] == [False, True, True, False]
        assert [len(queries.holders(units["11"].pk, "checker", NOON + timedelta(days=days))) for days in range(4)] == [
            1,
            2,
            2,
            1,
        ]
        assert holds(one, "checker", units["11"], 1)

    def test_a_deputy_ends_with_the_seat(self, units: dict[str, Unit]) -> None:
        one, two = commands.add_staff("a", "甲"), commands.add_staff("b", "乙")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE)
        commands.deputise(held, two, from_date=on(1), to_date=on(9))
        commands.deputise(held, two, from_date=on(20), to_date=on(29))
        commands.end_seat(held, on(5))
        assert [day for day in range(40) if holds(two, "checker", units["11"], day)] == [1, 2, 3, 4]
        assert queries.holders(units["11"].pk, "checker", NOON + timedelta(days=5)) == []

    def test_a_deputy_whose_days_are_over_does_not_come_back_when_the_seat_ends(self, units: dict[str, Unit]) -> None:
        one, two = commands.add_staff("a", "甲"), commands.add_staff("b", "乙")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE)
        commands.deputise(held, two, from_date=on(-9), to_date=on(-5))
        commands.end_seat(held, on(30))
        assert not holds(two, "checker", units["11"])
        assert holds(one, "checker", units["11"], 29)

    def test_a_seat_that_has_ended_is_not_given_back_by_ending_it_again(self, units: dict[str, Unit]) -> None:
        one = commands.add_staff("a", "甲")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE, to_date=on(-1))
        commands.end_seat(held, on(9))
        assert not holds(one, "checker", units["11"])
        assert Seat.objects.get().to_date == on(-1)

    def test_a_seat_may_end_before_it_began_and_then_never_held(self, units: dict[str, Unit]) -> None:
        one = commands.add_staff("a", "甲")
        commands.end_seat(commands.seat(one, units["11"], "checker", from_date=on(5)), on(1))
        assert not any(holds(one, "checker", units["11"], day) for day in range(9))

    @pytest.mark.parametrize("days", [(0, 0), (3, 1), (1, 10)])
    def test_a_deputys_days_have_their_order_and_end_with_the_seats(
        self, units: dict[str, Unit], days: tuple[int, int]
    ) -> None:
        one, two = commands.add_staff("a", "甲"), commands.add_staff("b", "乙")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE, to_date=on(9))
        with pytest.raises(Invalid) as refusal:
            commands.deputise(held, two, from_date=on(days[0]), to_date=on(days[1]))
        assert list(refusal.value.details["fields"]) == ["to_date"]
        commands.deputise(held, two, from_date=on(1), to_date=on(9))

    def test_nobody_is_their_own_deputy_and_roles_are_known_ones(self, units: dict[str, Unit]) -> None:
        one = commands.add_staff("a", "甲")
        held = commands.seat(one, units["11"], "checker", from_date=SINCE)
        with pytest.raises(Invalid):
            commands.deputise(held, one, from_date=on(0), to_date=on(1))
        with pytest.raises(Invalid):
            commands.seat(one, units["11"], "mayor", from_date=SINCE)
        with pytest.raises(Invalid):
            commands.seat(one, units["11"], "checker", from_date=on(2), to_date=on(1))
        assert Seat.objects.count() == 1

    def test_only_staff_hold_anything(
        self, units: dict[str, Unit], django_assert_num_queries: Callable[..., object]
    ) -> None:
        resident = commands.add_resident(phone="13800001234")
        Seat.objects.create(person=resident, unit=units["1"], role="supervisor", from_date=SINCE)
        with django_assert_num_queries(0):  # type: ignore[attr-defined]
            assert queries.held(resident, NOON) == ()
            assert queries.held(Person(kind=Person.Kind.SYSTEM), NOON) == ()

    def test_a_handle_is_taken_once(self) -> None:
        commands.add_staff("a", "甲")
        with pytest.raises(Invalid):
            commands.add_staff("a", "乙")


class TestContacts:
    def test_a_contact_lies_encrypted_and_is_found_by_its_hash(self) -> None:
        person = commands.add_resident(name=" 王阿姨 ", phone="+86 138-0000-1234")
        row = Contact.objects.get(person=person)
        assert (queries.name_of(person.pk), queries.phone_of(person.pk)) == ("王阿姨", "13800001234")
        stored = b"".join(
            bytes(value) for value in (row.name_enc, row.phone_enc, row.phone_hash, row.last4_hash) if value
        )
        assert b"1380000" not in stored
        assert "王".encode() not in stored
        assert bytes(row.phone_hash or b"") == queries.phone_hash("13800001234")

    def test_equal_tails_of_two_persons_do_not_look_equal(self) -> None:
        rows = [Contact.objects.get(person=commands.add_resident(phone="13800001234")) for _ in range(2)]
        assert bytes(rows[0].last4_hash or b"") != bytes(rows[1].last4_hash or b"")

    def test_an_erased_contact_is_gone_and_the_person_remains(self) -> None:
        person = commands.add_resident(name="王阿姨", phone="13800001234")
        commands.erase_contact(person.pk)
        assert (queries.name_of(person.pk), queries.phone_of(person.pk)) == (None, None)
        assert Person.objects.filter(pk=person.pk).exists()

    def test_one_who_leaves_nothing_has_no_contact(self) -> None:
        commands.add_resident()
        assert not Contact.objects.exists()

    def test_names_are_those_of_staff_only(self) -> None:
        staff, resident = commands.add_staff("a", "甲"), commands.add_resident(name="王阿姨")
        assert queries.names([staff.pk, resident.pk]) == {staff.pk: "甲"}


class TestBearers:
    def test_a_bearer_is_known_until_it_ends(self) -> None:
        person = commands.add_staff("a", "甲")
        value = commands.create_token(person, at=NOON, days=1)
        found = queries.bearer(value, NOON)
        assert found is not None
        assert found.person == person
        assert queries.bearer(value, NOON + timedelta(days=1)) is None

    def test_a_bearer_is_kept_as_a_hash_only(self) -> None:
        value = commands.create_token(commands.add_staff("a", "甲"), at=NOON)
        assert value.encode() not in bytes(Token.objects.get().hash)
        assert queries.bearer(value.upper(), NOON) is None
        assert queries.bearer(value[:-1], NOON) is None

    def test_a_revoked_bearer_is_unknown_at_once(self) -> None:
        person = commands.add_staff("a", "甲")
        value, other = (commands.create_token(person, at=NOON) for _ in range(2))
        commands.revoke_token(value, at=NOON)
        assert queries.bearer(value, NOON) is None
        assert queries.bearer(other, NOON) is not None
        with pytest.raises(NotFound):
            commands.revoke_token(value, at=NOON)

    def test_a_disabled_login_disables_its_bearers(self) -> None:
        person = commands.add_staff("a", "甲", password="a-long-enough-password")
        value = commands.create_token(person, at=NOON)
        assert queries.bearer(value, NOON) is not None
        Account.objects.update(is_active=False)
        assert queries.bearer(value, NOON) is None


class TestDutyPhones:
    @pytest.fixture(autouse=True)
    def phones(self, units: dict[str, Unit]) -> None:
        for code, day in (("1", "1000"), ("11", "1100")):
            DutyPhone.objects.create(
                unit=units[code], day_phone=day, night_phone=f"{day}9", valid_from=SINCE, source="test"
            )
        DutyPhone.objects.create(
            unit=units["111"],
            day_phone="old",
            night_phone="old",
            valid_from=SINCE,
            valid_to=date(2026, 1, 2),
            source="test",
        )
        with tx.writing():
            snapshot.bump()

    def test_the_nearest_telephone_upwards_answers(self, units: dict[str, Unit]) -> None:
        found = {code: queries.duty_phone(unit.pk) for code, unit in units.items()}
        assert found == {"1": "1000", "11": "1100", "111": "1100", "12": "1000", "1-D": "1000"}
        assert queries.duty_phone() == queries.duty_phone(999_999) == "1000"
        assert queries.duty_phone(units["111"].pk, night=True) == "11009"

    def test_where_none_is_known_none_is_said(self) -> None:
        DutyPhone.objects.all().delete()
        with tx.writing():
            snapshot.bump()
        assert queries.duty_phone() == ""
