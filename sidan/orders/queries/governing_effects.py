"""What a planned change would mean: how many open orders it meets, and what the operator should know before."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.orders import clocks
from sidan.orders.models import Order
from sidan.orders.models.governing import ANY, Duty
from sidan.orders.queries.governing import Plan
from sidan.orders.queries.governing_columns import category_words, unit_words
from sidan.orders.rulebook import rulebook
from sidan.orders.words import ENDS, Stage

_MINUTES = {"minutes": 1, "hours": 60, "days": 1440, "working_days": 1440}
_OPEN = ~Q(state__in=ENDS)


def touched(plan: Plan) -> list[str]:
    """Which open orders a change meets, in words. At most one statement."""
    counted = _TOUCHED.get(plan.table.name)
    return counted(plan) if counted else [_("不影响正在办的单。")]


def warnings(plan: Plan) -> list[str]:
    """What is allowed and yet unusual. From memory, at most one statement."""
    warned = _WARNINGS.get(plan.table.name)
    return [*plan.notes, *(warned(plan) if warned else ())]


def _categories_touched(plan: Plan) -> list[str]:
    n = Order.objects.filter(_OPEN, category__code__startswith=plan.key["code"]).count()
    return [_("正在办的单里有 %(n)d 件属于这一类：它们保留原来的类型和时限，只有新单用新的规定。") % {"n": n}]


def _catalogue_touched(plan: Plan) -> list[str]:
    area = org.tree().by_code(plan.key["area"])
    below = org.tree().descendants(area.id) if area else []
    rows = Order.objects.filter(_OPEN, unit__in=below, category__code__startswith=plan.key["category_code"])
    got = rows.aggregate(
        waiting=Count("pk", filter=Q(dispatched_at=None)), sent=Count("pk", filter=~Q(dispatched_at=None))
    )
    return [
        _("还没派出的有 %(n)d 件：生效以后派单时按新的主办单位建议。") % {"n": got["waiting"]},
        _("已经派出的有 %(n)d 件：主办单位不变。") % {"n": got["sent"]},
    ]


def _duties_touched(plan: Plan) -> list[str]:
    holder, tree = plan.key["holder"], org.tree()
    units = [node.id for node in tree.nodes.values() if holder in (node.code, node.kind)]
    n = Order.objects.filter(_OPEN, lead_unit__in=units, category__code__startswith=plan.key["category_code"]).count()
    return [_("这些单位正在主办的这类单有 %(n)d 件：继续办完，不退回。") % {"n": n}]


def _deadlines_touched(plan: Plan) -> list[str]:
    key = plan.key
    rows = Order.objects.filter(_OPEN)
    if key["klass"] != ANY:
        rows = rows.filter(klass=key["klass"])
    if key["urgency"] != ANY:
        rows = rows.filter(urgency=key["urgency"])
    unit = org.tree().by_code(key["unit"])
    if unit is not None:
        rows = rows.filter(unit__in=org.tree().descendants(unit.id))
    states = [state for state, stage in clocks.STAGES.items() if stage == key["stage"]]
    got = rows.aggregate(here=Count("pk", filter=Q(state__in=states)), all=Count("pk"))
    return [
        _("正处在这个环节的有 %(n)d 件：已经告诉居民的时限不变。") % {"n": got["here"]},
        _("范围内其他正在办的有 %(n)d 件：生效以后进入这个环节时按新时限。") % {"n": got["all"] - got["here"]},
    ]


def _ladder_touched(plan: Plan) -> list[str]:
    rows = Order.objects.filter(_OPEN, tick_at__isnull=False)
    if plan.key["klass"] != ANY:
        rows = rows.filter(klass=plan.key["klass"])
    return [_("正在计时的有 %(n)d 件：生效以后走到下一级时按新的规定。") % {"n": rows.count()}]


def _phones_touched(plan: Plan) -> list[str]:
    node = org.tree().by_code(plan.key["unit"])
    n = len(org.tree().descendants(node.id)) if node else 0
    return [_("%(n)d 个单位（含下级）的居民会看到这个号码。") % {"n": n}]


def _places_touched(plan: Plan) -> list[str]:
    return [_("已经提交的单里写的地点不变；扫码点单和选地点时按新的。")]


def _places_warn(plan: Plan) -> list[str]:
    if plan.after is None:
        return [_("停用后选不到这个地点，贴出去的海报扫码仍能点单。请记得把海报取下来。")]
    if plan.before and plan.before["unit"] != plan.after["unit"]:
        return [_("这个地点换到另一个社区（村）：扫旧海报的新单会归到新的社区（村）。")]
    return []


def _categories_warn(plan: Plan) -> list[str]:
    code, book, said = plan.key["code"], rulebook(), []
    if plan.after is not None and len(code) > 2 and book.category(code[:-2], plan.day) is None:
        said.append(
            _("上级类别 %(code)s 在 %(day)s 没有生效，居民选不到这一类。") % {"code": code[:-2], "day": plan.day}
        )
    if plan.after is None:
        below = [one for one in book.category_choices(plan.day) if one.code.startswith(code) and one.code != code]
        if below:
            said.append(_("下面还有 %(n)d 个类别，居民也选不到了。请一起停用。") % {"n": len(below)})
        rules = sum(
            any(row.category_code == code and _holds(row, plan.day) for row in rows) for rows in book.dispatch.values()
        )
        if rules:
            said.append(_("派单目录里还有 %(n)d 条用到这一类。") % {"n": rules})
    if plan.before and plan.after and plan.before["emergency"] and not plan.after["emergency"]:
        said.append(_("这一类不再当作紧急情况：以后会排队办理，不再先请居民打紧急电话。"))
    if plan.after and plan.after["emergency"] and not (plan.before or {}).get("emergency"):
        said.append(_("这一类会当作紧急情况：不排队，直接请居民打 %(n)s。") % {"n": plan.after["emergency"]})
    return said


def _catalogue_warn(plan: Plan) -> list[str]:
    cells, book, tree = plan.after, rulebook(), org.tree()
    if cells is None:
        area = tree.by_code(plan.key["area"])
        wider = area is not None and any(
            _holds(row, plan.day)
            for unit in area.path
            for length in (2, 4, 6)
            for row in book.dispatch.get((plan.key["category_code"][:length], unit), ())
            if (unit, plan.key["category_code"][:length]) != (area.id, plan.key["category_code"])
        )
        return [] if wider else [_("停用后这类事项在这个区域没有派单建议，派单员要自己选单位。")]
    said = []
    lead = tree.by_code(cells["lead"])
    if book.category(cells["category_code"], plan.day) is None:
        said.append(_("类别 %(code)s 在 %(day)s 没有生效。") % {"code": cells["category_code"], "day": plan.day})
    if lead is None:
        said.append(_("主办单位%(name)s已停用。") % {"name": unit_words(cells["lead"])})
    elif not book.may_lead(lead, cells["category_code"], plan.day):
        said.append(
            _("%(name)s的职责清单里没有主办“%(category)s”，派单时会被拦下。请先改职责清单，或换主办单位。")
            % {"name": lead.name, "category": category_words(cells["category_code"])}
        )
    if lead is not None and cells["lead"] in cells["supports"].split(";"):
        said.append(_("主办单位同时列为协办单位。"))
    if cells["answer_amount"]:
        said += _against_rule(cells, plan.day)
    return said


def _against_rule(cells: dict[str, str], day: date) -> list[str]:
    """Whether the catalogue's limit is tighter than the rule's: a wider one has no effect."""
    book = rulebook()
    category = book.category(cells["category_code"], day)
    klass = cells["klass"] or (category.klass if category else "general")
    area = org.tree().by_code(cells["area"])
    rule = book.deadline(Stage.REPLY, klass=klass, urgency="normal", unit_id=area.id if area else 0, day=day)
    if rule and _minutes(cells["answer_amount"], cells["answer_measure"]) >= _minutes(rule.amount, rule.measure):
        return [
            _("目录里的时限不比通用时限（%(amount)d %(measure)s）更紧，不起作用。")
            % {"amount": rule.amount, "measure": rule.get_measure_display()}
        ]
    return []


def _duties_warn(plan: Plan) -> list[str]:
    was_lead = bool(plan.before) and (plan.before or {}).get("role") == Duty.Part.LEAD
    if not was_lead or (plan.after and plan.after["role"] == Duty.Part.LEAD):
        return []
    tree, book, code = org.tree(), rulebook(), plan.key["category_code"]
    named = {
        row.lead_id
        for rows in book.dispatch.values()
        for row in rows
        if row.category_code.startswith(code) or code.startswith(row.category_code)
        if _holds(row, plan.day)
    }
    hit = [
        tree.node(pk).name
        for pk in named
        if pk in tree.nodes and plan.key["holder"] in (tree.node(pk).code, tree.node(pk).kind)
    ]
    if not hit:
        return []
    return [_("派单目录里仍由%(names)s主办这类事项，派单时会被拦下。") % {"names": "、".join(sorted(hit)[:5])}]


def _deadlines_warn(plan: Plan) -> list[str]:
    if plan.after is None:
        rows = [
            row for row in rulebook().deadlines.get(plan.key["stage"], ())
            if _holds(row, plan.day) and plan.table.cells(row) != plan.before
            and row.klass in (plan.key["klass"], ANY) and row.urgency in (plan.key["urgency"], ANY)
        ]  # fmt: skip
        return [] if rows else [_("停用后这个环节没有别的时限可用，不再计时，也不会催办。")]
    if plan.before is None:
        return [_("这是新的一条：范围内原来按更宽的规则计时的事项，改按这一条。")]
    old = _minutes(plan.before["amount"], plan.before["measure"])
    new = _minutes(plan.after["amount"], plan.after["measure"])
    if new < old:
        return [_("比原来更紧：请确认承办单位已经知道。")]
    return [_("比原来更宽：以后的居民要等得更久。")] if new > old else []


def _ladder_warn(plan: Plan) -> list[str]:
    if plan.after is None:
        left = [one for one in rulebook().rungs(plan.key["klass"], plan.day) if plan.table.cells(one) != plan.before]
        return [] if left else [_("停用后这一类型没有任何提醒和催办。")]
    if plan.after["when"] == "before" and plan.after["measure"] == "working_days":
        return [_("到期前的工作日按自然日推算。")]
    return []


def _refusals_warn(plan: Plan) -> list[str]:
    if plan.after is None and plan.key["code"] == "emergency":
        return [_("紧急情况的答复用到这一条，停用后居民看不到应走的途径。")]
    return []


def _phones_warn(plan: Plan) -> list[str]:
    node = org.tree().by_code(plan.key["unit"])
    if plan.after is None and node is not None and node.parent_id is None:
        return [_("这是全县的值班电话，停用后居民页面上没有电话可打。")]
    return []


def _minutes(amount: Any, measure: str) -> int:
    """A rough length, good enough to say which of two is longer."""
    return int(amount) * _MINUTES[measure]


def _holds(row: Any, day: date) -> bool:
    return bool(row.valid_from <= day and (row.valid_to is None or day < row.valid_to))


_TOUCHED: dict[str, Callable[[Plan], list[str]]] = {
    "categories": _categories_touched, "catalogue": _catalogue_touched, "duties": _duties_touched,
    "deadlines": _deadlines_touched, "ladder": _ladder_touched, "phones": _phones_touched,
    "places": _places_touched,
}  # fmt: skip
_WARNINGS: dict[str, Callable[[Plan], list[str]]] = {
    "categories": _categories_warn, "catalogue": _catalogue_warn, "duties": _duties_warn, "deadlines": _deadlines_warn,
    "ladder": _ladder_warn, "refusals": _refusals_warn, "phones": _phones_warn,
    "places": _places_warn,
}  # fmt: skip
