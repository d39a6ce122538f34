"""Throttles that hold their bound, and keys whose answer comes again."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from sidan.kernel.base import doors, tx
from sidan.kernel.base.doors import Answer
from sidan.kernel.base.errors import BadRequest, InFlight, KeyReused, Refusal, TooMany
from sidan.kernel.base.models import Door

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def tried(call: Callable[[], object]) -> str:
    try:
        call()
    except Refusal as refusal:
        return refusal.code
    return "ok"


@pytest.fixture(autouse=True)
def _no_leases() -> None:
    doors._leases.clear()


@pytest.mark.django_db
def test_a_door_opens_as_often_as_allowed_and_says_when_again() -> None:
    for _ in range(3):
        doors.throttle("reader:X", 3, 60, NOW)
    with pytest.raises(TooMany) as refusal:
        doors.throttle("reader:X", 3, 60, NOW + timedelta(seconds=20))
    assert refusal.value.details == {"retry_after": 41}
    doors.throttle("reader:Y", 3, 60, NOW)  # another door has its own count


@pytest.mark.django_db
def test_a_window_ends_when_it_said_and_knocking_does_not_lengthen_it() -> None:
    for seconds in (0, 10, 59):
        tried(lambda at=seconds: doors.throttle("door", 1, 60, NOW + timedelta(seconds=at)))  # type: ignore[misc]
    doors.throttle("door", 1, 60, NOW + timedelta(seconds=60))
    assert tried(lambda: doors.throttle("door", 1, 60, NOW + timedelta(seconds=60))) == "too_many"


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [1, 30, 250, 600])
def test_a_lease_lets_in_exactly_the_limit(limit: int) -> None:
    counted = Counter(tried(lambda: doors.lease("token", limit, 60, NOW)) for _ in range(limit + 20))
    assert counted == {"ok": limit, "too_many": 20}
    assert tried(lambda: doors.lease("token", limit, 60, NOW + timedelta(seconds=61))) == "ok"


@pytest.mark.django_db
def test_what_is_left_of_a_lease_is_not_carried_into_the_next_window() -> None:
    doors.throttle("token", 600, 60, NOW)
    doors.lease("token", 600, 60, NOW + timedelta(seconds=55))  # takes six at once, five are left
    later = NOW + timedelta(seconds=60)
    counted = Counter(tried(lambda: doors.lease("token", 600, 60, later)) for _ in range(620))
    assert counted == {"ok": 600, "too_many": 20}


@pytest.mark.django_db(transaction=True)
def test_threads_that_share_a_lease_are_let_in_exactly_as_often_as_allowed() -> None:
    limit, outcomes = 400, Counter[str]()
    gate, lock = threading.Barrier(8), threading.Lock()

    def knock() -> None:
        gate.wait()
        mine = Counter(tried(lambda: doors.lease("shared", limit, 60, NOW)) for _ in range(70))
        connection.close()
        with lock:
            outcomes.update(mine)

    threads = [threading.Thread(target=knock) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"ok": limit, "too_many": 560 - limit}


@pytest.mark.django_db
def test_a_lease_asks_the_database_once_in_many(django_assert_num_queries: Callable[..., object]) -> None:
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        for _ in range(6):
            doors.lease("token", 600, 60, NOW)


@pytest.mark.django_db
class TestKeys:
    def claim(
        self, body: bytes = b"{}", *, at: datetime = NOW, who: str = "p:1", answer: Answer | None = None
    ) -> Answer | None:
        with tx.writing():
            return doors.claim(doors.Claim(who, "key-1", body, at, answer))

    def test_a_key_that_comes_again_gets_the_first_answer(self) -> None:
        with tx.writing():
            assert doors.claim(doors.Claim("p:1", "key-1", b"{}", NOW)) is None
            doors.keep("p:1", "key-1", Answer(201, b'{"number":"8K3M2Q7P"}'))
        assert self.claim() == Answer(201, b'{"number":"8K3M2Q7P"}')

    def test_an_answer_that_is_known_before_is_kept_with_the_claim(self) -> None:
        assert self.claim(answer=Answer(201, b"one")) is None
        assert self.claim(answer=Answer(201, b"two")) == Answer(201, b"one")

    def test_a_key_with_another_body_is_refused(self) -> None:
        self.claim(answer=Answer(201, b"one"))
        with pytest.raises(KeyReused):
            self.claim(b"[]")

    def test_two_bearers_may_use_the_same_key(self) -> None:
        assert self.claim(answer=Answer(201, b"one")) is None
        assert self.claim(b"[]", who="p:2") is None

    def test_a_refusal_does_not_burn_the_key(self) -> None:
        with pytest.raises(TooMany), transaction.atomic():
            self.claim()
            raise TooMany
        assert self.claim(b"[]") is None

    def test_a_key_without_an_answer_is_in_flight(self) -> None:
        self.claim()
        with pytest.raises(InFlight):
            self.claim()

    def test_an_expired_key_is_free_and_forgets_its_answer(self) -> None:
        self.claim(answer=Answer(201, b"one"))
        later = NOW + timedelta(hours=doors.KEEP_HOURS)
        assert self.claim(at=later - timedelta(seconds=1)) == Answer(201, b"one")
        assert self.claim(b"[]", at=later) is None
        with pytest.raises(InFlight):
            self.claim(b"[]", at=later)

    def test_what_has_expired_is_swept_and_nothing_else(self) -> None:
        self.claim()
        doors.throttle("short", 1, 60, NOW)
        assert doors.sweep(NOW + timedelta(seconds=60)) == 1
        assert Door.objects.count() == 1

    def test_the_table_holds_no_name_of_a_key(self) -> None:
        self.claim(b"13800001234")
        row = Door.objects.get()
        assert len(row.key) == 64
        assert b"13800001234" not in bytes(row.body_hash or b"")


@pytest.mark.django_db(transaction=True)
def test_a_claim_outside_a_command_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        doors.claim(doors.Claim("p:1", "key-1", b"{}", NOW))
    with pytest.raises(RuntimeError):
        doors.keep("p:1", "key-1", Answer(200, b""))


@pytest.mark.parametrize("raw", [None, "", "k" * 201])
def test_a_missing_or_endless_key_is_a_bad_request(raw: str | None) -> None:
    with pytest.raises(BadRequest) as refusal:
        doors.checked_key(raw)
    assert refusal.value.code == "key_missing"
    assert doors.checked_key("k" * 200) == "k" * 200


def test_parts_of_a_name_do_not_run_together() -> None:
    assert doors.name("a", "bc") != doors.name("ab", "c")
