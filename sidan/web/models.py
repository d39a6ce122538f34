"""What people say about the house itself."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Feedback(models.Model):
    """One remark, with the page that it came from. Whoever runs the house reads it and marks it as done."""

    class Kind(models.TextChoices):
        BROKEN = "broken", _("有地方坏了、点不动")
        HARD = "hard", _("看不懂、不好用")
        WRONG = "wrong", _("内容不对")
        IDEA = "idea", _("我有建议")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField()
    page = models.CharField(max_length=120, default="", blank=True)  # the route, without what stood in its place
    request_number = models.CharField(max_length=8, default="", blank=True)  # of that page, as the log names it
    by = models.ForeignKey("org.Person", models.PROTECT, null=True, related_name="+")  # staff only
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey("org.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["done_at", "-id"], name="web_feedback_open")]
