"""What the handler's forms know already: the dates of an extension, the duty list's entry, the unit's own words. No query."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from sidan.kernel.flow.fields import Field
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.worktime import queries as worktime
from sidan.orders import clocks
from sidan.orders.models import Duty, Order
from sidan.orders.queries import phrases
from sidan.orders.rulebook import rulebook
from sidan.web.pages import Ask
from sidan.web.templatetags.sidan import local_words

PHRASE = "phrase"


def extension_days(order: Order, field: Field, act: Act) -> Ask:
    """How many working days, each with the day on which the answer would then be due: seen before it is sent."""
    rule, calendar = rulebook().deadline_ids.get(order.answer_rule_id or 0), worktime.calendar()
    chosen: list[tuple[str, str]] = []
    for days in range(1, (rule.extend_max_days if rule else 0) + 1):
        due = clocks.extended(order, days, act.at)
        words = _("%(n)d 个工作日，延到%(due)s") % {"n": days, "due": local_words(due, act.at)}
        if calendar.provisional(due.astimezone(org.ZONE).date()):
            words += _("（放假安排还没公布，可能调整）")
        chosen.append((str(days), words))
    return Ask(field.name, field.label, "choice", required=field.required, choices=chosen)


def own_duty(order: Order, act: Act) -> Duty | None:
    """What the duty list says that the lead itself does about this matter."""
    lead, code = org.tree().nodes.get(order.lead_unit_id or 0), _code(order)
    found = rulebook().duty(lead, code, org.local_date(act.at)) if lead is not None and code else None
    return found if found is not None and found.role == Duty.Part.LEAD else None


def others(order: Order, act: Act) -> list[tuple[org.Node, Duty]]:
    """Who leads this matter by the duty list instead, near this desk; the most exact first."""
    tree, code = org.tree(), _code(order)
    if not code or order.desk_unit_id not in tree.nodes:
        return []
    near = set(tree.node(order.desk_unit_id).path) | set(tree.descendants(order.desk_unit_id))
    return [
        (node, duty)
        for node, duty in rulebook().holders(code, org.local_date(act.at))
        if node.id != order.lead_unit_id and (node.id in near or node.parent_id in near)
    ]


def not_ours(order: Order, act: Act) -> dict[str, str]:
    """Reason and proper unit as the duty list gives them; nothing where it names the lead itself or knows nobody."""
    lead, category = org.tree().nodes.get(order.lead_unit_id or 0), rulebook().category_ids.get(order.category_id or 0)
    if lead is None or category is None or own_duty(order, act) is not None:
        return {}
    named = {"unit": lead.name, "category": category.name}
    reason = _("职责清单里，%(unit)s没有“%(category)s”这一条。") % named
    found = others(order, act)
    if not found:
        return {"reason": reason}
    node, duty = found[0]
    entry = _("应由%(unit)s主办：%(text)s（%(source)s）") % {
        "unit": node.name,
        "text": duty.text,
        "source": duty.source,
    }
    return {"reason": (reason + entry)[:400], "proper": node.code}


def phrase_links(order: Order, act: Act, carried: Iterable[tuple[str, str]] = ()) -> list[dict[str, Any]]:
    """The unit's forms of words; without scripts each is a link that opens the page with the words in the form."""
    href = reverse("orders:desk-order", args=[order.number])
    return [
        {"title": one.title, "body": one.body, "href": f"{href}?{urlencode([*carried, (PHRASE, one.pk)])}#move-reply"}
        for one in phrases.of(act)
    ]


def phrase_body(raw: str, act: Act) -> str:
    """The words that such a link asks for; empty where they are not this person's to use."""
    return next((one.body for one in phrases.of(act) if str(one.pk) == raw), "") if raw else ""


def _code(order: Order) -> str:
    row = rulebook().category_ids.get(order.category_id or 0)
    return row.code if row else ""
