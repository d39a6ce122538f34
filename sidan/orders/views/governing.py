"""The operator's errands: a small form, a preview of what was and what will be, a confirmation that takes effect once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sidan.kernel.base.errors import Invalid, NotNow
from sidan.kernel.flow import fields
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands.governing import Changed
from sidan.orders.queries import governing
from sidan.orders.queries.governing_tables import TABLES
from sidan.orders.views.desk_door import new_token, once
from sidan.web import unsent
from sidan.web.act import act_of
from sidan.web.pages import errors_of, go, page

HOME = "/govern/"
SOURCE = fields.Line(
    "source", gettext_lazy("依据"), gettext_lazy("文件名称和文号，例如：忠府办〔2026〕12号"), max_chars=300
)
Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Shown:
    """A preview.

    Args:
        before, after: labels and words, side by side.
        seen: what the confirmation must still find.
        touched: which open work it meets.
        ties: what must be done first; nothing can be confirmed while there are any.
        lists: further headings with their lines.
        ended: what holds no more.
    """

    seen: str = ""
    before: Facts = field(default_factory=list)
    after: Facts = field(default_factory=list)
    touched: Sequence[str] = ()
    warnings: Sequence[str] = ()
    ties: Sequence[str] = ()
    lists: Sequence[tuple[str, Sequence[str]]] = ()
    ended: Facts = field(default_factory=list)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What differs: label, what was, what will be."""
        was, will = dict(self.before), dict(self.after)
        labels = [*was, *(label for label in will if label not in was)]
        return [
            (label, was.get(label, ""), will.get(label, ""))
            for label in labels
            if was.get(label, "") != will.get(label, "")
        ]

    @property
    def same(self) -> Facts:
        """What stays as it is."""
        will = dict(self.after)
        return [(label, words) for label, words in self.before if words and will.get(label) == words]


@dataclass(frozen=True)
class Errand:
    """One change from its form to its effect.

    Args:
        look: plans without writing.
        do: carries out what was previewed; gets the preview's `seen`.
        then: where to lead on, and what to say; may do what comes after the transaction.
        fixed: what stays as it is, shown above the form.
        choices: narrower choices than a field's own, by its name.
    """

    heading: str
    back: str
    look: Callable[[dict[str, Any]], Shown]
    do: Callable[[dict[str, Any], str], Any]
    then: Callable[[], tuple[str, str]]
    asked: tuple[fields.Field, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    fixed: Facts = field(default_factory=list)
    lead: str = ""
    danger: bool = False
    choices: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[dict[str, Any]] = ()


def operator(request: HttpRequest) -> Act:
    """The act of an operator; everybody else is refused.

    Raises:
        NotSignedIn, NotAllowed.
    """
    act = act_of(request)
    governing.need(act)
    return act


def nav(request: HttpRequest) -> list[dict[str, Any]]:
    """The side navigation of the operator's pages. From memory."""
    year = org.local_date(None).year
    places: list[tuple[str, Any]] = [
        ("/desk/", _("我的工作台")), (HOME, _("总览")), (f"{HOME}units/", _("单位与席位")), (f"{HOME}people/", _("人员")),
        *((f"{HOME}{table.name}/", table.label) for table in TABLES.values()),
        (f"{HOME}calendar/{year}/", _("工作日历")), (f"{HOME}messages/", _("消息发送")),
    ]  # fmt: skip
    here = request.path.replace(f"{HOME}seats/", f"{HOME}units/")
    best = max((href for href, _label in places if here.startswith(_stem(href))), key=len, default="")
    return [{"href": href, "label": label, "current": href == best, "count": None} for href, label in places]


def _stem(href: str) -> str:
    return f"{HOME}calendar/" if href.startswith(f"{HOME}calendar/") else href


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page of the operator's."""
    return page(request, f"orders/governing/{template}.html", status=status, desks=nav(request), **context)


def dated(act: Act, label: Any = None, help: Any = "") -> tuple[fields.Field, ...]:
    """The two questions of every change: from when, and by what."""
    from_when = fields.Day(
        "valid_from", label or gettext_lazy("从哪天起生效"), help or gettext_lazy("默认明天，可以是今天，不能更早")
    )
    return (from_when, SOURCE)


def tomorrow(act: Act) -> str:
    """The day that a change holds from, unless said otherwise."""
    return (org.local_date(act.at) + timedelta(days=1)).isoformat()


def run(request: HttpRequest, act: Act, errand: Errand) -> HttpResponse:
    """Lead through form, preview and confirmation. A refused value shows the form again (422); what somebody else changed
    meanwhile shows the preview again as it stands now (409).
    """
    if request.method != "POST":
        return (
            _form(request, errand, unsent.of_form(request, request.path) or dict(errand.values))
            if errand.asked
            else _preview(request, errand, errand.look({}), {})
        )
    raw = posted(request, errand.asked)
    step = request.POST.get("step", "")
    if step == "edit":
        return _form(request, errand, raw)
    try:
        cleaned = fields.clean(errand.asked, raw)
        if step == "confirm":
            return _confirm(request, act, errand, cleaned, raw)
        return _preview(request, errand, errand.look(cleaned), raw)
    except Invalid as wrong:
        if not errand.asked:
            raise
        return _form(request, errand, raw, wrong)


def _confirm(
    request: HttpRequest, act: Act, errand: Errand, cleaned: dict[str, Any], raw: dict[str, Any]
) -> HttpResponse:
    try:
        done = once(request, act, lambda: errand.do(cleaned, request.POST.get("seen", "")))
    except Changed:
        said = _("刚才有别人改过这一项。下面是现在的情况，请重新核对后再确认。")
        return _preview(request, errand, errand.look(cleaned), raw, status=409, said=said)
    except NotNow as refusal:
        shown = errand.look(cleaned)
        if not shown.ties:
            raise
        return _preview(request, errand, shown, raw, status=409, said=str(refusal))
    if not done:
        return go(request, errand.back, _("已经办过了，没有重复办理。"))
    href, message = errand.then()
    return go(request, href, message)


def posted(request: HttpRequest, asked: Sequence[fields.Field]) -> dict[str, Any]:
    """What was written into a form."""
    raw: dict[str, Any] = {}
    for one in asked:
        many = one.kind == "units" or getattr(one, "multiple", False)
        raw[one.name] = request.POST.getlist(one.name) if many else request.POST.get(one.name, "")
    return raw


def _form(
    request: HttpRequest, errand: Errand, values: Mapping[str, Any], wrong: Invalid | None = None
) -> HttpResponse:
    return show(
        request, "form", status=422 if wrong else 200, errand=errand, heading=errand.heading, values=values,
        errors=errors_of(wrong),
    )  # fmt: skip


def _preview(
    request: HttpRequest, errand: Errand, shown: Shown, raw: dict[str, Any], *, status: int = 200, said: str = ""
) -> HttpResponse:
    hidden = [(name, one) for name, value in raw.items() for one in (value if isinstance(value, list) else [value])]
    return show(
        request, "preview", status=status, errand=errand, heading=errand.heading, shown=shown, hidden=hidden, said=said,
        form_token=new_token(),
    )  # fmt: skip


def number_of(request: HttpRequest) -> int:
    """The page of a list; anything odd is the first."""
    raw = request.GET.get("page", "1")
    return min(int(raw), 10_000) if raw.isascii() and raw.isdigit() and 0 < len(raw) < 6 and int(raw) else 1


def search_of(request: HttpRequest) -> str:
    """What was typed into the search box."""
    return request.GET.get("q", "").strip().replace("\x00", "")[:60]


def pager(request: HttpRequest, found: governing.Page) -> dict[str, Any]:
    """The links of a list."""
    query = request.GET.copy()

    def href(number: int) -> str:
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    return {
        "next_href": href(found.number + 1) if found.more else "",
        "first_href": href(1) if found.number > 1 else "",
        "shown": len(found.rows),
    }
