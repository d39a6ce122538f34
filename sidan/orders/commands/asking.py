"""Placing an order: the hottest door. At most 8 statements on SQLite, 3 on PostgreSQL (one CTE writes everything)."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from sidan.kernel.base import doors, tx
from sidan.kernel.base import text as texts
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.base.rows import fresh
from sidan.kernel.flow import engine
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import hashing
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person, new_id
from sidan.orders import clocks, keys
from sidan.orders.commands.intake import category_of
from sidan.orders.commands.moving import iso
from sidan.orders.commands.writing import Row, order_row, write
from sidan.orders.flow import ORDER
from sidan.orders.models import Category, Order, Text
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Channel, Kind, Klass, S, Urgency

_ENTRY = ("kind", "subject", "seq", "prev", "hash", "by_id", "at", "via", "frm", "to", "data")
PROXY_CHANNELS = (Channel.PHONE, Channel.DESK, Channel.GRID, Channel.MEETING)


@dataclass(frozen=True)
class Wish:
    """What somebody asks for, as a door read it; `draft` cleans it.

    Args:
        unit: official code of a community, village, town or the county.
        category: code of the catalogue, any level; may be left to the community.
        name, phone: of the one who asks; both may be missing.
        anonymous: no contact is kept at all.
        confidential: contact is kept and hidden from whoever handles.
        about: code of the unit that is complained about; nobody who sits there acts or sees.
        consent: for a proxy: the resident has agreed to be recorded. From a resident it says that they ask for somebody else.
    """

    text: object
    unit: object
    kind: object = None
    category: object = None
    channel: object = None
    urgency: object = None
    name: object = None
    phone: object = None
    place: object = None
    lat: object = None
    lon: object = None
    public: bool = False
    anonymous: bool = False
    confidential: bool = False
    about: object = None
    consent: bool = False


@dataclass
class Draft:
    """An order that is ready to be written: everything that the answer needs is known before the first row."""

    order: Order
    text: str
    person: Person
    contact: dict[str, Any] | None  # columns of its row
    entry: Entry
    code: str = ""  # the receipt's 6 digits, where there is no telephone
    emergency: str = ""
    message: dict[str, Any] | None = None  # columns of the receipt's message
    helper: Person | None = None  # who asks for somebody else, without an account


@dataclass(frozen=True)
class _Clean:
    """A wish's values, each checked."""

    text: str
    unit: org.Node
    about: org.Node | None
    kind: str
    urgency: str
    channel: str
    phone: str | None
    name: str | None
    place: str
    point: tuple[float | None, float | None]
    proxy: bool
    category: Category | None


def draft(wish: Wish, act: Act | None, at: datetime, via: Via) -> Draft:
    """Clean a wish and reckon its clocks. No statement.

    Args:
        act: the person at the door; None for a resident without an account, who becomes a person of this order.

    Raises:
        Invalid: every wrong field at once.
        NotAllowed: a proxy without a seat there.
    """
    maker = act or Act(_stranger(), at, via)
    clean = _cleaned(wish, act, maker)
    person = _stranger() if clean.proxy else maker.by
    own = act is not None and not clean.proxy
    code = "" if clean.phone or own else keys.new_code()
    contact = None
    if not own and (clean.phone or clean.name or code):
        contact = people.contact_columns(person.pk, name=clean.name, phone=clean.phone, code=code)
    emergency = rulebook().emergency(clean.category, org.local_date(at))
    order = _order(wish, clean, person, maker, at, emergency)
    made = Draft(order, clean.text, person, contact, _entry(order, clean.text, maker), code, emergency)
    made.helper = maker.by if clean.proxy and act is None else None
    if clean.phone and not emergency:
        made.message = {
            "topic": "orders.receipt", "key": f"{order.subject()}/1/resident", "lane": order.subject(),
            "to_person_id": person.pk, "role": "", "channel": "", "state": "queued", "tries": 0, "error": "",
            "data": journal.canonical_json({"number": order.number, "due": iso(order.answer_due_at)}),
            "next_try_at": at, "created_at": at,
        }  # fmt: skip
    return made


def _cleaned(wish: Wish, act: Act | None, maker: Act) -> _Clean:
    """Every value of a wish, or every wrong field at once."""
    wrong: dict[str, Any] = {}

    def tried(clean: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return clean(*args, **kwargs)
        except Invalid as refusal:
            wrong.update(refusal.details["fields"])
            return None

    unit = tried(_unit, wish.unit, "unit")
    channel = tried(_one_of, Channel, wish.channel or Channel.WEB, "channel")
    named = bool(wish.name) and not wish.anonymous
    clean = _Clean(
        text=tried(texts.clean_text, wish.text),
        unit=unit,
        about=tried(_unit, wish.about, "about") if wish.about else None,
        kind=tried(_one_of, Kind, wish.kind or Kind.HELP, "kind"),
        urgency=tried(_one_of, Urgency, wish.urgency or Urgency.NORMAL, "urgency"),
        channel=channel,
        phone=tried(texts.clean_phone, wish.phone) if wish.phone and not wish.anonymous else None,
        name=tried(texts.clean_text, wish.name, max_chars=40, field="name") if named else None,
        place=tried(texts.clean_text, wish.place, max_chars=120, field="place") if wish.place else "",
        point=tried(_point, wish.lat, wish.lon) or (None, None),
        proxy=tried(_proxy, wish, channel, unit, act),
        category=tried(category_of, wish.category, maker),
    )
    if wish.confidential and not wish.anonymous and not clean.phone:
        wrong.setdefault("phone", _("保密单要留手机号，只有经两人同意才能查看；不想留号码请选匿名。"))
    if wrong:
        raise Invalid(fields=wrong)
    return clean


def _order(wish: Wish, clean: _Clean, person: Person, maker: Act, at: datetime, emergency: str) -> Order:
    """The row, with its clocks; an emergency has none."""
    category = clean.category
    order = fresh(
        Order, number=keys.new_number(), state=S.NOT_ACCEPTED if emergency else S.SUBMITTED, unit_id=clean.unit.id,
        desk_unit_id=_desk(clean.unit, clean.about), about_unit_id=clean.about.id if clean.about else None,
        asked_by_id=person.pk, recorded_by_id=maker.by.pk if clean.proxy else None, kind=clean.kind,
        category_id=category.pk if category else None, klass=category.klass if category else Klass.GENERAL,
        urgency=clean.urgency, channel=clean.channel, title=texts.first_line(clean.text), place=clean.place,
        lat=clean.point[0], lon=clean.point[1], public=bool(wish.public) and not wish.confidential,
        anonymous=bool(wish.anonymous), confidential=bool(wish.confidential) and not wish.anonymous, asked_at=at,
    )  # fmt: skip
    if emergency:
        order.refusal, order.closed_at = "emergency", at
        return order
    for column, value in clocks.promise(order, at).items():
        setattr(order, column, value)
    for column, value in clocks.stage(order, S.SUBMITTED, at).items():
        setattr(order, column, value)
    return order


@tx.writes
def ask(made: Draft) -> Order:
    """Write a draft: person, contact, order, words, journal and the receipt's message, together or not at all."""
    _write(made, None)
    return made.order


def ask_once(made: Draft, claim: doors.Claim) -> doors.Answer | None:
    """Write a draft with the idempotency key of its request; None, or what was answered to this key before.

    Raises:
        KeyReused: the key was used for another body.
        InFlight: the first request has not ended.
    """
    if connection.vendor == "postgresql":
        done = _write(
            made, claim
        )  # one statement is a transaction by itself: no BEGIN, no COMMIT, two round trips less
    else:
        with tx.writing():
            done = _write(made, claim)
    return None if done else doors.kept(claim)


def _write(made: Draft, claim: doors.Claim | None) -> bool:
    order, entry = made.order, made.entry
    before: list[Row] = []
    for person in (made.person, made.helper):
        if person is not None and person._state.adding:
            before.append(("org_person", {"id": person.pk, "kind": person.kind, "name": ""}))
    if made.contact:
        columns = {name: value for name, value in made.contact.items() if value is not None}
        before.append(("org_contact", {"person_id": made.person.pk, **columns}))
    said = sha256(made.text.encode()).digest()
    words: dict[str, Any] = {
        "seq": 1,
        "kind": Text.Kind.REQUEST,
        "body": made.text,
        "digest": said,
        "staff_only": False,
    }
    after: list[Row] = [("journal_entry", {name: entry.__dict__[name] for name in _ENTRY})]
    if made.message:
        after.append(("notify_message", made.message))
    key = write(before, order_row(order), ("orders_text", words), after, claim)
    if key is None:
        return False
    order.pk = key
    for written in filter(None, (order, made.person, made.helper)):
        written._state.adding, written._state.db = False, "default"
    return True


def _stranger() -> Person:
    """A resident who is a person of this order."""
    return fresh(Person, id=new_id(), kind=Person.Kind.RESIDENT)


def _entry(order: Order, body: str, act: Act) -> Entry:
    """The first entry; the row's version and head come from it."""
    held = order.__dict__
    values = {name: engine.flat(held[name]) for name in ORDER.folded if held[name] is not None}
    entry = journal.prepare(
        ORDER.kind(dict(ORDER.births)[order.state]), order.subject(), seq=1, prev=hashing.ZERO, act=act, to=order.state,
        data={"text": sha256(body.encode()).hexdigest(), "set": values},
    )  # fmt: skip
    order.version, order.head = 1, entry.hash
    return entry


def _unit(raw: object, name: str) -> org.Node:
    # Bodies' codes contain a hyphen, which cleaning digits would take away.
    tree = org.tree()
    node = tree.by_code(raw.strip()) or tree.by_code(texts.clean_digits(raw)) if isinstance(raw, str) else None
    if node is None or (name == "unit" and node.is_body):
        raise Invalid(fields={name: _("没有这个社区（村），请从列表里选。")})
    if name == "about" and node.parent_id is None:
        raise Invalid(fields={name: _("反映县级机关整体的事项，请选具体部门。")})
    return node


@cache
def _values(words: type[models.TextChoices]) -> frozenset[str]:
    return frozenset(words.values)


def _one_of(words: type[models.TextChoices], raw: object, name: str) -> str:
    if not isinstance(raw, str) or raw not in _values(words):
        raise Invalid(fields={name: _("只能是：%(all)s。") % {"all": "、".join(map(str, words.values))}})
    return str(raw)


def _point(lat: object, lon: object) -> tuple[float, float] | None:
    if lat in (None, "") and lon in (None, ""):
        return None
    try:
        point = float(str(lat)), float(str(lon))
    except ValueError:
        point = float("nan"), float("nan")
    if not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180):
        raise Invalid(fields={"lat": _("经纬度要成对，如 30.30 和 108.04。")})
    return point


def _proxy(wish: Wish, channel: str | None, unit: org.Node | None, act: Act | None) -> bool:
    """Whether somebody else writes it down. Staff always do: who speaks with residents needs consent and a seat there.

    On the channels `web` and `open311` the resident has written it, and a program passes it on with a bearer of its own: it has
    nobody to ask for consent. A resident writes for somebody else who says that they have agreed.
    """
    if channel == Channel.IMPORT:
        raise Invalid(fields={"channel": _("这个渠道只由导入使用。")})
    if act is None or act.by.kind != Person.Kind.STAFF:
        if channel in PROXY_CHANNELS:
            raise Invalid(fields={"channel": _("这个渠道由工作人员代录。")})
        return wish.consent and not wish.anonymous
    if channel not in PROXY_CHANNELS:
        return True
    roles = ("recorder", "community", "dispatcher")
    if unit is not None and not any(act.holds(role, unit.id) for role in roles):
        raise NotAllowed(_("您只能为自己辖区的居民代录。"))
    if not wish.consent:
        raise Invalid(fields={"consent": _("请先征得居民同意再代录。")})
    return True


def _desk(unit: org.Node, about: org.Node | None) -> int:
    """Whose desk dispatches: the town's, else the county's; never one that sits in the unit complained about."""
    tree = org.tree()
    desk = tree.ancestor(unit.id, "town") or tree.root()
    while about is not None and tree.is_above(about.id, desk.id) and desk.parent_id is not None:
        desk = tree.node(desk.parent_id)
    return desk.id
