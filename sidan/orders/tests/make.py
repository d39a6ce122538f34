"""Builders that state the past in one line: a small county, its staff, and orders in any state."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sidan.kernel.base import snapshot, tx
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import DutyPhone, Person, Seat, Unit
from sidan.orders.commands import VERBS, asking
from sidan.orders.models import Category, DeadlineRule, DispatchRule, Duty, LadderRule, Order, Place, RefusalReason
from sidan.orders.words import S

SINCE = date(2026, 1, 1)
NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # a Wednesday, noon in the county
PASSWORD = "a-long-enough-password"

UNITS = (  # code, name, kind, level, parent
    ("500233", "忠县", "county", "county", None),
    ("500233001", "忠州街道", "street", "town", "500233"),
    ("500233001001", "香怡社区", "community", "community", "500233001"),
    ("500233001002", "中博社区", "community", "community", "500233001"),
    ("500233002", "白公街道", "street", "town", "500233"),
    ("500233002001", "城西社区", "community", "community", "500233002"),
    ("500233-D01", "城市管理局", "department", "body", "500233"),
    ("500233-D02", "住建委", "department", "body", "500233"),
    ("500233-D03", "水利局", "department", "body", "500233"),
    ("500233001-D01", "街道城管办", "department", "body", "500233001"),
)
STAFF = (  # handle, role, unit
    ("community", "community", "500233001001"),
    ("community2", "community", "500233001002"),
    ("community3", "community", "500233002001"),
    ("recorder", "recorder", "500233001001"),
    ("dispatcher", "dispatcher", "500233001"),
    ("dispatcher2", "dispatcher", "500233002"),
    ("county-dispatcher", "dispatcher", "500233"),
    ("handler", "handler", "500233-D01"),
    ("handler2", "handler", "500233-D02"),
    ("handler3", "handler", "500233-D03"),
    ("checker", "checker", "500233001"),
    ("supervisor", "supervisor", "500233001"),
    ("county-supervisor", "supervisor", "500233"),
    ("operator", "operator", "500233"),
)


@tx.writes
def county(*, logins: bool = False) -> None:
    """A county of two streets and three communities with every role and short, complete rules."""
    for handle in ("clock", "importer", "shell"):  # the flush after a test with real transactions takes them with it
        Person.objects.get_or_create(handle=handle, defaults={"kind": Person.Kind.SYSTEM, "name": handle})
    made: dict[str, Unit] = {}
    for code, name, kind, level, parent in UNITS:
        made[code] = Unit.objects.create(
            code=code, name=name, short_name=name, kind=kind, level=level, parent=made.get(parent or ""),
            valid_from=SINCE, source="test",
        )  # fmt: skip
    for handle, role, code in STAFF:
        person = people.add_staff(handle, f"{handle} 名", password=PASSWORD if logins else None)
        Seat.objects.create(person=person, unit=made[code], role=role, from_date=SINCE)
    DutyPhone.objects.create(
        unit=made["500233"], day_phone="023-54000000", night_phone="023-54000001", valid_from=SINCE, source="test"
    )
    rules(made)
    snapshot.bump()


def rules(made: dict[str, Unit]) -> None:
    """Catalogue, duty list, deadlines, ladder and reasons."""
    dated: dict[str, Any] = {"valid_from": SINCE, "source": "test"}
    for code, name, klass, emergency in (
        ("01", "物业", "general", ""), ("0101", "小区环境", "general", ""), ("010101", "楼道卫生", "general", ""),
        ("02", "公用", "utilities", ""), ("0201", "供水", "utilities", ""),
        ("03", "安全", "danger", ""), ("0301", "火灾", "danger", "119"),
        ("04", "规划", "complex", ""),
    ):  # fmt: skip
        Category.objects.create(code=code, name=name, klass=klass, emergency=emergency, **dated)
    for code, lead in (("01", "500233-D01"), ("02", "500233-D03"), ("03", "500233-D02"), ("04", "500233-D02")):
        DispatchRule.objects.create(category_code=code, area=made["500233"], lead=made[lead], **dated)
    Duty.objects.create(holder="community", category_code="010101", role="lead", text="楼道卫生劝导", **dated)
    for stage, klass, amount, measure, times in (
        ("accept", "*", 2, "hours", 0), ("info", "*", 5, "working_days", 0),
        ("dispatch", "danger", 1, "hours", 0), ("dispatch", "utilities", 2, "hours", 0), ("dispatch", "*", 24, "hours", 0),
        ("sign", "*", 2, "hours", 0), ("contact", "*", 24, "hours", 0),
        ("reply", "danger", 2, "hours", 0), ("reply", "utilities", 24, "hours", 1), ("reply", "general", 7, "days", 2),
        ("reply", "complex", 15, "days", 2), ("support", "*", 3, "days", 0), ("check", "*", 1, "working_days", 0),
        ("rule", "*", 1, "working_days", 0), ("rating", "*", 7, "days", 0), ("reopen_window", "*", 30, "days", 0),
        ("retention", "*", 1826, "days", 0),
    ):  # fmt: skip
        DeadlineRule.objects.create(
            stage=stage, klass=klass, urgency="*", amount=amount, measure=measure, extend_max_times=times,
            extend_max_days=10 if times else 0, **dated,
        )  # fmt: skip
    for rung, when, amount, tell in (
        ("remind", "before", 1, "handler"), ("urge", "after", 0, "handler;dispatcher"),
        ("supervise", "after", 4, "handler;dispatcher;supervisor"), ("list", "after", 24, "handler;dispatcher;supervisor"),
    ):  # fmt: skip
        LadderRule.objects.create(rung=rung, klass="*", when=when, amount=amount, measure="hours", tell=tell, **dated)
    for code, estate, building in (
        ("XY2345", "香怡花园", "3栋"),
        ("XY2346", "香怡花园", "12栋"),
        ("XY2347", "农贸市场", ""),
    ):
        Place.objects.create(code=code, unit=made["500233001001"], estate=estate, building=building, **dated)
    for code, name in (
        ("emergency", "紧急情况"), ("litigation", "应走诉讼"), ("repeat", "重复"), ("no_info", "未补充"), ("outside", "职责外"),
    ):  # fmt: skip
        RefusalReason.objects.create(code=code, name=name, route=f"{name}的途径", route_en=f"route of {code}", **dated)


def person(handle: str) -> Person:
    """A member of staff of the small county."""
    return Person.objects.get(handle=handle)


def act(handle: str, at: datetime = NOON, via: Via = Via.PAGE) -> Act:
    """An act of a member of staff."""
    return Act(person(handle), at, via)


def resident(order: Order, at: datetime | None = None) -> Act:
    """An act of the one who asked."""
    return Act(Person.objects.get(pk=order.asked_by_id), at or NOON, Via.PAGE)


def clock(at: datetime) -> Act:
    """The clock's act."""
    return Act(org.system("clock"), at, Via.CLOCK)


def ask(at: datetime = NOON, **wish: Any) -> Order:
    """An order that a resident placed."""
    values = {"text": "楼道的灯坏了三天", "unit": "500233001001", "category": "0101", "phone": "13800001234", **wish}
    return asking.ask(asking.draft(asking.Wish(**values), None, at, Via.PAGE))


def take(order: Order, do: str, handle: str | None = None, at: datetime = NOON, **values: Any) -> Order:
    """One step by a member of staff, or by the one who asked where no handle is given."""
    by = act(handle, at) if handle else resident(order, at)
    moved = VERBS[do](order, act=by, **values)
    assert isinstance(moved, Order)
    return moved


def node(code: str) -> org.Node:
    """A unit of the tree."""
    found = org.tree().by_code(code)
    assert found is not None
    return found


_PATH: tuple[tuple[S, Callable[[Order, datetime], Order]], ...] = (
    (S.SUBMITTED, lambda order, at: order),
    (S.ACCEPTED, lambda order, at: take(order, "accept", "community", at)),
    (S.AWAITING_DISPATCH, lambda order, at: take(order, "pass_on", "community", at)),
    (S.DISPATCHED, lambda order, at: take(order, "dispatch", "dispatcher", at, lead=node("500233-D01"))),
    (S.SIGNED, lambda order, at: take(order, "sign", "handler", at)),
    (S.IN_PROGRESS, lambda order, at: take(order, "start", "handler", at)),
    (S.REPLIED, lambda order, at: take(order, "reply", "handler", at, text="已换新灯", contacted=True)),
    (S.AWAITING_RATING, lambda order, at: take(order, "check", "checker", at)),
    (S.CLOSED, lambda order, at: take(order, "rate", None, at, solved="yes", satisfied="yes")),
)


def order_in(state: S, at: datetime = NOON, **wish: Any) -> Order:
    """An order walked to a state of the usual way, or one step off it."""
    order = ask(at, **wish)
    off = {
        S.NEED_INFO: (S.ACCEPTED, lambda o: take(o, "ask_info", "community", at, text="哪一栋？")),
        S.NOT_ACCEPTED: (S.ACCEPTED, lambda o: take(o, "refuse", "community", at, code="outside", text="请走诉讼")),
        S.WITHDRAWN: (S.SUBMITTED, lambda o: take(o, "withdraw", None, at)),
        S.COMMUNITY_HANDLING: (S.ACCEPTED, lambda o: take(o, "handle", "community", at)),
        S.DISPUTED: (S.DISPATCHED, lambda o: take(o, "dispute", "handler", at, reason="不是我们的职责")),
        S.SUSPENDED: (
            S.IN_PROGRESS,
            lambda o: take(o, "suspend", "dispatcher", at, until=(at + timedelta(days=9)).date(), reason="等汛期过"),
        ),
        S.REOPENED: (S.AWAITING_RATING, lambda o: take(o, "reopen", None, at, reason="还是不亮")),
        S.ESCALATED: (S.AWAITING_DISPATCH, lambda o: take(o, "escalate", "dispatcher", at, reason="街道办不了")),
        S.MERGED: (S.ACCEPTED, lambda o: take(o, "merge", "community", at, into=ask(at).number)),
    }
    goal, last = off.get(state, (state, lambda o: o))
    for reached, walk in _PATH:
        order = walk(order, at)
        if reached == goal:
            break
    walked: Order = last(order)
    return walked
