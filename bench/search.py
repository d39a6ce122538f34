"""The search at 100,000 orders: how long the index takes to make, and a page of hits over HTTP for rare and common words.

Limits: p95 <= 300 ms a page, 12 statements a page, 170,000 imported orders indexed within five minutes.
"""

import random
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import desk
import ground

TYPED = {
    "a rare word": "稀罕词",
    "two rare words": "稀罕词 楼道",
    "a common word": "物业",
    "words that many texts hold": "物业 小区",
    "nothing": "没有这回事儿",
    "initials of a place": "zzjd 物业",
    "one character": "灯",
}
BATCH = 5_000


def worded(seed: int = 7) -> int:
    """Give each order words of its own, from the demonstration's texts. Returns how many orders there are."""
    from sidan.orders.models import Order, Text

    source = Path(ground.ROOT, "sidan/orders/county/demo_texts.toml").read_text(encoding="utf-8")
    parts = [
        part for text in re.findall(r'"([^"]{8,})"', source) for part in re.split(r"[，。]", text) if len(part) > 5
    ]
    draw = random.Random(seed)
    rows: list[Text] = []
    keys = list(Order.objects.order_by("id").values_list("id", flat=True))
    seen = set(Text.objects.values_list("order_id", flat=True))
    for at, key in enumerate(keys):
        rare = "，稀罕词" if at % 5_000 == 17 else ""
        body = "，".join(draw.sample(parts, 4)).replace("{estate}", f"{draw.choice('香怡白公新立汝溪')}小区") + rare
        if key not in seen:
            rows.append(Text(order_id=key, seq=1, kind="request", body=body, digest=b""))
        if len(rows) == BATCH:
            Text.objects.bulk_create(rows)
            rows = []
    Text.objects.bulk_create(rows)
    return len(keys)


def indexed() -> float:
    """Seconds to index them all."""
    from django.db import connection

    from sidan.orders.commands import indexing
    from sidan.orders.models import Order

    numbers = list(Order.objects.values_list("number", flat=True))
    begin = time.perf_counter()
    indexing.index(numbers)
    seconds = time.perf_counter() - begin
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return seconds


def main() -> int:
    asked = ground.arguments(__doc__ or "", orders={"type": int, "default": 100_000})
    if asked.db == "both":
        return ground.each(asked.db, __file__, ["--orders", str(asked.orders), *(["--json"] if asked.json else [])])
    figures: list[ground.Figure] = []
    with ground.house(asked.db):
        from sidan.site.serve import collect_static

        collect_static()
        cookies: dict[str, Any] = desk.filled(asked.orders)
        total = worded()
        figures.append(ground.Figure(f"{asked.db}: index {total:,} orders", indexed(), "s", 300 * total / 170_000))
        pages = {name: f"/desk/search/?q={quote(typed)}" for name, typed in TYPED.items()}
        pages["a common word, closed, one community"] = f"{pages['a common word']}&state=closed&unit=500233001001"
        statements = {
            (who, name): desk.counted(cookie, page) for who, cookie in cookies.items() for name, page in pages.items()
        }
        from django.db import connections

        connections.close_all()
        with ground.server() as base:
            for (who, name), count in statements.items():
                label = f"{asked.db}: {who} searches {name}"
                figures.append(ground.Figure(f"{label}: statements", count, "", 12))
                figures.append(
                    ground.Figure(f"{label}: p95", desk.timed(base, cookies[who], pages[name], 40), "ms", 300)
                )
    return ground.show(figures, asked.json)


if __name__ == "__main__":
    sys.exit(main())
