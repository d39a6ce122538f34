"""What a step asks for: one declaration, one schema, one cleaning; whatever is sent, a refusal names the field."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.org.models import Unit

KINDS: tuple[fields.Field, ...] = (
    fields.Text("text", "文字", max_chars=20),
    fields.Line("line", "一行", max_chars=20),
    fields.Choice("choice", "选择", choices=(("yes", "是"), ("no", "否"))),
    fields.Code("code", "代码"),
    fields.UnitField("unit", "单位"),
    fields.UnitsField("units", "单位们"),
    fields.Day("day", "日期"),
    fields.Whole("whole", "整数", least=1, most=60),
    fields.Flag("flag", "是否"),
    fields.NumberField("number", "编号"),
)
JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def _units(db: None) -> None:
    for code in ("500233", "500233-D01"):
        Unit.objects.create(
            code=code, name=code, short_name=code, kind="county", level="county", valid_from=date(2026, 1, 1), source="test",
            parent=Unit.objects.first(),
        )  # fmt: skip
    with tx.writing():
        snapshot.bump()


def one(kind: str) -> fields.Field:
    return next(field for field in KINDS if field.name == kind)


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", " 两\r\n行 ", "两\n行"),
        ("line", " 两\r\n行 ", "两 行"),
        ("choice", "yes", "yes"),
        ("code", " 010302 ", "010302"),
        ("day", "2026-03-31", date(2026, 3, 31)),
        ("day", "２０２６-０３-３１", date(2026, 3, 31)),
        ("whole", 7, 7),
        ("whole", " ７ ", 7),
        ("flag", True, True),
        ("flag", "on", True),
        ("flag", "off", False),
        ("flag", None, False),
        ("number", "8k3m-2q7p ", "8K3M2Q7P"),
    ],
)
def test_a_value_is_made_what_commands_take(kind: str, raw: object, value: object) -> None:
    assert one(kind).clean(raw) == value


@pytest.mark.usefixtures("_units")
def test_units_are_read_as_codes() -> None:
    assert one("unit").clean(" ５００２３３ ").code == "500233"
    assert [node.code for node in one("units").clean("500233，500233-D01, 500233")] == ["500233", "500233-D01"]
    assert [node.code for node in one("units").clean(["500233-D01"])] == ["500233-D01"]


@pytest.mark.usefixtures("_units")
@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", "x" * 21), ("text", 7), ("text", ["x"]), ("text", "  "), ("line", {"a": 1}), ("choice", "maybe"),
        ("choice", True), ("choice", ["yes"]), ("code", "x" * 25), ("code", 10302), ("unit", "999"), ("unit", 500233),
        ("unit", ["500233"]), ("units", "500233,999"), ("units", [500233]), ("units", {"0": "500233"}),
        ("units", ["500233"] * 21), ("day", "31.3.2026"), ("day", "2026-02-30"), ("day", 20260331), ("day", ["2026-03-31"]),
        ("whole", 0), ("whole", 61), ("whole", 1.5), ("whole", True), ("whole", "1e1"), ("whole", "٧"), ("whole", "9" * 5000),
        ("whole", [7]), ("number", "8K3M2Q7"), ("number", "8K3M2Q7Ö"), ("number", 12345678), ("number", None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_at_its_field(kind: str, raw: object) -> None:
    with pytest.raises(Invalid) as refusal:
        one(kind).clean(raw)
    assert list(refusal.value.details["fields"]) == [kind]
    assert str(refusal.value.details["fields"][kind])


@pytest.mark.usefixtures("_units")
@given(st.data())
def test_no_value_at_all_breaks_a_field(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(KINDS))
    raw: Any = data.draw(JSON)
    try:
        field.clean(raw)
    except Invalid as refusal:
        assert list(refusal.details["fields"]) == [field.name]


def test_what_is_not_required_may_be_missing() -> None:
    optional = fields.Text("note", "备注", required=False)
    nothing: tuple[Any, ...] = (None, "", [])
    assert [optional.clean(raw) for raw in nothing] == [None, None, None]


def test_every_wrong_field_is_named_at_once_and_strange_names_are_ignored() -> None:
    asked = (fields.Text("text", "文字"), fields.Whole("days", "天"), fields.Flag("flag", "是否"))
    with pytest.raises(Invalid) as refusal:
        fields.clean(asked, {"days": "many", "state": "closed"})
    assert set(refusal.value.details["fields"]) == {"text", "days"}
    cleaned = fields.clean(asked, {"text": "好", "days": 3, "state": "closed", "by": 1})
    assert cleaned == {"text": "好", "days": 3, "flag": False}


def test_the_schema_says_what_cleaning_holds() -> None:
    made = fields.schema(KINDS)
    assert made["required"] == [field.name for field in KINDS if field.name != "flag"]
    assert made["additionalProperties"] is False
    assert made["properties"]["text"] == {"title": "文字", "type": "string", "minLength": 1, "maxLength": 20}
    assert made["properties"]["whole"] == {"title": "整数", "type": "integer", "minimum": 1, "maximum": 60}
    assert made["properties"]["choice"]["oneOf"] == [{"const": "yes", "title": "是"}, {"const": "no", "title": "否"}]
    assert made["properties"]["day"]["format"] == "date"
    assert made["properties"]["flag"]["type"] == "boolean"
    assert made["properties"]["number"]["minLength"] == made["properties"]["number"]["maxLength"] == 8


def test_choices_may_be_those_of_today() -> None:
    today = [("a", "甲")]
    field = fields.Choice("choice", "选择", choices=lambda: tuple(today))
    assert field.clean("a") == "a"
    today[:] = [("b", "乙")]
    with pytest.raises(Invalid):
        field.clean("a")
    assert field.schema()["oneOf"] == [{"const": "b", "title": "乙"}]
