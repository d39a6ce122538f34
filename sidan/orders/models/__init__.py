"""Data of the room: the order and what belongs to it, and the dated rows that govern it."""

from sidan.orders.models.desk import Export, Held, Looking, Phrase, SavedView
from sidan.orders.models.governing import (
    Category,
    DeadlineRule,
    DispatchRule,
    Duty,
    LadderRule,
    Place,
    RefusalReason,
)
from sidan.orders.models.order import Batch, ErasureWish, Order, Reveal, Support, Text
from sidan.orders.models.search import Indexed

__all__ = [
    "Batch",
    "Category",
    "DeadlineRule",
    "DispatchRule",
    "Duty",
    "ErasureWish",
    "Export",
    "Held",
    "Indexed",
    "LadderRule",
    "Looking",
    "Order",
    "Phrase",
    "Place",
    "RefusalReason",
    "Reveal",
    "SavedView",
    "Support",
    "Text",
]
