"""What the API says of itself: every request and every answer, for OpenAPI. Nothing here runs when a request is served."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from sidan.kernel.files.models import Purpose
from sidan.kernel.flow import fields
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.words import Channel, Kind, Klass, S, Urgency

JSON = dict[str, Any]


class Problem(Schema):
    """RFC 9457. `code` is stable; on 422 `fields` names what is wrong, on 409 `moves` says what is possible now."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    fields: dict[str, str] | None = None
    moves: list["Move"] | None = None
    state: str | None = None
    version: int | None = None
    retry_after: int | None = None


class Move(Schema):
    """A step that the reader may take now: POST its fields to its href."""

    noun: str
    label: str
    href: str
    fields: JSON = Field(description="JSON Schema of the body")
    primary: bool


class Route(Schema):
    """Why it was not accepted, where to go instead, and whom to call."""

    code: str
    name: str
    route: str
    phone: str


class Emergency(Schema):
    """Call this number; the order is not queued."""

    phone: str
    code: str | None = None
    name: str | None = None
    route: str | None = None


class Receipt(Schema):
    """What the one who asked is told. `code` opens the order where no telephone was given: it is shown only here."""

    number: str
    state: str
    due_at: datetime | None
    tracking_url: str
    code: str | None = None
    reason: str | None = None
    emergency: Emergency | None = None


class UnitName(Schema):
    code: str
    name: str


class Line(Schema):
    """One line of the timeline."""

    seq: int
    at: datetime
    kind: str
    words: str
    who: str
    text: str | None


class SupportPart(Schema):
    """A co-handler's part."""

    unit: UnitName
    state: str
    due_at: datetime | None


class MainLine(Schema):
    """A line of the main order's timeline, without anybody's words."""

    at: datetime
    kind: str
    words: str


class MainOrder(Schema):
    """How the order goes on into which this one was merged; its number only for who may see it."""

    number: str | None
    state: str
    state_label: str
    due_at: datetime | None
    has_it: str
    timeline: list[MainLine]


class OrderRow(Schema):
    """An order in a list. `due_at` is what the resident was promised, `stage_due_at` the end of the present stage."""

    number: str
    state: str
    state_label: str
    kind: str
    klass: str
    urgency: str
    channel: str
    title: str
    place: str
    unit: UnitName | None
    lead: UnitName | None
    category: UnitName | None
    asked_at: datetime
    due_at: datetime | None
    stage_due_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    round: int
    solved: str | None
    satisfied: str | None
    version: int


class OrderView(OrderRow):
    """One order as its reader may see it."""

    kind_label: str
    klass_label: str
    urgency_label: str
    rule: str = Field(description="the rule that made the deadline, with its source")
    stage_rule: str
    text: str
    public: bool
    anonymous: bool
    confidential: bool
    has_it: str
    phone: str
    suspended_until: datetime | None
    extensions_left: int
    refusal: Route | None
    supports: list[SupportPart]
    moves: list[Move]
    timeline: list[Line]
    main: MainOrder | None = Field(description="of a merged order: the progress of the order that it was merged into")


class OrderList(Schema):
    items: list[OrderRow]
    next: str | None = Field(description="pass it as `next` for the following page; null on the last")


class ReaderToken(Schema):
    token: str
    expires_at: datetime


class Photo(Schema):
    id: str
    purpose: str
    at: datetime
    width: int
    height: int
    href: str


class NewPhoto(Photo):
    version: int


class PhotoList(Schema):
    items: list[Photo]


class RevealView(Schema):
    id: str
    state: str
    reason: str
    requested_at: datetime
    decided_at: datetime | None
    open_until: datetime | None
    moves: list[Move]


class RevealList(Schema):
    items: list[RevealView]


class Identity(Schema):
    name: str
    phone: str


class UnitRow(Schema):
    code: str
    name: str
    short_name: str
    kind: str
    level: str
    parent: str | None
    lat: float | None
    lon: float | None


class UnitList(Schema):
    items: list[UnitRow]


class CategoryRow(Schema):
    """`emergency` is the number to call for such a matter; empty where it is none."""

    code: str
    name: str
    klass: str
    emergency: str
    children: list["CategoryRow"]


class CategoryList(Schema):
    items: list[CategoryRow]


TEXT: JSON = {"type": "string", "minLength": 1, "maxLength": 4000}


def _word(choices: list[str]) -> JSON:
    return {"anyOf": [{"type": "string", "enum": choices}, {"type": "null"}]}


def _maybe(schema: JSON) -> JSON:
    return {"anyOf": [schema, {"type": "null"}]}


ASK_BODY: JSON = {
    "type": "object",
    "required": ["text", "unit"],
    "properties": {
        "text": TEXT,
        "unit": {"type": "string", "maxLength": 24, "description": "official code: see /units"},
        "kind": _word(Kind.values),
        "category": _maybe({"type": "string", "maxLength": 6, "description": "see /categories"}),
        "channel": _word([one for one in Channel.values if one != Channel.IMPORT]),
        "urgency": _word(Urgency.values),
        "contact": _maybe({
            "type": "object",
            "properties": {"name": _maybe({"type": "string", "maxLength": 40}), "phone": _maybe({"type": "string"})},
        }),
        "place": _maybe({"type": "string", "maxLength": 120}),
        "lat": _maybe({"type": "number", "minimum": -90, "maximum": 90}),
        "lon": _maybe({"type": "number", "minimum": -180, "maximum": 180}),
        "public": _maybe({"type": "boolean"}),
        "anonymous": {**_maybe({"type": "boolean"}), "description": "no contact is kept"},
        "confidential": {**_maybe({"type": "boolean"}), "description": "kept, and hidden from whoever handles"},
        "about": _maybe({"type": "string", "maxLength": 24, "description": "the unit complained about"}),
        "consent": {**_maybe({"type": "boolean"}), "description": "a proxy's word that the resident agreed"},
    },
}  # fmt: skip

KEY: JSON = {
    "in": "header", "name": "Idempotency-Key", "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "new for each thing done; the same key again gets the same answer",
}  # fmt: skip
SEEN: JSON = {
    "in": "header", "name": "If-Match", "required": False, "schema": {"type": "string", "pattern": '^"?[0-9]{1,9}"?$'},
    "description": "the order's `version` as it was seen; 409 moved_first where somebody was faster",
}  # fmt: skip
_MUST: list[JSON] = [{"bearer": []}]
_ANY: list[JSON] = [*_MUST, {}]
_EVERYWHERE = (405, 500, 503)


def _query(name: str, schema: JSON, description: str = "") -> JSON:
    return {"in": "query", "name": name, "required": False, "schema": schema, "description": description}


def _body(schema: JSON, kind: str = "application/json", required: bool = True) -> JSON:
    return {"required": required, "content": {kind: {"schema": schema}}}


def _says(
    answer: dict[int, type[Schema]] | None, *refused: int, security: list[JSON] | None = None, **extra: Any
) -> JSON:
    """What ninja's decorator takes: answers by status, and what stands beside them."""
    said: dict[Any, type[Schema]] = {**(answer or {}), frozenset((*refused, *_EVERYWHERE)): Problem}
    return {"response": said, "openapi_extra": {"security": security or [], **extra}}


_LISTS = "comma-separated: "
_WHEN = {"type": "string"}
ASK = _says(
    {201: Receipt}, 400, 401, 403, 409, 413, 422, 429, security=_ANY, parameters=[KEY], requestBody=_body(ASK_BODY)
)
LIST = _says(
    {200: OrderList}, 400, 401, 422, 429, security=_MUST,
    parameters=[
        *(_query(name, {"type": "string"}, _LISTS + ", ".join(words))
          for name, words in (("state", S.values), ("kind", Kind.values), ("klass", Klass.values),
                              ("urgency", Urgency.values), ("channel", Channel.values))),
        _query("unit", {"type": "string"}, "official code; with everything below it"),
        _query("lead", {"type": "string"}, "official code of the unit that handles"),
        _query("category", {"type": "string"}, "code, or its beginning"),
        _query("asked_from", _WHEN, "day or moment (ISO 8601)"), _query("asked_to", _WHEN, "day or moment (ISO 8601)"),
        _query("overdue", {"type": "boolean"}, "only those whose stage is late"),
        _query("next", {"type": "string"}, "of the page before"),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
    ],
)  # fmt: skip
SHOW = _says({200: OrderView}, 401, 404, 429, security=_MUST)
READER = _says(
    {200: ReaderToken}, 400, 404, 413, 422, 429,
    requestBody=_body({
        "type": "object",
        "properties": {
            "last4": {"type": "string", "description": "last four digits of the telephone"},
            "code": {"type": "string", "description": "the receipt's 6 digits, where there is no telephone"},
        },
        "anyOf": [{"required": ["last4"]}, {"required": ["code"]}],
    }),
)  # fmt: skip
PHOTOS = _says({200: PhotoList}, 401, 404, 429, security=_MUST)
PHOTO = _says(
    None, 401, 404, 429, security=_MUST,
    responses={200: {"description": "JPEG", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
UPLOAD = _says(
    {201: NewPhoto}, 400, 401, 403, 404, 409, 413, 422, 429, security=_MUST, parameters=[KEY],
    requestBody=_body(
        {"type": "object", "required": ["photo"],
         "properties": {"photo": {"type": "string", "format": "binary"},
                        "purpose": {"type": "string", "enum": Purpose.values}}},
        "multipart/form-data",
    ),
)  # fmt: skip
REVEALS = _says({200: RevealList}, 401, 403, 404, 429, security=_MUST)
_REASON: JSON = {
    "type": "object", "required": ["reason"], "properties": {"reason": {"type": "string", "minLength": 5, "maxLength": 400}}
}  # fmt: skip
ASK_REVEAL = _says(
    {201: RevealView}, 400, 401, 403, 404, 409, 413, 422, 429, security=_MUST, parameters=[KEY], requestBody=_body(_REASON)
)  # fmt: skip
DECIDE = _says({200: RevealView}, 400, 401, 403, 404, 409, 413, 422, 429, security=_MUST, parameters=[KEY])
IDENTITY = _says({200: Identity}, 401, 403, 404, 409, 429, security=_MUST)
UNITS = _says({200: UnitList}, 422, parameters=[_query("parent", {"type": "string"}, "official code")])
CATEGORIES = _says({200: CategoryList})


def move_paths(prefix: str) -> JSON:
    """An address for each step of the law, with the fields that it asks for as of today."""
    steps = {**ORDER.by_noun, "support-answer": SUPPORT.by_do["answer"]}
    number = {"in": "path", "name": "number", "required": True, "schema": {"type": "string"}}
    statuses = (400, 401, 403, 404, 409, 413, 422, 429, *_EVERYWHERE)
    return {
        f"{prefix}/orders/{{number}}/{noun}": {
            "post": {
                "operationId": f"orders_{noun.replace('-', '_')}",
                "summary": f"{step.label} ({step.do})",
                "tags": ["moves"],
                "security": _MUST,
                "parameters": [number, KEY, SEEN],
                "requestBody": _body(fields.schema(step.fields), required=any(one.required for one in step.fields)),
                "responses": {
                    "200": {
                        "description": "The order after the step",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderView"}}},
                    },
                    **{str(status): problem_answer() for status in statuses},
                },
            }
        }
        for noun, step in steps.items()
    }


def problem_answer() -> JSON:
    """How every refusal is described."""
    return {
        "description": "Refused",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
