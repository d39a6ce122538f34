"""Staff pages: each desk shows what waits there, nobody sees what is not theirs, and a page costs the same for 1 and for 20."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.orders.queries import around, lists
from sidan.orders.queries.seeing import in_hand
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = make.NOON + timedelta(hours=5)
HANDLES = [handle for handle, _role, _unit in make.STAFF]
PAGES = ("", "orders/", *(f"{name}/" for name in lists.DESKS), "record/", "reveals/", "figures/", "deputies/")


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def numbers(text: str) -> set[str]:
    """The orders whose pages a page links to."""
    return set(re.findall(r'href="/desk/orders/([A-Z0-9]{8})/[#"?]', text))


def own(asked: Any) -> int:
    """A page's own queries: once a second a process also looks whether the rules have changed."""
    return sum("base_revision" not in query["sql"] for query in asked.captured_queries)


@pytest.mark.parametrize("name", [name for name in lists.DESKS if name != "overdue"])
def test_each_desk_shows_exactly_what_waits_there(name: str) -> None:
    made = [make.order_in(state) for state in S]
    handles = {"community": "community", "dispatch": "dispatcher", "inbox": "handler", "checks": "checker",
               "disputes": "supervisor"}  # fmt: skip
    waiting = {order.number for order in made if order.state in lists.DESKS[name].states}
    if name == "dispatch":  # what was escalated is at the county's desk, not at the street's
        waiting = {order.number for order in made if order.state in (S.AWAITING_DISPATCH, S.REOPENED)}
    if name == "community":  # one more was made to be merged into
        waiting |= set(Order.objects.filter(state=S.SUBMITTED).values_list("number", flat=True))
    found = door(handles[name]).get(f"/desk/{name}/")
    assert found.status_code == 200
    assert numbers(html(found)) == waiting


def test_the_wall_shows_what_is_late_longest_overdue_first_and_by_unit() -> None:
    older = make.order_in(S.DISPATCHED, at=make.NOON - timedelta(days=3))
    late = make.ask(make.NOON - timedelta(hours=4))
    make.ask(NOW - timedelta(minutes=5))
    text = html(door("supervisor").get("/desk/overdue/"))
    assert re.findall(r'class="cases__title" href="/desk/orders/(\w+)/', text) == [older.number, late.number]
    assert "已超期 3 天" in text
    unit = org.tree().node(in_hand(older)[0])
    only = html(door("supervisor").get(f"/desk/overdue/?hand={unit.code}"))
    assert re.findall(r'class="cases__title" href="/desk/orders/(\w+)/', only) == [older.number]


def test_the_walls_filter_is_the_rule_that_says_who_has_it_in_hand() -> None:
    for state in S:
        order = make.order_in(state)
        unit_id, _role = in_hand(order)
        assert Order.objects.filter(around.held_by([unit_id]), pk=order.pk).exists(), state
        others = set(org.tree().nodes) - {unit_id}
        assert not Order.objects.filter(around.held_by(others), pk=order.pk).exists(), state


def test_a_desk_that_is_not_mine_is_refused_and_says_so() -> None:
    found = door("handler").get("/desk/dispatch/")
    assert found.status_code == 403
    assert "您没有“派单”这个岗位" in html(found)


@pytest.mark.parametrize("handle", ["community2", "community3", "dispatcher2", "handler2", "operator", "recorder"])
def test_an_order_outside_my_tree_is_not_there(handle: str) -> None:
    order = make.order_in(S.DISPATCHED)
    client = door(handle)
    for path in ("", "print/"):
        assert client.get(f"/desk/orders/{order.number}/{path}").status_code == 404
    assert client.post(f"/desk/orders/{order.number}/signing/", {"form_token": "x" * 8}).status_code == 404
    assert order.number not in html(client.get("/desk/orders/"))
    assert client.get(f"/desk/search/?q={order.number}").status_code == 200


def test_nobody_who_sits_in_the_unit_complained_about_sees_anything() -> None:
    order = make.ask(about="500233001001", kind="complaint")
    client = door("community")
    assert client.get(f"/desk/orders/{order.number}/").status_code == 404
    for page in PAGES:
        assert order.number not in html(client.get(f"/desk/{page}"))
    assert door("dispatcher").get(f"/desk/orders/{order.number}/").status_code == 200


def test_residents_and_strangers_do_not_enter() -> None:
    stranger = Client().get("/desk/")
    assert stranger.status_code == 302
    assert "/sign-in/" in stranger["Location"]
    from sidan.kernel.org.models import Account, Person

    person = Person.objects.create(kind=Person.Kind.RESIDENT)
    resident = Client()
    resident.force_login(Account.objects.create_user("r", make.PASSWORD, person))
    for page in PAGES:
        assert resident.get(f"/desk/{page}").status_code == 403


def test_every_page_opens_for_every_role_with_orders_in_every_state() -> None:
    made = [make.order_in(state) for state in S]
    for handle in HANDLES:
        client = door(handle)
        for page in PAGES:
            assert client.get(f"/desk/{page}").status_code in (200, 403), (handle, page)
        for order in made:
            for path in ("", "print/"):
                assert client.get(f"/desk/orders/{order.number}/{path}").status_code in (200, 404), (
                    handle,
                    order.state,
                )


def test_a_step_without_words_is_not_told_as_deleted() -> None:
    order = make.take(make.take(make.ask(), "accept", "community"), "pass_on", "community")
    page = html(door("community").get(f"/desk/orders/{order.number}/"))
    assert "社区转街道派单" in page
    assert "已按规定删除" not in page


def test_an_empty_desk_says_what_will_appear_there() -> None:
    text = html(door("community").get("/desk/community/"))
    assert "没有等着接的单" in text
    assert "都办好了" in html(door("community").get("/desk/"))
    assert "您的岗位没有待办列表" in html(door("recorder").get("/desk/"))


@pytest.mark.parametrize(
    ("handle", "page"),
    [
        ("community", "community/"),
        ("dispatcher", "dispatch/"),
        ("handler", "inbox/"),
        ("checker", "checks/"),
        ("supervisor", "disputes/"),
        ("supervisor", "overdue/"),
        ("county-supervisor", "orders/"),
        ("dispatcher", ""),
        ("supervisor", "reveals/"),
        ("supervisor", "figures/"),
        ("dispatcher", "deputies/"),
    ],
)
def test_a_list_costs_the_same_for_one_row_and_for_twenty(
    handle: str, page: str, django_assert_max_num_queries: Any
) -> None:
    client, counts = door(handle), []
    old = make.NOON - timedelta(days=20)
    states = (S.SUBMITTED, S.AWAITING_DISPATCH, S.DISPATCHED, S.REPLIED, S.DISPUTED)
    for more in (1, 20):
        for state in states:
            for _one in range(more):
                make.order_in(state, old)
        client.get(f"/desk/{page}")  # the rules and the tree are read once
        with django_assert_max_num_queries(12) as asked:
            client.get(f"/desk/{page}")
        counts.append(own(asked))
    assert counts[0] == counts[1]
    # Session, account with person, seats and the counts beside the list are the frame's; the busiest desks have six in all.
    assert counts[1] <= (6 if page in ("dispatch/", "overdue/") else 10)


@pytest.mark.parametrize("state", list(S))
def test_an_orders_page_costs_at_most_twelve_queries(state: S, django_assert_max_num_queries: Any) -> None:
    order = make.order_in(state)
    org.attended()  # kept by the process, like the county's tree
    for handle in ("dispatcher", "handler", "county-supervisor", "community"):
        client = door(handle)
        for page in ("", "phrases/"):  # the tree, the rules and the forms of words are read once
            client.get(f"/desk/{page}")
        with django_assert_max_num_queries(13) as asked:
            client.get(f"/desk/orders/{order.number}/")
        assert own(asked) <= 12


def test_pages_follow_each_other_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make.ask(make.NOON + timedelta(minutes=one)).number for one in range(7)]
    monkeypatch.setattr(lists, "PAGE", 3)
    monkeypatch.setattr(lists.desk, "__kwdefaults__", {**(lists.desk.__kwdefaults__ or {}), "limit": 3})
    client, href, seen = door("community"), "/desk/community/?kind=help", []
    for _page in range(3):
        text = html(client.get(href))
        seen += re.findall(r'class="cases__title" href="/desk/orders/(\w+)/', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        href = following.group(1).replace("&amp;", "&") if following else ""
        assert not href or "kind=help" in href
    assert seen == made


def test_filters_live_in_the_address_and_a_wrong_one_is_named() -> None:
    one, other = make.ask(kind="complaint"), make.ask(kind="help")
    client = door("community")
    text = html(client.get("/desk/community/?kind=complaint"))
    assert numbers(text) == {one.number}
    assert other.number in html(client.get("/desk/orders/?asked_to=2026-03-04"))
    assert numbers(html(client.get("/desk/orders/?asked_to=2026-03-03"))) == set()
    wrong = client.get("/desk/orders/?kind=nonsense&asked_from=soon")
    assert wrong.status_code == 422
    assert "只能是" in html(wrong)


def test_a_number_is_found_however_it_is_typed() -> None:
    order = make.ask()
    typed = f" {order.number[:4].lower()}-{order.number[4:]}　"
    found = door("community").get("/desk/search/", {"q": typed})
    assert (found.status_code, found["Location"]) == (303, f"/desk/orders/{order.number}/")


def test_every_figure_opens_to_the_orders_that_it_counts() -> None:
    for state in (S.CLOSED, S.CLOSED, S.REOPENED, S.REPLIED, S.DISPATCHED):
        make.order_in(state, make.NOON - timedelta(days=9))
    client = door("supervisor")
    text = html(client.get("/desk/figures/"))
    links = re.findall(r'<a href="(/desk/orders/\?figure=[^"]+)">(\d+) 件</a>', text)
    assert len(links) == 9  # four rates, two numbers each, and the unrated
    for href, count in links:
        assert len(numbers(html(client.get(href.replace("&amp;", "&"))))) == int(count), href
    assert client.get("/desk/figures/?unit=500233002").status_code == 404


def test_a_rate_of_few_orders_is_a_count_and_not_a_percentage() -> None:
    make.order_in(S.CLOSED)
    text = html(door("supervisor").get("/desk/figures/"))
    assert "件数少" in text
    values = re.findall(r'class="rate__value">(.*?)</p>', text, re.S)
    assert values
    assert not any("%" in value for value in values)
    assert "95% 区间" in text
