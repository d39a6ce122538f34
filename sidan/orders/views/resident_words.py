"""States in a sentence for the one who asked, and how far round the loop the order is."""

from datetime import datetime

from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.orders.queries import phones, reading
from sidan.orders.queries.reading import Line
from sidan.orders.queries.seeing import in_hand
from sidan.orders.words import S, Satisfied, Solved

TONES = {
    S.NEED_INFO: "warn", S.AWAITING_RATING: "warn", S.NOT_ACCEPTED: "plain", S.WITHDRAWN: "plain", S.MERGED: "info",
    S.CLOSED: "ok", S.SUSPENDED: "warn",
}  # fmt: skip
# Which of 点单, 接单, 派单, 评单 is now; what lies before is done.
_AT = {
    S.SUBMITTED: 2, S.NEED_INFO: 2, S.NOT_ACCEPTED: 2, S.WITHDRAWN: 0, S.MERGED: 0, S.AWAITING_RATING: 4, S.CLOSED: 5,
}  # fmt: skip
_TONES_OF_EVENTS = {
    "replied": "ok", "checked": "ok", "rated": "ok", "refused": "warn", "info_asked": "warn", "info_lapsed": "warn",
    "extended": "warn", "suspended": "warn", "supervised": "warn", "urged": "warn", "pressed": "warn", "reopened": "info",
}  # fmt: skip
REMINDERS = frozenset(("supervised", "urged", "pressed"))


def holder(order: Order) -> str:
    """The unit that has it in hand."""
    return org.tree().node(in_hand(order)[0]).short_name


def in_hands(order: Order) -> str:
    """Who has it in hand, as people say it; "you" while an answer of theirs is waited for."""
    said = reading.has_it(order)
    return holder(order) if said == org.tree().node(in_hand(order)[0]).name else said


def phone(order: Order, now: datetime) -> str:
    """The telephone of a human near the order, by day or by night."""
    return phones.answering(order.unit_id, now)


def headline(order: Order) -> tuple[str, str]:
    """What the state means, and what comes next."""
    who = {"who": holder(order)}
    match S(order.state):
        case S.SUBMITTED:
            return _("已提交，等社区接单"), _("%(who)s会先看您的单。") % who
        case S.NEED_INFO:
            return _("请您补充一点情况"), _("补充后马上接着办；等您的时间不计入期限。")
        case S.NOT_ACCEPTED:
            return _("这一单不在受理范围"), _("下面写着原因，和您可以走的途径。")
        case S.MERGED:
            return _("已和另一单合并办理"), _("同一件事已经在办，进度看下面。")
        case S.WITHDRAWN:
            return _("您已撤回这一单"), _("还需要的话，可以重新点单。")
        case S.ACCEPTED:
            return _("社区已接单"), _("%(who)s正在看怎么办。") % who
        case S.COMMUNITY_HANDLING:
            return _("社区正在办"), _("%(who)s自己能办，正在办。") % who
        case S.AWAITING_DISPATCH:
            return _("等着派单"), _("%(who)s会派给能办的单位。") % who
        case S.DISPATCHED:
            return _("已派单"), _("派给了%(who)s，等它签收。") % who
        case S.SIGNED:
            return _("承办单位已签收"), _("%(who)s已签收，马上开始办。") % who
        case S.DISPUTED:
            return _("正在确定由谁办"), _("%(who)s正在裁定由哪个单位办，您的期限不变。") % who
        case S.IN_PROGRESS:
            return _("正在办"), _("%(who)s正在办。") % who
        case S.SUSPENDED:
            return _("暂时办不了"), _("到时候会再看；原因写在下面。")
        case S.REPLIED:
            return _("已经答复，正在核查"), _("%(who)s正在核查办得对不对，之后请您评价。") % who
        case S.AWAITING_RATING:
            return _("已经答复，请您评价"), _("您说解决了才算办结；没解决可以重新办理。")
        case S.CLOSED:
            return _("已办结"), _rated(order)
        case S.REOPENED:
            return _("重新办理"), _("%(who)s会重新派单，期限重新算。") % who
        case S.ESCALATED:
            return _("已提到上一级"), _("%(who)s会派给能办的单位。") % who


def _rated(order: Order) -> str:
    if order.rated_at is None:
        return _("没有评价。谢谢您反映情况。")
    solved, satisfied = Solved(order.solved or "").label, Satisfied(order.satisfied or "").label
    return _("您的评价：%(solved)s，%(satisfied)s。谢谢您。") % {"solved": solved, "satisfied": satisfied}


def loop(order: Order) -> list[dict[str, str]]:
    """The four orders as steps: done, now, or still to come."""
    at = _AT.get(S(order.state), 3)
    steps = ((_("居民"), _("点单")), (_("社区"), _("接单")), (_("街道"), _("派单")), (_("居民"), _("评单")))
    made = []
    for number, (who, verb) in enumerate(steps, 1):
        css = "done" if number < at else "now" if number == at else ""
        word = {"done": _("已完成"), "now": _("进行中")}.get(css, "")
        made.append({"who": who, "verb": verb, "css": css, "word": word})
    return made


def entry(line: Line) -> dict[str, object]:
    """A line of the timeline as the component shows it."""
    mine = line.who == _("您")
    title = line.words
    if event(line) == "written":
        title = _("您的留言") if mine else _("工作人员的留言")
    tone = _TONES_OF_EVENTS.get(event(line), "info" if mine else "plain")
    return {"at": line.at, "title": title, "who": "" if mine else line.who, "text": line.text, "tone": tone}


def event(line: Line) -> str:
    """The event's own name."""
    return line.kind.rpartition(".")[2]
