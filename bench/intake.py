"""Orders created over HTTP, beside pgbench with the same statements in the same run.

Limits: at most 8 statements; PostgreSQL >= 1,000 a second, >= 15 % of pgbench, p99 < 100 ms; SQLite >= 600 a second, p99 < 50 ms.
Load: wrk (apt-get install wrk) on the same two cores.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ground

SECONDS = 15
CONNECTIONS = {"sqlite": 8, "postgres": 12}
UNIT = "500233001001"


def prepared() -> str:
    """The real county, one member of staff, and a bearer whose limit is out of the way."""
    from django.utils import timezone

    from sidan.kernel.org import commands as people
    from sidan.kernel.org.models import Seat, Unit

    ground.county()
    person = people.add_staff("bench", "bench")
    Seat.objects.create(person=person, unit=Unit.objects.get(code=UNIT), role="community", from_date="2026-01-01")
    return people.create_token(person, at=timezone.now(), limit_per_minute=10_000_000)


def statements(token: str) -> list[tuple[str, Any]]:
    """What one request sends to the database, in order, without BEGIN and COMMIT."""
    from django.db import connection
    from django.test import Client

    seen: list[tuple[str, Any]] = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    client = Client(headers={"Authorization": f"Bearer {token}", "Host": "127.0.0.1"})
    for number in range(3):
        body = {
            "text": "楼道的灯坏了三天，老人上下楼不方便",
            "unit": UNIT,
            "kind": "help",
            "contact": {"phone": "13800001234"},
        }
        seen.clear()
        with connection.execute_wrapper(record):
            answer = client.post(
                "/api/v1/orders", body, content_type="application/json", headers={"Idempotency-Key": f"count-{number}"}
            )
        if answer.status_code != 201:
            raise SystemExit(f"the order was refused: {answer.status_code} {answer.content[:300]!r}")
    return list(seen)


def load(base: str, token: str, connections: int, seconds: int) -> tuple[float, float, float, int]:
    """Orders a second, p50 and p99 in ms, and how many answers were not 201."""
    wrk = shutil.which("wrk")
    if not wrk:
        raise SystemExit("wrk is missing; mend with: apt-get install wrk")
    script = str(Path(__file__).with_name("intake.lua"))
    command = [
        wrk,
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
        "-s",
        script,
        base,
        "--",
        token,
        UNIT,
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", out)
    if not found:
        raise SystemExit(out)
    requests, micros, errors = int(found[1]), int(found[2]), int(found[3])
    return requests / micros * 1e6, float(found[4]), float(found[5]), errors


# 8 characters of 62: of hexadecimal ones two orders in 50,000 would be alike.
_NUMBER = "substr(translate(encode(sha256((:r)::bigint::text::bytea), 'base64'), '+/', 'xy'), 1, 8)"


def _pgbench() -> str:
    """PostgreSQL's own load generator: beside the server, else on the path (Debian puts it into the client's package)."""
    from tests.postgres import programs

    beside = programs() / "pgbench"
    return str(beside) if beside.is_file() else "pgbench"


def _hidden_colons(literal: re.Match[str]) -> str:
    """A string as pgbench may read it: it takes every `:name` for a variable, inside strings too."""
    if ":" not in literal[0]:
        return literal[0]
    return "E" + literal[0].replace("\\", r"\\").replace(":", r"\072")


def pgbench(recorded: list[tuple[str, Any]], seconds: int) -> float:
    """Transactions a second of the same statements with fresh keys, by PostgreSQL's own load generator."""
    from django.conf import settings
    from django.db import connection
    from psycopg import ClientCursor

    connection.ensure_connection()
    cursor = ClientCursor(connection.connection)
    lines = ["\\set r random(1, 9007199254740991)", "\\set q random(1, 9007199254740991)"]
    for sql, params in recorded:
        if sql.startswith(("BEGIN", "COMMIT")):
            continue
        text = str(cursor.mogrify(sql, params))
        # Whatever must be unique is made from the random number: order number, person, journal subject, message and door keys.
        numbers = set(re.findall(r"orders\.order:([2-9A-Z]{8})'", text))
        persons = set(re.findall(r"(?:VALUES \(|SELECT )(\d{10,16}), ?'resident'", text))
        for number in numbers:
            text = text.replace(f"'{number}'", _NUMBER)
            text = re.sub(
                rf"'orders\.order:{number}([^']*)'",
                rf"('orders.order:' || {_NUMBER} || '\1')",
                text,
            )
        for person in persons:
            text = re.sub(rf"(?<=[\s(,]){person}(?=[,)])", "(:r)::bigint", text)
        if "base_door" in text:
            text = re.sub(r"'[0-9a-f]{64}'", "(md5((:r)::bigint::text) || md5((:q)::bigint::text))", text, count=1)
        text = re.sub(r"'(?:[^']|'')*'", _hidden_colons, text)
        lines.append(" ".join(text.replace("\n", " ").split()) + ";")
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as script:
        script.write("\n".join(lines))
    named = settings.DATABASES["default"]
    command = [
        _pgbench(), "-n", "-M", "prepared", "-c", "12", "-j", "2", "-T", str(seconds),
        "-f", script.name, "-h", named["HOST"], "-U", named["USER"], named["NAME"],
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    Path(script.name).unlink()
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode != 0 or not found or "aborted" in done.stderr:
        raise SystemExit(done.stdout + done.stderr)
    return float(found[1])


def main() -> int:
    asked = ground.arguments(__doc__ or "", seconds={"type": int, "default": SECONDS})
    if asked.db == "both":
        extra = ["--seconds", str(asked.seconds), *(["--json"] if asked.json else [])]
        return ground.each(asked.db, __file__, extra)
    figures = []
    with ground.house(asked.db):
        token = prepared()
        recorded = statements(token)
        count = sum(not sql.startswith(("BEGIN", "COMMIT")) for sql, _values in recorded)
        figures.append(ground.Figure(f"{asked.db}: statements per order", count, "", 8))
        from django.db import connections

        connections.close_all()
        with ground.server() as base:
            load(base, token, CONNECTIONS[asked.db], 3)
            rate, half, high, errors = load(base, token, CONNECTIONS[asked.db], asked.seconds)
        from sidan.kernel.journal import queries as journal

        bad = journal.verify()  # before pgbench, which copies one hash
        figures.append(ground.Figure(f"{asked.db}: altered journal rows afterwards", 0 if bad is None else 1, "", 0))
        peer = None
        if asked.db == "postgres":
            tps = pgbench(recorded, asked.seconds)
            peer = f"pgbench, the same statements: {tps:,.0f}/s"
            figures.append(ground.Figure("postgres: share of pgbench", 100 * rate / tps, "%", 15, peer=peer, more=True))
        floor, ceiling = (1000, 100) if asked.db == "postgres" else (600, 50)
        figures += [
            ground.Figure(f"{asked.db}: orders created over HTTP", rate, "/s", floor, peer=peer, more=True),
            ground.Figure(f"{asked.db}: p50", half, "ms"),
            ground.Figure(f"{asked.db}: p99", high, "ms", ceiling),
            ground.Figure(f"{asked.db}: answers that were not 201", errors, "", 0),
        ]
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
