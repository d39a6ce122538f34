"""The map: which column becomes which field. A TOML file that is checked whole, every wrong key at once."""

import string
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Kind, Klass, S, Urgency

MAP_BYTES_MOST = 1024**2
STATES = (S.SUBMITTED, S.CLOSED)  # what the flow lets an importer reach

# Field -> keys that its table may have.
_TEXTS = {"column", "template", "empty"}
_TIMES = {"column", "formats", "zone"}
_WORDS = {"column", "values", "default"}
KEYS: dict[str, set[str]] = {
    "file": {"delimiter", "encoding", "sheet"},
    "external_number": {"column"},
    "text": _TEXTS,
    "asked_at": _TIMES,
    "closed_at": _TIMES,
    "state": _WORDS,
    "kind": _WORDS,
    "category": _WORDS,
    "klass": _WORDS,
    "urgency": _WORDS,
    "unit": _WORDS,
    "place": _TEXTS,
    "lat": {"column"},
    "lon": {"column"},
    "phone": {"column", "bad"},
    "name": {"column"},
}
REQUIRED = ("external_number", "text", "asked_at", "unit")
ENCODINGS = ("", "utf-8", "gb18030")


@dataclass(frozen=True)
class Words:
    """A column whose values are translated; `default` stands for empty and unknown ones, None for none."""

    column: str = ""
    values: dict[str, str] = field(default_factory=dict)
    default: str | None = None


@dataclass(frozen=True)
class Pieces:
    """A text put together: literals and column names in turn; `empty` where all the columns are."""

    literals: tuple[str, ...]
    columns: tuple[str, ...]
    empty: str = ""


@dataclass(frozen=True)
class Moment:
    """A column with a time, its forms (strptime; `iso`), and the zone of times that name none."""

    column: str
    formats: tuple[str, ...]
    zone: ZoneInfo


@dataclass(frozen=True)
class Map:
    """A checked map."""

    name: str
    system: str
    delimiter: str
    encoding: str
    sheet: str
    external_number: str
    text: Pieces
    asked_at: Moment
    closed_at: Moment | None
    words: dict[str, Words]  # state, kind, category, klass, urgency, unit
    place: Pieces | None
    lat: str
    lon: str
    phone: str
    phone_bad: str  # refuse the row, or drop the number
    person_name: str

    def columns(self) -> dict[str, list[str]]:
        """Field -> the columns that it reads."""
        found = {
            "external_number": [self.external_number],
            "text": list(self.text.columns),
            "asked_at": [self.asked_at.column],
            "closed_at": [self.closed_at.column] if self.closed_at else [],
            "place": list(self.place.columns) if self.place else [],
            **{name: [words.column] for name, words in self.words.items()},
            **{"lat": [self.lat], "lon": [self.lon], "phone": [self.phone], "name": [self.person_name]},
        }
        return {name: [one for one in columns if one] for name, columns in found.items()}


def load(path: Path, *, system: str | None = None) -> Map:
    """Read and check a map. Two queries where units or rules changed, none otherwise.

    Args:
        system: takes the place of the map's own `system`.

    Raises:
        Invalid: with every wrong key at once, as `table.key`.
    """
    try:
        if path.stat().st_size > MAP_BYTES_MOST:
            raise Invalid(fields={"map": _("映射文件太大。")})
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(fields={"map": _("打不开映射文件：%(why)s") % {"why": error}}) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(fields={"map": _("映射文件不是合格的 TOML：%(why)s") % {"why": error}}) from error
    return _Check(raw, path.stem, system).result()


class _Check:
    """Walks a map and keeps every complaint."""

    def __init__(self, raw: dict[str, Any], name: str, system: str | None) -> None:
        self.raw, self.name, self.given = raw, name, system
        self.wrong: dict[str, str] = {}

    def result(self) -> Map:
        self._shape()
        table = self.table
        made = Map(
            name=self.name[:80],
            system=self._system(),
            delimiter=self._delimiter(),
            encoding=self._encoding(),
            sheet=self.text("file", "sheet"),
            external_number=self.text("external_number", "column", needed=True),
            text=self._pieces("text"),
            asked_at=self._moment("asked_at"),
            closed_at=self._moment("closed_at", "asked_at") if table("closed_at") else None,
            words=self._all_words(),
            place=self._pieces("place") if table("place") else None,
            lat=self.text("lat", "column"),
            lon=self.text("lon", "column"),
            phone=self.text("phone", "column"),
            phone_bad=self._phone_bad(),
            person_name=self.text("name", "column"),
        )
        if bool(made.lat) != bool(made.lon):
            self.wrong["lat" if made.lon else "lon"] = _("经纬度要成对。")
        if self.wrong:
            raise Invalid(_("映射文件有几处不对。"), fields=self.wrong)
        return made

    def table(self, name: str) -> dict[str, Any]:
        value = self.raw.get(name)
        return value if isinstance(value, dict) else {}

    def text(self, table: str, key: str, *, needed: bool = False) -> str:
        value = self.table(table).get(key, "")
        if not isinstance(value, str) or (needed and not value and self.table(table)):
            self.wrong[f"{table}.{key}"] = _("这里要写文字。")
            return ""
        return value

    def _shape(self) -> None:
        for name, value in self.raw.items():
            if name in ("system", "name"):
                continue
            if name not in KEYS:
                self.wrong[name] = _("没有这个字段；可用：%(all)s") % {"all": "、".join(["system", *KEYS])}
            elif not isinstance(value, dict):
                self.wrong[name] = _("要写成一节：[%(name)s]") % {"name": name}
            else:
                for key in value.keys() - KEYS[name]:
                    self.wrong[f"{name}.{key}"] = _("没有这个键；可用：%(all)s") % {
                        "all": "、".join(sorted(KEYS[name]))
                    }
        for name in REQUIRED:
            if name not in self.raw:
                self.wrong[name] = _("必须有 [%(name)s] 一节。") % {"name": name}

    def _system(self) -> str:
        value = self.given or self.raw.get("system", "")
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= 40 or not value.isprintable():
            self.wrong["system"] = _("请写来源系统的名字，1 到 40 个字。")
            return ""
        return value.strip()

    def _delimiter(self) -> str:
        value = self.text("file", "delimiter") or ","
        if len(value) != 1 or value in '\r\n"':
            self.wrong["file.delimiter"] = _("分隔符是一个字符，例如 , 或 ; 或 \\t。")
            return ","
        return value

    def _encoding(self) -> str:
        value = self.text("file", "encoding").lower()
        value = {"gbk": "gb18030", "gb2312": "gb18030", "utf8": "utf-8", "utf-8-sig": "utf-8"}.get(value, value)
        if value not in ENCODINGS:
            self.wrong["file.encoding"] = _("只认 utf-8 和 gb18030；不写就自动判断。")
        return value

    def _phone_bad(self) -> str:
        value = self.text("phone", "bad") or "refuse"
        if value not in ("refuse", "drop"):
            self.wrong["phone.bad"] = _("写 refuse（这一行不收）或 drop（不要这个号码）。")
        return value

    def _pieces(self, name: str) -> Pieces:
        column, template = self.text(name, "column"), self.text(name, "template")
        if bool(column) == bool(template):
            if self.table(name):
                self.wrong[f"{name}.column"] = _("column 和 template 要写一个，只写一个。")
            return Pieces(("", ""), ("",))
        if column:
            return Pieces(("", ""), (column,), self.text(name, "empty"))
        literals, columns = [""], []
        try:
            for literal, found, form, conversion in string.Formatter().parse(template):
                literals[-1] += literal
                if found is not None:
                    if not found or form or conversion:
                        raise ValueError(found)
                    columns.append(found)
                    literals.append("")
        except ValueError as error:
            self.wrong[f"{name}.template"] = _("模板写成 “{列名}，{列名}”：%(why)s") % {"why": error}
        if not columns:
            self.wrong.setdefault(f"{name}.template", _("模板里没有列名。"))
        return Pieces(tuple(literals), tuple(columns), self.text(name, "empty"))

    def _moment(self, name: str, like: str = "") -> Moment:
        given = {**self.table(like), **self.table(name)}
        formats = given.get("formats", ["iso"])
        if not isinstance(formats, list) or not formats or not all(isinstance(one, str) and one for one in formats):
            self.wrong[f"{name}.formats"] = _('写成列表，例如 ["%%Y-%%m-%%d"]；iso 表示 ISO 8601。') % {}
            formats = ["iso"]
        zone = given.get("zone", str(org.ZONE))
        try:
            found = ZoneInfo(zone)
        except (KeyError, ValueError, TypeError, OSError):
            self.wrong[f"{name}.zone"] = _("没有这个时区；例如 Asia/Shanghai。")
            found = org.ZONE
        return Moment(self.text(name, "column", needed=True), tuple(formats), found)

    def _all_words(self) -> dict[str, Words]:
        tree, rules = org.tree(), rulebook()
        known: dict[str, Any] = {
            "state": STATES,
            "kind": Kind.values,
            "category": rules.categories.keys() | {""},
            "klass": Klass.values,
            "urgency": Urgency.values,
            "unit": {code for code, node in tree.codes.items() if not node.is_body},
        }
        found = {name: self._words(name, values) for name, values in known.items() if self.table(name)}
        unit = found.get("unit")
        if unit and not unit.column and unit.default is None:
            self.wrong["unit.default"] = _("请写 column 或 default（单位代码）。")
        return found

    def _words(self, name: str, known: Any) -> Words:
        table = self.table(name)
        values, default = table.get("values", {}), table.get("default")
        if not isinstance(values, dict) or not all(isinstance(one, str) for one in values.values()):
            self.wrong[f"{name}.values"] = _('写成对照表："原值" = "新值"。')
            values = {}
        for raw, value in values.items():
            if value not in known:
                self.wrong[f"{name}.values.{raw}"] = _("不认识“%(value)s”。") % {"value": value}
        if default is not None and default not in known:
            self.wrong[f"{name}.default"] = _("不认识“%(value)s”。") % {"value": default}
            default = None
        column = self.text(name, "column")
        if not column and (values or default is None):
            self.wrong[f"{name}.column"] = _("这里要写列名。")
        return Words(column, {raw.strip(): value for raw, value in values.items()}, default)
