"""Time as an actor: finds the items whose clock has struck and lets their room say what follows."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connection

from sidan.kernel.base import tx
from sidan.kernel.base.errors import Refusal
from sidan.kernel.flow.models import Flowing
from sidan.kernel.org.act import Act

F = TypeVar("F", bound=Flowing)
log = logging.getLogger(__name__)


def run(model: type[F], strike: Callable[[F, Act], Any], act: Act, *, limit: int = 500) -> int:
    """Strike every due item once, each in its own transaction; returns how many were struck.

    Args:
        strike: the room's reaction; it must move `tick_at` or end the item's clock.

    Two clocks may run at once: on PostgreSQL an item that another worker holds is skipped, elsewhere the compare-and-set decides.
    """
    due = list(
        model._default_manager.filter(tick_at__lte=act.at).order_by("tick_at").values_list("pk", flat=True)[:limit]
    )
    struck = 0
    for key in due:
        try:
            struck += _one(model, key, strike, act)
        except Refusal as refusal:  # somebody moved it in the meantime: the next round looks again
            log.info("clock: %s %s: %s", model._meta.label, key, refusal.code)
    return struck


@tx.writes
def _one(model: type[F], key: Any, strike: Callable[[F, Act], Any], act: Act) -> int:
    rows = model._default_manager.filter(pk=key, tick_at__lte=act.at)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    item = rows.first()
    if item is None:
        return 0
    strike(item, act)
    return 1
