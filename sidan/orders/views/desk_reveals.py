"""Opening a confidential identity: asked for with a reason, agreed to by a second person, readable for two hours."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.flow import engine
from sidan.orders.commands import revealing
from sidan.orders.flow import REVEAL
from sidan.orders.models import Reveal
from sidan.orders.queries import around
from sidan.orders.views.desk_conflict import Shown
from sidan.orders.views.desk_door import new_token, once, order_href, staff_act
from sidan.orders.views.desk_order import show
from sidan.orders.views.desk_rows import said
from sidan.web.pages import errors_of, go, page


@require_safe
def reveals(request: HttpRequest) -> HttpResponse:
    """Requests that I made or may decide. One query.

    Raises:
        NotAllowed: the actor does not supervise.
    """
    act = staff_act(request)
    if "supervisor" not in act.roles():
        raise NotAllowed
    rows = [
        {
            "reveal": one,
            "number": one.order.number,
            "href": order_href(one.order.number),
            "title": said(one.order.title, one.order.confidential),
            "label": REVEAL.labels[one.state],
            "mine": one.requested_by_id == act.by.pk,
            "open": one.open_until is not None and one.open_until > act.at,
            "nouns": [(step.noun, step.label, step.primary) for step in engine.moves(REVEAL, one, act)],
        }
        for one in around.reveals(act)
    ]
    return page(
        request, "orders/desk/reveals.html", heading=_("保密身份"), rows=rows, now=act.at, form_token=new_token(),
        hours=revealing.OPEN_HOURS,
    )  # fmt: skip


@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask to see who asked.

    Raises:
        NotAllowed: the actor does not supervise there.
        NotNow: nothing is hidden.
    """
    act = staff_act(request)
    hand = around.at_hand(number, act)
    reason = request.POST.get("reason", "")
    try:
        once(request, act, lambda: revealing.request_reveal(hand.order, reason=reason, act=act))
    except Invalid as wrong:
        shown = Shown(422, "reveal", {"reason": reason}, errors_of(wrong))
        return show(request, hand, act, shown)
    return go(request, order_href(hand.order.number), _("已申请，等另一位督办员同意。"))


@require_POST
def decide(request: HttpRequest, reveal_id: int, noun: str) -> HttpResponse:
    """Agree, or not.

    Raises:
        NotFound: no such request for this person.
        NotAllowed: one's own request.
        NotNow: somebody decided before.
    """
    act = staff_act(request)
    taken = REVEAL.by_noun.get(noun)
    reveal = get_object_or_404(Reveal.objects.select_related("order"), pk=reveal_id)
    # Seen only with its order: whoever may not see that may not know of this either.
    around.at_hand(reveal.order.number, act)
    if taken is None:
        raise NotFound
    agree = taken.do == "approve"
    once(request, act, lambda: revealing.decide_reveal(reveal, agree=agree, act=act))
    done = _("已同意。申请人在 %(n)d 小时内可以查看，每次查看都有记录。") % {"n": revealing.OPEN_HOURS}
    return go(request, reverse("orders:desk-reveals"), done if agree else _("已记下：不同意。"))
