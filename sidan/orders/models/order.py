"""The order, its texts, its co-handlers, the revealing of an identity, and the batches of imports."""

from django.db import models
from django.db.models import Q

from sidan.kernel.flow.models import Flowing
from sidan.kernel.org.models import new_id
from sidan.orders.words import ENDS, Channel, Kind, Klass, S, Satisfied, Solved, Urgency


class Batch(models.Model):
    """One import: what it brought and whether it was undone."""

    system = models.CharField(max_length=40)  # whose external numbers these are
    map_name = models.CharField(max_length=80)
    file_name = models.CharField(max_length=120)
    file_hash = models.BinaryField(max_length=32)
    rows = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    known = models.PositiveIntegerField()  # external numbers that were there already
    refused = models.PositiveIntegerField()
    by = models.ForeignKey("org.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class Order(Flowing):
    """What a resident asks for. Milestones stand on the row; the journal is the truth and the row its fold.

    Keys that commands copy from rows they have just read, and whose targets nothing deletes, are not checked by the
    database (decision 16); `doctor` looks for dangling ones.
    """

    number = models.CharField(max_length=8)  # unique; printed on the receipt, unambiguous letters and digits
    kind = models.CharField(max_length=10, choices=Kind.choices)
    category = models.ForeignKey("orders.Category", models.PROTECT, null=True, related_name="+", db_index=False)
    klass = models.CharField(max_length=10, choices=Klass.choices)
    urgency = models.CharField(max_length=8, choices=Urgency.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    title = models.CharField(max_length=80)  # beginning of the text; erased with it
    place = models.CharField(max_length=120, default="", blank=True)
    lat = models.FloatField(null=True)  # WGS-84; rounded where it is shown to others than staff
    lon = models.FloatField(null=True)
    public = models.BooleanField(default=False)
    anonymous = models.BooleanField(default=False)  # nobody knows who asked
    confidential = models.BooleanField(default=False)  # known to the house, hidden from everybody who handles

    desk_unit = models.ForeignKey(
        "org.Unit", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )  # whose desk dispatches
    lead_unit = models.ForeignKey(
        "org.Unit", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    about_unit = models.ForeignKey(
        "org.Unit", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )  # complained about
    asked_by = models.ForeignKey("org.Person", models.PROTECT, related_name="+", db_index=False)
    recorded_by = models.ForeignKey(
        "org.Person", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    dispatched_by = models.ForeignKey(
        "org.Person", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    signed_by = models.ForeignKey(
        "org.Person", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    replied_by = models.ForeignKey(
        "org.Person", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    repliers = models.TextField(null=True)  # noqa: DJ001 - ids of all who answered in this round, blanks between; null before

    due_rule = models.ForeignKey(
        "orders.DeadlineRule", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    dispatch_due_at = models.DateTimeField(null=True)
    contact_due_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)  # what the resident was promised
    answer_rule = models.ForeignKey(
        "orders.DeadlineRule", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    answer_from = models.DateTimeField(null=True)  # when that clock began
    paused_at = models.DateTimeField(null=True)
    suspended_until = models.DateTimeField(null=True)  # 挂账: the next look
    extend_left = models.PositiveSmallIntegerField(default=0)
    rung = models.PositiveSmallIntegerField(default=0)  # rungs of the ladder climbed in this stage
    urged_at = models.DateTimeField(null=True)

    asked_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    first_contact_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    rated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reopen_until = models.DateTimeField(null=True)

    round = models.PositiveSmallIntegerField(default=1)  # 2 after the first reopening
    ruled = models.BooleanField(default=False)  # a ruling is final: no further return
    supports_open = models.PositiveSmallIntegerField(default=0)
    refusal = models.CharField(max_length=20, default="", blank=True)
    solved = models.CharField(max_length=8, choices=Solved.choices, null=True)  # noqa: DJ001 - null is 未评价, no empty answer
    satisfied = models.CharField(max_length=10, choices=Satisfied.choices, null=True)  # noqa: DJ001 - the same
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="+", db_index=False)
    external_system = models.CharField(max_length=40, null=True)  # noqa: DJ001 - null is outside the unique pair
    external_number = models.CharField(max_length=60, null=True)  # noqa: DJ001 - the same

    class Meta:
        indexes = [
            # Desks read what is open and soonest due; closed orders, nearly all of them, stay out of these.
            models.Index(
                fields=["desk_unit", "state", "due_at", "id"], name="orders_desk", condition=~Q(state__in=ENDS)
            ),
            models.Index(
                fields=["unit", "state", "due_at", "id"], name="orders_community", condition=~Q(state__in=ENDS)
            ),
            models.Index(
                fields=["lead_unit", "state", "due_at", "id"], name="orders_inbox", condition=~Q(state__in=ENDS)
            ),
            models.Index(fields=["state", "due_at", "id"], name="orders_open", condition=~Q(state__in=ENDS)),
            models.Index(fields=["tick_at"], name="orders_tick", condition=Q(tick_at__isnull=False)),
            models.Index(fields=["unit", "asked_at"], name="orders_place"),
            models.Index(fields=["asked_at", "id"], name="orders_asked"),
            models.Index(fields=["batch"], name="orders_of_batch", condition=Q(batch__isnull=False)),
            # Who asked in an imported order has asked in no other.
            models.Index(fields=["asked_by"], name="orders_asker", condition=Q(batch__isnull=True)),
            models.Index(fields=["merged_into"], name="orders_merged", condition=Q(merged_into__isnull=False)),
        ]
        constraints = [
            # Not `unique=True`: on PostgreSQL that brings a second index, for LIKE.
            models.UniqueConstraint(fields=["number"], name="orders_number"),
            models.UniqueConstraint(
                fields=["external_system", "external_number"],
                name="orders_external",
                condition=Q(external_number__isnull=False),
            ),
            models.CheckConstraint(
                name="orders_rated_with_both_answers",
                condition=Q(rated_at=None) | Q(solved__isnull=False, satisfied__isnull=False),
            ),
            models.CheckConstraint(name="orders_state_known", condition=Q(state__in=S.values)),
            models.CheckConstraint(
                name="orders_suspended_has_next_look",
                condition=~Q(state=S.SUSPENDED) | Q(suspended_until__isnull=False),
            ),
            models.CheckConstraint(
                name="orders_refused_with_reason", condition=~Q(state=S.NOT_ACCEPTED) | ~Q(refusal="")
            ),
            models.CheckConstraint(
                name="orders_anonymous_is_not_confidential", condition=~Q(anonymous=True, confidential=True)
            ),
        ]

    def subject(self) -> str:
        return f"orders.order:{self.number}"


class ErasureWish(models.Model):
    """Whoever asked wants it forgotten, and it goes on: the clock does it as soon as the law lets it."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()


class Text(models.Model):
    """What somebody wrote: each version a row, named by its entry's number and hash. Erased by emptying the body."""

    class Kind(models.TextChoices):
        REQUEST = "request"
        FACT = "fact"
        QUESTION = "question"
        ANSWER = "answer"
        MESSAGE = "message"
        REPLY = "reply"
        REASON = "reason"
        NOTE = "note"

    order = models.ForeignKey(Order, models.PROTECT, related_name="texts", db_index=False)
    seq = models.PositiveIntegerField()  # of the journal entry that it came with
    kind = models.CharField(max_length=10, choices=Kind.choices)
    body = models.TextField()
    digest = models.BinaryField(max_length=32)  # SHA-256 of the body as written; the entry names it
    staff_only = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "seq"], name="orders_text_one_per_entry")]


class Support(Flowing):
    """A co-handler's part of an order: a small flow of its own, without which the lead cannot answer."""

    id = models.BigIntegerField(primary_key=True, default=new_id)  # known before the row, because its journal names it
    order = models.ForeignKey(Order, models.PROTECT, related_name="supports")
    round = models.PositiveSmallIntegerField(default=1)
    rule = models.ForeignKey(
        "orders.DeadlineRule", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    answered_by = models.ForeignKey(
        "org.Person", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    answered_at = models.DateTimeField(null=True)
    order_seq = models.PositiveIntegerField(null=True)  # the order's entry that carries its answer

    class Meta:
        indexes = [models.Index(fields=["unit", "state", "due_at"], name="orders_support_inbox")]
        constraints = [
            # One open part for a unit; after an escalation the same unit may be asked again.
            models.UniqueConstraint(fields=["order", "unit"], name="orders_support_once", condition=Q(state="asked"))
        ]

    def subject(self) -> str:
        return f"orders.support:{self.pk}"


class Reveal(Flowing):
    """Opening a confidential identity: two people and a reason."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, models.PROTECT, related_name="reveals")
    requested_by = models.ForeignKey("org.Person", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey("org.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400)

    def subject(self) -> str:
        return f"orders.reveal:{self.pk}"
