"""The room's words: states, kinds, classes and the other short lists, each with its Chinese name."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class S(models.TextChoices):
    """States of an order (MECHANISMS 2.1)."""

    SUBMITTED = "submitted", _("已提交")
    NEED_INFO = "need_info", _("待补充")
    NOT_ACCEPTED = "not_accepted", _("不予受理")
    MERGED = "merged", _("已合并")
    WITHDRAWN = "withdrawn", _("已撤回")
    ACCEPTED = "accepted", _("已接单")
    COMMUNITY_HANDLING = "community_handling", _("社区办理")
    AWAITING_DISPATCH = "awaiting_dispatch", _("待派单")
    DISPATCHED = "dispatched", _("已派单")
    SIGNED = "signed", _("已签收")
    DISPUTED = "disputed", _("退单待裁")
    IN_PROGRESS = "in_progress", _("办理中")
    SUSPENDED = "suspended", _("挂账")
    REPLIED = "replied", _("已答复")
    AWAITING_RATING = "awaiting_rating", _("待评价")
    CLOSED = "closed", _("已办结")
    REOPENED = "reopened", _("重新办理")
    ESCALATED = "escalated", _("已提级")


ENDS = (S.CLOSED, S.NOT_ACCEPTED, S.MERGED, S.WITHDRAWN)
OPEN = tuple(state for state in S if state not in ENDS)


class Kind(models.TextChoices):
    """Kinds of appeal (北京市接诉即办工作条例 art. 2)."""

    CONSULT = "consult", _("咨询")
    HELP = "help", _("求助")
    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")
    SUGGESTION = "suggestion", _("建议")


PUBLIC_KINDS = (Kind.CONSULT, Kind.HELP, Kind.SUGGESTION)  # complaints and reports are about somebody, and never public


class Klass(models.TextChoices):
    """Classes of matter, by which deadlines are set (DB11/T 2021-2022 as reported)."""

    DANGER = "danger", _("危及生命财产")
    UTILITIES = "utilities", _("水电气热")
    GENERAL = "general", _("一般")
    COMPLEX = "complex", _("复杂疑难")


class Urgency(models.TextChoices):
    URGENT = "urgent", _("紧急")
    TIMED = "timed", _("限时")
    NORMAL = "normal", _("一般")


class Channel(models.TextChoices):
    WEB = "web", _("网页")
    PHONE = "phone", _("电话")
    DESK = "desk", _("窗口")
    GRID = "grid", _("网格员代录")
    MEETING = "meeting", _("坝坝会")
    OPEN311 = "open311", _("Open311")
    IMPORT = "import", _("导入")


class Solved(models.TextChoices):
    YES = "yes", _("解决了")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("没解决")


class Satisfied(models.TextChoices):
    YES = "yes", _("满意")
    BASICALLY = "basically", _("基本满意")
    NO = "no", _("不满意")


class Stage(models.TextChoices):
    """Stages that have a clock of their own; the last is how long an ended order keeps what its resident gave."""

    ACCEPT = "accept", _("接单")
    INFO = "info", _("等待补充")
    DISPATCH = "dispatch", _("派单")
    SIGN = "sign", _("签收")
    CONTACT = "contact", _("首次联系")
    REPLY = "reply", _("答复")
    SUPPORT = "support", _("协办反馈")
    CHECK = "check", _("核查")
    RULE = "rule", _("裁定")
    RATING = "rating", _("等待评价")
    REOPEN_WINDOW = "reopen_window", _("可重新办理")
    RETENTION = "retention", _("保存期")


class Rung(models.TextChoices):
    """The supervision ladder."""

    REMIND = "remind", _("提醒")
    URGE = "urge", _("催办")
    SUPERVISE = "supervise", _("督办")
    LIST = "list", _("挂牌督办")


RUNGS = tuple(Rung)
