"""One condition decides who sees what: for every order and everybody, the list and the single order agree."""

import random
from collections import Counter

import pytest
from django.db.models import Q

from sidan.kernel.base.errors import NotFound
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person, Seat
from sidan.kernel.org.queries import local_date
from sidan.orders.models import Order
from sidan.orders.queries import around, lists, reading
from sidan.orders.queries.seeing import in_hand, sees, visible_to
from sidan.orders.tests import make, population
from sidan.orders.words import OPEN, S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def everybody(found: list[Order]) -> list[Act]:
    staff = population.people_of(random.Random(1))
    residents = [Person.objects.get(pk=order.asked_by_id) for order in found[::5]]
    return [Act(person, make.NOON, Via.PAGE) for person in (*staff, *residents)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_list_and_the_single_order_agree_for_everybody(seed: int) -> None:
    found = population.orders(70, seed)
    assert len(Counter(order.state for order in found)) >= 8
    seen: Counter[bool] = Counter()
    for act in everybody(found):
        listed = set(Order.objects.filter(visible_to(act)).values_list("pk", flat=True))
        alone = {order.pk for order in Order.objects.all() if sees(order, act)}
        assert listed == alone, act.by.handle
        assert {row["id"] for row in lists.orders(act, {}, limit=200).rows} == alone
        seen.update({True: len(alone), False: len(found) - len(alone)})
    assert min(seen.values()) > 100


def test_what_somebody_may_do_they_also_see() -> None:
    found = population.orders(60, 3)
    for act in everybody(found):
        for order in found:
            if reading.moves(order, act):
                assert sees(order, act), (act.by.handle, order.state)


def test_nobody_sees_what_is_said_about_the_unit_they_sit_in() -> None:
    found = [order for order in population.orders(70, 4) if order.about_unit_id]
    assert len(found) > 15
    tree = org.tree()
    for act in everybody(found):
        for order in Order.objects.filter(visible_to(act), pk__in=[one.pk for one in found]):
            assert not any(tree.is_above(order.about_unit_id or 0, held.unit_id) for held in act.seats)


def test_residents_see_what_they_asked_and_nothing_else() -> None:
    mine, other = make.ask(), make.ask(public=True)
    act = make.resident(mine)
    assert list(Order.objects.filter(visible_to(act))) == [mine]
    assert not sees(other, act)


def test_the_operator_and_one_without_a_seat_see_nothing() -> None:
    order = make.order_in(S.IN_PROGRESS)
    nobody = people.add_staff("nobody", "无席位")
    for act in (make.act("operator"), Act(nobody, make.NOON, Via.PAGE)):
        assert not sees(order, act)
        assert not Order.objects.filter(visible_to(act)).exists()


def test_a_street_does_not_see_its_neighbours_orders_nor_a_department_what_it_does_not_handle() -> None:
    order = make.order_in(S.IN_PROGRESS)
    seen = {handle for handle, _role, _unit in make.STAFF if sees(order, make.act(handle))}
    assert seen == {
        "community", "dispatcher", "county-dispatcher", "handler", "checker", "supervisor", "county-supervisor",
    }  # fmt: skip


def test_a_seat_that_ended_sees_nothing_more() -> None:
    order = make.order_in(S.IN_PROGRESS)
    people.end_seat(Seat.objects.get(person=make.person("handler")), local_date(make.NOON))
    assert not sees(order, make.act("handler"))
    assert not Order.objects.filter(visible_to(make.act("handler"))).exists()


def test_the_county_keeps_what_was_asked_in_a_place_that_is_no_more() -> None:
    order = make.order_in(S.CLOSED, unit="500233001001")
    people.put_unit("500233001001", on=make.SINCE, source="test", valid_to=local_date(None))
    people.put_unit("500233001", on=make.SINCE, source="test", valid_to=local_date(None))
    for handle, mine in (("county-supervisor", True), ("dispatcher2", False), ("community2", False)):
        act = make.act(handle)
        assert sees(order, act) is Order.objects.filter(visible_to(act)).exists() is mine
        if mine:
            assert reading.order_view(order, act)["number"] == order.number


def test_a_number_that_is_not_ones_own_looks_like_one_that_does_not_exist() -> None:
    order = make.ask()
    said = []
    for number in (order.number, "22222222"):
        with pytest.raises(NotFound) as refusal:
            reading.by_number(number, make.act("handler3"))
        said.append((str(refusal.value), refusal.value.details))
    assert said[0] == said[1]
    assert reading.by_number(f" {order.number.lower()} ", make.act("community")) == order


@pytest.mark.parametrize("seed", [5, 6])
def test_every_open_order_waits_at_a_desk_of_somebody_who_can_move_it(seed: int) -> None:
    """No order lies where nobody looks: not one placed at a street, not one about the community that would take it."""
    silent = (S.NEED_INFO, S.AWAITING_RATING)  # the resident has the word
    found = [order for order in population.orders(60, seed) if order.state in OPEN and order.state not in silent]
    acts = [make.act(handle) for handle, _role, _unit in make.STAFF]
    desks = {name: desk for name, desk in lists.DESKS.items() if name != "overdue"}
    waits: dict[int, list[Act]] = {}
    for act in acts:
        for name in desks:
            condition = lists.waiting(name, act) or Q(pk__in=[])
            for key in Order.objects.filter(condition).values_list("pk", flat=True):
                waits.setdefault(key, []).append(act)
    for order in found:
        able = [act.by.handle for act in waits.get(order.pk, []) if reading.moves(order, act)]
        assert able, (order.state, order.unit_id, order.about_unit_id)


def test_who_has_it_in_hand_can_act() -> None:
    for order in population.orders(60, 7):
        if order.state in OPEN and order.state not in (S.NEED_INFO, S.AWAITING_RATING):
            unit_id, role = in_hand(order)
            acts = [make.act(handle) for handle, _role, _unit in make.STAFF]
            assert any(act.holds(role, unit_id) and reading.moves(order, act) for act in acts), (order.state, role)


def test_the_list_of_what_a_unit_has_in_hand_is_the_same_rule() -> None:
    for order in population.orders(70, 11):
        unit_id, _role = in_hand(order)
        found = {
            unit for unit in org.tree().nodes if Order.objects.filter(around.held_by([unit]), pk=order.pk).exists()
        }
        assert found == {unit_id}, (order.state, order.unit_id, order.desk_unit_id, order.about_unit_id)
