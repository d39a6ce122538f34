"""Steps by the staff's pages: only what the law allows, once, with nothing lost and nobody's identity shown."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from sidan.kernel.files.tests.samples import picture
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Seat, Unit
from sidan.orders.models import Order, Reveal, Support, Text
from sidan.orders.queries import reading
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = make.NOON + timedelta(minutes=30)
HANDLES = [handle for handle, _role, _unit in make.STAFF]
SECRET: dict[str, Any] = {"name": "欧阳某某", "phone": "13911112222"}


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


_made = iter(range(1_000_000))


def press(handle: str, order: Order, noun: str, **values: Any) -> Any:
    """Send a form as somebody who has just opened the page, unless another version or token is given."""
    sent = {"version": fresh(order).version, "form_token": f"form-{next(_made)}", **values}
    return door(handle).post(f"/desk/orders/{order.number}/{noun}/", sent)


@pytest.mark.parametrize("state", list(S))
def test_the_buttons_are_the_moves_of_the_law_for_every_role(state: S) -> None:
    order = make.order_in(state)
    for handle in HANDLES:
        found = door(handle).get(f"/desk/orders/{order.number}/")
        if found.status_code == 404:
            continue
        shown = set(re.findall(r'id="move-([a-z-]+)"', html(found)))
        assert shown == {move["noun"] for move in reading.moves(fresh(order), make.act(handle, NOW))}, handle


def test_a_step_is_taken_and_leads_back_with_a_word() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    done = press(
        "dispatcher", order, "dispatching", lead="500233-D02", supports=["500233-D01", "500233-D03"], note="请尽快"
    )
    assert (done.status_code, done["Location"]) == (303, f"/desk/orders/{order.number}/")
    assert fresh(order).state == S.DISPATCHED
    assert Support.objects.filter(order=order).count() == 2
    text = html(door("dispatcher").get(f"/desk/orders/{order.number}/"))
    assert "请尽快" in text
    assert "住建委" in text


def test_the_catalogues_suggestion_is_preselected_with_its_reason() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    text = html(door("dispatcher").get(f"/desk/orders/{order.number}/"))
    assert "派单目录：“物业”在忠县由城市管理局主办" in text
    form = text[text.index('id="move-dispatching"') :]
    chosen = re.search(r'name="lead" value="([^"]+)" checked|<option value="([^"]+)" selected', form)
    assert chosen is not None
    assert "500233-D01" in chosen.groups()


def test_a_wrong_value_keeps_what_was_typed_and_names_the_field() -> None:
    order = make.order_in(S.IN_PROGRESS)
    wrong = press("handler", order, "extension", days="99", reason="雨一直下，路还没有干")
    text = html(wrong)
    assert wrong.status_code == 422
    assert "雨一直下，路还没有干" in text
    assert 'id="f-extension-days-error"' in text
    assert fresh(order).version == order.version
    nothing = press("handler", order, "reply", text="")
    assert nothing.status_code == 422
    assert "请填写“办理结果”" in html(nothing)


def test_pressing_twice_has_one_effect() -> None:
    order = make.order_in(S.IN_PROGRESS)
    same = {"version": order.version, "form_token": "the-same-form", "text": "已经派人去看"}
    first, again = (press("handler", order, "message", **same) for _one in range(2))
    assert (first.status_code, again.status_code) == (303, 303)
    assert Text.objects.filter(order=order, body="已经派人去看").count() == 1


def test_a_form_without_its_token_has_no_effect() -> None:
    order = make.ask()
    assert press("community", order, "acceptance", form_token="").status_code == 400
    assert fresh(order).state == S.SUBMITTED


def test_a_unit_where_nobody_sits_is_told_apart_with_who_would_hear_of_it() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    page = html(door("dispatcher").get(f"/desk/orders/{order.number}/"))
    assert "街道城管办（无人在岗，没有人会收到通知）" in page
    assert "城市管理局（无人" not in page
    people.seat(make.person("handler2"), Unit.objects.get(code="500233"), "handler", from_date=make.SINCE)
    page = html(door("dispatcher").get(f"/desk/orders/{order.number}/"))
    assert "街道城管办（无人在岗，将通知忠县）" in page
    assert "住建委（无人" not in page


def test_whoever_comes_second_sees_who_was_first_and_keeps_their_words() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    seen = order.version
    make.take(order, "dispatch", "county-dispatcher", NOW, lead=make.node("500233-D02"))
    late = press("dispatcher", order, "return", version=seen, reason="地址要再核对一下")
    text = html(late)
    assert late.status_code == 409
    assert "county-dispatcher 名刚刚已处理" in text
    assert "派给住建委办理" in text
    assert "地址要再核对一下" in text
    assert 'id="move-escalation"' in text  # what is possible now
    assert 'id="move-dispatching"' not in text
    assert fresh(order).state == S.DISPATCHED


def test_a_form_that_is_still_possible_is_kept_open_after_a_conflict() -> None:
    order = make.order_in(S.IN_PROGRESS)
    seen = order.version
    make.take(order, "add_facts", None, NOW, text="二楼也不亮")
    late = press("handler", order, "reply", version=seen, text="一楼的灯换好了")
    text = html(late)
    assert late.status_code == 409
    assert "二楼也不亮" in text
    form = text[text.index('id="move-reply"') :]
    assert "一楼的灯换好了" in form[: form.index("</form>")]
    assert f'name="version" value="{fresh(order).version}"' in form
    assert press("handler", order, "reply", text="一楼、二楼都换好了").status_code == 303


def test_a_form_changed_after_the_back_button_is_a_conflict_and_not_a_second_effect() -> None:
    order = make.order_in(S.IN_PROGRESS)
    one = {"version": order.version, "form_token": "one-form"}
    assert press("handler", order, "message", text="第一次", **one).status_code == 303
    again = press("handler", order, "message", text="改过的第二次", **one)
    assert again.status_code == 409
    assert "改过的第二次" in html(again)
    assert not Text.objects.filter(body="改过的第二次").exists()


def test_a_step_of_another_state_says_what_is_now() -> None:
    order = make.ask()
    refused = press("community", order, "forwarding", note="x")
    assert refused.status_code == 409
    assert "“已提交”时不能转街道派单" in html(refused)
    assert press("community", order, "no-such-step").status_code == 404
    assert door("community").get(f"/desk/orders/{order.number}/acceptance/").status_code == 405


def test_a_dispute_cannot_be_returned_twice() -> None:
    order = make.order_in(S.DISPUTED)
    assert press("supervisor", order, "ruling", lead="500233-D02", reason="住建委职责").status_code == 303
    text = html(door("handler2").get(f"/desk/orders/{order.number}/"))
    assert 'id="move-dispute"' not in text
    again = press("handler2", order, "dispute", reason="也不是我们的")
    assert again.status_code == 409
    assert "裁定是最终的，不能再退单" in html(again)
    assert door("handler").get(f"/desk/orders/{order.number}/").status_code == 404  # it went to another unit


def test_a_handler_does_not_check_their_own_reply() -> None:
    Seat.objects.create(
        person=make.person("handler"), unit_id=make.node("500233001").id, role="checker", from_date=make.SINCE
    )
    order = make.order_in(S.REPLIED)
    text = html(door("handler").get(f"/desk/orders/{order.number}/"))
    assert 'id="move-check"' not in text
    assert press("handler", order, "check").status_code == 403
    assert press("checker", order, "check").status_code == 303
    assert press("handler", order, "call-back", solved="yes", satisfied="yes").status_code == 403


def test_a_co_handler_answers_its_part_and_only_then_the_lead_replies() -> None:
    order = make.order_in(S.IN_PROGRESS)
    assert press("handler", order, "support", unit="500233-D03", note="请停水").status_code == 303
    inbox = html(door("handler3").get("/desk/inbox/"))
    assert f"/desk/orders/{order.number}/#move-support-answer" in inbox
    text = html(door("handler3").get(f"/desk/orders/{order.number}/"))
    assert set(re.findall(r'id="move-([a-z-]+)"', text)) == {"support-answer"}
    assert 'id="move-reply"' not in html(door("handler").get(f"/desk/orders/{order.number}/"))
    assert press("handler", order, "support-answer", text="冒充").status_code == 403
    assert press("handler3", order, "support-answer", text="已停水").status_code == 303
    assert "已停水" in html(door("handler").get(f"/desk/orders/{order.number}/"))
    assert press("handler", order, "reply", text="修好了").status_code == 303


def test_orders_like_this_one_are_offered_for_merging() -> None:
    first, again = make.ask(), make.ask()
    make.ask(unit="500233001002")
    text = html(door("community").get(f"/desk/orders/{again.number}/"))
    assert f"并入 {first.number}" in text
    assert text.count("并入 ") == 1
    assert press("community", again, "merging", into=first.number).status_code == 303
    assert "并到这里的单" in html(door("community").get(f"/desk/orders/{first.number}/"))
    assert f">{first.number}</a>" in html(door("community").get(f"/desk/orders/{again.number}/"))


def test_photos_before_and_after_are_kept_and_served_by_the_orders_permission() -> None:
    order = make.order_in(S.IN_PROGRESS)
    shot = SimpleUploadedFile("张三家.jpg", picture(gps=True), "image/jpeg")
    done = press("handler", order, "photo", purpose="after", photos=[shot])
    assert done.status_code == 303
    text = html(door("handler").get(f"/desk/orders/{order.number}/"))
    assert "处理后" in text
    links = re.findall(rf"/desk/orders/{order.number}/photos/[0-9a-f-]+/(?:small/)?", text)
    assert len(links) == 2
    for link in links:
        served = door("checker").get(link)
        assert (served.status_code, served["Content-Type"]) == (200, "image/jpeg")
        assert b"Mrs-Li" not in b"".join(served.streaming_content)  # type: ignore[attr-defined]
        assert door("handler2").get(link).status_code == 404
    other = make.order_in(S.IN_PROGRESS)
    assert door("checker").get(links[0].replace(order.number, other.number)).status_code == 404


@pytest.mark.parametrize("data", [b"<svg onload='x'></svg>", b"", b"\xff\xd8\xff not a photo"])
def test_what_is_no_photo_is_refused_at_its_field(data: bytes) -> None:
    order = make.order_in(S.IN_PROGRESS)
    file = SimpleUploadedFile("x.jpg", data, "image/jpeg")
    refused = press("handler", order, "photo", purpose="after", photos=[file])
    assert refused.status_code == 422
    assert 'id="f-photo-photos-error"' in html(refused)
    assert fresh(order).version == order.version


def test_a_contact_is_shown_once_and_the_reading_is_an_entry() -> None:
    order = make.order_in(S.SIGNED, **SECRET)
    client = door("handler")
    page = f"/desk/orders/{order.number}/"
    before = html(client.get(page))
    assert "留有手机号" in before
    assert SECRET["phone"] not in before
    read = html(client.post(f"{page}contact-reading/"))
    assert SECRET["phone"] in read
    assert SECRET["name"] in read
    assert SECRET["phone"] not in html(client.get(page))
    assert Entry.objects.filter(kind="orders.contact.read", by=make.person("handler")).count() == 1
    assert door("county-supervisor").post(f"{page}contact-reading/").status_code == 403


def _sees_identity(handle: str, order: Order) -> list[str]:
    """Every page on which somebody finds the name or the number."""
    client = door(handle)
    pages = [f"/desk/orders/{order.number}/", f"/desk/orders/{order.number}/print/", "/desk/orders/", "/desk/reveals/",
             "/desk/", "/desk/community/", "/desk/inbox/", "/desk/overdue/"]  # fmt: skip
    return [page for page in pages if any(secret in html(client.get(page)) for secret in SECRET.values())]


def test_a_confidential_identity_is_in_no_page_before_two_people_agree() -> None:
    order = make.order_in(S.IN_PROGRESS, confidential=True, text="请打我电话13911112222，单位排污", **SECRET)
    path = f"/desk/orders/{order.number}/"
    for handle in HANDLES:
        assert _sees_identity(handle, order) == [], handle
        assert door(handle).post(f"{path}contact-reading/").status_code in (403, 404), handle
    assert door("handler").post(f"{path}reveal/", {"reason": "想知道", "form_token": "a1"}).status_code == 403

    short = door("supervisor").post(f"{path}reveal/", {"reason": "急", "form_token": "a2"})
    assert short.status_code == 422
    assert 'id="f-reveal-reason-error"' in html(short)
    assert (
        door("supervisor").post(f"{path}reveal/", {"reason": "需要当面核实线索", "form_token": "a3"}).status_code == 303
    )
    reveal = Reveal.objects.get(order=order)
    own = door("supervisor").post(f"/desk/reveals/{reveal.pk}/approval/", {"form_token": "a4"})
    assert own.status_code == 403
    assert door("handler").post(f"/desk/reveals/{reveal.pk}/approval/", {"form_token": "a5"}).status_code == 403
    assert "需要当面核实线索" in html(door("county-supervisor").get("/desk/reveals/"))
    agreed = door("county-supervisor").post(f"/desk/reveals/{reveal.pk}/approval/", {"form_token": "a6"})
    assert agreed.status_code == 303

    for handle in HANDLES:
        assert _sees_identity(handle, order) == [], handle
    assert door("county-supervisor").post(f"{path}contact-reading/").status_code == 403
    assert SECRET["phone"] in html(door("supervisor").post(f"{path}contact-reading/"))
    with time_machine.travel(NOW + timedelta(hours=2, minutes=1), tick=False):
        assert door("supervisor").post(f"{path}contact-reading/").status_code == 403


def test_a_declined_reveal_opens_nothing() -> None:
    order = make.order_in(S.IN_PROGRESS, confidential=True, **SECRET)
    path = f"/desk/orders/{order.number}/"
    door("supervisor").post(f"{path}reveal/", {"reason": "需要当面核实线索", "form_token": "b1"})
    reveal = Reveal.objects.get(order=order)
    door("county-supervisor").post(f"/desk/reveals/{reveal.pk}/declining/", {"form_token": "b2"})
    assert door("supervisor").post(f"{path}contact-reading/").status_code == 403
    late = door("county-supervisor").post(f"/desk/reveals/{reveal.pk}/approval/", {"form_token": "b3"})
    assert late.status_code == 409


def test_the_ticket_carries_number_code_and_rule_but_not_who_asked() -> None:
    order = make.order_in(S.SIGNED, **SECRET)
    text = html(door("handler").get(f"/desk/orders/{order.number}/print/"))
    assert "<svg" in text
    assert "style=" not in text
    assert "答复时限：7天（test）" in text
    assert SECRET["phone"] not in text
    assert SECRET["name"] not in text
