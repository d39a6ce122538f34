"""The demonstration's outbox: what a telephone would show, so that a link sent to a resident can be opened."""

import re

from django.http import HttpRequest, HttpResponse

from sidan.kernel.notify import queries as notify
from sidan.web.pages import page

SHOWN = 200
LINK = re.compile(r"(https?://[!-~]+)")  # Chinese has no blanks: a link ends where ASCII does


def outbox(request: HttpRequest) -> HttpResponse:
    """The newest messages first. One query; the address exists in the demonstration only."""
    resident = request.GET.get("to") != "staff"
    rows = [row for row in notify.outbox(SHOWN * 5) if (row["person__handle"] is None) == resident][:SHOWN]
    for row in rows:
        row["pieces"] = LINK.split(row["body"])
    response = page(request, "web/outbox.html", rows=rows, resident=resident)
    response["Cache-Control"] = "no-store"
    return response
