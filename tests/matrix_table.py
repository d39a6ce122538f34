"""t"""

ROLES = (
    "anonymous", "owner", "other", "community", "community3", "recorder", "dispatcher", "dispatcher2", "handler", "handler2",
    "checker", "supervisor", "operator",
)  # fmt: skip
MAY_BE_ABSENT = ("dev/outbox",)
TABLE: dict[tuple[str, str], str] = {}
