"""Papers of a desk: the day's list to carry along, and ticket and list as PDF where the extra is installed."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base import doors
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries import around
from sidan.orders.views import desk_today
from sidan.orders.views.desk_door import order_href, staff_act
from sidan.orders.views.desk_papers import qr, sheet
from sidan.orders.views.desk_rows import cards
from sidan.orders.words import S
from sidan.web import pdf
from sidan.web.pages import page

FOLDER = Path(__file__).resolve().parents[1] / "documents"
MOST = 200  # orders on a day's list
PDFS, PDF_SECONDS = 120, 3600


@require_safe
def day(request: HttpRequest) -> HttpResponse:
    """What waits for me, due first, with room to write beside it. One query beside the frame's; nobody's name or telephone."""
    act = staff_act(request)
    groups = _groups(act)
    return page(
        request, "orders/desk/day.html", heading=_title(act.at), groups=groups, now=act.at, may_pdf=pdf.available(),
        most=MOST, more=sum(len(rows) for _name, rows in groups) == MOST,
    )  # fmt: skip


@require_safe
def day_pdf(request: HttpRequest) -> HttpResponse:
    """The same as PDF."""
    act = staff_act(request)
    _count(act)
    data = {
        "lang": _lang(), "title": _title(act.at), "who": act.by.name, "foot": _printed(act.at),
        "heads": ["", _("编号"), _("事项和地点"), _("时限"), _("办理记录")],
        "groups": [{"name": name, "rows": rows} for name, rows in _groups(act)],
    }  # fmt: skip
    return pdf.answer(pdf.made(FOLDER / "day.typ", data), f"day-{org.local_date(act.at):%Y%m%d}")


@require_safe
def ticket_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The ticket as PDF; like the page it never carries who asked."""
    act = staff_act(request)
    on_it = sheet(number, act)
    _count(act)
    order = on_it["order"]
    facts = [(label, value, "") for label, value in on_it["facts"]]
    facts.append((_("提交"), _moment(order.asked_at), ""))
    if order.answer_due_at:
        facts.append((_("答复时限"), _moment(order.answer_due_at), on_it["answer_rule"]))
    if order.due_at and order.due_at != order.answer_due_at:
        facts.append((_("本环节时限"), _moment(order.due_at), on_it["due_rule"]))
    facts += [(_("协办"), one["name"], _moment(one["due_at"])) for one in on_it["supports"]]
    if on_it["reply"]:
        facts.append((_("办理结果"), on_it["reply"], ""))
    phones = " · ".join(f"{hours} {phone}".strip() for hours, phone in on_it["phones"])
    data = {
        "lang": _lang(), "number": order.number, "state": str(S(order.state).label), "text": on_it["text"],
        "qr": _qr(order.number), "signs": [_("签收人"), _("经办人"), _("居民签字")],
        "facts": [{"label": str(label), "value": str(value), "note": str(note or "")} for label, value, note in facts],
        "words": {"title": _("四单 · 工单"), "date": _("日期")},
        "foot": " · ".join(filter(None, (phones and _("值班电话") + f" {phones}", _printed(act.at)))),
    }  # fmt: skip
    return pdf.answer(pdf.made(FOLDER / "ticket.typ", data), f"ticket-{order.number}")


def _groups(act: Act) -> list[tuple[str, list[dict[str, Any]]]]:
    """Name and lines: late, due today, later."""
    rows = cards(around.most_urgent(act, limit=MOST), act.at)
    return [(str(name), [_line(row) for row in cases]) for name, _tone, cases in desk_today.groups(rows, act.at)]


def _line(row: dict[str, Any]) -> dict[str, str]:
    return {
        "number": row["number"], "title": row["title"], "place": " ".join(filter(None, (row["unit"], row["place"]))),
        "due": _moment(row["due_at"]), "state": str(S(row["state"]).label), "href": row["href"],
    }  # fmt: skip


def _title(at: datetime) -> str:
    return _("今天要办的单 %(day)s") % {"day": f"{org.local_date(at):%Y-%m-%d}"}


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(org.ZONE):%Y-%m-%d %H:%M}" if at else ""


def _printed(at: datetime) -> str:
    return _("打印于") + f" {_moment(at)}"


def _lang() -> str:
    return (get_language() or "zh")[:2]


def _qr(number: str) -> str:
    return str(qr(f"{settings.SIDAN_URL}{order_href(number)}"))


def _count(act: Act) -> None:
    """A document costs some tenths of a second: nobody needs hundreds an hour.

    Raises:
        TooMany.
    """
    doors.throttle(f"pdf:{act.by.pk}", PDFS, PDF_SECONDS, act.at)
