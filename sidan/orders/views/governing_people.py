"""Staff from a file: upload, preview, confirm; then the links with which they come in, and the way back within a day."""

import csv
import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sidan.kernel.base import doors
from sidan.kernel.base.errors import NotAllowed
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Seat
from sidan.orders.commands import governing_hiring as hiring
from sidan.orders.commands import governing_people as people
from sidan.orders.commands.governing_files import Wish, safe
from sidan.orders.views.desk_door import new_token
from sidan.orders.views.governing import HOME, Errand, Shown, dated, operator, run, show
from sidan.orders.views.governing_files import Kind, carry
from sidan.web.pages import go

SHEETS_PER_HOUR = 10


@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Who sits where as a csv file that can be imported again; without telephones."""
    act = operator(request)
    return _csv(people.export(act), f"sidan-people-{org.local_date(act.at)}.csv")


def _csv(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest) -> HttpResponse:
    """Upload, preview, confirm: all rows or none."""
    act = operator(request)

    def plan(wish: Wish) -> people.People:
        return people.plan(wish, act)

    def do(wish: Wish, seen: str, file: str) -> tuple[str, str]:
        number = hiring.carry_out(lambda: plan(wish), seen, file, act)
        return f"{HOME}people/imports/{number}/", _("已导入。24 小时内可以整批撤回。")

    asked = dated(act, gettext_lazy("从哪天起任职"), gettext_lazy("文件里没有写开始日期（from）的行，从这天起"))
    lead = _(
        "一行一个席位：账号、姓名、单位代码、岗位、从哪天、到哪天、代理谁（写账号）、手机号。没有的账号会新建；"
        "手机号可以不填，只用来发设置密码的链接和提醒，加密保存。"
    )
    kind = Kind(
        "people", _("人员和席位"), people.COLUMNS, asked, org.local_date(act.at).isoformat(), plan, do,
        lambda batch: [(_("新增席位"), len(batch.plans)), (_("新增人员"), batch.new)], _line, lead,
    )  # fmt: skip
    return carry(request, act, kind)


def _line(row: people.SeatRow) -> dict[str, Any]:
    """A row of the preview."""
    said = [
        (_("单位"), "", row.unit.name), (_("岗位"), "", str(Seat.Role(row.role).label)),
        *([(_("到哪天为止（不含）"), "", row.to_date.isoformat())] if row.to_date else []),
        *([(_("代理谁"), "", row.deputy_for)] if row.deputy_for else []),
        *([(_("账号"), "", _("新建"))] if row.new else []),
    ]  # fmt: skip
    return {"what": row.what, "title": f"{row.name} {row.handle}", "day": row.from_date, "changed": said}


@require_GET
def imported(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: what it made, the links, the way back."""
    act = operator(request)
    made = hiring.brought(pk)
    return show(
        request, "people_import", heading=made.file, made=made, by=org.names([made.entry.by_id]).get(made.entry.by_id, ""),
        open=made.open(act), mine=_mine(made, act), waiting=len(hiring.waiting(made, act)), form_token=new_token(),
    )  # fmt: skip


def _mine(made: hiring.Import, act: Act) -> bool:
    try:
        hiring.refuse_foreign(made, act)
    except NotAllowed:
        return False
    return True


@require_POST
def links(request: HttpRequest, pk: int) -> HttpResponse:
    """The links of everybody who has no password yet: as a page to print or a file, shown once, or sent to their telephones."""
    act = operator(request)
    doors.throttle(f"govern:links:{act.by.pk}", SHEETS_PER_HOUR, 3600, act.at)
    back, how = f"{HOME}people/imports/{pk}/", request.POST.get("how")
    if how == "sent":
        n = hiring.send_doors(pk, act)
        return go(request, back, _("链接已排队发给 %(n)d 人，一小时内有效。") % {"n": n})
    sheet = hiring.open_doors(pk, act)
    if how == "csv":
        out = io.StringIO(newline="")
        made = csv.writer(out, lineterminator="\r\n")
        out.write("\ufeff")
        made.writerow(["handle", "name", "unit", "link"])
        made.writerows([safe(one.handle), safe(one.name), safe(one.unit), safe(one.link)] for one in sheet)
        response = _csv(out.getvalue(), f"sidan-links-{pk}.csv")
    else:
        response = show(request, "people_links", heading=_("第一次登录的链接"), doors=sheet, back=back)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an import back: its seats end, and the logins that nobody has used are shut."""
    act = operator(request)
    made = hiring.brought(pk)
    hiring.refuse_foreign(made, act)
    back = f"{HOME}people/imports/{pk}/"

    def look(_given: dict[str, Any]) -> Shown:
        shut = len(hiring.unseen(made))
        kept = len(made.persons) - shut
        return Shown(
            warnings=(
                _("%(n)d 个席位今天就结束；办过的事留在日志里，没办完的单子由同岗位的人继续办。") % {"n": len(made.seats)},
                _("%(n)d 个没有登录过的新账号停用，手机号删除；链接随即失效。") % {"n": shut},
                *([_("登录过的 %(n)d 人账号保留，没有席位就办不了事。") % {"n": kept}] if kept else []),
            )
        )  # fmt: skip

    errand = Errand(
        _("撤回导入：%(file)s") % {"file": made.file}, back, look, lambda _given, _seen: hiring.take_back(pk, act),
        lambda: (back, _("已撤回。")), danger=True,
    )  # fmt: skip
    return run(request, act, errand)
