"""Where rooms meet: so far what the worker does again and again."""

# Seconds between two runs, and the function; each has a thread of its own (see `background.py`).
PERIODIC: tuple[tuple[float, str], ...] = (
    (2, "sidan.site.periodic.relay"),
    (2, "sidan.site.periodic.release_held"),
    (5, "sidan.site.periodic.index"),
    (3, "sidan.site.periodic.write_exports"),
    (20, "sidan.site.periodic.tick"),
    (60, "sidan.site.periodic.seal"),
    (60, "sidan.site.periodic.digest"),
    (3600, "sidan.site.periodic.sweep"),
    (3600, "sidan.site.periodic.erase"),
)
