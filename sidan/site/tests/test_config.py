"""What an operator gets wrong is said at once, by the name of the variable."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sidan.kernel.org.models import Seat
from sidan.site import config
from sidan.site.settings import _kept_key


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in config.variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIDAN_DATA", str(tmp_path))
    return tmp_path


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(f"SIDAN_{name}", value)
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    return str(caught.value)


def test_nothing_needs_to_be_set_for_this_machine_alone(folder: Path) -> None:
    loaded = config.load()
    assert loaded.data == folder
    assert not loaded.postgres
    assert set(loaded.all_hosts) == config.LOOPBACK_NAMES


def test_every_wrong_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(
        monkeypatch, PORT="many", DEBUG="1", HOSTS="sidan.example.org", DATABASE_URL="mysql://x", LOG_LEVEL="loud"
    )
    for name in ("SIDAN_PORT", "SIDAN_DEBUG", "SIDAN_URL", "SIDAN_DATABASE_URL", "SIDAN_LOG_LEVEL"):
        assert name in said


def test_a_misspelt_name_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean SIDAN_DATABASE_URL?" in problems(monkeypatch, DATABSE_URL="postgresql://x/y")


@pytest.mark.parametrize("dangerous", ["DEBUG", "DEMO"])
def test_what_is_dangerous_in_public_is_refused_there(monkeypatch: pytest.MonkeyPatch, dangerous: str) -> None:
    said = problems(monkeypatch, URL="https://sidan.example.org", **{dangerous: "1"})
    assert f"SIDAN_{dangerous} must be off" in said


def test_the_demonstration_may_be_shown_in_the_local_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDAN_HOSTS", "192.168.1.20")
    monkeypatch.setenv("SIDAN_DEMO", "1")
    assert "192.168.1.20" in config.load().all_hosts


def test_a_public_site_must_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "must begin with https://" in problems(monkeypatch, URL="http://sidan.example.org")


def test_a_secret_is_never_repeated_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, SECRET_KEY="hunter2", DATABASE_URL="mysql://me:hunter3@x/y")
    assert "hunter" not in said


def test_the_file_in_the_data_folder_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / ".env").write_text("SIDAN_PORT=8100\nSIDAN_LOG_LEVEL=ERROR\n")
    monkeypatch.setenv("SIDAN_PORT", "8200")
    assert (config.load().port, config.load().log_level) == (8200, "ERROR")


def test_the_address_of_a_database_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDAN_DATABASE_URL", "postgresql://me:p%40ss@db:5433/county?sslmode=require")
    named, options = config.load().postgres_parts()
    assert named == {"NAME": "county", "USER": "me", "PASSWORD": "p@ss", "HOST": "db", "PORT": "5433"}
    assert options == {"sslmode": "require"}


def test_wrong_settings_end_the_start_with_status_2(folder: Path) -> None:
    environment = {**os.environ, "SIDAN_PORT": "0", "SIDAN_DATA": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", "import sidan.site.settings"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "SIDAN_PORT must be at least 1" in done.stderr


def test_the_signing_key_is_made_once_and_closed_to_others(folder: Path) -> None:
    first = _kept_key(folder / "django.key")
    assert _kept_key(folder / "django.key") == first
    assert len(first) >= 50
    assert stat.S_IMODE((folder / "django.key").stat().st_mode) == 0o600


def test_the_hash_and_the_channel_are_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, HASH="md5", CHANNEL="pigeon")
    assert "SIDAN_HASH must be sha256 or sm3" in said
    assert "SIDAN_CHANNEL must be console or sms or email" in said
    monkeypatch.setenv("SIDAN_HASH", "SM3")
    monkeypatch.delenv("SIDAN_CHANNEL")
    loaded = config.load()
    assert (loaded.hash, loaded.channel) == ("sm3", ("console",))


def test_django_is_given_them(folder: Path) -> None:
    code = "from django.conf import settings as s; print(s.SIDAN_HASH, *s.SIDAN_CHANNEL)"
    told = {**os.environ, "SIDAN_HASH": "sm3", "DJANGO_SETTINGS_MODULE": "sidan.site.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sm3", "console"]


def test_the_second_factor_is_asked_of_roles_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(config.ROLES) == sorted(Seat.Role.values)
    assert config.load().second_factor == ("operator", "supervisor")
    monkeypatch.setenv("SIDAN_SECOND_FACTOR", "-")
    assert config.load().second_factor == ()
    assert "SIDAN_SECOND_FACTOR must be roles" in problems(monkeypatch, SECOND_FACTOR="operators")
