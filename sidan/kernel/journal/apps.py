"""Registers the journal."""

from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "sidan.kernel.journal"
    label = "journal"
