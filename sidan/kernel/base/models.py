"""Two small tables of the house itself: the configuration's revision, and the doors' memory."""

from django.db import models


class Revision(models.Model):
    """A number that rises with each change of configuration, so that processes know when to read again."""

    name = models.CharField(max_length=20, primary_key=True)
    value = models.PositiveBigIntegerField(default=0)


class Door(models.Model):
    """Throttle counters and idempotency keys: one table, because caches in process memory double per process."""

    key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of what it stands for: no personal data
    count = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(db_index=True)
    body_hash = models.BinaryField(max_length=32, null=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(null=True)
