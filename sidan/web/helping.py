"""Help for each role: the Markdown files of `docs/help`, shown by a renderer that lets no markup and no foreign link through."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from sidan.kernel.base.errors import NotFound, NotSignedIn
from sidan.web.act import act_of
from sidan.web.pages import page

FOLDER = Path(__file__).parent / "help"
RESIDENT = "resident"
# In the order of the list. Whoever has several roles begins with the first of theirs.
TOPICS = {
    RESIDENT: gettext_lazy("居民"),
    "community": gettext_lazy("社区（村）"),
    "dispatcher": gettext_lazy("派单员"),
    "handler": gettext_lazy("承办单位"),
    "checker": gettext_lazy("核查员"),
    "supervisor": gettext_lazy("督办员"),
    "operator": gettext_lazy("系统管理员"),
}
_SAME = {"recorder": "community"}


@dataclass(frozen=True)
class Shown:
    """A file as a page: its first heading, and the rest."""

    title: str
    body: SafeString


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The help of whoever asks: by their role, else for residents."""
    try:
        roles = {_SAME.get(role, role) for role in act_of(request).roles()}
    except NotSignedIn:
        roles = set()
    return _show(request, next((topic for topic in TOPICS if topic in roles), RESIDENT))


@require_safe
def topic(request: HttpRequest, name: str) -> HttpResponse:
    """The help of one role; everybody may read all of it.

    Raises:
        NotFound: there is no such role.
    """
    if name not in TOPICS:
        raise NotFound(_("没有这一篇帮助。"))
    return _show(request, name)


def _show(request: HttpRequest, name: str) -> HttpResponse:
    shown = read(name, "en" if (get_language() or "").startswith("en") else "zh")
    others = [(one, label, one == name) for one, label in TOPICS.items()]
    return page(request, "web/help.html", title=shown.title, body=shown.body, topics=others, label=gettext("帮助"))


@lru_cache(maxsize=32)
def read(name: str, language: str) -> Shown:
    """A file of the help, rendered once."""
    text = (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")
    head, _newline, rest = text.partition("\n")
    return Shown(head.removeprefix("#").strip(), render(rest))


class _Reader(MarkdownIt):
    """Asked of every link; one that is refused stays text."""

    def validateLink(self, url: str) -> bool:
        return url.startswith(("tel:", "#")) or (url.startswith("/") and not url.startswith("//"))


def render(text: str) -> SafeString:
    """Markdown as HTML: markup is shown as text, and links lead to this house or to a telephone."""
    html: str = _Reader("commonmark", {"html": False}).enable("table").disable("image").render(text)
    return mark_safe(html)
