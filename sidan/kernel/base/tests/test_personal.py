"""What a person could be known by is put out of sight, however it is written; what a neighbour must read stays."""

import time

import pytest

from sidan.kernel.base import personal
from sidan.kernel.base.personal import DOOR, NAME, PHONE, find, hide, is_identity


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("打138 0000 1234找我", "打***找我"),
        ("打１３８００００１２３４找我", "打***找我"),
        ("打+86 138-0000-1234找我", "打***找我"),
        ("一三八零零一二三四五六打不通", "***打不通"),
        ("座机023-54231234", "座机***"),
        ("身份证11010519491231002X号", "身份证***号"),
        ("电费户号 3700 1234 5678", "电费户号 ***"),
        ("卡号6222021234567890123", "卡号***"),
        ("微信号：zhang_wei88", "微信号：***"),
        ("邮箱a.b@example.com", "邮箱***"),
        ("QQ 12345678", "QQ ***"),
        ("车牌渝A·12345堵门", "车牌***堵门"),
        ("渝FD12345停在楼下", "***停在楼下"),
        ("我叫张伟，路灯坏了", "我叫某，路灯坏了"),
        ("联系人：欧阳修", "联系人：某"),
        ("李主任说让王大爷等等", "某主任说让某大爷等等"),
        ("王先生和李女士吵", "某先生和某女士吵"),
        ("邻居李建国，半夜吵", "邻居某，半夜吵"),
        ("找了网格员张丽同志", "找了网格员某同志"),
        ("老李说没人管", "某说没人管"),
        ("住3栋2单元501", "住3栋***"),
        ("３栋２单元５０１室漏水", "３栋***漏水"),
        ("三单元五楼二号", "***"),
        ("3-2-1漏水", "***漏水"),
        ("5组12号门口", "5组***门口"),
        ("中山路100号502室", "中山路100号***"),
    ],
)
def test_what_a_person_could_be_known_by_is_hidden(text: str, shown: str) -> None:
    assert hide(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "路灯坏了3天，香山路12号门口，5号楼没水",
        "向主任反映没用", "向经理反映过", "全体老师都来了", "体育老师", "高中老师", "物业经理", "城管局局长不在", "儿童主任",
        "小区里面老人多", "老年活动室", "3栋2楼漏水", "1栋3个人", "12栋1层积水", "2026-3-4漏水", "2026年11月22日10:30",
        "花了1000000元", "公交车12路", "业主曾多次反映", "冯家院子停水两周", "从1.2涨到1.6",
    ],
)  # fmt: skip
def test_what_a_neighbour_must_read_stays(text: str) -> None:
    assert hide(text) == text


def test_only_the_kinds_that_are_asked_for_are_hidden() -> None:
    text = "张先生住3栋2单元501，电话13800001234"
    assert hide(text, (PHONE,)) == "张先生住3栋2单元501，电话***"
    assert hide(text, (NAME,)) == "某先生住3栋2单元501，电话13800001234"
    assert [one.kind for one in find(text)] == [NAME, DOOR, PHONE]


def test_a_citizens_number_is_known_by_its_check_digit() -> None:
    assert is_identity("11010519491231002X")
    assert is_identity("11010519491231002x")
    assert not is_identity("110105194912310021")
    assert not is_identity("1101051949123100")


def test_a_mask_hides_nothing_twice_and_finds_nothing_in_its_own_words() -> None:
    once = hide("我叫张伟，电话13800001234，住3栋2单元501，车牌渝A12345，找李主任")
    assert hide(once) == once


@pytest.mark.parametrize("text", ["1" * 4000, "王" * 4000, "3栋" * 2000, "老" * 4000, "1-" * 2000, "a@" * 2000])
def test_no_text_keeps_the_finder_busy(text: str) -> None:
    begin = time.process_time()
    assert personal.hide(text)
    assert time.process_time() - begin < 1
