"""Another system's orders: read, looked at, written once, refused row by row, taken back."""

import csv
import gzip
import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection

from sidan.kernel.base.errors import Invalid, NotAllowed, NotFound
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.commands import canonical_json
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Contact, Person
from sidan.orders import clocks, importing
from sidan.orders.flow import ORDER
from sidan.orders.importing import building
from sidan.orders.models import Batch, DeadlineRule, Order, Text
from sidan.orders.tests import make
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
HEADER = ["编号", "内容", "时间", "办结", "单位", "类型"]
MAP = """
system = "热线"
[external_number]
column = "编号"
[text]
column = "内容"
[asked_at]
column = "时间"
formats = ["%Y-%m-%d %H:%M"]
[closed_at]
column = "办结"
[unit]
column = "单位"
values = { "香怡" = "500233001001" }
default = "500233"
[kind]
column = "类型"
values = { "投诉" = "complaint" }
default = "help"
"""
OPEN = ["A1", "楼道的灯坏了", "2026-03-04 12:00", "", "香怡", "投诉"]
CLOSED = ["A2", "垃圾没人清，\n已三天", "2026-03-05 09:30", "2026-03-06 10:00", "", "求助"]


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def act() -> Act:
    return Act(org.system("importer"), NOW, Via.IMPORT)


def plan(folder: Path, text: str = MAP) -> Path:
    path = folder / "map.toml"
    path.write_text(text, encoding="utf-8")
    return path


def table(folder: Path, *rows: list[str], encoding: str = "utf-8", name: str = "calls.csv") -> Path:
    path = folder / name
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows([HEADER, *rows])
    return path


def bring(folder: Path, *rows: list[str], text: str = MAP, **named: Any) -> importing.Report:
    return importing.run(table(folder, *rows), plan(folder, text), act=act(), **named)


def proven() -> bool:
    folds = [
        engine.fold(ORDER, journal.entries(order.subject())) == engine.row_of(ORDER, order)
        for order in Order.objects.all()
    ]
    return all(folds) and journal.verify() is None


def test_an_open_order_has_its_words_its_entry_and_the_clocks_of_its_rules(tmp_path: Path) -> None:
    report = bring(tmp_path, OPEN)
    order = Order.objects.get()
    assert (report.created, report.closed, report.refused, report.known) == (1, 0, 0, 0)
    assert (order.state, order.version, order.channel, order.kind) == (S.SUBMITTED, 1, "import", "complaint")
    assert (order.external_system, order.external_number, order.batch_id) == ("热线", "A1", report.batch_id)
    assert order.unit_id == make.node("500233001001").id
    assert order.desk_unit_id == make.node("500233001").id
    assert order.asked_at == make.NOON
    text = Text.objects.get()
    assert (text.body, text.seq, bytes(text.digest)) == (OPEN[1], 1, hashlib.sha256(OPEN[1].encode()).digest())
    entry = Entry.objects.get()
    assert (entry.kind, entry.at, entry.via, entry.to) == ("orders.order.asked", make.NOON, "import", S.SUBMITTED)
    assert json.loads(entry.data)["text"] == bytes(text.digest).hex()
    assert proven()


def test_a_closed_order_is_brought_closed_and_has_no_clock(tmp_path: Path) -> None:
    bring(tmp_path, CLOSED)
    order = Order.objects.get()
    assert (order.state, order.version, order.due_at, order.tick_at) == (S.CLOSED, 1, None, None)
    assert order.asked_at == datetime(2026, 3, 5, 1, 30, tzinfo=UTC)
    assert order.closed_at == order.answered_at == datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
    assert order.answer_due_at is not None
    entry = Entry.objects.get()
    # This house learned of it when it was imported.
    assert (entry.kind, entry.seq, entry.frm, entry.to, entry.at) == ("orders.order.brought", 1, "", S.CLOSED, NOW)
    assert Text.objects.get().body == "垃圾没人清，\n已三天"
    assert proven()


def test_entries_are_written_as_the_journal_writes_them(tmp_path: Path) -> None:
    bring(tmp_path, OPEN, [*CLOSED[:5], ""], ['Q"\\1', "反斜线\\和\t制表", *OPEN[2:]])
    assert Order.objects.count() == 3
    for entry in Entry.objects.all():
        assert entry.data == canonical_json(json.loads(entry.data))
    assert Order.objects.filter(external_number='Q"\\1').exists()
    assert Text.objects.filter(body="反斜线\\和\t制表").exists()
    assert proven()


@pytest.mark.parametrize("without", ["", "accept", "dispatch", "reply"])
@pytest.mark.parametrize("asked", ["2026-03-04 12:00", "2026-03-06 23:30", "2025-12-30 08:00"])
def test_clocks_are_those_that_an_order_placed_then_would_have(tmp_path: Path, without: str, asked: str) -> None:
    DeadlineRule.objects.filter(stage=without).delete()
    DeadlineRule.objects.filter(stage="accept").update(measure="working_days")
    DeadlineRule.objects.create(
        stage="reply", unit_id=make.node("500233001").id, amount=3, measure="working_days", valid_from=make.SINCE
    )
    report = bring(tmp_path, [OPEN[0], OPEN[1], asked, *OPEN[3:]])
    order = Order.objects.get()
    at = order.asked_at
    bare = Order(unit_id=order.unit_id, klass=order.klass, urgency=order.urgency, state=S.SUBMITTED)
    for name, value in clocks.promise(bare, at).items():
        setattr(bare, name, value)
    expected = {**clocks.promise(bare, at), **clocks.stage(bare, S.SUBMITTED, at)}
    assert {name: getattr(order, name) for name in expected} == expected
    assert report.unclocked == (order.due_at is None)
    assert proven()


def test_a_second_import_makes_nothing_and_says_so(tmp_path: Path) -> None:
    bring(tmp_path, OPEN, CLOSED)
    again = bring(tmp_path, OPEN, CLOSED)
    assert (again.created, again.known, again.batch_id) == (0, 2, None)
    assert (Order.objects.count(), Batch.objects.count()) == (2, 1)
    more = bring(tmp_path, OPEN, ["A3", *OPEN[1:]], CLOSED)
    assert (more.created, more.known) == (1, 2)
    assert proven()


def test_another_systems_numbers_are_its_own(tmp_path: Path) -> None:
    bring(tmp_path, OPEN)
    assert bring(tmp_path, OPEN, system="另一系统").created == 1


def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    seen = bring(tmp_path, OPEN, CLOSED, OPEN, ["A4", "", *OPEN[2:]], preview=True)
    assert (seen.rows, seen.created, seen.closed, seen.refused) == (4, 2, 1, 2)
    assert seen.samples["external_number"] == ["A1", "A2"]
    assert (Order.objects.count(), Batch.objects.count(), Entry.objects.count()) == (0, 0, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"calls.csv", "map.toml"}


def test_bad_rows_are_refused_alone_and_listed_with_the_way_to_mend_them(tmp_path: Path) -> None:
    report = bring(
        tmp_path, OPEN, ["", *OPEN[1:]], ["B1", "", *OPEN[2:]], ["B2", "问", "昨天", *OPEN[3:]], [*OPEN[:4]],
        ["B3", "问", "2026-03-05 09:30", "2026-03-01 09:30", "", ""], ["B4", "问", "2027-01-01 09:30", "", "", ""],
        ["B5", "长" * 4001, *OPEN[2:]], OPEN, CLOSED,
    )  # fmt: skip
    assert (report.rows, report.created, report.refused) == (10, 2, 8)
    assert [(one.row, one.field) for one in report.errors] == [
        (3, "external_number"), (4, "text"), (5, "asked_at"), (6, ""), (7, "closed_at"), (8, "asked_at"), (9, "text"),
        (10, "external_number"),
    ]  # fmt: skip
    assert all(one.what and one.mend for one in report.errors)
    assert report.errors_path == tmp_path / "calls.csv.errors.csv"
    assert len(report.errors_path.read_text(encoding="utf-8-sig").splitlines()) == 9
    assert report.errors_path.stat().st_mode & 0o077 == 0
    assert proven()


def test_an_unknown_value_without_default_is_refused_and_named(tmp_path: Path) -> None:
    text = MAP.replace('default = "help"', "")
    report = bring(tmp_path, OPEN, ["A9", "问", OPEN[2], "", "", "吐槽"], text=text)
    assert report.created == 1
    assert report.errors[0].field == "kind"
    assert "吐槽" in report.errors[0].what


def test_a_duplicate_is_refused_in_another_chunk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.running, "CHUNK_ROWS", 3)
    rows = [[f"C{n}", *OPEN[1:]] for n in range(10)]
    report = bring(tmp_path, *rows, rows[0], *rows[8:])
    assert (report.created, report.refused) == (10, 3)
    assert Batch.objects.get().created == 10
    assert proven()


def test_contacts_are_sealed_and_belong_to_one_order_each(tmp_path: Path) -> None:
    text = MAP + '[phone]\ncolumn = "单位"\nbad = "refuse"\n[name]\ncolumn = "类型"\n'
    rows = [["D1", "问", OPEN[2], "", "138 0000 1234", "王某"], ["D2", "问", OPEN[2], "", "13800001234", "王某"]]
    report = bring(tmp_path, *rows, ["D3", "问", OPEN[2], "", "54240000", ""], text=text)
    assert (report.created, report.errors[0].field) == (2, "phone")
    people = {order.asked_by_id for order in Order.objects.all()}
    assert len(people) == 2
    assert {org.phone_of(one) for one in people} == {"13800001234"}
    assert {org.name_of(one) for one in people} == {"王某"}
    assert Person.objects.filter(id__in=people, kind="resident").count() == 2
    assert bring(tmp_path, ["D3", "问", OPEN[2], "", "54240000", ""], text=text.replace("refuse", "drop")).created == 1
    assert proven()


def test_an_open_emergency_is_not_queued(tmp_path: Path) -> None:
    text = MAP + '[category]\ncolumn = "类型"\nvalues = { "火" = "0301" }\ndefault = ""\n'
    rows = [["E1", "着火", OPEN[2], "", "", "火"], ["E2", "着火", OPEN[2], "2026-03-05 08:00", "", "火"]]
    report = bring(tmp_path, *rows, text=text)
    assert (report.created, report.errors[0].field) == (1, "category")
    assert Order.objects.get().klass == "danger"


def test_a_wrong_map_names_every_wrong_key_at_once(tmp_path: Path) -> None:
    wrong = MAP.replace('"500233"', '"999"').replace('"complaint"', '"moan"').replace("%Y-%m-%d %H:%M", "")
    with pytest.raises(Invalid) as refused:
        bring(
            tmp_path, OPEN, text=wrong + '[asked]\ncolumn = "x"\n[lat]\ncolumn = "内容"\n[file]\nencoding = "utf-16"\n'
        )
    assert set(refused.value.details["fields"]) == {
        "unit.default", "kind.values.投诉", "asked_at.formats", "closed_at.formats", "asked", "lon", "file.encoding",
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        bring(tmp_path, OPEN, text=MAP.replace('"编号"', '"号"').replace('"办结"', '"完"'))
    assert set(refused.value.details["fields"]) == {"external_number: 号", "closed_at: 完"}
    with pytest.raises(Invalid):
        bring(tmp_path, OPEN, text="system = ")
    assert Order.objects.count() == 0


def test_undoing_withdraws_frees_the_numbers_and_keeps_what_was_worked_on(tmp_path: Path) -> None:
    report = bring(tmp_path, OPEN, CLOSED, ["A3", *OPEN[1:]])
    worked = make.take(Order.objects.get(external_number="A3"), "accept", "community", NOW)
    assert report.batch_id
    undone = importing.undo(report.batch_id, act=act())
    assert (undone.undone, undone.left) == (2, [worked.number])
    gone = Order.objects.filter(state=S.WITHDRAWN)
    assert gone.count() == 2
    for order in gone:
        assert (order.external_number, order.external_system, order.answered_at, order.due_at) == (None,) * 4
    assert Entry.objects.filter(kind="orders.order.unloaded").count() == 2
    assert Batch.objects.get().undone_at == NOW
    assert proven()
    assert importing.undo(report.batch_id, act=act()).undone == 0
    again = bring(tmp_path, OPEN, CLOSED, ["A3", *OPEN[1:]])
    assert (again.created, again.known) == (2, 1)
    assert proven()


def test_what_only_the_clock_has_moved_is_taken_back(tmp_path: Path) -> None:
    from sidan.orders.commands import clockwork

    report = bring(tmp_path, OPEN)
    clockwork.tick(NOW + timedelta(days=1))
    assert Order.objects.get().version > 1
    assert report.batch_id
    assert importing.undo(report.batch_id, act=act()).undone == 1
    assert proven()


def test_undoing_forgets_who_asked(tmp_path: Path) -> None:
    report = bring(tmp_path, ["D1", "问", OPEN[2], "", "", "王某"], text=MAP + '[name]\ncolumn = "类型"\n')
    before = Contact.objects.count()
    assert report.batch_id
    importing.undo(report.batch_id, act=act())
    assert Contact.objects.count() == before - 1


def test_only_the_operator_and_the_system_import(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        importing.run(table(tmp_path, OPEN), plan(tmp_path), act=make.act("handler", NOW))
    with pytest.raises(NotAllowed):
        importing.undo(1, act=make.act("dispatcher", NOW))
    with pytest.raises(NotFound):
        importing.undo(1, act=act())
    assert importing.run(table(tmp_path, OPEN), plan(tmp_path), act=make.act("operator", NOW)).created == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_when_the_import_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.running, "CHUNK_ROWS", 2)

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(tmp_path, *[[f"F{n}", *OPEN[1:]] for n in range(8)], ["", *OPEN[1:]], progress=stop)
    assert (Order.objects.count(), Entry.objects.count(), Batch.objects.count()) == (0, 0, 0)
    assert not (tmp_path / "calls.csv.errors.csv").exists()


def test_progress_is_told_chunk_by_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.running, "CHUNK_ROWS", 2)
    seen: list[tuple[int, int]] = []
    bring(tmp_path, *[[f"G{n}", *OPEN[1:]] for n in range(5)], progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [2, 4, 5]
    assert all(total >= done for done, total in seen)


def test_statements_do_not_grow_with_rows(tmp_path: Path, django_assert_max_num_queries: Any) -> None:
    bring(tmp_path, OPEN)
    with django_assert_max_num_queries(30):
        bring(tmp_path, *[[f"H{n}", *OPEN[1:]] for n in range(300)])


def test_a_gzip_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv.gz"
    path.write_bytes(gzip.compress(table(tmp_path, OPEN, CLOSED).read_bytes()))
    assert importing.run(path, plan(tmp_path), act=act()).created == 2


def _checks() -> set[tuple[str, str, str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
            "WHERE contype = 'f'"
        )
        return set(cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite checks foreign keys in its own way")
@pytest.mark.django_db(transaction=True)
def test_a_first_load_checks_its_foreign_keys_at_the_end_and_leaves_them_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifted: list[int] = []
    check = importing.storing.Keys.check

    def watched(keys: importing.storing.Keys) -> None:
        lifted.append(len(keys._lifted))
        check(keys)

    monkeypatch.setattr(importing.storing, "LIFT_LEAST", 1)
    monkeypatch.setattr(importing.storing.Keys, "check", watched)
    before = _checks()
    bring(tmp_path, OPEN, CLOSED)
    bring(tmp_path, ["A3", *OPEN[1:]])
    assert lifted[0] > 0
    assert lifted[1] == 0, "a house with orders of its own is not locked for a few more"
    assert _checks() == before
    assert proven()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite checks foreign keys in its own way")
@pytest.mark.django_db(transaction=True)
def test_a_first_load_that_points_to_nothing_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.storing, "LIFT_LEAST", 1)
    before = _checks()
    monkeypatch.setattr(building.Builder, "_contact", lambda self, row: (1, None, None))  # nobody
    text = MAP + '[name]\ncolumn = "类型"\n'
    with pytest.raises(IntegrityError):
        bring(tmp_path, ["D1", "问", OPEN[2], "", "", "王某"], text=text)
    assert (Order.objects.count(), _checks()) == (0, before)


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_at_once_each_order_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.running, "CHUNK_ROWS", 20)
    path, where = table(tmp_path, *[[f"R{n}", *OPEN[1:]] for n in range(200)]), plan(tmp_path)
    reports: list[importing.Report] = []
    start = threading.Barrier(2)

    def one() -> None:
        try:
            start.wait()
            reports.append(importing.run(path, where, act=act()))
        finally:
            connection.close()

    racers = [threading.Thread(target=one) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted((report.created, report.known) for report in reports) == [(0, 200), (200, 0)]
    assert Order.objects.count() == 200
    assert proven()
