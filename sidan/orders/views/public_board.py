"""What is happening near me: the county's map, and for each place its public orders and open figures. For everybody."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import NotFound
from sidan.kernel.org import queries as org
from sidan.orders.queries import board
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views.public_map import drawing
from sidan.orders.words import S
from sidan.web.pages import page

# What everybody reads of a state: where it stands, not who quarrels about it.
_TOLD = {
    **dict.fromkeys((S.NEED_INFO, S.ACCEPTED, S.COMMUNITY_HANDLING, S.AWAITING_DISPATCH), S.ACCEPTED),
    **dict.fromkeys((S.DISPATCHED, S.SIGNED, S.DISPUTED, S.IN_PROGRESS, S.ESCALATED, S.REPLIED), S.IN_PROGRESS),
    **dict.fromkeys((S.AWAITING_RATING,), S.REPLIED),
}


@require_safe
def county(request: HttpRequest) -> HttpResponse:
    """The map and all places. One query, two where a draft says which place is near."""
    now = timezone.now()
    towns = board.towns(now)
    tree = org.tree()
    below = {
        town.node.id: [node for node in tree.children(town.node.id) if node.level == "community"] for town in towns
    }
    draft = drafts.read(request, now)
    mine = tree.by_code(draft.get("unit")) if draft else None
    return page(
        request, "orders/public/county.html", root=tree.root(), map=drawing(towns), days=board.COUNTED.days, least=board.LEAST,
        mine=mine if mine is not None and mine.parent_id is not None and not mine.is_body else None,
        towns=[{"town": town, "below": below[town.node.id]} for town in towns],
    )  # fmt: skip


@require_safe
def place(request: HttpRequest, code: str) -> HttpResponse:
    """One place: its figures, and what its people made public. Five queries.

    Raises:
        NotFound: there is no such place; the county itself has its map.
    """
    now = timezone.now()
    node = org.tree().by_code(code)
    if node is None or node.level not in ("town", "community"):
        raise NotFound(_("没有找到这个地方。"))
    rows, following = board.recent(node, now, after=request.GET.get("after", "")[:200])
    total, figures = board.open_figures(node, now)
    above = org.tree().nodes.get(node.parent_id or 0)
    return page(
        request, "orders/public/place.html", node=node, above=above if above and above.level == "town" else None,
        rows=[_row(one) for one in rows], total=total if total >= board.LEAST or not total else None, figures=figures,
        days=board.COUNTED.days, least=board.LEAST, now=now,
        below=[one for one in org.tree().children(node.id) if one.level == "community"],
        next_href=f"{request.path}?after={following}" if following else "",
        first_href=request.path if request.GET.get("after") else "", report_href=f"{reverse('orders:report')}?unit={node.code}",
    )  # fmt: skip


def _row(one: board.Shown) -> dict[str, Any]:
    nodes, category = org.tree().nodes, rulebook().category_ids.get(one.category_id or 0)
    return {
        "text": one.text,
        "reply": one.reply,
        "state": _TOLD.get(S(one.state), S(one.state)),
        "asked_at": one.asked_at,
        "answered_at": one.answered_at if one.reply else None,
        "due_at": None if one.reply else one.due_at,
        "unit": nodes[one.unit_id].short_name if one.unit_id in nodes else "",
        "category": category.name if category else "",
    }
