"""Staff from a file: checked row by row, done all at once, let in by links, taken back within a day."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Contact, Person, Seat, Unit
from sidan.orders.tests import make
from sidan.orders.tests.test_governing import door, hidden

pytestmark = pytest.mark.django_db

HREF = "/govern/people/import/"
HEAD = "handle,name,unit_code,role,from,to,deputy_for,phone\n"
DAY = timedelta(days=1)
TWO = HEAD + "chen,陈静,500233001001,社区接单员,,,,13800001234\nliu,刘洋,500233-D01,handler,,,,\n"


@pytest.fixture
def client() -> Client:
    make.county(logins=True)
    return door()


def today() -> date:
    return org.local_date(None)


def sent(text: str | bytes, name: str = "staff.csv") -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    return {"file": SimpleUploadedFile(name, data), "valid_from": str(today()), "source": "任职通知〔2026〕3号"}


def counts(page: Any) -> list[int]:
    """New seats, new persons, same, wrong."""
    return [n for _label, n in page.context["counts"]]


def brought(client: Client, text: str | bytes) -> str:
    """Import a file; the address of what it made."""
    page = client.post(HREF, sent(text))
    assert page.status_code == 200, page.context["errors"]
    answer = client.post(HREF, hidden(page))
    assert answer.status_code == 303
    return str(answer["Location"])


def taken_back(client: Client, href: str) -> Any:
    back = f"{href}taking-back/"
    return client.post(back, hidden(client.get(back)))


def test_a_file_brings_people_with_their_seats_after_a_preview(client: Client) -> None:
    page = client.post(HREF, sent(TWO))
    assert counts(page) == [2, 2, 0, 0]
    assert not Person.objects.filter(handle="chen").exists()
    client.post(HREF, hidden(page))
    chen = Person.objects.get(handle="chen")
    assert (chen.name, org.phone_of(chen.pk)) == ("陈静", "13800001234")
    seat = Seat.objects.get(person=chen)
    assert (seat.unit.code, seat.role, seat.from_date, seat.to_date) == ("500233001001", "community", today(), None)
    assert not Account.objects.get(person=chen).has_usable_password()
    kinds = Entry.objects.filter(kind__startswith="org.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["org.person.added"] * 2 + ["org.seat.given"] * 2 + ["org.staff.imported"]
    assert not Entry.objects.filter(data__contains="13800001234").exists()
    assert journal.verify() is None


def test_the_same_file_again_and_what_was_exported_change_nothing(client: Client) -> None:
    deputy = HEAD + f"zhao,赵敏,500233001001,community,,{today() + 9 * DAY},community,\n"
    for text in (TWO, deputy):
        brought(client, text)
        page = client.post(HREF, sent(text))
        assert counts(page)[:2] == [0, 0]
        assert counts(page)[3] == 0
        assert "没有要导入的" in page.content.decode()
    out = client.get("/govern/people/export/").content
    assert out.startswith(b"\xef\xbb\xbf")
    assert b"13800001234" not in out
    page = client.post(HREF, sent(out))
    assert counts(page) == [0, 0, Seat.objects.count(), 0]


def test_an_export_runs_no_formula(client: Client) -> None:
    brought(client, HEAD + "evil,=1+1,500233001001,recorder,,,,\n")
    out = client.get("/govern/people/export/").content.decode("utf-8-sig")
    assert "evil,'=1+1," in out
    assert counts(client.post(HREF, sent(out)))[:2] == [0, 0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("chen,陈静,999,recorder,,,,", "没有代码是 999 的单位"),
        ("chen,陈静,500233001001,镇长,,,,", "只能是"),
        ("Chen!,陈静,500233001001,recorder,,,,", "小写字母"),
        ("imports,陈静,500233001001,recorder,,,,", "已有人使用"),
        ("clock,陈静,500233001001,recorder,,,,", "已有人使用"),
        ("handler,别人,500233001001,recorder,,,,", "不能给别人"),
        ("handler,handler 名,500233-D01,handler,,2099-01-01,,", "已经有这个席位"),
        ("handler,handler 名,500233-D02,handler,,,,13900000000", "不能用文件改"),
        ("chen,陈静,500233001001,recorder,2020-01-01,,,", "不能早于今天"),
        ("chen,陈静,500233001001,recorder,明天,,,", "from 请写成"),
        ("chen,陈静,500233001001,recorder,2098-01-02,2098-01-02,,", "须晚于"),
        ("chen,,500233001001,recorder,,,,", "都要填"),
        ("chen,陈静,500233001001,recorder,,,,12345", "11 位手机号"),
        ("chen,陈静,500233001001,community,,,community,", "写到哪天为止"),
        ("chen,陈静,500233001001,community,,2099-01-01,handler,", "无从代理"),
        ("chen,陈静,500233001001,community,,2099-01-01,chen,", "不能代理自己"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_keeps_the_whole_file_out(client: Client, row: str, said: str) -> None:
    page = client.post(HREF, sent(f"{HEAD}{row}\nliu,刘洋,500233-D01,handler,,,,\n"))
    assert page.status_code == 422
    assert [line for line, _why in page.context["errors"]] == [2]
    assert said in page.context["errors"][0][1]
    assert "file_rows" not in page.content.decode()
    assert not Person.objects.filter(handle="liu").exists()


def test_one_handle_for_two_people_and_one_seat_twice_are_named_with_their_lines(client: Client) -> None:
    text = HEAD + "li,李一,500233-D01,handler,,,,\nli,李二,500233-D02,handler,,,,\nli,李一,500233-D01,handler,,,,\n"
    said = dict(client.post(HREF, sent(text)).context["errors"])
    assert set(said) == {3, 4}
    assert "第 2 行" in said[3]


def test_a_person_may_have_several_seats_and_a_deputy_in_the_same_file(client: Client) -> None:
    text = (
        HEAD + f"wu,吴江,500233001001,recorder,{today() + DAY},{today() + 5 * DAY},zhou,\n"
        "zhou,周敏,500233001001,recorder,,,,\nzhou,周敏,500233001001,community,,,,\n"
    )
    brought(client, text)
    assert Seat.objects.filter(person__handle="zhou").count() == 2
    deputy = Seat.objects.get(person__handle="wu")
    assert deputy.deputy_for == Seat.objects.get(person__handle="zhou", role="recorder")
    assert Entry.objects.filter(kind="org.seat.deputised", subject=f"org.seat:{deputy.pk}").exists()


def test_gb18030_and_xlsx_are_read(client: Client) -> None:
    assert counts(client.post(HREF, sent(TWO.encode("gb18030"))))[:2] == [2, 2]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD.strip().split(","))
        sheet.write_row(1, 0, ["chen", "陈静", 500233001001, "代录员", "", "", "", 13800001234])
        sheet.write_datetime(
            1, 4, timezone.now().replace(tzinfo=None) + 40 * DAY, book.add_format({"num_format": "yyyy/m/d"})
        )
    page = client.post(HREF, sent(out.getvalue(), "人员.xlsx"))
    assert page.context["errors"] == []
    assert counts(page)[:2] == [1, 1]


def test_the_preview_says_what_is_allowed_but_unusual(client: Client) -> None:
    text = HEAD + "li,李一,500233-D01,handler,,,,\nli,李一,500233-D01,checker,,,,\nop,欧阳,500233,operator,,,,\n"
    said = client.post(HREF, sent(text)).context["warnings"]
    assert ["李一" in said[0], "系统管理员" in said[1], len(said)] == [True, True, 2]


def test_a_streets_operator_seats_people_in_the_street_only(client: Client) -> None:
    street = Unit.objects.get(code="500233001")
    Seat.objects.create(person=make.person("checker"), unit=street, role="operator", from_date=make.SINCE)
    mine = door("checker")
    said = dict(mine.post(HREF, sent(TWO)).context["errors"])
    assert set(said) == {3}
    assert "城市管理局" in said[3]
    href = brought(client, TWO)
    page = mine.get(href).content.decode()
    assert "管辖以外" in page
    assert "/links/" not in page
    assert mine.post(f"{href}links/", {"how": "shown"}).status_code == 403
    assert mine.post(f"{href}taking-back/", {}).status_code == 403
    assert "500233-D01" not in mine.get("/govern/people/export/").content.decode()


def test_links_are_shown_once_as_a_sheet_and_open_the_door(client: Client) -> None:
    href = brought(client, TWO)
    sheet = client.post(f"{href}links/", {"how": "shown"})
    doors = sheet.context["doors"]
    assert [(one.handle, one.unit) for one in doors] == [("chen", "香怡社区"), ("liu", "城市管理局")]
    assert sheet["Cache-Control"] == "no-store"
    assert doors[0].link not in client.get(href).content.decode()
    assert Entry.objects.filter(kind="org.person.link_given").count() == 2
    guest = Client()
    with time_machine.travel(timezone.localtime() + 2 * DAY):
        form = guest.get(doors[0].link.partition("//")[2].partition("/")[2].join(["/", ""]))
        assert form.status_code == 302
        done = guest.post(
            form["Location"], {"new_password1": "一个够长的密码 7421", "new_password2": "一个够长的密码 7421"}
        )
        assert done.status_code == 303
    assert Account.objects.get(handle="chen").has_usable_password()
    text = client.post(f"{href}links/", {"how": "csv"}).content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in text.splitlines()] == ["handle", "liu"]


def test_a_link_of_the_sheet_is_closed_after_three_days(client: Client) -> None:
    sheet = client.post(f"{brought(client, TWO)}links/", {"how": "shown"})
    path = "/" + sheet.context["doors"][0].link.partition("//")[2].partition("/")[2]
    with time_machine.travel(timezone.localtime() + 3 * DAY + timedelta(minutes=1)):
        assert Client().get(path).status_code == 200


def test_links_are_sent_to_whoever_left_a_telephone(client: Client) -> None:
    href = brought(client, TWO)
    client.post(f"{href}links/", {"how": "sent"})
    assert [one.to_person.handle for one in Message.objects.all() if one.to_person] == ["chen"]


def test_an_import_is_taken_back_and_a_better_file_brings_the_same_people(client: Client) -> None:
    href = brought(client, TWO + "handler2,handler2 名,500233-D01,handler,,,,\n")
    link = client.post(f"{href}links/", {"how": "shown"}).context["doors"][0].link
    Account.objects.filter(handle="liu").update(last_login=timezone.now())
    assert taken_back(client, href).status_code == 303
    chen, liu = Account.objects.get(handle="chen"), Account.objects.get(handle="liu")
    assert (chen.is_active, liu.is_active, Account.objects.get(handle="handler2").is_active) == (False, True, True)
    assert not Contact.objects.filter(person=chen.person).exists()
    held = {seat.role for one in (chen, liu) for seat in Seat.objects.filter(person=one.person) if seat.to_date is None}
    assert held == set()
    assert Seat.objects.filter(person__handle="handler2", to_date=None).count() == 1
    assert Client().get("/" + link.partition("//")[2].partition("/")[2]).status_code == 200
    assert "chen" not in [one["handle"] for one in client.get("/govern/people/").context["rows"]]
    assert taken_back(client, href).status_code == 409
    brought(client, TWO.replace("陈静", "陈靖").replace("13800001234", "13800004321"))
    chen.refresh_from_db()
    assert (chen.is_active, Person.objects.get(handle="chen").name) == (True, "陈靖")
    assert org.phone_of(chen.person_id) == "13800004321"
    assert journal.verify() is None


def test_after_a_day_an_import_is_not_taken_back_as_a_whole(client: Client) -> None:
    href = brought(client, TWO)
    with time_machine.travel(timezone.localtime() + timedelta(hours=24, minutes=1)):
        later = door()
        assert "taking-back" not in later.get(href).content.decode()
        assert taken_back(later, href).status_code == 409
    assert Seat.objects.get(person__handle="chen").to_date is None


def test_what_changed_between_preview_and_confirmation_is_shown_again(client: Client) -> None:
    page = client.post(HREF, sent(TWO.replace("13800001234", "")))
    brought(client, HEAD + "chen,陈静,500233001002,recorder,,,,\n")
    answer = client.post(HREF, hidden(page))
    assert answer.status_code == 409
    assert Seat.objects.filter(person__handle="chen").count() == 1


def test_a_second_tap_brings_nobody_twice(client: Client) -> None:
    form = hidden(client.post(HREF, sent(TWO)))
    assert [client.post(HREF, form).status_code for _tap in range(2)] == [303, 303]
    assert Person.objects.filter(handle="chen").count() == 1


def test_a_file_of_two_hundred_people_costs_hardly_more_statements_than_one_of_two(client: Client) -> None:
    counted = []
    for n in (2, 200):
        rows = "".join(f"p{n}-{at},某人{at},500233001001,recorder,,,,138{at:08d}\n" for at in range(n))
        page = client.post(HREF, sent(HEAD + rows))
        with CaptureQueriesContext(connection) as seen:
            assert client.post(HREF, hidden(page)).status_code == 303
        counted.append(len(seen.captured_queries))
    assert counted[1] <= counted[0] + 12
