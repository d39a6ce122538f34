"""Taking an order off the public board: by whoever asked, without a word; by staff, with a reason that the author reads."""

from sidan.kernel.base import tx
from sidan.kernel.org.act import Act
from sidan.orders.commands.moving import move, need
from sidan.orders.models import Order


@tx.writes
def unpublish(order: Order, *, act: Act) -> Order:
    """The author no longer wants it to be public."""
    need(order, "unpublish", act)
    move(order, "unpublish", act, public=False)
    return order


@tx.writes
def hide(order: Order, *, reason: str, act: Act) -> Order:
    """Staff take it off: it names somebody, or is not fit to be read by all."""
    need(order, "hide", act)
    move(order, "hide", act, text=reason, public=False)
    return order
