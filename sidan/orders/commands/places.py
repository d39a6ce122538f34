"""What a community enters by itself: its estates and buildings. The rows and their journal are those of the operator's table."""

import re
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.orders.commands import governing as governed
from sidan.orders.models import Place
from sidan.orders.queries import governing
from sidan.orders.queries.governing_tables import PLACES

KEEPERS = ("community", "operator")
MOST = 200  # buildings in one go


def need(act: Act, unit_id: int) -> None:
    """Refuse whoever keeps no places there.

    Raises:
        NotAllowed: no seat of the community, and none of its operators.
    """
    if not any(act.holds(role, unit_id) for role in KEEPERS):
        raise NotAllowed(_("您只能登记自己社区（村）的地点。"))


@tx.writes
def add(unit: org.Node, raw: dict[str, str], *, act: Act) -> int:
    """Enter an estate with its buildings, from today on; what is there already is left as it is. Returns how many are new.

    Args:
        raw: estate, buildings (several, parted by commas or blanks; may be empty), spot.

    Raises:
        NotAllowed, Invalid.
    """
    need(act, unit.id)
    buildings = [one for one in re.split(r"[\s,，、;；]+", raw.get("buildings", "")) if one] or [""]
    if len(buildings) > MOST:
        raise Invalid(fields={"buildings": _("一次最多 %(n)d 栋。") % {"n": MOST}})
    governed.lock()
    today, new = org.local_date(act.at), 0
    for building in dict.fromkeys(buildings):
        stored = _cleaned(unit, building, raw)
        known = governing.versions(PLACES, stored)
        if governing.holding(known, today) is not None or any(one.valid_from > today for one in known):
            continue
        governed.write(governing.change(PLACES, stored, today, str(_("社区登记")), today, known), act)
        new += 1
    snapshot.forget()
    return new


def _cleaned(unit: org.Node, building: str, raw: dict[str, str]) -> dict[str, Any]:
    try:
        return PLACES.clean(
            {"unit": unit.code, "estate": raw.get("estate", ""), "building": building, "spot": raw.get("spot", "")}
        )
    except Invalid as wrong:
        fields: dict[str, Any] = dict(wrong.details["fields"])
        if "building" in fields:  # the form has one box for all buildings
            fields["buildings"] = fields.pop("building")
        raise Invalid(fields=fields) from wrong


@tx.writes
def end(code: str, *, act: Act) -> Place:
    """A place is offered no more from tomorrow on; its poster still leads to its community.

    Raises:
        NotFound: there is none, or it has ended.
        NotAllowed.
    """
    today = org.local_date(act.at)
    found = governing.holding(list(Place.objects.filter(code=code)), today)
    if found is None:
        raise NotFound(_("没有这个地点，可能已经停用。"))
    need(act, found.unit_id)
    governed.lock()
    known = governing.versions(PLACES, {"code": code})
    day = today + timedelta(days=1)
    governed.write(governing.withdrawal(PLACES, found, day, str(_("社区登记")), today, known), act)
    snapshot.forget()
    return found  # type: ignore[no-any-return]
