"""An order before it is sent: what was written, as it was written, in the server's session for seven days."""

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest

from sidan.orders.commands.asking import Wish
from sidan.orders.words import Channel, Kind
from sidan.web import sealed

KEPT = timedelta(days=7)
_NAME = "orders.draft"
# What one field may hold in the session; a longer text is shown again with its error and not kept.
_MOST_CHARS = 20_000
OPEN, CONFIDENTIAL, ANONYMOUS = "open", "confidential", "anonymous"
ABOUT_UNITS = (Kind.COMPLAINT, Kind.REPORT)  # the kinds that may name a unit that is complained about


@dataclass
class Draft:
    """Args:
    token: names this draft; an order is placed once for it, however often the button is pressed. Its photos lie in a
        folder of that name (see `resident_photos`): they come one by one and at once, and would overwrite each other here.
    values: text by field name.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    values: dict[str, str] = field(default_factory=dict)

    def write(self, **values: str) -> None:
        """Keep what a page asked for."""
        self.values.update({name: value for name, value in values.items() if len(value) <= _MOST_CHARS})

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def identity(self) -> str:
        chosen = self.get("identity")
        return chosen if chosen in (CONFIDENTIAL, ANONYMOUS) else OPEN

    @property
    def for_other(self) -> bool:
        """Whether somebody else is asked for, who has agreed. Nobody agrees to what is anonymous."""
        return bool(self.get("for_other")) and self.identity != ANONYMOUS

    def wish(self) -> Wish:
        """What is asked for, as the command takes it."""
        kind = self.get("kind") or Kind.HELP.value
        return Wish(
            text=self.get("text"),
            unit=self.get("unit"),
            kind=kind,
            category=self.get("category") or None,
            channel=Channel.WEB.value,
            name=self.get("name") or None,
            phone=self.get("phone") or None,
            place=" ".join(filter(None, (self.get("spot_words"), self.get("place")))) or None,
            public=bool(self.get("public")),
            anonymous=self.identity == ANONYMOUS,
            confidential=self.identity == CONFIDENTIAL,
            about=self.get("about") or None if kind in ABOUT_UNITS else None,
            consent=self.for_other,
        )


def read(request: HttpRequest, now: datetime) -> Draft | None:
    """The draft of this browser. One query where it has a session, none otherwise."""
    kept = sealed.get(request, _NAME, now, KEPT)
    if not isinstance(kept, dict):
        return None
    return Draft(str(kept["token"]), dict(kept["values"]))


def keep(request: HttpRequest, draft: Draft, now: datetime) -> None:
    """Write it back."""
    sealed.put(request, _NAME, asdict(draft), now)


def drop(request: HttpRequest) -> None:
    """Forget it."""
    sealed.drop(request, _NAME)
