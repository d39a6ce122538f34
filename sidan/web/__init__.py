"""The web floor: base pages, design system, refusals in words, sign-in."""
