"""Where it is: the community, and there an estate and a building; from a poster, or chosen step by step."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sidan.kernel.org import queries as org
from sidan.orders.queries import places as queries
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_suggest as suggest
from sidan.orders.views.resident_places import place_words

PLACE_CHARS = 120  # of what an order keeps


def given(code: str, day: date) -> dict[str, str]:
    """What a poster's code, or a unit's, says of the place; empty where it says nothing. At most one query."""
    node = org.tree().by_code(code[:24])
    if node is not None:
        return {} if node.is_body else {"unit": node.code, "spot": "", "spot_words": ""}
    place = queries.by_code(code, day)
    unit = org.tree().nodes.get(place.unit_id) if place else None
    if place is None or unit is None:
        return {}
    return {"unit": unit.code, "spot": place.code, "spot_words": place.words}


def words(values: Mapping[str, str]) -> str:
    """The place in words, from the town down to the building."""
    return " ".join(filter(None, (place_words(values.get("unit", "")), values.get("spot_words", ""))))


def may_skip(draft: drafts.Draft, day: date) -> bool:
    """Whether "where" needs no page: a poster said it all, and the words sound like nothing that must not wait."""
    if not draft.get("poster") or not draft.get("spot"):
        return False
    return not any(rulebook().emergency(row, day) for row in suggest.categories(draft.get("text"), day))


def room(draft: drafts.Draft) -> int:
    """How many characters the resident's own words about the place may have."""
    taken = len(draft.get("spot_words"))
    return PLACE_CHARS - taken - 1 if taken else PLACE_CHARS


def estates(unit: str, chosen: str, day: date) -> list[dict[str, Any]]:
    """A community's estates with their buildings, as the page offers them. One query; none for what is no community."""
    node = org.tree().by_code(unit)
    if node is None or node.level != "community":
        return []
    return [
        {
            "name": estate.places[0].words if len(estate.places) == 1 else estate.name,
            "alone": estate.places[0].code if len(estate.places) == 1 else "",
            "open": chosen in [one.code for one in estate.places],
            "choices": [
                {"code": one.code, "label": " ".join(filter(None, (one.building, one.spot))) or one.estate, "on": one.code == chosen}
                for one in estate.places
            ],
        }
        for estate in queries.estates(queries.of_unit(node.id, day))
    ]  # fmt: skip
