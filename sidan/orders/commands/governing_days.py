"""Keep the calendar: set a day, seed a year, and reckon open working-day deadlines anew."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.worktime import commands as worktime
from sidan.kernel.worktime.models import CalendarDay
from sidan.orders.commands.clockwork import redate_open
from sidan.orders.commands.governing import Changed, lock
from sidan.orders.models import Order
from sidan.orders.queries import governing
from sidan.orders.words import ENDS


@dataclass(frozen=True)
class DayPlan:
    """A day of another kind that is not set yet."""

    day: date
    before: CalendarDay | None
    kind: str
    name: str
    source: str
    seen: str
    open: int


def waiting(first: date, last: date | None = None) -> int:
    """Open orders whose working-day deadline lies on or after a day and may move. One statement."""
    rows = Order.objects.exclude(state__in=ENDS).filter(answer_rule__measure="working_days")
    rows = rows.filter(answer_due_at__date__gte=first - timedelta(days=1))
    return (rows.filter(answer_from__date__lte=last) if last else rows).count()


def plan_day(day: date, kind: str, name: str, source: str, act: Act) -> DayPlan:
    """What setting a day would mean. Two statements.

    Raises:
        Invalid: it is over, or it is that kind of day already.
    """
    governing.need(act, org.tree().root().id)
    if day < org.local_date(act.at):
        raise Invalid(fields={"kind": _("已经过去的日子不能再改。")})
    row = CalendarDay.objects.filter(date=day).first()
    if row is not None and (row.kind, row.name, row.confirmed, row.source) == (kind, name, True, source):
        raise Invalid(fields={"": _("没有改动。")})
    return DayPlan(day, row, kind, name, source, _seen(row), waiting(day))


@tx.writes
def set_day(day: date, kind: str, name: str, source: str, seen: str, act: Act) -> None:
    """Set a day as it was previewed; `recount` follows.

    Raises:
        Changed: somebody else set it.
    """
    lock()
    plan = plan_day(day, kind, name, source, act)
    if plan.seen != seen:
        raise Changed
    worktime.set_day(day, kind=kind, name=name, source=source, act=act)
    was = plan.before.kind if plan.before else None
    journal.write("worktime.day.set", f"worktime.day:{day}", act=act, data={"was": was, "kind": kind, "source": source})
    snapshot.forget()


class _Undone(Exception):
    def __init__(self, synced: worktime.Synced) -> None:
        self.synced = synced


@tx.writes
def look_ahead(year: int, act: Act) -> worktime.Synced:
    """What seeding a year would change: it is done, looked at and undone.

    Raises:
        Invalid: the year is out of range.
    """
    governing.need(act, org.tree().root().id)
    try:
        with transaction.atomic():
            raise _Undone(worktime.sync_year(year, act))
    except _Undone as done:
        snapshot.forget()
        return done.synced


@tx.writes
def sync(year: int, seen: str, act: Act) -> worktime.Synced:
    """Seed a year as it was previewed; `recount` follows."""
    governing.need(act, org.tree().root().id)
    lock()
    synced = worktime.sync_year(year, act)
    if fingerprint(synced) != seen:
        raise Changed
    _told(synced, act)
    snapshot.forget()
    return synced


@tx.writes
def seed(year: int, act: Act) -> worktime.Synced:
    """Seed a year without a preview: from the command line, and for the demonstration.

    Raises:
        Invalid: the year is out of range.
    """
    synced = worktime.sync_year(year, act)
    _told(synced, act)
    return synced


def _told(synced: worktime.Synced, act: Act) -> None:
    journal.write(
        "worktime.year.synced",
        f"worktime.year:{synced.year}",
        act=act,
        data={"confirmed": synced.confirmed, "changed": len(synced.changed), "kept": [str(day) for day in synced.kept]},
    )


def recount(act: Act) -> int:
    """Reckon open working-day deadlines anew, as the clock does; how many moved. One transaction for each order."""
    return redate_open(Act(org.system("clock"), act.at, Via.CLOCK))


def fingerprint(synced: worktime.Synced) -> str:
    """What a preview of a year has seen."""
    said = [synced.year, synced.confirmed, [str(day) for day in synced.changed], [str(day) for day in synced.kept]]
    return sha256(json.dumps(said).encode()).hexdigest()[:24]


def _seen(row: CalendarDay | None) -> str:
    said = f"{row.kind}|{row.name}|{row.source}|{row.confirmed}" if row else ""
    return sha256(said.encode()).hexdigest()[:24]
