"""Places with posters: found by their code, listed by community. A poster hangs longer than a row holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import count
from typing import Any

from django.db.models import Q

from sidan.orders.keys import ALPHABET
from sidan.orders.models import Place

CODE_CHARS = 6


@dataclass(frozen=True)
class Estate:
    """An estate with its places."""

    name: str
    places: list[Place]


def by_code(code: str, day: date) -> Place | None:
    """The place of a poster: the version of the day, else the last there was. One query."""
    if not 4 <= len(code) <= 8 or set(code) - set(ALPHABET):
        return None
    rows = list(Place.objects.filter(code=code, valid_from__lte=day).order_by("valid_from"))
    return rows[-1] if rows else None


def of_unit(unit_id: int, day: date) -> list[Place]:
    """The places of a community that hold on a day, by name. One query."""
    held = Q(valid_to=None) | Q(valid_to__gt=day)
    rows = Place.objects.filter(held, unit_id=unit_id, valid_from__lte=day)
    return sorted(rows, key=lambda one: [_natural(part) for part in (one.estate, one.building, one.spot)])


def estates(rows: list[Place]) -> list[Estate]:
    """Places by estate, in their order."""
    found: dict[str, list[Place]] = {}
    for row in rows:
        found.setdefault(row.estate, []).append(row)
    return [Estate(name, inside) for name, inside in found.items()]


Versions = Mapping[tuple[str, ...], list[Any]]  # a table's rows by key, each key's by their days


def complete(cleaned: dict[str, Any], there: Versions | None = None) -> dict[str, Any]:
    """Give a place without a code the one that follows from its names: the same file twice makes the same places.

    One query, none where all places are at hand.
    """
    if cleaned["code"]:
        return cleaned
    names = tuple(cleaned[name] or "" for name in ("estate", "building", "spot"))
    return {**cleaned, "code": new_code(cleaned["unit"].id, cleaned["unit"].code, names, there)}


def new_code(unit_id: int, unit_code: str, names: tuple[str, ...], there: Versions | None = None) -> str:
    """A code that no other place has. One query, a second one for one place in millions; none where all are at hand."""
    for salt in count():
        code = derived(unit_code, names, salt)
        if there is None:
            taken = Place.objects.filter(code=code).order_by("valid_from").last()
        else:
            taken = there[code,][-1] if there.get((code,)) else None
        if taken is None or (taken.unit_id, taken.estate, taken.building, taken.spot) == (unit_id, *names):
            return code
    raise AssertionError("unreachable")


def derived(unit_code: str, names: tuple[str, ...], salt: int = 0) -> str:
    """Six characters that follow from a place's names."""
    number = int.from_bytes(sha256("\n".join((unit_code, *names, str(salt))).encode()).digest()[:8], "big")
    made = ""
    for _at in range(CODE_CHARS):
        number, at = divmod(number, len(ALPHABET))
        made += ALPHABET[at]
    return made


def _natural(text: str) -> list[tuple[int, int, str]]:
    """A key by which building 2 stands before building 10."""
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for char in f"{text}\0":
        if char.isascii() and char.isdigit():
            digits += char
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, char))
    return parts
