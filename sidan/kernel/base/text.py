"""What people type, made regular: text, telephone numbers, and their masks."""

import re
import unicodedata

from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid

# C0 and C1 controls but for tab and line feed, bidirectional overrides, and the byte-order mark.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|[\ud800-\udfff]"
)
_BLANKS = re.compile(r"[\s\-()（）·.]+")
_PHONE = re.compile(r"1[3-9]\d{9}")


def clean_text(raw: object, *, max_chars: int = 4000, min_chars: int = 1, field: str = "text") -> str:
    """Normalise a text (NFC, line feeds, no control characters, trimmed).

    Raises:
        Invalid: fewer than `min_chars` or more than `max_chars` characters are left; nothing is cut.
    """
    if not isinstance(raw, str):
        raise Invalid(fields={field: _("请填写文字。")})
    if len(raw) > max_chars * 4 + 1000:  # an absurd length is refused before any work is done on it
        raise Invalid(fields={field: _("最多 %(n)d 个字，现在有 %(now)d 个。") % {"n": max_chars, "now": len(raw)}})
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", _CONTROLS.sub("", text)).strip()
    if len(text) > max_chars:
        raise Invalid(fields={field: _("最多 %(n)d 个字，现在有 %(now)d 个。") % {"n": max_chars, "now": len(text)}})
    if len(text) < min_chars:
        raise Invalid(
            fields={field: _("请写几个字。") if min_chars <= 1 else _("至少写 %(n)d 个字。") % {"n": min_chars}}
        )
    return text


def clean_phone(raw: object, *, field: str = "phone") -> str:
    """A mainland mobile number as 11 digits; full-width digits, spaces, dashes and +86 are accepted.

    Raises:
        Invalid: it is not a mobile number.
    """
    digits = _BLANKS.sub("", unicodedata.normalize("NFKC", str(raw))) if isinstance(raw, str | int) else ""
    for prefix in ("+86", "0086", "86"):
        if digits.startswith(prefix) and len(digits) == 11 + len(prefix):
            digits = digits[len(prefix) :]
            break
    if not _PHONE.fullmatch(digits) or not digits.isascii():
        raise Invalid(fields={field: _("请填 11 位手机号，例如 138 0000 0000。")})
    return digits


def clean_digits(raw: object) -> str:
    """Full-width digits and blanks made plain: what people type where a short number is asked."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", str(raw))) if isinstance(raw, str | int) else ""


def mask_phone(phone: str) -> str:
    """`138****0000`."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****"


def first_line(text: str, chars: int = 60) -> str:
    """The beginning of a text, for lists: one line, at most `chars` characters."""
    line = " ".join(text.split())
    return line if len(line) <= chars else line[: chars - 1] + "…"
