"""Tests of the site: its settings, its background work and its server."""
