"""One's own account: devices that are signed in, the second factor, and what happened lately."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.org import factors, sessions
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Person
from sidan.web import signing, staff_door
from sidan.web.pages import go, page
from sidan.web.refusals import door_for

HERE = "/account/"
View = Callable[..., HttpResponse]

_SAID = {
    "signed_in": gettext_lazy("登录"),
    "revoked": gettext_lazy("让其他设备退出"),
    "factor_added": gettext_lazy("添加了第二重验证"),
    "factor_removed": gettext_lazy("移除了第二重验证"),
    "factors_reset": gettext_lazy("系统管理员清除了第二重验证"),
    "recovery_made": gettext_lazy("生成了新的备用码"),
    "recovery_used": gettext_lazy("用掉一个备用码"),
    "password_set": gettext_lazy("设置了密码"),
    "corrected": gettext_lazy("更正了个人信息"),
}
_HOW = {
    "password": gettext_lazy("密码"), "phone": gettext_lazy("短信验证码"), "totp": gettext_lazy("动态验证码"),
    "passkey": gettext_lazy("通行密钥"), "recovery": gettext_lazy("备用码"),
}  # fmt: skip


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Devices, factors, events. At most eight queries."""
    mine, act = signing.account_or_refuse(request)
    staff = act.by.kind == Person.Kind.STAFF
    key = request.session.session_key
    rows = [{"row": one, "this": one.session_key == key} for one in sessions.of(mine, at=act.at)]
    return page(
        request, "web/account.html", devices=sorted(rows, key=lambda one: not one["this"]), staff=staff,
        factors=factors.of(mine) if staff else [], events=[_told(entry) for entry in signing.entries(mine)],
        codes_left=factors.unused_recovery(mine).count() if staff else 0, handle=mine.handle if staff else "",
        wanted=staff and signing.must_have_second(act.by, act.at), frame="web/staff.html" if staff else "web/base.html",
    )  # fmt: skip


def _told(entry: Any) -> dict[str, Any]:
    how = orjson.loads(entry.data).get("how", "")
    said = str(_SAID.get(entry.kind.rpartition(".")[2], entry.kind))
    by = "、".join(str(_HOW[one]) for one in how.split("+") if one in _HOW)
    return {"at": entry.at, "what": f"{said}（{by}）" if by else said}


def weighty(view: View) -> View:
    """For staff who proved who they are within half an hour; others prove it again and come back."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        mine, act = signing.account_or_refuse(request)
        if act.by.kind != Person.Kind.STAFF:
            raise NotAllowed
        if not signing.is_fresh(request, act.at):
            return go(request, f"{door_for(HERE)}?next={HERE}", _("为了安全，请再登录一次，再做这一步。"))
        return view(request, mine, act, *args, **kwargs)

    return run


@require_http_methods(["GET", "POST"])
@weighty
def factor_new(request: HttpRequest, mine: Account, act: Act) -> HttpResponse:
    """Another app or passkey."""
    wrong = None
    if request.method == "POST":
        first = not signing.has_second(mine)
        try:
            staff_door.add(request, mine, act)
        except Invalid as refusal:
            wrong = refusal
        else:
            return go(request, f"{HERE}recovery/" if first else HERE, _("已添加。下次登录要用它。"))
    return staff_door.add_page(request, mine, act.at, wrong)


@require_POST
@weighty
def factor_remove(request: HttpRequest, mine: Account, act: Act, pk: int) -> HttpResponse:
    """Take one away; the last one stays where a role asks for it."""
    if len(factors.of(mine)) == 1 and signing.must_have_second(act.by, act.at):
        raise NotAllowed(_("您的岗位必须有第二重验证。请先添加新的，再移除旧的。"), code="second_needed")
    _remove(mine, pk, act)
    return go(request, HERE, _("已移除。"))


@tx.writes
def _remove(mine: Account, pk: int, act: Act) -> None:
    removed = factors.remove(mine, pk)
    if removed is None:
        raise NotFound(_("已经移除了。"))
    signing.note("factor_removed", mine, act, factor=str(removed.kind))


@require_http_methods(["GET", "POST"])
@weighty
def recovery(request: HttpRequest, mine: Account, act: Act) -> HttpResponse:
    """Recovery codes: new ones are shown until they are put away."""
    if request.method == "POST":
        if request.POST.get("do") == "kept":
            staff_door.put_codes_away(request)
            return go(request, HERE)
        if not signing.has_second(mine):
            return go(request, HERE)
        staff_door.show_codes(request, mine, act)
        return go(request, request.path)
    shown = staff_door.codes_to_show(request, act.at)
    return page(request, "web/recovery.html", codes=shown) if shown else go(request, HERE)


@require_POST
def device_end(request: HttpRequest, pk: int) -> HttpResponse:
    """One device out; it may be this one."""
    mine, act = signing.account_or_refuse(request)
    this = mine.sign_ins.filter(pk=pk, session_key=request.session.session_key).exists()
    if this:
        signing.let_out(request)
        return go(request, "/", _("您已退出登录。"))
    ended = signing.end_device(mine, pk, act)
    return go(request, HERE, _("那台设备已退出。") if ended else _("那台设备已经退出了。"))


@require_POST
def devices_end(request: HttpRequest) -> HttpResponse:
    """Every other device out."""
    mine, act = signing.account_or_refuse(request)
    signing.end_others(mine, str(request.session.session_key), act)
    return go(request, HERE, _("其他设备都已退出。"))
