"""Lists as people like them: columns, views shared with a unit, and files that hold what the page holds and run nothing."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import time_machine
from django.conf import LazySettings

from sidan.kernel.journal.models import Entry
from sidan.orders.commands import exporting
from sidan.orders.models import Export, SavedView
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.views import desk_views
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
NOW = make.NOON + timedelta(hours=1)
_made = iter(range(1_000_000))


@pytest.fixture(autouse=True)
def _county(tmp_path: Path, settings: LazySettings) -> Iterator[None]:
    settings.SIDAN_DATA = tmp_path
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def export(client: Any, **said: str) -> Any:
    form = {"page": "orders", "query": "", "columns": "", "form": "csv", "form_token": f"export-{next(_made)}", **said}
    return client.post("/desk/exports/", form)


def rows_of(client: Any, **said: str) -> list[list[str]]:
    """The file's rows, as a spreadsheet reads them."""
    led = export(client, **said)
    raw = b"".join(client.get(led["Location"]).streaming_content)
    if said.get("form") == "xlsx":
        sheet = python_calamine.load_workbook(BytesIO(raw)).get_sheet_by_index(0)
        return [[str(cell) for cell in row] for row in sheet.to_python()]
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(raw.decode("utf-8-sig"))))


def test_the_columns_of_a_list_are_chosen_in_its_address() -> None:
    make.order_in(S.AWAITING_DISPATCH)
    text = html(door("dispatcher").get("/desk/dispatch/?cols=due&cols=channel"))
    assert text.count('<th scope="col">') == 3
    assert "渠道</th>" in text
    usual = html(door("dispatcher").get("/desk/dispatch/?cols=nonsense"))
    assert usual.count('<th scope="col">') == 7


def test_a_view_is_kept_shared_with_its_unit_and_seen_by_nobody_else() -> None:
    make.order_in(S.AWAITING_DISPATCH)
    unit = make.node("500233001").id
    client = door("dispatcher")
    form = {
        "page": "dispatch",
        "name": "只看求助",
        "query": "kind=help&after=x&evil=1",
        "columns": "due,channel,bad",
        "unit": str(unit),
    }
    kept = client.post("/desk/views/", form)
    assert kept["Location"] == "/desk/dispatch/?kind=help&cols=due%2Cchannel"
    assert "只看求助" in html(client.get("/desk/dispatch/"))
    assert "只看求助" not in html(door("county-dispatcher").get("/desk/dispatch/"))
    supervisor = door("supervisor")
    client.post("/desk/views/", {**form, "page": "orders", "name": "全街道的求助"})
    assert "全街道的求助" in html(supervisor.get("/desk/orders/"))
    view = SavedView.objects.get(name="全街道的求助")
    assert supervisor.post(f"/desk/views/{view.pk}/removal/").status_code == 404
    client.post(f"/desk/views/{view.pk}/removal/", {"page": "orders"})
    assert "全街道的求助" not in html(supervisor.get("/desk/orders/"))


def test_a_view_is_not_shared_with_a_unit_in_which_one_does_not_sit() -> None:
    other = make.node("500233002").id
    door("dispatcher").post("/desk/views/", {"page": "orders", "name": "x", "unit": str(other)})
    door("dispatcher").post("/desk/views/", {"page": "orders", "name": " "})
    assert door("handler").post("/desk/views/", {"page": "dispatch", "name": "x"}).status_code == 403
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_holds_what_the_list_holds_and_no_formula(form: str) -> None:
    first = make.order_in(S.AWAITING_DISPATCH, text='=HYPERLINK("http://x","点这里")', place="@三栋")
    make.order_in(S.AWAITING_DISPATCH, make.NOON + timedelta(minutes=5), text="灯坏了", kind="complaint")
    make.take(make.take(make.ask(unit="500233002001"), "accept", "community3"), "pass_on", "community3")
    found = rows_of(door("dispatcher"), page="dispatch", query="kind=help", columns="place,due", form=form)
    assert found[0] == ["编号", "内容", "类型", "社区（村）", "地点", "时限"]
    assert len(found) == 2
    assert found[1][:5] == [first.number, '\'=HYPERLINK("http://x","点这里")', "求助", "香怡社区", "'@三栋"]


def test_a_file_of_confidential_orders_has_no_numbers_to_call() -> None:
    make.order_in(S.AWAITING_DISPATCH, text="请打13912345678找我", confidential=True)
    found = rows_of(door("dispatcher"))
    assert "13912345678" not in str(found)


def test_a_file_is_its_owners_and_gone_after_a_day() -> None:
    make.ask()
    client = door("dispatcher")
    where = export(client)["Location"]
    assert b"".join(client.get(where).streaming_content)  # type: ignore[attr-defined]
    assert door("supervisor").get(where).status_code == 404
    told = Entry.objects.get(kind="orders.export.asked")
    assert (told.by.handle, '"rows":1' in told.data) == ("dispatcher", True)
    made = Export.objects.get()
    assert exporting.path_of(made).exists()
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert client.get(where).status_code == 404
        assert exporting.sweep(NOW + timedelta(days=1)) == 1
    assert not exporting.path_of(made).exists()


def test_a_long_list_is_written_by_the_worker_with_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    orders = [make.ask() for _one in range(3)]
    client = door("community")
    where = export(client)["Location"]
    text = html(client.get(where))
    assert "正在做，0 / 3 件" in text
    assert client.get(f"{where}file/").status_code == 404
    assert exporting.run(NOW, desk_views.table) == 1
    assert exporting.run(NOW, desk_views.table) == 0
    assert "文件做好了，共 3 件" in html(client.get(where))
    raw = b"".join(client.get(f"{where}file/").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert all(order.number in raw for order in orders)


def test_a_list_that_is_not_mine_is_no_file_either() -> None:
    assert export(door("handler"), page="dispatch").status_code == 403
    make.ask()
    made = Export.objects.create(
        owner=make.person("handler"), page="dispatch", form="csv", language="zh-hans", made_at=NOW, rows=1,
        expires_at=NOW + timedelta(days=1),
    )  # fmt: skip
    exporting.run(NOW, desk_views.table)
    made.refresh_from_db()
    assert made.failed
    assert not exporting.path_of(made).exists()


def test_pressing_twice_makes_one_file() -> None:
    client = door("dispatcher")
    for _twice in range(2):
        export(client, form_token="the-same-form")
    assert Export.objects.count() == 1
