"""What desks keep beside the orders: who has a page open at this moment, the forms of words of a unit, what is held back a moment."""

from django.db import models

from sidan.orders.models.order import Order


class Looking(models.Model):
    """Somebody of the staff has an order's page open: a row of seconds, so that two do not work on one order unawares."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey("org.Person", models.CASCADE, related_name="+", db_index=False)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "person"], name="orders_looking_once")]


class Phrase(models.Model):
    """答复模板: a form of words that a unit's people keep and put into their answers."""

    unit = models.ForeignKey("org.Unit", models.PROTECT, related_name="+")
    title = models.CharField(max_length=30)
    body = models.CharField(max_length=800)
    by = models.ForeignKey("org.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)


class Held(models.Model):
    """A dispatch pressed for several orders at once. For some seconds it is only kept here and can be taken back: see decision 20.

    Rows that were taken back are gone; what was carried out or refused says so until the next day.
    """

    bundle = models.UUIDField(db_index=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="+", db_index=False)
    seen = models.PositiveIntegerField()  # the order's version when it was pressed
    lead = models.ForeignKey("org.Unit", models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey("org.Person", models.PROTECT, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=40, default="", blank=True)  # a refusal's code
    why = models.CharField(max_length=300, default="", blank=True)  # and its sentence

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="orders_held_due", condition=models.Q(done_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["order"], name="orders_held_once", condition=models.Q(done_at=None))
        ]
