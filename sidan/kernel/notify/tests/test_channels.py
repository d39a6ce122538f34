"""Each way to a reader against a gateway of our own: what it is sent, what counts as sent, and what is never said."""

import email
import email.policy
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sidan.kernel.notify import channels
from sidan.kernel.notify.channels import Letter, NotNowReachable, Unreachable
from sidan.kernel.notify.channels import sms as sms_channel
from sidan.kernel.notify.channels.mail import Mail
from sidan.kernel.notify.channels.sms import Sms
from sidan.kernel.notify.tests.fakes import Gateway, MailServer, gateway, mail_server
from sidan.kernel.notify.tests.make import NOW

PHONE, SECRET = "13812345678", "s3cret-of-the-county"
HOSTILE = '"}, {"to": "x"}]\r\nX-Evil: 1 & <b>{phone}{secret}'


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "id": "7:1", "topic": "test.told", "title": "题", "body": "【四单】已收到", "urgent": False, "secret": True,
        "person_id": 1, "phone": PHONE, "at": NOW, "chain": ("sms",), "email": "li@example.org",
    }  # fmt: skip
    return Letter(**{**values, **changes})


@pytest.fixture
def server() -> Iterator[Gateway]:
    with gateway() as made:
        yield made


@pytest.fixture
def mails(settings: Any) -> Iterator[MailServer]:
    with mail_server() as made:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", made.port, 5
        settings.DEFAULT_FROM_EMAIL = "四单 <sidan@example.gov.cn>"
        yield made


def use(settings: Any, server: Gateway, **changes: Any) -> None:
    settings.SIDAN_SMS = {
        "url": f"{server.url}/send", "headers": {"Content-Type": "application/json", "X-Key": "{secret}"},
        "body": '{"mobile": "{phone}", "content": "{text}", "seq": "{id}"}', "secret": SECRET, "ok": "json:code=0",
        "timeout_seconds": 2, **changes,
    }  # fmt: skip
    server.answer = b'{"code": 0}'


def test_a_short_message_is_what_the_template_says(server: Gateway, settings: Any) -> None:
    use(settings, server)
    Sms().send(letter())
    method, path, headers, body = server.asked[0]
    assert (method, path, headers["X-Key"]) == ("POST", "/send", SECRET)
    assert json.loads(body) == {"mobile": PHONE, "content": "【四单】已收到", "seq": "7:1"}


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [
        ("application/json", '{"to":"{phone}","text":"{text}"}', lambda raw: json.loads(raw)["text"]),
        ("application/x-www-form-urlencoded", "to={phone}&text={text}", lambda raw: _form(raw)["text"]),
        ("text/xml", "<m to='{phone}'>{text}</m>", lambda raw: _xml(raw)),
    ],
)
def test_no_letter_can_add_a_field_of_its_own(server: Gateway, settings: Any, kind: str, body: str, read: Any) -> None:
    use(settings, server, headers={"Content-Type": kind}, body=body)
    Sms().send(letter(body=HOSTILE))
    assert read(server.body.decode()).split() == HOSTILE.split()


def _form(raw: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(raw, strict_parsing=True))


def _xml(raw: str) -> str:
    from xml.etree import ElementTree

    made = ElementTree.fromstring(raw)
    assert len(made) == 0
    return made.text or ""


def test_an_address_and_a_header_take_a_value_as_one_value(server: Gateway, settings: Any) -> None:
    use(
        settings,
        server,
        method="GET",
        url=f"{server.url}/s?to={{phone}}&t={{text}}",
        headers={"X-T": "{text}"},
        body="",
    )
    Sms().send(letter(body="a&b=c\r\nX-Evil: 1"))
    method, path, headers, _body = server.asked[0]
    assert (method, path) == ("GET", f"/s?to={PHONE}&t=a%26b%3Dc%0D%0AX-Evil%3A%201")
    assert "X-Evil" not in headers


@pytest.mark.parametrize(
    ("ok", "status", "answer", "sent"),
    [
        ("status", 204, b"", True),
        ("status", 400, b"", False),
        ("json:result.0.code=0", 200, b'{"result": [{"code": 0}]}', True),
        ("json:ok=true", 200, b'{"ok": true}', True),
        ("json:code=0", 200, b'{"code": 7}', False),
        ("json:code=0", 200, b"<html>", False),
        ("json:code=0", 500, b'{"code": 0}', False),
        ("regex:^OK", 200, b"OK 1", True),
        ("regex:^OK", 200, b"NO", False),
    ],
)
def test_what_counts_as_sent_is_what_the_county_says(
    server: Gateway, settings: Any, ok: str, status: int, answer: bytes, sent: bool
) -> None:
    use(settings, server, ok=ok)
    server.status, server.answer = status, answer
    if sent:
        Sms().send(letter())
    else:
        with pytest.raises(NotNowReachable):
            Sms().send(letter())


def test_a_number_that_will_never_be_reached_is_not_tried_again(server: Gateway, settings: Any) -> None:
    use(settings, server, never="json:code=MOBILE_ILLEGAL")
    server.answer = b'{"code": "MOBILE_ILLEGAL"}'
    with pytest.raises(Unreachable):
        Sms().send(letter())
    with pytest.raises(Unreachable):
        Sms().send(letter(phone=None))
    assert len(server.asked) == 1


def test_a_gateway_that_does_not_answer_holds_nobody_up(server: Gateway, settings: Any) -> None:
    use(settings, server, timeout_seconds=0.3)
    server.silent = threading.Event()
    start = time.monotonic()
    with pytest.raises(NotNowReachable, match="no answer in time"):
        Sms().send(letter())
    assert time.monotonic() - start < 5


def test_a_gateway_that_is_not_there_is_tried_again(settings: Any) -> None:
    with gateway() as gone:
        use(settings, gone)
    with pytest.raises(NotNowReachable, match="no connection"):
        Sms().send(letter())


def test_a_secret_is_not_carried_to_another_host(server: Gateway, settings: Any) -> None:
    use(settings, server)
    with gateway() as other:
        server.status, server.headers = 302, {"Location": other.url}
        with pytest.raises(NotNowReachable, match="302"):
            Sms().send(letter())
        assert other.asked == []


def test_neither_log_nor_reason_holds_a_secret_or_a_reader(
    server: Gateway, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    use(settings, server)
    said = []
    for status, answer in ((500, b""), (200, f'{{"code": "{PHONE} {SECRET[:3]}"}}'.encode()), (200, b"[")):
        server.status, server.answer = status, answer
        with pytest.raises(NotNowReachable) as caught:
            Sms().send(letter())
        said.append(str(caught.value))
    everything = " ".join([*said, caplog.text])
    for planted in (PHONE, SECRET, "已收到", server.url):
        assert planted not in everything
    assert said[0] == "status 500"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"url": "ftp://x/{phone}{text}"}, "sms.url must be an address"),
        ({"url": "https://x/", "body": "{text}"}, "must name {phone} and {text}"),
        ({"url": "https://x/{phone}/{text}", "ok": "json:code"}, "sms.ok must be status"),
        ({"url": "https://x/{phone}/{text}", "never": "regex:("}, "sms.never is not a regular expression"),
        ({"url": "https://x/{phone}/{text}", "timeout_seconds": 600}, "a number up to 60"),
        ({"url": "https://x/{phone}/{text}", "method": "DELETE"}, "GET, POST or PUT"),
        ({"url": "https://x/{phone}/{text}", "headers": {"a": 1}}, "a table of texts"),
        ({"url": "https://x/{phone}/{text}", "metod": "GET"}, "sms.metod is not known"),
    ],
)
def test_a_wrong_gateway_is_said_in_words(table: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("{", r"\{").replace("(", r"\(")):
        sms_channel.read(table)


def test_a_mail_goes_to_one_reader_with_its_words(mails: MailServer) -> None:
    Mail().send(letter(title="已收到您的单", body="编号 8K3M2Q7P https://x/t/abc/"))
    ((reader, raw),) = mails.mails
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert (reader, mail["Subject"], mail["To"]) == ("li@example.org", "已收到您的单", "li@example.org")
    assert mail["Message-ID"] == "<7.1@example.gov.cn>"
    assert "8K3M2Q7P" in mail.get_body().get_content()  # type: ignore[union-attr]


def test_a_mail_that_is_refused_for_good_is_not_tried_again(mails: MailServer) -> None:
    mails.refusal = b"550 no such user li@example.org"
    with pytest.raises(Unreachable):
        Mail().send(letter())
    mails.refusal = b"451 later, li@example.org"
    with pytest.raises(NotNowReachable) as caught:
        Mail().send(letter())
    assert str(caught.value) == "SMTP 451"
    with pytest.raises(Unreachable):
        Mail().send(letter(email=None))


def test_a_mail_server_that_is_gone_is_tried_again(settings: Any) -> None:
    with mail_server() as gone:
        port = gone.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
    with pytest.raises(NotNowReachable, match="no connection"):
        Mail().send(letter())


def test_the_next_channel_takes_what_the_first_cannot(server: Gateway, mails: MailServer, settings: Any) -> None:
    use(settings, server)
    both = ("sms", "email")
    assert channels.hand_over(letter(chain=both)) == "sms"
    assert channels.hand_over(letter(chain=both, phone=None)) == "email"
    server.status = 503
    assert channels.hand_over(letter(chain=both)) == "email"
    assert len(mails.mails) == 2
    with pytest.raises(NotNowReachable, match="503"):
        channels.hand_over(letter(chain=both, email=None))
    with pytest.raises(Unreachable):
        channels.hand_over(letter(chain=both, email=None, phone=None))
