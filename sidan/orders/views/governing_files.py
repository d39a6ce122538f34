"""Whole tables in and out: upload, preview with row errors, confirm; download as csv."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Kind:
    """A kind of file that can be brought.

    Args:
        plan: what the rows would do; writes nothing.
        do: carries out what was previewed, gets the preview's `seen` and the file's name; where to lead on and what to say.
        counts: labels and figures of the preview, the errors last.
        line: a planned change in the preview.
    """

    name: str
    label: str
    columns: Sequence[str]
    asked: tuple[fields.Field, ...]
    day: str
    plan: Callable[[commands.Wish], Any]
    do: Callable[[commands.Wish, str, str], tuple[str, str]]
    counts: Callable[[Any], list[tuple[str, int]]]
    line: Callable[[Any], dict[str, Any]]
    lead: str = ""

    @property
    def href(self) -> str:
        return f"{HOME}{self.name}/"


@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest, name: str) -> HttpResponse:
    """Upload, preview, confirm: all rows or none."""
    act, of = operator(request), _table(name)

    def plan(wish: commands.Wish) -> commands.Batch:
        return commands.plan(of, wish, act)

    def do(wish: commands.Wish, seen: str, file: str) -> tuple[str, str]:
        done = commands.carry_out(lambda: plan(wish), seen, file, act)
        return f"{HOME}{name}/", _("已导入 %(n)d 条改动。") % {"n": len(done.plans)}

    return carry(
        request, act,
        Kind(
            name, str(of.label) if of is not None else _("单位"),
            commands.UNIT_COLUMNS if of is None else [*(one.title for one in of.columns), *commands.DAYS],
            (*dated(act), *(() if of is None else (_COMPLETE,))), tomorrow(act), plan, do, _counts, _line,
        ),
    )  # fmt: skip


def carry(request: HttpRequest, act: Act, kind: Kind) -> HttpResponse:
    """Lead a file through upload, preview and confirmation."""
    if request.method != "POST":
        return _form(request, kind, {"valid_from": kind.day})
    raw = {name: request.POST.get(name, "") for name in ("valid_from", "source", "complete")}
    try:
        if request.POST.get("step") == "confirm":
            return _confirm(request, act, kind)
        given = fields.clean(kind.asked, raw)
        upload = request.FILES.get("file")
        if upload is None or not upload.name:
            raise Invalid(fields={"file": _("请选一个文件。")})
        rows, broken = commands.read(upload.read(commands.BYTES_MAX + 1))
        wish = commands.Wish(rows, given["valid_from"], given["source"], given.get("complete", False))
        return _preview(request, act, kind, wish, upload.name[:120], broken)
    except Invalid as wrong:
        return _form(request, kind, raw, wrong)


def _confirm(request: HttpRequest, act: Act, kind: Kind) -> HttpResponse:
    wish, file = _opened(request.POST.get("file_rows", ""), kind.name, act)
    told: list[tuple[str, str]] = []
    try:
        once(request, act, lambda: told.append(kind.do(wish, request.POST.get("seen", ""), file)))
    except Changed:
        said = _("刚才有别人改过这张表。下面是现在的情况，请重新核对后再确认。")
        return _preview(request, act, kind, wish, file, [], status=409, said=said)
    href, message = told[0] if told else (kind.href, _("已经导入过了，没有重复导入。"))
    return go(request, href, message)


def _form(request: HttpRequest, kind: Kind, values: dict[str, Any], wrong: Invalid | None = None) -> HttpResponse:
    return show(
        request, "import", status=422 if wrong else 200, heading=_("导入：%(table)s") % {"table": kind.label}, name=kind.name,
        fields=kind.asked, values=values, errors=errors_of(wrong), columns=kind.columns, back=kind.href, source=SOURCE, lead=kind.lead,
    )  # fmt: skip


def _preview(
    request: HttpRequest, act: Act, kind: Kind, wish: commands.Wish, file: str, broken: list[tuple[int, str]], *,
    status: int = 200, said: str = "",
) -> HttpResponse:  # fmt: skip
    batch = kind.plan(wish)
    errors = [*broken, *batch.errors]
    return show(
        request, "import_preview", status=422 if errors else status, heading=_("核对导入：%(table)s") % {"table": kind.label},
        name=kind.name, file=file, counts=[*kind.counts(batch), (_("不变"), batch.same), (_("错误"), len(errors))],
        errors=sorted(errors)[:_SHOWN], wrong_more=max(0, len(errors) - _SHOWN), rows=[kind.line(plan) for plan in batch.plans[:_SHOWN]],
        more=max(0, len(batch.plans) - _SHOWN), warnings=getattr(batch, "warnings", ()), said=said, seen=batch.seen,
        form_token=new_token(), back=f"{kind.href}import/", ready=bool(batch.plans) and not errors,
        file_rows=_sealed(wish, file, kind.name, act) if not errors else "",
    )  # fmt: skip


def _counts(batch: commands.Batch) -> list[tuple[str, int]]:
    return [
        (_("新增"), batch.count("added")),
        (_("修改"), batch.count("changed")),
        (_("停用"), batch.count("withdrawn")),
    ]


def _line(plan: commands.AnyPlan) -> dict[str, Any]:
    """One change in a file's preview: what differs, with its old and new words."""
    facts = plan.table.facts if isinstance(plan, Plan) else units.facts
    was, will = dict(facts(plan.before)) if plan.before else {}, dict(facts(plan.after)) if plan.after else {}
    changed = [(label, was.get(label, ""), words) for label, words in will.items() if was.get(label, "") != words]
    if isinstance(plan, Plan) and plan.before and plan.after and plan.before_source != plan.source:
        changed.append((_("依据"), plan.before_source, plan.source))
    title = plan.title if isinstance(plan, Plan) else f"{plan.code} {(plan.after or plan.before or {}).get('name', '')}"
    return {"what": plan.what, "title": title, "day": plan.day, "changed": changed}


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
