"""The telephone of a human near an order: the one that answers at a moment, or both with their hours, for what is read later."""

from datetime import datetime

from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.kernel.worktime.calendar import WHOLE_DAY


def answering(unit_id: int | None, at: datetime) -> str:
    """The telephone that is answered at a moment: at work, or at night and on rest days. No query."""
    return org.duty_phone(unit_id, night=worktime.duty_now(at)) or org.duty_phone(unit_id)


def in_a_message() -> str:
    """The county's, by day and outside office hours: a message is read when it is read. No query."""
    day, night = org.duty_phone(), org.duty_phone(night=True)
    if not day or not night or day == night:
        return day or night
    return f"{day} / " + _("夜间和节假日电话") + f" {night}"


def on_paper(unit_id: int | None, at: datetime) -> list[tuple[str, str]]:
    """Numbers with the hours at which they answer; one without hours where both are the same. No query."""
    day, night = org.duty_phone(unit_id), org.duty_phone(unit_id, night=True)
    if not day or not night or day == night:
        return [("", day or night)] if day or night else []
    hours = worktime.calendar().hours_on(org.local_date(at))
    spans = "、".join(f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in hours.spans())
    return [
        (_("工作日") if hours == WHOLE_DAY else _("工作日%(hours)s") % {"hours": spans}, day),
        (_("其他时间"), night),
    ]
