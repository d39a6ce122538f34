"""The dispatch desk at a million orders: statements and time of a page, for a street's desk and for the county's.

Limits: at most 6 statements for the page's lists and counts beside the session's, p95 < 100 ms over HTTP.
"""

import statistics
import sys
import time
import urllib.request
from typing import Any

import ground

STREET = "500233001"
PAGES = ("/desk/dispatch/", "/desk/overdue/", "/desk/orders/")


def filled(total: int) -> dict[str, Any]:
    """The real county with `total` orders, 2 % of them open, and two dispatchers who are signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from sidan.kernel.org import commands as people
    from sidan.kernel.org.act import Via
    from sidan.kernel.org.models import Account, Seat, Unit
    from sidan.orders.commands import asking

    ground.county()
    now = timezone.now()
    wish = asking.Wish(text="楼道的灯坏了三天，老人上下楼不方便", unit="500233001001", phone="13800001234")
    pattern = asking.ask(asking.draft(wish, None, now, Via.PAGE))
    multiply(pattern.pk, total)
    cookies = {}
    for handle, code in (("street", STREET), ("county", "500233")):
        person = people.add_staff(handle, handle, password="not used here")
        Seat.objects.create(person=person, unit=Unit.objects.get(code=code), role="dispatcher", from_date="2026-01-01")
        account = Account.objects.get(handle=handle)
        session = SessionStore()
        session[SESSION_KEY] = str(account.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        session.create()
        cookies[handle] = session.session_key
    return cookies


def multiply(pattern: int, total: int) -> None:
    """Copies of one order over all communities and three years, written by the database itself."""
    from django.db import connection, transaction

    from sidan.kernel.org import queries as org
    from sidan.orders.models import Order

    tree = org.tree()
    places = [node for node in tree.nodes.values() if node.level == "community"]
    days = "o.asked_at - (n % 1095) * interval '1 day'" if connection.vendor == "postgresql" else ""
    late = "now() + ((n % 400) - 80) * interval '1 hour'"
    if connection.vendor == "sqlite":
        days = "datetime(o.asked_at, '-' || (n % 1095) || ' days') || '.000000'"
        late = "datetime('now', ((n % 400) - 80) || ' hours') || '.000000'"
    opened = "(n % 50 = 0)"
    states = (
        "submitted",
        "awaiting_dispatch",
        "reopened",
        "dispatched",
        "in_progress",
        "replied",
        "awaiting_rating",
        "escalated",
    )
    cases = " ".join(f"WHEN {at} THEN '{state}'" for at, state in enumerate(states))
    changed = {
        "number": "substr('00000000' || n, -8)" if connection.vendor == "sqlite" else "lpad(n::text, 8, '0')",
        "state": f"CASE WHEN {opened} THEN CASE (n / 50) % {len(states)} {cases} END ELSE 'closed' END",
        "due_at": f"CASE WHEN {opened} THEN {late} END",
        "tick_at": "NULL",
        "asked_at": days,
        "unit_id": "p.unit",
        "desk_unit_id": f"CASE WHEN n % 400 = 350 THEN {tree.root().id} ELSE p.desk END",
        "answered_at": f"CASE WHEN NOT {opened} THEN o.answer_due_at END",
        "closed_at": f"CASE WHEN NOT {opened} THEN o.answer_due_at END",
    }
    columns = [field.column for field in Order._meta.concrete_fields if field.column != "id"]
    chosen = ", ".join(changed.get(column or "", f"o.{column}") for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bench_place (at integer PRIMARY KEY, unit bigint, desk bigint)")
        for at, node in enumerate(places):
            desk = tree.ancestor(node.id, "town") or tree.root()
            cursor.execute("INSERT INTO bench_place VALUES (%s, %s, %s)", [at, node.id, desk.id])
        numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s)"
        if connection.vendor == "postgresql":
            numbers = "WITH s AS (SELECT n FROM generate_series(1, %s) AS g(n))"
        cursor.execute("SET LOCAL statement_timeout = 0") if connection.vendor == "postgresql" else None
        cursor.execute(
            f"{numbers} INSERT INTO orders_order ({names}) SELECT {chosen.replace('%', '%%')} FROM s "
            f"JOIN bench_place p ON p.at = s.n %% {len(places)} JOIN orders_order o ON o.id = %s",
            [total - 1, pattern],
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def counted(cookie: str, page: str) -> int:
    """Statements of one page."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    client = Client(headers={"Host": "127.0.0.1"})
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    client.get(page)
    seen = []

    def record(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        answer = client.get(page)
    if answer.status_code != 200:
        raise SystemExit(f"{page}: {answer.status_code}")
    return len(seen)


def timed(base: str, cookie: str, page: str, times: int = 200) -> float:
    """The 95th percentile of a page's time, in ms, one request after another."""
    from django.conf import settings

    request = urllib.request.Request(base + page, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        urllib.request.urlopen(request, timeout=60).read()
        spans.append((time.perf_counter() - start) * 1000)
    return statistics.quantiles(spans, n=20)[-1]


def main() -> int:
    asked = ground.arguments(__doc__ or "", orders={"type": int, "default": 1_000_000})
    if asked.db == "both":
        return ground.each(asked.db, __file__, ["--orders", str(asked.orders), *(["--json"] if asked.json else [])])
    figures = []
    with ground.house(asked.db):
        from sidan.site.serve import collect_static

        collect_static()
        cookies = filled(asked.orders)
        statements = {(who, page): counted(cookie, page) for who, cookie in cookies.items() for page in PAGES}
        from django.db import connections

        connections.close_all()
        with ground.server() as base:
            for (who, page), count in statements.items():
                name = f"{asked.db}: {who} {page} at {asked.orders:,}"
                figures.append(ground.Figure(f"{name}: statements", count, "", 6))
                figures.append(ground.Figure(f"{name}: p95", timed(base, cookies[who], page), "ms", 100))
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
