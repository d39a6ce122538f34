"""What goes wrong is told in plain words to people and as a problem to programs, with a number that support can search."""

import logging
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from sidan.kernel.org import commands
from sidan.web import context

pytestmark = [pytest.mark.django_db, pytest.mark.urls("sidan.web.tests.doors")]


@pytest.fixture
def quiet_client() -> Client:
    """A client that sees the answer to a bug, as a browser does."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("late", 409, "not_now"),
        ("gone", 503, "unavailable"),
        ("absent", 404, "not_found"),
        ("bug", 500, "internal"),
        ("wrong", 422, "invalid"),
        ("often", 429, "too_many"),
        ("mine", 401, "not_signed_in"),
        ("nowhere", 404, "not_found"),
    ],
)
def test_every_refusal_is_a_problem_for_programs(quiet_client: Client, name: str, status: int, code: str) -> None:
    response = quiet_client.get(f"/api/v1/{name}")
    problem = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:sidan:error:{code}"
    assert problem["request_id"] == response["X-Request-Id"]
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize(
    ("name", "status"), [("late", 409), ("gone", 503), ("absent", 404), ("bug", 500), ("wrong", 422), ("nowhere", 404)]
)
def test_every_refusal_is_a_page_for_people_that_says_what_to_do(quiet_client: Client, name: str, status: int) -> None:
    response = quiet_client.get(f"/{name}/")
    page = response.content.decode()
    assert response.status_code == status
    assert response["X-Request-Id"] in page
    assert "<h1>" in page
    assert 'class="lead"' in page
    assert "回到首页" in page


def test_details_do_not_override_what_the_problem_says(client: Client) -> None:
    problem = client.get("/api/v1/late").json()
    assert problem["status"] == 409
    assert problem["moves"] == [{"noun": "reply"}]


def test_a_bug_tells_nothing_of_itself(quiet_client: Client) -> None:
    for address in ("/bug/", "/api/v1/bug"):
        assert "13812345678" not in quiet_client.get(address).content.decode()


def test_how_long_to_wait_is_said_to_both(client: Client) -> None:
    assert client.get("/api/v1/often")["Retry-After"] == "17"
    page = client.get("/often/")
    assert page["Retry-After"] == "17"
    assert "17" in page.content.decode()


def test_a_library_s_own_error_looks_like_every_other(client: Client) -> None:
    problem = client.get("/api/v1/library").json()
    assert problem["code"] == "invalid"
    assert problem["fields"] == {"contact.phone": "wrong"}


def test_messages_of_fields_are_shown_and_escaped(client: Client) -> None:
    page = client.get("/wrong/").content.decode()
    assert "&lt;b&gt;" in page
    assert "<li><b>" not in page


def test_a_body_that_is_too_large_is_413(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = client.post("/api/v1/body", {"text": "x" * 200}, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert (
        client.post("/body/", b"text=" + b"x" * 200, content_type="application/x-www-form-urlencoded").status_code
        == 413
    )


def test_what_was_written_is_given_back_and_secrets_are_not(client: Client) -> None:
    page = client.post(
        "/late/", {"text": "楼道灯坏了一个多星期，晚上很黑", "password": "correct horse battery"}
    ).content.decode()
    assert "楼道灯坏了一个多星期，晚上很黑" in page
    assert "correct horse" not in page


def test_an_unsigned_reader_is_led_to_sign_in_and_back(client: Client) -> None:
    response = client.get("/mine/?a=1")
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=%2Fmine%2F%3Fa%3D1"


def test_an_expired_session_does_not_lose_what_was_written(client: Client) -> None:
    response = client.post("/mine/", {"text": "已联系物业，今天下午更换灯具"})
    assert response.status_code == 401
    assert "已联系物业，今天下午更换灯具" in response.content.decode()


def test_the_page_of_a_database_that_is_gone_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from sidan.kernel.org import queries as org

    monkeypatch.setattr(context, "_last_phone", "023-54230000")
    person = commands.add_staff("limei", "李梅", password="four orders make a loop")
    client.force_login(person.account)

    def gone(*_args: object, **_more: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(org, "duty_phone", gone)
    with connection.execute_wrapper(gone):
        response = client.get("/gone/")
    assert response.status_code == 503
    assert "请过一两分钟再试" in response.content.decode()
    assert "023-54230000" in response.content.decode()


def test_a_session_that_cannot_be_read_is_503_and_not_a_bug(client: Client) -> None:
    person = commands.add_staff("limei", "李梅", password="four orders make a loop")
    client.force_login(person.account)

    def gone(*_args: object, **_more: object) -> None:
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(gone):
        assert client.get("/mine/").status_code == 503
        # Programs have no session, so a lost one is nothing to them.
        assert client.get("/api/v1/mine").json()["code"] == "not_signed_in"


def test_a_form_without_its_token_is_refused_in_our_words(settings: Any) -> None:
    response = Client(enforce_csrf_checks=True).post("/preferences/", {"size": "big"})
    assert response.status_code == 403
    assert "安全" in response.content.decode()


def test_pages_stay_in_no_cache_and_name_no_address_to_others(client: Client) -> None:
    response = client.get("/shown/")
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"


def test_the_number_of_a_request_is_ours_and_each_its_own(client: Client) -> None:
    numbers = {client.get("/shown/", headers={"X-Request-Id": "forged\r\nx"})["X-Request-Id"] for _n in range(5)}
    assert len(numbers) == 5
    assert all(len(number) == 8 and number.isalnum() for number in numbers)


def test_the_back_link_stays_in_the_house(client: Client) -> None:
    for hostile in ("https://evil.example/x", "http://testserver//evil.example", "javascript:alert(1)"):
        assert "evil" not in client.post("/late/", headers={"Referer": hostile}).content.decode()
    assert (
        'href="/form/?a=1"'
        in client.post("/late/", headers={"Referer": "http://testserver/form/?a=1"}).content.decode()
    )


def test_the_database_that_is_gone_is_written_to_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "sidan.web"):
        client.get("/gone/")
    assert "unavailable" in caplog.text
