"""Registers the room of the orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "sidan.orders"
    label = "orders"

    def ready(self) -> None:
        from sidan.orders import letters, menu

        letters.register()
        menu.register()
