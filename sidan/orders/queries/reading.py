"""One order as its reader may see it: facts, timeline in plain words, texts, and the steps that the reader may take."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import NotFound
from sidan.kernel.files import queries as kept
from sidan.kernel.files.models import Photo, Purpose
from sidan.kernel.flow import engine, fields
from sidan.kernel.flow.definition import Step
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Contact, Person
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import DeadlineRule, Order, Support, Text
from sidan.orders.models.governing import Measure
from sidan.orders.queries import phones
from sidan.orders.queries.seeing import in_hand, sees
from sidan.orders.queries.telling import told
from sidan.orders.rulebook import route_text, rulebook
from sidan.orders.words import Kind, Klass, S, Stage, Urgency
from sidan.web.logs import masked

API = "/api/v1"


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    seq: int
    at: datetime
    kind: str
    words: str
    who: str
    text: str = ""
    staff_only: bool = False


def by_number(number: str, act: Act) -> Order:
    """An order that this act may see.

    Raises:
        NotFound: it does not exist, or not for this reader: the two look the same.
    """
    order = Order.objects.filter(number=number.strip().upper()).first()
    if order is None or not sees(order, act):
        raise NotFound(_("没有找到这一单。"))
    return order


def is_resident(order: Order, act: Act) -> bool:
    """Whether the reader is the one who asked (and not staff)."""
    return act.by.pk == order.asked_by_id


def timeline(order: Order, act: Act) -> list[Line]:
    """What happened, as this reader may know it. Three queries: entries, texts, names.

    The resident reads units and not persons; staff read names; notes between offices are for staff.
    """
    entries = journal.entries(order.subject())
    texts = {text.seq: text for text in Text.objects.filter(order=order)}
    staff = not is_resident(order, act)
    names = org.names({entry.by_id for entry in entries})
    unchecked = set() if staff else _unchecked(entries)
    lines = []
    for entry in entries:
        words = told(entry, orjson.loads(entry.data), staff=staff)
        if words is None:
            continue
        text = texts.get(entry.seq)
        hidden = text is not None and not staff and (text.staff_only or entry.seq in unchecked)
        lines.append(
            Line(
                entry.seq,
                entry.at,
                entry.kind,
                words,
                _who(order, entry, names, staff),
                "" if text is None or hidden else _shown(_body(text), staff and order.confidential),
                bool(text and text.staff_only),
            )
        )
    return lines


def _unchecked(entries: list[Entry]) -> set[int]:
    """Replies that no checker has let through: the resident reads what was checked, not what is still looked at."""
    held: set[int] = set()
    last = 0
    for entry in entries:
        name = entry.kind.rpartition(".")[2]
        if name == "replied":
            last = entry.seq
            held.add(last)
        elif name == "checked":
            held.discard(last)
    return held


def _body(text: Text) -> str:
    return _("（已按规定删除）") if text.erased_at else text.body


def _shown(text: str, confidential: bool) -> str:
    """What somebody wrote; where the one who asked is hidden, so are numbers by which they could be called."""
    return masked(text) if confidential else text


def _who(order: Order, entry: Entry, names: dict[int, str], staff: bool) -> str:
    """Who did it, as far as this reader may know: a resident is never named, not even to staff."""
    if entry.by_id == order.asked_by_id:
        return _("居民") if staff else _("您")
    if entry.via == "clock":
        return _("系统")
    if entry.via == "import":
        return _("导入")
    if entry.by_id == order.recorded_by_id and entry.by_id not in names:
        return _("替居民点单的人")  # another resident, who has no name here
    return names.get(entry.by_id, "") if staff else ""


def rule_words(rule: DeadlineRule | None) -> str:
    """A deadline's rule in one sentence, with its source."""
    if rule is None:
        return ""
    return _("%(stage)s时限：%(amount)d%(measure)s（%(source)s）") % {
        "stage": Stage(rule.stage).label,
        "amount": rule.amount,
        "measure": Measure(rule.measure).label,
        "source": rule.source,
    }


def summary(row: dict[str, Any]) -> dict[str, Any]:
    """A list's row for programs: codes and words, no ids."""
    nodes, book = org.tree().nodes, rulebook()
    category = book.category_ids.get(row["category_id"] or 0)

    def unit(key: str) -> dict[str, str] | None:
        node = nodes.get(row[key] or 0)
        return {"code": node.code, "name": node.name} if node else None

    return {
        "number": row["number"],
        "state": row["state"],
        "state_label": str(S(row["state"]).label),
        "kind": row["kind"],
        "klass": row["klass"],
        "urgency": row["urgency"],
        "channel": row["channel"],
        "title": _shown(row["title"], row["confidential"]),
        "place": row["place"],
        "unit": unit("unit_id"),
        "lead": unit("lead_unit_id"),
        "category": {"code": category.code, "name": category.name} if category else None,
        "asked_at": row["asked_at"],
        "due_at": row["answer_due_at"],
        "stage_due_at": row["due_at"],
        "answered_at": row["answered_at"],
        "closed_at": row["closed_at"],
        "round": row["round"],
        "solved": row["solved"],
        "satisfied": row["satisfied"],
        "version": row["version"],
    }


def order_view(order: Order, act: Act, *, lines: bool = True) -> dict[str, Any]:
    """The order for programs, as its reader may see it. At most 7 queries."""
    book, nodes = rulebook(), org.tree().nodes
    staff = not is_resident(order, act)
    hidden = staff and order.confidential
    row = summary({**{name: getattr(order, name) for name in _SUMMARY}, "confidential": hidden})
    row.update(
        kind_label=str(Kind(order.kind).label),
        klass_label=str(Klass(order.klass).label),
        urgency_label=str(Urgency(order.urgency).label),
        rule=rule_words(book.deadline_ids.get(order.answer_rule_id or 0)),
        stage_rule=rule_words(book.deadline_ids.get(order.due_rule_id or 0)),
        text=_shown(_request(order), hidden),
        public=order.public,
        anonymous=order.anonymous,
        confidential=order.confidential,
        has_it=has_it(order),
        phone=phones.answering(order.unit_id, act.at),
        suspended_until=order.suspended_until,
        extensions_left=order.extend_left,
        refusal=refusal_of(order),
        supports=[
            {
                "unit": {"code": nodes[one.unit_id].code, "name": nodes[one.unit_id].name},
                "state": one.state,
                "due_at": one.due_at,
            }
            for one in supports(order)
            if one.unit_id in nodes
        ],
        moves=moves(order, act),
    )
    if staff:
        row["lat"], row["lon"] = order.lat, order.lon
    if lines:
        row["timeline"] = [
            {
                "seq": line.seq,
                "at": line.at,
                "kind": line.kind,
                "words": line.words,
                "who": line.who,
                "text": line.text or None,
            }
            for line in timeline(order, act)
        ]
    return row


_SUMMARY = (
    "number", "state", "kind", "klass", "urgency", "channel", "title", "place", "unit_id", "lead_unit_id", "category_id",
    "asked_at", "answer_due_at", "due_at", "answered_at", "closed_at", "round", "solved", "satisfied", "version",
)  # fmt: skip


def _request(order: Order) -> str:
    text = Text.objects.filter(order=order, kind=Text.Kind.REQUEST).order_by("seq").first()
    return _body(text) if text else ""


def supports(order: Order) -> list[Support]:
    """The co-handlers of the present round, without those who are needed no more. One query."""
    return list(
        Support.objects.filter(order=order, round=order.round).exclude(state="released").order_by("due_at", "pk")
    )


def has_it(order: Order) -> str:
    """Who has it in hand, for the resident: the unit's name."""
    if order.state in (S.CLOSED, S.NOT_ACCEPTED, S.WITHDRAWN, S.MERGED):
        return ""
    if order.state in (S.NEED_INFO, S.AWAITING_RATING):
        return _("等您回复")
    return org.tree().node(in_hand(order)[0]).name


def refusal_of(order: Order) -> dict[str, str] | None:
    """Why it was not accepted, and the legal route, in the reader's language."""
    if not order.refusal:
        return None
    day = org.local_date(order.closed_at)
    reason = rulebook().reason(order.refusal, day)
    if reason is None:
        return {"code": order.refusal, "name": order.refusal, "route": "", "phone": ""}
    name, route = route_text(reason)
    category = rulebook().category_ids.get(order.category_id or 0)
    emergency = rulebook().emergency(category, day) if order.refusal == "emergency" else ""
    return {"code": order.refusal, "name": name, "route": route, "phone": emergency or reason.phone}


def moves(order: Order, act: Act) -> list[dict[str, Any]]:
    """The steps that this reader may take now, with what each asks for. One query where the reader may co-handle."""
    found = [
        {
            "noun": step.noun,
            "label": str(step.label),
            "href": f"{API}/orders/{order.number}/{step.noun}",
            "fields": fields.schema(fields_of(order, step)),
            "primary": step.primary,
        }
        for step in engine.moves(ORDER, order, act)
    ]
    support = my_support(order, act)
    if support is not None:
        step = SUPPORT.by_do["answer"]
        found.append(
            {
                "noun": "support-answer",
                "label": str(step.label),
                "href": f"{API}/orders/{order.number}/support-answer",
                "fields": fields.schema(step.fields),
                "primary": True,
            }
        )
    return found


def fields_of(order: Order, step: Step) -> tuple[fields.Field, ...]:
    """What a step asks for of this order: more days than its deadline's rule allows are not offered. No query."""
    if step.do != "extend":
        return step.fields
    rule = rulebook().deadline_ids.get(order.answer_rule_id or 0)
    most = rule.extend_max_days if rule else 0
    return tuple(replace(one, most=most) if isinstance(one, fields.Whole) else one for one in step.fields)


def my_support(order: Order, act: Act) -> Support | None:
    """The co-handler's part that this act may answer. One query where the order has open parts."""
    if order.supports_open == 0 or not act.seats:
        return None
    for support in Support.objects.filter(order=order, round=order.round, state="asked"):
        if engine.check(SUPPORT, support, SUPPORT.by_do["answer"], act) is None:
            return support
    return None


def photos(order: Order, act: Act) -> list[Photo]:
    """The order's photos that this reader sees. One query.

    The one who asked sees before and after, and what they added; the handlers' evidence is not theirs.
    """
    found = kept.photos(order.subject())
    if not is_resident(order, act):
        return found
    return [one for one in found if one.purpose != Purpose.EVIDENCE or one.kept_by_id == act.by.pk]


def contact_hint(order: Order) -> str:
    """Whether the resident can be reached, without saying where: for the staff's page. One query."""
    if order.confidential:
        return _("保密：身份对承办人隐藏")
    if order.anonymous:
        return _("匿名：没有联系方式，请在单上留言")
    has = Contact.objects.filter(person_id=order.asked_by_id, phone_enc__isnull=False).exists()
    return _("留有手机号") if has else _("没有手机号，请在单上留言")


def proves(order: Order, *, last4: str = "", code: str = "") -> bool:
    """Whether a reader knows the tail of the telephone, or the receipt's 6 digits. One query."""
    contact = Contact.objects.filter(person_id=order.asked_by_id).first()
    if contact is None:
        return False
    if last4 and contact.last4_hash is not None:
        return hmac.compare_digest(bytes(contact.last4_hash), org.last4_hash(contact.person_id, last4))
    if code and contact.code_hash is not None:
        return hmac.compare_digest(bytes(contact.code_hash), org.code_hash(contact.person_id, code))
    return False


def asker(order: Order) -> Person:
    """The one who asked: whom a reader's token stands for. One query."""
    return Person.objects.get(pk=order.asked_by_id)
