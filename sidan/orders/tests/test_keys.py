"""What opens an order without an account: hard to guess, of short life, and of no use elsewhere."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.base.errors import NotFound
from sidan.orders import keys

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NUMBER = "8K3M2Q7P"


def test_numbers_are_made_of_letters_and_digits_that_cannot_be_confused() -> None:
    found = [keys.new_number() for _ in range(500)] + keys.new_numbers(2000)
    assert len(set(found)) == 2500
    assert set("".join(found)) == set(keys.ALPHABET)
    assert not set(keys.ALPHABET) & set("0O1IL")
    assert {len(number) for number in found} == {8}


def test_numbers_made_in_bulk_are_as_random_as_single_ones() -> None:
    counts = Counter("".join(keys.new_numbers(5000)))
    mean = 5000 * 8 / len(keys.ALPHABET)
    assert max(abs(count - mean) for count in counts.values()) < mean * 0.2


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_as_many_as_asked_for(count: int) -> None:
    assert len(keys.new_numbers(count)) == count


def test_a_code_is_six_digits_with_its_zeros() -> None:
    codes = {keys.new_code() for _ in range(3000)}
    assert {len(code) for code in codes} == {6}
    assert all(code.isdigit() for code in codes)
    assert any(code.startswith("0") for code in codes)


@pytest.mark.parametrize(
    ("make", "read", "life"),
    [
        (keys.link, keys.link_number, timedelta(days=keys.LINK_DAYS)),
        (keys.reader, keys.reader_number, timedelta(minutes=keys.READER_MINUTES)),
    ],
)
def test_it_opens_until_it_ends(make, read, life: timedelta) -> None:  # type: ignore[no-untyped-def]
    with time_machine.travel(NOW, tick=False):
        value = make(NUMBER)
    with time_machine.travel(NOW + life, tick=False):
        assert read(value) == NUMBER
    with time_machine.travel(NOW + life + timedelta(seconds=1), tick=False), pytest.raises(NotFound):
        read(value)


def test_a_link_is_no_reader_and_a_reader_no_link() -> None:
    with pytest.raises(NotFound):
        keys.reader_number("r." + keys.link(NUMBER))
    with pytest.raises(NotFound):
        keys.link_number(keys.reader(NUMBER).removeprefix("r."))


@given(st.integers(0, 200), st.characters(codec="ascii", categories=["L", "N"]))
def test_an_altered_sign_opens_nothing(at: int, sign: str) -> None:
    for made, read in ((keys.link, keys.link_number), (keys.reader, keys.reader_number)):
        value = made(NUMBER)
        at = 2 + at % (len(value) - 3)  # the last sign of base64 has bits to spare
        if value[at] != sign:
            with pytest.raises(NotFound):
                read(value[:at] + sign + value[at + 1 :])


@given(st.text(max_size=60))
def test_rubbish_opens_nothing(raw: str) -> None:
    for read in (keys.link_number, keys.reader_number):
        with pytest.raises(NotFound):
            read(raw)
