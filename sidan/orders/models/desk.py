"""What desks keep beside the orders: who has a page open at this moment, and the forms of words of a unit."""

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
