"""What is held about whoever comes with a proved telephone: their account, and the orders placed with that number."""

from datetime import timedelta
from typing import Any

import orjson
from django.db.models import QuerySet

from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import topics
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org import sessions
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Contact, Person
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.words import ENDS
from sidan.web import signing


def orders(account: Account, *, rest: timedelta) -> QuerySet[Order]:
    """The orders whose contact has the account's number (decision 19), the newest first.

    Confidential ones are left out: who shares a telephone shall not learn of them. So is what was asked before the number
    can have been this owner's.
    """
    if account.phone_hash is None or account.made_at is None:
        return Order.objects.none()
    askers = Contact.objects.filter(phone_hash=bytes(account.phone_hash)).values("person_id")
    rows = Order.objects.filter(
        asked_by__in=askers, batch=None, confidential=False, asked_at__gte=account.made_at - rest
    )
    return rows.order_by("-asked_at", "-pk")


def askers(account: Account, *, rest: timedelta) -> list[int]:
    """The persons of those orders, and the account's own. One query."""
    found = orders(account, rest=rest).order_by().values_list("asked_by_id", flat=True)
    return list(dict.fromkeys([account.person_id, *found]))


def is_open(order: Order) -> bool:
    """Whether somebody must still act on it."""
    return order.state not in ENDS


def facts(account: Account) -> dict[str, Any]:
    """Name and number in clear, for their owner, and since when. Two queries."""
    return {
        "name": org.name_of(account.person_id) or "",
        "phone": org.phone_of(account.person_id) or "",
        "since": account.made_at,
        "proved_at": account.proved_at,
    }


def held(account: Account, act: Act, *, rest: timedelta) -> dict[str, Any]:
    """Everything, as it is handed out: some queries for each order.

    Photos are named and not contained; they are opened with their order.
    """
    found = list(orders(account, rest=rest))
    return {
        "account": facts(account),
        "devices": [
            {"device": one.device, "at": one.at, "seen_at": one.seen_at} for one in sessions.of(account, at=act.at)
        ],
        "events": [_event(entry) for entry in signing.entries(account, most=1000)],
        "orders": [_order(order, act) for order in found],
        "messages": _messages([account.person_id, *(order.asked_by_id for order in found)]),
    }


def _event(entry: Entry) -> dict[str, Any]:
    return {"at": entry.at, "kind": entry.kind, "data": orjson.loads(entry.data)}


def _order(order: Order, act: Act) -> dict[str, Any]:
    """An order as the one who asked reads it, with the contact that was left for it."""
    asker = Act(Person.objects.get(pk=order.asked_by_id), act.at, act.via)
    told = reading.order_view(order, asker)
    left = {"name": org.name_of(order.asked_by_id), "phone": org.phone_of(order.asked_by_id)}
    seen = [{"at": one.at, "purpose": one.purpose} for one in reading.photos(order, asker)]
    place = {"lat": order.lat, "lon": order.lon}
    return {**{key: value for key, value in told.items() if key != "moves"}, **place, "contact": left, "photos": seen}


def _messages(person_ids: list[int]) -> list[dict[str, Any]]:
    rows = Message.objects.filter(to_person_id__in=person_ids).order_by("created_at", "pk")
    return [
        {"at": row.created_at, "title": str(topics.get(row.topic).title), "state": row.state}
        for row in rows
        if row.topic in topics.known()
    ]
