"""Placing an order: emergencies are answered at once, words are kept, nobody is recorded without consent."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Contact, Person
from sidan.orders.commands import asking, writing
from sidan.orders.flow import ORDER
from sidan.orders.models import Category, Order, Text
from sidan.orders.queries import lists, reading
from sidan.orders.tests import make
from sidan.orders.words import OPEN, S

pytestmark = pytest.mark.django_db
COMMUNITY, OTHER, TOWN, FAR = "500233001001", "500233001002", "500233001", "500233002001"


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


def wish(**values: Any) -> asking.Wish:
    return asking.Wish(
        **{"text": "楼道的灯坏了", "unit": COMMUNITY, "category": "0101", "phone": "13800001234", **values}
    )


def draft(act: Act | None = None, **values: Any) -> asking.Draft:
    return asking.draft(wish(**values), act, make.NOON, Via.PAGE)


def refused(act: Act | None = None, **values: Any) -> set[str]:
    with pytest.raises(Invalid) as refusal:
        draft(act, **values)
    assert not Order.objects.exists()
    return set(refusal.value.details["fields"])


class TestEmergency:
    def test_it_is_answered_at_once_with_the_number_to_call_and_not_queued(self) -> None:
        made = draft(category="0301")
        order = asking.ask(made)
        assert (made.emergency, order.state, order.refusal) == ("119", S.NOT_ACCEPTED, "emergency")
        assert (order.due_at, order.tick_at, order.closed_at) == (None, None, make.NOON)
        assert not Message.objects.exists()
        told = reading.refusal_of(order)
        assert told is not None
        assert told["phone"] == "119"
        assert [entry.kind for entry in journal.entries(order.subject())] == ["orders.order.directed"]
        for handle, _role, _unit in make.STAFF:
            assert all(waiting == (0, 0) for waiting in lists.counts(make.act(handle)).values())
        assert engine.moves(ORDER, order, make.act("community")) == []

    def test_a_matter_below_an_emergency_is_one_too(self) -> None:
        Category.objects.create(code="030101", name="电动车起火", klass="danger", valid_from=make.SINCE, source="test")
        with tx.writing():
            snapshot.bump()
        assert draft(category="030101").emergency == "119"
        assert draft(category="03").emergency == ""

    def test_it_is_a_flag_of_the_category_and_never_guessed_from_words(self) -> None:
        made = draft(text="着火了快来", category="0101")
        assert (made.emergency, made.order.state) == ("", S.SUBMITTED)


class TestWhoAsks:
    def test_a_resident_becomes_a_person_of_this_order_alone(self) -> None:
        one, two = make.ask(), make.ask()
        assert one.asked_by_id != two.asked_by_id
        assert Person.objects.get(pk=one.asked_by_id).kind == Person.Kind.RESIDENT
        assert Person.objects.get(pk=one.asked_by_id).name == ""

    def test_an_anonymous_order_keeps_no_contact_and_gives_a_six_digit_code(self) -> None:
        made = draft(anonymous=True, name="王阿姨", phone="13800001234")
        order = asking.ask(made)
        assert made.code.isdigit()
        assert len(made.code) == 6
        contact = Contact.objects.get(person_id=order.asked_by_id)
        assert (contact.name_enc, contact.phone_enc, contact.phone_hash, contact.last4_hash) == (None,) * 4
        assert reading.proves(order, code=made.code)
        assert not reading.proves(order, code=f"{(int(made.code) + 1) % 1_000_000:06d}")
        assert not reading.proves(order, last4="1234")
        assert not Message.objects.exists()

    def test_without_a_telephone_the_receipt_has_a_code_and_with_one_it_has_none(self) -> None:
        assert len(draft(phone=None).code) == 6
        assert draft().code == ""

    def test_the_tail_of_the_telephone_proves_the_order(self) -> None:
        order = make.ask()
        assert reading.proves(order, last4="1234")
        assert not any(reading.proves(order, last4=tail) for tail in ("1235", "", "0000", "01234"))
        assert not reading.proves(order, code="123456")

    def test_a_confidential_order_needs_a_telephone(self) -> None:
        assert refused(confidential=True, phone=None) == {"phone"}
        made = draft(confidential=True, public=True)
        assert (made.order.confidential, made.order.public) == (True, False)
        assert not draft(confidential=True, anonymous=True).order.confidential

    def test_a_name_or_number_is_nowhere_but_in_the_contact(self) -> None:
        order = make.ask(name="王阿姨", phone="13800001234")
        row = "".join(str(getattr(order, field.attname)) for field in Order._meta.concrete_fields)
        said = "".join(entry.data for entry in journal.entries(order.subject()))
        queued = "".join(str(message.data) for message in Message.objects.all())
        for secret in ("13800001234", "1234", "王阿姨"):
            assert secret not in row.replace(order.number, "").replace(str(order.asked_by_id), "") or secret == "1234"
            assert secret not in queued.replace(order.number, "") or secret == "1234"
        assert "13800001234" not in said
        assert "王阿姨" not in said


class TestProxy:
    def test_staff_record_for_a_resident_who_agreed(self) -> None:
        made = draft(make.act("recorder"), channel="grid", consent=True, name="李大爷")
        order = asking.ask(made)
        recorder = make.person("recorder")
        assert (order.recorded_by_id, order.asked_by_id == recorder.pk) == (recorder.pk, False)
        assert org.name_of(order.asked_by_id) == "李大爷"
        assert journal.entries(order.subject())[0].by_id == recorder.pk

    def test_without_consent_nothing_is_recorded(self) -> None:
        assert refused(make.act("recorder"), channel="phone") == {"consent"}

    @pytest.mark.parametrize("unit", [OTHER, FAR, TOWN, "500233"])
    def test_only_where_one_sits(self, unit: str) -> None:
        with pytest.raises(NotAllowed):
            draft(make.act("recorder"), channel="desk", consent=True, unit=unit)

    def test_nobody_says_that_an_import_brought_it(self) -> None:
        assert refused(make.act("recorder"), channel="import", consent=True) == {"channel"}

    def test_a_desk_records_for_its_whole_street(self) -> None:
        assert draft(make.act("dispatcher"), channel="phone", consent=True, unit=OTHER).order.recorded_by_id
        with pytest.raises(NotAllowed):
            draft(make.act("handler"), channel="phone", consent=True)

    @pytest.mark.parametrize("channel", ["phone", "desk", "grid", "meeting", "import"])
    def test_a_resident_does_not_come_through_the_staffs_doors(self, channel: str) -> None:
        assert refused(channel=channel) == {"channel"}


class TestWords:
    def test_every_wrong_field_is_named_at_once_and_nothing_is_written(self) -> None:
        found = refused(
            text="", unit="999", kind="gossip", urgency="now", channel="fax", phone="12345", place="x" * 121,
            lat="91", lon="0", category="99", about="nobody",
        )  # fmt: skip
        assert found == {"text", "unit", "kind", "urgency", "channel", "phone", "place", "lat", "category", "about"}
        assert not Person.objects.filter(kind=Person.Kind.RESIDENT).exists()

    @pytest.mark.parametrize("unit", ["500233-D01", "", None, 500233001001, ["500233001001"]])
    def test_an_order_is_placed_at_a_place(self, unit: object) -> None:
        assert refused(unit=unit) == {"unit"}

    @pytest.mark.parametrize(
        "point", [("nan", "1"), ("1", None), ("inf", "1"), ("北", "1"), (True, False), ("30", "181")]
    )
    def test_a_point_is_two_numbers_on_earth(self, point: tuple[object, object]) -> None:
        assert refused(lat=point[0], lon=point[1]) == {"lat"}

    def test_the_text_is_kept_as_written_and_the_journal_names_its_hash(self) -> None:
        text = "👨‍👩‍👧 楼道\n的灯坏了" + "很久" * 400
        order = make.ask(text=text)
        row = Text.objects.get(order=order)
        assert (row.body, row.seq, row.kind) == (text, 1, Text.Kind.REQUEST)
        assert sha256(text.encode()).hexdigest() in journal.entries(order.subject())[0].data
        assert len(order.title) <= 60
        assert "\n" not in order.title

    def test_the_class_comes_from_the_category(self) -> None:
        classes = {code: draft(category=code).order.klass for code in ("0101", "02", "0201", "03", "04", None)}
        assert classes == {
            "0101": "general", "02": "utilities", "0201": "utilities", "03": "danger", "04": "complex", None: "general",
        }  # fmt: skip

    def test_the_receipt_is_queued_with_the_order(self) -> None:
        order = make.ask()
        message = Message.objects.get()
        assert (message.topic, message.to_person_id, message.data["number"]) == (
            "orders.receipt", order.asked_by_id, order.number,
        )  # fmt: skip


class TestDesk:
    def test_the_towns_desk_dispatches_else_the_countys(self) -> None:
        found = {code: make.ask(unit=code).desk_unit_id for code in (COMMUNITY, FAR, TOWN, "500233")}
        assert found == {
            COMMUNITY: make.node(TOWN).id, FAR: make.node("500233002").id, TOWN: make.node(TOWN).id,
            "500233": make.node("500233").id,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("about", "desk"),
        [(COMMUNITY, TOWN), ("500233001-D01", TOWN), (TOWN, "500233"), ("500233002", TOWN), ("500233-D01", TOWN)],
    )
    def test_the_desk_of_the_unit_complained_about_is_passed_over(self, about: str, desk: str) -> None:
        assert make.ask(about=about).desk_unit_id == make.node(desk).id

    def test_the_county_itself_has_no_desk_above_it(self) -> None:
        assert refused(about="500233") == {"about"}


def test_an_order_costs_at_most_eight_statements(django_assert_max_num_queries: Callable[..., Any]) -> None:
    made = draft(name="王阿姨")
    with django_assert_max_num_queries(3 if connection.vendor == "postgresql" else 8):
        order = asking.ask(made)
    fresh = Order.objects.get(pk=order.pk)
    assert engine.fold(ORDER, journal.entries(order.subject())) == engine.row_of(ORDER, fresh)
    assert fresh.state in OPEN


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite inserts row by row")
def test_what_people_type_makes_no_statement_of_its_own() -> None:
    """Statements are kept for ever: one for each text would fill the memory."""
    asking.ask(draft(text="one", place="here", name="a"))
    kept = writing._one_statement.cache_info().currsize
    for word in ("", "0", "1", "true", "submitted", "x'); --"):
        asking.ask(draft(text=f"two {word}", place=f"there {word}", name=f"b {word}"))
    assert writing._one_statement.cache_info().currsize == kept
