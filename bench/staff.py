"""How long a whole county's staff, and its places, take from an uploaded file: preview, import, again, and the way back.

The limit holds for preview and import together, on either database.
"""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import ground

LIMIT_SECONDS = 10


def staff(rows: int, codes: list[str]) -> bytes:
    """One person and one seat a row, every second with a telephone."""
    roles = ("community", "recorder", "handler", "checker")
    lines = [
        f"p{at:05d},某人{at},{codes[at % len(codes)]},{roles[at % 4]},,,,{f'138{at:08d}' if at % 2 else ''}"
        for at in range(rows)
    ]
    return "\n".join(["handle,name,unit_code,role,from,to,deputy_for,phone", *lines]).encode("gb18030")


def places(rows: int, codes: list[str]) -> bytes:
    """Estates with their buildings, codes left to the house."""
    lines = [f",{codes[at % len(codes)]},小区{at // 20},{at % 20 + 1}栋," for at in range(rows)]
    return "\n".join(["code,unit_code,estate,building,spot", *lines]).encode("gb18030")


def measured(database: str, rows: int) -> list[ground.Figure]:
    from sidan.kernel.journal import queries as journal
    from sidan.kernel.org import commands as org_commands
    from sidan.kernel.org import queries as org
    from sidan.kernel.org.act import Act, Via
    from sidan.kernel.org.models import Seat, Unit
    from sidan.orders.commands import governing_files as files
    from sidan.orders.commands import governing_hiring as hiring
    from sidan.orders.commands import governing_people as people
    from sidan.orders.queries.governing_tables import PLACES

    boss = org_commands.add_staff("operator", "系统管理员")
    Seat.objects.create(person=boss, unit=Unit.objects.get(parent=None), role="operator", from_date="2026-01-01")
    act = Act(boss, datetime.now(UTC), Via.PAGE)
    codes = sorted(node.code for node in org.tree().nodes.values() if node.level == "community")
    figures: list[ground.Figure] = []

    def timed(name: str, work: Any, limit: float | None = None, before: float = 0) -> tuple[float, Any]:
        start, used = time.perf_counter(), time.process_time()
        result = work()
        seconds, used = time.perf_counter() - start, time.process_time() - used
        figures.append(ground.Figure(f"{database}: {rows:,} {name}", seconds + before, "s", limit))
        figures.append(ground.Figure(f"{database}:   this process's own time for it", used, "s"))
        return seconds, result

    def wish(data: bytes) -> Any:
        read, _broken = files.read(data)
        return files.Wish(read, org.local_date(act.at), "bench")

    sheet = staff(rows, codes)
    asked = wish(sheet)
    looked, seen = timed("people: preview", lambda: people.plan(wish(sheet), act))
    _seconds, number = timed(
        "people: preview and import", lambda: hiring.carry_out(lambda: people.plan(asked, act), seen.seen, "staff.csv", act),
        LIMIT_SECONDS, looked,
    )  # fmt: skip
    _seconds, again = timed("people: the same file again", lambda: people.plan(asked, act))
    figures.append(ground.Figure(f"{database}: rows that a second time would change", len(again.plans), "", 0))
    timed("people: sheet of links", lambda: hiring.open_doors(number, act), LIMIT_SECONDS)
    timed("people: taken back", lambda: hiring.take_back(number, act), LIMIT_SECONDS)

    sheet = places(rows, codes)
    asked_places = wish(sheet)
    looked, batch = timed("places: preview", lambda: files.plan(PLACES, wish(sheet), act))
    timed(
        "places: preview and import",
        lambda: files.carry_out(lambda: files.plan(PLACES, asked_places, act), batch.seen, "places.csv", act),
        LIMIT_SECONDS, looked,
    )  # fmt: skip
    figures.append(ground.Figure(f"{database}: entries that do not prove", 0 if journal.verify() is None else 1, "", 0))
    return figures


def main() -> int:
    asked = ground.arguments(__doc__ or "", rows={"type": int, "default": 5_000})
    if asked.db == "both":
        return ground.each(asked.db, __file__, ["--rows", str(asked.rows), *(["--json"] if asked.json else [])])
    with ground.house(asked.db):
        ground.county()
        figures = measured(asked.db, asked.rows)
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
