"""The search of staff: a number leads to its order; words find orders, places, bodies and colleagues."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.org.act import Act
from sidan.orders import tokens
from sidan.orders.models import Text
from sidan.orders.queries import around, lists, searching
from sidan.orders.views.desk_door import order_href, staff_act
from sidan.orders.views.desk_lists import filters_of
from sidan.orders.views.desk_rows import filter_fields, list_context, options, query
from sidan.web.pages import errors_of, go, page


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found, newest first, narrowed by the filters in the address. Four queries; one more for a number."""
    act = staff_act(request)
    typed = request.GET.get("q", "").strip()[: tokens.TYPED_MOST]
    number = searching.number_in(typed)
    if number and (href := _known(number, act)):
        return go(request, href)
    filters, errors = filters_of(request)
    staff = request.GET.get("staff", "")
    asked = bool(tokens.wanted(tokens.terms(typed))) or bool(filters) or bool(staff)
    hits = searching.Hits(lists.Page([]))
    if asked and not errors:
        try:
            hits = searching.search(typed, act, filters, staff=staff, after=request.GET.get("after", "")[:200])
        except Invalid as wrong:
            errors = errors_of(wrong)
    context: dict[str, Any] = {
        **list_context(request, hits.page, act),
        "heading": _("查找"),
        "typed": typed,
        "asked": asked,
        "personal": searching.is_personal(typed),
        "offers": [_offer(one) for one in hits.offers],
        "asks": options(filter_fields(act), request.GET),
        "kept": [("q", typed), ("staff", staff)],
        "narrowed": _narrowed(request, hits),
        "errors": errors,
        "clear_href": f"{request.path}?{urlencode({'q': typed})}",
        "filtered": bool(filters) or bool(staff) or bool(errors),
    }
    _mark(context["rows"], hits, tokens.terms(typed))
    return page(request, "orders/desk/search.html", status=422 if errors else 200, **context)


def _known(number: str, act: Act) -> str:
    try:
        return order_href(around.at_hand(number, act).order.number)
    except NotFound:
        return ""


def _mark(rows: list[dict[str, Any]], hits: searching.Hits, words: list[str]) -> None:
    """Put the marked words into the rows: in the title, and where else they stand."""
    labels = _labels()
    for row in rows:
        row["title"] = searching.marked(row["title"], words)
        if row["id"] in hits.excerpts and "<mark>" not in row["title"]:
            kind, excerpt = hits.excerpts[row["id"]]
            row["excerpt"], row["excerpt_in"] = excerpt, labels.get(kind, "")


def _labels() -> dict[str, str]:
    return {
        Text.Kind.REQUEST: _("诉求"), Text.Kind.FACT: _("补充"), Text.Kind.QUESTION: _("询问"), Text.Kind.ANSWER: _("回答"),
        Text.Kind.MESSAGE: _("留言"), Text.Kind.REPLY: _("答复"), Text.Kind.REASON: _("理由"), Text.Kind.NOTE: _("备注"),
    }  # fmt: skip


def _offer(one: searching.Offer) -> dict[str, str]:
    words = {"q": one.rest, one.param: one.value}
    told = {"unit": _("地点"), "lead": _("单位"), "staff": _("工作人员")}
    return {
        "kind": told[one.param],
        "name": one.name,
        "at": one.at,
        "href": f"{reverse('orders:desk-search')}?{urlencode({name: value for name, value in words.items() if value})}",
    }


def _narrowed(request: HttpRequest, hits: searching.Hits) -> dict[str, str]:
    """By whom the hits were handled, where the address says so, and the way back."""
    staff = request.GET.get("staff", "")
    return {"name": searching.name_of(staff), "href": query(request, staff="", after="")} if staff else {}
