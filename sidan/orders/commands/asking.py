"""Placing an order: the hottest door. At most 8 statements on SQLite, 3 on PostgreSQL (one CTE writes everything)."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext as _

from sidan.kernel.base import text as texts
from sidan.kernel.base import tx
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.flow import engine
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import hashing
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify.models import Message
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Contact, Person, new_id
from sidan.orders import clocks, keys
from sidan.orders.commands.intake import category_of
from sidan.orders.commands.moving import iso
from sidan.orders.flow import ORDER
from sidan.orders.models import Order, Text
from sidan.orders.rulebook import rulebook
from sidan.orders.words import Channel, Kind, Klass, S, Urgency

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
        consent: for a proxy: the resident has agreed to be recorded.
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
    contact: Contact | None
    entry: Entry
    code: str = ""  # the receipt's 6 digits, where there is no telephone
    emergency: str = ""
    message: Message | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def draft(wish: Wish, act: Act | None, at: datetime, via: Via) -> Draft:
    """Clean a wish and reckon its clocks. No statement.

    Args:
        act: the person at the door; None for a resident without an account, who becomes a person of this order.

    Raises:
        Invalid: every wrong field at once.
        NotAllowed: a proxy without a seat there.
    """
    wrong: dict[str, Any] = {}

    def tried(clean: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return clean(*args, **kwargs)
        except Invalid as refusal:
            wrong.update(refusal.details["fields"])
            return None

    body = tried(texts.clean_text, wish.text)
    unit = tried(_unit, wish.unit, "unit")
    about = tried(_unit, wish.about, "about") if wish.about else None
    kind = tried(_one_of, Kind, wish.kind or Kind.HELP, "kind")
    urgency = tried(_one_of, Urgency, wish.urgency or Urgency.NORMAL, "urgency")
    channel = tried(_one_of, Channel, wish.channel or Channel.WEB, "channel")
    phone = tried(texts.clean_phone, wish.phone) if wish.phone and not wish.anonymous else None
    name = tried(texts.clean_text, wish.name, max_chars=40, field="name") if wish.name and not wish.anonymous else None
    place = tried(texts.clean_text, wish.place, max_chars=120, field="place") if wish.place else ""
    lat, lon = tried(_point, wish.lat, wish.lon) or (None, None)
    proxy = tried(_proxy, wish, channel, unit, act)
    maker = act or Act(Person(id=new_id(), kind=Person.Kind.RESIDENT), at, via)
    category = tried(category_of, wish.category, maker)
    if wish.confidential and not wish.anonymous and not phone:
        wrong["phone"] = _("保密单要留手机号，只有经两人同意才能查看；不想留号码请选匿名。")
    if wrong:
        raise Invalid(fields=wrong)
    person = Person(id=new_id(), kind=Person.Kind.RESIDENT) if proxy else maker.by
    own = act is not None and not proxy
    code = "" if phone or own else keys.new_code()
    contact = None
    if not own and (phone or name or code):
        contact = Contact(person_id=person.pk, **people.contact_columns(person.pk, name=name, phone=phone, code=code))
    emergency = rulebook().emergency(category, org.local_date(at))
    order = Order(
        number=keys.new_number(), state=S.NOT_ACCEPTED if emergency else S.SUBMITTED, unit_id=unit.id,
        desk_unit_id=_desk(unit, about), about_unit_id=about.id if about else None, asked_by_id=person.pk,
        recorded_by_id=maker.by.pk if proxy else None, kind=kind, category_id=category.pk if category else None,
        klass=category.klass if category else Klass.GENERAL, urgency=urgency, channel=channel,
        title=texts.first_line(body), place=place, lat=lat, lon=lon, public=bool(wish.public) and not wish.confidential,
        anonymous=bool(wish.anonymous), confidential=bool(wish.confidential) and not wish.anonymous, asked_at=at,
    )  # fmt: skip
    if emergency:
        order.refusal, order.closed_at = "emergency", at
    else:
        for column, value in clocks.promise(order, at).items():
            setattr(order, column, value)
        for column, value in clocks.stage(order, S.SUBMITTED, at).items():
            setattr(order, column, value)
    made = Draft(order, body, person, contact, _entry(order, body, maker), code, emergency)
    if phone and not emergency:
        made.message = Message(
            topic="orders.receipt", key=f"{order.subject()}/1/resident", lane=order.subject(), to_person_id=person.pk,
            data={"number": order.number, "due": iso(order.answer_due_at)}, next_try_at=at, created_at=at,
        )  # fmt: skip
    return made


@tx.writes
def ask(made: Draft) -> Order:
    """Write a draft: person, contact, order, words, journal and the receipt's message, together or not at all."""
    new_person = made.person if made.person._state.adding else None
    rows: list[models.Model] = [row for row in (new_person, made.contact) if row is not None]
    words = Text(
        order=made.order, seq=1, kind=Text.Kind.REQUEST, body=made.text, digest=sha256(made.text.encode()).digest()
    )
    after: list[models.Model] = [made.entry, *([made.message] if made.message else [])]
    if connection.vendor == "postgresql":
        _one_statement(rows, made.order, words, after)
    else:
        for row in rows:
            _insert(row)
        made.order.pk = _insert(made.order)
        words.order_id = made.order.pk
        for row in (words, *after):
            _insert(row)
    return made.order


def _entry(order: Order, body: str, act: Act) -> Entry:
    """The first entry; the row's version and head come from it."""
    values = {name: engine.flat(getattr(order, name)) for name in ORDER.folded}
    entry = journal.prepare(
        ORDER.kind(dict(ORDER.births)[order.state]), order.subject(), seq=1, prev=hashing.ZERO, act=act, to=order.state,
        data={"text": sha256(body.encode()).hexdigest(), "set": {k: v for k, v in values.items() if v is not None}},
    )  # fmt: skip
    order.version, order.head = 1, entry.hash
    return entry


def _columns(row: models.Model) -> tuple[list[str], list[Any]]:
    """Columns and values of a row that is to be inserted; an automatic key and nulls are left to the database."""
    names, values = [], []
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        if value is None:
            continue
        names.append(column.column or column.name)
        values.append(column.get_db_prep_save(value, connection))
    return names, values


def _insert(row: models.Model) -> int:
    names, values = _columns(row)
    holes = ",".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {row._meta.db_table} ({','.join(map(_quoted, names))}) VALUES ({holes})", values)
        return int(cursor.lastrowid or 0)


def _one_statement(before: list[models.Model], order: Order, words: Text, after: list[models.Model]) -> None:
    """Everything in one writable CTE. Foreign keys are checked at the end of the transaction, so the order is free."""
    parts, values = [], []
    for at, row in enumerate((*before, *after)):
        names, given = _columns(row)
        table = row._meta.db_table
        holes = ",".join(["%s"] * len(given))
        parts.append(f"w{at} AS (INSERT INTO {table} ({','.join(map(_quoted, names))}) VALUES ({holes}))")
        values += given
    names, given = _columns(order)
    holes = ",".join(["%s"] * len(given))
    parts.append(f"o AS (INSERT INTO orders_order ({','.join(map(_quoted, names))}) VALUES ({holes}) RETURNING id)")
    values += given
    names, given = _columns(words)
    holes = ",".join(["%s"] * len(given))
    columns = ",".join(map(_quoted, names))
    parts.append(f"t AS (INSERT INTO orders_text (order_id, {columns}) SELECT o.id, {holes} FROM o)")
    values += given
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} SELECT id FROM o", values)
        order.pk = words.order_id = cursor.fetchone()[0]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _unit(raw: object, name: str) -> org.Node:
    # Bodies' codes contain a hyphen, which cleaning digits would take away.
    tree = org.tree()
    node = tree.by_code(raw.strip()) or tree.by_code(texts.clean_digits(raw)) if isinstance(raw, str) else None
    if node is None or (name == "unit" and node.is_body):
        raise Invalid(fields={name: _("没有这个社区（村），请从列表里选。")})
    if name == "about" and node.parent_id is None:
        raise Invalid(fields={name: _("反映县级机关整体的事项，请选具体部门。")})
    return node


def _one_of(words: type[models.TextChoices], raw: object, name: str) -> str:
    if raw not in words.values:
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
    """Whether somebody else writes it down: staff, who need the resident's consent and a seat where they record in person."""
    staff = act is not None and act.by.kind == Person.Kind.STAFF
    if not staff or act is None:
        if channel in PROXY_CHANNELS or channel == Channel.IMPORT:
            raise Invalid(fields={"channel": _("这个渠道由工作人员代录。")})
        return False
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
