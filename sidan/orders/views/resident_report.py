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
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_photos as photos
from sidan.orders.views import resident_receipt as receipts
from sidan.orders.views import resident_suggest as suggest
from sidan.orders.views.resident_places import place_words, places
from sidan.orders.words import Kind
from sidan.web.pages import Ask, form_page, go

WHAT, WHERE, MORE, CHECK = "/report/", "/report/where/", "/report/more/", "/report/check/"
PAGE_OF = {
    **dict.fromkeys(("text", "kind"), WHAT),
    **dict.fromkeys(("unit", "place", "category"), WHERE),
    **dict.fromkeys(("name", "phone", "identity", "about", "public", "photos"), MORE),
}


def _onward(request: HttpRequest, usual: str) -> str:
    """The next page, or back to the check where somebody came from there to change one thing."""
    return CHECK if request.POST.get("to") == "check" else usual


def _draft(request: HttpRequest, now: datetime) -> drafts.Draft:
    return drafts.read(request, now) or drafts.Draft()


def _show(request: HttpRequest, name: str, draft: drafts.Draft, wrong: dict[str, Any], **context: Any) -> HttpResponse:
    values = context.pop("values", draft.values)
    to = request.POST.get("to") or request.GET.get("to", "")
    return form_page(
        request, f"orders/resident/report_{name}.html", Invalid(fields=wrong) if wrong else None, values,
        draft=draft, to="check" if to == "check" else "", **context,
    )  # fmt: skip


def _tried(wrong: dict[str, Any], clean: Any, *args: Any, **kwargs: Any) -> None:
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
    """What it is about. A poster's code fills in the place (`?unit=`), the footer's link the county itself (`?about=site`)."""
    now = timezone.now()
    draft = _draft(request, now)
    given = _prefill(request)
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in ("text", "kind")}
        draft.write(**values, **given)
        drafts.keep(request, draft, now)
        wrong: dict[str, Any] = {}
        _tried(wrong, clean_text, values["text"])
        if values["kind"] and values["kind"] not in Kind.values:
            wrong["kind"] = _("请选一种。")
        if not wrong:
            return go(request, _onward(request, WHERE))
    else:
        wrong, values = {}, {}
    shown = {"kind": Kind.HELP.value, **draft.values, **given, **values}
    return _show(
        request, "what", draft, wrong, values=shown, asks=_what_asks(), given=given,
        unit_words=place_words(given.get("unit", "")), emergencies=suggest.emergencies(org.local_date(now)),
    )  # fmt: skip


def _prefill(request: HttpRequest) -> dict[str, str]:
    """What the address or the hidden fields bring along, where it is one of the county's places."""
    asked = request.POST if request.method == "POST" else request.GET
    if asked.get("about") == "site" and request.method == "GET":
        return {"unit": org.tree().root().code, "kind": Kind.SUGGESTION.value}
    node = org.tree().by_code(asked.get("unit", "")[:24])
    return {"unit": node.code} if node is not None and not node.is_body else {}


@require_http_methods(["GET", "POST"])
def where(request: HttpRequest) -> HttpResponse:
    """Which community, and where there; what matter it sounds like. Choosing an emergency shows its telephone at once."""
    now = timezone.now()
    day = org.local_date(now)
    draft = _draft(request, now)
    if not draft.get("text"):
        return go(request, WHAT)
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        category = rulebook().category(request.POST.get("category", ""), day)
        draft.write(unit=request.POST.get("unit", ""), place=request.POST.get("place", ""))
        draft.write(category=category.code if category else "")
        drafts.keep(request, draft, now)
        node = org.tree().by_code(draft.get("unit"))
        if node is None or node.is_body:
            wrong["unit"] = _("请选一个社区（村）。不知道是哪个，就选最下面一项。")
        if request.POST.get("place"):
            _tried(wrong, clean_text, request.POST["place"], max_chars=120, min_chars=0, field="place")
        if not wrong:
            return go(request, "/report/emergency/" if rulebook().emergency(category, day) else _onward(request, MORE))
    place = Ask(
        "place", _("具体在哪里？"), required=False, max_chars=120, help=_("小区、几栋几单元、哪个路口，越清楚越快找到")
    )
    return _show(
        request, "where", draft, wrong, values={**draft.values, **request.POST.dict()}, places=places(draft.get("unit")),
        unit_words=place_words(draft.get("unit")), asks=[place, *_matters(draft, day)],
        labels=(Ask("unit", _("在哪个社区（村）？")), place),
    )  # fmt: skip


def _matters(draft: drafts.Draft, day: Any) -> list[Ask]:
    """The question for the matter, where the words sound like some."""
    rows = suggest.categories(draft.get("text"), day)
    chosen = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    if chosen is not None and chosen not in rows:
        rows = [chosen, *rows]
    if not rows:
        return []
    choices = [(row.code, row.name, suggest.path_words(row, day)) for row in rows]
    choices.append(("", _("都不是，或不确定"), _("由社区来定")))
    return [Ask("category", _("像下面哪一类？"), kind="choice", required=False, choices=choices)]


@require_http_methods(["GET", "POST"])
def emergency(request: HttpRequest) -> HttpResponse:
    """The matter that was chosen cannot wait in a queue: whom to call. A POST takes the choice back."""
    now = timezone.now()
    draft = _draft(request, now)
    day = org.local_date(now)
    category = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    number = rulebook().emergency(category, day)
    if request.method == "POST":
        draft.write(category="")
        drafts.keep(request, draft, now)
        return go(request, WHERE)
    if not number or category is None:
        return go(request, WHERE)
    return _show(request, "emergency", draft, {}, number=number, matter=category.name)


def _more_asks(draft: drafts.Draft) -> list[Ask]:
    identities = (
        (drafts.OPEN, _("可以联系我"), _("经办人需要时能打开号码，每次打开都有记录")),
        (drafts.CONFIDENTIAL, _("替我保密"), _("号码只用来发短信；要两个人同意才能打开，不告诉经办人")),
        (drafts.ANONYMOUS, _("匿名"), _("不留姓名和号码，谁也不知道是您；凭编号和 6 位数字查进度")),
    )
    asked = [
        Ask("phone", _("手机号"), kind="phone", required=False, help=_("用来发短信告诉您办得怎样，加密保存")),
        Ask("name", _("怎么称呼您？"), required=False, help=_("比如：王阿姨"), max_chars=40, autocomplete="name"),
        Ask("identity", _("谁能知道是您？"), kind="choice", choices=identities),
    ]
    if draft.get("kind") in drafts.ABOUT_UNITS:
        asked.append(Ask("about", _("投诉或举报的是哪个单位？"), kind="unit", required=False,
                         help=_("选了以后，这个单位的人看不到、也不能办这一单")))  # fmt: skip
    asked += [
        Ask("photos", _("照片"), kind="photos", required=False, help=_("最多 3 张。不加照片也能提交")),
        Ask("public", _("可以公开这件事"), kind="flag", required=False,
            help=_("不选就不公开。公开的是：写的内容、在哪个社区、办得怎么样。姓名、电话、照片从不公开；保密的单不公开。")),
    ]  # fmt: skip
    return asked


@require_http_methods(["GET", "POST"])
def more(request: HttpRequest) -> HttpResponse:
    """How to reach the resident, photos, and what is public; every answer may be left out."""
    now = timezone.now()
    draft = _draft(request, now)
    if not draft.get("text"):
        return go(request, WHAT)
    wrong: dict[str, Any] = {}
    values: dict[str, Any] = {}
    if request.method == "POST":
        names = ("phone", "name", "identity", "about", "public")
        values = {name: request.POST.get(name, "") for name in names}
        draft.write(**values)
        removed = request.POST.get("remove", "")
        if removed in [name for name, *_size in draft.photos]:
            draft.photos = [one for one in draft.photos if one[0] != removed]
            photos.drop_of_draft(removed)
        wrong = _wrong_of_more(values)
        wrong.update(_take_photos(request, draft, now))
        drafts.keep(request, draft, now)
        if not wrong and not removed:
            return go(request, _onward(request, CHECK))
    draft.photos = photos.of_form(draft)
    shown = {
        "identity": drafts.OPEN,
        **{k: v for k, v in draft.values.items() if v},
        **{k: v for k, v in values.items() if v},
    }
    return _show(request, "more", draft, wrong, values=shown, asks=_more_asks(draft), may_about=_bodies(draft))


def _wrong_of_more(values: dict[str, str]) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if values["identity"] == drafts.ANONYMOUS:
        return wrong
    if values["phone"].strip():
        _tried(wrong, clean_phone, values["phone"])
    elif values["identity"] == drafts.CONFIDENTIAL:
        wrong["phone"] = _("保密单要留手机号，只有经两人同意才能查看；不想留号码请选匿名。")
    if values["name"].strip():
        _tried(wrong, clean_text, values["name"], max_chars=40, field="name")
    return wrong


def _take_photos(request: HttpRequest, draft: drafts.Draft, now: datetime) -> dict[str, Any]:
    """Keep the photos that came with the form. What cannot be kept is said once; the next press goes on without it."""
    uploads = request.FILES.getlist("photos")
    if not uploads:
        return {}
    draft.photos = photos.of_form(draft)
    found, wrong = photos.read(uploads, photos.MOST - len(draft.photos))
    try:
        draft.photos += photos.keep_for_draft(found, now)
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
    response = _show(
        request, "check", draft, {}, made=made, mistakes=mistakes, kept=photos.of_form(draft), **_words(draft, now)
    )
    response.status_code = status
    return response


def _words(draft: drafts.Draft, now: datetime) -> dict[str, Any]:
    """What the check page shows instead of codes."""
    day = org.local_date(now)
    kind = draft.get("kind") or Kind.HELP.value
    category = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    about = org.tree().by_code(draft.get("about")) if kind in drafts.ABOUT_UNITS else None
    return {
        "kind": Kind(kind).label if kind in Kind.values else kind,
        "unit_words": place_words(draft.get("unit")),
        "matter": suggest.path_words(category, day) if category else "",
        "about": about.name if about else "",
        "emergency": rulebook().emergency(category, day),
    }


@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    """Begin anew: the draft and its photos are forgotten."""
    draft = drafts.read(request, timezone.now())
    for name, *_size in draft.photos if draft else ():
        photos.drop_of_draft(name)
    drafts.drop(request)
    return go(request, WHAT, _("已清空，可以重新填写。"))
