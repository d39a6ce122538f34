"""The month as a queue of moments: orders go on when their time comes, and the clock strikes between them."""

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from django.db import connection
from django.db.models import Min

from sidan.kernel.base import tx
from sidan.kernel.journal import commands as journal
from sidan.kernel.notify import relay
from sidan.kernel.notify.models import Message
from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.orders.commands import clockwork, digest
from sidan.orders.models import Order
from sidan.orders.words import S
from sidan.site.demo import branches, plots
from sidan.site.demo.play import Play, Plot, Stage

DAYS = 30
OUTBOX_DAYS = 3  # older messages have long been read: they are not kept
WORKING_DAYS_STREET = "500233002"  # the street of `branches.redated`
HOME = ("500233001016", "500233001014")  # where the ready accounts sit
LAST_DAY_EACH = 2

Way = Callable[[Play], Plot]
# How often each way is gone in a hundred orders, beside the once at least that every way is gone.
WAYS: tuple[tuple[Way, int], ...] = (
    (plots.usual, 22), (plots.at_once, 19), (plots.lapses, 7), (plots.called_back, 6), (plots.helped, 6), (plots.talks, 4),
    (plots.extended, 4), (plots.late, 2), (branches.emergency, 2), (branches.completed, 4), (branches.unanswered, 2),
    (branches.refused, 6), (branches.merged, 2), (branches.withdrawn, 3), (branches.disputed, 2), (branches.suspended, 2),
    (branches.sent_back, 1), (branches.returned, 2), (branches.escalated, 1), (branches.reopened, 2), (branches.secret, 1),
    (branches.about_staff, 1), (branches.off_the_board, 1),
)  # fmt: skip
# How often each way is gone for certain, early enough to come to its end.
SURELY: dict[Way, int] = {
    branches.refused: 11, branches.withdrawn: 2, branches.disputed: 2, branches.suspended: 2, branches.escalated: 2,
    branches.reopened: 4, branches.secret: 2, branches.about_staff: 2, branches.unanswered: 2, branches.off_the_board: 2,
}  # fmt: skip


class Month:
    """Plays `size` orders, and those that are played for certain, until `now`."""

    def __init__(self, now: datetime, size: int, seed: str = "sidan") -> None:
        self.now = now
        self.begin = datetime.combine(org.local_date(now) - timedelta(days=DAYS), time(0), org.ZONE).astimezone(UTC)
        self.rng = random.Random(seed)
        self.stage = Stage(self.begin, now)
        self.queue: list[tuple[datetime, int, Plot]] = []
        self.clock_at = self.begin
        self._enlist(size, seed)

    def play(self, progress: Callable[[int, int], None]) -> None:
        """A day at a time, each in one transaction."""
        for day in range(DAYS + 1):
            end = min(self.begin + timedelta(days=day + 1), self.now)
            self._day(end)
            progress(day + 1, DAYS + 1)

    @tx.writes
    def _day(self, end: datetime) -> None:
        morning = self._morning(end)
        while self.queue and self.queue[0][0] <= end:
            at, number, plot = heapq.heappop(self.queue)
            if morning is not None and at >= morning:
                self._tick(morning)
                digest.send(morning)
                morning = None
            self._tick(at)
            self.stage.at = at
            # An order whose way is at its end, or over the end of the month, is not woken again.
            later = next(plot, None)
            if later is not None and later <= self.now:
                heapq.heappush(self.queue, (max(later, at), number, plot))
        self._tick(end)
        journal.seal_all(at=end)
        if end > self.now - timedelta(days=OUTBOX_DAYS):
            relay.relay(end, limit=100_000)
        else:
            Message.objects.all().delete()

    def _morning(self, end: datetime) -> datetime | None:
        day = org.local_date(end - timedelta(seconds=1))
        calendar = worktime.calendar()
        opens = datetime.combine(day, calendar.hours_on(day).opens, org.ZONE).astimezone(UTC)
        return opens if calendar.is_workday(day) and opens <= end else None

    def _tick(self, until: datetime) -> None:
        """Strike what is due before a moment, each at its own time, as the worker does every few seconds."""
        while self._something_is_due(until):
            at = max(Order.objects.aggregate(due=Min("tick_at"))["due"], self.clock_at)
            if clockwork.tick(at) == 0:
                raise RuntimeError(f"the clock could not strike at {at}")
            self.clock_at = at
            self.stage.strikes += 1

    def _something_is_due(self, until: datetime) -> bool:
        # Asked thousands of times; building the ORM's query costs ten times what the database does.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM orders_order WHERE tick_at <= %s LIMIT 1",
                [connection.ops.adapt_datetimefield_value(until)],
            )
            return cursor.fetchone() is not None

    def _enlist(self, size: int, seed: str) -> None:
        number = 0
        surely = [way for way, _weight in WAYS for _again in range(SURELY.get(way, 1))]
        self.rng.shuffle(surely)
        early = DAYS // 3
        chosen = self.rng.choices([way for way, _ in WAYS], [weight for _, weight in WAYS], k=size)
        starts = [(way, self._start(0, early)) for way in surely] + [(way, self._start(0, DAYS)) for way in chosen]
        starts.append((branches.redated, self._start(1, 4)))
        for way, at in starts:
            number += 1
            unit = self._unit(way)
            self._push(at, number, way(Play(self.stage, f"{seed}:{number}", unit)))
        for state in (state for state in S for _ in range(LAST_DAY_EACH)):
            number += 1
            play = Play(self.stage, f"{seed}:{number}", self._home(number), hurried=True)
            at = self.now - timedelta(hours=self.rng.uniform(11, 20))
            self._push(at, number, branches.until(play, state))

    def _push(self, at: datetime, number: int, plot: Plot) -> None:
        heapq.heappush(self.queue, (at, number, plot))

    def _start(self, first: int, last: int) -> datetime:
        """A moment between two days of the month, at an hour at which people write."""
        span = timedelta(days=self.rng.uniform(first, last))
        local = (self.begin + span).astimezone(org.ZONE)
        hour = self.rng.choices(range(7, 23), (2, 5, 8, 9, 8, 5, 4, 5, 7, 7, 6, 5, 6, 6, 4, 2))[0]
        return min(
            local.replace(hour=hour, minute=self.rng.randrange(60)).astimezone(UTC), self.now - timedelta(minutes=20)
        )

    def _unit(self, way: Way) -> org.Node:
        """Half of the orders come from the county's town, the others from everywhere."""
        tree = org.tree()
        places = sorted(
            (node for node in tree.nodes.values() if node.kind in ("community", "village")), key=lambda node: node.code
        )
        if way is branches.redated:
            places = [node for node in places if node.code.startswith(WORKING_DAYS_STREET)]
        elif self.rng.random() < 0.2:
            return self._home(self.rng.randrange(2))
        elif self.rng.random() < 0.4:
            places = [node for node in places if node.code.startswith("500233001")]
        return self.rng.choice(places)

    def _home(self, number: int) -> org.Node:
        found = org.tree().by_code(HOME[number % len(HOME)])
        assert found is not None
        return found
