"""Log lines: one JSON object each, with the request id; telephone and identity numbers masked, nothing can forge a line."""

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("sidan_request_id", default="")

# \d also matches full-width digits, which people type and which must not slip through.
_IDENTITY = re.compile(r"(?<!\d)\d{6}[12１２][90９０]\d{9}[\dXxＸｘ](?!\d)")
_PHONE = re.compile(r"(?<!\d)((?:(?:00|\+)?86[ -]?)?[1１][3-9３-９]\d)[ -]?\d{4}[ -]?(\d{4})(?!\d)")
# Controls but for the line feed (a traceback has many), and Unicode's own line ends: terminals act on them.
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def masked(text: str) -> str:
    """A text without whole telephone or identity numbers."""
    return _PHONE.sub(r"\1****\2", _IDENTITY.sub("[id]", text))


def safe(text: str) -> str:
    """A text that cannot act on a terminal: controls are shown as \\xNN."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to every record, for formats that name it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True


class JsonFormatter(logging.Formatter):
    """One line of JSON a record: at, level, logger, message, request_id, error."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(safe(record.getMessage())),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        if record.exc_info:
            line["error"] = masked(safe(self.formatException(record.exc_info)))
        return json.dumps(line, ensure_ascii=False)


class LineFormatter(logging.Formatter):
    """The same for eyes on a terminal: time, level, request id, logger, message; a record is one line but for its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        message = masked(safe(record.getMessage())).replace("\n", "\\n")
        line = f"{at} {record.levelname} {request_id.get() or '-'} {record.name} {message}"
        if record.exc_info:
            trace = masked(safe(self.formatException(record.exc_info))).replace("\n", "\n    ")
            line = f"{line}\n    {trace}"
        return line
