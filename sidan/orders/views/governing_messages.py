"""The operator's page of messages: what waits, what failed and why, and the button that sends it again."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from sidan.kernel.base.errors import NotFound
from sidan.kernel.notify import channels, relay, topics
from sidan.kernel.notify import queries as told
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Person, Seat
from sidan.orders.queries import governing
from sidan.orders.views.desk_door import new_token, once
from sidan.orders.views.governing import HOME, number_of, operator, pager, show
from sidan.web.pages import go

State = Message.State
TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("failed", (State.GIVEN_UP, State.FAILED)),
    ("open", (State.QUEUED, State.SENDING, State.WAITING)),
    ("sent", (State.SENT, State.UNWANTED)),
)


@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """The list. Three queries beside the actor's own; what a message says is not shown: it may hold a link that opens an order."""
    act = operator(request)
    governing.need(act, org.tree().root().id)
    tab = request.GET.get("state", "")
    tab = tab if tab in dict(TABS) else "failed"
    counts = told.counts()
    page = governing.paged(
        Message.objects.filter(state__in=dict(TABS)[tab]).select_related("to_person").order_by("-id"),
        number_of(request),
    )
    labels = {"failed": _("没发出去"), "open": _("等着发"), "sent": _("已发")}
    return show(
        request, "messages", heading=_("消息发送"), rows=[_row(one) for one in page.rows], form_token=new_token(), tab=tab,
        tabs=[(labels[name], f"?state={name}", name == tab, sum(counts.get(one, 0) for one in of)) for name, of in TABS],
        ways=_ways(), **pager(request, page),
    )  # fmt: skip


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one again, or all that were given up."""
    act = operator(request)
    governing.need(act, org.tree().root().id)
    message = Message.objects.filter(pk=pk).first()
    if message is None:
        raise NotFound
    once(request, act, lambda: relay.send_again(message, act=act))
    return go(request, f"{HOME}messages/", _("已重新排队，马上就发。"))


def _ways() -> str:
    names = [*channels.chain(staff=False), *channels.chain(staff=True)]
    return "、".join(dict.fromkeys(str(channels.LABELS.get(name, name)) for name in names))


def _row(message: Message) -> dict[str, Any]:
    return {
        "message": message, "title": _title(message), "to": _to(message), "number": message.data.get("number", ""),
        "state": State(message.state).label, "why": _why(message.error),
        "way": channels.LABELS.get(message.channel, message.channel),
        "may_again": message.state in relay.AGAIN,
    }  # fmt: skip


def _title(message: Message) -> str:
    try:
        return str(topics.get(message.topic).title)
    except KeyError:
        return message.topic


def _to(message: Message) -> str:
    if message.to_person is not None:
        return message.to_person.name if message.to_person.kind == Person.Kind.STAFF else _("居民")
    node = org.tree().nodes.get(message.to_unit_id or 0)
    role = dict(Seat.Role.choices).get(message.role, _("工作群"))
    return f"{node.short_name if node else ''} {role}"


def _why(error: str) -> str:
    """The code of an error in words, with what the gateway said."""
    code, _colon, rest = error.partition(": ")
    words = {
        "gateway": _("网关没有收下"), "unreachable": _("没有能通知到的方式"), "words": _("消息模板缺内容"),
        "error": _("程序出错，见日志"),
    }.get(code)  # fmt: skip
    if words is None:
        return error
    return f"{words}（{rest}）" if code in ("gateway", "words") else words
