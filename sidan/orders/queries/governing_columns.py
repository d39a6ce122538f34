"""A governing row's columns: one value as a form, a csv cell, the database and a reader have it."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot
from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Unit
from sidan.orders.keys import ALPHABET
from sidan.orders.models.governing import ANY
from sidan.orders.rulebook import rulebook

PART = ";"


@dataclass(frozen=True)
class Several(fields.Choice):
    """Some of a few; cleaned to the values in their own order."""

    multiple: ClassVar[bool] = True

    def _clean(self, raw: Any) -> list[str]:  # type: ignore[override]
        given = re.split(r"[;,，；、]", raw) if isinstance(raw, str) else list(raw)
        wanted = {str(one).strip() for one in given} - {""}
        known = [value for value, _label in self.options()]
        if stray := wanted - set(known):
            raise self.wrong(
                _("“%(label)s”里没有：%(stray)s。") % {"label": self.label, "stray": "、".join(sorted(stray))}
            )
        return [value for value in known if value in wanted]


@dataclass(frozen=True)
class NewCode(fields.Line):
    """A category's own code: two, four or six digits."""

    def _clean(self, raw: Any) -> str:
        code = padded(super()._clean(raw))
        if not re.fullmatch(r"([0-9]{2}){1,3}", code):
            raise self.wrong(_("类别代码是 2 位、4 位或 6 位数字，例如 010302。"))
        return code


@dataclass(frozen=True)
class PlaceCode(fields.Line):
    """A poster's code: letters and digits that nobody misreads."""

    def _clean(self, raw: Any) -> str:
        code = super()._clean(raw).upper()
        if not 4 <= len(code) <= self.max_chars or set(code) - set(ALPHABET):
            raise self.wrong(_("编码是 4 到 8 位字母和数字，不用 0、O、1、I、L。"))
        return code


@dataclass(frozen=True)
class CategoryCode(fields.Choice):
    """A category that the catalogue knows; versions that begin later count as well."""

    def options(self) -> tuple[tuple[str, str], ...]:
        rows = rulebook().category_choices(org.local_date(None))
        return tuple((row.code, f"{row.code} {row.name}") for row in rows)

    def _clean(self, raw: Any) -> str:
        code = padded(str(raw).strip())
        if code not in rulebook().categories:
            raise self.wrong(_("分类目录里没有 %(code)s，请先增加类别。") % {"code": code[:12]})
        return code


@dataclass(frozen=True)
class Holder(fields.Choice):
    """Who has a duty: one unit, or every unit of a kind."""

    def options(self) -> tuple[tuple[str, str], ...]:
        kinds = tuple((value, kind_words(value)) for value in Unit.Kind.values)
        nodes = sorted(org.tree().nodes.values(), key=lambda node: (not node.is_body, node.code))
        return (*kinds, *((node.code, f"{node.name}（{node.code}）") for node in nodes))

    def _clean(self, raw: Any) -> str:
        value = str(raw).strip()
        if value not in Unit.Kind.values and org.tree().by_code(value) is None:
            raise self.wrong(_("没有代码为 %(code)s 的单位，也没有这种单位类别。") % {"code": value[:24]})
        return value


@dataclass(frozen=True)
class AnUnit(fields.UnitField):
    """A unit that stands today; a file may leave it empty where the whole county is meant."""

    def _clean(self, raw: Any) -> org.Node:
        try:
            return super()._clean(raw)
        except Invalid as error:
            code = str(raw).strip()[:24]
            raise self.wrong(_("没有代码为 %(code)s 的单位，或已停用。") % {"code": code}) from error


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        header: its name in a csv file, where it is not the field's.
        empty: what the database has where nothing was given.
    """

    field: fields.Field
    header: str = ""
    empty: Any = ""

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def title(self) -> str:
        """The name in a csv file."""
        return self.header or self.field.name

    @property
    def attr(self) -> str:
        return f"{self.name}_id" if self.field.kind == "unit" else self.name

    @property
    def plural(self) -> bool:
        return self.field.kind == "units" or isinstance(self.field, Several)

    def stored(self, cleaned: Any) -> Any:
        """What the database keeps."""
        if cleaned is None or cleaned == []:
            return self.empty
        if isinstance(cleaned, org.Node):
            return cleaned.id
        if isinstance(cleaned, list):
            return self._ordered([one.code if isinstance(one, org.Node) else str(one) for one in cleaned])
        return cleaned

    def _ordered(self, values: list[str]) -> str:
        """Several values in one order, so that the same ones look the same."""
        known = [value for value, _label in self.field.options()] if isinstance(self.field, Several) else sorted(values)
        return PART.join(sorted(values, key=lambda one: (one not in known, known.index(one) if one in known else 0)))

    def cell(self, stored: Any) -> str:
        """The value in a csv file and in the journal."""
        if self.field.kind == "unit":
            return all_units()[stored][0] if stored in all_units() else ""
        if self.plural and stored:
            return self._ordered(str(stored).split(PART))
        return "" if stored is None else str(stored)

    def raw(self, cell: str) -> Any:
        """A csv cell as a form sends it."""
        return [one.strip() for one in cell.split(PART) if one.strip()] if self.plural else cell

    def words(self, cell: str) -> str:
        """The value for a reader."""
        if cell == "":
            return ""
        if self.field.kind in ("unit", "units"):
            return "、".join(unit_words(code) for code in cell.split(PART))
        if isinstance(self.field, CategoryCode):
            return category_words(cell)
        if isinstance(self.field, Holder):
            return kind_words(cell) if cell in Unit.Kind.values else unit_words(cell)
        if isinstance(self.field, fields.Choice):
            labels = {value: str(label) for value, label in self.field.options()}
            return "、".join(labels.get(one, one) for one in cell.split(PART))
        return cell


@snapshot.cached("orders.all_units")
def all_units() -> dict[int, tuple[str, str]]:
    """Code and name of every unit that ever was. One query when one changed."""
    return {pk: (code, name) for pk, code, name in Unit.objects.values_list("id", "code", "name")}


def unit_words(code: str) -> str:
    """A unit's name; one that has ended says so."""
    node = org.tree().by_code(code)
    if node is not None:
        return node.name
    name = next((name for known, name in all_units().values() if known == code), "")
    return _("%(name)s（已停用）") % {"name": name} if name else code


def kind_words(kind: str) -> str:
    """A kind of unit as a duty's holder."""
    return _("每个%(kind)s") % {"kind": Unit.Kind(kind).label}


def category_words(code: str) -> str:
    """A category's code and its latest name."""
    rows = rulebook().categories.get(code)
    return f"{code} {rows[-1].name}" if rows else code


def padded(code: str) -> str:
    """A code whose leading zero a spreadsheet has eaten gets it back."""
    return f"0{code}" if code.isascii() and code.isdigit() and len(code) in (1, 3, 5) else code


def any_or(choices: list[tuple[str, Any]], label: Any) -> tuple[tuple[str, Any], ...]:
    """Choices with `*` for all of them in front."""
    return ((ANY, label), *choices)
