"""The style sheets: every pair of colours is readable, nothing that old telephones do not know, sizes that hold the views for elders."""

import re
from itertools import product
from pathlib import Path

import pytest

from tests.vendor import ROOT

TOKENS = ROOT / "sidan" / "web" / "static" / "sidan" / "tokens.css"
SHEETS = sorted((ROOT / "sidan").glob("**/static/**/*.css"))
OURS = [path for path in SHEETS if "vendor" not in path.parts]
PAPERS = ("page", "surface", "surface-2", "brand-tint", "danger-tint", "warn-tint", "ok-tint")
INKS = ("ink", "ink-2")
# A colour that says something stands on the page, on cards, and on its own tint.
TOLD = {
    "brand": "brand-tint",
    "brand-strong": "brand-tint",
    "danger": "danger-tint",
    "warn": "warn-tint",
    "ok": "ok-tint",
}
PAIRS = (
    *((ink, paper, 4.5) for ink, paper in product(INKS, PAPERS)),
    *((ink, paper, 4.5) for ink, own in TOLD.items() for paper in ("page", "surface", own)),
    *((ink, paper, 4.5) for ink, paper in product(("muted", "visited"), ("page", "surface", "surface-2"))),
    ("on-brand", "brand", 4.5), ("on-brand", "brand-strong", 4.5), ("on-brand", "danger-fill", 4.5),
    ("surface", "danger-fill", 4.5), ("page", "ink", 4.5),
    ("control", "surface", 3.0), ("focus-ink", "page", 3.0), ("focus-ink", "surface", 3.0),
)  # fmt: skip
# What Chrome 80 or Safari 13.1 do not know and what would break a rule there, not merely be left out.
TOO_NEW = {
    "selectors": r":has\(|:is\(|:where\(|:not\([^)]*,",
    "rules": r"@layer|@container|@property|@scope|@starting-style",
    "values": r"color-mix\(|oklch\(|oklab\(|\blch\(|light-dark\(|\d(?:dvh|svh|lvh|dvw|cqw)\b|\binset:|place-self:",
}


def tokens(text: str) -> dict[str, dict[str, str]]:
    """The colours by scheme; dark is what it sets over light."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    before, _, after = text.partition("@media (prefers-color-scheme: dark)")
    colour = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b")
    light = dict(colour.findall(before))
    return {"light": light, "dark": light | dict(colour.findall(after.partition("@media")[0]))}


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_is_readable(scheme: str) -> None:
    colours = tokens(TOKENS.read_text())[scheme]
    poor = {
        f"{ink} on {paper}": round(found, 2)
        for ink, paper, least in PAIRS
        if (found := contrast(colours[ink], colours[paper])) < least
    }
    assert poor == {}


def test_the_reckoning_of_contrast_is_the_published_one() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#07c160", "#ffffff"), 2) == 2.38
    assert round(contrast("#0052d9", "#ffffff"), 2) == 6.54


def test_no_colour_is_named_outside_the_tokens() -> None:
    free = re.compile(r"#[0-9a-f]{3,8}\b|rgba?\([^)]*\)", re.I)
    # A code's paper and a poster's ink are the same on dark screens; a light on the brand's colour, a veil over the page.
    allowed = {"#fff", "#000", "#0b57c2", "#1d2129", "rgba(255, 255, 255, .16)", "rgba(0, 0, 0, .45)"}
    wrong = {
        path.name: found
        for path in OURS
        if path.name not in ("tokens.css", "print.css")
        and (found := [one for one in free.findall(_rules(path)) if one not in allowed])
    }
    assert wrong == {}


def _rules(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)


def test_style_sheets_hold_nothing_that_old_telephones_do_not_know() -> None:
    wrong = [
        f"{path.name}: {kind}: {found[0]}"
        for path in OURS
        for kind, form in TOO_NEW.items()
        if (found := re.search(form, _rules(path)))
    ]
    assert wrong == []


def test_rules_are_not_nested() -> None:
    for path in OURS:
        open_rules: list[str] = []
        for head, brace in re.findall(r"([^{}]*)([{}])", _rules(path)):
            if brace == "}":
                open_rules.pop()
                continue
            name = head.rpartition(";")[2].strip()
            inside = [one for one in open_rules if not one.startswith("@")]
            assert inside == [], f"{path.name}: {name} inside {inside}"
            open_rules.append(name)
        assert open_rules == [], path.name


def test_flexible_rows_do_not_lean_on_gap() -> None:
    """Safari 13.1 knows `gap` in grids only: a flexible row spaces itself by margins."""
    rule = re.compile(r"([^{}]+)\{([^{}]*)\}")
    wrong = [
        f"{path.name}: {selector.strip()}"
        for path in OURS
        for selector, body in rule.findall(_rules(path))
        if re.search(r"display:\s*(inline-)?flex", body) and re.search(r"(?<!grid-)(?<!column-)(?<!row-)\bgap:", body)
    ]
    assert wrong == []
