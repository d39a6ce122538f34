"""Verbs that bring data in: a county's rules, another system's orders."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from django.db import IntegrityError

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders import importing
from sidan.orders.commands import county as counties


def county(args: argparse.Namespace) -> int:
    """Units, catalogues, duties, deadlines, ladder and reasons of an empty house."""
    try:
        act = Act(org.system("importer"), datetime.now(UTC), Via.IMPORT)
        counts = counties.load(Path(args.folder), act=act)
    except IntegrityError:
        raise Invalid("This house has units already; change them on the operator's pages.") from None
    except KeyError as error:
        raise Invalid(f"A file lacks the column, or names the unit, {error}.") from None
    except ValueError as error:
        raise Invalid(f"A value cannot be read: {error}.") from None
    print("  ".join(f"{name} {count}" for name, count in counts.items()))
    return 0


def orders(args: argparse.Namespace) -> int:
    """Preview, import or undo. Status 1 tells, of a preview and of an import alike, that a row was refused."""
    act = Act(org.system("importer"), datetime.now(UTC), Via.IMPORT)
    if args.undo is not None:
        return _undo(args, act)
    if not args.file or not args.map:
        raise Invalid("Name the file and its map: sidan import orders FILE --map MAP.toml")
    path, plan = Path(args.file), Path(args.map)
    for one in (path, plan):
        if not one.is_file():
            raise Invalid(f"There is no file {one}.")
    if args.preview or not args.yes:
        report = importing.run(path, plan, act=act, preview=True, progress=_progress, system=args.system)
        _print(report)
        if args.preview:
            return _status(report)
        if not _agreed():
            print("Nothing was imported.", file=sys.stderr)
            return 1
    report = importing.run(path, plan, act=act, progress=_progress, system=args.system)
    _print(report)
    return _status(report)


def _status(report: importing.Report) -> int:
    return 1 if report.refused or not (report.created or report.known) else 0


def _undo(args: argparse.Namespace, act: Act) -> int:
    _print(importing.undo(args.undo, act=act))
    return 0


def _print(report: importing.Report) -> None:
    print("\n".join(map(str, report.lines())))


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("To import without being asked: --yes", file=sys.stderr)
        return False
    return input("Import these? [y/N] ").strip().lower() in ("y", "yes", "是")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of about {total:,} rows", end="\n" if done >= total else "", file=sys.stderr, flush=True)
