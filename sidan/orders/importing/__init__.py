"""Other systems' orders: read a file by a map, look before writing, write all of it or nothing, take it back."""

from sidan.orders.importing.report import Report, RowError
from sidan.orders.importing.running import run
from sidan.orders.importing.undoing import undo

__all__ = ["Report", "RowError", "run", "undo"]
