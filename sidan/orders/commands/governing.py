"""Keep the governing rows: a new version, an end, a taking back. What has begun is never altered, only ended."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import NotNow
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import queries as entries
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.queries import governing
from sidan.orders.queries.governing import Plan
from sidan.orders.queries.governing_tables import Table

_MANY = 1_000


class Changed(NotNow):
    """Somebody else changed it between the preview and the confirmation."""

    code = "changed_meanwhile"


def plan_change(of: Table, stored: dict[str, Any], day: date, source: str, act: Act) -> Plan:
    """What a new version would do. One query.

    Raises:
        NotAllowed: the row holds where the actor is not operator.
        Invalid: see `queries.governing.change`.
    """
    governing.need(act, of.unit_id(of.cells_of(stored)))
    return governing.change(of, stored, day, source, org.local_date(act.at), governing.versions(of, stored))


def plan_withdrawal(of: Table, pk: int, day: date, source: str, act: Act) -> Plan:
    """What an end would do. Two queries."""
    found, rows = _found(of, pk, act)
    return governing.withdrawal(of, found, day, source, org.local_date(act.at), rows)


def plan_taking_back(of: Table, pk: int, act: Act) -> Plan:
    """What taking back would do. Three queries."""
    found, rows = _found(of, pk, act)
    told = entries.entries(of.subject(of.cells(found)))
    return governing.taking_back(of, found, org.local_date(act.at), rows, told)


def _found(of: Table, pk: int, act: Act) -> tuple[Any, list[Any]]:
    found = governing.row(of, pk)
    governing.need(act, of.unit_id(of.cells(found)))
    return found, list(of.model.objects.filter(**governing.same_key(of, found)).order_by("valid_from", "id"))


@tx.writes
def carry_out(planned: Callable[[], Plan], seen: str, act: Act) -> Plan:
    """Make a change as it was previewed.

    Args:
        planned: plans anew, under the lock.
        seen: the fingerprint that the preview showed.

    Raises:
        Changed: the versions are not what was previewed.
    """
    lock()
    plan = planned()
    if plan.seen != seen:
        raise Changed
    write(plan, act)
    snapshot.forget()
    return plan


def lock() -> None:
    """One change of configuration at a time: raising the revision holds its row until the transaction ends."""
    snapshot.bump()


def write(plan: Plan, act: Act, **more: Any) -> Any:
    """Put a plan into rows and say so in the journal. Returns the new version, None where there is none."""
    return write_many([plan], act, **more)[0]


def write_many(plans: Sequence[Plan], act: Act, **more: Any) -> list[Any]:
    """Put plans for different things of one table into rows, each with its entry: a few statements for each thousand."""
    if not plans:
        return []
    rows = plans[0].table.model.objects
    told = [[(one, one.valid_to, end) for one, end in plan.close if one.valid_to != end] for plan in plans]
    drop = [one.pk for plan in plans for one in plan.drop]
    ends: dict[date | None, list[int]] = {}
    for one, end in (pair for plan in plans for pair in plan.close):
        ends.setdefault(end, []).append(one.pk)
    for part in _parts(drop):
        rows.filter(pk__in=part, valid_from__gt=org.local_date(act.at)).delete()
    for end, keys in ends.items():
        for part in _parts(keys):
            rows.filter(pk__in=part).update(valid_to=end)
    new: list[Any] = [
        plan.table.model(**plan.new, valid_from=plan.day, valid_to=plan.until, source=plan.source) if plan.new else None
        for plan in plans
    ]
    rows.bulk_create([one for one in new if one is not None])
    entries = []
    for plan, made, moved in zip(plans, new, told, strict=True):
        closed = [{"id": one.pk, "was": _iso(was), "to": _iso(end)} for one, was, end in moved]
        data = {
            "new": made.pk if made else None, "closed": closed, "dropped": [one.pk for one in plan.drop],
            "day": plan.day.isoformat(), "values": plan.after if plan.new is not None else plan.before,
            "source": plan.source, **more,
        }  # fmt: skip
        entries.append(journal.Told(f"orders.rule.{plan.what}", plan.subject, data))
    journal.write_many(entries, act=act)
    return new


def _parts(keys: list[int]) -> Iterator[list[int]]:
    return (keys[at : at + _MANY] for at in range(0, len(keys), _MANY))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
