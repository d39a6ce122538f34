"""Events in plain words, for the resident and for staff; None where an event is not that reader's concern."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.orders.words import Rung

Words = Callable[[dict[str, Any]], str]


def told(entry: Entry, data: dict[str, Any], *, staff: bool) -> str | None:
    """One event as a sentence."""
    name = entry.kind.rpartition(".")[2]
    own = (_STAFF if staff else _RESIDENT).get(name)
    if own is not None:
        return own(data)
    if name in _BOTH:
        return _BOTH[name](data)
    return name if staff else None


def _unit(data: dict[str, Any], key: str = "lead_unit_id") -> str:
    node = org.tree().nodes.get(data.get("set", {}).get(key) or 0)
    return node.name if node else _("承办单位")


def _coded(data: dict[str, Any], key: str) -> str:
    node = org.tree().by_code(data.get(key) or "")
    return node.name if node else ""


def _when(raw: Any) -> str:
    return f"{datetime.fromisoformat(raw).astimezone(org.ZONE):%Y-%m-%d %H:%M}" if isinstance(raw, str) else ""


def _day(data: dict[str, Any]) -> str:
    return _when(data.get("set", {}).get("suspended_until"))[:10]


def _whom(data: dict[str, Any]) -> str:
    return "、".join(dict.fromkeys(filter(None, (_coded(one, "unit") for one in data.get("told", ())))))


def _rung(data: dict[str, Any]) -> str:
    rung = data.get("rung")
    return str(Rung(rung).label) if rung in Rung.values else _("督办")


_BOTH: dict[str, Words] = {
    "asked": lambda d: _("提交了这一单"),
    "directed": lambda d: _("紧急情况：已告知紧急电话，不排队"),
    "accepted": lambda d: _("社区已接单"),
    "info_asked": lambda d: _("请居民补充情况"),
    "info_given": lambda d: _("居民补充了情况"),
    "info_lapsed": lambda d: _("没有等到补充，先停办；可以再提交"),
    "handled": lambda d: _("社区当场办理"),
    "passed_on": lambda d: _("社区转街道派单"),
    "refused": lambda d: _("不予受理"),
    "merged": lambda d: _("与另一单合并办理"),
    "dispatched": lambda d: _("派给%(unit)s办理") % {"unit": _unit(d)},
    "escalated": lambda d: _("提级到%(unit)s") % {"unit": _unit(d, "desk_unit_id")},
    "signed": lambda d: _("承办单位已签收"),
    "started": lambda d: _("开始办理"),
    "extended": lambda d: _("延期到%(to)s") % {"to": _when(d.get("to"))},
    "suspended": lambda d: _("暂时办不了，%(day)s再看") % {"day": _day(d)},
    "resumed": lambda d: _("恢复办理"),
    "replied": lambda d: _("承办单位已答复，正在核查"),
    "checked": lambda d: _("核查通过，请居民评价"),
    "called_back": lambda d: _("电话回访：居民已评价"),
    "recalled": lambda d: _("电话回访：居民说没解决，重新办理"),
    "facts_added": lambda d: _("居民添加了新情况"),
    "written": lambda d: _("留言"),
    "reopened": lambda d: _("没解决，重新办理"),
    "withdrawn": lambda d: _("居民撤回"),
    "urged": lambda d: _("居民催办，已提醒%(whom)s") % {"whom": _whom(d)},
    "pressed": lambda d: _("督办，已要求%(whom)s尽快办理") % {"whom": _whom(d)},
    "supervised": lambda d: _("到期%(rung)s，已提醒%(whom)s") % {"rung": _rung(d), "whom": _whom(d)},
    "photographed": lambda d: _("添加了照片"),
    "unpublished": lambda d: _("居民不再公开这一单"),
    "hidden": lambda d: _("工作人员撤下了公开内容"),
    "lapsed": lambda d: _("到期没有评价，已办结（未评价）"),
    "redated": lambda d: _("节假日安排公布，期限已重新计算"),
    "erased": lambda d: _("保存期已满，内容和联系方式已删除"),
    "brought": lambda d: _("从原系统导入时已办结"),
    "unloaded": lambda d: _("导入已撤销"),
}

_RESIDENT: dict[str, Words] = {
    "asked": lambda d: _("您提交了这一单"),
    "info_asked": lambda d: _("请您补充情况"),
    "info_given": lambda d: _("您补充了情况"),
    "facts_added": lambda d: _("您添加了新情况"),
    "refused": lambda d: _("不在受理范围，请看可走的途径"),
    "checked": lambda d: _("答复已核查，请您评价"),
    "rated": lambda d: _("您已评价"),
    "reopened": lambda d: _("您说没解决，重新办理"),
    "withdrawn": lambda d: _("您撤回了这一单"),
    "urged": lambda d: _("您催办了，已提醒%(whom)s") % {"whom": _whom(d)},
    "contacted": lambda d: _("工作人员联系了您"),
    "unpublished": lambda d: _("您不再公开这一单"),
}

_STAFF: dict[str, Words] = {
    "classified": lambda d: _("改了类别"),
    "sent_back": lambda d: _("派单员退回社区"),
    "disputed": lambda d: _("退单：认为不属于本单位"),
    "ruled": lambda d: (
        _("裁定：仍由原单位主办，不得再退") if d.get("kept") else _("裁定：由%(u)s主办，不得再退") % {"u": _unit(d)}
    ),
    "contacted": lambda d: _("记录：联系居民（%(way)s）") % {"way": _WAYS.get(d.get("way", ""), lambda: "")()},
    "joined": lambda d: _("请%(unit)s协办") % {"unit": _coded(d, "unit")},
    "support_answered": lambda d: _("%(unit)s已反馈协办结果") % {"unit": _coded(d, "unit")},
    "reply_returned": lambda d: _("核查退回重办"),
    "rated": lambda d: _FLAGS.get(d.get("flag", ""), lambda: _("居民已评价"))(),
}

_FLAGS: dict[str, Callable[[], str]] = {
    "recorded": lambda: _("已评价，请留意：这一单由经办人代录，查询码经过其手"),
    "phone": lambda: _("已评价，请留意：所留手机号与经办人相同"),
}

_WAYS: dict[str, Callable[[], str]] = {
    "phone": lambda: _("电话"),
    "visit": lambda: _("上门"),
    "message": lambda: _("留言"),
    "no_answer": lambda: _("联系不上"),
}
