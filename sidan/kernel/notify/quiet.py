"""Quiet hours: until when an audience is not to be disturbed."""

from datetime import date, datetime, time, timedelta

from sidan.kernel.base import snapshot
from sidan.kernel.notify.models import QuietRule
from sidan.kernel.org import queries as org


@snapshot.cached("notify.quiet")
def _rules() -> list[tuple[str, date, date | None, str, str]]:
    return list(QuietRule.objects.values_list("audience", "valid_from", "valid_to", "begins", "ends"))


def until(now: datetime, *, staff: bool) -> datetime | None:
    """When the quiet hours that run now end; None outside them. The night belongs to the rule of the day on which it began."""
    local = now.astimezone(org.ZONE)
    for day in (local.date(), local.date() - timedelta(days=1)):
        hours = _hours(day, QuietRule.Audience.STAFF if staff else QuietRule.Audience.RESIDENT)
        if hours is None:
            continue
        begins, ends = (datetime.combine(day, one, org.ZONE) for one in hours)
        if ends <= begins:
            ends = datetime.combine(day + timedelta(days=1), hours[1], org.ZONE)
        if begins <= local < ends:
            return ends
    return None


def clock(text: str) -> time:
    """A time of day from `HH:MM`.

    Raises:
        ValueError: it is none.
    """
    hour, _colon, minute = text.partition(":")
    if len(hour) != 2 or len(minute) != 2 or not (hour + minute).isdecimal():
        raise ValueError(text)
    return time(int(hour), int(minute))


def _hours(day: date, audience: str) -> tuple[time, time] | None:
    """The rule that holds on a day: of several the newest."""
    valid = [
        (since, begins, ends)
        for kind, since, to, begins, ends in _rules()
        if kind == audience and since <= day and (to is None or day < to)
    ]
    if not valid:
        return None
    _since, begins, ends = max(valid)
    return (clock(begins), clock(ends)) if begins != ends else None
