"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_track as track
from sidan.web.pages import page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Place an order, follow one, or call a human. At most four queries."""
    draft = drafts.read(request, timezone.now())
    begun = draft is not None and bool(draft.get("text"))
    return page(request, "orders/resident/home.html", begun=begun, reading=track.number_of(request))
