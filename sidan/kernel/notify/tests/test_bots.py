"""Group chats of units: told that there is something, and never who or what."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from sidan.kernel.base import tx
from sidan.kernel.notify import commands, relay, topics
from sidan.kernel.notify.channels import NotNowReachable, bots
from sidan.kernel.notify.channels.bots import BotLetter
from sidan.kernel.notify.models import Message
from sidan.kernel.notify.tests.fakes import Gateway, gateway
from sidan.kernel.notify.tests.make import NOW, Probe, probe, reader, unit
from sidan.kernel.org import commands as org

apprise = pytest.importorskip("apprise")
pytestmark = pytest.mark.django_db
__all__ = ["probe"]

PHONE, NUMBER, KEY = "13812345678", "8K3M2Q7P", "0123456789abcdef-key"
WECOM = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
DINGTALK = "dingtalk://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
FEISHU = "feishu://0123abcd-0123-0123-0123-0123456789ab"


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The three services, all on this machine."""
    from apprise.plugins import dingtalk, feishu, wecombot

    topics.register(
        "test.group", title="新派单", body="{number} {text} {phone}", fill=None, group="/desk/orders/{number}/"
    )
    with gateway() as made:
        made.answer = b'{"errcode": 0, "errmsg": "ok"}'
        monkeypatch.setattr(wecombot.NotifyWeComBot, "notify_url", made.url + "/wecom?key={key}")
        monkeypatch.setattr(dingtalk.NotifyDingTalk, "notify_url", made.url + "/ding?access_token={token}")
        monkeypatch.setattr(feishu.NotifyFeishu, "notify_url", made.url + "/feishu/{token}/")
        yield made


@pytest.mark.parametrize("address", [WECOM, DINGTALK, FEISHU])
def test_each_service_is_told_title_number_and_link(group: Gateway, settings: Any, address: str) -> None:
    settings.SIDAN_BOTS, settings.SIDAN_URL = {"500233001": address}, "https://sidan.example.gov.cn"
    if address == FEISHU:
        group.answer = b'{"code": 0}'
    bots.send("500233001", BotLetter("test.group", NUMBER))
    said = json.dumps(json.loads(group.body), ensure_ascii=False)
    assert "新派单" in said
    assert f"https://sidan.example.gov.cn/desk/orders/{NUMBER}/" in said


@pytest.mark.parametrize("answer", [b'{"errcode": 93000, "errmsg": "invalid webhook url"}', b"<html>", b"{}"])
def test_an_answer_that_says_no_is_no_success(
    group: Gateway, settings: Any, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Status 200 with an error inside: the package alone would call it sent."""
    caplog.set_level(logging.DEBUG)
    settings.SIDAN_BOTS = {"500233001": WECOM}
    group.answer = answer
    with pytest.raises(NotNowReachable) as caught:
        bots.send("500233001", BotLetter("test.group", NUMBER))
    assert ("93000" in str(caught.value)) == (b"93000" in answer)
    assert KEY not in caplog.text + str(caught.value)


def test_a_group_letter_has_no_room_for_a_person(group: Gateway) -> None:
    for planted in (PHONE, "500233199001011234", "张三 李四", "8K3M2Q7P 张三", "", "8k3m2q7p\n"):
        with pytest.raises(ValueError, match="number"):
            BotLetter("test.group", planted)
    topics.register("test.private", title="私事", body="")
    with pytest.raises(ValueError, match="not for groups"):
        BotLetter("test.private", NUMBER)
    with pytest.raises(ValueError, match="places"):
        topics.register("test.named", title="{name}的单", body="", group="/desk/")


def test_what_a_message_holds_of_a_person_does_not_reach_the_group(group: Gateway, probe: Probe, settings: Any) -> None:
    """A telephone is planted wherever a room could put one by mistake."""
    street = unit()
    settings.SIDAN_BOTS = {street.code: WECOM}
    worker = reader("worker", phone="13900000000")
    org.seat(worker, street, "dispatcher", from_date=NOW.date())
    data = {"number": NUMBER, "phone": PHONE, "text": f"请回电 {PHONE}", "name": "张三"}
    with tx.writing():
        commands.send("test.group", to_unit=street.id, role="dispatcher", data=data, key="a/1", act_at=NOW)
    assert relay.relay(NOW).sent == 2
    (asked,) = group.asked
    assert NUMBER in str(asked)
    for planted in (PHONE, "张三", "回电"):
        assert planted not in asked[3].decode()
        assert planted not in json.dumps(Message.objects.get(role="bot").data)
    assert [one.person_id for one in probe.letters] == [worker.id]


def test_a_number_that_is_a_telephone_is_not_told_to_the_group(group: Gateway, probe: Probe, settings: Any) -> None:
    street = unit()
    settings.SIDAN_BOTS = {street.code: WECOM}
    org.seat(reader("worker"), street, "dispatcher", from_date=NOW.date())
    with tx.writing():
        commands.send(
            "test.group", to_unit=street.id, role="dispatcher",
            data={"number": PHONE, "text": "", "phone": ""}, key="a/1", act_at=NOW,
        )  # fmt: skip
    assert relay.relay(NOW) == relay.Sent(sent=1, failed=1)
    assert group.asked == []
    assert PHONE not in Message.objects.get(role="bot").error


def test_a_group_that_fails_keeps_no_person_waiting(group: Gateway, probe: Probe, settings: Any) -> None:
    street = unit()
    settings.SIDAN_BOTS = {street.code: WECOM}
    org.seat(reader("worker"), street, "dispatcher", from_date=NOW.date())
    group.status = 500
    data = {"number": NUMBER, "text": "", "phone": ""}
    with tx.writing():
        for key in ("a/1", "a/2"):
            commands.send("test.group", to_unit=street.id, role="dispatcher", data=data, key=key, act_at=NOW)
    assert relay.relay(NOW) == relay.Sent(sent=2, failed=1)
    failed = Message.objects.get(state="failed")
    assert (failed.role, failed.error) == ("bot", f"gateway: bot of {street.code}: status 500")


@pytest.mark.parametrize("address", ["https://example.org/hook", "json://127.0.0.1/", "mailto://a:b@example.org"])
def test_an_address_that_is_no_bots_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        bots.check(address)
