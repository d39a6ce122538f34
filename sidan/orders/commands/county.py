"""Load a county's units and rules from a folder of csv files (see orders/county/README.txt for their columns)."""

import csv
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db.models import Model

from sidan.kernel.base import snapshot, tx
from sidan.kernel.journal import commands as journal
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import DutyPhone, Unit
from sidan.orders.models import Category, DeadlineRule, DispatchRule, Duty, LadderRule, Place, RefusalReason
from sidan.orders.queries import places

FOLDER = Path(__file__).resolve().parents[1] / "county"


@tx.writes
def load(folder: Path = FOLDER, *, act: Act) -> dict[str, int]:
    """Write every row of an empty house; returns how many of each. The journal keeps counts and what the files were.

    Raises:
        IntegrityError: the house is not empty.
    """
    units = _units(folder)
    counts = {"units": len(units)}
    tables: tuple[tuple[type[Model], list[Any]], ...] = (
        (Category, list(_categories(folder))),
        (DispatchRule, list(_dispatch(folder, units))),
        (Duty, list(_duties(folder))),
        (DeadlineRule, list(_deadlines(folder, units))),
        (LadderRule, list(_ladder(folder))),
        (RefusalReason, list(_refusals(folder))),
        (DutyPhone, list(_phones(folder, units))),
        (Place, list(_places(folder, units))),
    )
    for model, rows in tables:
        model._default_manager.bulk_create(rows)
        counts[model._meta.model_name or ""] = len(rows)
    snapshot.bump()
    files = {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.csv"))}
    root = next(unit for unit in units.values() if unit.parent is None)
    journal.write(
        "orders.county.loaded", f"orders.county:{root.code}", act=act, data={"counts": counts, "files": files}
    )
    return counts


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _day(raw: str | None) -> date | None:
    return date.fromisoformat(raw) if raw else None


def _since(row: dict[str, str]) -> date:
    return _day(row.get("valid_from")) or date(2026, 1, 1)


def _units(folder: Path) -> dict[str, Unit]:
    """All units, parents before children; codes to rows."""
    made: dict[str, Unit] = {}
    waiting = [*_rows(folder / "units.csv"), *_rows(folder / "bodies.csv")]
    while waiting:
        ready = [
            row for row in waiting if row["parent_code"] in made or not row["parent_code"] or row["level"] == "county"
        ]
        if not ready:
            raise ValueError(f"units without a parent: {[row['code'] for row in waiting][:5]}")
        rows = [
            Unit(
                code=row["code"], name=row["name"], short_name=row["short_name"], kind=row["kind"], level=row["level"],
                parent=made.get(row["parent_code"]), lat=float(row["lat"]) if row.get("lat") else None,
                lon=float(row["lon"]) if row.get("lon") else None, valid_from=_since(row),
                source=row.get("source") or "统计用区划代码（2023）",
            )
            for row in ready
        ]  # fmt: skip
        made |= {row.code: row for row in Unit.objects.bulk_create(rows)}
        waiting = [row for row in waiting if row["code"] not in made]
    return made


def _categories(folder: Path) -> Iterator[Category]:
    for row in _rows(folder / "categories.csv"):
        yield Category(
            code=row["code"], name=row["name"], klass=row["class"], emergency=row["emergency"], kinds=row["kinds"],
            keywords=row["keywords"], valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _dispatch(folder: Path, units: dict[str, Unit]) -> Iterator[DispatchRule]:
    for row in _rows(folder / "catalogue.csv"):
        yield DispatchRule(
            category_code=row["category_code"], area=units[row["area"]], lead=units[row["lead"]],
            supports=row["supports"], klass=row["class"], legal_basis=row["legal_basis"],
            answer_amount=int(row["answer_amount"]) if row["answer_amount"] else None,
            answer_measure=row["answer_measure"], valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _duties(folder: Path) -> Iterator[Duty]:
    for row in _rows(folder / "duties.csv"):
        yield Duty(
            holder=row["holder"], category_code=row["category_code"], role=row["role"], text=row["text"],
            valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _deadlines(folder: Path, units: dict[str, Unit]) -> Iterator[DeadlineRule]:
    for row in _rows(folder / "deadlines.csv"):
        yield DeadlineRule(
            stage=row["stage"], klass=row["class"], urgency=row["urgency"],
            unit=units[row["unit_code"]] if row["unit_code"] else None, amount=int(row["amount"]),
            measure=row["measure"], extend_max_days=int(row["extend_max_days"] or 0),
            extend_max_times=int(row["extend_max_times"] or 0), valid_from=_since(row),
            valid_to=_day(row["valid_to"]), source=row["source"],
        )  # fmt: skip


def _ladder(folder: Path) -> Iterator[LadderRule]:
    for row in _rows(folder / "ladder.csv"):
        yield LadderRule(
            rung=row["rung"], klass=row["class"], when=row["when"], amount=int(row["amount"]),
            measure=row["measure"], tell=row["tell"], valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _refusals(folder: Path) -> Iterator[RefusalReason]:
    for row in _rows(folder / "refusals.csv"):
        yield RefusalReason(
            code=row["code"], name=row["name"], name_en=row["name_en"], route=row["route"], route_en=row["route_en"],
            phone=row["phone"], valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _phones(folder: Path, units: dict[str, Unit]) -> Iterator[DutyPhone]:
    for row in _rows(folder / "duty_phones.csv"):
        yield DutyPhone(
            unit=units[row["unit_code"]], day_phone=row["day_phone"], night_phone=row["night_phone"],
            valid_from=_since(row), source=row["source"],
        )  # fmt: skip


def _places(folder: Path, units: dict[str, Unit]) -> Iterator[Place]:
    """Estates and buildings; a county may leave the file out and let its communities enter them."""
    path = folder / "places.csv"
    for row in _rows(path) if path.is_file() else ():
        names = row["estate"], row["building"], row["spot"]
        yield Place(
            code=row["code"] or places.derived(row["unit_code"], names), unit=units[row["unit_code"]], estate=names[0],
            building=names[1], spot=names[2], valid_from=_since(row), source=row["source"],
        )  # fmt: skip
