"""Ways to a reader. A channel takes one letter to one reader and either returns, or says why not.

The setting SIDAN_CHANNEL names the one in use; another is one file here and one line in `_PATHS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Letter:
    """What a channel is given.

    Args:
        id: stays the same in every retry; a gateway that is told it can drop the second.
        phone: 11 digits in clear, for this call only; None where none is known.
        secret: the body opens a door: log neither it nor the telephone.
    """

    id: str
    topic: str
    title: str
    body: str
    urgent: bool
    secret: bool
    person_id: int
    phone: str | None
    at: datetime


class ChannelError(Exception):
    """The letter did not go."""


class NotNowReachable(ChannelError):
    """The gateway is down, slow or refuses for the moment: tried again later."""


class Unreachable(ChannelError):
    """This reader cannot be reached by this channel (no telephone, a number the gateway refuses): not tried again."""


class Channel(Protocol):
    """A way to a reader; several threads may use it at once."""

    name: str

    def send(self, letter: Letter) -> None:
        """Take the letter to its reader; returning means that it is on its way.

        Raises:
            NotNowReachable: try again.
            Unreachable: do not try again.
        """


@runtime_checkable
class Within(Channel, Protocol):
    """A channel that ends in this house's own database: its letters are written in the transaction that marks them sent."""

    def keep(self, letters: Sequence[Letter]) -> None:
        """Say letters, each once however often it is handed over. Inside the caller's transaction."""


_PATHS = {"console": "sidan.kernel.notify.channels.console.Console"}


@cache
def _made(path: str) -> Channel:
    channel: Channel = import_string(path)()
    return channel


def names() -> tuple[str, ...]:
    """What SIDAN_CHANNEL may say."""
    return tuple(_PATHS)


def current() -> Channel:
    """The channel that the installation uses.

    Raises:
        KeyError: SIDAN_CHANNEL names none of them.
    """
    return _made(_PATHS[settings.SIDAN_CHANNEL])
