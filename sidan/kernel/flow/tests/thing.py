"""A small item with a law of its own, so that the engine is tried without any mechanism of the house."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import ClassVar

import pytest
from django.apps import apps
from django.db import connection, models

from sidan.kernel.base import snapshot, tx
from sidan.kernel.flow import engine
from sidan.kernel.flow.definition import AnyOf, Clock, Flow, Follows, Guard, Importer, Party, Role, Step
from sidan.kernel.flow.fields import Text
from sidan.kernel.flow.models import Flowing
from sidan.kernel.org import commands as people
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person, Unit

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SINCE = date(2026, 1, 1)


class Thing(Flowing):
    """Something that is made, done by one and checked by another."""

    id = models.BigAutoField(primary_key=True)
    about_id = models.BigIntegerField(null=True)
    made_by_id = models.BigIntegerField()
    done_by_id = models.BigIntegerField(null=True)
    count = models.IntegerField(default=0)
    until = models.DateField(null=True)

    objects: ClassVar[models.Manager["Thing"]] = models.Manager()

    class Meta:
        app_label = "flow"
        managed = False
        db_table = "flow_test_thing"

    def subject(self) -> str:
        return f"test.thing:{self.pk}"


# The house must not know of it: no other test, migration or deletion looks for its table.
del apps.all_models["flow"]["thing"]
apps.clear_cache()

FEW = Guard(lambda thing, at: thing.count < 2, "够了", code="enough")

LAW = Flow(
    name="test.thing",
    states=("made", "done", "over"),
    births=(("made", "made"),),
    ends=("over",),
    barred="about",
    folded=("unit_id", "about_id", "made_by_id", "done_by_id", "count", "until", "due_at", "tick_at"),
    labels={"made": "开始", "done": "做完"},
    steps=(
        Step("do", "done", ("made",), Role("handler"), "done", "doing", "做", (Text("text", "说明"),), primary=True),
        Step("check", "checked", ("done",), Role("checker"), "over", "checking", "查", never=("done_by",)),
        Step(
            "nudge", "nudged", ("made", "done"), AnyOf((Party("made_by"), Role("checker"))), "", "nudging", when=(FEW,)
        ),
        Step("lapse", "lapsed", ("made",), Clock(), "over"),
        Step("settle", "settled", ("made",), Importer(), "over"),
        Step("follow", "followed", ("made", "done"), Follows()),
    ),
)


@pytest.fixture
def house(db: None) -> Iterator[dict[str, Unit]]:
    """Two departments below a county, each with its staff, and the thing's table."""
    made: dict[str, Unit] = {}
    for code, parent in (("1", None), ("1-A", "1"), ("1-B", "1")):
        made[code] = Unit.objects.create(
            code=code, name=f"单位{code}", short_name=code, kind="department", level="body" if parent else "county",
            parent=made.get(parent or ""), valid_from=SINCE, source="test",
        )  # fmt: skip
    for handle, role, code in (
        ("doer", "handler", "1-A"), ("doer2", "handler", "1-A"), ("stranger", "handler", "1-B"), ("boss", "handler", "1"),
        ("checker", "checker", "1-A"),
    ):  # fmt: skip
        people.seat(people.add_staff(handle, f"{handle} 名"), made[code], role, from_date=SINCE)
    with tx.writing():
        snapshot.bump()
    serial = "integer PRIMARY KEY AUTOINCREMENT" if connection.vendor == "sqlite" else "bigserial PRIMARY KEY"
    kinds = {field.column: field.db_type(connection) for field in Thing._meta.concrete_fields if field.column != "id"}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE flow_test_thing (id {serial}, {columns})")
    yield made
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE flow_test_thing")


def act(handle: str, via: Via = Via.PAGE, at: datetime = NOON) -> Act:
    """An act of a member of staff."""
    return Act(Person.objects.get(handle=handle), at, via)


def thing(unit: Unit, *, about: Unit | None = None, by: Act | None = None) -> Thing:
    """A new thing, made by a resident or by whoever is named."""
    by = by or Act(people.add_resident(), NOON, Via.PAGE)
    made = Thing(unit_id=unit.pk, state="made", made_by_id=by.by.pk, about_id=about.pk if about else None)
    made.id = Thing.objects.count() + 1  # its journal is named by it, before the row is there
    with tx.writing():
        engine.start(LAW, made, by)
    return made


def take(subject: Thing, do: str, by: Act, **changes: object) -> None:
    """One step, in a transaction of its own."""
    with tx.writing():
        engine.take(LAW, subject, do, by, changes=changes)
