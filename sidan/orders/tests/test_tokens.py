"""Tokens: pairs of characters, words as they stand, nothing that a person could be known by; names by their initials."""

import pytest

from sidan.orders.tokens import Wanted, named, open_tokens, terms, tokens, wanted


def test_each_pair_of_neighbours_and_the_last_character_are_tokens() -> None:
    assert tokens("路灯坏了") == {"路灯", "灯坏", "坏了", "了"}
    assert tokens("３栋LED灯，", "") == {"3", "栋", "led", "灯"}


def test_what_is_typed_becomes_pairs_and_beginnings() -> None:
    assert wanted(terms(" 路灯坏　LED 灯 ")) == Wanted(("灯坏", "路灯"), ("led", "灯"))
    assert not wanted(terms("，。 !"))
    assert len(terms("一 " * 50)) == 8


@pytest.mark.parametrize(
    "text",
    [
        "13800001234",
        "１３８ ００００ １２３４",
        "11010519491231002X",
        "渝A·12345",
        "6222021234567890123",
        "a.b@example.com",
    ],
)
def test_numbers_that_are_somebodys_are_no_tokens(text: str) -> None:
    assert open_tokens(f"电话{text}") == tokens("电话")


def test_a_name_with_a_title_is_no_token_and_a_door_is() -> None:
    assert "张建" not in open_tokens("张建国师傅")
    assert "501" in open_tokens("3栋2单元501")


@pytest.mark.parametrize(
    ("name", "word", "is_named"),
    [
        ("香怡社区", "xysq", True), ("香怡社区", "xy", True), ("香怡社区", "香怡", True), ("香怡社区", "怡社", True),
        ("香怡社区", "sq", False), ("香怡社区", "x", False), ("香怡社区", "香", False), ("香怡社区", "xysqa", False),
        ("单雄信", "sxx", True), ("单雄信", "dxx", True), ("重庆路", "cql", True), ("白公街道", "bgjd", True),
    ],
)  # fmt: skip
def test_a_name_is_meant_by_a_part_of_it_or_by_its_initials(name: str, word: str, is_named: bool) -> None:
    assert named(name, word) is is_named
