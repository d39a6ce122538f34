"""What a member of staff wants to be told, and by which way: one choice for each topic."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.notify import channels, topics
from sidan.kernel.notify import commands as notify
from sidan.kernel.notify import queries as told
from sidan.kernel.notify.models import Wish
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Person
from sidan.web.act import act_of
from sidan.web.pages import Ask, errors_of, form_page, go

USUAL = "usual"


@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """The page. What is urgent is always told and can only be led to another way."""
    act = act_of(request)
    if act.by.kind != Person.Kind.STAFF:
        raise NotAllowed
    chain = channels.chain(staff=True)
    mails = "email" in chain
    asks = [_ask(topic, chain) for topic in topics.for_staff()]
    chosen = told.wishes(act.by.pk)
    values: dict[str, Any] = {ask.name: chosen.get(ask.name, USUAL) for ask in asks}
    wrong = None
    if mails:
        values["email"] = org.email_of(act.by.pk) or ""
    if request.method == "POST":
        values |= {name: request.POST.get(name, values[name]).strip()[:300] for name in values}
        try:
            _save(act, asks, values, mails)
            return go(request, "/preferences/notices/", _("已保存。"))
        except Invalid as invalid:
            wrong = invalid
    email = Ask("email", _("工作邮箱"), kind="email", required=False, autocomplete="email", help=_("不填就收不到邮件"))
    return form_page(
        request, "web/notices.html", wrong, values, heading=_("通知设置"), asks=asks, email=email if mails else None,
        rows=[_row(ask, values, errors_of(wrong)) for ask in asks],
        ways="、".join(str(channels.LABELS.get(name, name)) for name in chain),
    )  # fmt: skip


def _ask(topic: topics.Topic, chain: tuple[str, ...]) -> Ask:
    choices: list[tuple[str, Any]] = [(USUAL, _("照常"))]
    if len(chain) > 1:
        choices += [(name, _("先用%(way)s") % {"way": channels.LABELS.get(name, name)}) for name in chain]
    if not topic.urgent:
        choices.append((Wish.Choice.NONE.value, _("不通知")))
    return Ask(
        topic.name, topic.title, kind="choice", choices=choices, help=_("紧急，总会通知") if topic.urgent else ""
    )


def _row(ask: Ask, values: dict[str, Any], errors: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": ask.name, "label": ask.label, "help": ask.help, "error": errors.get(ask.name, ""),
        "options": [(value, label, value == values[ask.name]) for value, label in ask.choices],
    }  # fmt: skip


def _save(act: Any, asks: list[Ask], values: dict[str, Any], mails: bool) -> None:
    wrong = {ask.name: _("请选一个。") for ask in asks if values[ask.name] not in [one[0] for one in ask.choices]}
    if wrong:
        raise Invalid(fields=wrong)
    if mails:
        people.set_email(act.by.pk, values["email"])
    notify.choose(act.by, {ask.name: values[ask.name] for ask in asks}, act=act)
