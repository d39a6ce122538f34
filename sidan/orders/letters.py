"""What the room's messages say. Links and dates are made when a message is sent: nothing secret waits in the queue."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from sidan.kernel.notify import topics
from sidan.kernel.org import queries as org
from sidan.orders import keys
from sidan.orders.queries import phones
from sidan.orders.words import Rung


def register() -> None:
    """Register every topic of the room; called once when the room is made ready."""
    for topic, title, body in _RESIDENT:
        grade = topics.ALWAYS if topic in _ALWAYS else topics.END if topic in _ENDS else topics.STEP
        topics.register(
            f"orders.{topic}",
            title=title,
            body=body,
            fill=_for_resident,
            secret=True,
            grade=grade,
            urgent=topic in _AT_ONCE,
        )
    for topic, title, body, urgent in _STAFF:
        group = "/desk/orders/{number}/" if topic != "digest" else ""
        topics.register(
            f"orders.{topic}", title=title, body=body, fill=_for_staff, urgent=urgent, group=group, staff=True
        )


def _dates(data: dict[str, Any]) -> dict[str, str]:
    made = {}
    if isinstance(data.get("due"), str):
        due = datetime.fromisoformat(data["due"]).astimezone(org.ZONE)
        made["due_day"] = f"{due:%Y-%m-%d %H:%M}"
    return made


def _for_resident(data: dict[str, Any]) -> dict[str, str]:
    link = f"{settings.SIDAN_URL}/t/{keys.link(data['number'])}/"
    return {"link": link, "phone": phones.in_a_message() or "12345", **_dates(data)}


def _for_staff(data: dict[str, Any]) -> dict[str, str]:
    rung, desk = data.get("rung"), f"{settings.SIDAN_URL}/desk/"
    return {
        "desk": desk,
        "link": f"{desk}orders/{data['number']}/" if "number" in data else desk,
        "rung_name": str(Rung(rung).label) if rung else "",
        **_dates(data),
    }


# What a resident chose does not hold these back: the number of the order, a danger, and a question that only they can answer.
_ALWAYS = frozenset({"receipt", "directed", "info_asked"})
# How it ended: told to those who want to know the end only.
_ENDS = frozenset({"info_lapsed", "refused", "merged", "answered"})
# Not kept until the morning: the answer to what the resident does at this moment.
_AT_ONCE = frozenset({"receipt", "directed"})

_RESIDENT = (
    ("receipt", _("已收到您的单"), _("【四单】已收到，编号{number}，最晚{due_day}答复。查进度：{link} 电话{phone}")),
    ("accepted", _("社区已接单"), _("【四单】您的单{number}社区已接，正在办理。查进度：{link}")),
    ("info_asked", _("请补充情况"), _("【四单】您的单{number}需要您补充一点情况：{link} 也可打电话{phone}")),
    (
        "info_lapsed",
        _("没有等到补充"),
        _("【四单】您的单{number}没有等到补充，已先停办。随时可以再提交：{link} 电话{phone}"),
    ),
    ("refused", _("这一单不予受理"), _("【四单】您的单{number}不在受理范围，可走的途径见：{link} 电话{phone}")),
    (
        "directed",
        _("请马上打紧急电话"),
        _("【四单】您说的是紧急情况，请马上拨打{emergency}，不要等。单{number}不再排队：{link}"),
    ),
    ("merged", _("已合并办理"), _("【四单】您的单{number}与另一单同一件事，已合并办理，进度见：{link}")),
    ("dispatched_resident", _("已派给承办单位"), _("【四单】您的单{number}已派给{unit}办理：{link}")),
    ("escalated_resident", _("已提到上一级"), _("【四单】您的单{number}已提到上一级办理：{link}")),
    ("message", _("承办人给您留言"), _("【四单】您的单{number}有新的留言：{link}")),
    ("extended", _("需要多一点时间"), _("【四单】您的单{number}需要延期，新的答复时间{due_day}，原因见：{link}")),
    ("suspended", _("暂时办不了"), _("【四单】您的单{number}暂时办不了，下次查看{until}，原因见：{link}")),
    ("answered", _("请您评价"), _("【四单】您的单{number}已答复，解决了吗？请评价：{link} 没解决可以重新办理。")),
)

_STAFF = (
    ("info_given", _("居民已补充"), _("单{number}：居民已补充情况。{link}"), False),
    ("facts_added", _("居民添加了新情况"), _("单{number}：居民添加了新情况。{link}"), False),
    ("to_dispatch", _("有单待派"), _("单{number}待派单。{link}"), False),
    ("dispatched", _("新派单"), _("单{number}派到你单位，请签收。{link}"), False),
    ("sent_back", _("派单员退回"), _("单{number}退回社区，请看理由。{link}"), False),
    ("escalated", _("提级的单"), _("单{number}提级到你处，请派单。{link}"), True),
    ("disputed", _("退单待裁"), _("单{number}退单待裁。{link}"), False),
    ("ruled", _("已裁定"), _("单{number}已裁定由你单位主办，不再退单。{link}"), False),
    ("support_asked", _("请协办"), _("单{number}请你单位协办。{link}"), False),
    ("support_answered", _("协办已反馈"), _("单{number}有协办单位反馈。{link}"), False),
    ("withdrawn", _("居民已撤回"), _("单{number}居民已撤回。{link}"), False),
    ("message_in", _("居民留言"), _("单{number}居民有留言。{link}"), False),
    ("extended_unit", _("延期备案"), _("单{number}延期到{due_day}。{link}"), False),
    ("suspended_unit", _("已挂账"), _("单{number}挂账，下次查看{until}。{link}"), False),
    ("resumed", _("恢复办理"), _("单{number}恢复办理。{link}"), False),
    ("to_check", _("待核查"), _("单{number}已答复，请核查。{link}"), False),
    ("reply_returned", _("核查退回"), _("单{number}的答复被退回，请重办。{link}"), False),
    ("reopened", _("居民说没解决"), _("单{number}重新办理，请派单。{link}"), True),
    ("urged", _("居民催办"), _("单{number}居民催办。{link}"), True),
    ("supervised", _("督办提醒"), _("单{number}：{rung_name}。{link}"), True),
    ("digest", _("今天的单"), _("新单{new}件，快到期{near}件，已超期{late}件。{desk}"), False),
)
