"""The tracking page: plain words in every state, steps as forms, rating in two taps, and nobody else's order."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sidan.kernel.files import commands as files
from sidan.kernel.files.models import Photo
from sidan.orders.commands import clockwork
from sidan.orders.models import Order, Text
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
HERE = "/track/order/"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def press(client: Client, noun: str, **values: Any) -> Any:
    """Fill in one of the page's forms."""
    return client.post(f"{HERE}{noun}/", {"form_token": by.token(client.get(HERE)), **values})


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


@pytest.mark.parametrize("state", list(S))
def test_every_state_is_told_in_plain_words_with_at_most_twelve_statements(state: S) -> None:
    order = by.now_in(state)
    client = by.reader(order)
    client.get(HERE)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(HERE)
    assert answer.status_code == 200
    assert len(seen) <= 12, len(seen)
    page = by.said(answer)
    assert order.number in page
    assert "楼道的灯坏了三天" in page
    assert str(state) not in page.split()
    for handle in ("community 名", "dispatcher 名", "handler 名", "checker 名"):
        assert handle not in page
    assert "13800001234" not in by.text(answer)


def test_twenty_messages_cost_no_more_statements_than_one() -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(HERE)
        return len(seen)

    cost()
    before = cost()
    for at in range(20):
        make.take(order, "write", None, timezone.now(), text=f"第{at}句")
    assert cost() == before


def test_the_deadline_stands_there_with_its_rule() -> None:
    page = by.said(by.reader(by.now_in(S.IN_PROGRESS)).get(HERE))
    assert "最晚答复" in page
    assert "答复时限：7天（test）" in page
    assert "城市管理局" in page


def test_a_refusal_shows_its_reason_and_its_legal_route() -> None:
    page = by.said(by.reader(by.now_in(S.NOT_ACCEPTED)).get(HERE))
    assert "原因：职责外" in page
    assert "职责外的途径" in page
    assert "请走诉讼" in page


def test_the_question_is_asked_on_top_and_answered_in_its_form() -> None:
    order = by.now_in(S.NEED_INFO)
    client = by.reader(order)
    page = by.text(client.get(HERE))
    assert page.index("哪一栋？") < page.index('id="course"')
    assert press(client, "information", text="五栋").status_code == 303
    assert fresh(order).state == S.SUBMITTED
    assert Text.objects.filter(order=order, body="五栋").exists()


@pytest.mark.parametrize(("noun", "kind"), [("fact", "fact"), ("message", "message")])
def test_words_are_added(noun: str, kind: str) -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)
    assert press(client, noun, text="今天又坏了 👵").status_code == 303
    assert Text.objects.get(order=order, kind=kind).body == "今天又坏了 👵"
    assert "今天又坏了" in by.said(client.get(HERE))


@pytest.mark.parametrize("text", ["", "   ", "\x00", "长" * 100_000])
def test_refused_words_come_back_in_their_open_form(text: str) -> None:
    order = by.now_in(S.IN_PROGRESS)
    answer = press(by.reader(order), "message", text=text)
    page = by.text(answer)
    assert answer.status_code == 422
    assert 'id="move-message" open' in page
    assert 'href="#f-message-text"' in page
    assert len(text) < 100 or text in page
    assert fresh(order).version == order.version


def test_pressing_twice_writes_once_and_other_words_from_the_same_page_are_not_swallowed() -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)
    token = by.token(client.get(HERE))
    for text in ("一次", "一次", "另一句"):
        assert client.post(f"{HERE}message/", {"form_token": token, "text": text}).status_code == 303
    assert sorted(Text.objects.filter(order=order, kind="message").values_list("body", flat=True)) == ["一次", "另一句"]


def test_urging_is_offered_only_after_the_deadline_and_says_who_was_reminded() -> None:
    order = by.now_in(S.IN_PROGRESS)
    assert "催办" not in by.said(by.reader(order).get(HERE))
    assert press(by.reader(order), "urging").status_code == 409
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        client = by.reader(order)
        assert press(client, "urging").status_code == 303
        page = by.said(client.get(HERE))
        assert "已提醒城市管理局" in page
        assert "提醒过谁" in page
        assert "超期" in page


def test_the_clock_s_reminders_are_shown_with_whom_and_when() -> None:
    order = by.now_in(S.IN_PROGRESS)
    later = timezone.now() + timedelta(days=9)
    clockwork.tick(later)
    clockwork.tick(later)
    with time_machine.travel(later):
        page = by.said(by.reader(order).get(HERE))
    assert "已提醒城市管理局" in page.split("提醒过谁")[1]


def test_withdrawing_needs_no_reason() -> None:
    order = by.now_in(S.ACCEPTED)
    assert press(by.reader(order), "withdrawal").status_code == 303
    assert fresh(order).state == S.WITHDRAWN


def test_rating_takes_two_taps_and_nothing_is_chosen_beforehand() -> None:
    order = by.now_in(S.AWAITING_RATING)
    client = by.reader(order)
    page = by.text(client.get(HERE))
    assert "已换新灯" in page
    assert page.count('name="solved"') == 3
    second = client.get(f"{HERE}rating/?solved=yes")
    assert by.text(second).count('name="satisfied"') == 3
    assert " checked" not in by.text(second)
    assert fresh(order).version == order.version
    answer = client.post(f"{HERE}rating/", {"form_token": by.token(second), "solved": "yes", "satisfied": "basically"})
    assert answer["Location"] == HERE
    done = fresh(order)
    assert (done.state, done.solved, done.satisfied) == (S.CLOSED, "yes", "basically")
    assert "您的评价：解决了，基本满意" in by.said(client.get(HERE))


def test_the_back_button_after_rating_shows_what_became_of_it() -> None:
    client = by.reader(by.now_in(S.CLOSED))
    assert client.get(f"{HERE}rating/?solved=yes")["Location"] == HERE


def test_rating_twice_from_one_page_rates_once() -> None:
    order = by.now_in(S.AWAITING_RATING)
    client = by.reader(order)
    values = {"form_token": by.token(client.get(f"{HERE}rating/?solved=yes")), "solved": "yes", "satisfied": "yes"}
    assert [client.post(f"{HERE}rating/", values).status_code for _press in range(2)] == [303, 303]
    assert fresh(order).version == order.version + 1


@pytest.mark.parametrize("satisfied", ["", "no"])
def test_not_solved_asks_one_reason_and_opens_it_again_with_a_new_deadline(satisfied: str) -> None:
    order = by.now_in(S.AWAITING_RATING)
    client = by.reader(order)
    page = client.get(f"{HERE}rating/?solved=no")
    assert "期限从今天重新算" in by.said(page)
    values = {"form_token": by.token(page), "solved": "no", "satisfied": satisfied}
    empty = client.post(f"{HERE}rating/", values)
    assert (empty.status_code, fresh(order).state) == (422, S.AWAITING_RATING)
    assert 'href="#f-reason"' in by.text(empty)
    assert client.post(f"{HERE}rating/", {**values, "reason": "还是不亮"}).status_code == 303
    again = fresh(order)
    assert (again.state, again.round, again.solved, again.satisfied or "") == (S.REOPENED, 2, "no", satisfied)
    assert "重新办理" in by.said(client.get(HERE))


def test_partly_solved_closes_and_offers_to_open_it_again() -> None:
    order = by.now_in(S.AWAITING_RATING)
    client = by.reader(order)
    page = client.get(f"{HERE}rating/?solved=partly")
    assert 'href="/track/order/rating/?solved=no"' in by.text(page)
    client.post(
        f"{HERE}rating/", {"form_token": by.token(page), "solved": "partly", "satisfied": "no", "reason": "差一点"}
    )
    assert fresh(order).state == S.CLOSED
    assert press(client, "reopening", reason="剩下的没办").status_code == 303
    assert fresh(order).state == S.REOPENED


@pytest.mark.parametrize(
    "values",
    [
        {"solved": "yes"},
        {"solved": "yes", "satisfied": "very"},
        {"solved": "partly", "reason": "x" * 401, "satisfied": "yes"},
    ],
)
def test_a_rating_without_its_second_answer_is_asked_again_with_its_words(values: dict[str, str]) -> None:
    order = by.now_in(S.AWAITING_RATING)
    client = by.reader(order)
    token = by.token(client.get(f"{HERE}rating/?solved=yes"))
    answer = client.post(f"{HERE}rating/", {"form_token": token, **values})
    assert answer.status_code == 422
    assert values.get("reason", "") in by.text(answer)
    assert fresh(order).state == S.AWAITING_RATING


def test_the_window_to_reopen_ends() -> None:
    order = by.now_in(S.CLOSED)
    assert "没解决，请重新办理" in by.said(by.reader(order).get(HERE))
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert "没解决，请重新办理" not in by.said(by.reader(order).get(HERE))


def test_what_was_written_after_the_half_hour_comes_back_behind_the_proof() -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)
    token = by.token(client.get(HERE))
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        answer = client.post(f"{HERE}message/", {"form_token": token, "text": "写了很久的一段话"})
        assert answer["Location"] == "/track/"
        page = by.text(client.get("/track/"))
        assert f'value="{order.number}"' in page
        assert "您写的内容还在" in page
        client.post("/track/", {"number": order.number, "proof": "1234"})
        shown = by.text(client.get(HERE))
        assert "写了很久的一段话" in shown
        assert 'id="move-message" open' in shown
        press(client, "message", text="写了很久的一段话")
        assert Text.objects.filter(order=order, body="写了很久的一段话").count() == 1
        assert by.text(client.get(HERE)).count("写了很久的一段话") == 1


def test_left_words_of_one_order_are_not_shown_in_another() -> None:
    order, other = by.now_in(S.IN_PROGRESS), by.now_in(S.IN_PROGRESS)
    client = Client()
    client.post(f"{HERE}message/", {"form_token": f"{order.number}.x", "text": "只给那一单的话"})
    client.post("/track/", {"number": other.number, "proof": "1234"})
    assert "只给那一单的话" not in by.text(client.get(HERE))


def test_a_merged_order_shows_the_main_order_s_state_and_nobody_s_words() -> None:
    order = by.now_in(S.MERGED)
    main = order.merged_into
    assert main is not None
    main = Order.objects.get(pk=main.pk)
    now = timezone.now()
    make.take(main, "write", None, now, text="我的电话是别人的") if main.state != S.SUBMITTED else None
    make.take(main, "accept", "community", now)
    make.take(main, "add_facts", None, now, text="别人家的私事")
    make.take(main, "pass_on", "community", now)
    make.take(main, "dispatch", "dispatcher", now, lead=make.node("500233-D01"))
    client = by.reader(fresh(order))
    client.get(HERE)
    with CaptureQueriesContext(connection) as seen:
        page = by.said(client.get(HERE))
    assert len(seen) <= 12
    assert "合并后的进度：已派单" in page
    assert "派给城市管理局办理" in page
    assert "别人家的私事" not in page
    assert main.number not in page


def photo_file(data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", by.jpeg() if data is None else data, "image/jpeg")


def test_photos_are_added_and_the_bad_ones_named() -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)
    answer = press(client, "photo", photos=[photo_file(), photo_file(b"%PDF-1.7")])
    assert answer.status_code == 422
    assert 'id="move-photo" open' in by.text(answer)
    assert "PDF" in by.said(answer)
    assert Photo.objects.filter(subject=order.subject()).count() == 1
    assert fresh(order).version == order.version + 1
    assert press(client, "photo").status_code == 422


def test_the_same_photo_form_pressed_twice_adds_once() -> None:
    order = by.now_in(S.IN_PROGRESS)
    client = by.reader(order)
    token = by.token(client.get(HERE))
    for _press in range(2):
        client.post(f"{HERE}photo/", {"form_token": token, "photos": [photo_file()]})
    assert Photo.objects.filter(subject=order.subject()).count() == 1


def test_an_order_takes_twelve_photos_and_no_more() -> None:
    order = by.now_in(S.IN_PROGRESS)
    act = make.resident(order, timezone.now())
    for _one in range(11):
        files.keep(photo_file(), owner=order.subject(), purpose="before", act=act)
    client = by.reader(order)
    token = by.token(client.get(HERE))
    answer = client.post(f"{HERE}photo/", {"form_token": token, "photos": [photo_file(), photo_file()]})
    assert answer.status_code == 422
    assert Photo.objects.filter(subject=order.subject()).count() == 11


def test_one_reader_never_sees_another_order_s_photos() -> None:
    mine, other = by.now_in(S.IN_PROGRESS), by.now_in(S.IN_PROGRESS)
    photo = files.keep(photo_file(), owner=other.subject(), purpose="before", act=make.resident(other))
    evidence = files.keep(photo_file(), owner=mine.subject(), purpose="evidence", act=make.act("handler"))
    for href in (f"/track/photo/{photo.pk}/", f"/track/photo/{photo.pk}/small/"):
        assert by.fetch(by.reader(other), href)[0] == 200
        assert by.fetch(by.reader(mine), href)[0] == 404
        assert by.fetch(Client(), href)[0] == 404
    assert by.reader(mine).get(f"/track/photo/{evidence.pk}/").status_code == 404


def test_a_form_of_one_order_cannot_move_another() -> None:
    mine, other = by.now_in(S.IN_PROGRESS), by.now_in(S.IN_PROGRESS)
    token = by.token(by.reader(other).get(HERE))
    by.reader(mine).post(f"{HERE}message/", {"form_token": token, "text": "写到哪里？"})
    assert fresh(other).version == other.version


@pytest.mark.parametrize("noun", ["acceptance", "dispatching", "reply", "check", "call-back", "nonsense", "pressing"])
def test_the_staff_s_steps_have_no_address_here(noun: str) -> None:
    order = by.now_in(S.SUBMITTED)
    client = by.reader(order)
    assert client.post(f"{HERE}{noun}/", {"form_token": "x"}).status_code == 404
    assert fresh(order).version == order.version


def test_an_address_of_a_form_opened_by_itself_leads_to_the_order() -> None:
    client = by.reader(by.now_in(S.IN_PROGRESS))
    for noun in ("message", "photo", "rating", "withdrawal"):
        assert client.get(f"{HERE}{noun}/")["Location"] == HERE


def test_english_readers_get_a_page_too() -> None:
    client = by.reader(by.now_in(S.AWAITING_RATING))
    client.cookies["language"] = "en"
    assert 'lang="en"' in by.text(client.get(HERE))
