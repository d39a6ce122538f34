"""The outbox, what was delivered to whom, who wants to be told what, quiet hours, the inbox, and the demonstration's channel."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """Something to be told. It names its readers by id and its words by topic: no name, no telephone, no free text."""

    class State(models.TextChoices):
        QUEUED = "queued", _("待发送")
        SENDING = "sending", _("发送中")
        SENT = "sent", _("已发送")
        FAILED = "failed", _("发送失败，待重试")
        GIVEN_UP = "given_up", _("已放弃")
        WAITING = "waiting", _("等安静时段过去")
        UNWANTED = "unwanted", _("本人选择不收")

    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=160)  # unique; <subject>/<what>: the same key is the same message
    lane = models.CharField(max_length=100)  # the key's subject: its messages go out one after another
    to_person = models.ForeignKey("org.Person", models.CASCADE, null=True, related_name="+")
    to_unit = models.ForeignKey("org.Unit", models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=12, default="", blank=True)
    data = models.JSONField(default=dict)
    channel = models.CharField(max_length=20, default="", blank=True)  # by which it went; chosen when it is sent
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()  # while it is being sent: until when the sender has it
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, default="", blank=True)  # a code and a sentence, never a reader

    class Meta:
        constraints = [
            # Not `unique=True`: on PostgreSQL that brings a second index, for LIKE.
            models.UniqueConstraint(fields=["key"], name="notify_message_key"),
            models.CheckConstraint(
                name="notify_message_has_readers",
                condition=models.Q(to_person__isnull=False, to_unit=None, role="")
                | (models.Q(to_person=None, to_unit__isnull=False) & ~models.Q(role="")),
            ),
            models.CheckConstraint(
                name="notify_message_sent_at_when_sent",
                condition=models.Q(state="sent", sent_at__isnull=False)
                | (~models.Q(state="sent") & models.Q(sent_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"],
                name="notify_message_due",
                condition=models.Q(state__in=["queued", "sending", "failed", "waiting"]),
            ),
            models.Index(
                fields=["lane", "id"],
                name="notify_message_lane",
                condition=models.Q(state__in=["queued", "sending", "failed", "waiting"]),
            ),
        ]


class Delivery(models.Model):
    """One reader of a message who has been told; a retry goes only to the others."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    person = models.ForeignKey("org.Person", models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person"], name="notify_delivery_once")]


class Wish(models.Model):
    """What a person wants to be told: of everything (`about` is empty) or of one topic."""

    class Choice(models.TextChoices):
        ALL = "all", _("每一步都通知我")
        END = "end", _("只在办完时通知我")
        NONE = "none", _("不用通知我")

    person = models.ForeignKey("org.Person", models.CASCADE, related_name="+")
    about = models.CharField(max_length=60, default="", blank=True)
    choice = models.CharField(max_length=20)  # one of `Choice`, or a channel's name

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "about"], name="notify_wish_once")]


class QuietRule(models.Model):
    """Hours in which nobody of an audience is disturbed but by what is urgent; valid until the day before `valid_to`."""

    class Audience(models.TextChoices):
        RESIDENT = "resident", _("居民")
        STAFF = "staff", _("工作人员")

    audience = models.CharField(max_length=8, choices=Audience.choices)
    begins = models.CharField(max_length=5)  # HH:MM; `22:00` to `07:30` goes over midnight
    ends = models.CharField(max_length=5)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=300)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["audience", "valid_from"], name="notify_quiet_version")]


class Inbox(models.Model):
    """A consumer has taken a message: the row and the consumer's effect are written together."""

    consumer = models.CharField(max_length=40)
    message = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["consumer", "message"], name="notify_inbox_once")]


class ConsoleMessage(models.Model):
    """What the console channel said: the visible outbox of an installation without a telephone gateway.

    The telephone is masked. Retention: `commands.sweep`; erased with the person.
    """

    delivery = models.CharField(max_length=80)
    person = models.ForeignKey("org.Person", models.CASCADE, related_name="+")
    phone_masked = models.CharField(max_length=20, default="", blank=True)
    topic = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    body = models.TextField()
    urgent = models.BooleanField(default=False)
    at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "notify_console"
        constraints = [models.UniqueConstraint(fields=["delivery"], name="notify_console_delivery")]
