"""One order's page for staff: what is asked, by when and by which rule, what happened, and what this person may do now."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.files import queries as files
from sidan.kernel.files.models import Photo, Purpose
from sidan.kernel.flow import engine
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import revealing
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order, Support
from sidan.orders.queries import around, lists, reading
from sidan.orders.queries.seeing import in_hand
from sidan.orders.rulebook import rulebook
from sidan.orders.views import desk_forms, desk_prefill, desk_tour
from sidan.orders.views.desk_conflict import Shown, conflict
from sidan.orders.views.desk_door import new_token, staff_act
from sidan.orders.views.desk_rows import flags, mark, rated, said
from sidan.orders.words import ENDS, Channel, Kind, Klass, S, Urgency
from sidan.web import unsent
from sidan.web.pages import page

_TONES = {
    "disputed": "danger", "reply_returned": "danger", "reopened": "danger", "recalled": "danger", "supervised": "danger",
    "pressed": "danger", "urged": "danger", "escalated": "warn", "extended": "warn", "suspended": "warn",
    "info_asked": "warn", "refused": "warn", "sent_back": "warn", "rated": "ok", "called_back": "ok", "replied": "info",
    "checked": "ok", "dispatched": "info", "ruled": "info", "accepted": "info", "support_answered": "ok",
}  # fmt: skip


@require_safe
def order_page(request: HttpRequest, number: str) -> HttpResponse:
    """One order. At most 12 queries with the frame's."""
    act = staff_act(request)
    return show(request, around.at_hand(number, act), act, _unsent(request))


def _unsent(request: HttpRequest) -> Shown:
    """The form that stood open when its writer's session ended, as it was filled."""
    noun = unsent.noun_below(request, request.path)
    words = unsent.of_form(request, f"{request.path}{noun}/") if noun else None
    if words is None:
        return Shown()
    step = SUPPORT.by_do["answer"] if noun == desk_forms.SUPPORT_ANSWER else ORDER.by_noun.get(noun)
    many = {one.name for one in step.fields if one.kind == "units"} if step else set()
    return Shown(open_noun=noun, values={name: words.getlist(name) if name in many else words[name] for name in words})


def show(request: HttpRequest, hand: around.AtHand, act: Act, shown: Shown) -> HttpResponse:
    """The page in one of its forms."""
    order = hand.order
    lines = reading.timeline(order, act)
    supports = reading.supports(order)
    similar, merged = (
        [{**row, "title": said(row["title"], row["confidential"])} for row in rows] for rows in around.alike(order, act)
    )
    suggested = desk_forms.suggestion(order, act)
    steps = engine.moves(ORDER, order, act)
    offered = desk_forms.moves(order, steps, act, may_support=_may_support(supports, act))
    nouns = {move["noun"] for move in offered}
    opened = shown.open_noun if shown.open_noun in nouns else desk_forms.open_noun(offered)
    words = desk_prefill.phrase_body(request.GET.get(desk_prefill.PHRASE, ""), act)
    prefilled = desk_forms.values(order, opened, suggested, words)
    context = {
        "order": order,
        "now": act.at,
        "heading": order.number,
        "title": said(order.title, order.confidential),
        "text": said(lines[0].text if lines else order.title, order.confidential),
        "flags": flags(order.__dict__, act.at),
        "css": mark(order.state, order.due_at, act.at),
        "ended": order.state in ENDS,
        "facts": facts(order),
        "clocks": _clocks(order),
        "has_it": None if order.state in _NOBODY else org.tree().node(in_hand(order)[0]),
        "refusal_told": reading.refusal_of(order),
        "rated": rated(order.__dict__),
        "entries": [_entry(order, line) for line in reversed(lines)],
        "photos": gallery(order),
        "supports": [_support(one) for one in supports],
        "into": hand.into,
        "merged": merged,
        "similar": similar,
        "may_phrase": any(move.get("phrases") for move in offered),
        "may_merge": "merging" in nouns,
        "merge_href": desk_forms.href(order.number, "merging"),
        "suggested": suggested if nouns & {"dispatching", "ruling"} else None,
        "offered": offered,
        "open_noun": opened,
        "values": {**prefilled, **shown.values} if opened == shown.open_noun else prefilled,
        "errors": shown.errors if opened == shown.open_noun else {},
        "choices": desk_forms.choices(order, act, suggested) if nouns & _WITH_UNITS else {},
        "version": order.version,
        "form_token": new_token(),
        "watched_by": hand.watched_by,
        **_tour(request, order, nouns),
        **_reach(hand, act, shown, nouns),
        **({"fresh": _fresh(order, lines, shown), **conflict(order, shown, nouns)} if shown.late else {}),
    }
    return page(request, "orders/desk/order.html", status=shown.status, **context)


# In these it waits for the resident, or for nobody.
_NOBODY = (*ENDS, S.NEED_INFO, S.AWAITING_RATING)
_WITH_UNITS = {"dispatching", "ruling", "dispute", "support"}


def facts(order: Order) -> list[tuple[str, Any]]:
    """What is known of it, in words; nothing of who asked. No query."""
    nodes, book = org.tree().nodes, rulebook()
    category = book.category_ids.get(order.category_id or 0)
    path = book.category_path(category, category.valid_from) if category else []
    names = [one.name for one in path] or ([category.name] if category else [])

    def unit(unit_id: int | None) -> str:
        node = nodes.get(unit_id or 0)
        return node.name if node else ""

    found = [
        (_("社区（村）"), unit(order.unit_id)),
        (_("地点"), order.place),
        (_("事项类别"), " › ".join(names) or _("还没有分类")),
        (_("类型"), Kind(order.kind).label),
        (_("时限类别"), Klass(order.klass).label),
        (_("紧急程度"), Urgency(order.urgency).label),
        (_("渠道"), Channel(order.channel).label),
        (_("派单单位"), unit(order.desk_unit_id)),
        (_("主办单位"), unit(order.lead_unit_id)),
        (_("被反映单位"), unit(order.about_unit_id)),
        (_("可否公开"), _("居民同意公开内容") if order.public else ""),
    ]
    return [(label, value) for label, value in found if value]


def gallery(order: Order) -> list[tuple[str, list[dict[str, Any]]]]:
    """Photos by what they show, before first. One query."""
    found: dict[str, list[dict[str, Any]]] = {purpose: [] for purpose in Purpose.values}
    for photo in files.photos(order.subject()):
        found[photo.purpose].append(_photo(order, photo))
    return [(str(Purpose(purpose).label), photos) for purpose, photos in found.items() if photos]


def _photo(order: Order, photo: Photo) -> dict[str, Any]:
    args = [order.number, photo.pk]
    return {
        "href": reverse("orders:desk-photo", args=args),
        "small": reverse("orders:desk-photo-small", args=args),
        "at": photo.at,
        "alt": Purpose(photo.purpose).label,
    }


def _clocks(order: Order) -> list[dict[str, Any]]:
    """The deadlines that run, each with the rule that made it."""
    book = rulebook()
    found = []
    answer, stage = (book.deadline_ids.get(one or 0) for one in (order.answer_rule_id, order.due_rule_id))
    if order.answer_due_at is not None:
        found.append({
            "label": _("承诺答复"), "at": order.answer_due_at, "ended_at": order.answered_at,
            "paused": order.paused_at is not None,
            "rule": reading.rule_words(answer), "measure": answer.measure if answer else "",
        })  # fmt: skip
    if order.due_at is not None and order.due_at != order.answer_due_at:
        label = _("下次查看") if order.state == S.SUSPENDED else _("本环节")
        found.append({
            "label": label, "at": order.due_at, "ended_at": None, "paused": False, "rule": reading.rule_words(stage),
            "measure": stage.measure if stage else "",
        })  # fmt: skip
    if order.contact_due_at is not None and order.first_contact_at is None and order.state not in ENDS:
        found.append({
            "label": _("首次联系居民"), "at": order.contact_due_at, "ended_at": None, "paused": False, "rule": "",
        })  # fmt: skip
    return found


def _entry(order: Order, line: reading.Line) -> dict[str, Any]:
    tone = _TONES.get(line.kind.rpartition(".")[2], "plain")
    inside = _("仅工作人员可见")  # not inside the braces: the catalogue's reader does not look there
    who = f"{line.who} · {inside}" if line.staff_only and line.who else line.who
    # The first stands on top of the page; many steps have no words.
    text = said(line.text, order.confidential) if line.seq > 1 and line.text else ""
    return {"at": line.at, "title": line.words, "who": who, "text": text, "tone": tone}


def _support(support: Support) -> dict[str, Any]:
    node = org.tree().nodes.get(support.unit_id)
    return {
        "name": node.name if node else "",
        "label": SUPPORT.labels[support.state],
        "tone": "warn" if support.state == "asked" else "ok" if support.state == "answered" else "plain",
        "due_at": support.due_at,
        "answered_at": support.answered_at,
        "rule": reading.rule_words(rulebook().deadline_ids.get(support.rule_id or 0)),
    }


def _may_support(supports: list[Support], act: Act) -> bool:
    """Whether one of the co-handlers' parts is this person's to answer. No query."""
    step = SUPPORT.by_do["answer"]
    return any(engine.check(SUPPORT, one, step, act) is None for one in supports if one.state == "asked")


def _tour(request: HttpRequest, order: Order, nouns: set[str]) -> dict[str, Any]:
    """The list that the page was opened from, and the keys that work here. No query."""
    tour = desk_tour.of_order(request)
    keys = [(key, ORDER.by_noun[noun].label) for noun, key in desk_forms.KEYS.items() if noun in nouns]
    if tour is None:
        return {"keys": [*keys, *desk_forms.KEYS_EVERYWHERE]}
    known = {desk_tour.FROM: tour.said}
    return {
        "tour": tour,
        "tour_label": lists.DESKS[tour.name].label,
        "next_href": tour.beside(order, "next"),
        "back_href": tour.beside(order, "back"),
        "carried": list(known.items()),
        "keys": [*keys, *desk_forms.KEYS_OF_A_TOUR, *desk_forms.KEYS_EVERYWHERE],
    }


def _fresh(order: Order, lines: list[reading.Line], shown: Shown) -> list[dict[str, Any]]:
    """What somebody else did since the form was opened."""
    return [_entry(order, line) for line in lines if line.seq > shown.since][-5:]


def _reach(hand: around.AtHand, act: Act, shown: Shown, nouns: set[str]) -> dict[str, Any]:
    """Whether the resident can be reached by this person, and how an identity is opened."""
    order = hand.order
    supervises = act.holds("supervisor", order.unit_id)
    opened = hand.reveal_until is not None
    may_read = opened if order.confidential else hand.has_phone and revealing.has_in_hand(order, act)
    return {
        "hint": hand.hint,
        "may_read": may_read,
        "may_call": may_read and hand.has_phone and not order.confidential and not order.anonymous,
        "may_note": "contact" in nouns,
        "note_href": desk_forms.href(order.number, "contact"),
        "contact": shown.contact,
        "reveal_until": hand.reveal_until,
        "reveal_asked": hand.reveal_asked,
        "reveal_errors": shown.errors if shown.open_noun == "reveal" else {},
        "reveal_reason": shown.values.get("reason", "") if shown.open_noun == "reveal" else "",
        "may_ask_reveal": order.confidential and supervises and hand.reveal_until is None and not hand.reveal_asked,
    }
