"""Files as people send them: encodings, worksheets, broken quotes, and those that mean harm."""

import io
import time
import zipfile
import zlib
from pathlib import Path

import pytest
import xlsxwriter

from sidan.kernel.base.errors import Invalid, TooLarge
from sidan.orders.importing.reading import Broken, Source
from sidan.orders.importing.report import Errors, RowError


def cells(path: Path, **named: str) -> list[list[str] | Broken]:
    with Source(path, **named) as source:
        return [row for _, row in source.records()]


def written(folder: Path, data: bytes, name: str = "calls.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030")]
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, found: str) -> None:
    path = written(tmp_path, "编号,内容\n1,楼道的灯坏了\n".encode(encoding))
    with Source(path) as source:
        assert source.encoding == found
        assert [row for _, row in source.records()] == [["编号", "内容"], ["1", "楼道的灯坏了"]]


def test_a_file_in_neither_encoding_is_refused_by_its_byte(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        cells(written(tmp_path, "编号\n".encode() + b"\xff\xfe"))
    assert "0xFF" in refused.value.details["fields"]["file"]
    assert "8" in refused.value.details["fields"]["file"]
    with pytest.raises(Invalid):
        cells(written(tmp_path, "编号,内容\n1,灯\n".encode("utf-16")))


def test_a_character_cut_off_at_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        cells(written(tmp_path, "编号,灯".encode()[:-1]), encoding="utf-8")


def test_a_character_may_lie_across_two_blocks(tmp_path: Path) -> None:
    data = b"a" + "灯,灯\n".encode() * 400_000
    assert len(cells(written(tmp_path, data))) == 400_000


def test_line_ends_may_be_mixed_and_lie_in_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, b'a,b\r\n1,"x\ny"\n2,"p\r\nq"\r3,z\n\n\r\n4,\x00w\n')
    assert cells(path) == [["a", "b"], ["1", "x\ny"], ["2", "p\r\nq"], ["3", "z"], ["4", "\x00w"]]


def test_a_broken_quote_spoils_its_row_and_is_located(tmp_path: Path) -> None:
    rows = cells(written(tmp_path, b'a,b\n1,"x"y\n2,z\n'))
    assert isinstance(rows[1], Broken)
    assert (rows[1].first_line, rows[2]) == (2, ["2", "z"])


def test_a_quote_that_never_ends_swallows_nothing_silently(tmp_path: Path) -> None:
    rows = cells(written(tmp_path, b'a,b\n1,"x\n' + b"2,z\n" * 50))
    assert isinstance(rows[1], Broken)
    assert rows[1].last_line == 52


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        cells(written(tmp_path, b"a,b\n" + b"x" * 5_000_000))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    data = zlib.compress(b"a,b\n1,2\n" * 999, wbits=31)
    with pytest.raises(Invalid):
        cells(written(tmp_path, data[:-20]))


def test_a_worksheet_is_read_with_dates_numbers_and_values_of_formulas(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("来电")
    sheet.write_row(0, 0, ["编号", "电话", "时间", "公式", "像公式"])
    sheet.write_row(1, 0, ["A1", 13800001234])
    sheet.write(1, 2, 46085.5, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    sheet.write_formula(1, 3, "=1+1", None, 2)
    sheet.write_string(1, 4, "=HYPERLINK(1)")
    book.close()
    assert cells(path)[1] == ["A1", "13800001234", "2026-03-04 12:00:00", "2", "=HYPERLINK(1)"]
    assert cells(path, sheet="来电")[0] == ["编号", "电话", "时间", "公式", "像公式"]
    with pytest.raises(Invalid) as refused:
        cells(path, sheet="别的")
    assert "来电" in refused.value.details["fields"]["file.sheet"]


def packed(folder: Path, parts: dict[str, bytes]) -> Path:
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def lying(path: Path, real: int) -> Path:
    """The directory claims that the large part is small."""
    data = path.read_bytes().replace(real.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    return path


def test_bombs_are_refused_quickly(tmp_path: Path) -> None:
    size = 150 * 1024 * 1024
    honest = packed(tmp_path, {"xl/workbook.xml": b"<a/>", "xl/sheet.xml": b" " * size})
    start = time.monotonic()
    with pytest.raises(TooLarge):
        cells(honest)
    with pytest.raises(TooLarge):
        cells(lying(honest, size))
    assert time.monotonic() - start < 5  # under one second each on an idle machine


@pytest.mark.parametrize("evil", [b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b" " * (1024**2 - 4) + b"<!DOCTYPE a>"])
def test_xml_that_declares_entities_is_refused(tmp_path: Path, evil: bytes) -> None:
    with pytest.raises(Invalid):
        cells(packed(tmp_path, {"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": evil}))


def test_a_cell_far_away_does_not_take_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "z")
    book.close()
    with pytest.raises(TooLarge):
        cells(path)


def test_an_archive_that_is_no_worksheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        cells(packed(tmp_path, {"calls.csv": b"a,b\n"}))
    with pytest.raises(Invalid):
        cells(written(tmp_path, b"PK\x03\x04 and nothing more"))
    with pytest.raises(Invalid):
        cells(written(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more"))
    with pytest.raises(Invalid):
        cells(written(tmp_path, b""))
    with pytest.raises(Invalid):
        cells(tmp_path / "nowhere.csv")


def test_the_list_of_refused_rows_holds_no_formulas(tmp_path: Path) -> None:
    errors = Errors(tmp_path / "calls.csv", keep_file=True)
    errors.add([RowError(2, "text", "=cmd()", "+1")])
    path = errors.close(keep=True)
    assert path is not None
    assert "'=cmd()" in path.read_text(encoding="utf-8-sig")
    assert io.StringIO(path.read_text(encoding="utf-8-sig")).readline().strip()
