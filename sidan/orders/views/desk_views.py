"""Views and files of lists: columns, a name for a view, csv and xlsx; long files with their progress, for their owner only."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import exporting, views
from sidan.orders.models import Export
from sidan.orders.queries import listing
from sidan.orders.views.desk_door import new_token, once, staff_act
from sidan.orders.views.desk_rows import card
from sidan.orders.words import Channel, Kind, Klass, S, Urgency
from sidan.web.logs import masked
from sidan.web.pages import errors_of, go, page

COLS = "cols"


def labels() -> dict[str, str]:
    """The columns that can be chosen, by name."""
    return {
        "place": _("社区（村）"), "category": _("类别"), "state": _("状态"), "lead": _("主办"), "asked": _("提交"),
        "due": _("时限"), "channel": _("渠道"), "urgency": _("紧急程度"), "klass": _("时限类别"), "answer": _("承诺答复"),
        "answered": _("答复"), "closed": _("办结"),
    }  # fmt: skip


def chosen(raw: QueryDict) -> list[str]:
    """The columns of an address, in the house's order; the usual ones where none is named."""
    named = {one for value in raw.getlist(COLS) for one in value.split(",")}
    return [name for name in listing.COLUMNS if name in named] or list(listing.USUAL)


def context(request: HttpRequest, name: str, act: Act) -> dict[str, Any]:
    """What a list shows of columns, views and files. No query."""
    columns, nodes = chosen(request.GET), org.tree().nodes
    kept = [(key, value) for key, value in request.GET.items() if key in listing.KEPT and value]
    mine = sorted({held.unit_id for held in act.seats if held.unit_id in nodes})
    return {
        "columns": columns,
        "choosable": [(key, label, key in columns) for key, label in labels().items()],
        "list_page": name,
        "list_query": urlencode(kept),
        "list_kept": kept,
        "list_columns": ",".join(columns) if request.GET.get(COLS) else "",
        "views": [
            {"view": one, "href": _href(name, one.query, one.columns), "mine": one.owner_id == act.by.pk,
             "shared": nodes[one.shared_with_id].short_name if one.shared_with_id in nodes else "",
             "current": (one.query, one.columns) == (urlencode(kept), ",".join(columns) if request.GET.get(COLS) else "")}
            for one in listing.views(name, act)
        ],
        "share_with": [(unit_id, nodes[unit_id].name) for unit_id in mine],
        "export_token": new_token(),
    }  # fmt: skip


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the list that is shown under a name.

    Raises:
        NotAllowed: the actor has no such list.
        Invalid: no name, or too many views.
    """
    act = staff_act(request)
    name, query, columns = _said(request)
    raw = request.POST.get("unit", "")
    unit_id = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    title = request.POST.get("name", "")
    try:
        views.keep(page=name, name=title, query=query, columns=columns, unit_id=unit_id, act=act)
    except Invalid as wrong:
        return go(request, _href(name, query, columns), "；".join(map(str, errors_of(wrong).values())))
    return go(request, _href(name, query, columns), _("视图“%(name)s”已保存。") % {"name": title.strip()})


@require_POST
def throw_away(request: HttpRequest, view_id: int) -> HttpResponse:
    """Throw one's own view away.

    Raises:
        NotFound: somebody else's, or gone.
    """
    act = staff_act(request)
    if not views.throw_away(view_id, act=act):
        raise NotFound
    name, _query, _columns = _said(request)
    return go(request, _href(name, "", ""), _("视图已删除。"))


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """A list as a file: the file itself is led to where it is short, else the page that tells its progress.

    Raises:
        NotAllowed, Invalid: as the list itself.
    """
    act, made = staff_act(request), []
    name, query, columns = _said(request)
    form = "xlsx" if request.POST.get("form") == "xlsx" else "csv"
    asked: dict[str, str] = {
        "page": name,
        "query": query,
        "columns": columns,
        "form": form,
        "language": get_language() or "",
    }
    if not once(request, act, lambda: made.append(exporting.ask(**asked, act=act))):
        newest = Export.objects.filter(owner=act.by).order_by("-pk").first()
        return go(request, reverse("orders:desk-export", args=[newest.pk if newest else 0]))
    if made[0].rows > exporting.AT_ONCE:
        return go(request, reverse("orders:desk-export", args=[made[0].pk]))
    exporting.make(made[0], table, act.at)
    return go(request, reverse("orders:desk-export-file", args=[made[0].pk]))


@require_safe
def progress(request: HttpRequest, export_id: int) -> HttpResponse:
    """How far a file is. One query.

    Raises:
        NotFound: somebody else's, or its day is over.
    """
    act = staff_act(request)
    found = get_object_or_404(Export, pk=export_id, owner=act.by, expires_at__gt=act.at)
    share = min(100, round(100 * found.written / found.rows)) if found.rows else 100
    return page(
        request, "orders/desk/export.html", heading=_("导出"), export=found, share=share, now=act.at,
        list_href=_href(found.page, found.query, found.columns),
    )  # fmt: skip


@require_safe
def file(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """The file, for whoever asked for it, until its day is over.

    Raises:
        NotFound: somebody else's, not ready, or its day is over.
    """
    act = staff_act(request)
    found = get_object_or_404(Export, pk=export_id, owner=act.by, expires_at__gt=act.at, ready_at__isnull=False)
    try:
        stream = exporting.path_of(found).open("rb")
    except FileNotFoundError as gone:
        raise NotFound from gone
    kind = (
        "text/csv; charset=utf-8"
        if found.form == "csv"
        else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    day = timezone.localtime(found.made_at)
    response = FileResponse(stream, as_attachment=True, filename=f"sidan-{found.page}-{day:%Y%m%d-%H%M}.{found.form}")
    response["Content-Type"] = kind
    response["Cache-Control"] = "no-store"
    return response


def table(wanted: Export) -> tuple[list[str], Callable[[dict[str, Any]], list[str]]]:
    """Heads and cells of a file: number, request, place, kind, and the chosen columns, or all of them."""
    columns = [one for one in listing.COLUMNS if one in wanted.columns.split(",")] or list(listing.COLUMNS)
    known, at = labels(), wanted.made_at
    heads = [_("编号"), _("内容"), _("类型"), *(known[one] for one in columns)]
    if "place" in columns:
        heads.insert(heads.index(known["place"]) + 1, _("地点"))
    if "state" in columns:
        heads.insert(heads.index(known["state"]) + 1, _("评价"))

    def cells(row: dict[str, Any]) -> list[str]:
        shown = card(row, at)
        made = [row["number"], shown["title"], str(Kind(row["kind"]).label)]
        for one in columns:
            made += _cells(one, row, shown)
        return made

    return heads, cells


def _cells(name: str, row: dict[str, Any], shown: dict[str, Any]) -> list[str]:
    """One column of a row; two for the place and for the state."""
    moments = {
        "asked": "asked_at",
        "due": "due_at",
        "answer": "answer_due_at",
        "answered": "answered_at",
        "closed": "closed_at",
    }
    if name in moments:
        at = row[moments[name]]
        return [date_format(timezone.localtime(at), "Y-m-d H:i") if at else ""]
    if name == "place":
        return [shown["unit"], masked(row["place"]) if row["confidential"] else row["place"]]
    if name == "state":
        return [str(S(row["state"]).label), shown["rated"]]
    words = {"channel": Channel, "urgency": Urgency, "klass": Klass}
    return [str(words[name](row[name]).label)] if name in words else [shown[name]]


def _said(request: HttpRequest) -> tuple[str, str, str]:
    """Page, filters and columns of a form; what a list does not know is left out."""
    raw = QueryDict(request.POST.get("query", "")[:600])
    kept = urlencode([(key, value) for key, value in raw.items() if key in listing.KEPT and value])
    named = request.POST.get("columns", "").split(",")
    name = request.POST.get("page", "")
    return (
        name if name in listing.PAGES else listing.EVERY,
        kept,
        ",".join(one for one in listing.COLUMNS if one in named),
    )


def _href(name: str, query: str, columns: str) -> str:
    more = "&".join(part for part in (query, urlencode({COLS: columns}) if columns else "") if part)
    href = reverse(f"orders:desk-{name}")
    return f"{href}?{more}" if more else href
