"""Which matters a text sounds like, by the catalogue's own keywords. The resident chooses; nothing is decided by words."""

from datetime import date

from sidan.orders.models import Category
from sidan.orders.rulebook import rulebook

MOST = 4


def categories(text: str, day: date) -> list[Category]:
    """The matters whose keywords occur in the text, most telling first. No query."""
    scored = []
    for row in rulebook().category_choices(day):
        words = [word for word in (row.keywords or row.name).split(";") if len(word) > 1 and word in text]
        if words and len(row.code) > 2:
            # A matter of the third level says more than its group with the same words.
            scored.append((-sum(map(len, words)), -len(row.code), row.code, row))
    return [row for *_rank, row in sorted(scored, key=lambda one: one[:3])[:MOST]]


def path_words(row: Category, day: date) -> str:
    """A matter with the groups above it."""
    return " › ".join(one.name for one in rulebook().category_path(row, day))


def emergencies(day: date) -> list[tuple[str, str]]:
    """Numbers to call at once, each with its matters. No query."""
    found: dict[str, list[str]] = {}
    for row in rulebook().category_choices(day):
        if row.emergency:
            found.setdefault(row.emergency, []).append(row.name)
    return [
        (number, "、".join(names)) for number, names in sorted(found.items(), key=lambda one: (len(one[0]), one[0]))
    ]
