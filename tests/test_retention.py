"""No field holds personal data without a declared retention and an erasure: each is filled, erased, and looked for."""

import struct
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings, settings
from django.db import connection, models
from django.utils.module_loading import import_string

from sidan.kernel.base import crypto, doors, durable, tx
from sidan.kernel.files import commands as files
from sidan.kernel.files import queries as photos
from sidan.kernel.files import storage
from sidan.kernel.files.tests import samples
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify import relay
from sidan.kernel.notify.models import ConsoleMessage
from sidan.kernel.org import codes, sessions
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Contact, Person
from sidan.orders.commands import erasing, indexing, revealing
from sidan.orders.models import DeadlineRule, Order, Text
from sidan.orders.tests import make
from sidan.orders.words import S
from sidan.site import rebuild
from sidan.web import phone_door
from sidan.web.models import Feedback
from tests import retention_table as table

FREE = (models.CharField, models.TextField, models.BinaryField, models.JSONField, models.FloatField)
NAME, PHONE, WORDS, PLACE = "赵标记NAMEMARK", "13987650123", "WORDSMARK 三单元的门坏了", "PLACEMARK 3-2-1"
LAT, LON = 30.123457, 108.765431
ERASERS = (table.ORDER, table.MESSAGES, table.DOORS, table.FEEDBACK, table.ACCOUNTS)
CLEAR = (NAME, PHONE, "WORDSMARK", "PLACEMARK")
DONE = make.NOON + timedelta(days=1827)

real = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _letters_are_shown(settings: LazySettings) -> None:
    """Only the demonstration's outbox keeps the words of a resident's letter."""
    settings.SIDAN_DEMO = True


def free_fields() -> Iterator[tuple[type[models.Model], Any]]:
    for model in apps.get_models():
        if model.__module__.startswith("sidan."):
            for field in model._meta.concrete_fields:
                if isinstance(field, FREE) and not field.choices and not field.remote_field:
                    yield model, field


def test_every_free_field_is_told_and_none_that_is_not() -> None:
    assert sorted(table.told()) == sorted(f"{model._meta.label}.{field.name}" for model, field in free_fields())


def house() -> tuple[Order, Order]:
    """Two ended orders that filled every personal field: one confidential with a telephone, one with a receipt's code."""
    make.county()
    wish: dict[str, Any] = {"name": NAME, "text": WORDS, "place": PLACE, "lat": LAT, "lon": LON}
    order = make.order_in(S.ACCEPTED, **wish, phone=PHONE, confidential=True)
    people.set_email(order.asked_by_id, "someone@example.org")
    photo = files.keep(BytesIO(samples.picture()), owner=order.subject(), purpose="before", act=make.resident(order))
    photos.open_thumbnail(photo).close()
    make.take(order, "show", photo=str(photo.pk))
    make.take(order, "contact", "community", way="phone", note=WORDS)
    asked = revealing.request_reveal(order, reason=WORDS, act=make.act("supervisor"))
    revealing.decide_reveal(asked, agree=True, act=make.act("county-supervisor"))
    revealing.read_contact(order, act=make.act("supervisor"))
    make.take(order, "pass_on", "community", note=WORDS)
    make.take(order, "dispatch", "dispatcher", lead=make.node("500233-D01"), note=WORDS)
    make.take(order, "sign", "handler")
    make.take(order, "write", None, text=WORDS)
    make.take(order, "reply", "handler", text=WORDS, contacted=True)
    make.take(order, "check", "checker", note=WORDS)
    make.take(order, "rate", None, solved="yes", satisfied="yes", reason=WORDS)
    other = make.order_in(S.WITHDRAWN, **wish, phone=None)
    indexing.index([order.number, other.number])
    answer_of_a_door()
    Feedback.objects.create(kind="idea", text=WORDS, at=make.NOON)
    assert relay.relay(make.NOON + timedelta(minutes=1))
    return order, other


def sign_in() -> None:
    """A resident who came in by telephone, and a code that was asked for and never used."""
    code = phone_door.send(PHONE, make.NOON)
    _found, account = phone_door.prove(code.pk, codes.digits(code), make.NOON)
    assert account is not None
    Contact.objects.filter(person=account.person).update(name_enc=crypto.seal_text(NAME))
    people.set_email(account.person_id, "someone@example.org")
    sessions.begin(account, "a-key-of-this-test", "Chrome · Android", at=make.NOON)
    phone_door.send("13987650124", make.NOON)


@tx.writes
def answer_of_a_door() -> None:
    doors.claim(doors.Claim("api:1", "a-key-of-this-test", b"{}", make.NOON, doors.Answer(201, WORDS.encode())))


def values(label: str) -> list[Any]:
    """What a field holds anywhere, empty values left out."""
    model, _dot, field = label.rpartition(".")
    found = apps.get_model(model)._default_manager.values_list(field, flat=True)
    return [value for value in found if value not in (None, "", b"")]


def of_residents(label: str) -> list[Any]:
    """The same; what was said to staff is theirs."""
    if not label.startswith("notify.ConsoleMessage."):
        return values(label)
    rows = ConsoleMessage.objects.filter(person__kind=Person.Kind.RESIDENT).values_list(
        label.rpartition(".")[2], flat=True
    )
    return [value for value in rows if value]


@real
@pytest.mark.parametrize("eraser", ERASERS)
def test_every_personal_field_is_emptied_by_what_the_table_names(eraser: str) -> None:
    if eraser == table.ACCOUNTS:
        make.county()
        sign_in()
    else:
        house()
    fields = [label for label, how in table.PERSONAL.items() if eraser in how.erased_by]
    assert [label for label in fields if not of_residents(label)] == [], "the house must fill every personal field"
    import_string(eraser)(DONE)
    assert {label: found for label in fields if (found := of_residents(label))} == {}


@real
def test_nothing_is_left_of_a_name_a_telephone_words_a_place_and_a_photo() -> None:
    order, other = house()
    sign_in()
    photo = photos.photos(order.subject())[0]
    shots = [storage.path(photo.pk), storage.path(photo.pk, storage.THUMB)]
    assert all(shot.is_file() for shot in shots)
    assert {mark for mark in CLEAR if found_in_tables(mark)} == set(CLEAR) - {NAME, PHONE}, "contacts are encrypted"
    for eraser in ERASERS:
        import_string(eraser)(DONE)
    indexing.compact()
    durable.cut_log()
    for mark in (*CLEAR, str(LAT), str(LON)):
        assert found_in_tables(mark) == []
        assert found_in_files(mark.encode()) == []
        assert found_in_files(mark.lower().encode()) == [], "as the search writes it"
    for point in (LAT, LON):
        assert found_in_files(struct.pack(">d", point)) == [], "as SQLite writes a number"
    assert not any(shot.exists() for shot in shots)
    assert not Contact.objects.filter(person_id__in=[order.asked_by_id, other.asked_by_id]).exists()
    assert not Contact.objects.filter(person__kind=Person.Kind.RESIDENT).exists()


@real
def test_the_journal_and_what_waits_to_be_sent_never_hold_them() -> None:
    house()
    tables = ("journal_entry", "journal_seal", "notify_message", "notify_delivery", "notify_inbox", "notify_console")
    for mark in (*CLEAR, str(LAT), str(LON)):
        assert found_in_tables(mark, *tables) == []


@pytest.mark.django_db
def test_after_an_erasure_the_journal_holds_and_rows_are_its_fold() -> None:
    order, other = house()
    before = Order.objects.get(pk=order.pk)
    assert erasing.erase_due(DONE) == 2
    assert erasing.erase_due(DONE) == 0
    assert journal.verify() is None
    assert list(rebuild.differences()) == []
    after = Order.objects.get(pk=order.pk)
    assert (after.state, after.solved, after.closed_at) == (before.state, before.solved, before.closed_at)
    assert [entry.kind for entry in journal.entries(other.subject())][-1] == "orders.order.erased"
    assert all(text.erased_at and bytes(text.digest) for text in Text.objects.all())


@pytest.mark.django_db
def test_nothing_is_erased_before_its_time_without_a_rule_or_while_it_may_be_reopened() -> None:
    house()
    assert erasing.erase_due(make.NOON + timedelta(days=1825)) == 0
    rule = DeadlineRule.objects.get(stage="retention")
    retain(rule, 1)
    assert erasing.erase_due(make.NOON + timedelta(days=2)) == 1, (
        "the withdrawn one; the rated one may be reopened for 30 days"
    )
    assert erasing.erase_due(make.NOON + timedelta(days=31)) == 1
    make.order_in(S.WITHDRAWN)
    rule.delete()
    retain(None, 0)
    assert erasing.erase_due(make.NOON + timedelta(days=9999)) == 0


@tx.writes
def retain(rule: DeadlineRule | None, days: int) -> None:
    from sidan.kernel.base import snapshot

    if rule is not None:
        DeadlineRule.objects.filter(pk=rule.pk).update(amount=days)
    snapshot.bump()
    snapshot.forget()


@pytest.mark.django_db
def test_a_contact_stays_while_another_order_of_the_person_is_kept() -> None:
    make.county()
    first = make.order_in(S.WITHDRAWN)
    later = make.ask()
    Order.objects.filter(pk=later.pk).update(asked_by=first.asked_by_id)
    assert erasing.erase_due(DONE) == 1
    assert Contact.objects.filter(person_id=first.asked_by_id).exists()


def found_in_tables(mark: str, *names: str) -> list[str]:
    """Tables of the database, every column of every row, in which something stands."""
    found = []
    with connection.cursor() as cursor:
        for name in names or sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{name}"')
            for row in cursor.fetchall():
                if any(form in flat(value) for value in row for form in forms(mark)):
                    found.append(name)
                    break
    return found


def forms(mark: str) -> set[bytes]:
    """As it is, and as JSON may escape it."""
    return {mark.encode(), mark.encode("unicode_escape")}


def flat(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def found_in_files(mark: bytes) -> list[Path]:
    """Files of the data folder, the database of SQLite among them, in whose bytes something stands."""
    return [path for path in Path(settings.SIDAN_DATA).rglob("*") if path.is_file() and mark in path.read_bytes()]


def test_every_personal_field_says_how_long_it_is_kept_and_what_erases_it() -> None:
    tried = set(ERASERS)
    assert [name for name, how in table.PERSONAL.items() if not how.kept or not set(how.erased_by) & tried] == []
