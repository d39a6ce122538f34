"""A verb that prints posters: a community's, one estate's, or one place's, as a PDF."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sidan.kernel.base.errors import Invalid
from sidan.kernel.org import queries as org
from sidan.orders import drawings
from sidan.orders.queries import places


def poster(args: argparse.Namespace) -> int:
    """Write the posters of a community's places; the community's own comes first."""
    day = org.local_date(datetime.now(UTC))
    node = org.tree().by_code(args.unit)
    if node is None or node.is_body:
        raise Invalid(f"There is no place with the code {args.unit}.")
    rows = [
        row
        for row in places.of_unit(node.id, day)
        if (not args.estate or row.estate == args.estate) and (not args.place or row.code == args.place.upper())
    ]
    wanted = [drawings.Poster(f"{node.short_name}\n{row.words}", row.code) for row in rows]
    if not args.estate and not args.place:
        wanted.insert(0, drawings.Poster(node.short_name, node.code))
    if not wanted:
        raise Invalid(f"{node.name} has no such estate or place; its places are kept under /desk/places/.")
    out = Path(args.out or f"posters-{node.code}.pdf")
    out.write_bytes(drawings.posters(wanted, org.duty_phone(node.id), per_page=args.per_page))
    print(f"{out}: {len(wanted)} posters")
    return 0
