"""The calendar's two tables: what kind of day each date is, and when offices are open."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    WORKDAY = "workday", _("工作日")
    WEEKEND = "weekend", _("周末")
    HOLIDAY = "holiday", _("节假日")
    MAKEUP = "makeup", _("调休上班")


WORKED = (Kind.WORKDAY, Kind.MAKEUP)


class CalendarDay(models.Model):
    """One date. `confirmed` is false until the notice of its year is published."""

    date = models.DateField(unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=200)
    confirmed = models.BooleanField()
    # The key of a person as text: people stand beside this room, not below it.
    changed_by = models.CharField(max_length=40, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["date"]
        constraints = [models.CheckConstraint(name="worktime_day_kind_known", condition=Q(kind__in=Kind.values))]

    def __str__(self) -> str:
        return f"{self.date} {self.kind}"


class WorkHours(models.Model):
    """Office hours in Beijing time, from a date on."""

    valid_from = models.DateField(unique=True)
    valid_to = models.DateField(null=True, blank=True)  # the first day on which they hold no more
    opens = models.TimeField()
    closes = models.TimeField()
    break_from = models.TimeField(null=True, blank=True)
    break_to = models.TimeField(null=True, blank=True)
    source = models.CharField(max_length=200)
    changed_by = models.CharField(max_length=40, blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["valid_from"]
        constraints = [
            models.CheckConstraint(name="worktime_hours_open_then_close", condition=Q(opens__lt=F("closes"))),
            models.CheckConstraint(
                name="worktime_hours_from_then_to",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
            # Both ends named as not null: a comparison with NULL is unknown, and a check lets the unknown pass.
            models.CheckConstraint(
                name="worktime_hours_break_within",
                condition=Q(break_from=None, break_to=None)
                | Q(
                    break_from__isnull=False,
                    break_to__isnull=False,
                    break_from__gt=F("opens"),
                    break_from__lt=F("break_to"),
                    break_to__lt=F("closes"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from} {self.opens:%H:%M}-{self.closes:%H:%M}"
