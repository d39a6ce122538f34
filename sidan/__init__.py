"""Sidan (四单): a county's platform for closed-loop community service."""

__version__ = "0.1.0"
