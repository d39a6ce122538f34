"""What staff are told each working morning: what is new, nearly due and late, one message for each unit and role."""

from collections import Counter, defaultdict
from datetime import datetime

from django.db.models import Count, Q

from sidan.kernel.base import tx
from sidan.kernel.notify import commands as notify
from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.orders.models import Order, Support
from sidan.orders.queries.seeing import in_hand
from sidan.orders.words import OPEN, S

# States in which somebody else has the word: nobody is reminded of them.
WAITING = (S.NEED_INFO, S.SUSPENDED, S.AWAITING_RATING)
# States in which whoever has it in hand has not taken it up yet.
UNTOUCHED = (S.SUBMITTED, S.AWAITING_DISPATCH, S.REOPENED, S.ESCALATED, S.DISPATCHED, S.DISPUTED, S.REPLIED)

HELD_BY = ("state", "unit_id", "desk_unit_id", "lead_unit_id", "about_unit_id")  # what `in_hand` looks at


@tx.writes
def send(at: datetime) -> int:
    """Queue the digests of a working day once its office hours have begun; returns how many. Four statements, once a day.

    The hours are the calendar's dated rows. Nearly due is what the ladder's dated rule has reminded of.
    """
    if not worktime.calendar().is_open(at):
        return 0
    day = org.local_date(at).isoformat()
    if not notify.once("orders.digest", day):
        return 0
    tree = org.tree()
    drafts = [
        notify.Draft(
            "orders.digest", f"orders.digest:{tree.node(unit_id).code}-{role}/{day}", at, to_unit=unit_id, role=role,
            data={name: counts[name] for name in ("new", "near", "late")},
        )
        for (unit_id, role), counts in sorted(work(at).items())
        if unit_id in tree.nodes and counts.total()
    ]  # fmt: skip
    if drafts:
        notify.send_many(drafts)
    return len(drafts)


def work(at: datetime) -> dict[tuple[int, str], Counter[str]]:
    """New, near and late for each unit and role that has something in hand. Two queries."""
    found: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    orders = Order.objects.filter(state__in=[state for state in OPEN if state not in WAITING])
    late, near = Q(due_at__lte=at), Q(due_at__gt=at, rung__gt=0)
    for row in orders.values(*HELD_BY).annotate(
        all=Count("pk"), late=Count("pk", filter=late), near=Count("pk", filter=near)
    ):
        holder = Order(**{name: row[name] for name in HELD_BY})
        counts = found[in_hand(holder)]
        counts.update(late=row["late"], near=row["near"], new=row["all"] if row["state"] in UNTOUCHED else 0)
    helps = (
        Support.objects.filter(state="asked").values("unit_id").annotate(all=Count("pk"), late=Count("pk", filter=late))
    )
    for part in helps:
        found[part["unit_id"], _helper(part["unit_id"])].update(new=part["all"], late=part["late"])
    return dict(found)


def _helper(unit_id: int) -> str:
    node = org.tree().nodes.get(unit_id)
    return "community" if node is not None and node.kind in ("community", "village") else "handler"
