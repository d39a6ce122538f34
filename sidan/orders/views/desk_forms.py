"""The steps that the law allows this person now, as forms: with the likely choices, prefilled, the usual next one first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sidan.kernel.files.models import Purpose
from sidan.kernel.flow import fields
from sidan.kernel.flow.definition import Step
from sidan.kernel.flow.fields import Field
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.flow import SUPPORT
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.queries.seeing import unattended
from sidan.orders.rulebook import Suggestion, rulebook
from sidan.orders.views import desk_prefill
from sidan.web.pages import Ask, Words

SUPPORT_ANSWER = "support-answer"
PHOTO = "photo"
PHOTOS_MOST = 6
_DANGER = ("hide", "refuse", "escalate", "dispute", "send_back", "return_reply", "withdraw")

# One letter for a step, on whatever page it is offered; the page's help names those that work there.
KEYS = {
    "acceptance": "a", "check": "a", "dispatching": "d", "forwarding": "d", "ruling": "d", "return": "r", "reply-return": "r",
    "reply": "r", "signing": "s", "start": "s", "escalation": "e", "classification": "c", "merging": "m",
}  # fmt: skip
KEYS_OF_A_TOUR: tuple[tuple[str, Words], ...] = (
    ("j", gettext_lazy("看下一张")), ("k", gettext_lazy("看上一张")), ("u", gettext_lazy("回到列表")),
    ("b", gettext_lazy("回到刚办的那一单")),
)  # fmt: skip
KEYS_EVERYWHERE: tuple[tuple[str, Words], ...] = (
    ("/", gettext_lazy("按编号找单")), ("?", gettext_lazy("打开、关上这张表")),
)  # fmt: skip
KEYS_OF_A_LIST: tuple[tuple[str, Words], ...] = (
    ("j", gettext_lazy("下一行")), ("k", gettext_lazy("上一行")), ("Enter", gettext_lazy("打开这一行")), *KEYS_EVERYWHERE,
)  # fmt: skip

PHOTO_FIELDS = (
    Ask("purpose", gettext_lazy("照片说明什么"), "choice", choices=Purpose.choices),
    Ask(
        "photos",
        gettext_lazy("照片"),
        "photos",
        help=gettext_lazy("一次最多 6 张，每张不超过 12 MB；位置等信息会自动去掉"),
    ),
)


@dataclass(frozen=True)
class Prefilled(Ask):
    """A question that comes with its likely answer."""

    value: Any = None


def suggestion(order: Order, act: Act) -> Suggestion | None:
    """What the dispatch catalogue says. No query."""
    category = rulebook().category_ids.get(order.category_id or 0)
    return rulebook().suggest(category.code, order.unit_id, org.local_date(act.at)) if category else None


def moves(order: Order, steps: Iterable[Step], act: Act, *, may_support: bool = False) -> list[dict[str, Any]]:
    """Each step as `{% moves %}` shows it: the primary ones first, the grave ones last. No query."""
    found = [
        {
            "noun": step.noun,
            "label": step.label,
            "href": href(order.number, step.noun),
            "fields": _fields(order, step, act),
            "tone": "primary" if step.primary else "danger" if step.do in _DANGER else "plain",
            "help": _help(order, step, act),
            "key": KEYS.get(step.noun, ""),
            "phrases": desk_prefill.phrase_links(order, act) if step.do == "reply" else (),
        }
        for step in steps
    ]
    if may_support:
        step = SUPPORT.by_do["answer"]
        mine = {"noun": SUPPORT_ANSWER, "label": step.label, "href": href(order.number, SUPPORT_ANSWER)}
        found.append({**mine, "fields": step.fields, "tone": "primary", "help": ""})
    ranks = {"primary": 0, "plain": 1, "danger": 2}
    return sorted(found, key=lambda move: ranks[str(move["tone"])])


def href(number: str, noun: str) -> str:
    """A step's address."""
    return reverse("orders:desk-step", args=[number, noun])


def open_noun(offered: Iterable[dict[str, Any]]) -> str:
    """The step whose form stands open: the answer, else the first primary one that asks for something."""
    asking = [str(move["noun"]) for move in offered if move["tone"] == "primary" and move["fields"]]
    return "reply" if "reply" in asking else asking[0] if asking else ""


def values(order: Order, noun: str, suggested: Suggestion | None, words: str = "") -> dict[str, Any]:
    """What the open form holds before anybody has written: the catalogue's suggestion, the unit that has it, what is known.

    Args:
        words: a form of words that was chosen for the answer.
    """
    nodes = org.tree().nodes
    if noun == "dispatching" and suggested is not None:
        return {"lead": suggested.lead.code, "supports": [node.code for node in suggested.supports]}
    if noun == "reply":
        return {"contacted": "true" if order.first_contact_at is not None else "", "text": words}
    if noun == "ruling" and order.lead_unit_id in nodes:
        return {"lead": nodes[order.lead_unit_id].code}
    return {}


def choices(order: Order, act: Act, suggested: Suggestion | None) -> dict[str, list[tuple[str, ...]]]:
    """The units that make sense for each field, the suggested first; what the law refuses is not offered. No query."""
    tree, day = org.tree(), org.local_date(act.at)
    category = rulebook().category_ids.get(order.category_id or 0)
    code = category.code if category else None
    desk = tree.node(order.desk_unit_id)

    def told_about(node: org.Node) -> bool:
        return order.about_unit_id is not None and tree.is_above(order.about_unit_id, node.id)

    bodies = [
        node
        for node in tree.nodes.values()
        if node.is_body and node.parent_id is not None and not told_about(node)
        and (tree.is_above(node.parent_id, desk.id) or tree.is_above(desk.id, node.id))
    ]  # fmt: skip
    bodies.sort(key=lambda node: (node.kind != "department", node.kind == "team", -len(node.path), node.code))
    places = [
        tree.node(below)
        for below in tree.descendants(desk.id)
        if not tree.node(below).is_body and tree.node(below).level in ("town", "community")
    ]
    leads = [node for node in places if not told_about(node) and rulebook().may_lead(node, code, day)]
    present = tree.nodes.get(order.lead_unit_id or 0)
    first = [node for node in (suggested.lead if suggested else None, present) if node is not None]
    every = list(dict.fromkeys([*first, *bodies, *sorted(leads, key=lambda node: node.code)]))
    helpers = list(dict.fromkeys([*(suggested.supports if suggested else ()), *bodies]))
    own = tree.nodes.get(order.unit_id)
    if own is not None and not told_about(own):
        helpers.append(own)
    nobody = unattended([*every, *helpers])

    def named(nodes: Iterable[org.Node], *, short: bool = False) -> list[tuple[str, ...]]:
        return [
            (
                node.code,
                (node.short_name if short else node.name) + (_warning(nobody[node.id]) if node.id in nobody else ""),
            )
            for node in nodes
        ]

    return {
        "lead": named(every),
        "proper": named(node for node in every if present is None or node.id != present.id),
        "unit": named(node for node in helpers if present is None or node.id != present.id),
        "supports": named(helpers, short=True),
    }


def _warning(told: org.Node | None) -> str:
    """What is said beside a unit where nobody sits."""
    return (
        _("（无人在岗，将通知%(unit)s）") % {"unit": told.short_name} if told else _("（无人在岗，没有人会收到通知）")
    )


def _fields(order: Order, step: Step, act: Act) -> tuple[Any, ...]:
    """A step's fields with the catalogue as a list to choose from, and photos as files."""
    if step.noun == PHOTO:
        return PHOTO_FIELDS
    if step.do == "extend":
        return tuple(desk_prefill.extension_days(order, one, act) if one.name == "days" else one for one in step.fields)
    if step.do == "dispute":
        known = desk_prefill.not_ours(order, act)
        return tuple(
            Prefilled(one.name, one.label, one.kind, one.help if one.kind == "longtext" else "", one.required, (),
                      one.max_chars if isinstance(one, fields.Text) else None, value=known.get(one.name))
            for one in step.fields
        )  # fmt: skip
    return tuple(_field(order, step, field, act) for field in reading.fields_of(order, step))


def _field(order: Order, step: Step, field: Field, act: Act) -> Field | Ask:
    """What is typed as a code elsewhere is chosen from a list here, so the help about codes is left out."""
    if field.name == "category":
        return _category(order, step, field, act)
    if field.kind in ("unit", "units"):
        return Ask(field.name, field.label, field.kind, required=field.required)
    return field


def _category(order: Order, step: Step, field: Field, act: Act) -> Prefilled:
    """The catalogue by its paths. Where the matter is known, a dispatcher is shown its neighbours; `classify` shows all."""
    day = org.local_date(act.at)
    now = rulebook().category_ids.get(order.category_id or 0)
    rows = rulebook().category_choices(day)
    near = now is not None and step.do != "classify"
    if now is not None and near:
        rows = [row for row in rows if row.code[:2] == now.code[:2]]
    names = {row.code: row.name for row in rows}

    def path(code: str) -> str:
        # Among neighbours the first level says nothing, and would push the last out of a narrow box.
        lengths = [length for length in (2, 4, 6) if length <= len(code) and not (near and length == 2 < len(code))]
        return " › ".join(names[code[:length]] for length in lengths if code[:length] in names)

    chosen = [(row.code, path(row.code)) for row in rows]
    value = now.code if now is not None else None
    return Prefilled(field.name, field.label, "choice", required=field.required, choices=chosen, value=value)


def _help(order: Order, step: Step, act: Act) -> str:
    if step.do == "dispute":
        duty = desk_prefill.own_duty(order, act)
        told = _("职责清单里有这一条：“%(text)s”（%(source)s）。")
        return told % {"text": duty.text, "source": duty.source} if duty else ""
    if step.do == "extend":
        rule = rulebook().deadline_ids.get(order.answer_rule_id or 0)
        return _("还可延期 %(times)d 次，每次最多 %(days)d 个工作日。理由会告诉居民。") % {
            "times": order.extend_left, "days": rule.extend_max_days if rule else 0,
        }  # fmt: skip
    if step.do == "rule":
        return _("裁定是最终的：裁定后的承办单位不能再退单。")
    if step.do == "refuse":
        return _("居民会看到原因和可走的途径。")
    if step.do == "reply":
        return _("答复先由核查员看过，再请居民评价。")
    return ""
