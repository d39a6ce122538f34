"""What desks keep beside the orders: who has a page open at this moment."""

from django.db import models

from sidan.orders.models.order import Order


class Looking(models.Model):
    """Somebody of the staff has an order's page open: a row of seconds, so that two do not work on one order unawares."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey("org.Person", models.CASCADE, related_name="+", db_index=False)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "person"], name="orders_looking_once")]
