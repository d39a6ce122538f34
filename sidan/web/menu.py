"""What rooms hang into the frame of every page: links in the header, and the desks of staff with their counts."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Link:
    """A place in the header; `audience` is resident, staff or all."""

    href: str
    label: str | Promise
    audience: str = "all"


@dataclass(frozen=True)
class Desk:
    """A list of work in the side navigation: how many wait, and how many of them are overdue."""

    href: str
    label: str | Promise
    count: int | None = None
    over: int = 0


DeskProvider = Callable[[HttpRequest], list[Desk]]

_links: list[Link] = []
_desks: list[DeskProvider] = []
homes: dict[str, str] = {"resident": "/", "staff": "/"}


def offer_link(href: str, label: str | Promise, audience: str = "all") -> None:
    """Hang a link into the header; called once, when a room is made ready."""
    link = Link(href, label, audience)
    if link.href not in [one.href for one in _links if one.audience == audience]:
        _links.append(link)


def offer_desks(provider: DeskProvider) -> None:
    """Offer a room's desks for the person who asks; the provider may run one query."""
    if provider not in _desks:
        _desks.append(provider)


def links_for(audience: str) -> list[Link]:
    """The header's links for residents or staff."""
    return [link for link in _links if link.audience in (audience, "all")]


def desks_for(request: HttpRequest) -> list[Desk]:
    """All desks of the person signed in. One query for each room."""
    return [desk for provider in _desks for desk in provider(request)]


def here(href: str, path: str) -> bool:
    """Whether a link leads to the page shown or to what lies above it; the root is above everything and only itself."""
    bare = href.split("?")[0]
    return path == bare or (bare != "/" and path.startswith(bare))
