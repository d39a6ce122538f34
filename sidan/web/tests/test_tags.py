"""What the tags show: time left, states, fields, moves."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.org.models import Unit
from sidan.web import menu, words
from sidan.web.pages import Ask, errors_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def shown(template: str, **context: Any) -> str:
    return Template("{% load sidan %}" + template).render(Context({"now": NOW, **context}))


@pytest.mark.parametrize(
    ("left", "css", "text"),
    [
        (timedelta(days=-2, minutes=-1), "over", "已超期 2 天"),
        (timedelta(hours=-30), "over", "已超期 30 小时"),
        (timedelta(seconds=-1), "over", "已超期 1 分钟"),
        (timedelta(minutes=20), "soon", "还剩 20 分钟"),
        (timedelta(hours=3), "soon", "还剩 3 小时"),
        (timedelta(hours=25), "calm", "还剩 25 小时"),
        (timedelta(days=6, hours=23), "calm", "还剩 6 天"),
        (timedelta(days=8), "calm", "3月10日前"),
        (timedelta(days=400), "calm", "2027年4月6日前"),
    ],
)
def test_time_left_is_words_icon_and_class(left: timedelta, css: str, text: str) -> None:
    html = shown("{% due at now %}", at=NOW + left)
    assert f"due--{css}" in html
    assert text in html
    assert "<svg" in html


@pytest.mark.django_db
def test_a_deadline_in_working_days_says_how_many_are_left_and_a_weekend_is_none() -> None:
    friday, monday = NOW + timedelta(days=4), NOW + timedelta(days=7)
    tag = "{% due at now measure='working_days' %}"
    assert "还剩 1 个工作日" in shown("{% due at now measure='working_days' %}", at=monday, now=friday)
    assert "due--soon" in shown(tag, at=monday, now=friday)
    assert "还剩 5 个工作日" in shown(tag, at=monday)
    assert "还剩 3 小时" in shown(tag, at=NOW + timedelta(hours=3))


def test_what_ended_says_whether_it_was_in_time() -> None:
    assert "按期" in shown("{% due at now ended_at=now %}", at=NOW)
    assert "超期 3 小时" in shown("{% due at now ended_at=end %}", at=NOW, end=NOW + timedelta(hours=3))


def test_no_deadline_shows_nothing() -> None:
    assert shown("{% due at now %}", at=None).strip() == ""


def test_a_moment_is_local_and_exact_for_machines() -> None:
    html = shown("{% localtime at now %}", at=NOW)
    assert "今天 10:00" in html
    assert 'datetime="2026-03-02T02:00:00+00:00"' in html


def test_a_state_is_a_word() -> None:
    words.register_states({"test_state": ("办理中", "info")})
    assert '<span class="badge badge--info">办理中</span>' in shown("{% state 'test_state' %}")


@pytest.mark.django_db
def test_a_unit_is_named_from_memory(django_assert_num_queries: Any) -> None:
    unit = Unit.objects.create(
        code="9",
        name="忠州街道办事处",
        short_name="忠州街道",
        kind="street",
        level="town",
        valid_from=date(2020, 1, 1),
        source="t",
    )
    snapshot.forget()
    assert shown("{% unit id %}|{% unit id True %}", id=unit.id) == "忠州街道|忠州街道办事处"
    with django_assert_num_queries(0):
        assert shown("{% unit id %}|{% unit none %}", id=unit.id, none=None) == "忠州街道|"


def test_a_field_joins_label_help_and_error_to_its_input() -> None:
    asked = Ask("phone", "手机号", "phone", help="只用来告诉您进展")
    html = shown("{% field a values errors 'x' %}", a=asked, values={"phone": '138"><b>'}, errors={"phone": "要 11 位"})
    assert 'for="f-x-phone"' in html
    assert 'id="f-x-phone"' in html
    assert 'aria-describedby="f-x-phone-help f-x-phone-error"' in html
    assert 'inputmode="tel"' in html
    assert "<b>" not in html
    assert 'aria-invalid="true"' in html


def test_nothing_is_preselected_and_what_was_chosen_stays() -> None:
    asked = Ask("kind", "类别", "choice", choices=[("help", "求助"), ("consult", "咨询")])
    assert "checked" not in shown("{% field a %}", a=asked)
    assert shown("{% field a v %}", a=asked, v={"kind": "help"}).count("checked") == 1


def test_many_choices_are_a_list_and_a_page_may_narrow_them() -> None:
    asked = Ask("kind", "类别", "choice", choices=[(str(n), str(n)) for n in range(20)])
    assert "<select" in shown("{% field a %}", a=asked)
    assert "<select" not in shown("{% field a choices=c %}", a=asked, c={"kind": [("1", "一")]})


def test_choices_may_come_from_the_field_s_own_question() -> None:
    asked = SimpleNamespace(name="k", label="类别", kind="choice", options=lambda: (("a", "甲"),))
    assert "甲" in shown("{% field a %}", a=asked)


def test_several_units_are_boxes() -> None:
    asked = SimpleNamespace(name="u", label="协办", kind="units", required=False)
    html = shown(
        "{% field a v choices=c %}", a=asked, v={"u": ["1", "2"]}, c={"u": [("1", "甲"), ("2", "乙"), ("3", "丙")]}
    )
    assert html.count('type="checkbox"') == 3
    assert html.count(" checked") == 2


def test_a_password_is_never_sent_back() -> None:
    assert "secret" not in shown("{% field a v %}", a=Ask("p", "密码", "password"), v={"p": "secret"})


def test_the_summary_leads_to_each_field() -> None:
    html = shown("{% errors e asked 'reply' %}", e={"text": "请写几个字。", "": "都不行"}, asked=[Ask("text", "答复")])
    assert 'href="#f-reply-text"' in html
    assert "答复：请写几个字。" in html
    assert "都不行" in html
    assert shown("{% errors e %}", e={}).strip() == ""


def test_moves_carry_version_and_token_and_only_the_refused_one_is_open() -> None:
    offered = [
        SimpleNamespace(noun="reply", label="答复", href="/r", fields=[Ask("text", "内容", "longtext")]),
        SimpleNamespace(noun="extension", label="延期", href="/e", fields=[Ask("text", "原因", "longtext")]),
        SimpleNamespace(noun="sign", label="签收", href="/s", fields=[]),
    ]
    html = shown(
        "{% moves m %}", m=offered, version=3, form_token="tok", open_noun="reply",
        values={"text": "写好的"}, errors={"text": "太短"}, csrf_token="c",
    )  # fmt: skip
    assert html.count('name="version" value="3"') == 3
    assert html.count('name="form_token" value="tok"') == 3
    assert html.count("csrfmiddlewaretoken") == 3
    assert html.count(" open>") == 1
    assert html.count("写好的") == 1
    assert html.count("太短") == 2
    assert shown("{% moves m %}", m=[]).strip() == ""


def test_nothing_in_a_page_needs_inline_script_or_style() -> None:
    from pathlib import Path

    root = Path(__file__).resolve().parents[1] / "templates"
    for file in root.rglob("*.html"):
        text = file.read_text()
        assert "style=" not in text, file
        assert " on" + "click" not in text, file
        assert "<script>" not in text, file
        assert "http://" not in text.replace("http://www.w3.org", ""), file


def test_a_link_is_current_where_it_leads_nearest() -> None:
    assert menu.here("/desk/", "/desk/orders/")
    assert menu.here("/", "/")
    assert not menu.here("/", "/desk/")


def test_errors_without_a_field_are_kept() -> None:
    assert errors_of(Invalid("都不行")) == {"": "都不行"}
    assert errors_of(None) == {}
