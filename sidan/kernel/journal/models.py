"""Entries of the journal, and the seals over them. Both are written once."""

from django.db import models

from sidan.kernel.base import appendonly


@appendonly.register
class Entry(models.Model):
    """One thing that happened to one subject. No personal data: ids, codes and hashes only."""

    kind = models.CharField(max_length=64)  # app.model.past
    subject = models.CharField(max_length=80)  # e.g. orders.order:8K3M2Q7P
    seq = models.PositiveIntegerField()
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    # Not checked by the database: see decision 16.
    by = models.ForeignKey("org.Person", models.PROTECT, db_index=False, related_name="+", db_constraint=False)
    at = models.DateTimeField()
    via = models.CharField(max_length=8)
    frm = models.CharField(max_length=24, default="", blank=True)
    to = models.CharField(max_length=24, default="", blank=True)
    data = models.TextField(default="{}")  # JSON exactly as it was hashed

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "seq"], name="journal_entry_subject_seq")]


@appendonly.register
class Seal(models.Model):
    """Fixes the entries of a range of ids: how many, which, and what they say, chained to the seal before it."""

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    ids = models.BinaryField()  # zlib of the ids' differences, so that a missing entry can be named
    prints = models.BinaryField()  # the first four bytes of each entry's hash, so that a moved entry can be named
    prev = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)  # the head that is published
    at = models.DateTimeField()
