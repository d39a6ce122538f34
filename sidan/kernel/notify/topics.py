"""What messages say: one template for each topic, registered by the room that sends it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.functional import Promise

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
VALUE_CHARS_MAX = 500

Fill = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Topic:
    """A topic's words; see `register`."""

    name: str
    title: str | Promise
    body: str | Promise
    urgent: bool
    fill: Fill | None
    secret: bool

    def words(self, data: dict[str, Any], language: str) -> tuple[str, str]:
        """Title and body with their values, in a language.

        Raises:
            KeyError: the message lacks a value that the words name.
        """
        with translation.override(language):
            values = {**data, **(self.fill(data) if self.fill else {})}
            return _filled(str(self.title), values), _filled(str(self.body), values)


_topics: dict[str, Topic] = {}


def register(
    topic: str,
    *,
    title: str | Promise,
    body: str | Promise,
    urgent: bool = False,
    fill: Fill | None = None,
    secret: bool = False,
) -> None:
    """Say what a topic's messages read.

    Args:
        title, body: lazy texts with places such as `{number}`; nothing but plain names is a place.
        urgent: may be sent at night and by the louder channel.
        fill: further values made from the message's data when it is sent (a link, a date in words), in the reader's
            language; what must not lie in the queue is made here.
        secret: the body holds something that opens a door, and is not written to a log.
    """
    _topics[topic] = Topic(topic, title, body, urgent, fill, secret)


def get(topic: str) -> Topic:
    """The topic.

    Raises:
        KeyError: no room has registered it.
    """
    return _topics[topic]


def known() -> list[str]:
    """All registered topics."""
    return sorted(_topics)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Put values in their places. A value cannot add a place, a line or a header of its own."""
    return _PLACE.sub(lambda place: _CONTROLS.sub(" ", str(values[place[1]]))[:VALUE_CHARS_MAX], template)
