"""How an order's page is shown again after a refusal; and where somebody was faster, what was wanted beside what is now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order
from sidan.orders.rulebook import rulebook
from sidan.orders.views.desk_forms import SUPPORT_ANSWER
from sidan.orders.words import S


@dataclass
class Shown:
    """How the page is shown: plainly, with a refused form, with somebody else's step, or with a contact.

    Args:
        open_noun: the form that was refused; its `values` and `errors`.
        late: the refusal where somebody else moved the order first, `since` the version that the form had seen.
        contact: name and telephone, read just now.
    """

    status: int = 200
    open_noun: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, Any] = field(default_factory=dict)
    late: Exception | None = None
    since: int = 0
    contact: Mapping[str, str] | None = None


def conflict(order: Order, shown: Shown, nouns: set[str]) -> dict[str, Any]:
    """What was wanted beside what is, and the words that have no form any more. No query.

    Args:
        nouns: the steps that are possible now; the form of one of them still holds what was written.
    """
    kept = [] if shown.open_noun in nouns else [words for words in _words(shown.values) if len(words) > 1]
    return {"late": shown.late, "difference": _difference(order, shown), "lost_words": kept}


def _difference(order: Order, shown: Shown) -> list[tuple[str, str, str]]:
    """Label, wanted, now: the state, and each choice that was made otherwise."""
    step = SUPPORT.by_do["answer"] if shown.open_noun == SUPPORT_ANSWER else ORDER.by_noun.get(shown.open_noun)
    if step is None:
        return []
    state, wanted = str(S(order.state).label), str(step.label)
    rows = [(_("状态"), _("办“%(step)s”") % {"step": wanted}, state)]
    nodes, category = org.tree().nodes, rulebook().category_ids.get(order.category_id or 0)
    lead = nodes.get(order.lead_unit_id or 0)
    for name, label, now in (
        ("lead", _("主办单位"), lead.name if lead else ""),
        ("category", _("事项类别"), category.name if category else ""),
    ):
        said = _named(name, shown.values.get(name))
        if said and said != now:
            rows.append((label, said, now or _("还没有")))
    return rows


def _named(name: str, value: Any) -> str:
    """A code as people read it."""
    code = str(value or "")
    if name == "lead":
        node = org.tree().by_code(code) if code else None
        return node.name if node else ""
    found = [row.name for row in rulebook().categories.get(code, ())]
    return found[-1] if found else ""


def _words(values: Mapping[str, Any]) -> list[str]:
    return [value for name, value in values.items() if isinstance(value, str) and name in ("text", "reason", "note")]
