"""What a cell of a file for spreadsheets may hold."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """A text that begins like a formula is a text: spreadsheets run what residents write."""
    return f"'{text}" if text.startswith(FORMULA) else text
