"""What holds on every page, read as it was sent: strict policy, no other host, a human's telephone, no Chinese in English chrome."""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.staticfiles import finders
from django.db import models

from sidan.orders.tests import resident as by
from tests import tour

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3400-\u9fff]+")
FIRST_VISIT = 60 * 1024
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
LEADING = {"src", "href", "action", "formaction", "poster", "data", "srcset", "ping", "cite", "xlink:href", "content"}
SPOKEN = {"alt", "title", "aria-label", "placeholder", "value", "content", "label", "data-label", "data-words"}
# What people wrote, beyond what lies open in the database; it stands on pages of any language.
WRITTEN = ("已换新灯", "请配合", "一句话", "厨房着火了", "香怡社区", by.TEXT, "王阿姨", "三栋二单元", tour.LONG[:96])


class Reading(HTMLParser):
    """A page's elements with their attributes, and its words with the language that they are marked as."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[tuple[str, str]] = []  # what it says, in which language
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    @property
    def _language(self) -> str:
        return next((language for _tag, language in reversed(self._open) if language), "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.elements.append((tag, named))
        self.words += [(named[name], named.get("lang") or self._language) for name in SPOKEN & set(named)]
        if tag not in VOID:
            self._open.append((tag, named.get("lang", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((data.strip(), self._language))


def read(stops: list[tour.Stop]) -> Iterator[tuple[tour.Stop, Reading]]:
    for stop in stops:
        yield stop, Reading(stop.body)


@pytest.fixture(scope="module")
def _kept() -> dict[str, list[tour.Stop]]:
    return {}


@pytest.fixture
def stops(_kept: dict[str, list[tour.Stop]]) -> list[tour.Stop]:
    """Every page in Chinese; drawn once for this file."""
    if "zh" not in _kept:
        _kept["zh"] = tour.all_stops()
    return _kept["zh"]


def test_every_route_with_a_page_is_walked(stops: list[tour.Stop]) -> None:
    assert len({stop.name for stop in stops}) > 80
    assert {200, 400, 403, 404, 422} <= {stop.status for stop in stops}


def test_the_policy_of_every_page_is_strict(stops: list[tour.Stop]) -> None:
    for stop in stops:
        policy = stop.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, stop.name
        assert not re.search(r"unsafe-|https?:|\*", policy), (stop.name, policy)


def test_no_page_holds_what_the_policy_would_block(stops: list[tour.Stop]) -> None:
    wrong = []
    for stop, page in read(stops):
        for tag, attributes in page.elements:
            handlers = [name for name in attributes if name.startswith("on") or name in ("style", "hx-on", "srcdoc")]
            inline = tag == "style" or (
                tag == "script" and "src" not in attributes and "json" not in attributes.get("type", "")
            )
            scripted = [one for one in attributes.values() if one.strip().lower().startswith("javascript:")]
            if handlers or inline or scripted:
                wrong.append((stop.name, tag, handlers or scripted))
    assert wrong == []


def test_no_page_names_another_host(stops: list[tour.Stop]) -> None:
    other = re.compile(r"^\s*(?:[a-z]+:)?//(?!testserver(?:/|$))|url=\s*https?:", re.I)
    wrong = [
        (stop.name, tag, name, value)
        for stop, page in read(stops)
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in LEADING and other.search(value)
    ]
    assert wrong == []


def test_every_page_has_a_way_to_say_what_is_wrong_with_it(stops: list[tour.Stop]) -> None:
    wrong = [one.name for one in stops if "/feedback/?page=" not in one.body or 'href="/help/"' not in one.body]
    assert wrong == []


def test_every_page_for_residents_gives_the_telephone_of_a_human(stops: list[tour.Stop]) -> None:
    wrong = [one.name for one in stops if not one.staff and 'href="tel:' not in one.body]
    assert wrong == []


def test_every_page_turns_to_large_text_in_one_tap(stops: list[tour.Stop]) -> None:
    wrong = [one.name for one in stops if 'name="size" value="big"' not in one.body.partition("<main")[0]]
    assert wrong == []


def test_no_page_asks_for_a_picture_code_a_position_or_a_photo(stops: list[tour.Stop]) -> None:
    forced = re.compile(r"captcha|验证图片|geolocation|<dialog[^>]*\bopen|capture=", re.I)
    wrong = {one.name: found[0] for one in stops if (found := forced.search(one.body))}
    assert wrong == {}
    photos = [
        (stop.name, attributes)
        for stop, page in read(stops)
        for tag, attributes in page.elements
        if tag == "input" and attributes.get("type") == "file" and not stop.staff and "required" in attributes
    ]
    assert photos == []


def test_every_page_that_refuses_shows_the_number_of_its_request(stops: list[tour.Stop]) -> None:
    refused = [one for one in stops if one.status in (400, 401, 403, 404, 409, 500)]
    assert len(refused) >= 3
    for one in refused:
        assert f'class="refusal__id">{one.headers["X-Request-Id"]}<' in one.body, one.name


def test_a_first_visit_to_any_page_for_residents_costs_at_most_60_kilobytes(stops: list[tour.Stop]) -> None:
    """The page as it is, and its styles, scripts and drawings as `sidan serve` stores them, compressed; photos are extra."""
    heavy = {}
    for stop, page in read([one for one in stops if not one.staff and not one.name.startswith("_/")]):
        asked = {attributes.get("href") or attributes.get("src", "") for _tag, attributes in page.elements}
        names = {one.partition("#")[0].removeprefix("/static/") for one in asked if one.startswith("/static/")}
        weight = len(stop.body.encode()) + sum(_packed(name) for name in names)
        assert len(names) > 5, stop.name
        if weight > FIRST_VISIT:
            heavy[stop.name] = weight
    assert heavy == {}


@cache
def _packed(name: str) -> int:
    found = finders.find(name)
    assert found is not None, name
    return len(gzip.compress(Path(found).read_bytes(), 9))


def data() -> list[str]:
    """Chinese that lies in the database: names, catalogues and what people wrote, the longest first."""
    found = set(WRITTEN)
    for model in apps.get_models():
        fields = [
            one.attname
            for one in model._meta.concrete_fields
            if isinstance(one, models.CharField | models.TextField | models.JSONField)
        ]
        for row in model._default_manager.values_list(*fields) if fields else ():
            found |= {text for value in row for text in _texts(value) if CHINESE.search(text)}
    return sorted(found, key=len, reverse=True)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def test_no_chinese_shows_in_english_chrome() -> None:
    stops = tour.all_stops("en")
    known = data()

    @cache
    def left(text: str) -> str:
        for one in known:
            text = text.replace(one, "")
        return " ".join(CHINESE.findall(text))

    wrong: dict[str, list[str]] = {}
    for stop, page in read(stops):
        assert '<html lang="en"' in stop.body, stop.name
        for text, language in page.words:
            if not language.startswith("zh") and CHINESE.search(text) and (rest := left(text)):
                wrong.setdefault(rest, []).append(stop.name)
    assert wrong == {}
