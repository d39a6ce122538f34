"""Placing an order in four short pages: what, where, how to reach you, check. Nothing that was written is lost on the way."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from sidan.kernel.base.errors import Invalid, TooMany
from sidan.kernel.base.text import clean_phone, clean_text
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Via
from sidan.orders.commands import asking
from sidan.orders.flow import publishable
from sidan.orders.queries import board, mine
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_photos as photos
from sidan.orders.views import resident_receipt as receipts
from sidan.orders.views import resident_spots as wheres
from sidan.orders.views import resident_suggest as suggest
from sidan.orders.words import Kind
from sidan.web import signing
from sidan.web.pages import Ask, form_page, go

WHAT, WHERE, MORE, CHECK = "/report/", "/report/where/", "/report/more/", "/report/check/"
PAGE_OF = {
    **dict.fromkeys(("text", "kind"), WHAT),
    **dict.fromkeys(("unit", "place", "category"), WHERE),
    **dict.fromkeys(("name", "phone", "identity", "about", "public", "photos", "for_other", "consent"), MORE),
}


def onward(request: HttpRequest, usual: str) -> str:
    """The next page, or back to the check where somebody came from there to change one thing."""
    return CHECK if request.POST.get("to") == "check" else usual


def draft_of(request: HttpRequest, now: datetime) -> drafts.Draft:
    return drafts.read(request, now) or drafts.Draft()


def show(request: HttpRequest, name: str, draft: drafts.Draft, wrong: dict[str, Any], **context: Any) -> HttpResponse:
    values = context.pop("values", draft.values)
    to = request.POST.get("to") or request.GET.get("to", "")
    return form_page(
        request, f"orders/resident/report_{name}.html", Invalid(fields=wrong) if wrong else None, values,
        draft=draft, to="check" if to == "check" else "", **context,
    )  # fmt: skip


def tried(wrong: dict[str, Any], clean: Any, *args: Any, **kwargs: Any) -> None:
    try:
        clean(*args, **kwargs)
    except Invalid as refusal:
        wrong.update(refusal.details["fields"])


def _what_asks() -> tuple[Ask, ...]:
    kinds = (
        (Kind.HELP.value, Kind.HELP.label, _("请人来修、来办、来管")),
        (Kind.CONSULT.value, Kind.CONSULT.label, _("想问清楚一件事")),
        (Kind.COMPLAINT.value, Kind.COMPLAINT.label, _("对服务或处理不满意")),
        (Kind.REPORT.value, Kind.REPORT.label, _("有人违法违规")),
        (Kind.SUGGESTION.value, Kind.SUGGESTION.label, _("希望怎样改进")),
    )
    return (
        Ask("text", _("您要反映什么事？"), kind="longtext", max_chars=4000,
            help=_("一句话也可以。比如：三栋二单元楼道的灯坏了三天，老人晚上看不见。")),
        Ask("kind", _("这是哪一种？"), kind="choice", choices=kinds),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def what(request: HttpRequest) -> HttpResponse:
    """What it is about. A poster's code fills in the place (`?place=`, `?unit=`)."""
    return _what(request, _prefill(request))


@require_http_methods(["GET", "POST"])
def scanned(request: HttpRequest, code: str) -> HttpResponse:
    """A poster was scanned, or its short address typed: the same page, with the poster's place filled in."""
    day = org.local_date(timezone.now())
    given = wheres.given(code.strip().upper(), day)
    if request.method == "POST":
        given = _prefill(request) or given
    return _what(request, given, unknown=not given)


def _what(request: HttpRequest, given: dict[str, str], *, unknown: bool = False) -> HttpResponse:
    now = timezone.now()
    draft = draft_of(request, now)
    wrong: dict[str, Any] = {}
    values: dict[str, str] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in ("text", "kind")}
        draft.write(**values, **given)
        if given:
            draft.write(poster="yes" if given.get("spot") else "")
        drafts.keep(request, draft, now)
        tried(wrong, clean_text, values["text"])
        if values["kind"] and values["kind"] not in Kind.values:
            wrong["kind"] = _("请选一种。")
        if not wrong:
            skipped = wheres.may_skip(draft, org.local_date(now))
            return go(request, onward(request, MORE if skipped else WHERE))
    shown = {"kind": Kind.HELP.value, **draft.values, **given, **values}
    return show(
        request, "what", draft, wrong, values=shown, asks=_what_asks(), given=given, unknown=unknown,
        place_words=wheres.words(given), emergencies=suggest.emergencies(org.local_date(now)),
    )  # fmt: skip


def _prefill(request: HttpRequest) -> dict[str, str]:
    """What the address or the hidden fields bring along, where it is one of the county's places."""
    asked = request.POST if request.method == "POST" else request.GET
    return wheres.given(asked.get("place") or asked.get("unit", ""), org.local_date(timezone.now()))


def _more_asks(draft: drafts.Draft) -> list[Ask]:
    identities = (
        (drafts.OPEN, _("可以联系我"), _("经办人需要时能打开号码，每次打开都有记录")),
        (drafts.CONFIDENTIAL, _("替我保密"), _("号码只用来发短信；要两个人同意才能打开，不告诉经办人")),
        (drafts.ANONYMOUS, _("匿名"), _("不留姓名和号码，谁也不知道是您；凭编号和 6 位数字查进度")),
    )
    other = draft.for_other
    asked = [
        Ask(
            "phone",
            _("他（她）的手机号") if other else _("手机号"),
            kind="phone",
            required=False,
            help=_("用来发短信告诉您办得怎样，加密保存"),
        ),
        Ask("name", _("怎么称呼？"), required=False, help=_("比如：王阿姨"), max_chars=40, autocomplete="name"),
        Ask(
            "for_other",
            _("我替别人点单，本人已经同意"),
            kind="flag",
            required=False,
            help=_("上面填他（她）的手机号和称呼：短信发给他（她），查进度也用他（她）的手机号后四位"),
        ),
        Ask("identity", _("谁能知道是您？"), kind="choice", choices=identities),
    ]
    if draft.get("kind") in drafts.ABOUT_UNITS:
        asked.append(Ask("about", _("投诉或举报的是哪个单位？"), kind="unit", required=False,
                         help=_("选了以后，这个单位的人看不到、也不能办这一单")))  # fmt: skip
    asked += [
        Ask("public", _("可以公开这件事"), kind="flag", required=False,
            help=_("不选就不公开。提交前给您看公开的是什么；姓名、电话、门牌、照片从不公开，保密单、投诉和举报也不公开。")),
    ]  # fmt: skip
    return asked


def _photo_ask() -> Ask:
    return Ask("photos", _("照片"), kind="photos", required=False, help=_("最多 3 张。不加照片也能提交"))


@require_http_methods(["GET", "POST"])
def more(request: HttpRequest) -> HttpResponse:
    """How to reach the resident, photos, and what is public; every answer may be left out."""
    now = timezone.now()
    draft = draft_of(request, now)
    if not draft.get("text"):
        return go(request, WHAT)
    wrong: dict[str, Any] = {}
    values: dict[str, Any] = {}
    if request.method == "POST":
        names = ("phone", "name", "identity", "about", "public", "for_other")
        values = {name: request.POST.get(name, "") for name in names}
        draft.write(**values)
        removed = request.POST.get("remove", "")
        if removed in photos.names(draft):
            photos.drop_of_draft(draft, removed)
        wrong = _wrong_of_more(values)
        wrong.update(_take_photos(request, draft))
        drafts.keep(request, draft, now)
        if not wrong and not removed:
            return go(request, onward(request, CHECK))
    shown = {
        "identity": drafts.OPEN,
        **_known(request, draft),
        **{k: v for k, v in draft.values.items() if v},
        **{k: v for k, v in values.items() if v},
    }
    return show(
        request, "more", draft, wrong, values=shown, asks=_more_asks(draft), may_about=_bodies(draft), kept=photos.names(draft),
        photo_ask=_photo_ask(), skipped=wheres.may_skip(draft, org.local_date(now)),
    )  # fmt: skip


def _known(request: HttpRequest, draft: drafts.Draft) -> dict[str, str]:
    """Name and number of whoever is signed in by telephone, until they have answered themselves. At most three queries."""
    account = signing.account_of(request)
    if account is None or account.phone_hash is None or "identity" in draft.values:
        return {}
    known = mine.facts(account)
    return {"name": str(known["name"]), "phone": str(known["phone"])}


def _wrong_of_more(values: dict[str, str]) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if values["identity"] == drafts.ANONYMOUS:
        return wrong
    if values["phone"].strip():
        tried(wrong, clean_phone, values["phone"])
    elif values["identity"] == drafts.CONFIDENTIAL:
        wrong["phone"] = _("保密单要留手机号，只有经两人同意才能查看；不想留号码请选匿名。")
    if values["name"].strip():
        tried(wrong, clean_text, values["name"], max_chars=40, field="name")
    return wrong


def _take_photos(request: HttpRequest, draft: drafts.Draft) -> dict[str, Any]:
    """Keep the photos that came with the form. What cannot be kept is said once; the next press goes on without it."""
    uploads = request.FILES.getlist("photos")
    if not uploads:
        return {}
    found, wrong = photos.read(uploads, photos.MOST - len(photos.names(draft)))
    try:
        photos.keep_for_draft(draft, found)
    except OSError:
        wrong.append(_("照片暂时存不下。其他内容都在，可以不加照片先提交。"))
    return {"photos": " ".join([*wrong, _("不换照片也可以，直接点“下一步”。")])} if wrong else {}


def _bodies(draft: drafts.Draft) -> dict[str, Any]:
    """The units that may be complained about: all but the county itself and its grids."""
    if draft.get("kind") not in drafts.ABOUT_UNITS:
        return {}
    nodes = org.tree().nodes
    found = [node for node in nodes.values() if node.parent_id is not None and node.level != "grid"]
    return {
        "about": [
            (node.code, f"{node.name}（{nodes[node.parent_id].short_name}）" if node.parent_id in nodes else node.name)
            for node in sorted(found, key=lambda one: (not one.is_body, one.code))
        ]
    }


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Everything once more, with a way to change each; the button sends it, once."""
    now = timezone.now()
    if request.method == "POST" and receipts.sent_before(request, request.POST.get("form_token", ""), now):
        return go(request, "/receipt/")
    draft = drafts.read(request, now)
    if draft is None or not draft.get("text"):
        # The back button after sending: the receipt is what there is to see.
        return go(request, "/receipt/" if receipts.has(request, now) else WHAT)
    if not draft.get("unit"):
        return go(request, WHERE)
    status, wrong = 200, {}
    made = None
    if request.POST.get("public_shown") and not request.POST.get("public"):
        draft.write(public="")  # unticked beside the very words that would be public
        drafts.keep(request, draft, now)
    try:
        made = asking.draft(draft.wish(), None, now, Via.PAGE)
        if request.method == "POST" and request.POST.get("form_token") == draft.token:
            return receipts.send(request, draft, made, now)
    except Invalid as refusal:
        status, wrong = 422, refusal.details["fields"]
    except TooMany as refusal:
        status, wrong = 429, {"": str(refusal)}
    mistakes = [
        {"href": f"{PAGE_OF[name]}?to=check#f-{name}" if name in PAGE_OF else "", "message": said}
        for name, said in wrong.items()
    ]
    response = show(
        request,
        "check",
        draft,
        {},
        made=made,
        mistakes=mistakes,
        kept=photos.names(draft),
        open=_open(draft, made),
        **_words(draft, now),
    )
    response.status_code = status
    return response


def _open(draft: drafts.Draft, made: asking.Draft | None) -> str | None:
    """The words that everybody would read, exactly as the board will show them; None where nothing is to be public."""
    if made is None or not made.order.public or not publishable(made.order):
        return None
    return board.words(made.text, [draft.get("name")])


def _words(draft: drafts.Draft, now: datetime) -> dict[str, Any]:
    """What the check page shows instead of codes."""
    day = org.local_date(now)
    kind = draft.get("kind") or Kind.HELP.value
    category = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    about = org.tree().by_code(draft.get("about")) if kind in drafts.ABOUT_UNITS else None
    return {
        "kind": Kind(kind).label if kind in Kind.values else kind,
        "unit_words": wheres.words(draft.values),
        "matter": suggest.path_words(category, day) if category else "",
        "about": about.name if about else "",
        "emergency": rulebook().emergency(category, day),
    }


@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """Begin anew: the draft and its photos are forgotten."""
    draft = drafts.read(request, timezone.now())
    if draft is not None:
        photos.drop_of_draft(draft)
    drafts.drop(request)
    return go(request, WHAT, _("已清空，可以重新填写。"))
