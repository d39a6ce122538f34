"""The second page of placing an order: which community, and where there; what matter it sounds like."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sidan.kernel.base.text import clean_text
from sidan.kernel.org import queries as org
from sidan.orders.rulebook import rulebook
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_spots as spots
from sidan.orders.views import resident_suggest as suggest
from sidan.orders.views.resident_places import place_words, places
from sidan.orders.views.resident_report import MORE, WHAT, WHERE, draft_of, onward, show, tried
from sidan.web.pages import Ask, go


@require_http_methods(["GET", "POST"])
def where(request: HttpRequest) -> HttpResponse:
    """Which community, and where there; what matter it sounds like. Choosing an emergency shows its telephone at once.

    `look` in a POST only shows the estates of the community that was chosen: without scripts they come with a page.
    """
    now = timezone.now()
    day = org.local_date(now)
    draft = draft_of(request, now)
    if not draft.get("text"):
        return go(request, WHAT)
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        category = rulebook().category(request.POST.get("category", ""), day)
        draft.write(**_chosen(request, draft, day), place=request.POST.get("place", ""), poster="")
        draft.write(category=category.code if category else "")
        drafts.keep(request, draft, now)
        node = org.tree().by_code(draft.get("unit"))
        if node is None or node.is_body:
            wrong["unit"] = _("请选一个社区（村）。不知道是哪个，就选最下面一项。")
        if request.POST.get("place"):
            tried(wrong, clean_text, request.POST["place"], max_chars=spots.room(draft), min_chars=0, field="place")
        if not wrong and not request.POST.get("look"):
            return go(request, "/report/emergency/" if rulebook().emergency(category, day) else onward(request, MORE))
    place = Ask(
        "place", _("具体在哪里？"), required=False, max_chars=120, help=_("小区、几栋几单元、哪个路口，越清楚越快找到")
    )
    return show(
        request, "where", draft, wrong, values={**draft.values, **request.POST.dict()}, places=places(draft.get("unit")),
        asks=[place, *_matters(draft, day)], labels=(Ask("unit", _("在哪个社区（村）？")), place),
        **_place(draft.get("unit"), draft.get("spot"), day), place_words=spots.words(draft.values),
    )  # fmt: skip


def _place(unit: str, spot: str, day: date) -> dict[str, Any]:
    return {"unit_code": unit, "unit_words": place_words(unit), "estates": spots.estates(unit, spot, day), "spot": spot}


def _chosen(request: HttpRequest, draft: drafts.Draft, day: date) -> dict[str, str]:
    """Community and spot as the form says; a spot of another community than the one chosen is dropped."""
    unit = request.POST.get("unit", "")
    if "spot" not in request.POST and unit == draft.get("unit"):
        return {"unit": unit}
    chosen = spots.given(request.POST.get("spot", ""), day) if request.POST.get("spot") else {}
    return chosen if chosen and chosen["unit"] == unit else {"unit": unit, "spot": "", "spot_words": ""}


@require_safe
def estates(request: HttpRequest) -> HttpResponse:
    """The chosen community with its estates as a piece of the page, for `place-picker`. At most one query."""
    node = org.tree().by_code(request.GET.get("unit", "")[:24])
    unit = node.code if node is not None and not node.is_body else ""
    day = org.local_date(timezone.now())
    context = {**_place(unit, "", day), "place_words": place_words(unit), "places": places(unit)}
    return render(request, "orders/resident/_where.html", context)


def _matters(draft: drafts.Draft, day: date) -> list[Ask]:
    """The question for the matter, where the words sound like some."""
    rows = suggest.categories(draft.get("text"), day)
    chosen = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    if chosen is not None and chosen not in rows:
        rows = [chosen, *rows]
    if not rows:
        return []
    choices = [(row.code, row.name, suggest.path_words(row, day)) for row in rows]
    choices.append(("", _("都不是，或不确定"), _("由社区来定")))
    return [Ask("category", _("像下面哪一类？"), kind="choice", required=False, choices=choices)]


@require_http_methods(["GET", "POST"])
def emergency(request: HttpRequest) -> HttpResponse:
    """The matter that was chosen cannot wait in a queue: whom to call. A POST takes the choice back."""
    now = timezone.now()
    draft = draft_of(request, now)
    day = org.local_date(now)
    category = rulebook().category(draft.get("category"), day) if draft.get("category") else None
    number = rulebook().emergency(category, day)
    if request.method == "POST":
        draft.write(category="")
        drafts.keep(request, draft, now)
        return go(request, WHERE)
    if not number or category is None:
        return go(request, WHERE)
    return show(request, "emergency", draft, {}, number=number, matter=category.name)
