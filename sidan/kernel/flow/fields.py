"""What a step asks for, declared once: JSON Schema for programs, a form for people, one cleaning for both."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid
from sidan.kernel.base.text import clean_text
from sidan.kernel.org import queries as org

Words = str | Promise


@dataclass(frozen=True)
class Field:
    """One value; `clean` gives None where nothing was given and nothing is required."""

    name: str
    label: Words
    help: Words = ""
    required: bool = True
    needed_if: tuple[str, str] | None = (
        None  # another field and the value with which the command needs this one as well
    )
    kind: ClassVar[str] = "text"

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the value."""
        made = {"title": str(self.label), **self._schema()}
        if self.help:
            made["description"] = str(self.help)
        return made

    def clean(self, raw: Any) -> Any:
        """The value as commands take it.

        Raises:
            Invalid: with the field's name and how to mend it.
        """
        if raw is None or raw == "" or raw == []:
            if self.required:
                raise self.wrong(_("请填写“%(label)s”。") % {"label": self.label})
            return None
        return self._clean(raw)

    def wrong(self, message: str) -> Invalid:
        return Invalid(fields={self.name: message})

    def _schema(self) -> dict[str, Any]:
        return {"type": "string"}

    def _clean(self, raw: Any) -> Any:
        return clean_text(raw, field=self.name)


@dataclass(frozen=True)
class Text(Field):
    """Words, of 1 to `max_chars` characters."""

    max_chars: int = 4000
    kind: ClassVar[str] = "longtext"

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.max_chars}

    def _clean(self, raw: Any) -> str:
        return clean_text(raw, max_chars=self.max_chars, field=self.name)


@dataclass(frozen=True)
class Line(Text):
    """Words on one line."""

    max_chars: int = 120
    kind: ClassVar[str] = "text"

    def _clean(self, raw: Any) -> str:
        return " ".join(super()._clean(raw).split())


@dataclass(frozen=True)
class Choice(Field):
    """One of a few, fixed or read from the rows that are valid today; nothing is preselected."""

    choices: tuple[tuple[str, Words], ...] | Callable[[], tuple[tuple[str, Words], ...]] = ()
    kind: ClassVar[str] = "choice"

    def options(self) -> tuple[tuple[str, Words], ...]:
        return self.choices() if callable(self.choices) else self.choices

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "oneOf": [{"const": value, "title": str(label)} for value, label in self.options()]}

    def _clean(self, raw: Any) -> str:
        if raw not in [value for value, _label in self.options()]:
            raise self.wrong(_("请在“%(label)s”里选一项。") % {"label": self.label})
        return str(raw)


@dataclass(frozen=True)
class Code(Field):
    """A code of a catalogue; the command looks it up."""

    kind: ClassVar[str] = "text"
    max_chars: int = 24

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_chars}

    def _clean(self, raw: Any) -> str:
        return clean_text(raw, max_chars=self.max_chars, field=self.name)


@dataclass(frozen=True)
class UnitField(Field):
    """An official unit code; cleaned to the unit's node in the tree."""

    kind: ClassVar[str] = "unit"

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 24, "format": "unit-code"}

    def _clean(self, raw: Any) -> org.Node:
        node = org.tree().by_code(unicodedata.normalize("NFKC", raw).strip() if isinstance(raw, str) else "")
        if node is None:
            raise self.wrong(_("没有这个单位，请从列表里选。"))
        return node


@dataclass(frozen=True)
class UnitsField(Field):
    """Several official unit codes, as a list or separated by commas."""

    kind: ClassVar[str] = "units"

    def _schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}, "maxItems": 20}

    def _clean(self, raw: Any) -> list[org.Node]:
        codes = raw.replace("，", ",").split(",") if isinstance(raw, str) else raw
        if not isinstance(codes, list) or len(codes) > 20:
            raise self.wrong(_("请列出单位代码，最多 20 个。"))
        found = []
        for code in codes:
            node = org.tree().by_code(code.strip()) if isinstance(code, str) else None
            if node is None and not (isinstance(code, str) and not code.strip()):
                raise self.wrong(_("没有代码为 %(code)s 的单位。") % {"code": str(code)[:24]})
            if node is not None and node not in found:
                found.append(node)
        return found


@dataclass(frozen=True)
class Day(Field):
    """A calendar day, YYYY-MM-DD."""

    kind: ClassVar[str] = "day"

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def _clean(self, raw: Any) -> date:
        try:
            return date.fromisoformat(unicodedata.normalize("NFKC", raw).strip())
        except (TypeError, ValueError) as error:
            raise self.wrong(_("请写成 2026-03-31 这样的日期。")) from error


@dataclass(frozen=True)
class Whole(Field):
    """A whole number between two bounds."""

    least: int = 0
    most: int = 1_000_000
    kind: ClassVar[str] = "whole"

    def _schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def _clean(self, raw: Any) -> int:
        digits = unicodedata.normalize("NFKC", raw).strip() if isinstance(raw, str) else raw
        if isinstance(digits, str) and digits.isascii() and digits.isdigit() and len(digits) < 10:
            digits = int(digits)
        if isinstance(digits, bool) or not isinstance(digits, int) or not self.least <= digits <= self.most:
            raise self.wrong(_("请填 %(least)d 到 %(most)d 之间的整数。") % {"least": self.least, "most": self.most})
        return digits


@dataclass(frozen=True)
class Flag(Field):
    """Yes or no; a box on a form."""

    required: bool = False
    kind: ClassVar[str] = "flag"

    def clean(self, raw: Any) -> bool:
        return raw is True or (isinstance(raw, str) and raw.lower() in ("1", "on", "true", "yes"))

    def _schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class NumberField(Field):
    """The 8-character number of another item."""

    kind: ClassVar[str] = "number"

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 8, "maxLength": 8}

    def _clean(self, raw: Any) -> str:
        value = unicodedata.normalize("NFKC", raw).strip().upper().replace("-", "") if isinstance(raw, str) else ""
        if len(value) != 8 or not value.isascii() or not value.isalnum():
            raise self.wrong(_("编号是 8 位字母和数字。"))
        return value


def schema(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The JSON Schema of a step's body."""
    made: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: field.schema() for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
    needs = [(field.name, *field.needed_if) for field in fields if field.needed_if]
    if needs:
        made["allOf"] = [
            {"if": {"required": [other], "properties": {other: {"const": value}}}, "then": {"required": [name]}}
            for name, other, value in needs
        ]
    return made


def clean(fields: tuple[Field, ...], raw: dict[str, Any]) -> dict[str, Any]:
    """All values of a step, cleaned; unknown names are ignored, so nothing can be set that no field names.

    Raises:
        Invalid: every wrong field at once.
    """
    cleaned: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for field in fields:
        try:
            cleaned[field.name] = field.clean(raw.get(field.name))
        except Invalid as refusal:
            wrong.update(refusal.details["fields"])
    if wrong:
        raise Invalid(fields=wrong)
    return cleaned
