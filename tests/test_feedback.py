"""Feedback: from every page, once for each form, without secrets of the page; read and marked by the operator, and forgotten."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.web import feedback
from sidan.web.models import Feedback

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county(logins=True)


def form(client: Client, href: str = "/feedback/") -> dict[str, str]:
    return dict(
        re.findall(r'<input type="hidden" name="(form_token|page|number)" value="([^"]*)">', html(client.get(href)))
    )


def test_a_remark_arrives_with_the_page_and_the_number_of_its_request() -> None:
    client = Client()
    page = client.get("/track/")
    link = re.search(r'href="(/feedback/\?[^"]+)"', html(page))
    assert link
    values = form(client, link[1].replace("&amp;", "&"))
    assert values["page"] == "track/"
    answer = client.post("/feedback/", {**values, "kind": "hard", "text": "字太小"}, follow=True)
    assert "收到了，谢谢您" in html(answer)
    row = Feedback.objects.get()
    assert (row.kind, row.text, row.page, row.by) == ("hard", "字太小", "track/", None)
    assert re.fullmatch("[0-9A-Z]{8}", row.request_number)


def test_the_same_form_twice_is_one_remark() -> None:
    client = Client()
    values = {**form(client), "kind": "idea", "text": "加个地图"}
    for _ in range(3):
        assert client.post("/feedback/", values).status_code == 303
    assert Feedback.objects.count() == 1


@pytest.mark.parametrize("values", [{"text": ""}, {"text": "x" * 1001}, {"kind": "nonsense"}])
def test_what_is_wrong_is_named_and_the_words_stay(values: dict[str, str]) -> None:
    client = Client()
    answer = client.post("/feedback/", {**form(client), "kind": "idea", "text": "加个地图", **values})
    assert answer.status_code == 422
    assert values.get("text", "加个地图") in html(answer)
    assert not Feedback.objects.exists()


def test_dozens_from_one_address_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "PER_ADDRESS", 2)
    client = Client()
    answers = [
        client.post("/feedback/", {**form(client), "kind": "idea", "text": f"第{at}条"}).status_code for at in range(3)
    ]
    assert answers == [303, 303, 429]


def test_no_secret_of_a_page_goes_into_a_remark() -> None:
    order = make.ask()
    text = html(door("dispatcher").get(f"/desk/orders/{order.number}/"))
    link = re.search(r'href="(/feedback/\?[^"]+)"', text)
    assert link
    assert order.number not in link[1]


def test_the_operator_reads_it_and_marks_it_once() -> None:
    client = Client()
    client.post("/feedback/", {**form(client), "kind": "broken", "text": "<b>按钮</b>点不动"})
    row = Feedback.objects.get()
    operator = door("operator")
    assert "&lt;b&gt;按钮&lt;/b&gt;点不动" in html(operator.get("/feedback/received/"))
    for _ in range(2):
        assert operator.post(f"/feedback/received/{row.pk}/done/").status_code == 303
    row.refresh_from_db()
    assert row.done_by is not None
    assert row.done_by.handle == "operator"
    assert "点不动" not in html(operator.get("/feedback/received/"))
    assert "点不动" in html(operator.get("/feedback/received/?done=1"))
    assert door("dispatcher").get("/feedback/received/").status_code == 403
    assert operator.post("/feedback/received/999/done/").status_code == 404


def test_a_remark_is_forgotten_after_a_year() -> None:
    row: Any = Feedback.objects.create(kind="idea", text="加个地图", at=make.NOON)
    feedback.sweep(make.NOON + timedelta(days=364))
    assert Feedback.objects.filter(pk=row.pk).exists()
    feedback.sweep(make.NOON + timedelta(days=366))
    assert not Feedback.objects.filter(pk=row.pk).exists()
