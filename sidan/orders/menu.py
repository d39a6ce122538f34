"""What the room hangs into the frame: the states' words, the staff's home, and their desks with counts."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sidan.kernel.base.errors import NotSignedIn
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Person
from sidan.orders.queries import lists
from sidan.orders.queries.phrases import WRITERS
from sidan.orders.words import S
from sidan.web import menu, unsent, words
from sidan.web.act import act_of

HOME = "/desk/"
RECORDERS = frozenset({"recorder", "community", "dispatcher"})
KEEPERS = frozenset({"community", "operator"})  # of places with posters
OVERSEERS = frozenset({"community", "dispatcher", "handler", "checker", "supervisor"})

_TONES = {
    S.SUBMITTED: "info", S.NEED_INFO: "warn", S.NOT_ACCEPTED: "plain", S.MERGED: "plain", S.WITHDRAWN: "plain",
    S.ACCEPTED: "info", S.COMMUNITY_HANDLING: "info", S.AWAITING_DISPATCH: "warn", S.DISPATCHED: "info",
    S.SIGNED: "info", S.DISPUTED: "danger", S.IN_PROGRESS: "info", S.SUSPENDED: "warn", S.REPLIED: "ok",
    S.AWAITING_RATING: "ok", S.CLOSED: "ok", S.REOPENED: "danger", S.ESCALATED: "danger",
}  # fmt: skip


def register() -> None:
    """Called once, when the room is made ready."""
    words.register_states({state: (state.label, _TONES[state]) for state in S})
    menu.homes["staff"] = HOME
    menu.homes["resident"] = "/my/"
    unsent.offer(r"/desk/(record|deputies|orders/\w+/[a-z-]+)/")
    unsent.offer(r"/govern/(?!.*/import/$).+")
    menu.offer_link(HOME, _("工作台"), "staff")
    menu.offer_desks(desks)


def counts(request: HttpRequest, act: Act) -> dict[str, tuple[int, int]]:
    """The act's desks with how many wait and how many are late; reckoned once for a request. One query."""
    kept: dict[str, tuple[int, int]] | None = getattr(request, "_sidan_desks", None)
    if kept is None:
        kept = lists.counts(act)
        setattr(request, "_sidan_desks", kept)  # noqa: B010 - HttpRequest does not declare it
    return kept


def desks(request: HttpRequest) -> list[menu.Desk]:
    """The side navigation of whoever is signed in. One query for all counts."""
    try:
        act = act_of(request)
    except NotSignedIn:
        return []
    if act.by.kind != Person.Kind.STAFF:
        return []
    found = [menu.Desk(HOME, _("我的工作台"))]
    for name, (waiting, late) in counts(request, act).items():
        found.append(menu.Desk(f"{HOME}{name}/", lists.DESKS[name].label, waiting, late))
    return [*found, *(menu.Desk(href, label) for href, label in _places(act))]


def _places(act: Act) -> list[tuple[str, Any]]:
    """Pages beside the desks, by role."""
    roles = act.roles()
    offered: list[tuple[str, Any, bool]] = [
        (f"{HOME}orders/", _("全部工单"), bool(roles & (OVERSEERS | RECORDERS))),
        (f"{HOME}record/", _("代居民点单"), bool(roles & RECORDERS)),
        (f"{HOME}places/", _("地点和海报"), bool(roles & KEEPERS)),
        (f"{HOME}phrases/", _("答复模板"), bool(roles & WRITERS)),
        (f"{HOME}reveals/", _("保密身份"), "supervisor" in roles),
        (f"{HOME}figures/", _("三率"), bool(roles & OVERSEERS)),
        (f"{HOME}deputies/", _("岗位与代理"), bool(roles)),
        ("/govern/", _("单位、目录和规则"), "operator" in roles),
        ("/feedback/received/", _("使用反馈"), "operator" in roles),
    ]
    return [(href, label) for href, label, mine in offered if mine]
