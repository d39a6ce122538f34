"""The community's desk: taking on, asking back, not accepting, merging, passing on."""

from datetime import timedelta
from typing import Any

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow
from sidan.kernel.flow import engine
from sidan.kernel.notify.models import Message
from sidan.orders.commands import VERBS, clockwork, dispatching
from sidan.orders.flow import ORDER
from sidan.orders.models import Order, Support
from sidan.orders.queries import lists, reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def told(topic: str) -> list[Message]:
    return list(Message.objects.filter(topic=f"orders.{topic}"))


class TestAcceptance:
    def test_the_community_or_the_streets_desk_takes_it_on(self) -> None:
        for handle in ("community", "dispatcher", "county-dispatcher"):
            order = make.take(make.ask(), "accept", handle)
            assert (order.state, order.accepted_at) == (S.ACCEPTED, make.NOON)
        for handle in (
            "community2",
            "community3",
            "dispatcher2",
            "recorder",
            "handler",
            "checker",
            "supervisor",
            "operator",
        ):
            with pytest.raises(NotAllowed):
                make.take(make.ask(), "accept", handle)

    def test_the_resident_is_told(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        assert [message.to_person_id for message in told("accepted")] == [order.asked_by_id]

    def test_accepting_twice_keeps_the_first_moment(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        order = make.take(order, "pass_on", "community")
        order = make.take(order, "send_back", "dispatcher", make.NOON + timedelta(hours=1), reason="请写明楼栋")
        assert order.accepted_at == make.NOON
        with pytest.raises(NotNow):
            make.take(order, "accept", "community")


class TestAskingBack:
    def test_the_clocks_stand_still_until_the_resident_answers(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        promised, dispatch = order.answer_due_at, order.dispatch_due_at
        assert promised is not None
        assert dispatch is not None
        order = make.take(order, "ask_info", "community", text="哪一栋？")
        assert (order.state, order.paused_at) == (S.NEED_INFO, make.NOON)
        order = make.take(order, "give_info", None, make.NOON + timedelta(hours=30), text="三栋")
        assert (order.state, order.paused_at) == (S.SUBMITTED, None)
        assert order.answer_due_at == promised + timedelta(hours=30)
        assert order.dispatch_due_at == dispatch + timedelta(hours=30)

    def test_who_does_not_answer_is_told_how_to_ask_again(self) -> None:
        order = make.order_in(S.NEED_INFO)
        assert order.due_at is not None
        clockwork.tick(order.due_at - timedelta(seconds=1))
        order.refresh_from_db()
        assert order.state == S.NEED_INFO
        clockwork.tick(order.due_at)
        order.refresh_from_db()
        assert (order.state, order.refusal) == (S.NOT_ACCEPTED, "no_info")
        assert len(told("info_lapsed")) == 1

    def test_only_the_one_who_asked_or_recorded_answers(self) -> None:
        order = make.order_in(S.NEED_INFO)
        for handle in ("community", "handler", "recorder", "supervisor"):
            with pytest.raises(NotAllowed):
                make.take(order, "give_info", handle, text="三栋")
        stranger = make.ask()
        with pytest.raises(NotAllowed):
            VERBS["give_info"](order, text="三栋", act=make.resident(stranger))


class TestRefusal:
    def test_it_says_the_reason_and_the_legal_route(self) -> None:
        order = make.take(make.ask(), "refuse", "community", code="litigation", text="请向法院起诉")
        view = reading.order_view(order, make.resident(order))
        assert view["refusal"]["code"] == "litigation"
        assert view["refusal"]["route"] == "应走诉讼的途径"
        assert "请向法院起诉" in [line["text"] for line in view["timeline"]]
        assert len(told("refused")) == 1

    def test_an_unknown_reason_is_refused(self) -> None:
        with pytest.raises(Invalid):
            make.take(make.ask(), "refuse", "community", code="because", text="不办")

    def test_a_reason_that_only_time_gives_is_not_offered(self) -> None:
        field = next(one for one in ORDER.by_do["refuse"].fields if one.name == "code")
        offered = {option["const"] for option in field.schema()["oneOf"]}
        assert offered == {"emergency", "litigation", "repeat", "outside"}

    def test_what_is_being_handled_is_not_refused_any_more(self) -> None:
        with pytest.raises(NotNow):
            make.take(make.order_in(S.SIGNED), "refuse", "dispatcher", code="outside", text="不办")


class TestMerging:
    def test_it_leads_to_the_other_order(self) -> None:
        other = make.ask()
        order = make.take(make.ask(), "merge", "community", into=other.number)
        assert (order.state, order.merged_into_id, order.closed_at) == (S.MERGED, other.pk, make.NOON)

    @pytest.mark.parametrize("into", ["22222222", "itself", "unseen"])
    def test_not_into_itself_nor_what_one_cannot_see(self, into: str) -> None:
        order = make.ask()
        number = {"itself": order.number, "unseen": make.ask(unit="500233002001").number}.get(into, into)
        with pytest.raises(Invalid):
            make.take(order, "merge", "community", into=number)

    @pytest.mark.parametrize("state", [S.MERGED, S.WITHDRAWN, S.NOT_ACCEPTED])
    def test_not_into_what_has_come_to_nothing(self, state: S) -> None:
        with pytest.raises(NotNow) as refusal:
            make.take(make.ask(), "merge", "community", into=make.order_in(state).number)
        assert refusal.value.code == "target_ended"

    def test_co_handlers_are_released_when_a_dispatched_order_is_merged(self) -> None:
        order = make.order_in(S.AWAITING_DISPATCH)
        order = make.take(
            order, "dispatch", "dispatcher", lead=make.node("500233-D01"), supports=[make.node("500233-D02")]
        )
        order = make.take(order, "merge", "dispatcher", into=make.ask().number)
        assert order.supports_open == 0
        assert Support.objects.get().state == "released"
        assert lists.supports(make.act("handler2")) == []


class TestPassingOn:
    def test_to_the_desk_with_a_note_that_the_resident_does_not_read(self) -> None:
        order = make.take(make.take(make.ask(), "accept", "community"), "pass_on", "community", note="住户情绪激动")
        assert order.state == S.AWAITING_DISPATCH
        assert [(one.to_unit_id, one.role) for one in told("to_dispatch")] == [(order.desk_unit_id, "dispatcher")]
        texts = [line.text for line in reading.timeline(order, make.resident(order))]
        assert "住户情绪激动" not in texts
        assert "住户情绪激动" in [line.text for line in reading.timeline(order, make.act("dispatcher"))]

    def test_what_turns_out_to_be_dangerous_is_dispatched_within_its_hour(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        order = make.take(order, "pass_on", "community", make.NOON + timedelta(minutes=10), category="03")
        assert order.klass == "danger"
        assert order.dispatch_due_at == order.due_at == make.NOON + timedelta(hours=1)
        assert order.answer_due_at == make.NOON + timedelta(hours=3)


class TestClassification:
    def test_the_deadlines_follow_the_class_from_the_day_it_was_asked(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        order = make.take(order, "classify", "community", make.NOON + timedelta(hours=1), category="0201")
        assert order.klass == "utilities"
        assert order.dispatch_due_at == make.NOON + timedelta(hours=2)
        assert order.answer_due_at == make.NOON + timedelta(hours=26)

    def test_a_category_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(Invalid):
            make.take(make.ask(), "classify", "community", category="99")

    def test_the_same_class_changes_no_deadline(self) -> None:
        order = make.take(make.ask(), "accept", "community")
        before = order.answer_due_at
        order = make.take(order, "classify", "community", make.NOON + timedelta(hours=5), category="010101")
        assert order.answer_due_at == before


class TestWithdrawal:
    def test_the_resident_may_take_it_back_until_it_is_answered(self) -> None:
        for state in (S.SUBMITTED, S.NEED_INFO, S.DISPATCHED, S.IN_PROGRESS, S.SUSPENDED, S.DISPUTED, S.REOPENED):
            order = make.take(make.order_in(state), "withdraw", None, reason="自己修好了")
            assert (order.state, order.due_at, order.tick_at) == (S.WITHDRAWN, None, None)
        for state in (S.REPLIED, S.AWAITING_RATING, S.CLOSED):
            with pytest.raises(NotNow):
                make.take(make.order_in(state), "withdraw", None)

    def test_co_handlers_are_released(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        order = make.take(order, "join", "handler", unit=make.node("500233-D02"), note="请查线路")
        order = make.take(order, "withdraw", None)
        assert (order.supports_open, Support.objects.get().state) == (0, "released")
        with pytest.raises(NotNow):
            dispatching.answer_support(Support.objects.get(), text="已查", act=make.act("handler2"))


def test_the_community_handles_at_once_and_answers_itself() -> None:
    order = make.take(make.order_in(S.COMMUNITY_HANDLING), "reply", "community", text="已换灯泡", contacted=True)
    assert (order.state, order.lead_unit_id, order.replied_by_id) == (
        S.REPLIED,
        order.unit_id,
        make.person("community").pk,
    )
    assert Order.objects.get(pk=order.pk).first_contact_at == make.NOON


def test_facts_reach_whoever_has_it_in_hand() -> None:
    expected: dict[Any, tuple[str, str]] = {
        S.SUBMITTED: ("500233001001", "community"), S.AWAITING_DISPATCH: ("500233001", "dispatcher"),
        S.IN_PROGRESS: ("500233-D01", "handler"), S.DISPUTED: ("500233001", "supervisor"),
        S.ESCALATED: ("500233", "dispatcher"), S.COMMUNITY_HANDLING: ("500233001001", "community"),
    }  # fmt: skip
    for state, (code, role) in expected.items():
        Message.objects.all().delete()
        make.take(make.order_in(state), "add_facts", None, text="又坏了一盏")
        assert [(one.to_unit_id, one.role) for one in told("facts_added")] == [(make.node(code).id, role)]


def test_no_step_is_open_to_the_operator() -> None:
    for state in S:
        assert engine.moves(ORDER, make.order_in(state), make.act("operator")) == []
