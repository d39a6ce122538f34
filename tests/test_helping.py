"""Help: a file for each role in both languages, shown to whoever has the role, and nothing in it can act on a page."""

import re

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.web import helping

LINK = re.compile(r'href="([^"]+)"')


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", list(helping.TOPICS))
def test_each_role_has_its_file_whose_links_lead_somewhere(name: str, language: str) -> None:
    shown = helping.read(name, language)
    assert shown.title
    assert len(shown.body) > 300
    for href in LINK.findall(shown.body):
        if not href.startswith("tel:"):
            try:
                resolve(href)
            except Resolver404:
                pytest.fail(f"{name}.{language}: {href} leads nowhere")


@pytest.mark.parametrize("name", list(helping.TOPICS))
def test_both_languages_have_the_same_parts(name: str) -> None:
    zh, en = helping.read(name, "zh").body, helping.read(name, "en").body
    assert zh.count("<h2>") == en.count("<h2>")
    assert LINK.findall(zh) == LINK.findall(en)
    assert not re.search("[一-鿿]", en)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "[a](javascript:alert(1))", "[a](https://elsewhere.example/)", "[a](//elsewhere.example/)",
        "![a](https://elsewhere.example/a.png)", "<img src=x onerror=alert(1)>", "[a](data:text/html,x)",
    ],
)  # fmt: skip
def test_nothing_but_text_and_links_within_the_house_comes_through(text: str) -> None:
    shown = helping.render(text)
    assert not re.search(r"<(script|img|a)\b", shown)


@pytest.mark.django_db
def test_the_help_that_opens_is_that_of_ones_role() -> None:
    make.county(logins=True)
    assert "居民怎么用" in html(Client().get("/help/"))
    assert "派单员怎么用" in html(door("dispatcher").get("/help/"))
    assert "社区（村）怎么用" in html(door("recorder").get("/help/"))
    assert "For operators" in html(door("operator").get("/help/", headers={"Accept-Language": "en"}))
    assert Client().get("/help/nobody/").status_code == 404
