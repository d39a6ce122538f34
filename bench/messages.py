"""What one message costs from the queue to its reader: processor time of the relay, and the longest it holds the writer."""

import statistics
import time
from typing import Any

import ground

COUNT = 2000
PORTION = 200  # messages in a run


def main() -> int:
    args = ground.arguments(__doc__ or "", count={"type": int, "default": COUNT})
    if args.db == "both":
        return ground.each("both", __file__, ["--json"] if args.json else [])
    with ground.house(args.db):
        return ground.show(_measured(args.db, args.count), args.json)


def _measured(database: str, count: int) -> list[ground.Figure]:
    from django.utils import timezone

    from sidan.kernel.notify import queries, relay

    now = timezone.now().replace(hour=4)  # noon: at night messages wait
    _queued(count, now)
    spent, held = 0.0, []
    with _watched(held):
        while queries.backlog(now)["waiting"]:
            before = time.process_time()
            sent = relay.relay(now, PORTION)
            spent += time.process_time() - before
            if sent.sent == 0:
                raise SystemExit("nothing was sent")
    held.sort()
    figures = [
        ground.Figure(f"{database}: processor for one message", spent / count * 1000, "ms", 0.5),
        ground.Figure(f"{database}: transactions for 100 messages", len(held) / count * 100, "", 5),
    ]
    if database == "sqlite":  # PostgreSQL's writers do not wait for each other
        figures.append(ground.Figure("sqlite: writer held, median", statistics.median(held) * 1000, "ms", 25))
        figures.append(ground.Figure("sqlite: writer held, longest", held[-1] * 1000, "ms"))
    return figures


def _queued(count: int, now: Any) -> None:
    """Receipts to residents, each with a telephone and an order of their own."""
    from sidan.kernel.base import crypto, tx
    from sidan.kernel.notify import commands
    from sidan.kernel.org.models import Contact, Person
    from sidan.orders import keys

    people = Person.objects.bulk_create([Person(kind="resident") for _ in range(count)])
    Contact.objects.bulk_create(
        [Contact(person=one, phone_enc=crypto.seal_text(f"138{at:08d}")) for at, one in enumerate(people)]
    )
    numbers = keys.new_numbers(count)
    with tx.writing():
        for start in range(0, count, 500):
            commands.send_many(
                [
                    commands.Draft(
                        "orders.receipt",
                        f"orders.order:{number}/1/asker",
                        now,
                        to_person=one.pk,
                        data={"number": number, "due": now.isoformat()},
                    )
                    for number, one in zip(numbers[start : start + 500], people[start : start + 500], strict=True)
                ]
            )


def _watched(held: list[float]) -> Any:
    """Note how long each outermost write transaction takes."""
    from contextlib import contextmanager

    from django.db import connection

    from sidan.kernel.base import tx

    plain = tx.writing

    @contextmanager
    def writing() -> Any:
        outer = not connection.in_atomic_block
        start = time.perf_counter()
        with plain():
            yield
        if outer:
            held.append(time.perf_counter() - start)

    @contextmanager
    def watch() -> Any:
        tx.writing = writing  # type: ignore[assignment]
        try:
            yield
        finally:
            tx.writing = plain

    return watch()


if __name__ == "__main__":
    raise SystemExit(main())
