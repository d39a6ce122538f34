"""The demonstration month walks every branch, and leaves a house in which nothing is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import LazySettings, settings

from sidan.kernel.files.models import Photo
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.notify import queries as notify
from sidan.kernel.notify.models import ConsoleMessage
from sidan.kernel.org.models import Account, Seat
from sidan.orders.flow import ORDER, REVEAL, SUPPORT
from sidan.orders.models import Order
from sidan.orders.queries import figures
from sidan.orders.words import S
from sidan.site import doctor, rebuild
from sidan.site.demo import house, staff
from sidan.site.verbs import serving

NOW = datetime(2026, 6, 17, 8, 30, tzinfo=UTC)  # a Wednesday afternoon

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def _month(settings: LazySettings, tmp_path: Path) -> None:
    settings.SIDAN_DATA = tmp_path
    settings.SIDAN_DEMO = True
    tmp_path.chmod(0o700)
    house.build(NOW, size=12)


@pytest.mark.usefixtures("_month")
def test_the_month_takes_every_step_and_leaves_every_state_populated() -> None:
    kinds = set(Entry.objects.values_list("kind", flat=True).distinct())
    for flow in (ORDER, SUPPORT, REVEAL):
        never = [step.do for step in flow.steps if flow.kind(step.done) not in kinds]
        assert never == (["erase"] if flow is ORDER else []), "nothing of a month is old enough to be erased"
        assert [done for _state, done in flow.births if flow.kind(done) not in kinds] == []
    assert [state for state in S if state not in figures.by_state()] == []
    given = set(Order.objects.filter(state=S.NOT_ACCEPTED).values_list("refusal", flat=True))
    assert {"emergency", "no_info", "litigation", "outside"} <= given
    assert {"orders.county.loaded", "orders.county.staffed", "worktime.year.synced"} <= kinds
    assert Order.objects.filter(round=3).exists()
    assert Order.objects.filter(anonymous=True).exists() or Order.objects.filter(confidential=True).exists()
    assert set(Photo.objects.values_list("purpose", flat=True)) >= {"before"}

    assert journal.verify() is None
    assert list(rebuild.differences()) == []
    assert [one for one in doctor.examine(NOW) if one.level == "problem"] == []
    assert notify.backlog(NOW)["waiting"] == 0
    assert notify.backlog(NOW)["given_up"] == 0
    assert ConsoleMessage.objects.filter(topic="orders.digest").exists()
    assert all(rate.denominator > 0 for rate in figures.rates(NOW))
    assert Entry.objects.filter(at__gt=NOW).count() == 0

    assert {account.handle for account in Account.objects.all()} == {row["handle"] for row in staff.accounts()}
    assert all(account.check_password(staff.PASSWORD) for account in Account.objects.all()[:1])
    assert Seat.objects.filter(deputy_for__isnull=False).count() == 1

    assert house.state() == "standing"
    with pytest.raises(house.NotDemo):
        house.build(NOW, size=0)


@pytest.mark.parametrize("holder", ["h500233d04", "resident:7"])
def test_a_name_follows_from_the_handle_alone(holder: str) -> None:
    assert staff.name_of(holder) == staff.name_of(holder)
    assert 2 <= len(staff.name_of(holder)) <= 4


def test_a_real_county_is_never_taken_for_a_demonstration() -> None:
    from sidan.orders.tests import make

    make.county()
    assert house.state() == "other"
    with pytest.raises(house.NotDemo):
        house.reset()
    assert Seat.objects.exists()


def test_the_demonstration_says_its_address_and_every_ready_account(capsys: pytest.CaptureFixture[str]) -> None:
    serving._welcome()
    said = capsys.readouterr().out
    assert f"{settings.SIDAN_URL}/sign-in/" in said
    assert staff.PASSWORD in said
    assert [row["handle"] for row in staff.accounts() if f"\n    {row['handle']} " not in said] == []
