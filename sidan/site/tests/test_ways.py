"""The settings of ways to people: said in words when they are wrong, and never with their secrets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sidan.site import config, doctor, mails, ways

KEY = "0123456789abcdef-key"
GOOD = f"""
[sms]
url = "https://sms.example.gov.cn/send"
secret = "{KEY}"
body = '{{"to": "{{phone}}", "text": "{{text}}"}}'
ok = "json:code=0"

[sms.headers]
Content-Type = "application/json"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIDAN_DATA", str(tmp_path))
    return tmp_path


def wrong(folder: Path, text: str) -> str:
    (folder / ways.NAME).write_text(text, encoding="utf-8")
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    return str(caught.value)


def test_a_house_without_the_file_needs_none(folder: Path) -> None:
    assert config.load().ways == ways.Ways()


def test_the_file_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ways.NAME).write_text(GOOD, encoding="utf-8")
    monkeypatch.setenv("SIDAN_CHANNEL", "sms")
    loaded = config.load()
    assert loaded.channel == ("sms",)
    assert loaded.ways.sms["secret"] == KEY


def test_what_is_wrong_is_named_and_no_value_is_quoted(folder: Path) -> None:
    assert "sms.metod is not known" in wrong(folder, GOOD.replace("ok =", "metod ="))
    for text in (f'[sms]\nsecret = "{KEY}', f'[sms]\nurl = "{KEY}"', f'[bots]\n"500233001" = "https://x/{KEY}"'):
        said = wrong(folder, text)
        assert KEY not in said
        assert ways.NAME in said


def test_a_channel_without_its_settings_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDAN_CHANNEL", "sms,email")
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert "[sms]" in str(caught.value)
    assert "SIDAN_EMAIL_URL and SIDAN_EMAIL_FROM" in str(caught.value)


def test_the_mail_servers_password_is_not_quoted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDAN_EMAIL_URL", f"http://me:{KEY}@mail/")
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert "SIDAN_EMAIL_URL must be smtp://" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://me:p%40ss@mail.example.org:587?tls=start", 587, True, False),
        ("smtp://me:p%40ss@mail.example.org?tls=start", 587, True, False),
        ("smtps://me:p%40ss@mail.example.org", 465, False, True),
        ("smtp://me:p%40ss@mail.example.org", 25, False, False),
    ],
)
def test_a_mail_servers_address_is_djangos_settings(url: str, port: int, tls: bool, ssl: bool) -> None:
    read = mails.read(url)
    assert (read["EMAIL_PORT"], read["EMAIL_USE_TLS"], read["EMAIL_USE_SSL"]) == (port, tls, ssl)
    assert read["EMAIL_HOST_PASSWORD"] == "p@ss"


@pytest.mark.django_db
def test_doctor_looks_at_the_ways(settings: Any, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    settings.SIDAN_DATA = tmp_path

    def finding() -> tuple[str, str]:
        (found,) = doctor._channels(now)
        return found.level, found.said

    assert finding() == ("note", "messages stay in the house: nobody is told")
    settings.SIDAN_CHANNEL, settings.SIDAN_STAFF_CHANNEL = ("sms",), ("email", "sms")
    assert finding() == ("ok", "sms, email")
    settings.SIDAN_BOTS = {"999": "wecombot://x"}
    assert finding()[0] == "problem"
    (tmp_path / ways.NAME).write_text("")
    (tmp_path / ways.NAME).chmod(0o644)
    assert "open to other users" in finding()[1]
