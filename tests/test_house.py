"""The house rules that a machine can hold: who may import whom, who may write what, and how a file looks."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sidan"
LEFT_OUT = {".git", ".venv", "var", "build", "dist", "node_modules", "__pycache__"}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def sources(*, tests: bool = False) -> list[Path]:
    """The package's modules without migrations, and without tests unless asked for."""
    found = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]
    return found if tests else [path for path in found if "tests" not in path.parts]


def rules() -> list[Path]:
    """Modules below the doors: models, flows, commands and queries of the kernel and of every room."""
    kinds = {"models", "flow", "commands", "queries"}
    return [path for path in sources() if kinds & {path.stem, path.parent.name} and "site" not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def where(path: Path, node: ast.AST) -> str:
    return f"{name(path)}:{getattr(node, 'lineno', 0)}"


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the repository."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        if (
            path.is_file()
            and not path.is_symlink()
            and not any(part in LEFT_OUT or part.endswith("_cache") or part == ".hypothesis" for part in inside)
        ):
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def writes_of_state(module: ast.Module) -> Iterator[ast.AST]:
    """`x.state = ...`, `setattr(x, "state", ...)` and `.update(state=...)`."""
    for node in ast.walk(module):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(one, ast.Attribute) and one.attr == "state" for one in targets):
            yield node
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = {one.arg for one in node.keywords}
            literal = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if (called == "update" and "state" in named) or (called == "setattr" and "state" in literal):
                yield node


def test_the_import_contracts_hold() -> None:
    run = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_nothing_but_the_engine_writes_a_state() -> None:
    # A message's delivery has states too, but no flow, parties or journal: its relay is their only writer.
    writers = {PACKAGE / "kernel" / "flow" / "engine.py", PACKAGE / "kernel" / "notify" / "relay.py"}
    wrong = [where(path, node) for path in sources() if path not in writers for node in writes_of_state(tree(path))]
    assert wrong == []


@pytest.mark.parametrize(
    "planted", ["order.state = 'closed'", "Order.objects.filter(pk=1).update(state='x')", "setattr(order, 'state', 1)"]
)
def test_a_state_written_elsewhere_would_be_found(planted: str) -> None:
    assert list(writes_of_state(ast.parse(planted)))


def test_no_model_overrides_save_or_delete() -> None:
    wrong = [
        where(path, method)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and (path.stem == "models" or path.parent.name == "models")
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in {"save", "delete"}
    ]
    assert wrong == []


def test_no_command_reads_the_clock_by_itself() -> None:
    clocks = {("timezone", "now"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
    wrong = [
        where(path, node)
        for path in rules()
        if "queries" not in {path.stem, path.parent.name}
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in clocks
    ]
    assert wrong == []


def test_no_rule_catches_everything() -> None:
    wrong = [
        where(path, node)
        for path in rules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert wrong == []


def test_every_module_says_what_it_is() -> None:
    wrong = []
    for path in sources(tests=True):
        module = tree(path)
        if module.body and not ast.get_docstring(module):
            wrong.append(name(path))
    assert wrong == []


def test_files_and_functions_stay_short() -> None:
    wrong = []
    for path in sources():
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES_MAX:
            wrong.append(f"{name(path)} has {lines} lines")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                span = (node.end_lineno or node.lineno) - node.lineno + 1
                if span > FUNCTION_LINES_MAX:
                    wrong.append(f"{where(path, node)} {node.name} has {span} lines")
    assert wrong == []


def test_migrations_are_named_by_what_they_do() -> None:
    wrong = [name(path) for path in PACKAGE.rglob("migrations/0*.py") if "_auto_" in path.name]
    assert wrong == []


def test_templates_hold_no_inline_script_and_no_other_hosts() -> None:
    forbidden = {
        "inline script": re.compile(
            r"<script(?![^>]*\bsrc=)(?![^>]*type=\"(application/json|speculationrules)\")", re.I
        ),
        "inline style": re.compile(r"<style|\sstyle\s*=", re.I),
        "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.I),
        "other host": re.compile(
            r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)\s*=\s*[\"']\s*(?:https?:)?//", re.I
        ),
    }
    pages = [path for path in PACKAGE.rglob("templates/**/*") if path.is_file()]
    wrong = [
        f"{name(path)}: {what}" for path in pages for what, form in forbidden.items() if form.search(path.read_text())
    ]
    assert wrong == []


def test_style_sheets_load_nothing_from_other_hosts() -> None:
    form = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//", re.I)
    wrong = [name(path) for path in PACKAGE.rglob("static/**/*.css") if form.search(path.read_text())]
    assert wrong == []


def test_no_file_names_a_package_host_or_a_folder_of_one_machine() -> None:
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))
    ]
    folders = [f"/{folder}/" for folder in ("root", "work", "tmp")]
    form = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![\w.\-/$}}]){re.escape(one)}" for one in folders)]))
    wrong = [f"{name(path)}: {found[0]}" for path, text in texts() if (found := form.search(text))]
    assert wrong == []


@pytest.mark.parametrize("lock", ["base", "dev"])
def test_locks_hold_only_names_versions_and_hashes(lock: str) -> None:
    form = re.compile(r"[a-z0-9][a-z0-9._-]*==[^\s]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    assert [line for line in lines if not form.fullmatch(line)] == []


def test_what_runs_is_what_is_tested() -> None:
    def pins(lock: str) -> dict[str, str]:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.M))

    base, dev = pins("base"), pins("dev")
    assert base.items() <= dev.items()


def test_scripts_are_posix_sh_and_executable() -> None:
    scripts = [path for path in (ROOT / "bin").iterdir() if not path.name.startswith("_")]
    assert {path.name for path in scripts} >= {"run", "test", "check", "sidan", "bench", "faults", "new-room"}
    for path in scripts:
        assert path.read_text().startswith("#!/bin/sh\n"), path.name
        assert path.stat().st_mode & 0o111, path.name


def test_compiled_catalogues_equal_their_sources() -> None:
    for source in PACKAGE.glob("locale/*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        assert compiled.is_file(), f"{name(source)} is not compiled"
        said = {(one.msgctxt, one.msgid, one.msgstr) for one in polib.pofile(str(source)).translated_entries()}
        kept = {(one.msgctxt, one.msgid, one.msgstr) for one in polib.mofile(str(compiled)) if one.msgid}
        assert kept == said, f"{name(compiled)} is not made from {source.name}"


def test_no_word_to_translate_stands_in_an_f_string() -> None:
    """The catalogue's reader does not look into its braces: such a word would never be translated."""
    found = [
        where(path, node)
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.JoinedStr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "gettext")
    ]
    assert found == []
