"""Look-ups in the dated rows: the exact before the general, the near before the far, the day before everything."""

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from sidan.kernel.base import snapshot, tx
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Unit
from sidan.kernel.org.queries import local_date
from sidan.orders.models import Category, DispatchRule, Duty, LadderRule, RefusalReason
from sidan.orders.queries import reading
from sidan.orders.rulebook import Rulebook, rulebook
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 4)
COMMUNITY, TOWN, COUNTY = "500233001001", "500233001", "500233"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


@tx.writes
def add(model: Any, **values: Any) -> None:
    model.objects.create(**{"valid_from": make.SINCE, "source": "test", **values})
    snapshot.bump()


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


def led(category: str, place: str = COMMUNITY, day: date = DAY) -> str:
    found = rulebook().suggest(category, make.node(place).id, day)
    return found.lead.code if found else ""


class TestCatalogue:
    def test_the_exact_category_goes_before_the_nearest_area(self) -> None:
        add(DispatchRule, category_code="0101", area=unit(COMMUNITY), lead=unit("500233-D02"))
        add(DispatchRule, category_code="010101", area=unit(COUNTY), lead=unit("500233-D03"))
        assert (led("010101"), led("0101"), led("01")) == ("500233-D03", "500233-D02", "500233-D01")

    def test_the_nearest_area_goes_before_the_farther(self) -> None:
        add(DispatchRule, category_code="01", area=unit(TOWN), lead=unit("500233001-D01"))
        assert led("0101") == "500233001-D01"
        assert led("0101", "500233002001") == "500233-D01"
        assert led("0101", COUNTY) == "500233-D01"

    def test_it_says_why(self) -> None:
        found = rulebook().suggest("0101", make.node(COMMUNITY).id, DAY)
        assert found is not None
        assert found.why == "派单目录：“物业”在忠县由城市管理局主办"

    def test_co_handlers_are_named_and_unknown_ones_left_out(self) -> None:
        add(
            DispatchRule,
            category_code="0101",
            area=unit(COUNTY),
            lead=unit("500233-D01"),
            supports="500233-D02;gone;500233-D03",
        )
        found = rulebook().suggest("0101", make.node(COMMUNITY).id, DAY)
        assert found is not None
        assert [node.code for node in found.supports] == ["500233-D02", "500233-D03"]

    def test_a_lead_that_is_no_more_is_passed_over(self) -> None:
        add(DispatchRule, category_code="0101", area=unit(COMMUNITY), lead=unit("500233-D02"))
        people.put_unit("500233-D02", on=DAY, source="test", valid_to=local_date(None))
        assert led("0101") == "500233-D01"

    def test_a_version_holds_on_its_days(self) -> None:
        DispatchRule.objects.filter(category_code="01").update(valid_to=date(2026, 3, 5))
        add(DispatchRule, category_code="01", area=unit(COUNTY), lead=unit("500233-D02"), valid_from=date(2026, 3, 5))
        assert [led("01", day=date(2026, 3, day)) for day in (4, 5)] == ["500233-D01", "500233-D02"]

    def test_an_unknown_matter_or_place_suggests_nothing(self) -> None:
        assert led("99") == ""
        assert rulebook().suggest("01", 999_999, DAY) is None


class TestDuties:
    def test_a_units_own_row_goes_before_its_kinds(self) -> None:
        add(Duty, holder=COMMUNITY, category_code="010101", role="assist", text="配合")
        book = rulebook()
        assert not book.may_lead(make.node(COMMUNITY), "010101", DAY)
        assert book.may_lead(make.node("500233001002"), "010101", DAY)

    def test_a_duty_of_a_level_holds_below_it(self) -> None:
        add(Duty, holder="community", category_code="02", role="lead", text="报修登记")
        assert rulebook().may_lead(make.node(COMMUNITY), "0201", DAY)
        assert not rulebook().may_lead(make.node(COMMUNITY), "01", DAY)

    def test_departments_are_not_bound_by_the_communities_list(self) -> None:
        assert rulebook().may_lead(make.node("500233-D01"), None, DAY)
        assert not rulebook().may_lead(make.node(COMMUNITY), None, DAY)


class TestCategories:
    def test_the_path_leads_from_the_first_level(self) -> None:
        row = rulebook().category("010101", DAY)
        assert row is not None
        assert [one.code for one in rulebook().category_path(row, DAY)] == ["01", "0101", "010101"]

    def test_a_category_before_its_first_day_is_unknown(self) -> None:
        assert rulebook().category("0101", date(2025, 12, 31)) is None

    def test_a_new_version_of_a_category_holds_from_its_day(self) -> None:
        add(Category, code="0101", name="小区环境", klass="utilities", valid_from=date(2026, 3, 5))
        found = [rulebook().category("0101", date(2026, 3, day)) for day in (4, 5)]
        assert [row.klass for row in found if row] == ["general", "utilities"]
        choices = [row for row in rulebook().category_choices(date(2026, 3, 5)) if row.code == "0101"]
        assert [row.klass for row in choices] == ["utilities"]

    def test_choices_stand_in_the_order_of_their_codes(self) -> None:
        codes = [row.code for row in rulebook().category_choices(DAY)]
        assert codes == sorted(codes) == ["01", "0101", "010101", "02", "0201", "03", "0301", "04"]


def test_the_ladder_stands_in_its_order_and_a_classes_own_rung_goes_first() -> None:
    add(LadderRule, rung="urge", klass="danger", when="before", amount=10, measure="minutes", tell="handler")
    assert [row.rung for row in rulebook().rungs("general", DAY)] == ["remind", "urge", "supervise", "list"]
    assert [(row.when, row.amount) for row in rulebook().rungs("danger", DAY)][1] == ("before", 10)


def test_the_route_is_told_in_the_readers_language_and_as_of_the_day_it_was_refused() -> None:
    order = make.order_in(S.NOT_ACCEPTED)
    add(RefusalReason, code="outside", name="新说法", route="新途径", valid_from=date(2026, 3, 5))
    told = reading.refusal_of(order)
    assert told is not None
    assert told["route"] == "职责外的途径"
    with translation.override("en"):
        told = reading.refusal_of(order)
    assert told is not None
    assert told["route"] == "route of outside"


def test_an_empty_rulebook_answers_without_breaking() -> None:
    empty = Rulebook((), (), (), (), (), ())
    place = make.node(COMMUNITY)
    assert empty.category("01", DAY) is None
    assert empty.deadline("reply", klass="general", urgency="normal", unit_id=place.id, day=DAY) is None
    assert (empty.rungs("general", DAY), empty.reasons(DAY), empty.category_choices(DAY)) == ([], [], [])
    assert empty.emergency(None, DAY) == ""
