"""T1: any history that the law allows keeps every invariant (hypothesis, both databases; the seed is printed on failure).

500 examples of 50 steps on SQLite in four parts, 60 on PostgreSQL; bin/faults runs more there (T2).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sidan.kernel.base.errors import Refusal
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Held, Via
from sidan.kernel.org.models import Person
from sidan.orders.commands import VERBS, asking, clockwork, dispatching
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order, Support, Text
from sidan.orders.tests import make
from sidan.orders.words import ENDS, S

PARTS = 4
EXAMPLES = {"sqlite": 125, "postgresql": 10}
STAFF = [handle for handle, _role, _unit in make.STAFF]
LEADS = ["500233-D01", "500233-D02", "500233-D03", "500233001-D01", "500233001001", "500233002001"]
MILESTONES = ("asked_at", "accepted_at", "dispatched_at", "signed_at", "answered_at", "rated_at", "closed_at")


class Undo(Exception):
    """Ends an example's transaction."""


class Loop(RuleBasedStateMachine):
    """One order, fourteen members of staff, its resident and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = self._example()
        self._frame.__enter__()
        self.people = {person.handle: person for person in Person.objects.exclude(handle=None)}
        self.staff = [self.people[handle] for handle in STAFF]
        self.seats: dict[int, tuple[Held, ...]] = {}
        self.now = make.NOON

    @contextmanager
    def _example(self) -> Iterator[None]:
        try:
            with transaction.atomic():
                yield
                raise Undo
        except Undo:
            return

    def teardown(self) -> None:
        if hasattr(self, "order"):
            assert journal.verify() is None
        self._frame.__exit__(None, None, None)

    @initialize(
        category=st.sampled_from(["0101", "010101", "0201", "04", None]),
        secret=st.sampled_from(["", "anonymous", "confidential"]),
        about=st.sampled_from([None, None, None, "500233001001"]),
        walked=st.integers(0, 9),
        data=st.data(),
    )
    def ask(self, category: str | None, secret: str, about: str | None, walked: int, data: st.DataObject) -> None:
        wish = asking.Wish(
            text="楼道的灯坏了", unit="500233001001", category=category, phone="13800001234", about=about,
            anonymous=secret == "anonymous", confidential=secret == "confidential",
        )  # fmt: skip
        self.order = asking.ask(asking.draft(wish, None, self.now, Via.PAGE))
        self.resident = Person.objects.get(pk=self.order.asked_by_id)
        for _ in range(walked):  # so that the late states are met as often as the early ones
            self._act(data, usual=True)

    @rule(minutes=st.sampled_from([1, 5, 20, 90, 60 * 5, 60 * 26, 60 * 24 * 8, 60 * 24 * 40]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        clockwork.tick(self.now)
        self.order.refresh_from_db()

    @rule(data=st.data())
    def the_usual_next_step(self, data: st.DataObject) -> None:
        self._act(data, usual=True)

    @rule(data=st.data(), steps=st.integers(1, 4))
    def somebody_acts(self, data: st.DataObject, steps: int) -> None:
        for _ in range(steps):
            self._act(data, usual=False)
            self.everything_holds()

    def _acts(self) -> list[Act]:
        """Everybody, now; seats do not change within an example, so they are read once."""
        acts = [Act(person, self.now, Via.PAGE) for person in (*self.staff, self.resident)]
        for act in acts:
            if act.by.pk not in self.seats:
                self.seats[act.by.pk] = org.held(act.by, self.now)
            act.__dict__["seats"] = self.seats[act.by.pk]
        return acts

    def _act(self, data: st.DataObject, *, usual: bool) -> None:
        """Take one of the steps that anybody at all is offered; steps that end it at once only now and then."""
        self.now += timedelta(minutes=1)
        acts = self._acts()
        offered: dict[str, list[Act]] = {}
        for act in acts:
            for step in engine.moves(ORDER, self.order, act):
                offered.setdefault(step.do, []).append(act)
        dos = [do for do in offered if not usual or ORDER.by_do[do].primary]
        if data.draw(st.integers(0, 9)) != 9:
            dos = [do for do in dos if do not in ("withdraw", "refuse", "merge")]
        if not dos:
            return
        do = data.draw(st.sampled_from(dos))
        act = data.draw(st.sampled_from(offered[do]))
        values = self._values(data, do)
        before = engine.row_of(ORDER, self.order)
        try:
            with transaction.atomic():
                VERBS[do](self.order, act=act, **values)
        except Refusal as refusal:
            self.order.refresh_from_db()
            assert engine.row_of(ORDER, self.order) == before, refusal.code
        if do == "reply" and self.order.state == S.REPLIED:
            assert not Support.objects.filter(order=self.order, round=self.order.round, state="asked").exists()
        for name in ORDER.by_do[do].never:
            assert str(act.by.pk) not in str(before.get(f"{name}_id", before.get(name))).split()

    @rule(who=st.sampled_from(["handler", "handler2", "handler3"]))
    def co_handler_answers(self, who: str) -> None:
        act = Act(self.people[who], self.now, Via.PAGE)
        for support in Support.objects.filter(order=self.order, state="asked"):
            if engine.check(SUPPORT, support, SUPPORT.by_do["answer"], act) is None:
                dispatching.answer_support(support, text="已配合", act=act)
                self.order.refresh_from_db()
                return

    @rule(data=st.data(), who=st.sampled_from([*STAFF, ""]), do=st.sampled_from(list(VERBS)))
    def a_step_that_is_not_offered_changes_nothing(self, data: st.DataObject, who: str, do: str) -> None:
        act = Act(self.people[who] if who else self.resident, self.now, Via.PAGE)
        if engine.check(ORDER, self.order, ORDER.by_do[do], act) is None:
            return
        before = engine.row_of(ORDER, self.order)
        with pytest.raises(Refusal), transaction.atomic():
            VERBS[do](self.order, act=act, **self._values(data, do))
        self.order.refresh_from_db()
        assert engine.row_of(ORDER, self.order) == before

    def _values(self, data: st.DataObject, do: str) -> dict[str, Any]:
        pick = data.draw
        match do:
            case "dispatch":
                some = pick(st.lists(st.sampled_from(LEADS[:3]), max_size=2, unique=True))
                return {"lead": make.node(pick(st.sampled_from(LEADS))), "supports": [make.node(one) for one in some]}
            case "rule":
                return {"lead": make.node(pick(st.sampled_from(LEADS))), "reason": "按职责"}
            case "join":
                return {"unit": make.node(pick(st.sampled_from(LEADS[:4]))), "note": "请配合"}
            case "extend":
                return {"days": pick(st.integers(1, 12)), "reason": "等材料"}
            case "suspend":
                return {"until": (self.now + timedelta(days=pick(st.integers(-1, 20)))).date(), "reason": "等汛期过"}
            case "rate" | "call_back":
                words = {
                    "solved": st.sampled_from(["yes", "partly", "no"]),
                    "satisfied": st.sampled_from(["yes", "basically", "no"]),
                }
                return {**{name: pick(one) for name, one in words.items()}, "reason": "还是不亮"}
            case "refuse":
                return {"code": "outside", "text": "请走别的途径"}
            case "merge":
                return {"into": pick(st.sampled_from([self.order.number, "22222222"]))}
            case "classify":
                return {"category": pick(st.sampled_from(["0101", "0201", "04", "99"]))}
            case "contact":
                return {"way": pick(st.sampled_from(["phone", "no_answer"]))}
            case "show":
                return {"photo": "not-a-photo"}
            case (
                "pass_on"
                | "withdraw"
                | "check"
                | "accept"
                | "handle"
                | "sign"
                | "start"
                | "resume"
                | "urge"
                | "unpublish"
            ):
                return {}
            case "info_lapse" | "lapse" | "climb":
                return {}
            case "dispute" | "send_back" | "escalate" | "reopen" | "return_reply" | "hide":
                return {"reason": "有理由"}
            case _:
                return {"text": "一句话"}

    @invariant()
    def everything_holds(self) -> None:
        """One reading of the row and its journal, then every promise about them."""
        if not hasattr(self, "order"):
            return
        entries = journal.entries(self.order.subject())
        fresh = Order.objects.get(pk=self.order.pk)
        # The row is the fold of its journal.
        assert [entry.seq for entry in entries] == list(range(1, fresh.version + 1))
        assert engine.fold(ORDER, entries) == engine.row_of(ORDER, fresh) == engine.row_of(ORDER, self.order)
        assert all(one.at <= two.at for one, two in pairwise(entries))
        self._clocks(fresh)
        # 未评价 is never satisfied.
        if fresh.state == S.CLOSED and fresh.round == 1 and not fresh.rated_at:
            assert (fresh.satisfied, fresh.solved) == (None, None)
        # No dead end: in every open state the clock runs or somebody has a step.
        if fresh.state not in ENDS:
            assert fresh.tick_at or any(engine.moves(ORDER, fresh, act) for act in self._acts())
        # Words are what the journal names.
        said = {entry.seq for entry in entries if '"text":' in entry.data}
        assert said == set(Text.objects.filter(order=fresh).values_list("seq", flat=True))

    def _clocks(self, order: Order) -> None:
        if order.state in ENDS:
            assert (order.due_at, order.tick_at) == (None, None)
            assert order.closed_at is not None
        else:
            assert order.due_at is not None
            assert order.closed_at is None
        assert all((at := getattr(order, name)) is None or at >= order.asked_at for name in MILESTONES)
        assert order.answer_due_at is None or order.answer_due_at >= order.asked_at
        waiting = Support.objects.filter(order=order, round=order.round, state="asked").count()
        assert order.supports_open == (0 if order.state in ENDS else waiting)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.django_db
def test_any_history_keeps_every_invariant(part: int) -> None:
    make.county()
    run_state_machine_as_test(
        Loop,
        settings=settings(
            max_examples=EXAMPLES[connection.vendor],
            stateful_step_count=50,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
