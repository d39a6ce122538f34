"""The forms of words that a person may put into an answer: those of the units for which they answer."""

from sidan.kernel.base import snapshot
from sidan.kernel.org.act import Act
from sidan.orders.models import Phrase

WRITERS = frozenset({"handler", "community"})


@snapshot.cached("orders.phrases")
def kept() -> dict[int, tuple[Phrase, ...]]:
    """All that are offered, by unit. One query when they changed, none otherwise."""
    found: dict[int, tuple[Phrase, ...]] = {}
    for phrase in Phrase.objects.filter(retired_at=None).order_by("title", "pk"):
        found[phrase.unit_id] = (*found.get(phrase.unit_id, ()), phrase)
    return found


def units_of(act: Act) -> list[int]:
    """The units for which somebody answers."""
    return sorted({held.unit_id for held in act.seats if held.role in WRITERS})


def of(act: Act) -> list[Phrase]:
    """What somebody may use. No query."""
    return [phrase for unit_id in units_of(act) for phrase in kept().get(unit_id, ())]
