"""The unit that handles, the checker, and supervision: extensions, suspensions, messages, urging."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound, NotNow
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Unit
from sidan.orders.commands import clockwork
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def said_to(order: Order, handle: str = "") -> list[str]:
    act = make.act(handle) if handle else make.resident(order)
    return [line.text for line in reading.timeline(order, act) if line.text]


def told(topic: str) -> list[tuple[str | None, str]]:
    rows = Message.objects.filter(topic=f"orders.{topic}").order_by("id").values_list("to_unit__code", "role")
    return [(code, role) for code, role in rows]


class TestExtension:
    def test_more_time_is_given_by_the_rule_and_both_sides_read_why(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        before = order.answer_due_at
        order = make.take(order, "extend", "handler", days=5, reason="等路灯厂发货")
        assert before is not None
        assert order.answer_due_at is not None
        assert order.answer_due_at > before
        assert order.due_at == order.answer_due_at
        assert order.extend_left == 1
        assert "等路灯厂发货" in said_to(order)
        assert "等路灯厂发货" in said_to(order, "dispatcher")
        assert Message.objects.get(topic="orders.extended").to_person_id == order.asked_by_id
        assert told("extended_unit") == [("500233001", "dispatcher")]

    def test_not_longer_and_not_oftener_than_the_rule_allows(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        with pytest.raises(Invalid) as refusal:
            make.take(order, "extend", "handler", days=11, reason="等")
        assert "10" in str(refusal.value.details["fields"]["days"])
        for _ in range(2):
            order = make.take(order, "extend", "handler", days=10, reason="等")
        with pytest.raises(NotNow) as spent:
            make.take(order, "extend", "handler", days=1, reason="等")
        assert spent.value.code == "extension_spent"

    def test_where_the_rule_allows_none_there_is_none(self) -> None:
        order = make.order_in(S.IN_PROGRESS, category="03")
        with pytest.raises(NotNow):
            make.take(order, "extend", "handler", days=1, reason="等")

    def test_an_extension_from_a_late_deadline_counts_from_today(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        late = make.NOON + timedelta(days=30)
        order = make.take(order, "extend", "handler", late, days=1, reason="等")
        assert order.answer_due_at is not None
        assert late < order.answer_due_at < late + timedelta(days=4)

    def test_only_the_lead_asks_for_it(self) -> None:
        for handle in ("handler2", "dispatcher", "community", "supervisor"):
            with pytest.raises(NotAllowed):
                make.take(make.order_in(S.IN_PROGRESS), "extend", handle, days=1, reason="等")


class TestSuspension:
    def test_the_next_look_is_shown_with_the_reason(self) -> None:
        order = make.order_in(S.SUSPENDED)
        view = reading.order_view(order, make.resident(order))
        assert view["suspended_until"] == datetime(2026, 3, 13, 1, 0, tzinfo=UTC)
        assert "等汛期过" in said_to(order)
        assert "等汛期过" in said_to(order, "handler")
        assert any("2026-03-13" in line["words"] for line in view["timeline"])
        assert Message.objects.get(topic="orders.suspended").data["until"] == "2026-03-13"

    def test_the_clock_stands_still_meanwhile_and_looks_on_the_day(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        promised = order.answer_due_at
        assert promised is not None
        order = make.take(order, "suspend", "dispatcher", make.NOON + DAY, until=date(2026, 5, 4), reason="等汛期过")
        look = datetime(2026, 5, 4, 1, 0, tzinfo=UTC)
        assert order.due_at == order.tick_at == look
        clockwork.tick(look - HOUR)
        order.refresh_from_db()
        assert (order.state, order.rung) == (S.SUSPENDED, 0)
        clockwork.tick(look)
        order.refresh_from_db()
        assert (order.state, order.suspended_until) == (S.IN_PROGRESS, None)
        assert order.answer_due_at == promised + (look - make.NOON - DAY)

    @pytest.mark.parametrize("until", [date(2026, 3, 4), date(2026, 3, 3), date(2020, 1, 1)])
    def test_the_next_look_lies_ahead(self, until: date) -> None:
        with pytest.raises(Invalid):
            make.take(make.order_in(S.IN_PROGRESS), "suspend", "dispatcher", until=until, reason="等")

    def test_the_handler_does_not_suspend_its_own_work(self) -> None:
        with pytest.raises(NotAllowed):
            make.take(make.order_in(S.IN_PROGRESS), "suspend", "handler", until=date(2026, 4, 1), reason="等")
        people.seat(make.person("handler"), Unit.objects.get(code="500233001"), "dispatcher", from_date=make.SINCE)
        with pytest.raises(NotAllowed) as refusal:
            make.take(make.order_in(S.IN_PROGRESS), "suspend", "handler", until=date(2026, 4, 1), reason="等")
        assert refusal.value.code == "same_person"


class TestContact:
    def test_the_first_contact_counts_and_not_being_reached_does_not(self) -> None:
        order = make.take(make.order_in(S.SIGNED), "contact", "handler", way="no_answer")
        assert order.first_contact_at is None
        order = make.take(order, "contact", "handler", make.NOON + HOUR, way="phone", note="约好周五")
        order = make.take(order, "contact", "handler", make.NOON + 2 * HOUR, way="visit")
        assert order.first_contact_at == make.NOON + HOUR
        assert "约好周五" not in said_to(order)

    def test_messages_pass_through_the_order_and_name_no_number(self) -> None:
        order = make.take(make.order_in(S.SIGNED), "write", "handler", text="明天来修")
        assert order.first_contact_at == make.NOON
        assert Message.objects.get(topic="orders.message").to_person_id == order.asked_by_id
        order = make.take(order, "write", None, text="好的")
        assert told("message_in") == [("500233-D01", "handler")]
        assert said_to(order)[-2:] == said_to(order, "handler")[-2:] == ["明天来修", "好的"]
        assert "1380000" not in str(reading.order_view(order, make.act("handler")))

    def test_a_residents_message_reaches_a_community_that_leads(self) -> None:
        order = make.order_in(S.AWAITING_DISPATCH)
        order = make.take(order, "dispatch", "dispatcher", lead=make.node("500233001002"), category="010101")
        make.take(order, "write", None, text="在吗")
        assert told("message_in") == [("500233001002", "community")]

    def test_a_resident_who_writes_first_has_not_been_contacted(self) -> None:
        assert make.take(make.order_in(S.SIGNED), "write", None, text="在吗").first_contact_at is None


class TestReply:
    def test_it_goes_to_a_checker_who_is_not_the_handler(self) -> None:
        order = make.order_in(S.REPLIED)
        assert told("to_check") == [("500233001", "checker")]
        people.seat(make.person("handler"), Unit.objects.get(code="500233001"), "checker", from_date=make.SINCE)
        steps: tuple[tuple[str, dict[str, Any]], ...] = (("check", {}), ("return_reply", {"reason": "没办"}))
        for do, values in steps:
            with pytest.raises(NotAllowed) as refusal:
                make.take(order, do, "handler", **values)
            assert refusal.value.code == "same_person"
        assert make.take(order, "check", "checker").state == S.AWAITING_RATING

    def test_a_reply_that_does_not_hold_goes_back_on_the_old_clock(self) -> None:
        order = make.order_in(S.REPLIED)
        promised = order.answer_due_at
        order = make.take(order, "return_reply", "checker", make.NOON + HOUR, reason="现场还是不亮")
        assert (order.state, order.answered_at, order.replied_by_id) == (S.IN_PROGRESS, None, None)
        assert order.due_at == order.answer_due_at == promised
        assert told("reply_returned") == [("500233-D01", "handler")]
        assert "现场还是不亮" not in said_to(order)

    def test_whoever_answered_in_this_round_does_not_check_a_colleagues_answer_either(self) -> None:
        order = make.take(make.order_in(S.REPLIED), "return_reply", "checker", reason="现场还是不亮")
        for handle, unit, role in (("community2", "500233-D01", "handler"), ("handler", "500233001", "checker")):
            people.seat(make.person(handle), Unit.objects.get(code=unit), role, from_date=make.SINCE)
        Order.objects.filter(pk=order.pk).update(signed_by=make.person("community2"))  # a colleague signed it
        order.refresh_from_db()
        order = make.take(order, "reply", "community2", text="换了整条线")
        with pytest.raises(NotAllowed) as refusal:
            make.take(order, "check", "handler")
        assert refusal.value.code == "same_person"
        order = make.take(make.take(order, "check", "checker"), "reopen", reason="还是不亮")
        assert order.repliers is None

    def test_the_resident_reads_the_answer(self) -> None:
        order = make.order_in(S.AWAITING_RATING)
        assert "已换新灯" in said_to(order)
        assert Message.objects.get(topic="orders.answered").to_person_id == order.asked_by_id

    def test_a_photo_must_be_of_this_order(self) -> None:
        for photo in ("not-a-photo", "00000000-0000-0000-0000-000000000000"):
            with pytest.raises(NotFound):
                make.take(make.order_in(S.SIGNED), "show", "handler", photo=photo)


class TestUrging:
    def test_the_resident_urges_after_the_deadline_and_reads_who_was_reminded(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        due = order.answer_due_at
        assert due is not None
        with pytest.raises(NotNow) as early:
            make.take(order, "urge", None, due)
        assert early.value.code == "not_overdue"
        late = due + timedelta(seconds=1)
        order = make.take(order, "urge", None, late)
        assert told("urged") == [("500233-D01", "handler")]
        assert any("城市管理局" in line.words for line in reading.timeline(order, make.resident(order)))
        with pytest.raises(NotNow) as again:
            make.take(order, "urge", None, late + DAY - timedelta(seconds=1))
        assert again.value.code == "urged_today"
        assert make.take(order, "urge", None, late + DAY).urged_at == late + DAY

    def test_an_order_that_nobody_accepts_may_be_urged_too(self) -> None:
        order = make.ask()
        assert order.due_at is not None
        make.take(order, "urge", None, order.due_at + timedelta(seconds=1))
        assert told("urged") == [("500233001001", "community")]

    def test_a_supervisor_presses_at_any_time(self) -> None:
        order = make.take(make.order_in(S.IN_PROGRESS), "press", "supervisor", text="本周办结")
        assert told("supervised") == [("500233-D01", "handler")]
        assert "本周办结" not in said_to(order)
        with pytest.raises(NotAllowed):
            make.take(order, "press", "dispatcher", text="快")


class TestLadder:
    def test_each_rung_tells_whom_its_rule_names(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        due = order.due_at
        assert due is not None
        seen = []
        for at in (due - HOUR, due, due + 4 * HOUR, due + 24 * HOUR, due + 99 * HOUR):
            Message.objects.all().delete()
            clockwork.tick(at)
            seen.append(sorted(told("supervised")))
        handler, desk, above = ("500233-D01", "handler"), ("500233001", "dispatcher"), ("500233001", "supervisor")
        assert seen == [[handler], [handler, desk], [handler, desk, above], [handler, desk, above], []]
        order.refresh_from_db()
        assert (order.rung, order.tick_at) == (4, None)

    def test_a_new_deadline_begins_a_new_ladder(self) -> None:
        order = make.order_in(S.IN_PROGRESS)
        assert order.due_at is not None
        late = order.due_at + HOUR
        clockwork.tick(order.due_at - HOUR)
        clockwork.tick(late)
        order.refresh_from_db()
        assert order.rung == 2
        order = make.take(order, "extend", "handler", late, days=3, reason="等")
        assert order.rung == 0
        assert order.tick_at is not None
        assert order.tick_at > late
