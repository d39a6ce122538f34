"""A remark about the house: from any page, by anybody, without an account and without scripts; read by the operator."""

import re
import secrets
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.base.text import clean_text
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person
from sidan.web import client
from sidan.web.act import act_of, person_of
from sidan.web.models import Feedback
from sidan.web.pages import Ask, form_page, go, page

PER_ADDRESS, ADDRESS_SECONDS = 60, 3600  # a hall or a village may be behind one address
KEPT = timedelta(days=365)
CHARS, SHOWN = 1000, 50


@require_http_methods(["GET", "POST"])
def feedback(request: HttpRequest) -> HttpResponse:
    """The form, and the thanks.

    Raises:
        TooMany: dozens within an hour from one address.
    """
    given = request.POST if request.method == "POST" else request.GET
    page_name, number = given.get("page", "")[:120], given.get("number", "")[:8]
    values = {"kind": given.get("kind", Feedback.Kind.HARD.value), "text": given.get("text", "")}
    wrong: Invalid | None = None
    if request.method == "POST":
        now = timezone.now()
        token = doors.checked_key(request.POST.get("form_token"))
        try:
            made = _cleaned(values, page_name, number, now)
            doors.throttle(f"feedback:{client.address(request)}", PER_ADDRESS, ADDRESS_SECONDS, now)
            person = person_of(request)
            made.by = person if person is not None and person.kind == Person.Kind.STAFF else None
            keep(made, token)
            return go(request, f"{reverse('web:feedback')}?sent=1")
        except Invalid as invalid:
            wrong = invalid
    asks = (
        Ask("kind", _("是哪一种？"), "choice", choices=Feedback.Kind.choices),
        Ask(
            "text",
            _("请说一说"),
            "longtext",
            max_chars=CHARS,
            help=_("请不要写姓名、电话。要社区办的事，请点“我要点单”。"),
        ),
    )
    return form_page(
        request, "web/feedback.html", wrong, values, asks=asks, page_name=page_name, number=number,
        form_token=secrets.token_urlsafe(12), sent=bool(request.GET.get("sent")),
    )  # fmt: skip


def _cleaned(values: dict[str, str], page_name: str, number: str, now: datetime) -> Feedback:
    if values["kind"] not in Feedback.Kind.values:
        raise Invalid(fields={"kind": _("请选一种。")})
    text = clean_text(values["text"], max_chars=CHARS)
    page_name = clean_text(page_name, max_chars=120, min_chars=0)
    number = number if re.fullmatch(r"[0-9A-Z]{8}", number) else ""
    return Feedback(kind=values["kind"], text=text, page=page_name, request_number=number, at=now)


@tx.writes
def keep(made: Feedback, token: str) -> None:
    """Write it down, once for its form."""
    body = f"{made.kind}\n{made.text}".encode()
    if doors.claim(doors.Claim("feedback", token, body, made.at, doors.Answer(303, b""))) is None:
        made.save()


@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """What people said, what is open first. One query.

    Raises:
        NotAllowed: the actor does not run the house.
    """
    act = _operator(request)
    rows = Feedback.objects.select_related("by", "done_by").order_by("-id")
    if not request.GET.get("done"):
        rows = rows.filter(done_at=None)
    before = request.GET.get("before", "")
    if re.fullmatch(r"[0-9]{1,18}", before, re.ASCII):
        rows = rows.filter(id__lt=int(before))
    found = list(rows[: SHOWN + 1])
    more = f"?{'done=1&' if request.GET.get('done') else ''}before={found[SHOWN - 1].pk}" if len(found) > SHOWN else ""
    return page(
        request, "web/feedback_received.html", heading=_("使用反馈"), rows=found[:SHOWN], next_href=more,
        every=bool(request.GET.get("done")), now=act.at,
    )  # fmt: skip


@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """It was seen to; a second press changes nothing.

    Raises:
        NotFound: there is no such remark.
    """
    act = _operator(request)
    if not mark_done(pk, act=act):
        raise NotFound(_("没有这条反馈。"))
    return go(request, reverse("web:feedback-received"), _("已标为处理过。"))


@tx.writes
def mark_done(pk: int, *, act: Act) -> bool:
    """Write down who saw to it and when; the first one counts."""
    rows = Feedback.objects.filter(pk=pk)
    rows.filter(done_at=None).update(done_at=act.at, done_by=act.by)
    return rows.exists()


@tx.writes
def sweep(now: datetime) -> None:
    """Forget what has had its time. One statement."""
    Feedback.objects.filter(at__lt=now - KEPT).delete()


def _operator(request: HttpRequest) -> Act:
    act = act_of(request)
    if "operator" not in act.roles():
        raise NotAllowed
    return act
