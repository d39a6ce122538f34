"""A log line cannot be forged and does not tell whose telephone it was."""

import json
import logging
import sys

import pytest

from sidan.web.logs import JsonFormatter, LineFormatter, masked, request_id


def record(message: str, *args: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord("sidan", logging.INFO, "", 0, message, args, sys.exc_info() if error else None)


@pytest.mark.parametrize(
    "number", ["13812345678", "138 1234 5678", "138-1234-5678", "１３８１２３４５６７８", "+8613812345678"]
)
def test_a_telephone_is_masked_however_it_is_written(number: str) -> None:
    assert "1234" not in masked(f"call {number}.").replace("１２３４", "1234")


@pytest.mark.parametrize("number", ["11010519491231002X", "500233198001011234", "50023319800101123x"])
def test_an_identity_number_is_masked(number: str) -> None:
    assert masked(f"id {number}.") == "id [id]."


def test_other_numbers_stay() -> None:
    assert masked("order 8K3M2Q7P took 1234567890123 ns, 100000000001 rows") == (
        "order 8K3M2Q7P took 1234567890123 ns, 100000000001 rows"
    )


def test_a_line_stays_one_line() -> None:
    line = JsonFormatter().format(record('a\r\n{"level": "forged"}\x1b[31m\x9b\u2028 %s', "b\nc"))
    assert "\n" not in line
    assert "\x1b" not in line
    assert "\x9b" not in line
    assert json.loads(line)["message"].startswith("a\\x0d")


def test_the_line_for_a_terminal_stays_one_line() -> None:
    line = LineFormatter().format(record("a\r\n12:00 ERROR forged\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line


def test_the_request_s_number_stands_in_the_line() -> None:
    token = request_id.set("ABCD2345")
    try:
        assert json.loads(JsonFormatter().format(record("x")))["request_id"] == "ABCD2345"
        assert " ABCD2345 " in LineFormatter().format(record("x"))
    finally:
        request_id.reset(token)


def test_a_traceback_is_masked_too() -> None:
    try:
        raise ValueError("13812345678")
    except ValueError:
        line = JsonFormatter().format(record("broken", error=True))
    assert "13812345678" not in line
    assert "138****5678" in line
