"""Where rooms meet: what follows from an event inside its transaction, and what the worker does again and again."""

from collections.abc import Callable

from sidan.kernel.journal.models import Entry

# Event kind -> functions that are called with the entry, in the same transaction. One room stands alone so far.
REACTIONS: dict[str, tuple[Callable[[Entry], None], ...]] = {}

# Seconds between two runs, and the function; each has a thread of its own (see `background.py`).
PERIODIC: tuple[tuple[float, str], ...] = (
    (2, "sidan.site.periodic.relay"),
    (20, "sidan.site.periodic.tick"),
    (60, "sidan.site.periodic.seal"),
    (60, "sidan.site.periodic.digest"),
    (3600, "sidan.site.periodic.sweep"),
)
