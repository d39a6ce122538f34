"""Questions about the organisation. The tree is read once per process and refreshed when it changes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db.models import Q

from sidan.kernel.base import crypto, snapshot
from sidan.kernel.org.act import Held
from sidan.kernel.org.models import Contact, DutyPhone, Person, Seat, Token, Unit

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Node:
    """A unit in the tree; `path` holds the ids from the root down to itself."""

    id: int
    code: str
    name: str
    short_name: str
    kind: str
    level: str
    parent_id: int | None
    path: tuple[int, ...]
    lat: float | None = None
    lon: float | None = None

    @property
    def is_body(self) -> bool:
        """Departments, member units and teams serve a place; they are not one."""
        return self.level == "body"


@dataclass
class Tree:
    """All units that are valid."""

    nodes: dict[int, Node]
    codes: dict[str, Node] = field(init=False)
    below: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.codes = {node.code: node for node in self.nodes.values()}
        self.below = {}
        for node in self.nodes.values():
            for above in node.path:
                self.below.setdefault(above, []).append(node.id)

    def by_code(self, code: str) -> Node | None:
        return self.codes.get(code)

    def node(self, unit_id: int) -> Node:
        return self.nodes[unit_id]

    def descendants(self, unit_id: int) -> list[int]:
        """The unit and everything below it."""
        return self.below.get(unit_id, [])

    def is_above(self, above: int, unit_id: int) -> bool:
        """Whether one unit is the other or lies above it."""
        node = self.nodes.get(unit_id)
        return node is not None and above in node.path

    def root(self) -> Node:
        return next(node for node in self.nodes.values() if node.parent_id is None)

    def children(self, unit_id: int) -> list[Node]:
        return sorted((n for n in self.nodes.values() if n.parent_id == unit_id), key=lambda n: n.code)

    def ancestor(self, unit_id: int, level: str) -> Node | None:
        """The nearest unit of a level, looking upwards from the unit itself."""
        for above in reversed(self.nodes[unit_id].path):
            if self.nodes[above].level == level:
                return self.nodes[above]
        return None


@snapshot.cached("org.tree")
def tree() -> Tree:
    """The county's units as they stand. One query when it changed, none otherwise."""
    today = local_date(None)
    rows = list(
        Unit.objects.filter(Q(valid_to=None) | Q(valid_to__gt=today), valid_from__lte=today).values_list(
            "id", "code", "name", "short_name", "kind", "level", "parent_id", "lat", "lon"
        )
    )
    parents = {row[0]: row[6] for row in rows}

    def path(unit_id: int) -> tuple[int, ...]:
        up: list[int] = []
        at: int | None = unit_id
        while at is not None and at not in up:
            up.append(at)
            at = parents.get(at)
        return tuple(reversed(up))

    return Tree({row[0]: Node(*row[:7], path(row[0]), row[7], row[8]) for row in rows})


def local_date(at: datetime | None) -> date:
    """The county's calendar day of a moment (of now, for configuration that is read as it stands)."""
    return (at.astimezone(ZONE) if at else datetime.now(ZONE)).date()


def held(person: Person, at: datetime) -> tuple[Held, ...]:
    """The roles a person holds at a moment; a deputy's seat counts like the seat it stands in for. One query."""
    if person.kind != Person.Kind.STAFF:
        return ()
    day = local_date(at)
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=day), person=person, from_date__lte=day)
    return tuple(Held(unit_id, role) for unit_id, role in rows.order_by("id").values_list("unit_id", "role"))


def holders(unit_id: int, role: str, at: datetime) -> list[Person]:
    """Who holds a role in a unit now, deputies included. One query."""
    day = local_date(at)
    return list(
        Person.objects.filter(
            Q(seats__to_date=None) | Q(seats__to_date__gt=day),
            seats__unit_id=unit_id,
            seats__role=role,
            seats__from_date__lte=day,
        )
        .distinct()
        .order_by("handle")
    )


def holders_of(wanted: Iterable[tuple[int, str]], at: datetime) -> dict[tuple[int, str], list[int]]:
    """Who holds these roles in these units now: ids by unit and role, as `holders` orders them. One query for all."""
    day, pairs = local_date(at), set(wanted)
    rows = Seat.objects.filter(
        Q(to_date=None) | Q(to_date__gt=day),
        unit__in={unit for unit, _role in pairs},
        role__in={role for _unit, role in pairs},
        from_date__lte=day,
    )
    found: dict[tuple[int, str], list[int]] = {}
    for unit, role, person in rows.order_by("person__handle").values_list("unit_id", "role", "person_id"):
        people = found.setdefault((unit, role), [])
        if person not in people:
            people.append(person)
    return found


@snapshot.cached("org.attended")
def attended() -> frozenset[tuple[int, str]]:
    """The roles that somebody holds today, by unit. One query when a seat changed or the day, none otherwise."""
    today = local_date(None)
    rows = Seat.objects.filter(Q(to_date=None) | Q(to_date__gt=today), from_date__lte=today)
    return frozenset(rows.values_list("unit_id", "role").distinct())


def system(handle: str) -> Person:
    """The clock, the importer, the operator's shell: persons that are no human. Made by a migration. One query."""
    return Person.objects.get(handle=handle, kind=Person.Kind.SYSTEM)


def phone_of(person_id: int) -> str | None:
    """The telephone number in clear. Only for the channel that dials it and the journalled reveal. One query."""
    sealed = Contact.objects.filter(person_id=person_id).values_list("phone_enc", flat=True).first()
    return crypto.open_text(bytes(sealed)) if sealed else None


@dataclass(frozen=True)
class Reach:
    """How a person is reached. Telephone and address are opened when they are asked for: only by the channel that uses them."""

    staff: bool
    phone_enc: bytes | memoryview | None
    email_enc: bytes | memoryview | None

    @property
    def phone(self) -> str | None:
        return crypto.open_text(bytes(self.phone_enc)) if self.phone_enc else None

    @property
    def email(self) -> str | None:
        return crypto.open_text(bytes(self.email_enc)) if self.email_enc else None


def reaches(person_ids: Iterable[int]) -> dict[int, Reach]:
    """How many people are reached; for the relay. One query."""
    rows = Person.objects.filter(id__in=set(person_ids)).values_list(
        "id", "kind", "contact__phone_enc", "contact__email_enc"
    )
    return {row[0]: Reach(row[1] == Person.Kind.STAFF, row[2], row[3]) for row in rows}


def email_of(person_id: int) -> str | None:
    """The e-mail address in clear, for its owner's own page. One query."""
    sealed = Contact.objects.filter(person_id=person_id).values_list("email_enc", flat=True).first()
    return crypto.open_text(bytes(sealed)) if sealed else None


def name_of(person_id: int) -> str | None:
    """A resident's name in clear, under the same care as the telephone. One query."""
    sealed = Contact.objects.filter(person_id=person_id).values_list("name_enc", flat=True).first()
    return crypto.open_text(bytes(sealed)) if sealed else None


def names(person_ids: Iterable[int]) -> dict[int, str]:
    """Names of staff for timelines and lists; residents have none here. One query."""
    return dict(Person.objects.filter(id__in=set(person_ids), kind=Person.Kind.STAFF).values_list("id", "name"))


def last4_hash(person_id: int, last4: str) -> bytes:
    """What proves a reader: the tail of the telephone, keyed with the person."""
    return crypto.keyed_hash(f"last4:{person_id}:{last4}")


def code_hash(person_id: int, code: str) -> bytes:
    """The receipt's 6 digits, keyed with the person."""
    return crypto.keyed_hash(f"code:{person_id}:{code}")


def phone_hash(phone: str) -> bytes:
    """What a telephone number is found by."""
    return crypto.keyed_hash(f"phone:{phone}")


def token_hash(bearer: str) -> bytes:
    """What a bearer is found by: it has 256 random bits, so a plain hash suffices."""
    return sha256(bearer.encode()).digest()


def bearer(value: str, at: datetime) -> Token | None:
    """The token behind a bearer, with its person, unless it ended or was revoked. One query."""
    return (
        Token.objects.select_related("person")
        .filter(Q(expires_at=None) | Q(expires_at__gt=at), hash=token_hash(value), revoked_at=None)
        .exclude(person__account__is_active=False)
        .first()
    )


@snapshot.cached("org.duty_phones")
def _duty_phones() -> dict[int, tuple[str, str]]:
    today = local_date(None)
    rows = DutyPhone.objects.filter(Q(valid_to=None) | Q(valid_to__gt=today), valid_from__lte=today)
    return {unit: (day, night) for unit, day, night in rows.values_list("unit_id", "day_phone", "night_phone")}


def duty_phone(unit_id: int | None = None, *, night: bool = False) -> str:
    """The telephone of a human: the unit's own, else the nearest above, else the county's; empty where none is known."""
    phones = _duty_phones()
    nodes = tree().nodes
    path = nodes[unit_id].path if unit_id in nodes else tuple(i for i, n in nodes.items() if n.parent_id is None)
    for above in reversed(path):
        if above in phones:
            return phones[above][1 if night else 0]
    return ""
