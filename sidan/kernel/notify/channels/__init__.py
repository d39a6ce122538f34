"""Ways to a reader. A channel takes one letter to one reader and either returns, or says why not.

SIDAN_CHANNEL and SIDAN_STAFF_CHANNEL name the chains in use; another channel is one file here and one line in `_PATHS`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Letter:
    """What a channel is given.

    Args:
        id: stays the same in every retry; a gateway that is told it can drop the second.
        phone: 11 digits in clear, for this call only; None where none is known.
        secret: the body opens a door: log neither it nor the telephone.
        chain: names of the channels that may take it, the first choice first.
        email: an address in clear, for this call only.
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
    chain: tuple[str, ...] = ()
    email: str | None = None


class ChannelError(Exception):
    """The letter did not go."""


class NotNowReachable(ChannelError):
    """The gateway is down, slow or refuses for the moment: tried again later. Its words name no reader."""


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


_PATHS = {
    "console": "sidan.kernel.notify.channels.console.Console",
    "sms": "sidan.kernel.notify.channels.sms.Sms",
    "email": "sidan.kernel.notify.channels.mail.Mail",
}
LABELS: dict[str, str | Promise] = {"console": _("演示收件箱"), "sms": _("短信"), "email": _("电子邮件")}
_made: dict[str, Channel] = {}


def names() -> tuple[str, ...]:
    """What SIDAN_CHANNEL may say."""
    return tuple(_PATHS)


def named(name: str) -> Channel:
    """A channel; made when it is first needed.

    Raises:
        KeyError: there is none of this name.
    """
    if name not in _made:
        _made[name] = import_string(_PATHS[name])()
    return _made[name]


def chain(*, staff: bool) -> tuple[str, ...]:
    """The channels that an audience is reached by, the first choice first."""
    chosen: Iterable[str] = (
        (settings.SIDAN_STAFF_CHANNEL or settings.SIDAN_CHANNEL) if staff else settings.SIDAN_CHANNEL
    )
    return tuple(chosen)


def all_within() -> bool:
    """Whether no message leaves the house."""
    ways = {*chain(staff=False), *chain(staff=True)}
    return not settings.SIDAN_BOTS and all(isinstance(named(name), Within) for name in ways)


def hand_over(letter: Letter) -> str:
    """Take a letter to its reader by the first channel of its chain that can; returns that channel's name.

    Raises:
        NotNowReachable: one of them may later.
        Unreachable: none of them ever.
    """
    later: NotNowReachable | None = None
    for name in letter.chain:
        try:
            named(name).send(letter)
        except Unreachable:
            continue
        except NotNowReachable as error:
            later = later or error
        else:
            return name
    raise later or Unreachable
