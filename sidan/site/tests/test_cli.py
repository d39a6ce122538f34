"""The command line: fast to say what it can do, plain about what it cannot, and exact in its exit status."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import translation

from sidan.kernel.base import appendonly
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.words import S
from sidan.site.cli import main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    make.county()
    with translation.override(translation.get_language()):
        yield


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_overview_needs_no_django_and_fits_a_screen() -> None:
    code = "import sys\nfrom sidan.site.cli import main\nmain(['--help'])\nsys.exit('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= 24


@pytest.mark.parametrize("words", [["nonsense"], ["serve", "--port", "many"], ["token"], ["rebuild"]])
def test_wrong_usage_ends_with_status_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_a_bearer_is_all_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "token", "create", "--person", "dispatcher", "--days", "3", "--limit", "9")
    assert (status, err) == (0, "")
    token = org.bearer(out.strip(), make.NOON)
    assert token is not None
    assert (token.person.handle, token.limit_per_minute) == ("dispatcher", 9)
    assert said(capsys, "token", "revoke", out.strip())[0] == 0
    assert org.bearer(out.strip(), make.NOON) is None
    status, _out, err = said(capsys, "token", "revoke", out.strip())
    assert status == 1
    assert "no such bearer" in err


def test_nobody_of_that_handle_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "token", "create", "--person", "nobody")
    assert (status, out) == (1, "")
    assert "nobody" in err
    assert "Traceback" not in err


def test_persons_are_listed_with_the_seats_of_today(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "person", "seat", "handler", "checker", "500233002")[0] == 0
    status, out, _err = said(capsys, "person", "list", "--json")
    found = {row["handle"]: row for row in json.loads(out)}
    assert status == 0
    assert {seat["role"] for seat in found["handler"]["seats"]} == {"handler", "checker"}
    assert found["community"]["seats"] == [{"role": "community", "unit": "500233001001", "unit_name": "香怡社区"}]
    assert said(capsys, "person", "seat", "handler", "checker", "500233002", "--end")[0] == 0
    found = {row["handle"]: row for row in json.loads(said(capsys, "person", "list", "--json")[1])}
    assert {seat["role"] for seat in found["handler"]["seats"]} == {"handler"}


def test_a_year_that_was_loaded_stands_in_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "calendar", "sync", "2026")[0] == 0
    entry = Entry.objects.get(kind="worktime.year.synced")
    assert (entry.subject, entry.by.handle, entry.via) == ("worktime.year:2026", "shell", "cli")


def test_a_password_is_read_from_the_standard_input_and_weighed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    assert said(capsys, "person", "password", "handler")[0] == 1
    assert not Account.objects.filter(handle="handler").exists()
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct-horse-battery\n"))
    assert said(capsys, "person", "password", "handler")[0] == 0
    assert Account.objects.get(handle="handler").check_password("correct-horse-battery")


def test_an_altered_entry_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    order = make.order_in(S.ACCEPTED)
    assert said(capsys, "verify")[0] == 0
    bad = Entry.objects.get(subject=order.subject(), seq=2)
    with appendonly.allow_flush():
        Entry.objects.filter(pk=bad.pk).update(to="closed")
    status, out, _err = said(capsys, "verify", "--json")
    assert status == 1
    assert json.loads(out)["found"] == {"entry": bad.pk, "subject": order.subject(), "seq": 2, "why": "altered"}


def test_a_row_that_was_changed_behind_the_journal_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    order = make.order_in(S.DISPATCHED)
    make.order_in(S.CLOSED)
    assert said(capsys, "rebuild", "--check")[0] == 0
    Order.objects.filter(pk=order.pk).update(round=7)
    status, out, _err = said(capsys, "rebuild", "--check", "--json")
    found = json.loads(out)
    assert (status, found["differ"], found["items"]) == (1, 1, 2)
    assert found["first"] == [{"subject": order.subject(), "why": "differs", "row": {"round": 7}, "fold": {"round": 1}}]


def test_a_row_without_its_journal_and_a_journal_without_its_row_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    order = make.order_in(S.SUBMITTED)
    Order.objects.filter(pk=order.pk).update(number="22222222")
    found = json.loads(said(capsys, "rebuild", "--check", "--json")[1])["first"]
    assert {one["why"] for one in found} == {"no journal"}
    order.texts.all().delete()
    Order.objects.filter(pk=order.pk).delete()
    found = json.loads(said(capsys, "rebuild", "--check", "--json")[1])["first"]
    assert [(one["subject"], one["why"]) for one in found] == [(order.subject(), "no row")]


def test_what_residents_write_is_no_formula_in_a_spreadsheet(capsys: pytest.CaptureFixture[str]) -> None:
    make.ask(text='=HYPERLINK("http://x")', place="+1")
    status, out, _err = said(capsys, "export", "orders")
    row = next(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert (row["title"][0], row["place"]) == ("'", "'+1")
    line = json.loads(said(capsys, "export", "orders", "--format", "jsonl")[1])
    assert line["title"].startswith("=")


def test_the_exported_journal_can_be_proved_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    make.order_in(S.ACCEPTED)
    lines = [json.loads(line) for line in said(capsys, "export", "journal", "--format", "jsonl")[1].splitlines()]
    assert len(lines) == Entry.objects.count()
    assert lines[1]["prev"] == lines[0]["hash"]


def test_the_demonstration_is_refused_where_it_is_not_allowed(
    capsys: pytest.CaptureFixture[str], settings: LazySettings
) -> None:
    settings.SIDAN_DEMO = False
    status, _out, err = said(capsys, "demo")
    assert status == 1
    assert "SIDAN_DEMO=1" in err


def test_a_real_county_is_not_overwritten_by_the_demonstration(
    capsys: pytest.CaptureFixture[str], settings: LazySettings
) -> None:
    settings.SIDAN_DEMO = True
    assert said(capsys, "demo", "--if-empty")[0] == 0
    status, _out, err = said(capsys, "demo", "--reset")
    assert status == 1
    assert "real county" in err
    assert Account.objects.count() == 0


def test_a_database_that_is_not_there_is_no_traceback(tmp_path_factory: pytest.TempPathFactory) -> None:
    environment = {"SIDAN_DATA": str(tmp_path_factory.mktemp("empty")), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "sidan", "verify"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 1
    assert "sidan migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_preview_and_an_import_tell_alike_that_a_row_was_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table, plan = tmp_path / "calls.csv", tmp_path / "map.toml"
    plan.write_text(
        'system = "热线"\n[external_number]\ncolumn = "n"\n[text]\ncolumn = "t"\n[asked_at]\ncolumn = "at"\n'
        '[unit]\ndefault = "500233001"\n', encoding="utf-8",
    )  # fmt: skip
    words = ("import", "orders", str(table), "--map", str(plan))
    table.write_text('n,t,at\n1,灯坏了,2026-03-02\n2,"没有收尾,2026-03-02\n', encoding="utf-8")
    for last in ("--preview", "--yes"):
        status, out, _err = said(capsys, *words, last)
        assert status == 1
        # No field is to blame for a row that cannot be read.
        assert "  第 3 行：" in out
    assert Order.objects.count() == 1
    table.write_text("n,t,at\n1,灯坏了,2026-03-02\n2,收了尾,2026-03-02\n", encoding="utf-8")
    assert [said(capsys, *words, last)[0] for last in ("--preview", "--yes", "--yes")] == [0, 0, 0]
    assert Order.objects.count() == 2
