"""The county as a drawing: its outline and a circle for each town whose point is known. No tiles, no script, no other host."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sqrt
from pathlib import Path
from typing import Any

from sidan.kernel.org import queries as org
from sidan.orders.queries.board import Town

WIDTH, MARGIN = 640, 24
SMALLEST, LARGEST = 5.0, 26.0  # radius of a circle
_OUTLINE = Path(__file__).parents[1] / "county" / "outline.geojson"
Point = tuple[float, float]


@dataclass(frozen=True)
class Dot:
    """A town on the drawing."""

    x: float
    y: float
    r: float
    name: str
    town: Town

    @property
    def below(self) -> float:
        """Where the name's line stands."""
        return round(self.y + self.r + 14, 1)


@dataclass(frozen=True)
class Drawing:
    """What the template draws: SVG's own words."""

    width: int
    height: int
    path: str
    dots: list[Dot]


def drawing(towns: Iterable[Town]) -> Drawing | None:
    """The county and its towns; None where no point is known."""
    known = [town for town in towns if town.node.lat is not None and town.node.lon is not None]
    rings = outline(org.tree().root().code)
    points = [point for ring in rings for point in ring] + [(t.node.lon or 0.0, t.node.lat or 0.0) for t in known]
    if not known:
        return None
    west, east = min(x for x, _y in points), max(x for x, _y in points)
    south, north = min(y for _x, y in points), max(y for _x, y in points)
    # A degree of longitude is shorter than one of latitude, by the cosine of where the county lies.
    narrow = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / max((east - west) * narrow, 0.01)
    height = round((north - south) * scale + 2 * MARGIN)

    def at(lon: float, lat: float) -> Point:
        return round((lon - west) * narrow * scale + MARGIN, 1), round((north - lat) * scale + MARGIN, 1)

    most = max((town.asked or 0 for town in known), default=0) or 1
    dots = []
    for town in known:
        x, y = at(town.node.lon or 0.0, town.node.lat or 0.0)
        r = round(max(SMALLEST, LARGEST * sqrt((town.asked or 0) / most)), 1)
        dots.append(Dot(x, y, r, _bare(town.node.short_name), town))
    dots.sort(key=lambda dot: -dot.r)  # small ones are drawn over large ones
    return Drawing(WIDTH, height, _path([[at(*point) for point in ring] for ring in rings]), dots)


@lru_cache(maxsize=4)
def outline(code: str) -> tuple[tuple[Point, ...], ...]:
    """The rings of the county's outline as lon and lat; none where the file is another county's."""
    if not _OUTLINE.is_file():
        return ()
    rings: list[tuple[Point, ...]] = []
    for feature in json.loads(_OUTLINE.read_text(encoding="utf-8"))["features"]:
        if str(feature["properties"].get("adcode")) != code:
            continue
        shape: dict[str, Any] = feature["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        rings += [tuple((float(x), float(y)) for x, y, *_z in ring) for part in parts for ring in part]
    return tuple(rings)


def _path(rings: list[list[Point]]) -> str:
    return " ".join(f"M{' L'.join(f'{x:g} {y:g}' for x, y in ring)}Z" for ring in rings)


def _bare(name: str) -> str:
    """A town's name as it is written on a map."""
    for tail in ("街道", "镇", "乡"):
        if name.endswith(tail) and len(name) > len(tail) + 1:
            return name.removesuffix(tail)
    return name
