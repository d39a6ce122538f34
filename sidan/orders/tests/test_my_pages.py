"""My orders and my data: what a proved number shows, corrects, hands out and deletes, and what it does not."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import orjson
import pytest
import time_machine
from django.test import Client
from python_calamine import CalamineWorkbook

from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import codes
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Code, Contact
from sidan.orders.commands import erasing
from sidan.orders.models import ErasureWish, Order, Text
from sidan.orders.queries import mine
from sidan.orders.tests import make
from sidan.orders.words import S
from sidan.web import signing

pytestmark = pytest.mark.django_db
PHONE, OTHER = "13800001234", "13900005678"
NOW = make.NOON + timedelta(hours=2)
LATER = NOW + timedelta(days=200)


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def come_in(phone: str = PHONE) -> Client:
    """A browser that signed in by telephone; the clock stands where it is told."""
    client = Client()
    assert client.post("/my/sign-in/", {"do": "send", "phone": phone}).status_code == 303
    digits = codes.digits(Code.objects.latest("pk"))
    answer = client.post("/my/sign-in/", {"do": "digits", "digits": digits, "own": "true"})
    assert answer["Location"] == "/my/"
    return client


def page(client: Client, href: str) -> str:
    answer = client.get(href)
    assert answer.status_code == 200, (href, answer.status_code)
    return answer.content.decode()


def test_orders_with_the_proved_number_are_listed_and_others_are_not() -> None:
    mine_, theirs = make.ask(), make.ask(phone=OTHER)
    done = make.order_in(S.AWAITING_RATING)
    with time_machine.travel(NOW, tick=False):
        shown = page(come_in(), "/my/")
    assert mine_.number in shown
    assert done.number in shown
    assert theirs.number not in shown


def test_confidential_and_anonymous_orders_are_not_listed_opened_handed_out_or_erased() -> None:
    secret = make.order_in(S.WITHDRAWN, confidential=True)
    nobody = make.ask(anonymous=True, phone=None)
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        for href in ("/my/", "/my/data/export/", "/my/data/deletion/"):
            shown = page(client, href)
            assert secret.number not in shown
            assert nobody.number not in shown
        assert client.post("/my/order/", {"number": secret.number}).status_code == 404
        client.post("/my/data/deletion/")
    assert not Text.objects.filter(order=secret, erased_at__isnull=False).exists()


def test_one_of_them_opens_and_can_be_rated() -> None:
    order = make.order_in(S.AWAITING_RATING)
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        answer = client.post("/my/order/", {"number": order.number})
        assert answer["Location"] == "/track/order/"
        shown = page(client, "/track/order/rating/?solved=yes")
        token = shown.split('name="form_token" value="')[1].split('"')[0]
        client.post("/track/order/rating/", {"solved": "yes", "satisfied": "yes", "form_token": token})
    order.refresh_from_db()
    assert (order.state, order.solved) == (S.CLOSED, "yes")


def test_another_s_order_does_not_open() -> None:
    theirs = make.ask(phone=OTHER)
    with time_machine.travel(NOW, tick=False):
        assert come_in().post("/my/order/", {"number": theirs.number}).status_code == 404


def test_what_was_asked_before_the_number_can_have_been_theirs_is_not_shown() -> None:
    """A carrier gives a number that was given up to nobody for ninety days."""
    old = make.ask(LATER - timedelta(days=91))
    young = make.ask(LATER - timedelta(days=89))
    with time_machine.travel(LATER, tick=False):
        shown = page(come_in(), "/my/")
    assert young.number in shown
    assert old.number not in shown


def test_whoever_keeps_proving_the_number_keeps_seeing_its_orders_and_a_later_owner_does_not() -> None:
    order = make.ask()
    with time_machine.travel(NOW, tick=False) as clock:
        come_in()
        for days in (80, 160):
            clock.move_to(NOW + timedelta(days=days))
            assert order.number in page(come_in(), "/my/")
        clock.move_to(NOW + timedelta(days=160 + 91))
        assert order.number not in page(come_in(), "/my/")


def test_a_name_is_corrected_in_the_account_and_its_orders_and_the_journal_does_not_hold_it() -> None:
    named, nameless = make.ask(name="王姨"), make.ask()
    secret = make.ask(name="王姨", confidential=True)
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        assert client.post("/my/data/name/", {"name": "王阿姨"}).status_code == 303
        assert 'value="王阿姨"' in page(client, "/my/data/")
    assert org.name_of(named.asked_by_id) == "王阿姨"
    assert org.name_of(nameless.asked_by_id) is None
    assert org.name_of(secret.asked_by_id) == "王姨"
    assert "王" not in "".join(Entry.objects.values_list("data", flat=True))


def test_another_number_must_be_proved_and_its_orders_follow() -> None:
    order = make.ask(LATER)
    before = make.ask(LATER - timedelta(days=100), phone=OTHER)  # of whoever had that number before
    with time_machine.travel(LATER, tick=False) as clock:
        client = come_in()
        clock.move_to(LATER + timedelta(minutes=1))
        assert client.post("/my/data/phone/", {"do": "send", "phone": OTHER}).status_code == 303
        wrong = client.post("/my/data/phone/", {"do": "digits", "digits": "x"})
        assert wrong.status_code == 422
        assert org.phone_of(order.asked_by_id) == PHONE
        said = codes.digits(Code.objects.latest("pk"))
        assert client.post("/my/data/phone/", {"do": "digits", "digits": said}).status_code == 303
        assert org.phone_of(order.asked_by_id) == OTHER
        shown = page(client, "/my/")
        assert order.number in shown
        assert before.number not in shown
        assert page(come_in(phone=PHONE), "/my/").count(order.number) == 0, "the old number opens nothing any more"
        again = Client()
        found = again.post("/track/", {"number": order.number, "proof": OTHER[-4:]})
        assert found["Location"] == "/track/order/"


def test_everything_is_handed_out_as_page_json_and_workbook() -> None:
    order = make.order_in(S.AWAITING_RATING, name="=1+1", text="楼道的灯坏了三天")
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        shown = page(client, "/my/data/export/")
        held = orjson.loads(client.get("/my/data/export/json/").content)
        sheets = client.get("/my/data/export/xlsx/")
    assert order.number in shown
    assert "楼道的灯坏了三天" in shown
    assert held["account"]["phone"] == PHONE
    assert [one["number"] for one in held["orders"]] == [order.number]
    assert held["orders"][0]["contact"] == {"name": "=1+1", "phone": PHONE}
    assert held["orders"][0]["timeline"][-1]["kind"] == "orders.order.checked"
    assert "moves" not in held["orders"][0]
    assert {one["title"] for one in held["messages"]} >= {"已收到您的单", "登录验证码"} - {"登录验证码"}
    book = CalamineWorkbook.from_filelike(BytesIO(sheets.content))
    assert book.sheet_names == ["我的资料", "我的单", "经过", "短信"]
    assert book.get_sheet_by_name("我的单").to_python()[1][5] == "=1+1", "a text and no formula"


def test_deleting_empties_what_has_ended_at_once_and_the_rest_as_soon_as_it_has() -> None:
    ended, going = make.order_in(S.WITHDRAWN), make.order_in(S.AWAITING_RATING)
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        shown = page(client, "/my/data/deletion/")
        assert shown.index(ended.number) < shown.index("办结后自动删除") < shown.index(going.number)
        assert client.post("/my/data/deletion/")["Location"] == "/"
        assert client.get("/my/").status_code == 302
    assert not Account.objects.filter(phone_hash__isnull=False).exists()
    assert Text.objects.get(order=ended, kind="request").body == ""
    assert not Contact.objects.filter(person_id=ended.asked_by_id).exists()
    assert Text.objects.get(order=going, kind="request").body
    assert ErasureWish.objects.get().order_id == going.pk
    entry = journal.entries(ended.subject())[-1]
    assert (entry.kind, entry.by_id) == ("orders.order.erased", ended.asked_by_id)
    make.take(Order.objects.get(pk=going.pk), "rate", None, NOW, solved="yes", satisfied="yes")
    assert erasing.erase_due(NOW + timedelta(days=29)) == 0, "it may still be opened again"
    assert erasing.erase_due(NOW + timedelta(days=31)) == 1
    assert Text.objects.get(order=going, kind="request").body == ""
    assert not ErasureWish.objects.exists()
    assert journal.verify() is None


def test_a_wish_holds_without_a_rule_of_retention() -> None:
    from sidan.orders.models import DeadlineRule

    order = make.order_in(S.WITHDRAWN)
    erasing.wish(order, at=NOW)
    DeadlineRule.objects.filter(stage="retention").delete()
    assert erasing.erase_due(NOW) == 1


@pytest.mark.parametrize("href", ["/my/data/phone/", "/my/data/export/", "/my/data/export/json/", "/my/data/deletion/"])
def test_what_weighs_asks_for_a_young_proof_and_leads_back(href: str) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = come_in()
        assert client.get(href).status_code == 200
        clock.move_to(NOW + signing.FRESH)
        answer = client.get(href)
        assert (answer.status_code, answer["Location"]) == (303, f"/my/sign-in/?next={href}")


def test_deleting_by_an_old_session_deletes_nothing() -> None:
    order = make.order_in(S.WITHDRAWN)
    with time_machine.travel(NOW, tick=False) as clock:
        client = come_in()
        clock.move_to(NOW + signing.FRESH)
        client.post("/my/data/deletion/")
    assert Text.objects.get(order=order, kind="request").body


def test_whoever_is_signed_in_need_not_write_name_and_number_again() -> None:
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        client.post("/my/data/name/", {"name": "王阿姨"})
        client.post("/report/", {"text": "楼道的灯坏了", "kind": "help"})
        client.post("/report/where/", {"unit": "500233001001"})
        shown = page(client, "/report/more/")
    assert f'value="{PHONE}"' in shown
    assert 'value="王阿姨"' in shown


def test_a_resident_s_account_opens_no_door_of_the_staff() -> None:
    order = make.ask()
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        for href in ("/desk/", "/desk/orders/", f"/desk/orders/{order.number}/", "/govern/", "/desk/figures/"):
            assert client.get(href).status_code == 403, href
        for href in ("/account/factors/new/", "/account/recovery/"):
            assert client.get(href).status_code == 403, href


def test_my_orders_cost_the_same_for_one_and_for_ten(django_assert_max_num_queries: Any) -> None:
    make.ask()
    with time_machine.travel(NOW, tick=False):
        client = come_in()
        page(client, "/my/")
        with django_assert_max_num_queries(10) as one:
            page(client, "/my/")
        for _n in range(9):
            make.ask()
        with django_assert_max_num_queries(len(one.captured_queries)):
            page(client, "/my/")


def test_imported_orders_are_left_out_by_the_index() -> None:
    with time_machine.travel(NOW, tick=False):
        come_in()
    account = Account.objects.get(phone_hash__isnull=False)
    assert '"batch_id" IS NULL' in str(mine.orders(account, rest=signing.rest()).query)
