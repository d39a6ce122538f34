"""The law of an item as a value: states, steps, who may take them. Checked when it is made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from sidan.kernel.flow.fields import Field, Words


@dataclass(frozen=True)
class Role:
    """Whoever holds a role in the unit that a field of the item names, or above it."""

    name: str
    at: str = "unit"


@dataclass(frozen=True)
class Party:
    """The one person that a field of the item names."""

    field: str


@dataclass(frozen=True)
class Clock:
    """The clock: a step that time takes."""


@dataclass(frozen=True)
class Importer:
    """An import: a step that another system's history takes."""


@dataclass(frozen=True)
class Follows:
    """Nobody's own step: it follows, in the same transaction, from a step of another item that was checked there."""


@dataclass(frozen=True)
class AnyOf:
    """Any of several."""

    whos: tuple["Who", ...]


Who = Role | Party | Clock | Importer | Follows | AnyOf


@dataclass(frozen=True)
class Guard:
    """A further condition on the item itself, pure in the item and the moment.

    Args:
        test: true where the step may be taken.
        why: what the one refused is told.
        code: the refusal's stable code.
    """

    test: Callable[[Any, datetime], bool]
    why: str | Promise
    code: str = "not_now"


@dataclass(frozen=True)
class Step:
    """One arrow.

    Args:
        do: the verb; the room's command has this name.
        done: past tense; the event kind is `<flow>.<done>`.
        frm: states it starts from.
        to: where it leads; empty where the item stays.
        who: who may.
        noun: the step's address, in pages and API alike.
        label: the words on the button.
        fields: what it asks for.
        never: fields of the item that name persons who may not (they did an earlier step); one by its key, or a text of keys.
        when: further conditions.
        primary: the button that is usually next.
    """

    do: str
    done: str
    frm: tuple[str, ...]
    who: Who
    to: str = ""
    noun: str = ""
    label: Words = ""
    fields: tuple[Field, ...] = ()
    never: tuple[str, ...] = ()
    when: tuple[Guard, ...] = ()
    primary: bool = False

    def leads(self, state: str) -> str:
        return self.to or state


@dataclass(frozen=True)
class Flow:
    """The whole law of one kind of item.

    Args:
        name: `app.model`, the prefix of its event kinds.
        births: states in which an item may begin, each with the event's past tense.
        ends: states that nothing needs to leave.
        folded: columns of the row, beside state and version, that the journal rebuilds.
        barred: a field that names the unit complained about: nobody who sits there acts or sees.

    Raises:
        ValueError: a state cannot be reached, or cannot be left and is no end, or two steps share a name.
    """

    name: str
    states: tuple[str, ...]
    births: tuple[tuple[str, str], ...]
    ends: tuple[str, ...]
    steps: tuple[Step, ...]
    folded: tuple[str, ...] = ()
    barred: str = ""
    labels: dict[str, Words] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for key in ("do", "done", "noun"):
            names = [getattr(step, key) for step in self.steps if getattr(step, key)]
            if len(names) != len(set(names)):
                raise ValueError(f"{self.name}: two steps share a {key}")
        for step in self.steps:
            if step.noun and isinstance(step.who, Follows):
                raise ValueError(f"{self.name}: {step.do} follows from another step and has no address of its own")
            unknown = {*step.frm, step.leads(self.births[0][0])} - set(self.states)
            if unknown:
                raise ValueError(f"{self.name}: {step.do} names unknown states {unknown}")
        self._reachable()
        self._leavable()

    def _reachable(self) -> None:
        reached = {state for state, _ in self.births}
        while True:
            more = {s.leads(frm) for s in self.steps for frm in s.frm if frm in reached} - reached
            if not more:
                break
            reached |= more
        if missing := set(self.states) - reached:
            raise ValueError(f"{self.name}: never reached: {missing}")

    def _leavable(self) -> None:
        """From every state some end can be reached, so there is no dead end and no trap."""
        ending = set(self.ends)
        while True:
            more = {frm for s in self.steps for frm in s.frm if s.leads(frm) in ending} - ending
            if not more:
                break
            ending |= more
        if stuck := set(self.states) - ending:
            raise ValueError(f"{self.name}: no way to an end from {stuck}")

    @cached_property
    def by_do(self) -> dict[str, Step]:
        return {step.do: step for step in self.steps}

    @cached_property
    def by_noun(self) -> dict[str, Step]:
        return {step.noun: step for step in self.steps if step.noun}

    @cached_property
    def _offered(self) -> dict[str, tuple[Step, ...]]:
        return {state: tuple(s for s in self.steps if s.noun and state in s.frm) for state in self.states}

    def offered(self, state: str) -> tuple[Step, ...]:
        """The steps with an address that start from a state."""
        return self._offered[state]

    def kind(self, done: str) -> str:
        """The event kind of a past tense."""
        return f"{self.name}.{done}"

    def mermaid(self) -> str:
        """The law as a state diagram, for the documents."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {state}: {done}" for state, done in self.births)]
        for step in self.steps:
            lines += [f"    {frm} --> {step.to}: {step.do}" for frm in step.frm if step.to]
        return "\n".join([*lines, *(f"    {end} --> [*]" for end in self.ends)])


def roles(who: Who) -> list[Role]:
    """The roles within a `who`."""
    if isinstance(who, AnyOf):
        return [role for inner in who.whos for role in roles(inner)]
    return [who] if isinstance(who, Role) else []
