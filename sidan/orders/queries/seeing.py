"""Who sees which orders: one condition for pages, lists, counts, exports and the API alike."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.models import Order, Support
from sidan.orders.words import S

_DESK_ROLES = ("dispatcher", "checker", "supervisor")
_HELPING_ROLES = ("handler", "community")
TAKEN_ON = (S.SUBMITTED, S.NEED_INFO, S.ACCEPTED)  # what a community's desk begins with


def visible_to(act: Act) -> Q:
    """The orders that an act may see. No query of its own but the actor's seats.

    Residents see what they asked. A community sees its own and what it leads or helps with; a desk its tree and what was
    escalated to it; a handler what its unit leads or helps with; nobody what is said about the unit they sit in. The operator
    sees none.
    """
    tree = org.tree()
    condition = Q(asked_by=act.by.pk) | Q(recorded_by=act.by.pk)
    sat_in: set[int] = set()
    for held in act.seats:
        if held.unit_id not in tree.nodes:
            continue
        sat_in |= set(tree.node(held.unit_id).path)
        below = tree.descendants(held.unit_id)
        if held.role == "community":
            condition |= Q(unit__in=below) | Q(lead_unit__in=below)
        elif held.role in _DESK_ROLES:
            if tree.node(held.unit_id).parent_id is None:
                condition |= Q(pk__isnull=False)  # the whole county
            else:
                condition |= Q(unit__in=below) | Q(desk_unit__in=below)
        elif held.role == "handler":
            condition |= Q(lead_unit__in=below)
        if held.role in _HELPING_ROLES:
            condition |= Q(Exists(Support.objects.filter(order=OuterRef("pk"), unit__in=below)))
    if sat_in:
        condition &= Q(about_unit=None) | ~Q(about_unit__in=sat_in)
    return condition


def sees(order: Order, act: Act) -> bool:
    """Whether an act may see one order that is at hand. One query at most (co-handlers)."""
    tree = org.tree()
    if order.about_unit_id and any(tree.is_above(order.about_unit_id, held.unit_id) for held in act.seats):
        return False
    if act.by.pk in (order.asked_by_id, order.recorded_by_id):
        return True
    # The root is named apart: a place that is no more lies below nothing, and its orders remain the county's.
    places = (order.unit_id, order.desk_unit_id, tree.root().id)
    if any(act.holds(role, unit) for role in _DESK_ROLES for unit in places):
        return True
    if any(act.holds("community", unit) for unit in (order.unit_id, order.lead_unit_id)):
        return True
    if act.holds("handler", order.lead_unit_id):
        return True
    mine = [below for held in act.seats if held.role in _HELPING_ROLES for below in tree.descendants(held.unit_id)]
    return bool(mine) and Support.objects.filter(order=order, unit_id__in=mine).exists()


def in_hand(order: Order) -> tuple[int, str]:
    """Who has it in hand now: unit and role."""
    if order.state in (S.AWAITING_DISPATCH, S.REOPENED, S.ESCALATED):
        return order.desk_unit_id, "dispatcher"
    if order.state == S.DISPUTED:
        return order.desk_unit_id, "supervisor"
    if order.state == S.REPLIED:
        return _street(order), "checker"
    if order.state in TAKEN_ON and no_community(order):
        return order.desk_unit_id, "dispatcher"
    if order.lead_unit_id and order.lead_unit_id != order.unit_id:
        return order.lead_unit_id, handling_role(org.tree().node(order.lead_unit_id))
    return order.unit_id, "community"


def no_community(order: Order) -> bool:
    """Whether no community can take it on: it was placed at the desk itself, or is about the place that it was placed at."""
    about = order.about_unit_id
    return order.unit_id == order.desk_unit_id or (about is not None and org.tree().is_above(about, order.unit_id))


def _street(order: Order) -> int:
    """Where answers are checked: the street of the place, else the desk (which is above a street that is complained about)."""
    tree = org.tree()
    street = tree.ancestor(order.unit_id, "town") if order.unit_id in tree.nodes else None
    about = tree.nodes.get(order.about_unit_id or 0)
    passed_over = about is not None and about.level == "town" and about.parent_id == order.desk_unit_id
    return order.desk_unit_id if street is None or passed_over else street.id


def handling_role(node: org.Node) -> str:
    """Who takes up what is sent to a unit: the desk of a community, the handler of a body."""
    return "community" if node.kind in ("community", "village") else "handler"


def unattended(nodes: Iterable[org.Node]) -> dict[int, org.Node | None]:
    """Units where nobody would take up what is sent to them, each with the nearest above that would be told, if any.

    A team's department counts as the unit itself. No query.
    """
    tree, held = org.tree(), org.attended()
    found: dict[int, org.Node | None] = {}
    for node in nodes:
        told = next((tree.node(one) for one in reversed(node.path) if (one, handling_role(node)) in held), None)
        if told is None or (told.id != node.id and not (node.is_body and told.is_body)):
            found[node.id] = told
    return found
