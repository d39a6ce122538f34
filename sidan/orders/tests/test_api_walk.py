"""A client that knows only `moves` walks an order through the whole loop."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from sidan.kernel.base import snapshot, tx
from sidan.kernel.flow import engine
from sidan.kernel.journal import queries as journal
from sidan.orders.flow import ORDER
from sidan.orders.models import DeadlineRule, Order
from sidan.orders.tests import make
from sidan.orders.tests.api_client import ORDERS, Api, placed, reader, wish
from sidan.orders.words import S

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()


@pytest.fixture
def staff() -> dict[str, Api]:
    """A bearer for each member of staff."""
    return {handle: Api.of(handle) for handle, _role, _unit in make.STAFF}


def test_an_order_walks_the_whole_loop_and_opens_again(staff: dict[str, Api]) -> None:
    number = placed()["number"]
    asker = reader(number)
    assert staff["community"].take(number, "acceptance")["state"] == "accepted"
    staff["community"].take(number, "question", text="哪一栋？")
    assert asker.take(number, "information", text="三栋二单元")["state"] == "submitted"
    staff["community"].take(number, "acceptance")
    staff["community"].take(number, "forwarding", category="0101")
    sent = staff["dispatcher"].take(number, "dispatching", lead="500233-D01", supports=["500233-D02"])
    assert (sent["state"], [part["unit"]["code"] for part in sent["supports"]]) == ("dispatched", ["500233-D02"])

    # The lead holds that it is not its duty; somebody else rules, finally.
    assert staff["handler"].take(number, "dispute", reason="职责清单里没有")["state"] == "disputed"
    ruled = staff["supervisor"].take(number, "ruling", lead="500233-D01", reason="职责清单第三条")
    assert ruled["state"] == "dispatched"
    nouns = {move["noun"] for move in staff["handler"].order(number)["moves"]}
    assert "dispute" not in nouns
    staff["handler"].take(number, "signing")
    staff["handler"].take(number, "start")
    staff["handler"].take(number, "contact", way="phone", note="约好下午")

    # The lead cannot answer before the co-handlers have; more time has a reason.
    refused = staff["handler"].post(f"{ORDERS}/{number}/reply", {"text": "已换新灯"})
    assert (refused.status_code, refused.json()["code"]) == (409, "co_handlers_open")
    staff["handler2"].take(number, "support-answer", text="线路已查")
    before = asker.order(number)["due_at"]
    assert staff["handler"].take(number, "extension", days=2, reason="等配件")["due_at"] > before
    assert staff["handler"].take(number, "reply", text="已换新灯", contacted=True)["state"] == "replied"
    assert staff["checker"].take(number, "check")["state"] == "awaiting_rating"

    again = asker.take(number, "reopening", reason="晚上还是不亮")
    assert (again["state"], again["round"]) == ("reopened", 2)
    staff["dispatcher"].take(number, "dispatching", lead="500233-D02")
    staff["handler2"].take(number, "signing")
    staff["handler2"].take(number, "reply", text="换了整条线")
    staff["checker"].take(number, "check")
    closed = asker.take(number, "rating", solved="yes", satisfied="basically")
    assert (closed["state"], closed["solved"], closed["satisfied"]) == ("closed", "yes", "basically")

    order = Order.objects.get(number=number)
    assert engine.fold(ORDER, journal.entries(order.subject())) == engine.row_of(ORDER, order)
    assert {entry.via for entry in journal.entries(order.subject())} == {"api"}


def test_an_anonymous_order_is_read_with_the_code_of_its_receipt(staff: dict[str, Api]) -> None:
    receipt = placed(anonymous=True, contact=None)
    assert len(receipt["code"]) == 6
    asker = reader(receipt["number"], code=receipt["code"])
    seen = staff["community"].order(receipt["number"])
    assert seen["anonymous"]
    assert asker.take(receipt["number"], "withdrawal")["state"] == "withdrawn"


def test_digits_may_be_full_width_and_numbers_lower_case(staff: dict[str, Api]) -> None:
    number = placed()["number"]
    answer = Api().post(f"{ORDERS}/{number.lower()}/reader", {"last4": "１２３４"}, key=None)
    assert answer.status_code == 200
    assert Api(answer.json()["token"]).order(number.lower())["number"] == number


def test_a_photo_is_kept_and_stands_in_the_timeline(staff: dict[str, Api], tmp_path: Any) -> None:
    number = placed()["number"]
    asker = reader(number)
    Image.new("RGB", (60, 40), "red").save(tmp_path / "one.png")
    raw = (tmp_path / "one.png").read_bytes()

    def send(key: str, content: bytes = raw) -> Any:
        given = SimpleUploadedFile("张三家.png", content, "image/png")
        return asker.client.post(
            f"{ORDERS}/{number}/photos",
            {"photo": given, "purpose": "before"},
            headers={**asker.headers, "Idempotency-Key": key},
        )

    first, again = send("k1"), send("k1")
    assert first.status_code == 201, first.content
    assert again.content == first.content
    assert send("k1", raw + b" ").json()["code"] == "key_reused"
    assert send("k2", b"no picture").json()["code"] == "not_a_photo"
    assert len(asker.get(f"{ORDERS}/{number}/photos").json()["items"]) == 1
    shown = staff["community"].get(first.json()["href"])
    assert shown["Content-Type"] == "image/jpeg"
    assert b"".join(shown.streaming_content).startswith(b"\xff\xd8")
    kinds = [line["kind"] for line in asker.order(number)["timeline"]]
    assert kinds.count("orders.order.photographed") == 1


def test_two_people_open_a_confidential_identity(staff: dict[str, Api]) -> None:
    number = placed(confidential=True, contact={"name": "张三", "phone": "13800001234"})["number"]
    first, second = staff["supervisor"], staff["county-supervisor"]
    assert first.post(f"{ORDERS}/{number}/identity").json()["code"] == "confidential"
    asked = first.post(f"{ORDERS}/{number}/reveals", {"reason": "核实紧急情况"})
    assert asked.status_code == 201
    assert asked.json()["moves"] == []
    move = second.get(f"{ORDERS}/{number}/reveals").json()["items"][0]["moves"][0]
    assert first.post(move["href"]).status_code == 403
    assert second.post(move["href"]).json()["state"] == "approved"
    assert first.post(f"{ORDERS}/{number}/identity").json() == {"name": "张三", "phone": "13800001234"}
    assert staff["community"].post(f"{ORDERS}/{number}/identity").status_code == 403
    assert staff["community"].get(f"{ORDERS}/{number}/reveals").status_code == 403


def test_numbers_in_the_words_of_a_confidential_order_are_masked_for_staff_only(staff: dict[str, Api]) -> None:
    contact = {"name": "张三", "phone": "13800001234"}
    number = placed(confidential=True, contact=contact, text="请打13800001234找我")["number"]
    seen, listed = staff["community"].order(number), staff["community"].get(ORDERS).json()["items"]
    assert "13800001234" not in str(seen) + str(listed)
    assert seen["text"] == seen["title"] == seen["timeline"][0]["text"] == "请打138****1234找我"
    assert reader(number).order(number)["text"] == "请打13800001234找我"


def test_a_proxy_records_with_the_residents_consent(staff: dict[str, Api]) -> None:
    recorder = staff["recorder"]
    assert recorder.post(ORDERS, wish(channel="grid")).json()["fields"].keys() == {"consent"}
    answer = recorder.post(ORDERS, wish(channel="grid", consent=True))
    assert answer.status_code == 201
    assert staff["community"].order(answer.json()["number"])["channel"] == "grid"
    outside = recorder.post(ORDERS, wish(channel="grid", consent=True, unit="500233002001"))
    assert (outside.status_code, outside.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("channel", [None, "web", "open311"])
def test_a_program_passes_on_what_residents_wrote(staff: dict[str, Api], channel: str | None) -> None:
    said = {} if channel is None else {"channel": channel}
    made = staff["handler"].post(ORDERS, wish(**said)).json()["number"]
    order = Order.objects.get(number=made)
    assert order.recorded_by == make.person("handler")
    assert order.asked_by != order.recorded_by


def test_a_rating_by_who_answered_is_flagged_for_staff_only(staff: dict[str, Api]) -> None:
    receipt = staff["community"].post(ORDERS, wish(channel="desk", consent=True, contact=None)).json()
    number, asker = receipt["number"], reader(receipt["number"], code=receipt["code"])
    for noun in ("acceptance", "handling"):
        staff["community"].take(number, noun)
    staff["community"].take(number, "reply", text="已换新灯")
    staff["checker"].take(number, "check")
    rated = asker.take(number, "rating", solved="yes", satisfied="yes")
    assert rated["timeline"][-1]["words"] == "您已评价"
    assert "代录" in staff["supervisor"].order(number)["timeline"][-1]["words"]


def asked_for(api: Api, number: str, noun: str) -> Any:
    """The JSON Schema of a step, as the order names it."""
    return next(move["fields"] for move in api.order(number)["moves"] if move["noun"] == noun)


def test_an_extension_offers_no_more_days_than_the_rule_allows(staff: dict[str, Api]) -> None:
    number = make.order_in(S.IN_PROGRESS, timezone.now()).number
    assert asked_for(staff["handler"], number, "extension")["properties"]["days"]["maximum"] == 10
    DeadlineRule.objects.update(extend_max_days=4)
    with tx.writing():
        snapshot.bump()
    assert asked_for(staff["handler"], number, "extension")["properties"]["days"]["maximum"] == 4


def test_a_rating_says_that_not_solved_needs_a_reason(staff: dict[str, Api]) -> None:
    number = make.order_in(S.AWAITING_RATING, timezone.now()).number
    asker = reader(number)
    needs = {
        "if": {"required": ["solved"], "properties": {"solved": {"const": "no"}}}, "then": {"required": ["reason"]}
    }  # fmt: skip
    assert asked_for(asker, number, "rating")["allOf"] == [needs]
    said = {"solved": "no", "satisfied": "no"}
    refused = asker.post(f"{ORDERS}/{number}/rating", said)
    assert (refused.status_code, set(refused.json()["fields"])) == (422, {"reason"})
    assert asker.take(number, "rating", **said, reason="还是不亮")["state"] == "reopened"


def test_a_merged_order_tells_how_the_main_order_goes_on_without_its_words(staff: dict[str, Api]) -> None:
    now = timezone.now()
    order = make.order_in(S.MERGED, now)
    assert order.merged_into is not None
    main = order.merged_into
    make.take(main, "accept", "community", now)
    make.take(main, "add_facts", None, now, text="别人家的私事")
    seen = reader(order.number).order(order.number)["main"]
    assert (seen["number"], seen["state"], seen["has_it"]) == (None, "accepted", "香怡社区")
    assert [line["words"] for line in seen["timeline"]] == ["社区已接单"]
    assert "别人家的私事" not in str(seen)
    assert staff["community"].order(order.number)["main"]["number"] == main.number
    assert staff["community"].order(main.number)["main"] is None


def test_lists_are_filtered_and_paged_by_key(staff: dict[str, Api]) -> None:
    numbers = [staff["community"].post(ORDERS, wish(kind="consult", consent=True)).json()["number"] for _n in range(5)]
    other = placed(unit="500233002001")["number"]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2, "kind": "consult"}
    while True:
        page = staff["dispatcher"].get(ORDERS, **query).json()
        found += [row["number"] for row in page["items"]]
        if page["next"] is None:
            break
        query["next"] = page["next"]
    assert found == numbers[::-1]
    assert [row["number"] for row in reader(other).get(ORDERS).json()["items"]] == [other]
    assert other not in [row["number"] for row in staff["dispatcher"].get(ORDERS).json()["items"]]
    late = {"asked_from": (timezone.now() + timedelta(days=1)).isoformat()}
    assert staff["dispatcher"].get(ORDERS, **late).json()["items"] == []


def test_units_and_categories_are_open(staff: dict[str, Api]) -> None:
    root = Api().get("/api/v1/units").json()["items"]
    assert [unit["code"] for unit in root] == ["500233"]
    below = Api().get("/api/v1/units", parent="500233001").json()["items"]
    assert "500233001001" in [unit["code"] for unit in below]
    assert Api().get("/api/v1/units", parent="nowhere").status_code == 422
    top = Api().get("/api/v1/categories").json()["items"]
    assert top[0]["children"][0]["children"][0]["code"] == "010101"
