"""What every item of a flow carries."""

from django.db import models


class Flowing(models.Model):
    """A state, the clock of that state, and the version and head of its journal."""

    unit = models.ForeignKey("org.Unit", models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=24)
    due_at = models.DateTimeField(null=True)  # the end of the present stage
    tick_at = models.DateTimeField(null=True)  # when the clock must look at it next
    version = models.PositiveIntegerField(default=0)
    head = models.BinaryField(max_length=32)  # hash of the last entry: a lost tail is noticed

    class Meta:
        abstract = True

    def subject(self) -> str:
        """The item's name in the journal."""
        raise NotImplementedError
