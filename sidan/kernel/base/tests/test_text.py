"""What people type: cleaned the same way twice, never cut, and refused with a way to mend it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidan.kernel.base.errors import Invalid
from sidan.kernel.base.text import clean_digits, clean_phone, clean_text, first_line, mask_phone

WORDS = st.text(max_size=80)
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
FULL_WIDTH = str.maketrans("0123456789+- ", "０１２３４５６７８９＋－\u3000")


@given(WORDS)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    try:
        once = clean_text(raw)
    except Invalid:
        return
    assert clean_text(once) == once


@given(WORDS, st.integers(1, 40))
def test_a_text_is_never_longer_than_allowed_and_never_cut(raw: str, most: int) -> None:
    try:
        cleaned = clean_text(raw, max_chars=most)
    except Invalid as refusal:
        whole = clean_text(raw, min_chars=0)
        assert not whole or len(whole) > most
        assert set(refusal.details["fields"]) == {"text"}
        return
    assert 1 <= len(cleaned) <= most
    assert cleaned == clean_text(raw)


@given(WORDS)
def test_no_control_character_survives(raw: str) -> None:
    cleaned = clean_text(raw, min_chars=0)
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]
    assert cleaned == unicodedata.normalize("NFC", cleaned).strip()


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("一\r\n二\r三", "一\n二\n三"),
        ("\ufeff灯\u202e坏\x00了\x85", "灯坏了"),
        ("e\u0301", "é"),
        ("👨‍👩‍👧 楼道🔦", "👨‍👩‍👧 楼道🔦"),
        ("\u3000 灯坏了 \t\n", "灯坏了"),
    ],
)
def test_a_text_is_made_regular_and_keeps_what_it_says(raw: str, kept: str) -> None:
    assert clean_text(raw) == kept


@pytest.mark.parametrize(
    "raw", [None, 7, True, ["灯"], {"text": "灯"}, b"x", "", " \n", "\x00", "x" * 4001, "x" * 100_000]
)
def test_what_is_no_text_is_refused_at_its_field(raw: object) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_text(raw, field="place")
    assert list(refusal.value.details["fields"]) == ["place"]


def test_4000_characters_are_a_text() -> None:
    assert len(clean_text("好" * 4000)) == 4000


@given(
    MOBILES, st.sampled_from(["", "+86", "0086", "86", "+86 ", "(+86)"]), st.booleans(), st.sampled_from(["", " ", "-"])
)
def test_a_mobile_number_is_read_however_it_is_written(phone: str, prefix: str, wide: bool, gap: str) -> None:
    raw = prefix + gap.join((phone[:3], phone[3:7], phone[7:]))
    assert clean_phone(raw.translate(FULL_WIDTH) if wide else raw) == phone


@pytest.mark.parametrize(
    "raw",
    ["023-54000000", "12345", "12800001234", "1380000123", "138000012345", "+8513800001234", "١٣٨٠٠٠٠١٢٣٤", "", None,
     True, 1.38e10, ["13800001234"], "13800001234;", "+8613800001234567", "0086138000012"],
)  # fmt: skip
def test_a_landline_and_what_is_no_number_are_refused(raw: object) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_phone(raw, field="contact")
    assert list(refusal.value.details["fields"]) == ["contact"]


@given(MOBILES)
def test_a_mask_hides_the_middle_of_a_number(phone: str) -> None:
    masked = mask_phone(phone)
    assert (masked[:3], masked[3:7], masked[7:]) == (phone[:3], "****", phone[-4:])


def test_a_mask_of_a_short_number_shows_nothing() -> None:
    assert mask_phone("110") == mask_phone("") == "****"


def test_short_digits_are_read_full_width() -> None:
    assert clean_digits(" １２３-４ ") == "1234"
    assert clean_digits(None) == clean_digits(["1"]) == ""


@given(WORDS, st.integers(2, 60))
def test_the_first_line_is_one_line_of_at_most_so_many_characters(raw: str, chars: int) -> None:
    line = first_line(raw, chars)
    assert len(line) <= chars
    assert line == " ".join(line.split())
