"""One table: what is known of a photo. The picture itself lies in the data folder under the row's id."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sidan.kernel.org.models import Person


class Purpose(models.TextChoices):
    BEFORE = "before", _("处理前")
    AFTER = "after", _("处理后")
    EVIDENCE = "evidence", _("佐证材料")


class Photo(models.Model):
    """A photo of a subject. The name that the file had on its owner's device is never kept: it often holds a person's name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=80, db_index=True)  # as in the journal: "orders.order:8K3M2Q7P"
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    sha256 = models.CharField(max_length=64)  # of the bytes as stored
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    kept_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)  # the file is gone from then on; the row remains

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(name="files_photo_purpose_known", condition=Q(purpose__in=Purpose.values)),
            models.CheckConstraint(name="files_photo_has_a_size", condition=Q(width__gt=0, height__gt=0, bytes__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.purpose} {self.id}"
