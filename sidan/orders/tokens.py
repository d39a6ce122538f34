"""Text as two-character tokens, what somebody searches for as tokens to match, and initials of names.

Chinese is written without blanks, and most of its words have two characters: so each pair of neighbours is a token. Words of
other scripts are tokens as they stand. The last character of a run is a token of its own, so that a prefix finds it.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sidan.kernel.base import personal

VERSION = 1  # raised when tokens are made otherwise: the worker then makes all of them anew
TERMS_MOST, TYPED_MOST, WORD_MOST = 8, 100, 40
# Residents are found by their number or code. So what they could be known by is no token; doors are, for whoever looks for a place.
HIDDEN = (personal.PHONE, personal.IDENTITY, personal.NUMBER, personal.PLATE, personal.MAIL, personal.NAME)

_HAN = "㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff〇"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_LETTERS = re.compile(r"[a-z]{2,12}")


@dataclass(frozen=True)
class Wanted:
    """What a text must hold: whole tokens, and beginnings of tokens."""

    whole: tuple[str, ...]
    begun: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.whole or self.begun)


def regular(text: str) -> str:
    """Full-width signs made plain, capitals small."""
    return unicodedata.normalize("NFKC", text).casefold()


def tokens(*texts: str) -> set[str]:
    """All tokens of some texts that are not personal."""
    found: set[str] = set()
    for text in texts:
        for run in _RUNS.findall(regular(text)):
            if _is_han(run):
                found.update(map("".join, itertools.pairwise(run)))
                found.add(run[-1])
            else:
                found.add(run[:WORD_MOST])
    return found


def open_tokens(*texts: str) -> set[str]:
    """The tokens of what somebody wrote, without what a person could be known by."""
    return tokens(*(personal.hide(text, HIDDEN) for text in texts))


def terms(typed: str) -> list[str]:
    """The words that somebody typed, at most eight."""
    return regular(typed[:TYPED_MOST].replace("\0", "")).split()[:TERMS_MOST]


def wanted(words: Iterable[str]) -> Wanted:
    """What must be there so that all the words are there."""
    whole: set[str] = set()
    begun: set[str] = set()
    for run in (run for word in words for run in _RUNS.findall(regular(word))):
        if not _is_han(run):
            begun.add(run[:WORD_MOST])
        elif len(run) == 1:
            begun.add(run)
        else:
            whole.update(map("".join, itertools.pairwise(run)))
    return Wanted(tuple(sorted(whole)), tuple(sorted(begun)))


@lru_cache(maxsize=50_000)
def initials(name: str) -> tuple[str, ...]:
    """The first letters of each character's readings: 单 is read dān, shàn (a surname) and chán."""
    import pypinyin  # reads its dictionaries for a third of a second: not before somebody needs them

    readings = pypinyin.pinyin(regular(name), style=pypinyin.Style.FIRST_LETTER, heteronym=True, errors=lambda run: run)
    return tuple("".join(sorted(set(one))) for one in readings)


def plain_initials(name: str) -> str:
    """The usual initials of a name, as a token: `xysq` for 香怡社区."""
    return "".join(letters[0] for letters in usual(name) if letters)


@lru_cache(maxsize=50_000)
def usual(name: str) -> tuple[str, ...]:
    """The first letter of each character, read as it is usually read there."""
    import pypinyin

    return tuple(pypinyin.lazy_pinyin(regular(name), style=pypinyin.Style.FIRST_LETTER, errors="ignore"))


def named(name: str, word: str) -> bool:
    """Whether a name is what somebody means by a word: a part of it, or its initials from the first character on.

    Args:
        word: made regular; one character or letter names nobody.
    """
    if len(word) < 2:
        return False
    if word in regular(name):
        return True
    if not _LETTERS.fullmatch(word):
        return False
    readings = initials(name)
    return len(word) <= len(readings) and all(
        letter in letters for letter, letters in zip(word, readings, strict=False)
    )


def _is_han(run: str) -> bool:
    return re.match(f"[{_HAN}]", run) is not None
