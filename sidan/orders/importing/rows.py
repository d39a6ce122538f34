"""Turns a record into the facts of an order, or into what is wrong with it. Pure: no statement, no clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from sidan.kernel.base import text as texts
from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import engine
from sidan.kernel.journal import hashing
from sidan.kernel.org import queries as org
from sidan.orders.importing import mapping
from sidan.orders.importing.clocking import Clockwork
from sidan.orders.importing.mapping import Map, Pieces, Words
from sidan.orders.importing.reading import Broken
from sidan.orders.importing.report import RowError
from sidan.orders.models.governing import Category
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Kind, Klass, S, Urgency

_KEPT_MOST = 100_000
_NUMBER_CHARS, _NAME_CHARS, _PLACE_CHARS = 60, 40, 120
_YEAR_LEAST = 1950
_CODED = ("kind", "category", "klass", "urgency", "unit", "state")


@dataclass(frozen=True, slots=True, eq=False)  # known by identity, as a key that costs nothing
class Instant:
    """A moment in the forms in which it is needed."""

    at: datetime  # UTC
    flat: str  # as the journal writes it
    micros: int
    era: int


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """What the code columns of a row say; rows that share it share most of their columns."""

    kind: str
    category_id: int | None
    klass: str
    urgency: str
    unit_id: int
    state: str  # submitted, closed, or empty: closed where a closing time is given
    emergency: str  # the number to call


class Row(NamedTuple):
    """An order that may be written."""

    line: int
    external_number: str
    text: str
    asked: Instant
    closed: Instant | None
    coded: Coded
    place: str
    lat: float | None
    lon: float | None
    phone: str
    name: str


class Wrong(Exception):
    """Why a field is refused, and how it is mended."""

    def __init__(self, field: str, what: str, mend: str) -> None:
        super().__init__(what)
        self.field, self.what, self.mend = field, what, mend


class Mapper:
    """A map laid over one header.

    Raises:
        Invalid: columns that the file does not have, all at once.
    """

    def __init__(self, plan: Map, header: Sequence[str], clockwork: Clockwork, now: datetime) -> None:
        self._map, self._clockwork, self._now = plan, clockwork, now
        names = [name.strip() for name in header]
        self._width = len(names)
        self._at = {name: at for at, name in reversed(list(enumerate(names)))}
        self._check(names)
        self._rules, self._tree = rulebook(), org.tree()
        self._number = self._at[plan.external_number]
        self._text, self._place = self._joined(plan.text), self._joined(plan.place) if plan.place else None
        self._asked, self._closed = (
            self._at[plan.asked_at.column],
            self._index(plan.closed_at.column if plan.closed_at else ""),
        )
        self._codes = [self._index(plan.words[name].column) if name in plan.words else -1 for name in _CODED]
        used = [at for at in self._codes if at >= 0]
        # The cells of all code columns at once are the key under which what they mean is kept.
        self._coded_cells: Callable[[list[str]], Any] = itemgetter(*used) if used else lambda cells: ()
        self._lat, self._lon = self._index(plan.lat), self._index(plan.lon)
        self._phone, self._name = self._index(plan.phone), self._index(plan.person_name)
        self._moments: dict[str, dict[str, Instant | Wrong]] = {"asked_at": {}, "closed_at": {}}
        self._coded: dict[int, dict[Any, Coded | Wrong]] = {}
        self._places: dict[str, str] = {}

    def __call__(self, line: int, cells: list[str] | Broken) -> Row | RowError:
        """The row, or the first thing that is wrong with it."""
        if isinstance(cells, Broken):
            where = {"a": cells.first_line, "b": cells.last_line, "why": cells.why}
            what = _("文件第 %(a)d 到 %(b)d 行读不成一行（%(why)s）。") % where
            return RowError(line, "", what, _("请检查引号和分隔符。"))
        try:
            return self._row(line, cells)
        except Wrong as wrong:
            return RowError(line, wrong.field, wrong.what, wrong.mend)
        except Invalid as refusal:
            field, what = next(iter(refusal.details["fields"].items()))
            return RowError(line, field, str(what), _("请改好这一行再导入，已导入的行不会重复。"))

    def _row(self, line: int, cells: list[str]) -> Row:
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            what = _("有 %(n)d 格，表头有 %(head)d 格。") % {"n": len(cells), "head": self._width}
            raise Wrong("", what, _("请检查引号和分隔符。"))
        asked = self._moment(cells[self._asked], "asked_at")
        coded = self._code(cells, asked.era)
        closed = None
        closed_raw = cells[self._closed] if self._closed >= 0 else ""
        if coded.state != S.SUBMITTED and closed_raw and not closed_raw.isspace():
            closed = self._moment(closed_raw, "closed_at")
            if closed.micros < asked.micros:
                raise Wrong("closed_at", _("办结时间早于提出时间。"), _("请核对这两个时间。"))
        elif coded.state == S.CLOSED:
            raise Wrong("closed_at", _("已办结，但没有办结时间。"), _("请补上办结时间，或把状态改为未办结。"))
        elif coded.emergency:
            raise Wrong("category", _("紧急事项不排队。"), _("请立即按紧急电话处置，办结后再导入。"))
        lat, lon = self._point(cells) if self._lat >= 0 else (None, None)
        return Row(
            line,
            self._external(cells[self._number]),
            _clean(self._text(cells), "text", 4000),
            asked,
            closed,
            coded,
            self._placed(self._place(cells)) if self._place else "",
            lat,
            lon,
            self._clean_phone(cells[self._phone]) if self._phone >= 0 else "",
            _clean(cells[self._name], "name", _NAME_CHARS) if self._name >= 0 and cells[self._name].strip() else "",
        )

    def _check(self, names: list[str]) -> None:
        wrong = {}
        for field, columns in self._map.columns().items():
            for column in columns:
                if column not in self._at:
                    wrong[f"{field}: {column}"] = _("文件没有这一列；有：%(all)s") % {"all": "、".join(names)[:500]}
                elif names.count(column) > 1:
                    wrong[f"{field}: {column}"] = _("文件里有几列同名，分不清。")
        if wrong:
            raise Invalid(_("映射与文件的列对不上。"), fields=wrong)

    def _index(self, column: str) -> int:
        return self._at[column] if column else -1

    def _joined(self, pieces: Pieces) -> Callable[[list[str]], str]:
        columns, empty = [self._at[one] for one in pieces.columns], pieces.empty
        if len(columns) == 1 and pieces.literals == ("", ""):
            only = columns[0]
            return lambda cells: cells[only].strip() or empty
        form = "%s".join(literal.replace("%", "%%") for literal in pieces.literals)
        chosen = itemgetter(*columns) if len(columns) > 1 else lambda cells: (cells[columns[0]],)

        def join(cells: list[str]) -> str:
            found: tuple[str, ...] = chosen(cells)
            if not any(found) or not "".join(found).strip():
                return empty
            return (form % found).strip()

        return join

    def _placed(self, raw: str) -> str:
        """Places recur; a long one is no place and is not kept."""
        found = self._places.get(raw)
        if found is None:
            if len(self._places) > _KEPT_MOST:
                self._places.clear()
            found = self._places[raw] = _clean(raw, "place", _PLACE_CHARS)
        return found

    def _external(self, raw: str) -> str:
        number = raw.strip()
        if not number:
            raise Wrong("external_number", _("没有原编号。"), _("每一行都要有来源系统的编号，重复导入才认得出。"))
        if len(number) > _NUMBER_CHARS or not number.isprintable():
            raise Wrong("external_number", _("原编号太长或带有控制字符。"), _("最多 60 个字。"))
        return number

    def _moment(self, raw: str, field: str) -> Instant:
        kept = self._moments[field]
        found = kept.get(raw)
        if found is None:
            if len(kept) > _KEPT_MOST:
                kept.clear()
            found = kept[raw] = self._read_moment(raw.strip(), field)
        if isinstance(found, Wrong):
            raise found
        return found

    def _read_moment(self, raw: str, field: str) -> Instant | Wrong:
        form = self._map.asked_at if field == "asked_at" else self._map.closed_at or self._map.asked_at
        at = _parsed(raw, form)
        if at is None:
            mend = _("格式应为 %(all)s，请在映射的 formats 里补上。") % {"all": "、".join(form.formats)}
            return Wrong(field, _("认不出时间“%(raw)s”。") % {"raw": raw[:40]} if raw else _("没有时间。"), mend)
        if at.year < _YEAR_LEAST or at > self._now:
            return Wrong(field, _("时间“%(raw)s”在将来或太早。") % {"raw": raw[:40]}, _("请核对时间和时区。"))
        flat = engine.flat(at)
        return Instant(at, str(flat), hashing.micros(at), self._clockwork.era(org.local_date(at)))

    def _code(self, cells: list[str], era: int) -> Coded:
        kept = self._coded.setdefault(era, {})
        key = self._coded_cells(cells)
        found = kept.get(key)
        if found is None:
            if len(kept) > _KEPT_MOST:
                kept.clear()
            raw = tuple([cells[at].strip() if at >= 0 else "" for at in self._codes])
            found = kept[key] = self._read_words(raw, era)
        if isinstance(found, Wrong):
            raise found
        return found

    def _read_words(self, raw: tuple[str, ...], era: int) -> Coded | Wrong:
        kind, category, klass, urgency, unit, state = raw
        units = {code: code for code, node in self._tree.codes.items() if not node.is_body}
        try:
            code = self._word(
                "category", category, {one: one for one in self._rules.categories if isinstance(one, str)}, ""
            )
            row = self._category(code, era)
            return Coded(
                self._word("kind", kind, dict.fromkeys(Kind.values), Kind.HELP),
                row.pk if row else None,
                self._word("klass", klass, dict.fromkeys(Klass.values), row.klass if row else Klass.GENERAL),
                self._word("urgency", urgency, dict.fromkeys(Urgency.values), Urgency.NORMAL),
                self._tree.codes[self._word("unit", unit, units, None)].id,
                self._word("state", state, dict.fromkeys(mapping.STATES), ""),
                self._rules.emergency(row, org.local_date(self._now)),
            )
        except Wrong as wrong:
            return wrong

    def _word(self, field: str, raw: str, known: dict[str, str] | dict[str, None], usual: str | None) -> str:
        """A value by the map's table, else the value itself where it is one of ours, else the default."""
        words = self._map.words.get(field, Words())
        found = words.values.get(raw)
        if found is None and raw in known:
            found = raw
        if found is None:
            found = words.default
        if found is None and not (words.column and raw):
            found = usual
        if found is None:
            mend = _("请在映射 [%(field)s.values] 里补上，或写 default。") % {"field": field}
            raise Wrong(field, _("不认识“%(raw)s”。") % {"raw": raw[:40]}, mend)
        return str(found)

    def _category(self, code: str, era: int) -> Category | None:
        """The version of the day on which it was asked; for days before the catalogue, today's."""
        if not code:
            return None
        day, today = self._clockwork.first_day(era), org.local_date(self._now)
        return self._rules.category(code, day) or self._rules.category(code, today)

    def _point(self, cells: list[str]) -> tuple[float | None, float | None]:
        lat, lon = cells[self._lat].strip(), cells[self._lon].strip()
        if not lat and not lon:
            return None, None
        try:
            point = float(lat), float(lon)
        except ValueError:
            point = float("nan"), float("nan")
        if not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180):
            raise Wrong("lat", _("经纬度不对。"), _("经纬度要成对，如 30.30 和 108.04。"))
        return point

    def _clean_phone(self, raw: str) -> str:
        if not raw.strip():
            return ""
        try:
            return texts.clean_phone(raw)
        except Invalid:
            if self._map.phone_bad == "drop":
                return ""
            raise Wrong("phone", _("不是 11 位手机号。"), _('请改正，或在映射 [phone] 里写 bad = "drop"。')) from None


def _clean(raw: str, field: str, most: int) -> str:
    # What is plain already, as nearly all rows of an export are, needs no normalising.
    if raw.isascii() and raw.isprintable() and 0 < len(raw) <= most:
        return raw
    return texts.clean_text(raw, max_chars=most, min_chars=0 if field == "place" else 1, field=field)


def _parsed(raw: str, form: mapping.Moment) -> datetime | None:
    for one in form.formats:
        try:
            found = datetime.fromisoformat(raw) if one == "iso" else datetime.strptime(raw, one)
            if found.utcoffset() is None:
                found = found.replace(tzinfo=form.zone)
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
