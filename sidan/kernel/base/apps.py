"""Registers the kernel's base and seals append-only tables after every migration."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    name = "sidan.kernel.base"
    label = "base"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from sidan.kernel.base import appendonly

        # Not business: SQLite rebuilds a table on AlterField and silently drops its triggers, so they are set after each migration.
        post_migrate.connect(appendonly.seal_after_migrate, dispatch_uid="sidan.appendonly")
