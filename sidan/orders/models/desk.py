"""What desks keep beside the orders: open pages, forms of words, held dispatches, views and files of lists."""

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


class SavedView(models.Model):
    """A list as somebody likes to see it: filters and columns under a name, for themselves or for a unit."""

    owner = models.ForeignKey("org.Person", models.CASCADE, related_name="+")
    page = models.CharField(max_length=20)  # a desk's name, or `orders`
    name = models.CharField(max_length=30)
    query = models.CharField(max_length=600, default="", blank=True)  # filters as they stand in the address
    columns = models.CharField(
        max_length=200, default="", blank=True
    )  # names, `,` between them; empty are the usual ones
    shared_with = models.ForeignKey("org.Unit", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="orders_view_name_once")]


class Export(models.Model):
    """A list as a file for whoever asked: made at once where it is short, else by the worker; gone after a day."""

    owner = models.ForeignKey("org.Person", models.CASCADE, related_name="+")
    page = models.CharField(max_length=20)
    query = models.CharField(max_length=600, default="", blank=True)
    columns = models.CharField(max_length=200, default="", blank=True)
    form = models.CharField(max_length=4, choices=[("csv", "csv"), ("xlsx", "xlsx")])
    language = models.CharField(max_length=10)  # in which its words are written
    made_at = models.DateTimeField()
    rows = models.PositiveIntegerField()  # as counted when it was asked for
    written = models.PositiveIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)
    expires_at = models.DateTimeField(db_index=True)
