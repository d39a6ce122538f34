"""Build the demonstration county in an empty house, know whether it is there, and take it away again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from shutil import rmtree

from django.core.management import call_command
from django.db import connection

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.models import Revision
from sidan.kernel.files import storage
from sidan.kernel.journal import commands as journal
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Unit
from sidan.orders.commands import county, governing_days
from sidan.orders.models import DeadlineRule
from sidan.site.demo import history, staff
from sidan.site.demo.month import DAYS, WORKING_DAYS_STREET, Month

MARK = "demo"  # row of `base_revision`: 1 while the demonstration is being built, 2 when it stands
BUILDING, STANDING = 1, 2
SIZE = 320


class NotDemo(Exception):
    """The house holds something that the demonstration did not write."""


def state() -> str:
    """empty, building (a start was interrupted), standing, or other (a real county). Two queries."""
    value = Revision.objects.filter(name=MARK).values_list("value", flat=True).first()
    if value is not None:
        return "standing" if value == STANDING else "building"
    return "other" if Unit.objects.exists() else "empty"


def build(now: datetime, *, size: int = SIZE, progress: Callable[[int, int], None] = lambda done, all: None) -> None:
    """Write county, staff and month into an empty house.

    Raises:
        NotDemo: the house is not empty.
    """
    if state() != "empty":
        raise NotDemo
    with _quiet():
        _prepare(now)
        month = Month(now, size)
        month.play(progress)
        history.bring(now, month.stage.texts)
        journal.seal_all(at=now)
    _mark(STANDING)


def reset() -> None:
    """Drop every table and photo of a demonstration and make the tables anew.

    Raises:
        NotDemo: the house was not written by the demonstration.
    """
    if state() == "other":
        raise NotDemo
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cascade = " CASCADE" if connection.vendor == "postgresql" else ""
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)}{cascade}")
    rmtree(storage.root(), ignore_errors=True)
    snapshot.forget()
    call_command("migrate", verbosity=0, interactive=False)


@tx.writes
def _prepare(now: datetime) -> None:
    """Rules, calendar and staff."""
    _mark(BUILDING)
    act = Act(org.system("shell"), now, Via.CLI)
    county.load(act=act)
    day = org.local_date(now)
    for year in range((day - timedelta(days=DAYS)).year, (day + timedelta(days=60)).year + 1):
        governing_days.seed(year, act)
    street = Unit.objects.get(code=WORKING_DAYS_STREET)
    DeadlineRule.objects.create(
        stage="reply", klass="general", urgency="normal", unit=street, amount=5, measure="working_days",
        extend_max_days=5, extend_max_times=1, valid_from=street.valid_from,
        source="演示：白公街道办理规范（虚构），说明镇街可按工作日计时",
    )  # fmt: skip
    snapshot.bump()
    seats = staff.hire(day - timedelta(days=DAYS + 1))
    root = org.tree().root()
    journal.write("orders.county.staffed", f"orders.county:{root.code}", act=act, data={"seats": seats})


@tx.writes
def _mark(value: int) -> None:
    Revision.objects.update_or_create(name=MARK, defaults={"value": value})


@contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of messages and steps of the clock are no news here."""
    logger = logging.getLogger("sidan.kernel")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
