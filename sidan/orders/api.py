"""The room's addresses under /api/v1: ninja declares and routes them, each view reads bytes and answers bytes."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router

from sidan.kernel.base import lane
from sidan.kernel.base.doors import Answer
from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound, NotNow
from sidan.kernel.base.text import clean_digits
from sidan.kernel.files import commands as files
from sidan.kernel.files import pictures
from sidan.kernel.files.models import Photo, Purpose
from sidan.kernel.flow import engine, fields
from sidan.kernel.flow.definition import Step
from sidan.kernel.org import queries as org
from sidan.orders import api_asking, keys
from sidan.orders import api_doors as door
from sidan.orders import api_schemas as says
from sidan.orders.commands import VERBS, dispatching, revealing
from sidan.orders.flow import ORDER, REVEAL, SUPPORT
from sidan.orders.models import Order, Reveal
from sidan.orders.queries import lists, merged, reading
from sidan.orders.queries.seeing import sees
from sidan.orders.rulebook import rulebook
from sidan.web import photos as served

router = Router(tags=["orders"])
MULTIPART_BYTES_MOST = pictures.MOST_BYTES + 1024 * 1024


@router.post("/orders", **says.ASK)
def ask(request: HttpRequest) -> HttpResponse:
    """Place an order. Open to anybody (counted by address), or with a person's bearer (under its own limit)."""
    return lane.run(lambda: api_asking.ask(request))


@router.get("/orders", **says.LIST)
def orders(request: HttpRequest) -> HttpResponse:
    """Orders that the bearer may see, newest first; `next` leads to the following page."""
    who = door.signed(request, timezone.now())
    raw = request.GET.dict()
    limit = _limit(raw.get("limit"))
    page = lists.orders(who.act, lists.clean_filters(raw), after=raw.get("next", ""), limit=limit)
    return door.told({"items": [reading.summary(row) for row in page.rows], "next": page.next or None})


@router.get("/orders/{number}", **says.SHOW)
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order as its reader may see it, with its timeline and the steps that the reader may take now."""
    who = door.signed(request, timezone.now())
    found = door.order_of(who, number)
    return _viewed(door.told(_view(found, who)), found)


@router.post("/orders/{number}/reader", **says.READER)
def reader(request: HttpRequest, number: str) -> HttpResponse:
    """A short-lived bearer for the one who asked. A wrong answer, an unknown and an impossible number look the same."""
    now = timezone.now()
    body = door.json_of(door.body_of(request))
    last4, code = clean_digits(body.get("last4")), clean_digits(body.get("code"))
    if not last4 and not code:
        raise Invalid(fields={"last4": _("请填手机号后四位，或回执上的 6 位查询码。")})
    door.proof_limit(request, number, now)
    found = Order.objects.filter(number=door.plain_number(number)).first()
    known = reading.proves(found or Order(asked_by_id=0), last4=last4, code=code)
    if found is None or not known:
        org.last4_hash(0, last4)  # the work of comparing, where there was nothing to compare with
        raise NotFound
    ends = now + timedelta(minutes=keys.READER_MINUTES)
    return door.told({"token": keys.reader(found.number), "expires_at": ends})


@router.get("/orders/{number}/photos", **says.PHOTOS)
def photo_list(request: HttpRequest, number: str) -> HttpResponse:
    """The order's photos."""
    who = door.signed(request, timezone.now())
    found = door.order_of(who, number)
    return door.told({"items": [_photo(one, found) for one in reading.photos(found, who.act)]})


@router.get("/orders/{number}/photos/{photo}", **says.PHOTO)
def photo_file(request: HttpRequest, number: str, photo: str) -> HttpResponseBase:
    """One photo, as JPEG."""
    who = door.signed(request, timezone.now())
    found = door.order_of(who, number)
    kept = next((one for one in reading.photos(found, who.act) if str(one.pk) == photo), None)
    if kept is None:
        raise NotFound(_("没有这张照片。"))
    return served.answer(request, kept)


@router.post("/orders/{number}/photos", **says.UPLOAD)
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Add a photo (multipart: `photo`, `purpose`); it is re-encoded, and the order's step `photo` is taken with it."""
    now = timezone.now()
    door.refuse_large(request, MULTIPART_BYTES_MOST)
    who = door.signed(request, now)
    door.write_limit(who, now)
    given = request.FILES.get("photo")
    if not isinstance(given, UploadedFile):
        raise Invalid(fields={"photo": _("请选择照片。")})
    purpose = request.POST.get("purpose") or Purpose.EVIDENCE
    if purpose not in Purpose.values:
        raise Invalid(fields={"purpose": _("请选择处理前、处理后或佐证材料。")})
    step = ORDER.by_do["show"]
    seen = _Seen(who, number)
    may = seen.order is not None and engine.check(ORDER, seen.order, step, who.act) is None
    digest = sha256(given.read(pictures.MOST_BYTES + 1)).digest()
    given.seek(0)
    # Re-encoding is slow and stands before the transaction; where the step is refused it is spared.
    picture = pictures.read(given) if may else None

    def work() -> Answer:
        found = seen.insist()
        seen.check(step)
        if picture is None:
            raise NotNow(state=found.state)
        kept = files.keep(picture, owner=found.subject(), purpose=purpose, act=who.act)
        VERBS["show"](found, photo=str(kept.pk), act=who.act)
        return Answer(201, door.dump({**_photo(kept, found), "version": found.version}))

    return door.reply(seen.moving(lambda: door.once(request, who.name, now, purpose.encode() + digest, work)))


@router.get("/orders/{number}/reveals", **says.REVEALS)
def reveals(request: HttpRequest, number: str) -> HttpResponse:
    """Who asked to see the identity behind a confidential order, and who agreed. For supervisors."""
    who = door.signed(request, timezone.now())
    found = door.order_of(who, number)
    if not who.act.holds("supervisor", found.unit_id):
        raise NotAllowed
    rows = Reveal.objects.select_related("order").filter(order=found).order_by("requested_at", "id")
    return door.told({"items": [_reveal(one, who) for one in rows]})


@router.post("/orders/{number}/reveals", **says.ASK_REVEAL)
def request_reveal(request: HttpRequest, number: str) -> HttpResponse:
    """Ask to see the identity behind a confidential order; a second supervisor must agree."""
    now = timezone.now()
    raw = door.body_of(request)
    who = door.signed(request, now)
    body = door.json_of(raw)
    seen = _Seen(who, number)

    def work() -> Answer:
        made = revealing.request_reveal(seen.insist(), reason=body.get("reason", ""), act=who.act)
        return Answer(201, door.dump(_reveal(made, who)))

    return door.reply(door.once(request, who.name, now, raw, work))


@router.post("/orders/{number}/reveals/{reveal}/{noun}", **says.DECIDE)
def decide_reveal(request: HttpRequest, number: str, reveal: str, noun: str) -> HttpResponse:
    """Agree (`approval`) or decline (`declining`) as the second person."""
    now = timezone.now()
    raw = door.body_of(request)
    who = door.signed(request, now)
    step = REVEAL.by_noun.get(noun)
    if step is None:
        raise NotFound(_("没有这个步骤。"), code="no_such_move")
    door.json_of(raw)
    seen = _Seen(who, number)
    known = reveal.isascii() and reveal.isdigit() and len(reveal) < 17

    def work() -> Answer:
        rows = Reveal.objects.select_related("order").filter(order=seen.insist())
        asked = rows.filter(pk=int(reveal)).first() if known else None
        if asked is None:
            raise NotFound(_("没有这个申请。"))
        decided = revealing.decide_reveal(asked, agree=step.do == "approve", act=who.act)
        return Answer(200, door.dump(_reveal(decided, who)))

    return door.reply(door.once(request, who.name, now, raw, work))


@router.post("/orders/{number}/identity", **says.IDENTITY)
def identity(request: HttpRequest, number: str) -> HttpResponse:
    """Name and telephone of the one who asked, for whoever has the order in hand. Each reading is an entry of the journal.

    No Idempotency-Key: a kept answer would be a second, open copy of what lies encrypted.
    """
    who = door.signed(request, timezone.now())
    return door.told(revealing.read_contact(door.order_of(who, number), act=who.act))


@router.post("/orders/{number}/{noun}", include_in_schema=False)
def move(request: HttpRequest, number: str, noun: str) -> HttpResponse:
    """Take a step; the address comes from the `moves` of the order."""
    now = timezone.now()
    raw = door.body_of(request)
    who = door.signed(request, now)
    step = SUPPORT.by_do["answer"] if noun == "support-answer" else ORDER.by_noun.get(noun)
    if step is None:
        raise NotFound(_("没有这个步骤。"), code="no_such_move")
    door.write_limit(who, now)
    body = door.json_of(raw)
    seen = _Seen(who, number)
    expected = _expected(request)

    def work() -> Answer:
        found = seen.insist()
        if expected is not None and expected != found.version:
            raise engine.moved_first(found)
        if noun == "support-answer":
            _answer_support(seen, step, body)
            found.refresh_from_db()
        else:
            seen.check(step)
            VERBS[step.do](found, act=who.act, **fields.clean(step.fields, body))
        return Answer(200, door.dump(_view(found, who)))

    return door.reply(seen.moving(lambda: door.once(request, who.name, now, raw, work)))


@router.get("/units", **says.UNITS)
def units(request: HttpRequest) -> HttpResponse:
    """The county, or what lies directly below a unit. No query: read from the tree that the process keeps."""
    tree = org.tree()
    parent = request.GET.get("parent")
    above = tree.by_code(clean_digits(parent)) if parent else None
    if parent and above is None:
        raise Invalid(fields={"parent": _("没有这个单位，请从列表里选。")})
    found = tree.children(above.id) if above else [node for node in tree.nodes.values() if node.parent_id is None]
    return door.told({"items": [_unit(node) for node in found]})


@router.get("/categories", **says.CATEGORIES)
def categories(request: HttpRequest) -> HttpResponse:
    """The catalogue of matters that is valid today, on its three levels. No query."""
    rows = rulebook().category_choices(org.local_date(timezone.now()))
    made: dict[str, dict[str, Any]] = {
        row.code: {"code": row.code, "name": row.name, "klass": row.klass, "emergency": row.emergency, "children": []}
        for row in rows
    }
    top: list[dict[str, Any]] = []
    for code, one in made.items():
        above = made.get(code[:-2])
        (above["children"] if above else top).append(one)
    return door.told({"items": top})


class _Seen:
    """An order as it was when the request came: a step is taken from there, so whoever was faster is noticed."""

    def __init__(self, who: door.Caller, number: str) -> None:
        self.who, self.number = who, number
        self.order: Order | None = None
        self.missing: NotFound | None = None
        try:
            self.order = door.order_of(who, number)
        except NotFound as refusal:
            self.missing = refusal

    def insist(self) -> Order:
        """The order, or the refusal: only now, because an answer that was kept is given even to who no longer sees it."""
        if self.order is None:
            raise self.missing or NotFound()
        return self.order

    def check(self, step: Step) -> None:
        """Refuse a step that is not the caller's, or not now, before its fields are looked at."""
        refusal = engine.check(ORDER, self.insist(), step, self.who.act)
        if refusal is not None:
            raise refusal

    def moving(self, work: Any) -> Answer:
        """Run a write; a 409 says what the order is now and which steps are possible."""
        try:
            answer: Answer = work()
        except NotNow as refusal:
            refusal.details.update(self._now())
            raise
        return answer

    def _now(self) -> dict[str, Any]:
        fresh = Order.objects.filter(pk=self.order.pk).first() if self.order else None
        if fresh is None or not sees(fresh, self.who.act):
            return {}
        moves = reading.moves(fresh, self.who.act)
        return {"number": fresh.number, "state": fresh.state, "version": fresh.version, "moves": moves}


def _answer_support(seen: _Seen, step: Step, body: dict[str, Any]) -> None:
    """The co-handler's part: the open one of the caller's unit, else the one that says why not."""
    order = seen.insist()
    parts = reading.supports(order)
    mine = [part for part in parts if engine.permitted(SUPPORT, part, step, seen.who.act) is None]
    if not mine:
        raise NotAllowed
    part = next((one for one in mine if one.state == "asked"), mine[0])
    refusal = engine.check(SUPPORT, part, step, seen.who.act)
    if refusal is not None:
        raise refusal
    dispatching.answer_support(part, act=seen.who.act, **fields.clean(step.fields, body))


def _expected(request: HttpRequest) -> int | None:
    """The version that the caller has seen, from If-Match; without it the order is taken as it is."""
    raw = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not raw or raw == "*":
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise Invalid(fields={"If-Match": _('请填这一单的 version，例如 "3"。')})
    return int(raw)


def _limit(raw: str | None) -> int:
    if not raw:
        return lists.PAGE
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= lists.PAGE_MOST):
        raise Invalid(
            fields={"limit": _("请填 %(least)d 到 %(most)d 之间的整数。") % {"least": 1, "most": lists.PAGE_MOST}}
        )
    return int(raw)


def _view(found: Order, who: door.Caller) -> dict[str, Any]:
    return {**reading.order_view(found, who.act), "main": merged.view(found, who.act)}


def _viewed(response: HttpResponse, found: Order) -> HttpResponse:
    response["ETag"] = f'"{found.version}"'
    return response


def _photo(one: Photo, found: Order) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "purpose": one.purpose,
        "at": one.at,
        "width": one.width,
        "height": one.height,
        "href": f"{reading.API}/orders/{found.number}/photos/{one.pk}",
    }


def _reveal(one: Reveal, who: door.Caller) -> dict[str, Any]:
    number = one.order.number
    return {
        "id": str(one.pk),
        "state": one.state,
        "reason": one.reason,
        "requested_at": one.requested_at,
        "decided_at": one.decided_at,
        "open_until": one.open_until,
        "moves": [
            {
                "noun": step.noun,
                "label": str(step.label),
                "href": f"{reading.API}/orders/{number}/reveals/{one.pk}/{step.noun}",
                "fields": fields.schema(step.fields),
                "primary": step.primary,
            }
            for step in engine.moves(REVEAL, one, who.act)
        ],
    }


def _unit(node: org.Node) -> dict[str, Any]:
    tree = org.tree()
    parent = tree.nodes.get(node.parent_id or 0)
    return {
        "code": node.code,
        "name": node.name,
        "short_name": node.short_name,
        "kind": node.kind,
        "level": node.level,
        "parent": parent.code if parent else None,
        "lat": node.lat,
        "lon": node.lon,
    }
