"""How fast another system's orders come in: orders a second with words and journal entries, reading included.

The file is the caller's, or one of 100,000 made-up cases in the shape of a city's published 311 table. The limit is PostgreSQL's and
holds on an idle machine with two cores; SQLite, which writes in this very process, is measured without one. Memory is that of this
process with everything it has loaded.
"""

import csv
import os
import random
import resource
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ground

LIMIT_PER_SECOND = {"postgres": 30_000}
MAP = ground.ROOT / "sidan" / "orders" / "maps" / "nyc-311.toml"
COLUMNS = (
    "unique_key", "account", "opendate", "closedate", "complaint_type", "descriptor", "zip", "borough", "city",
    "council_dist", "community_board",
)  # fmt: skip


def made_up(path: Path, rows: int) -> None:
    """Cases over ten years, 4 % of them open."""
    rng, first = random.Random(311), date(2015, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for row in range(rows):
            opened = first + timedelta(days=rng.randrange(3650))
            closed = "" if rng.random() < 0.04 else str(opened + timedelta(days=rng.randrange(60)))
            office, borough = f"OFFICE{rng.randrange(51):02d}", rng.choice(("Brooklyn", "Queens", "Bronx", ""))
            what = rng.choice(("Utilities", "Sanitation", "Transportation", "Housing and Buildings"))
            table.writerow([
                f"{office}{row:07d}", office, opened, closed, what, f"Matter {rng.randrange(400)}",
                f"{11200 + rng.randrange(100)}", borough, borough, office, f"{rng.randrange(18):02d} {borough}",
            ])  # fmt: skip


def processor_seconds() -> float:
    """What the database's process for this connection has used; 0 where there is none."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    parts = stat.read_text().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def measured(database: str, path: Path, plan: Path) -> list[ground.Figure]:
    """Import, import again, prove the journal, take it back."""
    from sidan.kernel.journal import queries as journal
    from sidan.kernel.org import queries as org
    from sidan.kernel.org.act import Act, Via
    from sidan.orders import importing

    act = Act(org.system("importer"), datetime.now(UTC), Via.IMPORT)
    figures: list[ground.Figure] = []

    def add(name: str, value: float, unit: str, limit: float | None = None, **more: Any) -> None:
        figures.append(ground.Figure(f"{database}: {name}", round(value, 1), unit, limit, **more))

    def timed(work: Any, *args: Any, **named: Any) -> tuple[float, Any]:
        start = time.perf_counter()
        result = work(*args, **named)
        return time.perf_counter() - start, result

    seconds, seen = timed(importing.run, path, plan, act=act, preview=True)
    add("preview, rows", seen.rows / seconds, "/s", more=True)
    here, there = time.process_time(), processor_seconds()
    seconds, first = timed(importing.run, path, plan, act=act)
    here, there = time.process_time() - here, processor_seconds() - there
    if first.created != seen.created or not first.batch_id:
        raise SystemExit(f"the preview said {seen.created}, the import made {first.created}")
    add("orders imported, reading included", first.created / seconds, "/s", LIMIT_PER_SECOND.get(database), more=True)
    add("orders imported, database's statements only", first.created / first.write_seconds, "/s", more=True)
    add("processor time of the import itself, an order", here / first.created * 1e6, "us")
    if there:
        add("processor time of the database, an order", there / first.created * 1e6, "us")
    seconds, again = timed(importing.run, path, plan, act=act)
    add("orders made by a second import", again.created, "", 0)
    add("second import, rows", again.rows / seconds, "/s", more=True)
    add("entries that do not prove", 0 if journal.verify() is None else 1, "", 0)
    seconds, undone = timed(importing.undo, first.batch_id, act=act)
    add("orders taken back", undone.undone / seconds, "/s", more=True)
    add("most memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")
    return figures


def main() -> int:
    asked = ground.arguments(
        __doc__ or "", file={"type": Path}, map={"type": Path, "default": MAP}, rows={"type": int, "default": 100_000}
    )
    if asked.db == "both":
        own = ["--map", str(asked.map), "--rows", str(asked.rows), *(["--json"] if asked.json else [])]
        return ground.each(asked.db, __file__, [*own, *(["--file", str(asked.file)] if asked.file else [])])
    with ground.house(asked.db) as folder:
        ground.county()
        path = asked.file
        if path is None:
            path = folder / "cases.csv"
            made_up(path, asked.rows)
        elif not path.is_file():
            raise SystemExit(f"there is no file {path}")
        else:
            # The list of refused rows is written beside the file: the caller's folder is left alone.
            (folder / path.name).symlink_to(path.resolve())
            path = folder / path.name
        figures = measured(asked.db, path, asked.map)
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
