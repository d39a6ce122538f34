"""What the one who asked wants to be told of an order, and to which address."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sidan.kernel.base import doors
from sidan.kernel.base.errors import Invalid
from sidan.kernel.notify import channels
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import queries as told
from sidan.kernel.notify.models import Wish
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.orders.views import resident_order as orders
from sidan.orders.views import resident_track as track
from sidan.web.pages import Ask, form_page, go


@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """One choice of three; where mails are sent, also an address."""
    form = request.POST.get("form_token", "")
    found = track.read_of_form(request, form) if request.method == "POST" else track.read(request)
    if found is None:
        return track.send_away(request, form)
    order, act = found
    who = order.asked_by_id
    mails = "email" in channels.chain(staff=False)
    values = {
        "choice": told.wishes(who).get("", Wish.Choice.ALL.value),
        "email": (org.email_of(who) or "") if mails else "",
    }
    wrong = None
    if request.method == "POST":
        doors.checked_key(form)
        track.count_write(order, act)
        values |= {name: request.POST.get(name, "").strip()[:300] for name in values}
        try:
            if values["choice"] not in Wish.Choice.values:
                raise Invalid(fields={"choice": _("请点一个。")})
            if mails:
                people.set_email(who, values["email"])
            notify.choose(order.asked_by, {"": values["choice"]}, act=act)
            return go(request, orders.HERE, _("已保存。"))
        except Invalid as invalid:
            wrong = invalid
    ask_choice = Ask(
        "choice", _("有了进展，怎么通知您？"), kind="choice",
        choices=[
            (Wish.Choice.ALL.value, Wish.Choice.ALL.label, ""),
            (Wish.Choice.END.value, Wish.Choice.END.label, _("答复了、不受理或合并办理时，告诉我一次")),
            (Wish.Choice.NONE.value, Wish.Choice.NONE.label, _("我自己来查进度")),
        ],
    )  # fmt: skip
    ask_email = Ask(
        "email", _("电子邮箱"), kind="email", required=False, autocomplete="email", help=_("收不到短信时，发到这里")
    )
    return form_page(
        request, "orders/resident/notices.html", wrong, values, order=order, form_token=orders.token(order),
        asks=[ask_choice, *([ask_email] if mails else [])], phone=org.phone_of(who) is not None,
    )  # fmt: skip
