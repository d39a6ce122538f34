"""The pattern page: every component of the house in both densities and all sizes, drawn by the very templates that pages use."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from sidan.kernel.base.errors import NotAllowed
from sidan.kernel.org.models import Person
from sidan.web.act import act_of
from sidan.web.context import SIZES
from sidan.web.pages import Ask, Words, page

DENSITIES = ("comfort", "desk")
COLOURS = (
    "page", "surface", "surface-2", "line", "control", "ink", "ink-2", "muted", "brand", "brand-strong", "brand-tint",
    "ok", "ok-tint", "warn", "warn-tint", "danger", "danger-tint", "visited", "focus",
)  # fmt: skip
SIZE_NAMES = {"normal": _("标准"), "big": _("大字"), "huge": _("特大字")}
DENSITY_NAMES = {"comfort": _("疏朗"), "desk": _("紧凑")}
STAGES = ((_("居民"), _("点单")), (_("社区"), _("接单")), (_("街道"), _("派单")), (_("居民"), _("评单")))
_WORDS = (
    _("小区环境"),
    _("供水供电"),
    _("道路出行"),
    _("消防安全"),
    _("噪声扰民"),
    _("养老服务"),
    _("物业服务"),
    _("其他"),
)
_CHOICES = tuple((str(at), name) for at, name in enumerate(_WORDS))


@dataclass(frozen=True)
class Move:
    """A step as the orders' pages offer it."""

    noun: str
    label: Words
    href: str
    fields: tuple[Ask, ...] = ()
    tone: str = ""
    help: Words = ""


def _asks() -> tuple[Ask, ...]:
    """One question of each shape."""
    helped = (("yes", _("解决了"), _("事情办好了")), ("no", _("没解决"), _("请再来一次")))
    return (
        Ask("text", _("一段话"), kind="longtext", max_chars=40, help=_("一句话也可以。")),
        Ask("phone", _("手机号"), kind="phone", help=_("有进展发短信，不作他用。")),
        Ask("code", _("验证码"), kind="code", required=False),
        Ask("day", _("日期"), kind="day"),
        Ask("whole", _("天数"), kind="whole"),
        Ask("few", _("几选一"), kind="choice", choices=helped),
        Ask("many", _("很多里选一"), kind="choice", choices=_CHOICES),
        Ask("several", _("可以多选"), kind="choice", choices=_CHOICES[:3], multiple=True, required=False),
        Ask("flag", _("我同意公开这一单"), kind="flag", help=_("姓名和电话不会公开。")),
        Ask("photos", _("照片"), kind="photos", required=False, help=_("最多三张，不传也可以。")),
        Ask("password", _("密码"), kind="password"),
    )


def _moves(here: str) -> tuple[Move, ...]:
    reason = Ask("reason", _("理由"), kind="longtext", max_chars=400)
    return (
        Move("sample-do", _("接单"), here, tone="primary", help=_("一按就办的一步。")),
        Move("sample-ask", _("要说明的一步"), here, (reason,)),
        Move("sample-stop", _("退回"), here, (reason,), tone="danger"),
    )


def _clocks(now: datetime) -> list[dict[str, Any]]:
    """Arguments of the tag `due`: far, near, soon, over, kept, missed, standing still."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    clocks: tuple[tuple[datetime, datetime | None, bool], ...] = (
        (now + 30 * day, None, False),
        (now + 3 * day + hour, None, False),
        (now + 5 * hour, None, False),
        (now - 2 * hour, None, False),
        (now, now - hour, False),
        (now - 3 * day, now, False),
        (now + day, None, True),
    )
    return [{"at": at, "ended_at": ended_at, "paused": paused} for at, ended_at, paused in clocks]


def _entries(now: datetime) -> list[dict[str, Any]]:
    hour = timedelta(hours=1)
    said = _("楼道的灯坏了三天，晚上看不见路。")
    return [
        {"at": now - 30 * hour, "title": _("居民点单"), "tone": "info", "text": said},
        {"at": now - 29 * hour, "title": _("社区接单"), "who": _("社区工作人员"), "tone": "ok"},
        {"at": now - 5 * hour, "title": _("超期提醒"), "tone": "warn", "facts": [(_("理由"), _("等灯具到货"))]},
        {"at": now, "title": _("正在办理"), "tone": "now"},
    ]


@cache
def icons() -> list[str]:
    """The names of the sprite's drawings."""
    found = finders.find("sidan/icons.svg")
    return re.findall(r'<symbol id="([a-z-]+)"', Path(found).read_text(encoding="utf-8")) if found else []


@require_http_methods(["GET", "POST"])
def patterns(request: HttpRequest) -> HttpResponse:
    """Everything at once; a form sent to it comes back as a refused form looks.

    Raises:
        NotSignedIn, NotAllowed: this page is for staff.
    """
    act = act_of(request)
    if act.by.kind != Person.Kind.STAFF:
        raise NotAllowed
    size, density = request.GET.get("size", ""), request.GET.get("density", "")
    asks, wrong = _asks(), {}
    if request.method == "POST":
        wrong = {"phone": _("手机号应为 11 位，例如 13800001234。"), "few": _("请选一种。")}
    return page(
        request,
        "web/patterns.html",
        status=422 if wrong else 200,
        size=size if size in SIZES else "",
        density=density if density in DENSITIES else "comfort",
        looks=[(one, SIZE_NAMES[one], each, DENSITY_NAMES[each]) for each in DENSITIES for one in SIZES],
        colours=COLOURS,
        icons=icons(),
        stages=[(*words, css) for words, css in zip(STAGES, ("done", "done", "now", ""), strict=True)],
        tones=("info", "ok", "warn", "danger"),
        clocks=_clocks(act.at),
        now=act.at,
        asks=asks,
        errors=wrong,
        values={"phone": "138 0000", "text": str(_WORDS[0])} if wrong else {},
        moves_shown=_moves(request.path),
        entries=_entries(act.at),
        later=timezone.localtime(act.at) + timedelta(days=7),
    )
