"""A confidential identity opens to two people, for a reason, for two hours, and every reading is written down."""

from datetime import timedelta
from typing import Any

import pytest

from sidan.kernel.base.errors import Invalid, NotAllowed, NotNow, Refusal
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person, Unit
from sidan.orders.commands import asking, revealing
from sidan.orders.flow import REVEAL
from sidan.orders.models import Order, Reveal
from sidan.orders.queries import lists, reading
from sidan.orders.queries.seeing import sees
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
NAME, PHONE = "王阿姨", "13900005678"
WHY = "核实紧急情况"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def secret(state: S = S.IN_PROGRESS, **wish: Any) -> Order:
    return make.order_in(state, confidential=True, name=NAME, phone=PHONE, **wish)


def ask(order: Order, handle: str = "supervisor") -> Reveal:
    return revealing.request_reveal(order, reason=WHY, act=make.act(handle))


def decide(reveal: Reveal, handle: str = "county-supervisor", *, agree: bool = True) -> Reveal:
    return revealing.decide_reveal(reveal, agree=agree, act=make.act(handle))


def readings(order: Order) -> list[tuple[str, int]]:
    return [(entry.kind, entry.by_id) for entry in journal.entries(f"orders.contact:{order.number}")]


@pytest.mark.parametrize("wish", [{"confidential": True}, {}, {"anonymous": True}])
def test_no_name_and_no_number_is_shown_to_staff_before(wish: dict[str, Any]) -> None:
    order = make.order_in(S.IN_PROGRESS, name=NAME, phone=PHONE, **wish)
    shown = []
    for handle, _role, _unit in make.STAFF:
        act = make.act(handle)
        shown.append(str(lists.orders(act, {}).rows))
        if sees(order, act):
            shown += [
                str(reading.order_view(order, act)),
                str(reading.timeline(order, act)),
                reading.contact_hint(order),
            ]
    shown += [str(message.data) for message in Message.objects.all()]
    assert len(shown) > 20
    assert not [text for text in shown if NAME in text or "5678" in text.replace(order.number, "")]


def test_one_person_alone_opens_nothing() -> None:
    order = secret()
    reveal = ask(order)
    with pytest.raises(NotAllowed):
        revealing.read_contact(order, act=make.act("supervisor"))
    with pytest.raises(NotAllowed) as refusal:
        decide(reveal, "supervisor")
    assert refusal.value.code == "same_person"
    assert readings(order) == []


def test_two_people_open_it_to_the_one_who_asked_for_two_hours() -> None:
    order = secret()
    reveal = decide(ask(order))
    assert (reveal.state, reveal.open_until) == ("approved", make.NOON + timedelta(hours=2))
    found = revealing.read_contact(order, act=make.act("supervisor", make.NOON + timedelta(minutes=119)))
    assert found == {"name": NAME, "phone": PHONE}
    assert readings(order) == [("orders.contact.read", make.person("supervisor").pk)]
    with pytest.raises(NotAllowed):
        revealing.read_contact(order, act=make.act("supervisor", make.NOON + timedelta(hours=2)))
    for handle in ("county-supervisor", "handler", "dispatcher", "community", "checker", "operator"):
        with pytest.raises(NotAllowed):
            revealing.read_contact(order, act=make.act(handle))
    assert len(readings(order)) == 1
    assert engine.fold(REVEAL, journal.entries(reveal.subject())) == engine.row_of(REVEAL, reveal)


def test_what_was_declined_stays_closed() -> None:
    order = secret()
    reveal = decide(ask(order), agree=False)
    with pytest.raises(NotAllowed):
        revealing.read_contact(order, act=make.act("supervisor"))
    with pytest.raises(NotNow):
        decide(reveal)


def test_a_request_is_decided_once() -> None:
    reveal = decide(ask(secret()))
    with pytest.raises(NotNow):
        decide(reveal, agree=False)


def test_only_supervisors_of_the_place_ask_and_decide() -> None:
    order = secret()
    for handle in ("handler", "dispatcher", "community", "checker", "operator", "recorder"):
        with pytest.raises(NotAllowed):
            ask(order, handle)
    far = secret(S.SUBMITTED, unit="500233002001")
    with pytest.raises(NotAllowed):
        ask(far)
    reveal = ask(order)
    for handle in ("handler", "dispatcher", "checker", "operator"):
        with pytest.raises(NotAllowed):
            decide(reveal, handle)


def test_a_supervisor_of_the_unit_complained_about_opens_nothing() -> None:
    order = secret(S.SUBMITTED, about="500233001")
    with pytest.raises(NotAllowed):
        ask(order)
    second = people.add_staff("county-supervisor2", "督办乙")
    people.seat(second, Unit.objects.get(code="500233"), "supervisor", from_date=make.SINCE)
    reveal = ask(order, "county-supervisor")
    with pytest.raises(NotAllowed):
        decide(reveal)  # the same person
    with pytest.raises(NotAllowed):
        decide(reveal, "supervisor")
    assert decide(reveal, "county-supervisor2").state == "approved"


def test_a_reason_is_given_and_it_is_for_confidential_orders_only() -> None:
    for reason in ("", "急", "x" * 401):
        with pytest.raises(Invalid):
            revealing.request_reveal(secret(S.SUBMITTED), reason=reason, act=make.act("supervisor"))
    with pytest.raises(NotNow) as refusal:
        ask(make.ask())
    assert refusal.value.code == "not_confidential"


class TestOpenOrders:
    @pytest.mark.parametrize("handle", ["community", "dispatcher", "handler", "checker"])
    def test_whoever_has_it_in_hand_reads_the_number_and_that_is_written_down(self, handle: str) -> None:
        order = make.order_in(S.IN_PROGRESS, name=NAME, phone=PHONE)
        for _ in range(2):
            assert revealing.read_contact(order, act=make.act(handle))["phone"] == PHONE
        assert readings(order) == [("orders.contact.read", make.person(handle).pk)] * 2
        assert PHONE not in str([entry.data for entry in journal.entries(f"orders.contact:{order.number}")])

    @pytest.mark.parametrize("handle", ["handler2", "community2", "dispatcher2", "recorder", "operator", "supervisor"])
    def test_nobody_else_does(self, handle: str) -> None:
        order = make.order_in(S.IN_PROGRESS)
        with pytest.raises(NotAllowed):
            revealing.read_contact(order, act=make.act(handle))
        assert readings(order) == []

    def test_an_anonymous_order_has_nothing_to_read(self) -> None:
        order = make.order_in(S.IN_PROGRESS, anonymous=True)
        with pytest.raises(NotNow) as refusal:
            revealing.read_contact(order, act=make.act("handler"))
        assert refusal.value.code == "no_contact"


def test_a_confidential_order_that_was_recorded_by_hand_is_closed_to_the_recorder_too() -> None:
    act = make.act("community")
    wish = asking.Wish(
        text="有人倒垃圾", unit="500233001001", channel="desk", consent=True, confidential=True, name=NAME, phone=PHONE
    )
    order = asking.ask(asking.draft(wish, act, make.NOON, Via.PAGE))
    with pytest.raises(Refusal):
        revealing.read_contact(order, act=act)
    resident = Act(Person.objects.get(pk=order.asked_by_id), make.NOON, Via.PAGE)
    assert NAME not in str(reading.order_view(order, resident))
