"""The documents say what the code does: generated parts, lists of names, links, paths, and the twins of the README."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

import sidan
from sidan.kernel.base.errors import NotNow, Refusal
from sidan.kernel.flow.definition import Flow
from sidan.orders.flow import ORDER
from sidan.orders.words import S
from sidan.site import config
from sidan.site.demo import staff
from tests import papers

ROOT = papers.ROOT
PACKAGE = ROOT / "sidan"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
# What ends a kind that is put together: the plan whose `what` it is, and the place of that word among its arguments.
PLANS = {"orders.rule.": ("Plan", 1), "org.unit.": ("UnitPlan", 0), "org.account.": ("note", 0)}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(text: str) -> list[str]:
    """What the first cells of tables name in backticks."""
    return [one[1] for cells in rows(text) if (one := re.fullmatch(r"`([a-z_.]+)`", cells[0]))]


def trees() -> Iterator[ast.Module]:
    for path in PACKAGE.rglob("*.py"):
        if not {"tests", "migrations"} & set(path.parts):
            yield ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of the package, with the last name of what is called."""
    for module in trees():
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""), node


def strings(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(sidan.__path__, "sidan."):
        if not {"tests", "migrations", "__main__", "asgi", "wsgi"} & set(found.name.split(".")):
            yield import_module(found.name)


def flows() -> list[Flow]:
    made = {id(one): one for module in modules() for one in vars(module).values() if isinstance(one, Flow)}
    return list(made.values())


def refusals() -> dict[str, type[Refusal]]:
    """Every class of refusal by its name; the common ancestor is none that anybody meets."""
    list(modules())
    found: list[type[Refusal]] = []
    waiting = Refusal.__subclasses__()
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("sidan.") and ".tests" not in one.__module__:
            found.append(one)
    return {one.__name__: one for one in found}


def codes() -> dict[str, int]:
    """Every code with its status: of classes, and those given where a refusal or a guard is made."""
    classes = refusals()
    made = {one.code: one.status for one in classes.values()}
    for name, call in calls():
        kind = NotNow if name == "Guard" else classes.get(name)
        for given in call.keywords:
            if kind and given.arg == "code" and isinstance(given.value, ast.Constant):
                made[str(given.value.value)] = kind.status
    return made


def kinds() -> set[str]:
    """Every kind of event: of the laws, and of what is written to the journal without one."""
    said = {
        flow.kind(done) for flow in flows() for done in [*dict(flow.births).values(), *(s.done for s in flow.steps)]
    }
    for name, call in calls():
        if name not in ("write", "Told") or not call.args or not isinstance(call.func, ast.Attribute):
            continue
        kind = call.args[0]
        if isinstance(kind, ast.Constant) and isinstance(kind.value, str) and len(call.args) > 1:
            said.add(kind.value)
        elif isinstance(kind, ast.JoinedStr) and len(call.args) > 1:
            start = str(getattr(kind.values[0], "value", ""))
            plan, at = PLANS[start]
            said |= {
                start + end
                for other, made in calls()
                if other == plan and len(made.args) > at
                for end in strings(made.args[at])
            }
    return said


def test_generated_parts_are_what_the_code_gives() -> None:
    with translation.override("zh-hans"):
        for name, made in papers.parts().items():
            assert papers.found(read(name)) == made, f"{name}: mend with python -m tests.papers"


def test_a_stale_part_would_be_found() -> None:
    text = "a\n<!-- made from the code: x -->\nold\n<!-- end -->\nb\n"
    assert papers.found(text) == {"x": "old\n"}
    assert papers.found(papers.filled(text, {"x": "new\n"})) == {"x": "new\n"}


def test_every_setting_is_told() -> None:
    told = re.findall(r"^\| `(SIDAN_[A-Z_]+)` \|", papers.found(read(papers.SETTINGS))["settings"], re.M)
    assert told == list(config.variables())


def test_every_event_is_told_and_none_that_is_not() -> None:
    told = named(read("docs/events.md"))
    assert len(told) == len(set(told))
    assert set(told) == kinds()


def test_every_refusal_is_told_with_its_status() -> None:
    told = {cells[0].strip("`"): int(cells[1]) for cells in rows(read("docs/errors.md")) if cells[0].startswith("`")}
    assert told == codes()


def test_the_law_is_drawn_and_every_step_and_state_told() -> None:
    text = read(papers.ORDERS)
    assert ORDER.mermaid() in text
    table = papers.found(text)["steps"]
    assert re.findall(r"^\| `([a-z_]+)`", table, re.M) == [step.do for step in ORDER.steps]
    labels = {cells[0].strip("`"): cells[1] for cells in rows(text) if len(cells) == 4}
    assert {state: labels.get(state) for state in S.values} == {state.value: str(state.label) for state in S}


def test_the_readme_and_its_twin_have_the_same_sections_commands_and_accounts() -> None:
    english, chinese = read("README.md"), read("README.zh.md")
    for form in (r"^#+ ", r"^```sh\n(.*?)^```", r"^\| `([a-z_0-9]+)` \|", r"^- "):
        assert re.findall(form, english, re.M | re.S) == re.findall(form, chinese, re.M | re.S), form
    assert sorted(named_accounts(english)) == sorted(row["handle"] for row in staff.accounts())


def named_accounts(text: str) -> list[str]:
    return re.findall(r"^\| `([a-z_0-9]+)` \|", text, re.M)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_exists(path: Path) -> None:
    text = prose(path.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    wrong = [link for link in links if not (path.parent / link).exists()]
    spans = re.findall(r"`([^`\n]+)`", text)
    paths = [one for one in spans if re.fullmatch(r"(sidan|tests|bin|docs|deploy|bench)/[\w./-]+", one)]
    wrong += [one for one in paths if not (ROOT / one).exists()]
    tests = {one for one in spans if re.fullmatch(r"test_[a-z0-9_]+", one)}
    wrong += sorted(tests - _tests())
    assert wrong == []


def _tests() -> set[str]:
    sources = [*PACKAGE.rglob("tests/test_*.py"), *(ROOT / "tests").rglob("test_*.py")]
    return {one for path in sources for one in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}


def test_verbs_of_the_command_line_that_documents_name_exist() -> None:
    from sidan.site import cli

    verbs = {
        one.split()[0] for line in cli.USAGE.splitlines() if line.startswith("  ") for one in [line.strip()] if one
    }
    for path in DOCUMENTS:
        for verb in re.findall(r"bin/sidan ([a-z]+)", path.read_text(encoding="utf-8")):
            assert verb in verbs, f"{path.name}: bin/sidan {verb}"


def test_every_decision_says_context_choice_and_cost_and_is_listed() -> None:
    index = read("docs/decisions/README.md")
    pages = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert [path.name[:4] for path in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for path in pages:
        assert re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.M) == ["Context", "Choice", "Cost"], (
            path.name
        )
        assert f"({path.name})" in index


def test_documents_promise_nothing_unfinished() -> None:
    form = re.compile(r"\b(TODO|TBD|FIXME|XXX|lorem)\b|\(screenshot|coming soon", re.I)
    assert [path.name for path in DOCUMENTS if form.search(path.read_text(encoding="utf-8"))] == []
