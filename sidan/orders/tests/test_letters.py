"""Every message that the room sends has words, in both languages, with exactly the data that is sent."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import translation

from sidan.kernel.notify import relay, topics
from sidan.kernel.notify.models import ConsoleMessage, Message
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Unit
from sidan.orders import keys, letters
from sidan.orders.commands import clockwork, digest, dispatching
from sidan.orders.models import Support
from sidan.orders.tests import make, population
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
ROOM = Path(__file__).resolve().parents[1]
ALL = {f"orders.{row[0]}" for row in (*letters._RESIDENT, *letters._STAFF)}
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def everything() -> None:
    """Every state, every verb that tells somebody, and the clock."""
    for state in S:
        make.order_in(state)
    make.take(make.ask(category=None), "classify", "community", category="0301")
    order = make.order_in(S.AWAITING_DISPATCH)
    order = make.take(order, "send_back", "dispatcher", reason="请写明楼栋")
    order = make.take(order, "pass_on", "community")
    helper = make.node("500233-D02")
    order = make.take(order, "dispatch", "dispatcher", lead=make.node("500233-D01"), supports=[helper])
    order = make.take(order, "sign", "handler")
    order = make.take(order, "extend", "handler", days=3, reason="等材料")
    order = make.take(order, "write", "handler", text="明天来修")
    order = make.take(order, "write", None, text="好的")
    order = make.take(order, "add_facts", None, text="又坏了一盏")
    order = make.take(order, "press", "supervisor", text="本周办结")
    order = make.take(order, "urge", None, make.NOON + timedelta(days=90))
    make.take(make.ask(), "classify", "community", category="0301")
    make.take(make.order_in(S.NEED_INFO), "give_info", None, text="三栋")
    make.take(make.order_in(S.DISPUTED), "rule", "supervisor", lead=helper, reason="按职责")
    make.take(make.order_in(S.REPLIED), "return_reply", "checker", reason="还是不亮")
    make.take(make.order_in(S.SUSPENDED), "resume", "handler")
    make.take(make.order_in(S.IN_PROGRESS), "withdraw", None)
    dispatching.answer_support(Support.objects.filter(state="asked")[0], text="已配合", act=make.act("handler2"))
    for days in (1, 8, 9, 60):
        clockwork.tick(make.NOON + timedelta(days=days))
    digest.send(make.NOON)


def test_every_topic_that_a_command_names_is_registered_and_none_is_spare() -> None:
    named = set()
    for path in (*(ROOM / "commands").glob("*.py"), *(ROOM / "importing").glob("*.py")):
        source = path.read_text()
        named |= set(re.findall(r'tell_(?:resident|unit|lead)\(\s*order,\s*"(\w+)"', source))
        named |= set(re.findall(r'(?:"topic": |Draft\(\s*)"orders\.(\w+)"', source))
    assert {f"orders.{name}" for name in named} == ALL
    assert set(topics.known()) >= ALL


def test_every_message_that_is_sent_has_words_in_both_languages() -> None:
    everything()
    seen = set()
    for message in Message.objects.all():
        topic = topics.get(message.topic)
        for language in ("zh-hans", "en"):
            title, body = topic.words(message.data, language)
            assert title
            assert body
            assert not re.search(r"[{}]|None", title + body), (message.topic, body)
            if number := message.data.get("number"):
                assert number in body
        seen.add(message.topic)
    assert seen == ALL


def test_no_message_holds_personal_data_or_a_key_while_it_waits() -> None:
    make.ask(name="王阿姨")
    everything()
    for message in Message.objects.all():
        assert "/t/" not in str(message.data)
        assert not re.search(r"1380000\d{4}|王阿姨", str(message.data) + message.key)


def test_an_english_reader_reads_no_chinese_but_names() -> None:
    data = {"number": "8K3M2Q7P", "due": "2026-03-04T04:00:00.000000Z", "unit": "Bureau", "until": "2026-03-04",
            "rung": "urge", "new": 1, "near": 2, "late": 3, "into": "22222222", "emergency": "119"}  # fmt: skip
    with translation.override("en"):
        for name in sorted(ALL):
            title, body = topics.get(name).words(data, "en")
            assert not CHINESE.search(title + body), (name, title, body)


def test_everything_that_is_sent_reaches_somebody() -> None:
    everything()
    wanted = Message.objects.count()
    relay.relay(make.NOON + timedelta(days=100), limit=10_000)
    lost = Message.objects.exclude(state=Message.State.SENT).values_list("topic", "to_unit__code", "role", "error")
    assert list(lost) == []
    assert ConsoleMessage.objects.count() >= wanted


def test_whatever_happens_to_an_order_its_messages_reach_somebody() -> None:
    office = Unit.objects.get(code="500233001-D01")  # the small county has nobody there
    people.seat(make.person("handler2"), office, "handler", from_date=make.SINCE)
    population.orders(60, 15)
    relay.relay(make.NOON + timedelta(days=100), limit=10_000)
    lost = Message.objects.exclude(state=Message.State.SENT).filter(to_unit__isnull=False)
    assert list(lost.values_list("topic", "to_unit__code", "role", "data")) == []


def test_a_message_names_the_telephone_of_the_night_as_well() -> None:
    for language, night in (("zh-hans", "023-54000000 / 夜间和节假日电话 023-54000001"), ("en", "023-54000001")):
        assert night in topics.get("orders.refused").words({"number": "8K3M2Q7P"}, language)[1]


def test_the_link_in_a_message_opens_the_order_it_is_about() -> None:
    _title, body = topics.get("orders.accepted").words({"number": "8K3M2Q7P"}, "zh-hans")
    found = re.search(r"/t/([^/\s]+)/", body)
    assert found is not None
    assert keys.link_number(found[1]) == "8K3M2Q7P"
