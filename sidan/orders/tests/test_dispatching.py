"""The dispatch desk: who may receive what, disputes and their rulings, co-handlers, escalation."""

from datetime import timedelta
from typing import Any

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.act import Via
from sidan.kernel.org.models import Unit
from sidan.orders.commands import asking, dispatching
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order, Support
from sidan.orders.queries import reading
from sidan.orders.queries.seeing import sees
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
COMMUNITY, NEXT, TOWN, FAR = "500233001001", "500233001002", "500233001", "500233002001"
D1, D2, D3, OFFICE = "500233-D01", "500233-D02", "500233-D03", "500233001-D01"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def dispatch(
    order: Order, lead: str = D1, *supports: str, by: str = "dispatcher", at: Any = make.NOON, **values: Any
) -> Order:
    nodes = [make.node(code) for code in supports]
    return make.take(order, "dispatch", by, at, lead=make.node(lead), supports=nodes, **values)


def waiting(**wish: Any) -> Order:
    return make.order_in(S.AWAITING_DISPATCH, **wish)


def told(topic: str) -> list[tuple[str, str]]:
    rows = Message.objects.filter(topic=f"orders.{topic}").values_list("to_unit__code", "role").order_by("id")
    return [(code, role) for code, role in rows]


def answer(order: Order, handle: str, at: Any = make.NOON) -> Support:
    for support in reading.supports(order):
        if (
            support.state == "asked"
            and engine.permitted(SUPPORT, support, SUPPORT.by_do["answer"], make.act(handle)) is None
        ):
            return dispatching.answer_support(support, text="已配合", act=make.act(handle, at))
    raise AssertionError(f"{handle} has nothing to answer")


class TestReceiving:
    @pytest.mark.parametrize("lead", [D1, D2, D3, OFFICE])
    def test_a_desk_sends_to_its_own_offices_and_to_bodies_that_serve_it(self, lead: str) -> None:
        order = dispatch(waiting(), lead)
        assert (order.state, order.lead_unit_id) == (S.DISPATCHED, make.node(lead).id)
        assert (order.dispatched_at, order.dispatched_by_id) == (make.NOON, make.person("dispatcher").pk)

    @pytest.mark.parametrize("lead", [FAR, "500233002", "500233"])
    def test_a_desk_does_not_send_outside_its_tree(self, lead: str) -> None:
        with pytest.raises(Invalid) as refusal:
            dispatch(waiting(), lead, category="010101")
        assert list(refusal.value.details["fields"]) == ["lead"]
        with pytest.raises(Invalid) as refusal:
            dispatch(waiting(), D1, lead)
        assert list(refusal.value.details["fields"]) == ["supports"]

    def test_another_streets_desk_does_not_dispatch_it_at_all(self) -> None:
        with pytest.raises(NotAllowed):
            dispatch(waiting(), by="dispatcher2")
        assert dispatch(waiting(), "500233002", by="county-dispatcher").state == S.DISPATCHED

    def test_a_community_leads_only_what_is_on_its_duty_list(self) -> None:
        for lead in (COMMUNITY, NEXT):
            with pytest.raises(Invalid) as refusal:
                dispatch(waiting(), lead)
            assert "职责清单" in str(refusal.value.details["fields"]["lead"])
        assert dispatch(waiting(), NEXT, category="010101").state == S.DISPATCHED
        with pytest.raises(Invalid):
            dispatch(waiting(category=None), COMMUNITY)

    def test_the_lead_and_the_resident_are_told(self) -> None:
        order = dispatch(waiting())
        assert told("dispatched") == [(D1, "handler")]
        message = Message.objects.get(topic="orders.dispatched_resident")
        assert (message.to_person_id, message.data["unit"]) == (order.asked_by_id, "城市管理局")
        assert dispatch(waiting(), NEXT, category="010101").lead_unit_id == make.node(NEXT).id
        assert told("dispatched")[-1] == (NEXT, "community")

    def test_a_desk_may_send_it_back_to_the_community_with_a_reason(self) -> None:
        order = make.take(waiting(), "send_back", "dispatcher", reason="请写明楼栋")
        assert order.state == S.ACCEPTED
        assert told("sent_back") == [(COMMUNITY, "community")]
        assert "请写明楼栋" not in [line.text for line in reading.timeline(order, make.resident(order))]


class TestTheUnitComplainedAbout:
    @pytest.mark.parametrize("state", [S.SUBMITTED, S.AWAITING_DISPATCH, S.CLOSED])
    def test_it_neither_sees_nor_acts(self, state: S) -> None:
        order = make.ask(about=TOWN)
        assert state in S
        for handle in ("community", "dispatcher", "checker", "supervisor", "recorder"):
            act = make.act(handle)
            assert not sees(order, act)
            assert engine.moves(ORDER, order, act) == []
            with pytest.raises(NotAllowed):
                make.take(order, "accept", handle)
        assert make.take(order, "accept", "county-dispatcher").state == S.ACCEPTED

    @pytest.mark.parametrize("unit", [D1, OFFICE])
    def test_it_receives_nothing(self, unit: str) -> None:
        about = {D1: D1, OFFICE: TOWN}[unit]
        order = make.ask(about=about)
        by = "dispatcher" if about == D1 else "county-dispatcher"
        order = make.take(make.take(order, "accept", by), "pass_on", by)
        for lead, supports in ((unit, ()), (D2, (unit,))):
            with pytest.raises(Invalid):
                dispatch(order, lead, *supports, by=by)
        order = dispatch(order, D2, by=by)
        order = make.take(order, "sign", "handler2")
        with pytest.raises(Invalid):
            make.take(order, "join", "handler2", unit=make.node(unit), note="请配合")

    def test_it_is_not_made_the_lead_by_a_ruling(self) -> None:
        order = make.take(make.take(make.ask(about=D1), "accept", "community"), "pass_on", "community")
        order = make.take(dispatch(order, D2), "dispute", "handler2", reason="不是我们的")
        with pytest.raises(Invalid):
            make.take(order, "rule", "supervisor", lead=make.node(D1), reason="按职责")

    def test_a_member_of_it_who_recorded_the_complaint_does_not_follow_it(self) -> None:
        recorder = make.act("recorder")
        wish = asking.Wish(
            text="社区不办事", unit=COMMUNITY, about=COMMUNITY, channel="grid", consent=True, phone="13800001234"
        )
        order = asking.ask(asking.draft(wish, recorder, make.NOON, Via.PAGE))
        assert not sees(order, recorder)
        assert engine.moves(ORDER, order, recorder) == []
        assert sees(order, make.resident(order))


class TestDisputes:
    def test_a_ruling_is_final(self) -> None:
        order = make.take(make.order_in(S.DISPUTED), "rule", "supervisor", lead=make.node(D2), reason="按职责清单")
        assert (order.state, order.ruled, order.lead_unit_id) == (S.DISPATCHED, True, make.node(D2).id)
        with pytest.raises(NotNow) as refusal:
            make.take(order, "dispute", "handler2", reason="也不是我们的")
        assert refusal.value.code == "ruled"
        assert told("ruled") == [(D2, "handler")]

    def test_the_unit_that_was_ruled_against_has_it_no_more(self) -> None:
        order = make.take(make.order_in(S.DISPUTED), "rule", "supervisor", lead=make.node(D2), reason="按职责清单")
        assert not sees(order, make.act("handler"))
        assert make.take(order, "sign", "handler2").state == S.SIGNED

    def test_whoever_dispatched_does_not_rule_on_it(self) -> None:
        people.seat(make.person("dispatcher"), Unit.objects.get(code=TOWN), "supervisor", from_date=make.SINCE)
        with pytest.raises(NotAllowed) as refusal:
            make.take(make.order_in(S.DISPUTED), "rule", "dispatcher", lead=make.node(D1), reason="就是你们的")
        assert refusal.value.code == "same_person"

    def test_a_ruling_does_not_send_it_outside_the_supervisors_tree(self) -> None:
        with pytest.raises(Invalid) as refusal:
            make.take(make.order_in(S.DISPUTED), "rule", "supervisor", lead=make.node("500233002"), reason="归他们")
        assert list(refusal.value.details["fields"]) == ["lead"]
        above = make.take(
            make.order_in(S.DISPUTED), "rule", "county-supervisor", lead=make.node("500233002"), reason="归他们"
        )
        assert above.lead_unit_id == make.node("500233002").id

    def test_a_ruling_after_the_second_reopening_does_not_give_it_back_to_a_former_lead(self) -> None:
        order = make.order_in(S.REOPENED)  # D1 had it
        for handle, lead, by in (("handler2", D2, "dispatcher"), ("handler3", D3, "county-dispatcher")):
            order = dispatch(order, lead, by=by)
            if lead == D2:
                order = make.take(make.take(order, "sign", handle), "reply", handle, text="已办")
                order = make.take(make.take(order, "check", "checker"), "reopen", None, reason="还是不亮")
        order = make.take(order, "dispute", "handler3", reason="不是我们的")
        with pytest.raises(NotNow) as refusal:
            make.take(order, "rule", "county-supervisor", lead=make.node(D1), reason="按职责")
        assert refusal.value.code == "other_unit_needed"
        kept = make.take(order, "rule", "county-supervisor", lead=make.node(D3), reason="按职责")
        assert kept.state == S.DISPATCHED

    def test_quarrelling_gains_no_time(self) -> None:
        order = dispatch(waiting())
        promised = order.answer_due_at
        order = make.take(order, "dispute", "handler", make.NOON + timedelta(hours=1), reason="不是我们的")
        order = make.take(
            order, "rule", "supervisor", make.NOON + timedelta(days=2), lead=make.node(D2), reason="按职责"
        )
        assert order.answer_due_at == promised

    def test_a_dispute_is_not_the_residents_concern(self) -> None:
        order = make.order_in(S.DISPUTED)
        mine = reading.timeline(order, make.resident(order))
        assert not [line for line in mine if line.kind.endswith("disputed") or "职责" in line.text]

    def test_a_co_handler_that_is_ruled_the_lead_does_not_wait_for_itself(self) -> None:
        order = dispatch(waiting(), D1, D2)
        order = make.take(order, "dispute", "handler", reason="不是我们的")
        order = make.take(order, "rule", "supervisor", lead=make.node(D2), reason="按职责")
        assert order.supports_open == 0
        order = make.take(make.take(order, "sign", "handler2"), "reply", "handler2", text="已办")
        assert order.state == S.REPLIED


class TestCoHandlers:
    def test_the_lead_does_not_answer_before_them(self) -> None:
        order = make.take(dispatch(waiting(), D1, D2, D3), "sign", "handler")
        for handle, left in (("handler2", 1), ("handler3", 0)):
            with pytest.raises(NotNow) as refusal:
                make.take(order, "reply", "handler", text="已办")
            assert refusal.value.code == "co_handlers_open"
            answer(order, handle)
            order.refresh_from_db()
            assert order.supports_open == left
        assert make.take(order, "reply", "handler", text="已办").state == S.REPLIED

    def test_they_are_told_when_the_order_is_dispatched(self) -> None:
        dispatch(waiting(), D1, D2, NEXT)
        assert sorted(told("support_asked")) == [(D2, "handler"), (NEXT, "community")]

    def test_a_community_that_helps_sees_the_order_and_answers(self) -> None:
        order = dispatch(waiting(), D1, NEXT)
        assert sees(order, make.act("community2"))
        assert [move["noun"] for move in reading.moves(order, make.act("community2"))] == ["support-answer"]
        assert answer(order, "community2").state == "answered"
        assert not sees(order, make.act("community3"))

    def test_their_part_is_due_before_the_whole(self) -> None:
        order = dispatch(waiting(), D1, D2)
        assert Support.objects.get().due_at == make.NOON + timedelta(days=3)
        order = dispatch(waiting(category="0201"), D1, D2)
        assert Support.objects.get(order=order).due_at == order.answer_due_at

    def test_the_lead_is_told_of_an_answer_whatever_kind_of_unit_it_is(self) -> None:
        order = dispatch(waiting(), NEXT, D2, category="010101")
        answer(order, "handler2")
        assert told("support_answered") == [(NEXT, "community")]

    def test_only_a_co_handler_answers_its_part_and_once(self) -> None:
        order = dispatch(waiting(), D1, D2)
        support = Support.objects.get()
        for handle in ("handler", "handler3", "community", "dispatcher"):
            with pytest.raises(NotAllowed):
                dispatching.answer_support(support, text="已配合", act=make.act(handle))
        answer(order, "handler2")
        support.refresh_from_db()
        with pytest.raises(NotNow):
            dispatching.answer_support(support, text="又配合", act=make.act("handler2"))
        assert engine.fold(SUPPORT, journal.entries(support.subject())) == engine.row_of(SUPPORT, support)

    def test_one_more_may_be_asked_but_not_twice_and_not_the_lead(self) -> None:
        order = make.take(dispatch(waiting(), D1, D2), "sign", "handler")
        for unit in (D1, D2):
            with pytest.raises(Invalid):
                make.take(order, "join", "handler", unit=make.node(unit), note="请配合")
        order = make.take(order, "join", "handler", unit=make.node(D3), note="请配合")
        assert (order.supports_open, told("support_asked")[-1]) == (2, (D3, "handler"))

    @pytest.mark.parametrize("answered", [False, True])
    def test_they_are_released_when_it_is_escalated_and_may_be_asked_again(self, answered: bool) -> None:
        order = make.take(dispatch(waiting(), D1, D2), "sign", "handler")
        if answered:
            answer(order, "handler2")
            order.refresh_from_db()
        order = make.take(order, "escalate", "dispatcher", reason="办不了")
        assert (order.supports_open, Support.objects.get().state) == (0, "answered" if answered else "released")
        order = dispatch(order, D3, D2, by="county-dispatcher")
        assert order.supports_open == 1
        assert answer(order, "handler2").state == "answered"
        order.refresh_from_db()
        assert order.supports_open == 0
        for support in Support.objects.filter(order=order):
            assert engine.fold(SUPPORT, journal.entries(support.subject())) == engine.row_of(SUPPORT, support)


class TestEscalation:
    def test_it_goes_to_the_desk_above_which_is_told_as_is_the_resident(self) -> None:
        order = make.take(waiting(), "escalate", "dispatcher", reason="街道办不了")
        assert (order.state, order.desk_unit_id, order.lead_unit_id) == (S.ESCALATED, make.node("500233").id, None)
        assert told("escalated") == [("500233", "dispatcher")]
        assert Message.objects.get(topic="orders.escalated_resident").to_person_id == order.asked_by_id
        with pytest.raises(NotAllowed):
            dispatch(order)
        assert dispatch(order, by="county-dispatcher").state == S.DISPATCHED

    def test_above_the_county_there_is_nothing(self) -> None:
        order = make.take(waiting(), "escalate", "dispatcher", reason="街道办不了")
        order = dispatch(order, by="county-dispatcher")
        order = make.take(order, "escalate", "county-dispatcher", reason="县里再议")
        assert order.desk_unit_id == make.node("500233").id

    def test_the_promise_stands(self) -> None:
        order = make.take(dispatch(waiting()), "sign", "handler")
        promised = order.answer_due_at
        order = make.take(order, "escalate", "dispatcher", make.NOON + timedelta(days=2), reason="办不了")
        order = dispatch(order, D2, by="county-dispatcher", at=make.NOON + timedelta(days=2))
        assert order.answer_due_at == promised
