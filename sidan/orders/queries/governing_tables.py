"""The tables that the operator keeps: what identifies a row, its columns, where it holds, how it is found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.notify import quiet
from sidan.kernel.notify.models import QuietRule
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import DutyPhone, Seat
from sidan.orders.models.governing import (
    Category,
    DeadlineRule,
    DispatchRule,
    Duty,
    LadderRule,
    Measure,
    Place,
    RefusalReason,
)
from sidan.orders.queries.governing_columns import (
    AnUnit,
    CategoryCode,
    Column,
    Holder,
    NewCode,
    PlaceCode,
    Several,
    any_or,
    category_words,
)
from sidan.orders.queries.places import Versions
from sidan.orders.queries.places import complete as complete_place
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Kind, Klass, Rung, Stage, Urgency

Cells = dict[str, str]
Words = str | Promise


@dataclass(frozen=True)
class Table:
    """One table of dated rows.

    Args:
        key: names of the columns that stay the same from version to version.
        listed: columns that the list shows beside the row's title.
        place: the column that says where a row holds; rows without one hold in the whole county.
        search: the condition for what was typed into the search box.
        wrong: what is wrong with the values together, by column.
        complete: fills in what follows from the other values.
    """

    name: str
    label: Words
    lead: Words
    model: Any
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    listed: tuple[str, ...]
    search: Callable[[str], Q]
    place: str = ""
    wrong: Callable[[dict[str, Any]], dict[str, str]] = lambda _cleaned: {}
    complete: Callable[[dict[str, Any], Versions | None], dict[str, Any]] = lambda cleaned, _there: cleaned

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def key_fields(self) -> tuple[fields.Field, ...]:
        return tuple(column.field for column in self.columns if column.name in self.key)

    @property
    def value_fields(self) -> tuple[fields.Field, ...]:
        return tuple(column.field for column in self.columns if column.name not in self.key)

    def cells(self, row: Any) -> Cells:
        """A row as csv cells by column name."""
        return {column.name: column.cell(getattr(row, column.attr)) for column in self.columns}

    def raw(self, cells: Cells) -> dict[str, Any]:
        """Csv cells as a form sends them."""
        return {column.name: column.raw(cells.get(column.name, "")) for column in self.columns}

    def clean(self, raw: dict[str, Any], there: Versions | None = None) -> dict[str, Any]:
        """What the database keeps, by column name.

        Args:
            there: all rows of the table by key, where the caller has them: then nothing is asked of the database.

        Raises:
            Invalid: every wrong column at once.
        """
        cleaned = fields.clean(tuple(column.field for column in self.columns), raw)
        if found := self.wrong(cleaned):
            raise Invalid(fields=found)
        cleaned = self.complete(cleaned, there)
        return {column.name: column.stored(cleaned[column.name]) for column in self.columns}

    def cells_of(self, stored: dict[str, Any]) -> Cells:
        return {column.name: column.cell(stored[column.name]) for column in self.columns}

    def facts(self, cells: Cells) -> list[tuple[str, str]]:
        """Label and words of every column that is not empty."""
        return [(str(column.field.label), column.words(cells.get(column.name, ""))) for column in self.columns]

    def title(self, cells: Cells) -> str:
        """What the row is about, in words."""
        said = []
        for name in self.key:
            cell = cells.get(name, "")
            words = category_words(cell) if name == "code" and self.model is Category else self.column(name).words(cell)
            said.append(words or _("全县"))
        if self.model is RefusalReason:
            said = [cells.get("name", "")]
        if self.model is Place:
            said = [cells.get(name, "") for name in ("estate", "building", "spot", "code") if cells.get(name)]
        return " · ".join(said)

    def subject(self, cells: Cells) -> str:
        """The journal's subject: one chain for all versions of a thing."""
        return f"orders.rule:{self.name}:{'/'.join(cells[name] for name in self.key)}"

    def unit_id(self, cells: Cells) -> int:
        """Where a row holds: whoever changes it must be operator there or above."""
        node = org.tree().by_code(cells.get(self.place, "")) if self.place else None
        return node.id if node else org.tree().root().id


def _units_like(text: str) -> list[int]:
    """Ids of the units whose name or code has a text. From memory."""
    return [node.id for node in org.tree().nodes.values() if text in node.name or text in node.code]


def _codes_like(text: str) -> Q:
    """Category codes that begin with a text, or whose name has it. From memory."""
    named = [code for code, rows in rulebook().categories.items() if any(text in row.name for row in rows)]
    return Q(category_code__startswith=text) | Q(category_code__in=named)


def _dispatch_search(text: str) -> Q:
    units = _units_like(text)
    return _codes_like(text) | Q(lead__in=units) | Q(area__in=units)


def _duty_search(text: str) -> Q:
    nodes = org.tree().nodes
    return (
        _codes_like(text) | Q(holder__in=[text, *(nodes[pk].code for pk in _units_like(text))]) | Q(text__contains=text)
    )


def _labelled(text: str, names: dict[str, Any]) -> Q:
    """Columns with fixed values, found by the words of their values."""
    found = Q(source__contains=text)
    for name, choices in names.items():
        found |= Q(**{f"{name}__in": [value for value, label in choices if text in str(label)] or [text]})
    return found


def _dispatch_wrong(cleaned: dict[str, Any]) -> dict[str, str]:
    if (cleaned["answer_amount"] is None) != (cleaned["answer_measure"] is None):
        return {"answer_measure": _("答复时限的数值和单位要一起填，或都不填。")}
    return {}


def _refusal_wrong(cleaned: dict[str, Any]) -> dict[str, str]:
    code = cleaned["code"]
    return {} if code.isascii() and code.replace("_", "").isalnum() else {"code": _("代码只用小写字母、数字和下划线。")}


def _place_wrong(cleaned: dict[str, Any]) -> dict[str, str]:
    node = cleaned["unit"]
    return {"unit": _("地点要放在一个社区（村）下面。")} if node.level != "community" else {}


def _quiet_wrong(cleaned: dict[str, Any]) -> dict[str, str]:
    wrong = {}
    for name in ("begins", "ends"):
        try:
            quiet.clock(cleaned[name])
        except ValueError:
            wrong[name] = _("时间请写成 22:00 这样，24 小时制。")
    return wrong


_CATEGORY = Column(CategoryCode("category_code", gettext_lazy("类别")))
_KLASS = (("klass", gettext_lazy("事项类型")), "class")


def _klass(*, every: bool = False, required: bool = True, help: Words = "") -> Column:
    choices = any_or(Klass.choices, gettext_lazy("全部类型")) if every else tuple(Klass.choices)
    return Column(fields.Choice(*_KLASS[0], help, required=required, choices=choices), _KLASS[1])


CATEGORIES = Table(
    "categories", gettext_lazy("分类目录"), gettext_lazy("居民点单时选的事项，分三级。事项类型决定时限。"), Category, ("code",),
    (
        Column(NewCode("code", gettext_lazy("代码"), gettext_lazy("2 位是一级，4 位是二级，6 位是三级"), max_chars=6)),
        Column(fields.Line("name", gettext_lazy("名称"), max_chars=60)),
        _klass(),
        Column(
            fields.Line(
                "emergency", gettext_lazy("紧急电话"), gettext_lazy("填了以后，这类事项不排队，直接请居民打这个电话"),
                required=False, max_chars=20,
            )
        ),
        Column(Several("kinds", gettext_lazy("常见诉求"), required=False, choices=tuple(Kind.choices))),
        Column(
            fields.Line("keywords", gettext_lazy("关键词"), gettext_lazy("用分号隔开，居民按这些词也能找到"), required=False, max_chars=200)
        ),
    ),
    ("klass", "emergency"), lambda text: Q(code__startswith=text) | Q(name__contains=text) | Q(keywords__contains=text),
)  # fmt: skip

CATALOGUE = Table(
    "catalogue", gettext_lazy("派单目录"), gettext_lazy("一类事项在一个区域由谁主办、谁协办。先看最细的类别，再看最近的区域。"),
    DispatchRule, ("category_code", "area"),
    (
        _CATEGORY,
        Column(AnUnit("area", gettext_lazy("区域"))),
        Column(AnUnit("lead", gettext_lazy("主办单位"))),
        Column(fields.UnitsField("supports", gettext_lazy("协办单位"), required=False)),
        _klass(required=False, help=gettext_lazy("不填就用类别自己的类型")),
        Column(
            fields.Whole("answer_amount", gettext_lazy("答复时限"), gettext_lazy("只能比通用时限更紧"), required=False, least=1, most=1000),
            empty=None,
        ),
        Column(fields.Choice("answer_measure", gettext_lazy("时限单位"), required=False, choices=tuple(Measure.choices))),
        Column(fields.Line("legal_basis", gettext_lazy("法定依据"), required=False, max_chars=300)),
    ),
    ("lead", "supports"), _dispatch_search, "area", _dispatch_wrong,
)  # fmt: skip

DUTIES = Table(
    "duties", gettext_lazy("职责清单"), gettext_lazy("社区和村只能主办清单里写明由它主办的事项。"), Duty, ("holder", "category_code"),
    (
        Column(Holder("holder", gettext_lazy("谁的职责"))),
        _CATEGORY,
        Column(fields.Choice("role", gettext_lazy("主办或协办"), choices=tuple(Duty.Part.choices))),
        Column(fields.Text("text", gettext_lazy("职责"), max_chars=300)),
    ),
    ("role", "text"), _duty_search, "holder",
)  # fmt: skip

DEADLINES = Table(
    "deadlines", gettext_lazy("时限"), gettext_lazy("每个环节可以用多长时间。单位越近、类型和紧急程度越具体，越先用。"), DeadlineRule,
    ("stage", "klass", "urgency", "unit"),
    (
        Column(fields.Choice("stage", gettext_lazy("环节"), choices=tuple(Stage.choices))),
        _klass(every=True),
        Column(fields.Choice("urgency", gettext_lazy("紧急程度"), choices=any_or(Urgency.choices, gettext_lazy("全部紧急程度")))),
        Column(AnUnit("unit", gettext_lazy("适用区域"), gettext_lazy("不填就是全县"), required=False), "unit_code", None),
        Column(fields.Whole("amount", gettext_lazy("时限"), most=10_000)),
        Column(fields.Choice("measure", gettext_lazy("时限单位"), choices=tuple(Measure.choices))),
        Column(fields.Whole("extend_max_days", gettext_lazy("每次最多延期（工作日）"), required=False, most=365), empty=0),
        Column(fields.Whole("extend_max_times", gettext_lazy("最多延期次数"), required=False, most=10), empty=0),
    ),
    ("amount", "measure", "extend_max_times"),
    lambda text: _labelled(text, {"stage": Stage.choices, "klass": Klass.choices, "urgency": Urgency.choices})
    | Q(unit__in=_units_like(text)),
    "unit",
)  # fmt: skip

_WHEN = (("before", gettext_lazy("到期前")), ("after", gettext_lazy("到期后")))

LADDER = Table(
    "ladder", gettext_lazy("督办阶梯"), gettext_lazy("快到期和超期后，系统何时提醒、催办、督办、挂牌，告诉谁。"), LadderRule,
    ("rung", "klass"),
    (
        Column(fields.Choice("rung", gettext_lazy("阶梯"), choices=tuple(Rung.choices))),
        _klass(every=True),
        Column(fields.Choice("when", gettext_lazy("到期前或后"), choices=_WHEN)),
        Column(fields.Whole("amount", gettext_lazy("多长时间"), most=10_000)),
        Column(fields.Choice("measure", gettext_lazy("时限单位"), choices=tuple(Measure.choices))),
        Column(Several("tell", gettext_lazy("告诉谁"), choices=tuple(Seat.Role.choices[:-1]))),
    ),
    ("when", "amount", "measure", "tell"),
    lambda text: _labelled(text, {"rung": Rung.choices, "klass": Klass.choices}),
)  # fmt: skip

REFUSALS = Table(
    "refusals", gettext_lazy("不予受理理由"), gettext_lazy("为什么不受理，以及告诉居民可以走的法定途径。"), RefusalReason, ("code",),
    (
        Column(fields.Line("code", gettext_lazy("代码"), gettext_lazy("小写字母、数字和下划线，定了不再改"), max_chars=20)),
        Column(fields.Line("name", gettext_lazy("理由"), max_chars=40)),
        Column(fields.Line("name_en", gettext_lazy("理由（英文）"), required=False, max_chars=80)),
        Column(fields.Text("route", gettext_lazy("居民可以走的途径"), max_chars=1000)),
        Column(fields.Text("route_en", gettext_lazy("居民可以走的途径（英文）"), required=False, max_chars=2000)),
        Column(fields.Line("phone", gettext_lazy("电话"), required=False, max_chars=30)),
    ),
    ("phone", "route"), lambda text: Q(code__contains=text) | Q(name__contains=text) | Q(route__contains=text), "", _refusal_wrong,
)  # fmt: skip

PHONES = Table(
    "phones", gettext_lazy("值班电话"), gettext_lazy("人工接听的电话。没有自己电话的单位用最近的上级的。"), DutyPhone, ("unit",),
    (
        Column(AnUnit("unit", gettext_lazy("单位")), "unit_code"),
        Column(fields.Line("day_phone", gettext_lazy("白天电话"), max_chars=30)),
        Column(fields.Line("night_phone", gettext_lazy("夜间和节假日电话"), max_chars=30)),
    ),
    ("day_phone", "night_phone"), lambda text: Q(unit__in=_units_like(text)) | Q(day_phone__contains=text) | Q(night_phone__contains=text),
    "unit",
)  # fmt: skip

PLACES = Table(
    "places", gettext_lazy("地点和海报"), gettext_lazy("小区、楼栋和张贴点。每个地点一张海报，扫码点单时地点已经填好。"), Place, ("code",),
    (
        Column(
            PlaceCode("code", gettext_lazy("海报编码"), gettext_lazy("不填就自动编；印在海报上，定了不再改"), required=False, max_chars=8)
        ),
        Column(AnUnit("unit", gettext_lazy("社区（村）")), "unit_code"),
        Column(fields.Line("estate", gettext_lazy("小区、院落或路段"), max_chars=40)),
        Column(fields.Line("building", gettext_lazy("楼栋"), required=False, max_chars=30)),
        Column(fields.Line("spot", gettext_lazy("张贴点"), gettext_lazy("比如：二单元门口、物业公告栏"), required=False, max_chars=30)),
    ),
    ("unit",),
    lambda text: Q(code=text.upper()) | Q(estate__contains=text) | Q(building__contains=text) | Q(unit__in=_units_like(text)),
    "unit", _place_wrong, complete_place,
)  # fmt: skip

QUIET = Table(
    "quiet", gettext_lazy("安静时段"), gettext_lazy("这段时间里，不急的消息不发，等到时段结束再发。开始和结束一样，就是不设。"), QuietRule,
    ("audience",),
    (
        Column(fields.Choice("audience", gettext_lazy("对谁"), choices=tuple(QuietRule.Audience.choices))),
        Column(fields.Line("begins", gettext_lazy("几点开始"), gettext_lazy("例如 22:00"), max_chars=5)),
        Column(fields.Line("ends", gettext_lazy("几点结束"), gettext_lazy("例如 07:30；比开始早，就是第二天"), max_chars=5)),
    ),
    ("begins", "ends"), lambda text: _labelled(text, {"audience": QuietRule.Audience.choices}), "", _quiet_wrong,
)  # fmt: skip

TABLES = {
    table.name: table for table in (CATEGORIES, CATALOGUE, DUTIES, DEADLINES, LADDER, REFUSALS, PHONES, PLACES, QUIET)
}
