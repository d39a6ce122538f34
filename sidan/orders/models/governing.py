"""The rows that govern: catalogue, dispatch catalogue, duty lists, deadlines, ladder, reasons.

Each row has its days and its source. A row is never altered once its first day has come: the next version has a new row.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sidan.orders.words import Klass, Rung, Stage, Urgency

ANY = "*"


class Dated(models.Model):
    """Valid from a day until the day before `valid_to`, by a source that can be looked up."""

    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=300)

    class Meta:
        abstract = True


class Measure(models.TextChoices):
    MINUTES = "minutes", _("分钟")
    HOURS = "hours", _("小时")
    DAYS = "days", _("天")
    WORKING_DAYS = "working_days", _("个工作日")


class Category(Dated):
    """A matter, on one of three levels: `01`, `0103`, `010302`."""

    code = models.CharField(max_length=6, db_index=True)
    name = models.CharField(max_length=60)
    klass = models.CharField(max_length=10, choices=Klass.choices)
    emergency = models.CharField(
        max_length=20, default="", blank=True
    )  # the number to call; such matters are not queued
    kinds = models.CharField(max_length=60, default="", blank=True)  # usual kinds, `;` between them
    keywords = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="orders_category_version")]


class DispatchRule(Dated):
    """派单目录: who leads for a category in an area (北京市接诉即办工作条例 art. 11)."""

    category_code = models.CharField(max_length=6, db_index=True)
    area = models.ForeignKey("org.Unit", models.PROTECT, related_name="+")
    lead = models.ForeignKey("org.Unit", models.PROTECT, related_name="+")
    supports = models.CharField(max_length=200, default="", blank=True)  # unit codes, `;` between them
    klass = models.CharField(max_length=10, choices=Klass.choices, default="", blank=True)
    answer_amount = models.PositiveIntegerField(null=True)  # only tighter than the deadline rule
    answer_measure = models.CharField(max_length=12, choices=Measure.choices, default="", blank=True)
    legal_basis = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["category_code", "area", "valid_from"], name="orders_dispatch_rule_version")
        ]


class Duty(Dated):
    """职责清单: what a unit, or every unit of a kind, leads or assists (the same, art. 17)."""

    class Part(models.TextChoices):
        LEAD = "lead", _("主办")
        ASSIST = "assist", _("协办")

    holder = models.CharField(max_length=24, db_index=True)  # a unit's code or a kind of unit
    category_code = models.CharField(max_length=6)
    role = models.CharField(max_length=8, choices=Part.choices)
    text = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "category_code", "valid_from"], name="orders_duty_version")
        ]


class DeadlineRule(Dated):
    """How long a stage may take: the nearest unit upwards, then the most exact class and urgency."""

    stage = models.CharField(max_length=16, choices=Stage.choices)
    klass = models.CharField(max_length=10, default=ANY)
    urgency = models.CharField(max_length=8, default=ANY)
    unit = models.ForeignKey("org.Unit", models.PROTECT, null=True, related_name="+")
    amount = models.PositiveIntegerField()
    measure = models.CharField(max_length=12, choices=Measure.choices)
    extend_max_days = models.PositiveSmallIntegerField(default=0)  # working days
    extend_max_times = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "klass", "urgency", "unit", "valid_from"],
                name="orders_deadline_version",
            ),
            models.CheckConstraint(
                name="orders_deadline_names_known_classes",
                condition=models.Q(klass__in=[ANY, *Klass.values]) & models.Q(urgency__in=[ANY, *Urgency.values]),
            ),
        ]


class LadderRule(Dated):
    """When the clock climbs a rung of the ladder, and whom it tells."""

    rung = models.CharField(max_length=10, choices=Rung.choices)
    klass = models.CharField(max_length=10, default=ANY)
    when = models.CharField(max_length=6, choices=[("before", _("到期前")), ("after", _("到期后"))])
    amount = models.PositiveIntegerField()
    measure = models.CharField(max_length=12, choices=Measure.choices)
    tell = models.CharField(max_length=60)  # roles, `;` between them

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rung", "klass", "valid_from"], name="orders_ladder_version")]


class RefusalReason(Dated):
    """Why an order is not accepted, and the legal route that the resident is shown."""

    code = models.CharField(max_length=20, db_index=True)
    name = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80, default="", blank=True)
    route = models.TextField()
    route_en = models.TextField(default="", blank=True)
    phone = models.CharField(max_length=30, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="orders_refusal_version")]


class Place(Dated):
    """A spot of a community with a poster of its own: an estate, a building of it, where the poster hangs.

    Its code stands in the poster's address and stays the same from version to version.
    """

    code = models.CharField(max_length=8, db_index=True)
    unit = models.ForeignKey("org.Unit", models.PROTECT, related_name="+")
    estate = models.CharField(max_length=40)
    building = models.CharField(max_length=30, default="", blank=True)
    spot = models.CharField(max_length=30, default="", blank=True)

    class Meta:
        db_table = "orders_known_place"  # an index of the orders has the plainer name
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="orders_place_version")]

    @property
    def words(self) -> str:
        """The place as it is written on the poster and into the order, without its community."""
        return " ".join(filter(None, (self.estate, self.building, self.spot)))
