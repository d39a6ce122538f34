"""The parts of the documents that follow from the code: `python -m tests.papers` writes them, test_docs compares them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SETTINGS, ORDERS = "docs/settings.md", "docs/mechanisms/orders.md"
_PART = re.compile(r"<!-- made from the code: (?P<name>[a-z ]+) -->\n(?P<body>.*?)<!-- end -->", re.S)


def parts() -> dict[str, dict[str, str]]:
    """File -> name of a part -> its text."""
    from sidan.orders.flow import ORDER, REVEAL, SUPPORT

    return {
        SETTINGS: {"settings": settings()},
        ORDERS: {
            "order": diagram(ORDER),
            "steps": steps(ORDER),
            "support": diagram(SUPPORT),
            "reveal": diagram(REVEAL),
        },
    }


def found(text: str) -> dict[str, str]:
    """The made parts that a document holds, by name."""
    return {one["name"]: one["body"] for one in _PART.finditer(text)}


def filled(text: str, made: dict[str, str]) -> str:
    """A document with its parts made anew."""
    return _PART.sub(lambda one: f"<!-- made from the code: {one['name']} -->\n{made[one['name']]}<!-- end -->", text)


def settings() -> str:
    """One row for each variable."""
    from sidan.site.config import CHECKOUT, Config, variables

    rows = []
    for (name, what), field in zip(variables().items(), Config.model_fields.values(), strict=True):
        default: Any = field.default
        if isinstance(default, Path):
            default = f"{default.relative_to(CHECKOUT)} in the checkout"
        elif isinstance(default, bool):
            default = int(default)
        elif isinstance(default, tuple):
            default = ",".join(default)
        rows.append((f"`{name}`", f"`{default}`" if default != "" else "(empty)", what))
    return table(("variable", "default", "what it is for"), rows)


def diagram(flow: Any) -> str:
    """A flow as the drawing that GitHub and others show."""
    return f"```mermaid\n{flow.mermaid()}\n```\n"


def steps(flow: Any) -> str:
    """One row for each arrow."""
    rows = []
    for step in flow.steps:
        do = f"`{step.do}` {step.label}".strip()
        never = ", ".join(f"`{name}`" for name in step.never)
        when = ", ".join(f"`{guard.code}`" for guard in step.when)
        leads = f"`{step.to}`" if step.to else "stays"
        rows.append((do, f"`{step.noun}`" if step.noun else "", _states(step.frm), leads, _who(step.who), never, when))
    return table(("step", "address", "from", "to", "who", "never", "refused with"), rows)


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of Markdown; empty cells stay empty."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _states(states: tuple[str, ...]) -> str:
    from sidan.orders import flow as law
    from sidan.orders.words import OPEN

    groups = {"open": OPEN, "before reply": law.BEFORE_REPLY, "writable": law.WRITABLE, "working": law.WORKING}
    for name, group in groups.items():
        if set(group) <= set(states) and len(group) > 2:
            rest = [state for state in states if state not in group]
            return ", ".join([f"*{name}*", *(f"`{state}`" for state in rest)])
    return ", ".join(f"`{state}`" for state in states)


def _who(who: Any) -> str:
    from sidan.kernel.flow.definition import AnyOf, Clock, Follows, Importer, Party, Role

    match who:
        case Role(name, at):
            return f"{name} of `{at}`"
        case Party(name):
            return f"the person in `{name}`"
        case Clock():
            return "the clock"
        case Importer():
            return "an import"
        case Follows():
            return "follows from another item's step"
        case AnyOf(whos):
            return " or ".join(map(_who, whos))
    raise ValueError(who)


def write() -> None:
    """Write every part into its document."""
    for name, made in parts().items():
        path = ROOT / name
        path.write_text(filled(path.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    import os
    import tempfile

    import django
    from django.utils import translation

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"SIDAN_DATA": folder, "DJANGO_SETTINGS_MODULE": "sidan.site.settings"}
        django.setup()
        with translation.override("zh-hans"):
            write()
