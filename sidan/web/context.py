"""The context of every page: language, text size, who is here, whom to call."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Person
from sidan.kernel.worktime import queries as worktime
from sidan.web import menu
from sidan.web.act import person_of
from sidan.web.logs import request_id

SIZE_COOKIE = "sidan_size"
SIZES = ("normal", "big", "huge")

_last_phone = ""


class Site:
    """Everything lazy: a page that does not show it does not pay for it, and an error page needs no database."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def lang(self) -> str:
        """The page's language as HTML names it."""
        return "en" if (get_language() or "").startswith("en") else "zh-Hans"

    @property
    def size(self) -> str:
        """normal, big or huge."""
        size = self._request.COOKIES.get(SIZE_COOKIE, "")
        return size if size in SIZES else "normal"

    @property
    def demo(self) -> bool:
        """Whether this is the demonstration, whose passwords are printed and whose messages stand on a page."""
        return bool(settings.SIDAN_DEMO)

    @property
    def path(self) -> str:
        return self._request.path

    @property
    def route(self) -> str:
        """The page's route, without what stands in its place: no number of an order and no secret of a link."""
        found = getattr(self._request, "resolver_match", None)
        return str(found.route) or "/" if found is not None else ""

    @property
    def number(self) -> str:
        """The number of this very request, by which the log is searched."""
        return request_id.get()

    @property
    def here(self) -> str:
        """Where the switches in the header lead back to."""
        return self._request.get_full_path() if self._request.method == "GET" else self._request.path

    @cached_property
    def person(self) -> Person | None:
        """Who is signed in. At most three queries with the session's."""
        return person_of(self._request)

    @property
    def is_staff(self) -> bool:
        return self.person is not None and self.person.kind == Person.Kind.STAFF

    @property
    def home(self) -> str:
        return menu.homes["staff" if self.is_staff else "resident"]

    @property
    def links(self) -> list[dict[str, Any]]:
        found = menu.links_for("staff" if self.is_staff else "resident")
        hrefs = [link.href for link in found if menu.here(link.href, self.path)]
        best = max(hrefs, key=len, default="")
        return [{"href": link.href, "label": link.label, "current": link.href == best} for link in found]

    @cached_property
    def desks(self) -> list[dict[str, Any]]:
        found = menu.desks_for(self._request)
        best = max((desk.href for desk in found if menu.here(desk.href, self.path)), key=len, default="")
        return [
            {
                "href": desk.href,
                "label": desk.label,
                "count": desk.count,
                "over": desk.over,
                "current": desk.href == best,
            }
            for desk in found
        ]

    @cached_property
    def duty_phone(self) -> str:
        """The telephone of a human, by day or by night; the last one known where the database is gone."""
        global _last_phone
        try:
            night = worktime.duty_now(timezone.now())
            _last_phone = org.duty_phone(night=night) or org.duty_phone()
        except DatabaseError:
            return _last_phone
        return _last_phone


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `site`."""
    return {"site": Site(request)}
