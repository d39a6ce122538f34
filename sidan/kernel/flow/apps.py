"""Registers the flow engine (it has no tables of its own)."""

from django.apps import AppConfig


class FlowConfig(AppConfig):
    name = "sidan.kernel.flow"
    label = "flow"
