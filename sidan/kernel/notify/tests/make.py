"""Builders and a channel that can be told to fail, for tests of the messages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sidan.kernel.base import snapshot, tx
from sidan.kernel.notify import channels, commands, topics
from sidan.kernel.notify.channels import Channel, Letter
from sidan.kernel.notify.models import Message
from sidan.kernel.org.models import Person, Unit

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOPIC = "test.told"


class Killed(BaseException):
    """The process is gone: nothing that would handle an error may run."""


class Probe:
    """A channel that remembers what it was given; `behave` is asked first and may raise."""

    name = "probe"

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.behave: Callable[[Letter], None] = lambda letter: None

    def send(self, letter: Letter) -> None:
        self.behave(letter)
        self.letters.append(letter)


def use(channel: Channel, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let messages go by one channel."""
    monkeypatch.setitem(channels._made, channel.name, channel)
    settings.SIDAN_CHANNEL, settings.SIDAN_STAFF_CHANNEL = (channel.name,), ()


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Probe:
    """The channel in use is a probe, and a topic is registered."""
    made = Probe()
    use(made, monkeypatch, settings)
    topics.register(TOPIC, title="{number}", body="事项 {number} 有进展。")
    snapshot.forget()
    return made


def reader(handle: str = "li", phone: str | None = "13800000000") -> Person:
    from sidan.kernel.org import commands as org

    return org.add_staff(handle, "李", phone=phone)


def unit(code: str = "500233", parent: Unit | None = None) -> Unit:
    made = Unit.objects.create(
        code=code,
        name=code,
        short_name=code,
        kind="street" if parent else "county",
        level="town" if parent else "county",
        parent=parent,
        valid_from=date(2020, 1, 1),
        source="test",
    )
    snapshot.forget()
    return made


@tx.writes
def queue(person: Person, *keys: str) -> None:
    """Queue one message for each key, in this order."""
    for key in keys:
        commands.send(TOPIC, to_person=person.id, data={"number": key[-8:]}, key=key, act_at=NOW)


def states() -> dict[str, str]:
    return dict(Message.objects.values_list("key", "state"))
