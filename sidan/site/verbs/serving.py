"""Verbs that run the house: serve, work, migrate, demo."""

import argparse
import sys
import time
from datetime import UTC, datetime

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sidan.orders.queries import figures
from sidan.orders.words import S
from sidan.site import background
from sidan.site import serve as server
from sidan.site.demo import house, staff

NOT_A_DEMO = (
    "The demonstration is not allowed here. Allow it with SIDAN_DEMO=1, on this machine or a local network only."
)
NOT_EMPTY = (
    "This house holds a real county, which the demonstration does not touch. Give it another folder: SIDAN_DATA=..."
)


def serve(args: argparse.Namespace) -> int:
    """Serve until told to stop; with --demo, make everything ready first."""
    config = settings.CONFIG
    server.insist_on_free(config.host, config.port)
    if args.demo:
        if not settings.SIDAN_DEMO:
            return _refuse(NOT_A_DEMO)
        if pending():
            migrate(args)
        if house.state() != "standing" and _build(house.SIZE):
            return 1
        _welcome()
    elif waiting := pending():
        return _refuse(f"The database lacks {waiting} migrations of this version. Mend it: sidan migrate")
    else:
        print(f"Sidan: {settings.SIDAN_URL}", file=sys.stderr)
    server.serve(config.host, config.port, args.workers)
    return 0


def work(args: argparse.Namespace) -> int:
    """Be the worker and the clock."""
    background.run_forever()
    return 0


def migrate(args: argparse.Namespace) -> int:
    """Bring the database up to this version."""
    waiting = pending()
    call_command("migrate", verbosity=0, interactive=False)
    print(f"{waiting} migrations applied" if waiting else "nothing to migrate", file=sys.stderr)
    return 0


def pending() -> int:
    """How many migrations are not applied. Two queries."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def demo(args: argparse.Namespace) -> int:
    """Load the demonstration county."""
    if not settings.SIDAN_DEMO:
        return _refuse(NOT_A_DEMO)
    if pending():
        migrate(args)
    standing = house.state()
    if args.if_empty and standing in ("standing", "other"):
        return 0
    if standing == "standing" and not args.reset:
        return _refuse("The demonstration is here already. Make it anew with --reset.")
    if args.reset and standing != "empty":
        try:
            house.reset()
        except house.NotDemo:
            return _refuse(NOT_EMPTY)
    status = _build(house.SIZE if args.size is None else args.size)
    if status == 0:
        _welcome()
    return status


def _build(size: int) -> int:
    """Write the month, showing how far it is, and its three rates."""
    begun = time.monotonic()
    if house.state() == "building":
        print("The last start was interrupted; the demonstration is made anew.", file=sys.stderr)
        house.reset()
    now = datetime.now(UTC)
    try:
        house.build(now, size=size, progress=_bar)
    except house.NotDemo:
        return _refuse(NOT_EMPTY)
    counts = figures.by_state()
    print(f"{sum(counts.values())} orders in {time.monotonic() - begun:.0f} s")
    print("  " + "  ".join(f"{S(state).label} {count}" for state, count in sorted(counts.items())))
    for rate in figures.rates(now):
        share = "-" if rate.rate is None else f"{rate.rate:.1%}"
        print(f"  {rate.figure.label} {share} = {rate.numerator}/{rate.denominator}")
    return 0


def _bar(done: int, total: int) -> None:
    """A line that grows at a terminal, and a few lines elsewhere."""
    if sys.stderr.isatty():
        full = done * 30 // total
        end = "\n" if done == total else ""
        print(
            f"\rthe month's days [{'#' * full}{'.' * (30 - full)}] {done}/{total}", end=end, file=sys.stderr, flush=True
        )
    elif done % 10 == 0 or done == total:
        print(f"the month's days: {done}/{total}", file=sys.stderr, flush=True)


def _welcome() -> None:
    """The address, and one ready account per role."""
    width = max(len(row["handle"]) for row in staff.accounts())
    print(f"\n四单 Sidan: {settings.SIDAN_URL}")
    print(f"  messages sent to residents and staff: {settings.SIDAN_URL}/dev/outbox")
    print(f"  sign in: {settings.SIDAN_URL}/sign-in/  password of every account: {staff.PASSWORD}")
    for row in staff.accounts():
        print(f"    {row['handle']:<{width}}  {row['does']}")
    print("", flush=True)


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
