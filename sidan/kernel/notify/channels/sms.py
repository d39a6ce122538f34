"""Short messages through any gateway that speaks HTTP: address, headers and body are templates in `channels.toml`."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from django.conf import settings

from sidan.kernel.notify.channels import Letter, NotNowReachable, Unreachable
from sidan.kernel.notify.channels.asking import Answer, ask

_PLACE = re.compile(r"\{([a-z]+)\}")
PLACES = frozenset({"phone", "text", "title", "id", "secret"})
KEYS = frozenset({"url", "method", "headers", "body", "secret", "ok", "never", "timeout_seconds"})
_DIGITS = re.compile(r"\d{5,}")
SECONDS_MOST = 60
BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Test:
    """How an answer is judged: `status` (200 to 299), `json:path=value` or `regex:pattern`, both with such a status too.

    Raises:
        ValueError: it is none of these.
    """

    said: str

    def __post_init__(self) -> None:
        kind, _colon, rest = self.said.partition(":")
        if kind == "regex" and rest:
            try:
                re.compile(rest)
            except re.error as error:
                raise ValueError(f"is not a regular expression ({error})") from None
        elif self.said != "status" and not (kind == "json" and "=" in rest):
            raise ValueError("must be status, json:path=value or regex:pattern")

    def holds(self, answer: Answer) -> bool:
        if not 200 <= answer.status < 300:
            return False
        kind, _colon, rest = self.said.partition(":")
        if kind == "json":
            path, _equals, value = rest.partition("=")
            return _at(answer.text, path) == value
        return kind == "status" or re.search(rest, answer.text) is not None

    def found(self, answer: Answer) -> str:
        """What the answer says in its place, for the page of failures; long numbers may be a reader's and go."""
        kind, _colon, rest = self.said.partition(":")
        if kind != "json" or not 200 <= answer.status < 300:
            return f"status {answer.status}"
        path = rest.partition("=")[0]
        return f"{path}={_DIGITS.sub('*', _at(answer.text, path))[:40]}"


def _at(text: str, path: str) -> str:
    """The value at a dotted path of a JSON text, as text; empty where there is none."""
    try:
        value = json.loads(text)
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Gateway:
    """The section `[sms]`."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    secret: str = ""
    ok: Test = Test("status")
    never: Test | None = None
    seconds: float = 10

    def request(self, letter: Letter) -> tuple[str, dict[str, str], bytes | None]:
        """Address, headers and body for a letter; each value is written as its place needs it."""
        values = {
            "phone": letter.phone or "",
            "text": letter.body,
            "title": letter.title,
            "id": letter.id,
            "secret": self.secret,
        }
        kind = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        headers = {name: _filled(value, values, _plain) for name, value in self.headers.items()}
        body = _filled(self.body, values, _writing(kind)).encode() if self.body else None
        return _filled(self.url, values, lambda value: quote(value, safe="")), headers, body


def read(table: Mapping[str, Any]) -> Gateway:
    """A gateway from the section `[sms]` of the file.

    Raises:
        ValueError: with one line for each thing that is wrong.
    """
    wrong = [f"sms.{name} is not known; there are {', '.join(sorted(KEYS))}" for name in sorted(set(table) - KEYS)]
    url, headers, seconds = table.get("url", ""), table.get("headers", {}), table.get("timeout_seconds", 10)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        wrong.append("sms.url must be an address such as https://sms.example.gov.cn/send")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        headers = {}
        wrong.append("sms.headers must be a table of texts")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= SECONDS_MOST:
        wrong.append(f"sms.timeout_seconds must be a number up to {SECONDS_MOST}")
    texts = {name: table.get(name, "") for name in ("method", "body", "secret", "ok", "never")}
    wrong += [f"sms.{name} must be a text" for name, value in texts.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError("\n".join(wrong))
    used = {place for text in (url, texts["body"], *headers.values()) for place in _PLACE.findall(text)}
    if "phone" not in used or "text" not in used:
        wrong.append("sms must name {phone} and {text} in its url, headers or body")
    tests: dict[str, Test] = {}
    for name in ("ok", "never"):
        if texts[name]:
            try:
                tests[name] = Test(texts[name])
            except ValueError as error:
                wrong.append(f"sms.{name} {error}")
    if (texts["method"] or "POST").upper() not in ("GET", "POST", "PUT"):
        wrong.append("sms.method must be GET, POST or PUT")
    if wrong:
        raise ValueError("\n".join(wrong))
    return Gateway(
        url, (texts["method"] or "POST").upper(), dict(headers), texts["body"], texts["secret"],
        tests.get("ok", Test("status")), tests.get("never"), float(seconds),
    )  # fmt: skip


def _filled(template: str, values: Mapping[str, str], written: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda place: written(values[place[1]]) if place[1] in PLACES else place[0], template)


def _plain(value: str) -> str:
    return re.sub(r"[\r\n]+", " ", value)


def _writing(content_type: str) -> Callable[[str], str]:
    """How a value is written inside a body of this kind, so that no letter can add a field of its own."""
    kind = content_type.lower()
    if "json" in kind:
        return lambda value: json.dumps(value, ensure_ascii=False)[1:-1]
    if "urlencoded" in kind:
        return lambda value: quote(value, safe="")
    if "xml" in kind:
        return lambda value: escape(value, {'"': "&quot;", "'": "&apos;"})
    return _plain


@cache
def _gateway(section: str) -> Gateway:
    return read(json.loads(section))


class Sms:
    """Asks the gateway once for each letter."""

    name = "sms"

    def send(self, letter: Letter) -> None:
        if not letter.phone:
            raise Unreachable
        gateway = _gateway(json.dumps(settings.SIDAN_SMS))
        url, headers, body = gateway.request(letter)
        answer = ask(gateway.method, url, headers, body, gateway.seconds)
        if gateway.ok.holds(answer):
            return
        if gateway.never is not None and gateway.never.holds(answer):
            raise Unreachable
        if answer.status in BUSY or answer.status >= 500:
            raise NotNowReachable(f"status {answer.status}")
        raise NotNowReachable(f"refused, {gateway.ok.found(answer)}")
