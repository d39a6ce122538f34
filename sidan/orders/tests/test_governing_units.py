"""Units, seats, persons and the calendar, as the operator keeps them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sidan.kernel.base import snapshot
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Person, Seat, Unit
from sidan.kernel.worktime import queries as worktime
from sidan.kernel.worktime.models import CalendarDay
from sidan.orders.models import DeadlineRule, Order
from sidan.orders.tests import make
from sidan.orders.tests.test_governing import confirmed, door, hidden
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SOURCE = {"source": "忠委编〔2026〕3号"}


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def today() -> date:
    return org.local_date(None)


def seat(handle: str) -> Seat:
    return Seat.objects.get(person__handle=handle)


def test_a_unit_is_added_renamed_and_moved() -> None:
    client = door()
    new = {"code": "500233001003", "name": "滨江社区", "short_name": "滨江", "kind": "community", "point": "30.3,108.0",
           "valid_from": str(today()), **SOURCE}  # fmt: skip
    assert confirmed(client, "/govern/units/500233001/new/", new).status_code == 303
    assert make.node("500233001003").path[1] == make.node("500233001").id
    changed = {
        "name": "滨江路社区",
        "short_name": "滨江路",
        "kind": "community",
        "parent": "500233002",
        "point": "",
        **SOURCE,
    }
    assert confirmed(client, "/govern/units/500233001003/change/", changed).status_code == 303
    node = make.node("500233001003")
    assert (node.name, node.path[1], node.lat) == ("滨江路社区", make.node("500233002").id, None)
    told = journal.entries("org.unit:500233001003")
    assert [entry.kind for entry in told] == ["org.unit.added", "org.unit.changed"]
    assert "滨江社区" in told[1].data
    assert "滨江路社区" in client.get("/govern/units/500233001003/").content.decode()


def test_a_unit_that_begins_tomorrow_is_not_in_the_tree_today() -> None:
    new = {
        "code": "500233001003",
        "name": "滨江社区",
        "short_name": "滨江",
        "kind": "community",
        "valid_from": str(today() + DAY),
        **SOURCE,
    }
    client = door()
    confirmed(client, "/govern/units/500233001/new/", new)
    assert org.tree().by_code("500233001003") is None
    assert "将设立" in client.get("/govern/units/500233001003/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"code": "500233001001"}, "code"), ({"code": "五"}, "code"), ({"kind": "town"}, "kind"), ({"point": "一"}, "point"),
     ({"point": "108.0,30.3"}, "point"), ({"name": ""}, "name"), ({"source": ""}, "source")],
)  # fmt: skip
def test_a_unit_that_does_not_fit_is_refused_with_its_field(wrong: dict[str, str], field: str) -> None:
    new = {
        "code": "500233001003",
        "name": "滨江社区",
        "short_name": "滨江",
        "kind": "community",
        "valid_from": str(today()),
        **SOURCE,
    }
    answer = door().post("/govern/units/500233001/new/", {**new, **wrong})
    assert answer.status_code == 422
    assert field in answer.context["errors"]


def test_a_unit_is_not_put_below_itself() -> None:
    values = {
        "name": "忠州街道",
        "short_name": "忠州",
        "kind": "street",
        "parent": "500233001001",
        "point": "",
        **SOURCE,
    }
    answer = door().post("/govern/units/500233001/change/", values)
    assert answer.status_code == 422
    assert "parent" in answer.context["errors"]


def test_a_unit_with_open_orders_seats_or_rules_cannot_end_and_says_what_to_do_first() -> None:
    make.ask()
    client, asked = door(), {"valid_from": str(today()), **SOURCE}
    page = client.post("/govern/units/500233001001/ending/", asked)
    text = page.content.decode()
    assert "还有 1 件单没有办结" in text
    assert "还有 2 个席位" in text
    assert 'value="confirm"' not in text
    answer = client.post("/govern/units/500233001001/ending/", {**asked, **hidden(page)})
    assert answer.status_code == 409
    assert Unit.objects.get(code="500233001001").valid_to is None


def test_a_unit_on_which_nothing_hangs_ends() -> None:
    client, asked = door(), {"valid_from": str(today()), **SOURCE}
    Unit.objects.create(
        code="500233001009", name="空社区", short_name="空", kind="community", level="community",
        parent=Unit.objects.get(code="500233001"), valid_from=make.SINCE, source="x",
    )  # fmt: skip
    assert confirmed(client, "/govern/units/500233001009/ending/", asked).status_code == 303
    assert org.tree().by_code("500233001009") is None
    assert "已停用" in client.get("/govern/units/500233001009/").content.decode()
    assert client.post("/govern/units/500233/ending/", asked).status_code == 409


def test_two_operators_who_change_one_unit_do_not_overwrite_each_other() -> None:
    client = door()
    values = {"short_name": "香怡", "kind": "community", "parent": "500233001", "point": "", **SOURCE}
    mine = client.post("/govern/units/500233001001/change/", {**values, "name": "甲"})
    theirs = client.post("/govern/units/500233001001/change/", {**values, "name": "乙"})
    assert client.post("/govern/units/500233001001/change/", hidden(mine)).status_code == 303
    assert client.post("/govern/units/500233001001/change/", hidden(theirs)).status_code == 409
    assert make.node("500233001001").name == "甲"


def test_a_seat_is_given_and_ended_and_its_work_is_told() -> None:
    client = door()
    give = {"handle": "community2", "role": "community", "from_date": str(today()), **SOURCE}
    assert confirmed(client, "/govern/units/500233001001/seats/new/", give).status_code == 303
    held = Seat.objects.get(person__handle="community2", unit__code="500233001001")
    assert journal.entries(f"org.seat:{held.pk}")[0].kind == "org.seat.given"
    make.ask()
    page = client.post(f"/govern/seats/{held.pk}/ending/", {"valid_from": str(today() + DAY), **SOURCE})
    assert "有 1 件在办" in page.content.decode()
    assert "没有人任" not in page.content.decode()
    assert client.post(f"/govern/seats/{held.pk}/ending/", hidden(page)).status_code == 303
    assert Seat.objects.get(pk=held.pk).to_date == today() + DAY
    page = client.post(f"/govern/seats/{seat('community').pk}/ending/", {"valid_from": str(today() + DAY), **SOURCE})
    assert "都没有社区接单员" in page.content.decode()


def test_the_last_one_of_a_role_may_go_where_somebody_above_stands_in() -> None:
    page = door().post(f"/govern/seats/{seat('dispatcher').pk}/ending/", {"valid_from": str(today()), **SOURCE})
    assert "要由上级的 1 人代办" in page.content.decode()


def test_a_seat_that_is_held_already_or_begins_in_the_past_is_refused() -> None:
    client, href = door(), "/govern/units/500233001001/seats/new/"
    for values, field in (
        ({"handle": "community", "role": "community", "from_date": str(today())}, "role"),
        ({"handle": "nobody", "role": "community", "from_date": str(today())}, "handle"),
        ({"handle": "community2", "role": "community", "from_date": str(today() - DAY)}, "from_date"),
        ({"handle": "community2", "role": "king", "from_date": str(today())}, "role"),
        ({"handle": "community2", "role": "community", "from_date": str(today()), "to_date": str(today())}, "to_date"),
    ):
        answer = client.post(href, {**values, **SOURCE})
        assert answer.status_code == 422, values
        assert field in answer.context["errors"]


def test_one_who_handles_and_checks_in_one_unit_is_warned_of() -> None:
    page = door().post(
        "/govern/units/500233-D01/seats/new/",
        {"handle": "handler", "role": "checker", "from_date": str(today()), **SOURCE},
    )
    assert "最好由不同的人做" in page.content.decode()


def test_a_deputy_has_the_seat_for_some_days() -> None:
    values = {"handle": "dispatcher2", "from_date": str(today()), "to_date": str(today() + 7 * DAY), **SOURCE}
    assert confirmed(door(), f"/govern/seats/{seat('dispatcher').pk}/deputy/", values).status_code == 303
    held = Seat.objects.get(deputy_for=seat("dispatcher"))
    assert (held.person.handle, held.role, held.to_date) == ("dispatcher2", "dispatcher", today() + 7 * DAY)
    own = {**values, "handle": "dispatcher"}
    assert door().post(f"/govern/seats/{held.pk}/deputy/", own).status_code == 409


def test_a_new_person_gets_a_seat_and_a_link_that_sets_the_password_once() -> None:
    client = door()
    values = {
        "handle": "chen",
        "name": "陈静",
        "phone": "138 0000 1111",
        "role": "recorder",
        "from_date": str(today()),
        **SOURCE,
    }
    answer = confirmed(client, "/govern/units/500233001001/people/new/", values)
    assert answer["Location"] == "/govern/people/chen/"
    who = Person.objects.get(handle="chen")
    assert who.contact.phone_hash is not None
    page = client.post("/govern/people/chen/password/", {"how": "shown"})
    link = page.context["link"]
    assert page["Cache-Control"] == "no-store"
    assert link not in client.get("/govern/people/chen/").content.decode()
    stranger = door("community")
    stranger.logout()
    form = stranger.get(link[link.index("/password/") :], follow=True)
    stranger.post(
        form.redirect_chain[-1][0], {"new_password1": make.PASSWORD + "1", "new_password2": make.PASSWORD + "1"}
    )
    assert Account.objects.get(handle="chen").check_password(make.PASSWORD + "1")
    kinds = [entry.kind for entry in journal.entries(f"org.person:{who.pk}")]
    assert kinds == ["org.person.added", "org.person.link_given"]
    assert "138" not in "".join(entry.data for entry in journal.entries(f"org.person:{who.pk}"))


def test_a_link_is_sent_to_the_telephone_on_record() -> None:
    client = door()
    values = {
        "handle": "chen",
        "name": "陈静",
        "phone": "13800001111",
        "role": "recorder",
        "from_date": str(today()),
        **SOURCE,
    }
    confirmed(client, "/govern/units/500233001001/people/new/", values)
    assert client.post("/govern/people/chen/password/", {"how": "sent"}).status_code == 303
    assert Message.objects.get(topic="web.password_link").to_person_id == Person.objects.get(handle="chen").pk
    assert client.post("/govern/people/community/password/", {"how": "sent"}).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "field"), [({"handle": "community"}, "handle"), ({"handle": "陈"}, "handle"), ({"phone": "12"}, "phone")]
)
def test_a_person_that_cannot_be_added_is_refused_with_its_field(wrong: dict[str, str], field: str) -> None:
    values = {"handle": "chen", "name": "陈静", "role": "recorder", "from_date": str(today()), **SOURCE, **wrong}
    answer = door().post("/govern/units/500233001001/people/new/", values)
    assert answer.status_code == 422
    assert field in answer.context["errors"]


def test_a_streets_operator_cannot_reach_the_account_of_somebody_in_the_county() -> None:
    street = Unit.objects.get(code="500233001")
    Seat.objects.create(person=make.person("checker"), unit=street, role="operator", from_date=make.SINCE)
    Seat.objects.create(person=make.person("county-supervisor"), unit=street, role="checker", from_date=make.SINCE)
    client = door("checker")
    assert client.post("/govern/people/dispatcher/password/", {"how": "shown"}).status_code == 200
    assert client.post("/govern/people/county-supervisor/password/", {"how": "shown"}).status_code == 403
    assert client.post("/govern/people/operator/password/", {"how": "shown"}).status_code == 403
    for href in (
        "/govern/units/500233/seats/new/", "/govern/units/500233002/people/new/", "/govern/units/500233002/change/",
        f"/govern/seats/{seat('dispatcher2').pk}/ending/", "/govern/calendar/2027/sync/", "/govern/units/500233/new/",
    ):  # fmt: skip
        assert client.get(href).status_code == 403, href
    assert {row["handle"] for row in client.get("/govern/people/").context["rows"]} >= {"dispatcher", "community"}
    assert "handler" not in {row["handle"] for row in client.get("/govern/people/").context["rows"]}


def test_people_are_found_and_the_list_costs_the_same_for_twenty(django_assert_max_num_queries: Any) -> None:
    client = door()
    assert [row["handle"] for row in client.get("/govern/people/?q=dispatcher2").context["rows"]] == ["dispatcher2"]
    counted = []
    for search in ("dispatcher2", ""):
        with django_assert_max_num_queries(6) as seen:
            client.get(f"/govern/people/?q={search}")
        counted.append(len(seen.captured_queries))
    assert counted[0] == counted[1]


def test_a_unit_page_costs_the_same_whoever_sits_there(django_assert_max_num_queries: Any) -> None:
    client = door()
    client.get("/govern/units/500233/")
    counted = []
    for code in ("500233002001", "500233"):
        with django_assert_max_num_queries(10) as seen:
            client.get(f"/govern/units/{code}/")
        counted.append(len(seen.captured_queries))
    assert counted[0] == counted[1]


def working_day_order() -> Order:
    """In progress, with five working days to answer from Wednesday noon, 4 March 2026."""
    DeadlineRule.objects.filter(stage="reply", klass="general").update(amount=5, measure="working_days")
    snapshot.forget()
    return Order.objects.get(pk=make.order_in(S.IN_PROGRESS, at=timezone.now()).pk)


def test_setting_a_day_moves_the_working_day_deadlines_of_open_orders() -> None:
    order, client = working_day_order(), door()
    day = next(today() + n * DAY for n in range(1, 8) if worktime.calendar().is_workday(today() + n * DAY))
    values = {"kind": "holiday", "name": "县庆", "source": "忠府发〔2026〕9号"}
    href = f"/govern/calendar/{day.year}/{day.month}/{day.day}/"
    page = client.post(href, values)
    assert "有 1 件在办单" in page.content.decode()
    answer = client.post(href, hidden(page), follow=True)
    assert "1 件单的期限有变" in answer.content.decode()
    assert order.answer_due_at is not None
    moved = Order.objects.get(pk=order.pk).answer_due_at
    assert moved is not None
    assert moved > order.answer_due_at
    row = CalendarDay.objects.get(date=day)
    assert (row.kind, row.confirmed, row.changed_by) == ("holiday", True, str(make.person("operator").pk))
    assert journal.entries(f"worktime.day:{day}")[0].kind == "worktime.day.set"
    assert "忠府发〔2026〕9号" in client.get(href).content.decode()


def test_a_year_is_seeded_after_a_preview_that_writes_nothing() -> None:
    client = door()
    page = client.get("/govern/calendar/2026/sync/")
    assert "会改变的日子（365 天）" in page.content.decode()
    assert not CalendarDay.objects.exists()
    assert client.post("/govern/calendar/2026/sync/", hidden(page)).status_code == 303
    assert CalendarDay.objects.filter(date__year=2026).count() == 365
    shown = client.get("/govern/calendar/2026/")
    assert shown.context["confirmed"]
    assert "休" in shown.content.decode()
    late = client.get("/govern/calendar/2027/sync/")
    assert "调休安排还没有公布" in late.content.decode()


def test_a_day_that_is_over_cannot_be_set_any_more() -> None:
    answer = door().post("/govern/calendar/2026/1/5/", {"kind": "holiday", "source": "x"})
    assert answer.status_code == 422
    assert door().get("/govern/calendar/2026/2/30/").status_code == 404


def test_a_calendar_page_costs_the_same_before_and_after_a_year_is_seeded(django_assert_max_num_queries: Any) -> None:
    client = door()
    page = client.get("/govern/calendar/2026/sync/")
    client.get("/govern/calendar/2026/")
    with django_assert_max_num_queries(6):
        client.get("/govern/calendar/2026/")
    client.post("/govern/calendar/2026/sync/", hidden(page))
    client.get("/govern/calendar/2026/")
    with django_assert_max_num_queries(6):
        client.get("/govern/calendar/2026/")
