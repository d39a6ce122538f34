"""Registers the organisation."""

from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "sidan.kernel.org"
    label = "org"
