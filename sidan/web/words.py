"""States in words, as rooms register them: a badge never shows a code."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

TONES = ("plain", "info", "ok", "warn", "danger")


@dataclass(frozen=True)
class State:
    """A state's word and its tone."""

    label: str | Promise
    tone: str = "plain"


_states: dict[str, State] = {}


def register_states(states: Mapping[str, tuple[str | Promise, str]]) -> None:
    """Tell the words and tones of a room's states; called once, when the room is made ready."""
    for code, (label, tone) in states.items():
        if tone not in TONES:
            raise ValueError(f"{tone} is not a tone")
        _states[str(code)] = State(label, tone)


def state(code: str) -> State:
    """A state's word; the code itself where no room has named it."""
    return _states.get(str(code), State(str(code)))
