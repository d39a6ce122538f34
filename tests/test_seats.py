"""Who may do what changes only with an entry of the journal, whichever door it comes through."""

import ast
import io
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from sidan.kernel.base.errors import NotFound
from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import factors
from sidan.kernel.org import queries as org
from sidan.kernel.org.models import Account, Factor, Seat, SignIn
from sidan.orders.commands import governing_seats, seats
from sidan.orders.tests import make
from sidan.site.cli import main

PACKAGE = Path(seats.__file__).parents[2]
VERBS = {"add_staff", "seat", "deputise", "end_seat", "put_unit", "create_token", "revoke_token"}
PASSWORD = "correct-horse-battery"


@pytest.fixture(autouse=True)
def _county(db: None) -> None:
    make.county(logins=True)


def kinds(subject: str) -> list[str]:
    return [entry.kind for entry in journal.entries(subject)]


def test_nobody_calls_the_organisations_verbs_but_those_that_journal_them() -> None:
    callers = set()
    for path in PACKAGE.rglob("*.py"):
        if {"tests", "migrations"} & set(path.parts):
            continue
        module = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            one.asname or one.name
            for node in ast.walk(module)
            if isinstance(node, ast.ImportFrom) and node.module == "sidan.kernel.org"
            for one in node.names
            if one.name == "commands"
        }
        callers |= {
            path.name
            for node in ast.walk(module)
            if isinstance(node, ast.Attribute) and node.attr in VERBS
            if isinstance(node.value, ast.Name) and node.value.id in names
        }
    assert callers == {"seats.py", "governing_units.py"}


def test_a_deputy_named_and_ended_at_the_desk_is_two_entries() -> None:
    door = Client()
    door.force_login(Account.objects.get(handle="dispatcher"))
    held, today = Seat.objects.get(person__handle="dispatcher"), timezone.localdate()
    form = {
        "form_token": "a-token-1", "seat": str(held.pk), "person": "checker", "from_date": today.isoformat(),
        "to_date": (today + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    for _twice in range(2):
        assert door.post("/desk/deputies/", form).status_code == 303
    made = Seat.objects.get(deputy_for=held)
    ended = door.post(f"/desk/deputies/{made.pk}/end/", {"form_token": "a-token-2"})
    assert ended.status_code == 303
    assert kinds(f"org.seat:{made.pk}") == ["org.seat.deputised", "org.seat.ended"]
    assert {entry.by.handle for entry in Entry.objects.filter(subject=f"org.seat:{made.pk}")} == {"dispatcher"}


def test_the_operators_page_writes_one_entry_and_not_two() -> None:
    act = make.act("operator", timezone.now())
    today = timezone.localdate()
    governing_seats.carry_out(
        lambda: governing_seats.plan_give("handler", "500233-D02", "handler", today, None, "县发〔2026〕1号", act), act
    )
    made = Seat.objects.get(person__handle="handler", unit__code="500233-D02")
    assert kinds(f"org.seat:{made.pk}") == ["org.seat.given"]


def test_the_command_line_journals_persons_seats_passwords_and_bearers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = Entry.objects.count()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n" * 2))
    words = "person add newcomer --name 新来的 --phone 13987650123 --login"
    assert main(words.split()) == 0
    assert main(["person", "password", "newcomer"]) == 0
    for more in ([], ["--end"]):
        assert main(["person", "seat", "newcomer", "handler", "500233-D01", *more]) == 0
    capsys.readouterr()
    assert main(["token", "create", "--person", "newcomer", "--label", "某程序"]) == 0
    bearer = capsys.readouterr().out.strip()
    assert main(["token", "revoke", bearer]) == 0
    entries = list(Entry.objects.order_by("id")[last:])
    assert [entry.kind for entry in entries] == [
        "org.person.added", "org.person.password_set", "org.seat.given", "org.seat.ended", "org.token.created",
        "org.token.revoked",
    ]  # fmt: skip
    assert {(entry.by.handle, entry.via) for entry in entries} == {("shell", "cli")}
    said = " ".join(f"{entry.subject} {entry.data}" for entry in entries)
    for secret in ("新来的", "13987650123", PASSWORD, bearer, org.token_hash(bearer).hex(), "某程序"):
        assert secret not in said


def test_a_refused_change_leaves_no_entry() -> None:
    before = Entry.objects.count()
    with pytest.raises(NotFound):
        seats.revoke_token("sidan_nobody-has-this", act=make.act("operator"))
    assert Entry.objects.count() == before


def test_the_end_of_a_seat_names_the_deputies_that_end_with_it() -> None:
    held, act = Seat.objects.get(person__handle="handler"), make.act("operator")
    day = org.local_date(make.NOON)
    deputy = seats.deputise(
        held, make.person("handler2"), from_date=day, to_date=day + timedelta(days=9), source="test", act=act
    )
    seats.end(held, day + timedelta(days=2), act=act)
    assert f'"deputies":[{deputy.pk}]' in journal.entries(f"org.seat:{held.pk}")[-1].data


def test_a_password_that_is_set_ends_every_device(client: Client) -> None:
    client.post("/sign-in/", {"handle": "handler", "password": make.PASSWORD})
    assert SignIn.objects.count() == 1
    seats.set_password(make.person("handler"), PASSWORD, act=make.act("operator", timezone.now()))
    assert not SignIn.objects.exists()
    assert client.get("/desk/").status_code == 302


@pytest.mark.parametrize("door", ["page", "shell"])
def test_an_operator_takes_lost_factors_away_and_the_owner_can_read_that(client: Client, door: str) -> None:
    account = Account.objects.get(handle="handler")
    secret, now = factors.new_secret(), timezone.now()
    factors.add_app(account, secret, factors.code_at(secret, factors.step_of(now)), label="x", at=now)
    if door == "page":
        client.force_login(Account.objects.get(handle="operator"))
        assert "清除第二重验证" in client.get("/govern/people/handler/").content.decode()
        assert client.post("/govern/people/handler/second/").status_code == 303
    else:
        assert main(["person", "second", "handler"]) == 0
    assert not Factor.objects.exists()
    assert kinds(f"org.account:{account.pk}") == ["org.account.factors_reset"]
