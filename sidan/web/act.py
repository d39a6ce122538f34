"""Who acts, when, through this door: made once for each request."""

from django.http import HttpRequest
from django.utils import timezone

from sidan.kernel.base.errors import NotSignedIn
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person


def person_of(request: HttpRequest) -> Person | None:
    """The person signed in, or nobody. At most two queries, the first time."""
    user = getattr(request, "user", None)  # absent where the request ended before the session was read
    person: Person | None = user.person if user is not None and user.is_authenticated else None
    return person


def act_of(request: HttpRequest, via: Via | str = Via.PAGE) -> Act:
    """The act of the person signed in; the same object for the whole request, so its seats are read once.

    Raises:
        NotSignedIn: nobody is signed in.
    """
    kept = getattr(request, "_sidan_act", None)
    if isinstance(kept, Act) and kept.via == via:
        return kept
    person = person_of(request)
    if person is None:
        raise NotSignedIn
    act = Act(by=person, at=timezone.now(), via=Via(via))
    setattr(request, "_sidan_act", act)  # noqa: B010 - HttpRequest does not declare it
    return act
