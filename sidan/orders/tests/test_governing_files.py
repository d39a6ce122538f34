"""Whole tables from files and back: everything is checked first, then all of it happens or nothing."""

import io
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person, Seat, Unit
from sidan.orders.commands import county
from sidan.orders.models import Category, DeadlineRule, DispatchRule, Duty
from sidan.orders.queries.governing_tables import TABLES
from sidan.orders.tests import make
from sidan.orders.tests.test_governing import confirmed, door, hidden

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def today() -> date:
    return org.local_date(None)


@pytest.fixture
def shipped() -> Client:
    """The county that is shipped, with one operator."""
    county.load(act=Act(org.system("importer"), make.NOON, Via.IMPORT))
    who = people.add_staff("operator", "余晓东", password=make.PASSWORD)
    Seat.objects.create(person=who, unit=Unit.objects.get(code="500233"), role="operator", from_date=make.SINCE)
    client = Client()
    client.force_login(Person.objects.get(handle="operator").account)
    return client


@pytest.fixture
def small() -> Client:
    make.county(logins=True)
    return door()


def sent(text: str | bytes, name: str = "rows.csv", **values: Any) -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    return {
        "file": SimpleUploadedFile(name, data), "valid_from": str(today() + DAY), "source": "忠府办〔2026〕20号", **values,
    }  # fmt: skip


def counts(page: Any) -> list[int]:
    """Added, changed, ended, same, wrong."""
    return [n for _label, n in page.context["counts"]]


HEAD = "code,name,class,emergency,kinds,keywords\n"


@pytest.mark.parametrize("name", [*TABLES, "units"])
def test_what_was_exported_is_imported_again_as_no_change(shipped: Client, name: str) -> None:
    out = shipped.get(f"/govern/{name}/export/")
    assert out["Content-Type"].startswith("text/csv")
    assert out.content.startswith(b"\xef\xbb\xbf")
    page = shipped.post(f"/govern/{name}/import/", sent(out.content))
    assert page.status_code == 200
    rows = Unit.objects.count() if name == "units" else TABLES[name].model.objects.count()
    assert counts(page) == [0, 0, 0, rows, 0]
    assert "没有要导入的" in page.content.decode()


def test_a_county_that_was_loaded_stands_in_the_journal_with_counts_and_its_files(shipped: Client) -> None:
    entry = Entry.objects.get(kind="orders.county.loaded")
    said = orjson.loads(entry.data)
    assert (entry.subject, entry.by.handle, entry.via) == ("orders.county:500233", "importer", "import")
    assert said["counts"]["units"] == Unit.objects.count()
    assert said["files"]["ladder.csv"] == sha256((county.FOLDER / "ladder.csv").read_bytes()).hexdigest()


def test_a_file_adds_changes_and_ends_after_a_preview(small: Client) -> None:
    text = (
        HEAD
        + "01,物业,general,,,\n0101,小区与环境,general,,complaint;help,脏;乱\n010101,楼道卫生,general,,,\n0103,停车,general,,,\n"
    )
    page = small.post("/govern/categories/import/", sent(text, complete="true"))
    # The file has no source of its own, so rows that stay as they are get the new source as well.
    assert counts(page) == [1, 3, 5, 0, 0]
    assert not Entry.objects.filter(kind__startswith="orders.rule").exists()
    assert small.post("/govern/categories/import/", hidden(page)).status_code == 303
    changed = Category.objects.get(code="0101", valid_from=today() + DAY)
    assert (changed.name, changed.kinds, changed.source) == ("小区与环境", "help;complaint", "忠府办〔2026〕20号")
    assert Category.objects.get(code="0101", valid_from=make.SINCE).valid_to == today() + DAY
    assert Category.objects.get(code="0301").valid_to == today() + DAY
    assert Category.objects.get(code="0103").valid_from == today() + DAY
    assert journal.entries("orders.rule:categories:0103")[0].kind == "orders.rule.added"
    assert "rows.csv" in journal.entries("orders.rule:categories:0103")[0].data
    assert journal.verify() is None


def test_one_wrong_row_keeps_the_whole_file_out(small: Client) -> None:
    text = (
        HEAD
        + "0103,停车,general,,,\n0104,,general,,,\n0105,乱放,宽松,,,\nabc,字母,general,,,\n0103,重复,general,,,\n070101,无上级,general,,,\n"
    )
    page = small.post("/govern/categories/import/", sent(text))
    assert page.status_code == 422
    said = dict(page.context["errors"])
    assert set(said) == {3, 4, 5, 6, 7}
    assert "name" in said[3]
    assert "class" in said[4]
    assert "2 位、4 位或 6 位" in said[5]
    assert "两次" in said[6]
    assert "0701" in said[7]
    assert "file_rows" not in page.content.decode()
    assert not Category.objects.filter(code="0103").exists()


def test_unknown_units_and_categories_are_named_with_their_line(small: Client) -> None:
    text = "category_code,area,lead,supports\n01,500233,500233-D99,\n99,500233,500233-D01,\n02,500233,500233-D01,500233-D77\n"
    page = small.post("/govern/catalogue/import/", sent(text))
    said = dict(page.context["errors"])
    assert "500233-D99" in said[2]
    assert "99" in said[3]
    assert "500233-D77" in said[4]
    assert DispatchRule.objects.count() == 4


def test_gb18030_and_xlsx_are_read_and_lost_zeros_come_back(small: Client) -> None:
    text = "holder,category_code,role,text\ncommunity,0201,assist,停水时通知居民\n"
    page = small.post("/govern/duties/import/", sent(text.encode("gb18030")))
    assert counts(page) == [1, 0, 0, 0, 0]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["holder", "category_code", "role", "text"])
        sheet.write_row(1, 0, ["village", 201, "assist", "停水时通知村民"])
    page = small.post("/govern/duties/import/", sent(out.getvalue(), "duties.xlsx"))
    assert counts(page) == [1, 0, 0, 0, 0]
    small.post("/govern/duties/import/", hidden(page))
    assert Duty.objects.get(holder="village").category_code == "0201"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空"), (b"\n\n", "没有"), (b"name\nx\n", "缺少这些列"), (HEAD.encode(), "没有数据行"),
        (b"\xff\xfe\x00\x81\xff", "编码"), (b"PK\x03\x04broken", "打不开"), (b"code,name,class\n\"01,x,general\n", "行"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(small: Client, data: bytes, said: str) -> None:
    page = small.post("/govern/categories/import/", sent(data))
    assert page.status_code == 422
    assert said in page.content.decode()


def test_a_file_that_is_too_large_is_refused(small: Client) -> None:
    assert small.post("/govern/categories/import/", sent(b"x" * (5 * 1024 * 1024 + 1))).status_code == 413


def test_a_form_without_a_file_asks_for_one(small: Client) -> None:
    answer = small.post("/govern/categories/import/", {"valid_from": str(today()), "source": "x"})
    assert answer.status_code == 422
    assert "file" in answer.context["errors"]


def test_an_export_runs_no_formula_and_comes_back_as_it_was(small: Client) -> None:
    row = Category.objects.get(code="0101")
    values = {"name": "=1+1", "klass": "general", "keywords": "@x", "valid_from": str(today()), "source": "-文件"}
    confirmed(small, f"/govern/categories/{row.pk}/change/", values)
    text = small.get("/govern/categories/export/").content.decode("utf-8-sig")
    assert ",'=1+1," in text
    assert ",'@x," in text
    page = small.post("/govern/categories/import/", sent(text))
    assert counts(page)[:3] == [0, 0, 0]


def test_what_changed_between_preview_and_confirmation_is_shown_again(small: Client) -> None:
    page = small.post("/govern/categories/import/", sent(HEAD + "0103,停车,general,,,\n"))
    row = Category.objects.get(code="0101")
    confirmed(
        small,
        f"/govern/categories/{row.pk}/change/",
        {"name": "别人改的", "klass": "general", "valid_from": str(today()), "source": "x"},
    )
    answer = small.post("/govern/categories/import/", hidden(page))
    assert answer.status_code == 409
    assert "刚才有别人改过" in answer.content.decode()
    assert not Category.objects.filter(code="0103").exists()
    assert small.post("/govern/categories/import/", hidden(answer)).status_code == 303
    assert Category.objects.filter(code="0103").exists()


def test_rows_that_were_altered_on_the_way_are_refused(small: Client) -> None:
    form = hidden(small.post("/govern/categories/import/", sent(HEAD + "0103,停车,general,,,\n")))
    form["file_rows"] = [form["file_rows"][0][:-3] + "AAA"]
    assert small.post("/govern/categories/import/", form).status_code == 422
    assert not Category.objects.filter(code="0103").exists()


def test_a_second_tap_imports_nothing_more(small: Client) -> None:
    form = hidden(small.post("/govern/categories/import/", sent(HEAD + "0103,停车,general,,,\n")))
    assert [small.post("/govern/categories/import/", form).status_code for _tap in range(2)] == [303, 303]
    assert Category.objects.filter(code="0103").count() == 1


def test_a_coming_version_and_a_coming_end_survive_an_export(small: Client) -> None:
    row = DeadlineRule.objects.get(stage="reply", klass="general")
    values = {"amount": "5", "measure": "days", "valid_from": str(today() + 9 * DAY), "source": "x"}
    confirmed(small, f"/govern/deadlines/{row.pk}/change/", values)
    confirmed(
        small, f"/govern/deadlines/{DeadlineRule.objects.get(stage='sign').pk}/ending/",
        {"valid_from": str(today() + 3 * DAY), "source": "x"},
    )  # fmt: skip
    text = small.get("/govern/deadlines/export/").content
    page = small.post("/govern/deadlines/import/", sent(text))
    assert counts(page)[:3] == [0, 0, 0]


def test_a_streets_operator_imports_rows_of_the_street_only(small: Client) -> None:
    unit = Unit.objects.get(code="500233001")
    Seat.objects.create(person=make.person("checker"), unit=unit, role="operator", from_date=make.SINCE)
    head = "category_code,area,lead,class\n"
    page = door("checker").post("/govern/catalogue/import/", sent(head + "0101,500233001,500233001-D01,general\n"))
    assert counts(page) == [1, 0, 0, 0, 0]
    page = door("checker").post("/govern/catalogue/import/", sent(head + "0101,500233,500233-D01,general\n"))
    assert "系统管理员维护" in dict(page.context["errors"])[2]


def test_units_come_from_a_file_with_their_parents(small: Client) -> None:
    text = (
        "code,name,short_name,kind,parent_code,lat,lon\n500233003,新立镇,新立镇,town,500233,30.1,108.1\n"
        "500233003201,双柏村,双柏村,village,500233003,,\n500233001001,香怡花园社区,香怡,community,500233001,,\n"
    )
    page = small.post("/govern/units/import/", sent(text, valid_from=str(today())))
    assert counts(page) == [2, 1, 0, 0, 0]
    assert small.post("/govern/units/import/", hidden(page)).status_code == 303
    village = org.tree().by_code("500233003201")
    assert village is not None
    assert [org.tree().node(pk).code for pk in village.path] == ["500233", "500233003", "500233003201"]
    assert make.node("500233001001").name == "香怡花园社区"


def test_a_unit_in_the_wrong_place_is_an_error_of_its_row(small: Client) -> None:
    text = "code,name,kind,parent_code\n500233009,x,village,500233\n500233008,y,什么,500233\n500233007,z,town,900\n"
    page = small.post("/govern/units/import/", sent(text, valid_from=str(today())))
    assert set(dict(page.context["errors"])) == {2, 3, 4}
    assert Unit.objects.count() == len(make.UNITS)
