"""Races, on both databases: of several who press at once exactly as many succeed as the law allows (T6, T10)."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import close_old_connections, connection

from sidan.kernel.base.errors import Refusal
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.orders.commands import VERBS
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db(transaction=True)


def together(calls: list[Callable[[], Any]]) -> list[str]:
    """Start all at one moment; each outcome is `ok`, a refusal's code, or a bug's name."""
    outcomes: list[str] = []
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            call()
            outcomes.append("ok")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        except Exception as error:
            outcomes.append(f"bug: {error!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    return outcomes


def pressing(order: Order, do: str, handle: str | None, **values: Any) -> Callable[[], Any]:
    """What somebody does who loaded the page a moment ago."""
    seen = Order.objects.get(pk=order.pk)
    act = make.act(handle) if handle else make.resident(order)
    assert act.seats is not None
    return lambda: VERBS[do](seen, act=act, **values)


def legal(order: Order) -> None:
    """The history has no gap and the row is its fold."""
    order.refresh_from_db()
    entries = journal.entries(order.subject())
    assert [entry.seq for entry in entries] == list(range(1, order.version + 1))
    assert engine.fold(ORDER, entries) == engine.row_of(ORDER, order)


def test_of_two_officers_who_act_at_once_one_wins() -> None:
    """T10: 500 races of two: accept against accept, reply against suspension, rating against lapse, and others."""
    make.county()
    outcomes: Counter[tuple[str, ...]] = Counter()
    later = make.NOON + timedelta(days=30)
    for at in range(500):
        match at % 5:
            case 0:
                order = make.ask()
                calls = [pressing(order, "accept", "community"), pressing(order, "accept", "dispatcher")]
            case 1:
                order = make.ask()
                calls = [pressing(order, "accept", "community"), pressing(order, "withdraw", None)]
            case 2:
                order = make.order_in(S.IN_PROGRESS)
                calls = [
                    pressing(order, "reply", "handler", text="已办"),
                    pressing(
                        order, "suspend", "dispatcher", until=(make.NOON + timedelta(days=5)).date(), reason="等料"
                    ),
                ]
            case 3:
                order = make.order_in(S.AWAITING_RATING)
                seen, clock = Order.objects.get(pk=order.pk), make.clock(later)
                calls = [
                    pressing(order, "rate", None, solved="yes", satisfied="yes"),
                    lambda seen=seen, clock=clock: VERBS["lapse"](seen, act=clock),  # type: ignore[misc]
                ]
            case _:
                order = make.order_in(S.DISPATCHED)
                calls = [pressing(order, "sign", "handler"), pressing(order, "dispute", "handler", reason="不是我们的")]
        got = together(calls)
        outcomes[tuple(sorted(got))] += 1
        legal(order)
    assert outcomes == {("moved_first", "ok"): 500}


def test_of_64_clients_delivering_twice_only_as_many_extend_as_the_rule_allows() -> None:
    """T6: the limited good of an order is its extensions."""
    make.county()
    order = make.order_in(S.IN_PROGRESS)
    allowed = order.extend_left
    assert allowed == 2
    act = make.act("handler")
    assert act.seats

    def deliver() -> None:
        for _ in range(2):
            for _try in range(70):  # whoever lost a race reads again, as a client does
                try:
                    VERBS["extend"](Order.objects.get(pk=order.pk), days=1, reason="等材料", act=act)
                    return
                except Refusal as refusal:
                    if refusal.code != "moved_first":
                        raise

    outcomes = Counter(together([deliver for _ in range(64)]))
    assert outcomes == {"ok": allowed, "extension_spent": 64 - allowed}
    legal(order)
    assert order.extend_left == 0


def test_steps_that_stay_in_their_state_do_not_fork_the_chain() -> None:
    make.county()
    order = make.order_in(S.IN_PROGRESS)
    outcomes = Counter(together([pressing(order, "write", "handler", text=f"第{n}句") for n in range(8)]))
    assert outcomes == {"ok": 1, "moved_first": 7}
    legal(order)
    assert journal.verify() is None
