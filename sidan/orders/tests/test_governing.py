"""Governing rows: each kind of change, previewed and dated; what has begun is never altered."""

import json
import re
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import DutyPhone, Person, Seat, Unit
from sidan.orders.commands import governing as commands
from sidan.orders.models import Category, DeadlineRule, DispatchRule, Duty, LadderRule, RefusalReason
from sidan.orders.queries import governing
from sidan.orders.queries.governing_tables import TABLES
from sidan.orders.rulebook import rulebook
from sidan.orders.tests import make

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def today() -> date:
    return org.local_date(None)


def door(handle: str = "operator") -> Client:
    client = Client()
    client.force_login(Person.objects.get(handle=handle).account)
    return client


def hidden(page: Any) -> dict[str, Any]:
    """What a preview's form would send when it is confirmed."""
    sent: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.content.decode()):
        if name not in ("csrfmiddlewaretoken", "next"):
            sent[name] = [*sent[name], value] if name in sent else [value]
    return {**sent, "step": "confirm"}


def confirmed(client: Client, href: str, values: dict[str, Any]) -> Any:
    """Preview and confirm; the answer to the confirmation."""
    page = client.post(href, values)
    assert page.status_code == 200, page.content.decode()
    return client.post(href, hidden(page))


def rule(**values: Any) -> DeadlineRule:
    found = DeadlineRule.objects.filter(stage="reply", klass="general", **values).order_by("valid_from").last()
    assert found is not None
    return found


def reply_change(**values: Any) -> dict[str, Any]:
    return {
        "amount": "5", "measure": "days", "extend_max_days": "10", "extend_max_times": "2",
        "valid_from": str(today() + DAY), "source": "忠府办〔2026〕12号", **values,
    }  # fmt: skip


def test_a_change_closes_the_old_version_and_adds_a_new_one() -> None:
    old = rule()
    answer = confirmed(door(), f"/govern/deadlines/{old.pk}/change/", reply_change())
    assert answer.status_code == 303
    before, after = DeadlineRule.objects.get(pk=old.pk), rule()
    assert (before.amount, before.valid_from, before.valid_to) == (7, make.SINCE, today() + DAY)
    assert (after.amount, after.valid_from, after.valid_to, after.source) == (
        5,
        today() + DAY,
        None,
        "忠府办〔2026〕12号",
    )
    found = rulebook().deadline(
        "reply", klass="general", urgency="normal", unit_id=make.node("500233001").id, day=today() + DAY
    )
    assert found is not None
    assert found.pk == after.pk
    told = journal.entries("orders.rule:deadlines:reply/general/*/")
    assert [entry.kind for entry in told] == ["orders.rule.changed"]
    data = json.loads(told[0].data)
    assert (data["new"], data["closed"][0]["id"], data["source"]) == (after.pk, old.pk, "忠府办〔2026〕12号")
    assert told[0].by_id == make.person("operator").pk
    assert told[0].via == "page"
    assert journal.verify() is None


def test_a_preview_shows_both_sides_and_what_is_touched_and_writes_nothing() -> None:
    make.ask(category="0101")
    old = rule()
    page = door().post(f"/govern/deadlines/{old.pk}/change/", reply_change()).content.decode()
    assert "<del>7</del>" in page
    assert "<ins>5</ins>" in page
    assert "比原来更紧" in page
    assert "范围内其他正在办的有 1 件" in page
    assert not DeadlineRule.objects.filter(stage="reply", amount=5).exists()
    assert not Entry.objects.filter(kind__startswith="orders.rule").exists()


def test_a_row_in_force_is_never_altered() -> None:
    tables = {name: list(of.model.objects.filter(valid_from__lte=today()).values()) for name, of in TABLES.items()}
    client, asked = door(), {"valid_from": str(today() + DAY), "source": "新文件"}
    for name, changed in (
        ("categories", {"name": "新名称", "klass": "general"}), ("catalogue", {"lead": "500233-D02"}),
        ("duties", {"role": "assist", "text": "改"}), ("ladder", {"when": "after", "amount": "9", "measure": "hours", "tell": ["handler"]}),
        ("refusals", {"name": "新理由", "route": "新途径"}), ("phones", {"day_phone": "1", "night_phone": "2"}),
        ("deadlines", {"amount": "99", "measure": "hours"}), ("places", {"unit": "500233001002", "estate": "新名小区"}),
        ("quiet", {"begins": "21:00", "ends": "08:00"}),
    ):  # fmt: skip
        first, *others = TABLES[name].model.objects.order_by("pk")
        assert confirmed(client, f"/govern/{name}/{first.pk}/change/", {**changed, **asked}).status_code == 303, name
        for other in others[:1]:
            assert confirmed(client, f"/govern/{name}/{other.pk}/ending/", asked).status_code == 303, name
    for name, of in TABLES.items():
        kept = {one["id"]: one for one in of.model.objects.values()}
        for before in tables[name]:
            assert {**kept[before["id"]], "valid_to": None} == {**before, "valid_to": None}, name
            assert kept[before["id"]]["valid_to"] in (None, today() + DAY)
        assert of.model.objects.filter(valid_from=today() + DAY).count() == 1


def test_a_change_may_begin_today_but_not_yesterday_and_not_twice_on_a_day() -> None:
    old, client = rule(), door()
    late = client.post(f"/govern/deadlines/{old.pk}/change/", reply_change(valid_from=str(today() - DAY)))
    assert late.status_code == 422
    assert "不能早于今天" in late.content.decode()
    assert (
        confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change(valid_from=str(today()))).status_code
        == 303
    )
    again = client.post(f"/govern/deadlines/{old.pk}/change/", reply_change(valid_from=str(today()), amount="4"))
    assert again.status_code == 422
    assert "今天刚生效" in again.content.decode()
    assert [
        row.amount for row in DeadlineRule.objects.filter(stage="reply", klass="general").order_by("valid_from")
    ] == [7, 5]


def test_a_coming_version_is_replaced_by_another_of_the_same_day() -> None:
    old, client = rule(), door()
    confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change(amount="5"))
    confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change(amount="6"))
    rows = DeadlineRule.objects.filter(stage="reply", klass="general").order_by("valid_from")
    assert [(row.amount, row.valid_to) for row in rows] == [(7, today() + DAY), (6, None)]


def test_a_change_before_a_coming_version_ends_where_that_begins() -> None:
    old, client = rule(), door()
    confirmed(
        client, f"/govern/deadlines/{old.pk}/change/", reply_change(amount="5", valid_from=str(today() + 10 * DAY))
    )
    confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change(amount="6"))
    rows = DeadlineRule.objects.filter(stage="reply", klass="general").order_by("valid_from")
    assert [(row.amount, row.valid_to) for row in rows] == [(7, today() + DAY), (6, today() + 10 * DAY), (5, None)]


def test_a_coming_change_can_be_taken_back_and_one_in_force_cannot() -> None:
    old, client = rule(), door()
    confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change())
    coming = rule()
    page = client.get(f"/govern/deadlines/{coming.pk}/taking-back/")
    assert client.post(f"/govern/deadlines/{coming.pk}/taking-back/", hidden(page)).status_code == 303
    rows = DeadlineRule.objects.filter(stage="reply", klass="general")
    assert [(row.pk, row.valid_to) for row in rows] == [(old.pk, None)]
    assert client.get(f"/govern/deadlines/{old.pk}/taking-back/").status_code == 409
    history = client.get(f"/govern/deadlines/{old.pk}/").content.decode()
    assert "撤回" in history
    assert "忠府办〔2026〕12号" in history


def test_taking_back_restores_the_end_that_was_planned_before() -> None:
    old, client = rule(), door()
    later = {"valid_from": str(today() + 30 * DAY), "source": "到期停用"}
    confirmed(client, f"/govern/deadlines/{old.pk}/ending/", later)
    confirmed(client, f"/govern/deadlines/{old.pk}/change/", reply_change())
    assert rule().valid_to is None
    page = client.get(f"/govern/deadlines/{rule().pk}/taking-back/")
    client.post(f"/govern/deadlines/{rule().pk}/taking-back/", hidden(page))
    assert rule().valid_to == today() + 30 * DAY
    page = client.get(f"/govern/deadlines/{old.pk}/taking-back/")
    client.post(f"/govern/deadlines/{old.pk}/taking-back/", hidden(page))
    assert rule().valid_to is None


def test_every_change_needs_a_day_and_a_source() -> None:
    answer = door().post(f"/govern/deadlines/{rule().pk}/change/", reply_change(source="", valid_from="明天"))
    assert answer.status_code == 422
    assert answer.context["errors"].keys() == {"valid_from", "source"}


def test_nothing_is_saved_where_nothing_changes() -> None:
    old = rule()
    answer = door().post(f"/govern/deadlines/{old.pk}/change/", reply_change(amount="7", source=old.source))
    assert answer.status_code == 422
    assert "没有改动" in answer.content.decode()


def test_new_rows_of_every_table_can_be_added() -> None:
    client, asked = door(), {"valid_from": str(today()), "source": "新文件"}
    for name, values in (
        ("categories", {"code": "0102", "name": "停车", "klass": "general", "kinds": ["complaint", "help"]}),
        ("catalogue", {"category_code": "0102", "area": "500233001", "lead": "500233001-D01", "supports": ["500233-D01"],
                       "answer_amount": "3", "answer_measure": "days"}),
        ("duties", {"holder": "500233001001", "category_code": "0102", "role": "lead", "text": "劝导乱停车"}),
        ("deadlines", {"stage": "reply", "klass": "general", "urgency": "urgent", "unit": "500233001", "amount": "３", "measure": "days"}),
        ("ladder", {"rung": "urge", "klass": "danger", "when": "after", "amount": "0", "measure": "minutes",
                    "tell": ["handler", "supervisor"]}),
        ("refusals", {"code": "private", "name": "私人纠纷", "route": "人民调解"}),
        ("phones", {"unit": "500233001", "day_phone": "023-54110000", "night_phone": "023-54110001"}),
        ("quiet", {"audience": "staff", "begins": "20:00", "ends": "08:00"}),
    ):  # fmt: skip
        assert confirmed(client, f"/govern/{name}/new/", {**values, **asked}).status_code == 303, name
    assert Category.objects.get(code="0102").kinds == "help;complaint"
    assert DispatchRule.objects.get(category_code="0102").supports == "500233-D01"
    assert Duty.objects.get(category_code="0102").holder == "500233001001"
    assert DeadlineRule.objects.get(urgency="urgent").amount == 3
    assert LadderRule.objects.get(klass="danger").tell == "handler;supervisor"
    assert RefusalReason.objects.get(code="private").valid_from == today()
    assert org.duty_phone(make.node("500233001001").id) == "023-54110000"
    assert DutyPhone.objects.count() == 2


def test_a_preview_warns_of_a_community_that_leads_outside_its_duty_list() -> None:
    values = {
        "category_code": "0201",
        "area": "500233001001",
        "lead": "500233001001",
        "valid_from": str(today()),
        "source": "x",
    }
    page = door().post("/govern/catalogue/new/", values)
    assert "职责清单里没有主办" in page.content.decode()


def test_a_limit_that_is_not_tighter_has_no_effect_and_says_so() -> None:
    row = DispatchRule.objects.get(category_code="01")
    values = {
        "lead": "500233-D01",
        "answer_amount": "30",
        "answer_measure": "days",
        "valid_from": str(today()),
        "source": "x",
    }
    page = door().post(f"/govern/catalogue/{row.pk}/change/", values)
    assert "不起作用" in page.content.decode()


def test_ending_the_last_rule_of_a_stage_is_warned_of() -> None:
    row = DeadlineRule.objects.get(stage="sign")
    page = door().post(f"/govern/deadlines/{row.pk}/ending/", {"valid_from": str(today() + DAY), "source": "x"})
    assert "没有别的时限可用" in page.content.decode()


def test_of_two_operators_the_second_sees_what_the_first_did() -> None:
    old, first, second = rule(), door(), door()
    mine = first.post(f"/govern/deadlines/{old.pk}/change/", reply_change(amount="5"))
    theirs = second.post(f"/govern/deadlines/{old.pk}/change/", reply_change(amount="6"))
    assert first.post(f"/govern/deadlines/{old.pk}/change/", hidden(mine)).status_code == 303
    answer = second.post(f"/govern/deadlines/{old.pk}/change/", hidden(theirs))
    assert answer.status_code == 409
    assert "刚才有别人改过" in answer.content.decode()
    assert "<ins>6</ins>" in answer.content.decode()
    assert rule().amount == 5
    assert second.post(f"/govern/deadlines/{old.pk}/change/", hidden(answer)).status_code == 303
    assert rule().amount == 6


def test_a_second_tap_on_confirm_changes_nothing_more() -> None:
    old, client = rule(), door()
    page = client.post(f"/govern/deadlines/{old.pk}/change/", reply_change())
    sent = hidden(page)
    assert client.post(f"/govern/deadlines/{old.pk}/change/", sent).status_code == 303
    assert client.post(f"/govern/deadlines/{old.pk}/change/", sent).status_code == 303
    assert DeadlineRule.objects.filter(stage="reply", klass="general").count() == 2
    assert len(journal.entries("orders.rule:deadlines:reply/general/*/")) == 1


def test_a_confirmation_without_its_preview_changes_nothing() -> None:
    old = rule()
    sent = {**reply_change(), "step": "confirm", "form_token": "made-up", "seen": "made-up"}
    assert door().post(f"/govern/deadlines/{old.pk}/change/", sent).status_code == 409
    assert DeadlineRule.objects.filter(stage="reply", klass="general").count() == 1


def test_a_streets_operator_keeps_the_streets_rows_only() -> None:
    Seat.objects.create(
        person=make.person("checker"), unit=Unit.objects.get(code="500233001"), role="operator", from_date=make.SINCE
    )
    client, asked = door("checker"), {"valid_from": str(today()), "source": "街道文件"}
    values = {"stage": "reply", "klass": "general", "urgency": "*", "amount": "3", "measure": "days", **asked}
    assert confirmed(client, "/govern/deadlines/new/", {**values, "unit": "500233001"}).status_code == 303
    assert client.post("/govern/deadlines/new/", {**values, "unit": "500233002"}).status_code == 403
    assert client.post("/govern/deadlines/new/", values).status_code == 403
    assert client.post(f"/govern/deadlines/{rule(unit=None).pk}/ending/", asked).status_code == 403
    assert client.get(f"/govern/deadlines/{rule(unit=None).pk}/").status_code == 200


@pytest.mark.parametrize("handle", [handle for handle, role, _unit in make.STAFF if role != "operator"])
def test_nobody_but_an_operator_opens_these_pages(handle: str) -> None:
    client = door(handle)
    for href in (
        "/govern/", "/govern/deadlines/", f"/govern/deadlines/{rule().pk}/", f"/govern/deadlines/{rule().pk}/change/",
        "/govern/deadlines/new/", "/govern/deadlines/import/", "/govern/deadlines/export/", "/govern/units/500233/",
        "/govern/people/", "/govern/people/operator/", "/govern/calendar/2026/", "/govern/units/500233/seats/new/",
    ):  # fmt: skip
        assert client.get(href).status_code == 403, href


def test_without_a_sign_in_one_is_led_to_it() -> None:
    assert Client().get("/govern/").status_code == 302
    assert Client().post("/govern/deadlines/new/", {}).status_code == 401


@pytest.mark.parametrize(
    "href", ["/govern/nothing/", "/govern/deadlines/999999/", "/govern/units/nowhere/", "/govern/calendar/1200/"]
)
def test_what_is_not_there_is_not_found(href: str) -> None:
    assert door().get(href).status_code == 404


@pytest.mark.parametrize("name", list(TABLES))
def test_a_list_costs_the_same_for_one_row_and_for_twenty(name: str, django_assert_max_num_queries: Any) -> None:
    of, client = TABLES[name], door()
    pattern = of.model.objects.values().first()
    del pattern["id"]
    of.model.objects.all().delete()
    counted = []
    for rows in (1, 19):
        of.model.objects.bulk_create(
            of.model(**{**pattern, "valid_from": make.SINCE - timedelta(days=rows * 100 + n)}) for n in range(rows)
        )
        snapshot.forget()
        client.get(f"/govern/{name}/")
        with django_assert_max_num_queries(6) as seen:
            page = client.get(f"/govern/{name}/", {"q": ""})
        counted.append(len(seen.captured_queries))
    assert len(page.context["rows"]) == 20
    assert counted[0] == counted[1]


def test_lists_are_searched_by_code_and_by_name_and_paged() -> None:
    client = door()
    assert [row["title"] for row in client.get("/govern/categories/?q=供水").context["rows"]] == ["0201 供水"]
    assert len(client.get("/govern/catalogue/?q=水利").context["rows"]) == 1
    assert client.get("/govern/catalogue/?q=01").context["rows"][0]["title"].startswith("01 物业")
    Category.objects.bulk_create(
        Category(code=f"05{n:02d}", name=f"第{n}", klass="general", valid_from=make.SINCE, source="x")
        for n in range(60)
    )
    first = client.get("/govern/categories/?q=05")
    assert len(first.context["rows"]) == 50
    assert len(client.get("/govern/categories/" + first.context["next_href"]).context["rows"]) == 10


def test_the_overview_lists_what_will_change_when() -> None:
    client = door()
    confirmed(client, f"/govern/deadlines/{rule().pk}/change/", reply_change())
    coming = client.get("/govern/").context["coming"]
    assert [(one["day"], one["status"]) for one in coming] == [(today() + DAY, "coming")]


def test_a_duty_phone_that_begins_tomorrow_is_dialled_tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    row = DutyPhone.objects.get()
    confirmed(
        door(), f"/govern/phones/{row.pk}/change/",
        {"day_phone": "023-1", "night_phone": "023-2", "valid_from": str(today() + DAY), "source": "x"},
    )  # fmt: skip
    assert org.duty_phone() == "023-54000000"
    tomorrow = timezone.now() + DAY
    monkeypatch.setattr(org, "local_date", lambda at: tomorrow.astimezone(org.ZONE).date())
    monkeypatch.setattr(timezone, "localdate", lambda: tomorrow.astimezone(org.ZONE).date())
    monkeypatch.setattr(snapshot, "CHECK_SECONDS", 0)
    assert org.duty_phone() == "023-1"


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_exactly_one_wins() -> None:
    act = Act(make.person("operator"), timezone.now(), Via.PAGE)
    of, old = TABLES["deadlines"], rule()
    seen = governing.fingerprint([old])
    start, won, lost = threading.Barrier(4), [], []

    def race(amount: int) -> None:
        try:
            start.wait()
            stored = of.clean({**of.raw(of.cells(old)), "amount": str(amount)})
            plan = lambda: commands.plan_change(of, stored, today() + DAY, "同时", act)  # noqa: E731
            won.append(commands.carry_out(plan, seen, act))
        except commands.Changed as refusal:
            lost.append(refusal)
        finally:
            connection.close()

    racers = [threading.Thread(target=race, args=(amount,)) for amount in range(1, 5)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert (len(won), len(lost)) == (1, 3)
    assert DeadlineRule.objects.filter(stage="reply", klass="general", valid_to=None).count() == 1


def test_what_is_kept_reads_back_as_the_same_and_is_no_change() -> None:
    for of in TABLES.values():
        for row in of.model.objects.all():
            stored = of.clean(of.raw(of.cells(row)))
            assert of.cells_of(stored) == of.cells(row)
            with pytest.raises(Invalid):
                governing.change(of, stored, today(), row.source, today(), governing.versions(of, stored))
