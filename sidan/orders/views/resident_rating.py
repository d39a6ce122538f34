"""Rating in two taps: solved? then satisfied? Nothing is chosen beforehand; "not solved" asks one reason and opens it again."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors
from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import engine
from sidan.kernel.flow.fields import Text
from sidan.kernel.org.act import Act
from sidan.orders import clocks
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.views import resident_order as orders
from sidan.orders.views import resident_track as track
from sidan.orders.words import Satisfied, Solved, Stage
from sidan.web.pages import Ask, form_page, go

RATE, REOPEN = ORDER.by_do["rate"], ORDER.by_do["reopen"]
_REASON = Text("reason", "", required=False, max_chars=400)


@require_http_methods(["GET", "POST"])
def rating(request: HttpRequest) -> HttpResponse:
    """The first answer comes in the address (it changes nothing), the second one is sent."""
    given = request.POST if request.method == "POST" else request.GET
    form = request.POST.get("form_token", "")
    found = track.read_of_form(request, form) if request.method == "POST" else track.read(request)
    if found is None:
        return track.send_away(request, form, "rating")
    order, act = found
    solved = given.get("solved", "")
    if solved not in Solved.values:
        return go(request, orders.HERE)
    if request.method != "POST":
        refusal = engine.check(ORDER, order, RATE, act)
        # The back button after rating leads to what became of it.
        return go(request, orders.HERE) if refusal is not None else _ask(request, order, act, solved)
    token = doors.checked_key(request.POST.get("form_token"))
    track.count_write(order, act)
    try:
        _take(order, solved, request, token, act)
    except Invalid as invalid:
        return _ask(request, order, act, solved, invalid)
    track.forget_unsent(request)
    if solved == Solved.NO:
        return go(request, orders.HERE, _("已重新办理，期限从今天重新算。"))
    return go(request, orders.HERE, _("评价已收到，谢谢您。"))


def _take(order: Order, solved: str, request: HttpRequest, token: str, act: Act) -> None:
    """Rate, or reopen where "not solved" came without an answer to the second question."""
    satisfied = request.POST.get("satisfied", "")
    reason = _REASON.clean(request.POST.get("reason", "").strip())
    if solved == Solved.NO:
        if not reason:
            raise Invalid(fields={"reason": _("请写一句哪里没解决，好让我们重新办理。")})
        if satisfied not in Satisfied.values:
            orders.take_once(order, REOPEN, {"reason": reason}, token, act)
            return
    elif satisfied not in Satisfied.values:
        raise Invalid(fields={"satisfied": _("请点一个：满意、基本满意或不满意。")})
    orders.take_once(order, RATE, {"solved": solved, "satisfied": satisfied, "reason": reason}, token, act)


def _ask(request: HttpRequest, order: Order, act: Act, solved: str, invalid: Invalid | None = None) -> HttpResponse:
    values: dict[str, Any] = {**track.unsent(request, order, act.at)[1], **request.POST.dict()}
    reopened = clocks.promise(order, act.at)["answer_due_at"] if solved == Solved.NO else None
    window = clocks.ends(clocks.rule_for(order, Stage.REOPEN_WINDOW, act.at), act.at)
    return form_page(
        request, "orders/resident/rating.html", invalid, values, order=order, solved=solved, solved_words=Solved(solved).label,
        answers=Satisfied.choices, form_token=orders.token(order), reopened_due=reopened, reopen_until=window,
        reason_ask=Ask("reason", _("哪里没解决？"), kind="longtext", max_chars=400, help=_("写一句就够，比如：灯修了又坏了")),
        satisfied_ask=Ask("satisfied", _("您对这次办理满意吗？"), kind="choice", required=False, choices=Satisfied.choices),
        more_ask=Ask("reason", _("还想说一句？"), kind="longtext", required=False, max_chars=400),
    )  # fmt: skip
