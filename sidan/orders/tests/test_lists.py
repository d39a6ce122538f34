"""Lists are paged without gaps, cost the same for one row and for twenty, and refuse filters they do not know."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.orders.queries import lists
from sidan.orders.tests import make, population
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def pages(turn: Any, limit: int) -> list[int]:
    """Every row's key, page by page."""
    found, after = [], ""
    for _ in range(200):
        page = turn(after, limit)
        assert len(page.rows) <= limit
        found += [row["id"] for row in page.rows]
        if not page.next:
            return found
        after = page.next
    raise AssertionError("it does not end")


def statements(call: Any) -> int:
    with CaptureQueriesContext(connection) as said:
        call()
    return len(said)


class TestPaging:
    @pytest.mark.parametrize("limit", [1, 3, 7, 50])
    def test_all_orders_come_once_newest_first(self, limit: int) -> None:
        for n in range(17):
            make.ask(make.NOON + timedelta(minutes=n // 3))  # several at the same moment
        act = make.act("county-supervisor")
        found = pages(lambda after, size: lists.orders(act, {}, after=after, limit=size), limit)
        rows = sorted(Order.objects.values_list("asked_at", "id"), reverse=True)
        assert found == [key for _at, key in rows]

    @pytest.mark.parametrize("limit", [1, 4, 50])
    def test_a_desk_comes_once_soonest_first_and_rows_without_a_clock_last(self, limit: int) -> None:
        for n in range(13):
            make.ask(make.NOON + timedelta(minutes=n // 3))
        for key in Order.objects.values_list("pk", flat=True)[:3]:
            Order.objects.filter(pk=key).update(due_at=None)
        act = make.act("community")
        found = pages(lambda after, size: lists.desk("community", act, after=after, limit=size), limit)
        rows = Order.objects.values_list("due_at", "id")
        assert found == [key for _at, key in sorted(rows, key=lambda row: (row[0] is None, row[0], row[1]))]

    def test_what_comes_in_meanwhile_neither_repeats_nor_hides_a_row(self) -> None:
        for n in range(6):
            make.ask(make.NOON + timedelta(minutes=n))
        act = make.act("county-supervisor")
        before = set(Order.objects.values_list("id", flat=True))
        first = lists.orders(act, {}, limit=3)
        make.ask(make.NOON + timedelta(hours=1))
        rest = lists.orders(act, {}, after=first.next, limit=50)
        found = [row["id"] for row in (*first.rows, *rest.rows)]
        assert len(found) == len(set(found))
        assert set(found) == before

    @pytest.mark.parametrize("key", ["x", "bnVsbA", "WzEsMl0", "W251bGwsIngiXQ", "WyIyMDI2IixudWxsXQ", "é", "A" * 3000])
    def test_a_strange_key_is_refused(self, key: str) -> None:
        act = make.act("community")
        turns: tuple[Callable[[], object], ...] = (
            lambda: lists.orders(act, {}, after=key),
            lambda: lists.desk("community", act, after=key),
        )
        for turn in turns:
            with pytest.raises(Invalid) as refusal:
                turn()
            assert list(refusal.value.details["fields"]) == ["next"]

    @pytest.mark.parametrize(("limit", "rows"), [(0, 1), (-5, 1), (10_000, 3)])
    def test_a_page_has_its_bounds(self, limit: int, rows: int) -> None:
        for _ in range(3):
            make.ask()
        assert len(lists.orders(make.act("community"), {}, limit=limit).rows) == rows


class TestCost:
    def test_one_row_and_twenty_cost_the_same(self) -> None:
        for state in (S.SUBMITTED, S.AWAITING_DISPATCH, S.IN_PROGRESS, S.REPLIED, S.DISPUTED):
            make.order_in(state)
        few = self._costs()
        for _ in range(4):
            for state in (S.SUBMITTED, S.AWAITING_DISPATCH, S.IN_PROGRESS, S.REPLIED, S.DISPUTED):
                make.order_in(state)
        assert self._costs() == few
        assert max(few.values()) <= 2

    def _costs(self) -> dict[str, int]:
        late = make.NOON + timedelta(days=90)
        who = {
            "community": "community", "dispatch": "dispatcher", "inbox": "handler", "checks": "checker",
            "disputes": "supervisor", "overdue": "supervisor",
        }  # fmt: skip
        acts = {name: make.act(handle, late) for name, handle in who.items()}
        assert all(lists.desk(name, make.act(handle, late)).rows for name, handle in who.items())
        costs = {name: statements(partial(lists.desk, name, acts[name])) for name in who}
        fresh = [make.act(handle, late) for handle in ("dispatcher", "dispatcher", "handler2")]
        costs["orders"] = statements(lambda: lists.orders(fresh[0], {}))
        costs["counts"] = statements(lambda: lists.counts(fresh[1]))
        costs["supports"] = statements(lambda: lists.supports(fresh[2]))
        return costs


class TestDesks:
    def test_counts_say_what_the_desks_show(self) -> None:
        population.orders(50, 8)
        late = make.NOON + timedelta(days=4)
        for handle, _role, _unit in make.STAFF:
            act = make.act(handle, late)
            for name, (waiting, overdue) in lists.counts(act).items():
                rows = lists.desk(name, act, limit=200).rows
                assert len(rows) == waiting
                assert len([row for row in rows if row["due_at"] and row["due_at"] < late]) == overdue

    def test_each_role_has_its_own_desks(self) -> None:
        desks = {handle: set(lists.counts(make.act(handle))) for handle, _role, _unit in make.STAFF}
        assert desks["community"] == {"community", "inbox"}
        assert desks["dispatcher"] == {"dispatch", "overdue"}
        assert desks["handler"] == {"inbox"}
        assert desks["checker"] == {"checks"}
        assert desks["supervisor"] == {"disputes", "overdue"}
        assert desks["recorder"] == desks["operator"] == set()

    def test_the_countys_desk_has_what_was_escalated_and_the_streets_have_theirs(self) -> None:
        street, county = make.order_in(S.AWAITING_DISPATCH), make.order_in(S.ESCALATED)
        assert [row["id"] for row in lists.desk("dispatch", make.act("dispatcher")).rows] == [street.pk]
        assert [row["id"] for row in lists.desk("dispatch", make.act("county-dispatcher")).rows] == [county.pk]
        assert lists.desk("dispatch", make.act("dispatcher2")).rows == []
        assert lists.desk("dispatch", make.act("handler")).rows == []


class TestFilters:
    def test_each_filter_narrows(self) -> None:
        population.orders(40, 9)
        act = make.act("county-supervisor")
        whole = lists.orders(act, {}, limit=200).rows
        for name, values in (
            ("state", "submitted,closed"),
            ("kind", "help"),
            ("klass", "general"),
            ("channel", "phone"),
        ):
            rows = lists.orders(act, lists.clean_filters({name: values}), limit=200).rows
            assert [row for row in whole if row[name] in values.split(",")] == rows
        town = set(org.tree().descendants(make.node("500233001").id))
        rows = lists.orders(act, lists.clean_filters({"unit": "500233001"}), limit=200).rows
        assert rows == [row for row in whole if row["unit_id"] in town]
        assert 0 < len(rows) < len(whole)

    def test_a_filter_never_shows_more_than_one_may_see(self) -> None:
        population.orders(30, 10)
        for handle in ("handler3", "community3", "operator"):
            mine = {row["id"] for row in lists.orders(make.act(handle), {}, limit=200).rows}
            for filters in ({"unit": "500233"}, {"state": ",".join(S)}, {"lead": "500233-D01"}):
                rows = lists.orders(make.act(handle), lists.clean_filters(filters), limit=200).rows
                assert {row["id"] for row in rows} <= mine

    def test_late_is_what_is_open_and_past_its_clock(self) -> None:
        make.order_in(S.CLOSED)
        order = make.ask()
        assert order.due_at is not None
        filters = lists.clean_filters({"overdue": "1"})
        assert lists.orders(make.act("community", order.due_at), filters).rows == []
        late = lists.orders(make.act("community", order.due_at + timedelta(seconds=1)), filters).rows
        assert [row["id"] for row in late] == [order.pk]

    def test_days_are_the_countys_days(self) -> None:
        order = make.ask()
        act = make.act("community")
        for raw, found in (
            ({"asked_from": "2026-03-04"}, 1), ({"asked_from": "2026-03-05"}, 0), ({"asked_to": "2026-03-05"}, 1),
            ({"asked_to": "2026-03-04"}, 0), ({"asked_from": "2026-03-04T12:00:00+08:00"}, 1),
            ({"asked_from": "2026-03-04T12:00:01+08:00"}, 0),
        ):  # fmt: skip
            assert len(lists.orders(act, lists.clean_filters(raw)).rows) == found, (raw, order.asked_at)

    def test_every_wrong_filter_is_named_and_other_names_are_ignored(self) -> None:
        with pytest.raises(Invalid) as refusal:
            lists.clean_filters(
                {
                    "state": "open",
                    "kind": "x",
                    "unit": "999",
                    "asked_from": "soon",
                    "asked_to": "0001-01-01",
                    "page": "2",
                }
            )
        assert set(refusal.value.details["fields"]) == {"state", "kind", "unit", "asked_from", "asked_to"}
        assert lists.clean_filters({"page": "2", "state": ""}) == {}
