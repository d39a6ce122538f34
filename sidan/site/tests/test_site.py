"""The wiring names what exists, health answers, the outbox shows messages in the demonstration, the doctor finds faults."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from django.utils.module_loading import import_string

from sidan.kernel.base import appendonly, durable
from sidan.kernel.base.models import Revision
from sidan.kernel.notify import relay
from sidan.kernel.org.models import Seat
from sidan.orders.models import DispatchRule
from sidan.orders.tests import make
from sidan.site import doctor, periodic, wiring
from sidan.site.demo.outbox import outbox

pytestmark = pytest.mark.django_db


def problems() -> dict[str, str]:
    return {one.name: one.said for one in doctor.examine() if one.level == "problem"}


@pytest.fixture
def _house(settings: LazySettings, tmp_path: Path) -> None:
    settings.SIDAN_DATA = tmp_path
    tmp_path.chmod(0o700)
    make.county()
    for year in {timezone.localdate().year, (timezone.localdate() + timedelta(days=45)).year}:
        from sidan.kernel.worktime.commands import sync_year

        sync_year(year, make.act("operator"))
    Seat.objects.create(
        person=make.person("community2"), unit_id=make.node("500233").id, role="community", from_date=make.SINCE
    )


def test_everything_that_runs_again_and_again_exists_and_runs() -> None:
    for seconds, dotted in wiring.PERIODIC:
        assert seconds > 0
        import_string(dotted)()
    assert timezone.now() - (periodic.last_tick() or timezone.now() - timedelta(days=9)) < timedelta(minutes=1)


def test_health_answers_without_and_with_the_database(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"
    assert json.loads(client.get("/readyz").content) == {"database": "ok"}


def test_a_database_file_that_was_replaced_is_not_ready_and_the_doctor_names_who_still_writes_to_it(
    client: Client, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s.sqlite3"
    file.write_bytes(b"")
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(file))
    settings.CONFIG = SimpleNamespace(postgres=False)
    with file.open():
        assert list(doctor._left_behind()) == []
        file.unlink()
        file.write_bytes(b"")
        said = [one.said for one in doctor._left_behind()]
    if Path("/proc").is_dir():
        assert f"process {os.getpid()} " in said[0]
    if connection.vendor == "sqlite":
        monkeypatch.setattr(durable, "replaced", lambda _path: True)
        answer = client.get("/readyz")
        assert (answer.status_code, json.loads(answer.content)) == (503, {"database": "replaced"})


@pytest.mark.usefixtures("_house")
def test_the_doctor_finds_that_the_hash_was_changed(settings: LazySettings) -> None:
    make.ask()
    assert "hash" not in problems()
    settings.SIDAN_HASH = "sm3"
    assert "does not hold under sm3" in problems()["hash"]


def test_the_outbox_shows_the_link_that_was_sent_to_the_resident(rf: RequestFactory, settings: LazySettings) -> None:
    settings.SIDAN_DEMO = True
    make.county()
    make.ask()
    relay.relay(make.NOON + timedelta(minutes=1))
    request = rf.get("/dev/outbox")
    request.session = {}  # type: ignore[assignment]
    from django.contrib.auth.models import AnonymousUser
    from django.contrib.messages.storage.cookie import CookieStorage

    request.user, request._messages = AnonymousUser(), CookieStorage(request)  # type: ignore[attr-defined]
    page = outbox(request).content.decode()
    assert f'href="{settings.SIDAN_URL}/t/' in page
    assert "138****1234" in page


@pytest.mark.usefixtures("_house")
def test_a_house_in_order_has_no_problems() -> None:
    assert problems() == {}


@pytest.mark.usefixtures("_house")
def test_the_doctor_takes_at_most_five_seconds() -> None:
    start = time.perf_counter()
    assert len({one.name for one in doctor.examine()}) >= 12
    assert time.perf_counter() - start <= 5


@pytest.mark.usefixtures("_house")
def test_the_doctor_finds_what_is_wrong_and_says_how_to_mend_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Seat.objects.filter(role="community", unit__code__in=["500233", "500233002001"]).delete()
    DispatchRule.objects.filter(category_code="01").update(supports="500233-D99")
    Revision.objects.create(name=periodic.HEARTBEAT, value=int((timezone.now() - timedelta(hours=2)).timestamp()))
    found = problems()
    assert "open to other users" in found["data folder"]
    assert "500233002001" in found["desks"]
    assert "01@500233" in found["dispatch catalogue"]
    assert "2 h ago" in found["clock"]
    assert all(one.mend for one in doctor.examine() if one.level == "problem")


@pytest.mark.usefixtures("_house")
def test_the_doctor_misses_a_seal_that_was_taken_off() -> None:
    with appendonly.allow_flush():
        assert "journal_entry" in problems()["append-only"]
    assert "append-only" not in problems()


@pytest.mark.usefixtures("_house")
def test_a_lost_key_is_noticed(tmp_path: Path) -> None:
    make.ask()
    (tmp_path / "secret.key").unlink()
    assert "missing" in problems()["key ring"]
