"""Tests of what spans rooms; a room's own tests stand beside its code."""
