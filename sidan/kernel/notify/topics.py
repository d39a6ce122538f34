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
ALWAYS, END, STEP = "always", "end", "step"

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
    grade: str = STEP
    group: str = ""
    staff: bool = False

    def wanted(self, choice: str) -> bool:
        """Whether a resident with this choice (all, end, none) is told."""
        return self.grade == ALWAYS or choice == "all" or (choice == "end" and self.grade == END)

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
    grade: str = STEP,
    group: str = "",
    staff: bool = False,
) -> None:
    """Say what a topic's messages read.

    Args:
        title, body: lazy texts with places such as `{number}`; nothing but plain names is a place.
        urgent: goes in quiet hours too, and nobody of the staff can choose not to get it.
        fill: further values made from the message's data when it is sent (a link, a date in words), in the reader's
            language; what must not lie in the queue is made here.
        secret: the body holds something that opens a door, and is not written to a log.
        grade: for residents: ALWAYS is told whatever they chose, END where they chose the end only, STEP where they chose all.
        group: path of the page to which a unit's group chat is led, with `{number}`; empty where groups are not told. The title
            is said there as it stands and has no places.
        staff: told to members of staff, who choose how; those of which nobody may choose are left out.
    """
    if group and _PLACE.search(str(title)):
        raise ValueError(f"{topic}: a title with places is not for groups")
    _topics[topic] = Topic(topic, title, body, urgent, fill, secret, grade, group, staff)


def get(topic: str) -> Topic:
    """The topic.

    Raises:
        KeyError: no room has registered it.
    """
    return _topics[topic]


def known() -> list[str]:
    """All registered topics."""
    return sorted(_topics)


def for_staff() -> list[Topic]:
    """The topics that members of staff may choose about, what is urgent last."""
    return sorted((one for one in _topics.values() if one.staff), key=lambda one: one.urgent)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Put values in their places. A value cannot add a place, a line or a header of its own."""
    return _PLACE.sub(lambda place: _CONTROLS.sub(" ", str(values[place[1]]))[:VALUE_CHARS_MAX], template)
