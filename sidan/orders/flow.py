"""The law of the orders, drawn as arrows (北京市接诉即办工作条例 2021 where an article is named)."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from sidan.kernel.flow.definition import AnyOf, Clock, Flow, Follows, Guard, Importer, Party, Role, Step
from sidan.kernel.flow.fields import (
    Choice,
    Code,
    Day,
    Field,
    Flag,
    NumberField,
    Text,
    UnitField,
    UnitsField,
    Whole,
    Words,
)
from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.orders.rulebook import route_text, rulebook
from sidan.orders.words import ENDS, OPEN, PUBLIC_KINDS, Klass, S, Satisfied, Solved, Urgency


def _choices(words: type) -> tuple[tuple[str, Words], ...]:
    return tuple(words.choices)  # type: ignore[attr-defined]


def _reasons() -> tuple[tuple[str, Words], ...]:
    """The reasons of today that a person may give; the one that only time gives is left out."""
    rows = rulebook().reasons(org.local_date(None))
    return tuple((row.code, route_text(row)[0]) for row in rows if row.code != "no_info")


def overdue(order: Order, at: datetime) -> bool:
    """Whether what the resident was promised, or the community's acceptance, is late."""
    late_answer = order.answer_due_at is not None and at > order.answer_due_at
    return late_answer or (order.state == S.SUBMITTED and order.due_at is not None and at > order.due_at)


def publishable(order: Order) -> bool:
    """Whether an order is of a kind that its author may make public."""
    return order.kind in PUBLIC_KINDS and not order.confidential and order.about_unit_id is None


def _not_urged_today(order: Order, at: datetime) -> bool:
    return order.urged_at is None or at - order.urged_at >= timedelta(days=1)


def _reopen_window(order: Order, at: datetime) -> bool:
    return order.state == S.AWAITING_RATING or (order.reopen_until is not None and at <= order.reopen_until)


RESIDENT = Party("asked_by")
FOR_RESIDENT = AnyOf((RESIDENT, Party("recorded_by")))
COMMUNITY = Role("community")
DESK = Role("dispatcher", at="desk_unit")
HANDLER = Role("handler", at="lead_unit")
LEAD = AnyOf((HANDLER, Role("community", at="lead_unit")))
CHECKER = Role("checker")
SUPERVISOR = Role("supervisor")
DESK_SUPERVISOR = Role("supervisor", at="desk_unit")  # of the desk that dispatched it, which may lie higher
INTAKE = AnyOf((COMMUNITY, DESK))
ANSWERED = ("replied_by", "repliers", "signed_by")  # `repliers` knows those whose answer was returned as well

UNDISPATCHED = (S.SUBMITTED, S.ACCEPTED, S.AWAITING_DISPATCH)
WORKING = (S.COMMUNITY_HANDLING, S.SIGNED, S.IN_PROGRESS)
BEFORE_REPLY = tuple(state for state in OPEN if state not in (S.REPLIED, S.AWAITING_RATING))
WRITABLE = (S.ACCEPTED, S.NEED_INFO, S.AWAITING_DISPATCH, S.DISPATCHED, S.DISPUTED, S.SUSPENDED, S.REPLIED, *WORKING)

_reason: Field = Text("reason", _("理由"), max_chars=400)
_category = Code("category", _("事项类别"), help=_("类别代码，如 010302"), required=False)
_answers = (
    Choice("solved", _("问题解决了吗？"), choices=_choices(Solved)),
    Choice("satisfied", _("您对办理满意吗？"), choices=_choices(Satisfied)),
    Text(
        "reason",
        _("还想说的话"),
        help=_("没解决时，请写一句哪里没解决"),
        required=False,
        needed_if=("solved", Solved.NO.value),
        max_chars=400,
    ),
)

NOT_RULED = Guard(lambda order, at: not order.ruled, _("裁定是最终的，不能再退单。"), code="ruled")
SUPPORTS_DONE = Guard(
    lambda order, at: order.supports_open == 0,
    _("协办单位还没有全部反馈，主办单位暂不能答复。"),
    code="co_handlers_open",
)
EXTENSION_LEFT = Guard(lambda order, at: order.extend_left > 0, _("延期次数已用完。"), code="extension_spent")
OVERDUE = Guard(overdue, _("还没到期，到期后可以催办。"), code="not_overdue")
ONCE_A_DAY = Guard(_not_urged_today, _("今天已经催办过，承办单位已收到提醒。"), code="urged_today")
REOPEN_OVER = Guard(
    lambda order, at: order.reopen_until is None or at > order.reopen_until,
    _("还能重新办理，现在不能删除。"),
    code="still_reopenable",
)
ON_BOARD = Guard(lambda order, at: order.public and publishable(order), _("这一单没有公开。"), code="not_public")
REOPEN_WINDOW = Guard(_reopen_window, _("可重新办理的时间已过，请另外提交一单。"), code="reopen_window_over")

ORDER = Flow(
    name="orders.order",
    states=tuple(S.values),
    births=((S.SUBMITTED, "asked"), (S.NOT_ACCEPTED, "directed"), (S.CLOSED, "brought")),
    ends=ENDS,
    barred="about_unit",
    labels=dict(S.choices),
    folded=(
        "unit_id", "desk_unit_id", "lead_unit_id", "about_unit_id", "asked_by_id", "recorded_by_id", "dispatched_by_id",
        "signed_by_id", "replied_by_id", "repliers", "kind", "category_id", "klass", "urgency", "channel", "public", "anonymous",
        "confidential", "due_at", "due_rule_id", "tick_at", "dispatch_due_at", "contact_due_at", "answer_due_at",
        "answer_rule_id", "answer_from", "paused_at", "suspended_until", "extend_left", "rung", "urged_at", "asked_at",
        "accepted_at", "first_contact_at", "dispatched_at", "signed_at", "answered_at", "rated_at", "closed_at",
        "reopen_until", "round", "ruled", "supports_open", "refusal", "solved", "satisfied", "merged_into_id", "batch_id",
        "external_system", "external_number",
    ),
    steps=(
        # The community's desk
        Step("accept", "accepted", (S.SUBMITTED,), INTAKE, S.ACCEPTED, "acceptance", _("接单"), primary=True),
        Step("ask_info", "info_asked", (S.SUBMITTED, S.ACCEPTED), INTAKE, S.NEED_INFO, "question", _("请居民补充"),
             (Text("text", _("请居民补充什么"), max_chars=400),)),
        Step("handle", "handled", (S.ACCEPTED, S.SUBMITTED), COMMUNITY, S.COMMUNITY_HANDLING, "handling", _("社区当场办理"),
             primary=True),
        Step("pass_on", "passed_on", (S.ACCEPTED, S.COMMUNITY_HANDLING), INTAKE, S.AWAITING_DISPATCH, "forwarding",
             _("转街道派单"), (_category, Text("note", _("给派单员的话"), required=False, max_chars=400)), primary=True),
        Step("refuse", "refused", UNDISPATCHED, INTAKE, S.NOT_ACCEPTED, "refusal", _("不予受理"),
             (Choice("code", _("原因"), choices=_reasons), Text("text", _("给居民的说明"), max_chars=400))),
        Step("merge", "merged", (*UNDISPATCHED, S.DISPATCHED), INTAKE, S.MERGED, "merging", _("合并到另一单"),
             (NumberField("into", _("合并到哪一单"), help=_("另一单的 8 位编号")),)),
        Step("classify", "classified", (*UNDISPATCHED, S.REOPENED, S.ESCALATED), INTAKE, "", "classification", _("改类别"),
             (Code("category", _("事项类别"), help=_("类别代码，如 010302")),
              Choice("urgency", _("紧急程度"), choices=_choices(Urgency), required=False),
              Choice("klass", _("时限类别"), choices=_choices(Klass), required=False))),
        # The street's desk
        Step("dispatch", "dispatched", (S.AWAITING_DISPATCH, S.REOPENED, S.ESCALATED), DESK, S.DISPATCHED, "dispatching",
             _("派单"),
             (UnitField("lead", _("主办单位"), help=_("单位代码")),
              UnitsField("supports", _("协办单位"), help=_("单位代码，用逗号分开"), required=False),
              _category,
              Text("note", _("派单意见"), required=False, max_chars=400)), primary=True),
        Step("send_back", "sent_back", (S.AWAITING_DISPATCH,), DESK, S.ACCEPTED, "return", _("退回社区"), (_reason,)),
        Step("escalate", "escalated",
             (S.AWAITING_DISPATCH, S.REOPENED, S.DISPATCHED, S.SIGNED, S.IN_PROGRESS, S.SUSPENDED),
             AnyOf((DESK, SUPERVISOR)), S.ESCALATED, "escalation", _("提级到上级"), (_reason,)),
        # The unit that handles
        Step("sign", "signed", (S.DISPATCHED,), LEAD, S.SIGNED, "signing", _("签收"), primary=True),
        Step("dispute", "disputed", (S.DISPATCHED,), LEAD, S.DISPUTED, "dispute", _("不属于我单位"),
             (Text("reason", _("为什么不属于本单位职责"), help=_("请引用职责清单条目"), max_chars=400),
              UnitField("proper", _("应由谁办"), required=False)), when=(NOT_RULED,)),
        Step("rule", "ruled", (S.DISPUTED,), DESK_SUPERVISOR, S.DISPATCHED, "ruling", _("裁定"),
             (UnitField("lead", _("裁定由谁主办"), help=_("单位代码；裁定后不得再退")), _reason),
             never=("dispatched_by",), primary=True),
        Step("start", "started", (S.SIGNED,), LEAD, S.IN_PROGRESS, "start", _("开始办理"), primary=True),
        Step("contact", "contacted", (S.ACCEPTED, S.SUSPENDED, *WORKING), AnyOf((LEAD, COMMUNITY)), "", "contact",
             _("记录已联系居民"),
             (Choice("way", _("联系方式"), choices=(("phone", _("电话")), ("visit", _("上门")), ("message", _("留言")),
                                                ("no_answer", _("联系不上")))),
              Text("note", _("说了什么"), required=False, max_chars=400))),
        Step("join", "joined", (S.SIGNED, S.IN_PROGRESS), AnyOf((LEAD, DESK)), "", "support", _("请单位协办"),
             (UnitField("unit", _("协办单位"), help=_("单位代码")), Text("note", _("请它做什么"), max_chars=400))),
        Step("extend", "extended", (S.SIGNED, S.IN_PROGRESS), LEAD, "", "extension", _("申请延期"),
             (Whole("days", _("延几个工作日"), least=1, most=60),
              Text("reason", _("延期理由（居民会看到）"), max_chars=400)), when=(EXTENSION_LEFT,)),
        Step("suspend", "suspended", (S.IN_PROGRESS, S.SIGNED), AnyOf((DESK, SUPERVISOR)), S.SUSPENDED, "suspension",
             _("挂账"),
             (Day("until", _("下次查看日期")), Text("reason", _("为什么暂时办不了（居民会看到）"), max_chars=400)),
             never=("signed_by",)),
        Step("resume", "resumed", (S.SUSPENDED,), AnyOf((LEAD, DESK, SUPERVISOR, Clock())), S.IN_PROGRESS, "resumption",
             _("恢复办理"), primary=True),
        Step("reply", "replied", WORKING, LEAD, S.REPLIED, "reply", _("答复居民"),
             (Text("text", _("办理结果"), help=_("写给居民看：做了什么、结果怎样")),
              Flag("contacted", _("已联系过居民"))), when=(SUPPORTS_DONE,), primary=True),
        # Checking, never by the handler
        Step("check", "checked", (S.REPLIED,), CHECKER, S.AWAITING_RATING, "check", _("核查通过"),
             (Text("note", _("核查说明"), required=False, max_chars=400),), never=ANSWERED, primary=True),
        Step("return_reply", "reply_returned", (S.REPLIED,), CHECKER, S.IN_PROGRESS, "reply-return", _("退回重办"), (_reason,),
             never=ANSWERED),
        Step("call_back", "called_back", (S.AWAITING_RATING,), CHECKER, S.CLOSED, "call-back", _("记录电话回访"), _answers,
             never=ANSWERED),
        # The resident
        Step("give_info", "info_given", (S.NEED_INFO,), FOR_RESIDENT, S.SUBMITTED, "information", _("补充情况"),
             (Text("text", _("补充的情况"), max_chars=2000),), primary=True),
        Step("add_facts", "facts_added", BEFORE_REPLY, FOR_RESIDENT, "", "fact", _("添加新情况"),
             (Text("text", _("新情况"), max_chars=2000),)),
        Step("write", "written", WRITABLE, AnyOf((RESIDENT, LEAD, COMMUNITY)), "", "message", _("留言"),
             (Text("text", _("留言"), max_chars=1000),)),
        Step("rate", "rated", (S.AWAITING_RATING,), RESIDENT, S.CLOSED, "rating", _("评价"), _answers, primary=True),
        Step("reopen", "reopened", (S.AWAITING_RATING, S.CLOSED), RESIDENT, S.REOPENED, "reopening", _("没解决，请重新办理"),
             (Text("reason", _("哪里没解决"), max_chars=400),), when=(REOPEN_WINDOW,)),
        Step("recall", "recalled", (S.AWAITING_RATING,), CHECKER, S.REOPENED, never=ANSWERED),
        Step("withdraw", "withdrawn", BEFORE_REPLY, RESIDENT, S.WITHDRAWN, "withdrawal", _("撤回"),
             (Text("reason", _("为什么撤回"), required=False, max_chars=400),)),
        Step("urge", "urged", BEFORE_REPLY, RESIDENT, "", "urging", _("催办"), when=(OVERDUE, ONCE_A_DAY)),
        # Supervision
        Step("press", "pressed", BEFORE_REPLY, SUPERVISOR, "", "supervision", _("督办"),
             (Text("text", _("督办意见"), max_chars=400),)),
        Step("show", "photographed", (*WRITABLE, S.SUBMITTED), AnyOf((RESIDENT, LEAD, COMMUNITY)), "", "photo", _("添加照片"),
             (Code("photo", _("照片编号"), max_chars=40),)),
        # The public board: the author's own wish needs no reason, the staff's is told to the author
        Step("unpublish", "unpublished", tuple(S), RESIDENT, "", "unpublishing", _("不再公开"), when=(ON_BOARD,)),
        Step("hide", "hidden", tuple(S), AnyOf((COMMUNITY, DESK, CHECKER, SUPERVISOR)), "", "hiding", _("撤下公开内容"),
             (Text("reason", _("为什么撤下（居民会看到）"), max_chars=400),), when=(ON_BOARD,)),
        # Time, and other systems
        Step("climb", "supervised", (*BEFORE_REPLY, S.REPLIED), Clock()),
        Step("support_answer", "support_answered", BEFORE_REPLY, Follows()),
        Step("info_lapse", "info_lapsed", (S.NEED_INFO,), Clock(), S.NOT_ACCEPTED),
        Step("lapse", "lapsed", (S.AWAITING_RATING,), Clock(), S.CLOSED),
        Step("redate", "redated", OPEN, Clock()),
        Step("erase", "erased", ENDS, AnyOf((Clock(), RESIDENT)), when=(REOPEN_OVER,)),
        Step("unload", "unloaded", (S.SUBMITTED, S.CLOSED), Importer(), S.WITHDRAWN),
    ),
)  # fmt: skip


SUPPORT = Flow(
    name="orders.support",
    states=("asked", "answered", "released"),
    births=(("asked", "asked"),),
    ends=("answered", "released"),
    labels={"asked": _("待协办"), "answered": _("已反馈"), "released": _("不再需要")},
    folded=("unit_id", "round", "due_at", "tick_at", "rule_id", "answered_by_id", "answered_at", "order_seq"),
    steps=(
        Step("answer", "answered", ("asked",), AnyOf((Role("handler"), COMMUNITY)), "answered", "answer", _("协办反馈"),
             (Text("text", _("协办结果"), max_chars=2000),), primary=True),
        Step("release", "released", ("asked",), Follows(), "released"),
    ),
)  # fmt: skip


REVEAL = Flow(
    name="orders.reveal",
    states=("requested", "approved", "declined"),
    births=(("requested", "requested"),),
    ends=("approved", "declined"),
    labels={"requested": _("待第二人同意"), "approved": _("已同意"), "declined": _("未同意")},
    folded=("unit_id", "requested_by_id", "requested_at", "decided_by_id", "decided_at", "open_until"),
    steps=(
        Step("approve", "approved", ("requested",), SUPERVISOR, "approved", "approval", _("同意查看身份"),
             never=("requested_by",), primary=True),
        Step("decline", "declined", ("requested",), SUPERVISOR, "declined", "declining", _("不同意"),
             never=("requested_by",)),
    ),
)  # fmt: skip
