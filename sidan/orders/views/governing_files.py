"""Whole tables in and out: upload, preview with row errors, confirm; download as csv."""

from datetime import date
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from sidan.kernel.base.errors import Invalid
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import governing_files as commands
from sidan.orders.commands.governing import Changed
from sidan.orders.queries import governing
from sidan.orders.queries import governing_units as units
from sidan.orders.queries.governing import Plan
from sidan.orders.queries.governing_tables import Table
from sidan.orders.views.desk_door import new_token, once
from sidan.orders.views.governing import HOME, SOURCE, dated, operator, show, tomorrow
from sidan.web.pages import errors_of, go

_AGE_SECONDS = 3600  # how long a preview can be confirmed
_SHOWN = 200
_COMPLETE = fields.Flag("complete", gettext_lazy("这份文件是完整的：文件里没有的条目一起停用"))


def _table(name: str) -> Table | None:
    return None if name == "units" else governing.table(name)


@require_GET
def export(request: HttpRequest, name: str) -> HttpResponse:
    """The table as a csv file that can be imported again."""
    act = operator(request)
    response = HttpResponse(commands.export(_table(name), act), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sidan-{name}-{org.local_date(act.at)}.csv"'
    return response


@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest, name: str) -> HttpResponse:
    """Upload, preview, confirm: all rows or none."""
    act, of = operator(request), _table(name)
    if request.method != "POST":
        return _form(request, name, of, act, {"valid_from": tomorrow(act)})
    raw = {name: request.POST.get(name, "") for name in ("valid_from", "source", "complete")}
    try:
        if request.POST.get("step") == "confirm":
            return _confirm(request, name, of, act)
        given = fields.clean((*dated(act), _COMPLETE), raw)
        upload = request.FILES.get("file")
        if upload is None or not upload.name:
            raise Invalid(fields={"file": _("请选一个文件。")})
        rows, broken = commands.read(upload.read(commands.BYTES_MAX + 1))
        wish = commands.Wish(rows, given["valid_from"], given["source"], given["complete"])
        return _preview(request, name, of, act, wish, upload.name[:120], broken)
    except Invalid as wrong:
        return _form(request, name, of, act, raw, wrong)


def _confirm(request: HttpRequest, name: str, of: Table | None, act: Act) -> HttpResponse:
    wish, file = _opened(request.POST.get("file_rows", ""), name, act)
    told: list[commands.Batch] = []

    def do() -> None:
        told.append(commands.carry_out(lambda: commands.plan(of, wish, act), request.POST.get("seen", ""), file, act))

    try:
        done = once(request, act, do)
    except Changed:
        said = _("刚才有别人改过这张表。下面是现在的情况，请重新核对后再确认。")
        return _preview(request, name, of, act, wish, file, [], status=409, said=said)
    message = _("已导入 %(n)d 条改动。") % {"n": len(told[0].plans)} if done else _("已经导入过了，没有重复导入。")
    return go(request, f"{HOME}{name}/", message)


def _form(
    request: HttpRequest, name: str, of: Table | None, act: Act, values: dict[str, Any], wrong: Invalid | None = None
) -> HttpResponse:
    columns = commands.UNIT_COLUMNS if of is None else [*(one.title for one in of.columns), *commands.DAYS]
    return show(
        request, "import", status=422 if wrong else 200, heading=_("导入：%(table)s") % {"table": _label(of)}, name=name,
        fields=(*dated(act), *(() if of is None else (_COMPLETE,))), values=values, errors=errors_of(wrong),
        columns=columns, back=f"{HOME}{name}/", source=SOURCE,
    )  # fmt: skip


def _preview(
    request: HttpRequest, name: str, of: Table | None, act: Act, wish: commands.Wish, file: str,
    broken: list[tuple[int, str]], *, status: int = 200, said: str = "",
) -> HttpResponse:  # fmt: skip
    batch = commands.plan(of, wish, act)
    errors = [*broken, *batch.errors]
    counts = [
        (_("新增"), batch.count("added")), (_("修改"), batch.count("changed")), (_("停用"), batch.count("withdrawn")),
        (_("不变"), batch.same), (_("错误"), len(errors)),
    ]  # fmt: skip
    return show(
        request, "import_preview", status=422 if errors else status, heading=_("核对导入：%(table)s") % {"table": _label(of)},
        name=name, file=file, counts=counts, errors=sorted(errors)[:_SHOWN], rows=[_line(plan) for plan in batch.plans[:_SHOWN]],
        more=max(0, len(batch.plans) - _SHOWN), said=said, seen=batch.seen, form_token=new_token(), back=f"{HOME}{name}/import/",
        ready=bool(batch.plans) and not errors, file_rows=_sealed(wish, file, name, act) if not errors else "",
    )  # fmt: skip


def _line(plan: commands.AnyPlan) -> dict[str, Any]:
    """One change in a file's preview: what differs, with its old and new words."""
    facts = plan.table.facts if isinstance(plan, Plan) else units.facts
    was, will = dict(facts(plan.before)) if plan.before else {}, dict(facts(plan.after)) if plan.after else {}
    changed = [(label, was.get(label, ""), words) for label, words in will.items() if was.get(label, "") != words]
    if isinstance(plan, Plan) and plan.before and plan.after and plan.before_source != plan.source:
        changed.append((_("依据"), plan.before_source, plan.source))
    title = plan.title if isinstance(plan, Plan) else f"{plan.code} {(plan.after or plan.before or {}).get('name', '')}"
    return {"what": plan.what, "title": title, "day": plan.day, "changed": changed}


def _label(of: Table | None) -> str:
    return str(of.label) if of is not None else _("单位")


def _sealed(wish: commands.Wish, file: str, name: str, act: Act) -> str:
    """The rows as the confirmation brings them back: signed, so that what is done is what was shown."""
    said = {
        "rows": wish.rows,
        "day": wish.day.isoformat(),
        "source": wish.source,
        "complete": wish.complete,
        "file": file,
    }
    return signing.dumps(said, salt=f"sidan.govern.{name}.{act.by.pk}", compress=True)


def _opened(sealed: str, name: str, act: Act) -> tuple[commands.Wish, str]:
    try:
        said = signing.loads(sealed, salt=f"sidan.govern.{name}.{act.by.pk}", max_age=_AGE_SECONDS)
    except signing.BadSignature as error:
        raise Invalid(fields={"file": _("核对页已经过期，请重新选文件。")}) from error
    rows = [(int(line), dict(raw)) for line, raw in said["rows"]]
    return commands.Wish(rows, date.fromisoformat(said["day"]), said["source"], said["complete"]), said["file"]
