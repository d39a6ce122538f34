"""What is held about a resident as a file: JSON for machines, a workbook for people."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import orjson
import xlsxwriter
from django.http import HttpResponse
from django.utils.translation import gettext as _

from sidan.kernel.org.queries import ZONE

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_json(held: dict[str, Any], at: datetime) -> HttpResponse:
    """Everything with its English names and UTC times."""
    body = orjson.dumps({"made_at": at, **held}, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z, default=str)
    return _file(body, "application/json", f"my-data-{at.astimezone(ZONE):%Y%m%d}.json")


def as_sheets(held: dict[str, Any], at: datetime) -> HttpResponse:
    """The same in Chinese or English words: account, orders, courses, messages. Cells are texts, never formulas."""
    raw = BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        for title, rows in _sheets(held):
            sheet = book.add_worksheet(title)
            for at_row, row in enumerate(rows):
                for at_column, value in enumerate(row):
                    sheet.write_string(at_row, at_column, _words(value), bold if at_row == 0 else None)
            sheet.set_column(0, 8, 22)
            sheet.freeze_panes(1, 0)
    return _file(raw.getvalue(), _SHEET, f"my-data-{at.astimezone(ZONE):%Y%m%d}.xlsx")


FORMS: dict[str, Callable[[dict[str, Any], datetime], HttpResponse]] = {"json": as_json, "xlsx": as_sheets}


def _sheets(held: dict[str, Any]) -> list[tuple[str, list[list[Any]]]]:
    known = held["account"]
    account = [
        [_("内容"), _("记录")], [_("称呼"), known["name"]], [_("手机号"), known["phone"]], [_("首次登录"), known["since"]],
        [_("上次验证"), known["proved_at"]],
        *([_("已登录的设备"), f"{one['device']} {_words(one['at'])}"] for one in held["devices"]),
    ]  # fmt: skip
    heads = [_("编号"), _("提交时间"), _("状态"), _("内容"), _("地点"), _("称呼"), _("手机号"), _("解决"), _("满意")]
    orders = [heads] + [
        [one["number"], one["asked_at"], one["state_label"], one["text"], one["place"], one["contact"]["name"],
         one["contact"]["phone"], one["solved"], one["satisfied"]]
        for one in held["orders"]
    ]  # fmt: skip
    course = [[_("编号"), _("时间"), _("谁"), _("经过"), _("内容")]] + [
        [one["number"], line["at"], line["who"], line["words"], line["text"]]
        for one in held["orders"]
        for line in one["timeline"]
    ]
    messages = [[_("时间"), _("短信")]] + [[one["at"], one["title"]] for one in held["messages"]]
    return [(_("我的资料"), account), (_("我的单"), orders), (_("经过"), course), (_("短信"), messages)]


def _words(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def _file(body: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
