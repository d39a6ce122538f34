"""Photos, re-encoded and private."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FilesConfig(AppConfig):
    name = "sidan.kernel.files"
    label = "files"
    verbose_name = _("照片")
    default_auto_field = "django.db.models.BigAutoField"
