"""Nobody acts without saying who they are, what time it is and through which door they came."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from sidan.kernel.org.models import Person


class Via(StrEnum):
    """The doors."""

    PAGE = "page"
    API = "api"
    OPEN311 = "open311"
    IMPORT = "import"
    CLOCK = "clock"
    CLI = "cli"


@dataclass(frozen=True)
class Held:
    """A role that somebody holds in a unit."""

    unit_id: int
    role: str


@dataclass(frozen=True)
class Act:
    """By whom, when, through which door.

    Args:
        by: never null; the clock and the importer are system persons.
        at: aware, UTC.
    """

    by: Person
    at: datetime
    via: Via

    @cached_property
    def seats(self) -> tuple[Held, ...]:
        """The roles held at this moment. One query, the first time; none for residents and the system."""
        from sidan.kernel.org import queries

        return queries.held(self.by, self.at)

    def holds(self, role: str, unit_id: int | None) -> bool:
        """Whether the role is held in this unit or above it."""
        from sidan.kernel.org import queries

        if unit_id is None:
            return False
        mine = [held.unit_id for held in self.seats if held.role == role]
        return bool(mine) and any(queries.tree().is_above(unit, unit_id) for unit in mine)

    def roles(self) -> frozenset[str]:
        """The names of the roles held anywhere."""
        return frozenset(held.role for held in self.seats)
