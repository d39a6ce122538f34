"""Recording for a resident, and deputies."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from sidan.kernel.base import snapshot, tx
from sidan.kernel.org.models import Contact, DutyPhone, Seat
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.tests.desk import door, html
from sidan.orders.words import S

pytestmark = pytest.mark.django_db

NOW = make.NOON
WISH = {"channel": "phone", "text": "三单元楼道灯不亮", "unit": "500233001001", "kind": "help", "consent": "true",
        "urgency": "normal", "form_token": "r-1"}  # fmt: skip


@pytest.fixture(autouse=True)
def _county() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        make.county(logins=True)
        yield


def test_a_proxy_records_and_reads_out_number_and_code() -> None:
    client = door("recorder")
    done = client.post("/desk/record/", WISH, follow=True)
    order = Order.objects.get()
    assert (order.channel, order.recorded_by_id) == ("phone", make.person("recorder").pk)
    assert order.asked_by_id != order.recorded_by_id
    text = html(done)
    assert order.number in text
    assert re.search(r'receipt__number">\d{6}<', text)
    assert client.get(f"/desk/orders/{order.number}/").status_code == 200


def test_with_a_telephone_no_code_is_needed_and_the_number_is_not_on_the_receipt() -> None:
    text = html(
        door("recorder").post("/desk/record/", {**WISH, "phone": "139 1111 2222", "name": "王婆婆"}, follow=True)
    )
    assert not re.search(r'receipt__number">\d{6}<', text)
    assert "13911112222" not in text
    assert Contact.objects.get().phone_enc is not None


def test_paper_names_both_telephones_with_their_hours() -> None:
    client = door("recorder")
    receipt = html(client.post("/desk/record/", WISH, follow=True))
    ticket = html(client.get(f"/desk/orders/{Order.objects.get().number}/print/"))
    for paper in (receipt, ticket):
        text = " ".join(re.sub(r"<[^>]+>", " ", paper).split())
        assert re.search(r"工作日09:00–12:30、14:00–18:00 023-54000000\D+其他时间 023-54000001", text), text[-600:]
    DutyPhone.objects.update(night_phone="023-54000000")
    with tx.writing():
        snapshot.bump()
    ticket = html(client.get(f"/desk/orders/{Order.objects.get().number}/print/"))
    assert "其他时间" not in ticket


def test_recording_twice_makes_one_order() -> None:
    client = door("recorder")
    for _one in range(2):
        assert client.post("/desk/record/", WISH).status_code == 303
    assert Order.objects.count() == 1
    changed = client.post("/desk/record/", {**WISH, "text": "另一件事"})
    assert changed.status_code == 422
    assert "另一件事" in html(changed)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"consent": ""}, "consent"),
        ({"text": ""}, "text"),
        ({"unit": "500233002001"}, "unit"),
        ({"kind": ""}, "kind"),
        ({"channel": "import"}, "channel"),
        ({"channel": "web"}, "channel"),
        ({"phone": "12"}, "phone"),
        ({"anonymous": "true", "confidential": "true"}, "confidential"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_lost(wrong: dict[str, str], field: str) -> None:
    refused = door("recorder").post("/desk/record/", {**WISH, "place": "三单元门口", **wrong})
    text = html(refused)
    assert refused.status_code == 422
    assert f'href="#f-{field}"' in text
    assert "三单元门口" in text
    assert Order.objects.count() == 0


def test_an_emergency_is_told_at_once() -> None:
    text = html(door("recorder").post("/desk/record/", {**WISH, "category": "0301"}, follow=True))
    assert "请马上打 119" in text
    assert Order.objects.get().state == S.NOT_ACCEPTED


def test_handlers_do_not_record() -> None:
    assert door("handler").get("/desk/record/").status_code == 403
    assert door("handler").post("/desk/record/", WISH).status_code == 403


def test_a_deputy_does_the_work_for_some_days_and_no_longer() -> None:
    order = make.order_in(S.AWAITING_DISPATCH)
    seat = Seat.objects.get(person=make.person("dispatcher"))
    form = {
        "seat": seat.pk,
        "person": "checker",
        "from_date": "2026-03-04",
        "to_date": "2026-03-06",
        "form_token": "d-1",
    }
    assert door("checker").get("/desk/dispatch/").status_code == 403
    named = door("dispatcher").post("/desk/deputies/", form)
    assert named.status_code == 303
    assert order.number in html(door("checker").get("/desk/dispatch/"))
    assert "代别人履职" in html(door("checker").get("/desk/deputies/"))
    with time_machine.travel(NOW + timedelta(days=2), tick=False):  # the last day is a whole day
        assert door("checker").get("/desk/dispatch/").status_code == 200
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        assert door("checker").get("/desk/dispatch/").status_code == 403


def test_only_the_one_stood_in_for_ends_it_and_then_at_once() -> None:
    seat = Seat.objects.get(person=make.person("dispatcher"))
    form = {
        "seat": seat.pk,
        "person": "checker",
        "from_date": "2026-03-04",
        "to_date": "2026-03-06",
        "form_token": "d-2",
    }
    door("dispatcher").post("/desk/deputies/", form)
    stand_in = Seat.objects.get(deputy_for=seat)
    assert door("checker").post(f"/desk/deputies/{stand_in.pk}/end/", {"form_token": "e-1"}).status_code == 404
    assert door("dispatcher").post(f"/desk/deputies/{stand_in.pk}/end/", {"form_token": "e-2"}).status_code == 303
    assert door("checker").get("/desk/dispatch/").status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"seat": "999999"}, "seat"),
        ({"person": "handler3"}, "person"),
        ({"person": "dispatcher"}, "person"),
        ({"from_date": "2026-03-01"}, "from_date"),
        ({"to_date": "2026-03-03"}, "to_date"),
        ({"to_date": "soon"}, "to_date"),
    ],
)
def test_a_wrong_deputy_is_named_at_its_field(wrong: dict[str, str], field: str) -> None:
    seat = Seat.objects.get(person=make.person("dispatcher"))
    form = {
        "seat": seat.pk,
        "person": "checker",
        "from_date": "2026-03-04",
        "to_date": "2026-03-06",
        "form_token": "d-3",
    }
    refused = door("dispatcher").post("/desk/deputies/", {**form, **wrong})
    assert refused.status_code == 422
    assert f'href="#f-{field}"' in html(refused)
    assert not Seat.objects.filter(deputy_for=seat).exists()
