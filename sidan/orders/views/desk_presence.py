"""Who else looks at an order: said by its open page every 20 seconds, and told to the others who have it open."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from sidan.orders.commands import looking
from sidan.orders.queries import around, presence
from sidan.orders.views.desk_door import staff_act
from sidan.web.pages import page


@require_POST
def presence_of(request: HttpRequest, number: str) -> HttpResponse:
    """I have it open, or with `leave` no longer; the answer names the others and says whether the order has moved.

    204 where there is nothing to say. One write and two queries.

    Raises:
        NotFound: no such order for this person.
    """
    act = staff_act(request)
    order = around.at_hand(number, act).order
    if request.POST.get("leave"):
        looking.leave(order, act=act)
        return HttpResponse(status=204)
    looking.look(order, act=act)
    others = presence.beside(order.pk, act)
    moved = request.POST.get("version", "") not in ("", str(order.version))
    if not others and not moved:
        return HttpResponse(status=204)
    return page(
        request, "orders/desk/_presence.html", watched_by="、".join(others), moved=moved, order=order, now=act.at
    )
