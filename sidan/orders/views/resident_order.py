"""One order for the one who asked: its state in plain words, its course, and what can be done now."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sidan.kernel.base import doors, tx
from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.files.pictures import Picture
from sidan.kernel.flow import engine, fields
from sidan.kernel.flow.definition import Step
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import VERBS
from sidan.orders.flow import ORDER
from sidan.orders.models import Order
from sidan.orders.queries import merged, reading
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_photos as photos
from sidan.orders.views import resident_track as track
from sidan.orders.views import resident_words as words
from sidan.orders.words import S
from sidan.web.pages import Ask, errors_of, go, page

HERE = "/track/order/"
# The resident's own steps, in the order in which the page offers them. Rating has its own pages, photos their own form.
DOES = ("give_info", "urge", "reopen", "write", "add_facts", "unpublish", "withdraw")
STEPS = {ORDER.by_do[do].noun: ORDER.by_do[do] for do in DOES}


@require_safe
def order(request: HttpRequest) -> HttpResponse:
    """The page. At most twelve queries."""
    found = track.read(request)
    if found is None:
        return track.send_away(request)
    return show(request, *found)


def show(
    request: HttpRequest, order: Order, act: Act, *, status: int = 200, noun: str = "",
    values: Mapping[str, Any] | None = None, errors: Mapping[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    """The page, with a form opened again where it was refused or left unsent."""
    if not noun:
        noun, values = track.unsent(request, order, act.at)
    if not noun and order.state == S.NEED_INFO:
        noun = ORDER.by_do["give_info"].noun
    lines = reading.timeline(order, act)
    head = words.headline(order)
    seen = reading.photos(order, act)
    main = merged.main_of(order)
    rules = rulebook().deadline_ids
    can = {step.do for step in engine.moves(ORDER, order, act)}
    answers = [line for line in lines if words.event(line) == "replied"]
    questions = [line for line in lines if words.event(line) == "info_asked"]
    reminders = [line for line in lines if words.event(line) in words.REMINDERS]
    return page(
        request, "orders/resident/order.html", status=status, order=order, head=head,
        tone=words.TONES.get(S(order.state), "info"), loop=words.loop(main or order), main=main,
        main_head=words.headline(main) if main else None, course=_course(main),
        entries=[words.entry(line) for line in reversed(lines)], request_text=_request(lines),
        answer=answers[-1] if answers and order.state in (S.AWAITING_RATING, S.CLOSED) else None,
        question=questions[-1] if questions and order.state == S.NEED_INFO else None,
        reminders=reminders[::-1], due=order.answer_due_at, ended_at=_ended(order),
        rule=reading.rule_words(rules.get(order.answer_rule_id or 0)), has_it=words.in_hands(order),
        refusal=reading.refusal_of(order), photos=seen, offered=_offered(order, can), may_rate="rate" in can,
        may_show="show" in can and len(seen) < photos.MOST_OF_ORDER,
        photo_ask=Ask("photos", _("照片"), kind="photos", help=_("每次最多 3 张")),
        phone=words.phone(order, act.at), form_token=token(order), version=order.version,
        open_noun=noun, values=values or {}, errors=errors or {}, place=_place(order),
    )  # fmt: skip


def token(order: Order) -> str:
    """Names one form: the number is found again in it when the reader's half hour is over."""
    return f"{order.number}.{token_urlsafe(16)}"


def _place(order: Order) -> str:
    unit = org.tree().nodes.get(order.unit_id)
    return " ".join(filter(None, (unit.short_name if unit else "", order.place)))


def _request(lines: list[reading.Line]) -> str:
    return lines[0].text if lines else ""


def _ended(order: Order) -> datetime | None:
    return order.answered_at or order.closed_at


def _course(main: Order | None) -> list[dict[str, object]]:
    """What became of the main order, without anybody's words: another resident wrote those."""
    if main is None:
        return []
    return [{**words.entry(line), "who": "", "text": ""} for line in reversed(merged.course(main))]


def _offered(order: Order, can: set[str]) -> list[dict[str, Any]]:
    """The steps as the component shows them, the one to take now first."""
    made = []
    for do in DOES:
        # Opening again is part of rating; what is asked for is answered and not added.
        if do not in can or (do, True) in (("reopen", "rate" in can), ("add_facts", "give_info" in can)):
            continue
        step = ORDER.by_do[do]
        made.append(
            {
                "noun": step.noun,
                "label": str(step.label),
                "href": f"{HERE}{step.noun}/",
                "fields": step.fields,
                "tone": {"give_info": "primary", "urge": "primary", "withdraw": "danger"}.get(do, ""),
                "help": _reopen_help(order) if do == "reopen" else _help(do),
            }
        )
    return made


def _help(do: str) -> str:
    match do:
        case "urge":
            return _("已经超期。点一下，系统马上提醒承办单位。")
        case "write":
            return _("问一句、说一句，承办的人会看到。")
        case "add_facts":
            return _("有新的情况、地点或时间，写在这里。")
        case "unpublish":
            return _("别人不再看到您写的内容；办理照常。")
        case "withdraw":
            return _("撤回以后就不办了，不能再恢复；要办得重新点单。")
    return ""


def _reopen_help(order: Order) -> str:
    if order.reopen_until is None:
        return ""
    until = order.reopen_until.astimezone(org.ZONE)
    return _("如果其实没解决，%(day)s以前都可以要求重新办理，期限重新算。") % {"day": f"{until:%Y-%m-%d}"}


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, noun: str) -> HttpResponse:
    """Take one step. Refused words come back in their form; an address without a form leads to the order."""
    step = STEPS.get(noun)
    if step is None:
        raise NotFound(_("没有找到这个页面。"))
    if request.method != "POST":
        return go(request, HERE)
    token = doors.checked_key(request.POST.get("form_token"))
    found = track.read_of_form(request, token)
    if found is None:
        return track.send_away(request, token, noun)
    order, act = found
    track.count_write(order, act)
    try:
        cleaned = fields.clean(step.fields, request.POST.dict())
        take_once(order, step, cleaned, token, act)
    except Invalid as invalid:
        return show(request, order, act, status=422, noun=noun, values=request.POST, errors=errors_of(invalid))
    track.forget_unsent(request)
    return go(request, HERE, _done(order, step.do))


@tx.writes
def take_once(order: Order, step: Step, cleaned: Mapping[str, Any], token: str, act: Act) -> None:
    """A step, once for its form and its words: a second press changes nothing, other words from the same page count anew."""
    said = sha256(orjson.dumps(cleaned)).hexdigest()
    if (
        doors.claim(doors.Claim("form", f"{token[:80]}:{step.noun}:{said}", b"", act.at, doors.Answer(303, b"")))
        is None
    ):
        VERBS[step.do](order, act=act, **cleaned)


def _done(order: Order, do: str) -> str:
    match do:
        case "urge":
            return _("已提醒%(who)s。") % {"who": words.holder(order)}
        case "unpublish":
            return _("已不再公开。")
        case "withdraw":
            return _("已撤回。")
        case "reopen":
            return _("已重新办理，期限从今天重新算。")
        case "write":
            return _("留言已送到。")
    return _("已收到，谢谢您。")


@require_http_methods(["GET", "POST"])
def photo(request: HttpRequest) -> HttpResponse:
    """Add photos to the order; those that cannot be read are named, the others are kept."""
    if request.method != "POST":
        return go(request, HERE)
    token = doors.checked_key(request.POST.get("form_token"))
    found = track.read_of_form(request, token)
    if found is None:
        return track.send_away(request, token)
    order, act = found
    track.count_write(order, act)
    uploads = request.FILES.getlist("photos")
    taken, wrong = photos.read(uploads, photos.MOST) if uploads else ([], [_("请先选照片，再点“上传”。")])
    try:
        lost = _show_once(order, taken, token, act) if taken else 0
    except Invalid as invalid:
        return show(request, order, act, status=422, noun="photo", errors=errors_of(invalid))
    if lost:
        wrong.append(_("照片暂时存不下，请过一会儿再试。"))
    if wrong:
        return show(request, order, act, status=422, noun="photo", errors={"photos": " ".join(wrong)})
    return go(request, HERE, _("照片已加上。"))


@tx.writes
def _show_once(order: Order, taken: list[Picture], token: str, act: Act) -> int:
    """Photos, once for their form; how many the disk refused."""
    if photos.count(order) + len(taken) > photos.MOST_OF_ORDER:
        raise Invalid(fields={"photos": _("一单最多 %(n)d 张照片。") % {"n": photos.MOST_OF_ORDER}})
    said = sha256("".join(one.sha256 for one in taken).encode()).hexdigest()
    if doors.claim(doors.Claim("form", f"{token[:80]}:photo:{said}", b"", act.at, doors.Answer(303, b""))) is not None:
        return 0
    return photos.attach(order, taken, act)
