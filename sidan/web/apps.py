"""Registers the web floor."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebConfig(AppConfig):
    name = "sidan.web"
    label = "web"
    verbose_name = _("网页")

    def ready(self) -> None:
        from sidan.web import passwords, phone_door

        passwords.register_topic()
        phone_door.register_topic()
