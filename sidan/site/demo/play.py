"""One order of the demonstration on its way: who acts, when, and with which words. Every step is the real command."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sidan.kernel.base.errors import Invalid, NotNow
from sidan.kernel.files import commands as files
from sidan.kernel.flow import engine
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Held, Via
from sidan.kernel.org.models import Person
from sidan.kernel.worktime import queries as worktime
from sidan.orders.commands import VERBS, asking, dispatching
from sidan.orders.flow import ANSWERED
from sidan.orders.models import Order, Support
from sidan.orders.rulebook import rulebook
from sidan.site.demo import album
from sidan.site.demo.staff import Cast
from sidan.site.demo.texts import Texts

Plot = Iterator[datetime]  # runs to its next moment, and is woken then
PACE = {"danger": 0.03, "utilities": 0.15, "general": 1.0, "complex": 1.8}  # how long work takes, by class


class Stage:
    """What all orders share: the moment, the cast, the texts."""

    def __init__(self, at: datetime, until: datetime) -> None:
        self.at = at
        self.until = until
        self.cast = Cast()
        self.texts = Texts()
        self.strikes = 0  # how often the clock has moved something
        self._seats: dict[int, tuple[Held, ...]] = {}
        self._turns: Counter[str] = Counter()

    def act(self, person: Person, via: Via = Via.PAGE) -> Act:
        """An act of now. Seats do not change within the month, so they are read once for each person."""
        act = Act(person, self.at, via)
        if person.pk in self._seats:
            act.__dict__["seats"] = self._seats[person.pk]
        self._seats[person.pk] = act.seats
        return act

    def turns(self, name: str) -> int:
        """How often this was asked before: the variants of a plot come in turn."""
        self._turns[name] += 1
        return self._turns[name] - 1


class Play:
    """One order and the people round it."""

    def __init__(self, stage: Stage, seed: str, unit: org.Node, *, hurried: bool = False) -> None:
        self.stage = stage
        self.seed = seed
        self.rng = random.Random(seed)
        self.unit = unit
        self.hurried = hurried  # on the last day nobody goes home before the state is reached
        self.order: Order
        self.seen = 0
        self.resident: Person

    def another(self) -> "Play":
        """A neighbour who asks as well."""
        return Play(self.stage, f"{self.seed}/2", self.unit, hurried=self.hurried)

    def ask(self, klass: str = "", *, recorder: str = "", **wish: Any) -> Order:
        """Place an order; by a member of staff for somebody else where `recorder` names the role."""
        klass = klass or self.rng.choices(("general", "utilities", "complex", "danger"), (72, 16, 9, 3))[0]
        values = {**self.stage.texts.request(klass, self.unit, self.rng), "public": self.rng.random() < 0.5, **wish}
        maker = None
        if recorder:
            maker = self.act(self.stage.cast.find(recorder, self.unit.id))
            values.update(consent=True, channel=values.get("channel") or "grid")
        made = asking.draft(asking.Wish(**values), maker, self.stage.at, Via.PAGE)
        self.resident = made.person
        self.seen = self.stage.strikes
        self.order = asking.ask(made)
        return self.order

    def act(self, person: Person, via: Via = Via.PAGE) -> Act:
        return self.stage.act(person, via)

    def take(self, do: str, person: Person, **values: Any) -> Order:
        """One step of the order by somebody."""
        self.order = self.fresh
        VERBS[do](self.order, act=self.act(person), **values)
        return self.order

    def mine(self, do: str, **values: Any) -> Order:
        """One step by the resident."""
        return self.take(do, self.resident, **values)

    def say(self, kind: str) -> str:
        return self.stage.texts.say(kind, self.rng)

    def stay(self) -> Order:
        """Nothing happens."""
        return self.order

    # Who

    @property
    def fresh(self) -> Order:
        """The order as it stands: read again where the clock has moved something since."""
        if self.seen != self.stage.strikes:
            self.order = Order.objects.get(pk=self.order.pk)
            self.seen = self.stage.strikes
        return self.order

    def intake(self) -> Person:
        """The community's desk, or the street's where the community itself is complained about."""
        about = self.order.about_unit_id
        if about is not None and org.tree().is_above(about, self.order.unit_id):
            return self.desk()
        return self.stage.cast.find("community", self.order.unit_id)

    def desk(self) -> Person:
        return self.stage.cast.find("dispatcher", self.order.desk_unit_id)

    def lead(self) -> Person:
        return self.stage.cast.find("handler", self.order.lead_unit_id or self.order.unit_id)

    def checker(self) -> Person:
        never = tuple(person for name in ANSWERED for person in engine.named(self.order, name))
        return self.stage.cast.find("checker", self.order.unit_id, never=never)

    def supervisor(self) -> Person:
        return self.stage.cast.find("supervisor", self.order.unit_id, never=(self.order.dispatched_by_id,))

    # When

    def pace(self, hours: float) -> float:
        return hours * PACE.get(self.order.klass, 1.0) * (0.6 if self.order.urgency == "urgent" else 1.0)

    def soon(self, least: float, most: float) -> datetime:
        """Some hours later, while people are awake (7 to 22)."""
        at = self._later(least, most)
        local = at.astimezone(org.ZONE)
        if self.hurried or 7 <= local.hour < 22 or self.order.klass == "danger":
            return at
        day = local.date() + timedelta(days=1 if local.hour >= 22 else 0)
        return datetime.combine(day, time(7, self.rng.randrange(60)), org.ZONE).astimezone(UTC)

    def office(self, least: float, most: float) -> datetime:
        """Some hours later, while offices are open; where it burns, they are open at night."""
        at = self._later(least, most)
        calendar = worktime.calendar()
        if self.hurried or calendar.is_open(at) or self.order.klass in ("danger", "utilities"):
            return at
        local = at.astimezone(org.ZONE)
        day = local.date()
        while True:
            opens = datetime.combine(day, calendar.hours_on(day).opens, org.ZONE)
            if calendar.is_workday(day) and opens > local:
                return opens.astimezone(UTC) + timedelta(minutes=self.rng.randrange(5, 100))
            if calendar.is_workday(day) and calendar.is_open(at + timedelta(hours=2)):
                return at + timedelta(hours=2)  # the break at noon
            day += timedelta(days=1)

    def _later(self, least: float, most: float) -> datetime:
        if self.hurried:
            least, most = least / 10, min(most / 10, 1.0)
        return self.stage.at + timedelta(hours=self.rng.uniform(least, max(least, most)))

    # What is more than one call

    def dispatch(self, *, supports: int = 0, other: bool = False) -> None:
        """The desk follows the catalogue where it can; `other` wants a unit that has not led before."""
        order, desk = self.fresh, self.desk()
        code = self.code()
        day = org.local_date(self.stage.at)
        found = rulebook().suggest(code, order.unit_id, day) if code else None
        helpers = list(found.supports[:supports]) if found else []
        helpers += self.bodies()[: supports - len(helpers)] if supports > len(helpers) else []
        wanted = [found.lead] if found and not other else []
        for lead in (*wanted, *self.bodies()):
            chosen = [node for node in helpers if node.id != lead.id]
            try:
                self.take("dispatch", desk, lead=lead, supports=chosen, note=self._note(found))
                return
            except (Invalid, NotNow) as refusal:
                if isinstance(refusal, NotNow) and refusal.code != "other_unit_needed":
                    raise
        raise LookupError(f"nobody can lead {order.number}")

    def _note(self, found: Any) -> str | None:
        return "按派单目录派单，请按时限联系群众并答复。" if found and self.rng.random() < 0.4 else None

    def bodies(self) -> list[org.Node]:
        """Departments of the county in a shuffled order."""
        tree = org.tree()
        found = [node for node in tree.children(tree.root().id) if node.kind == "department"]
        self.rng.shuffle(found)
        return found

    def code(self) -> str:
        row = rulebook().category_ids.get(self.order.category_id or 0)
        return row.code if row else ""

    def supports(self) -> list[Support]:
        return list(Support.objects.filter(order=self.order, state="asked").order_by("pk"))

    def answer_support(self, support: Support) -> None:
        """A co-handler reports its part."""
        text = self.stage.texts.reply(self.code(), self.unit, self.rng)
        person = self.stage.cast.find("handler", support.unit_id)
        dispatching.answer_support(support, text=text, act=self.act(person))
        self.seen = -1

    def reply(self) -> None:
        """The lead answers, often with a photo taken afterwards."""
        self.take("reply", self.lead(), text=self.stage.texts.reply(self.code(), self.unit, self.rng), contacted=True)

    def photo(self, purpose: str, person: Person) -> None:
        """Keep a picture and hang it to the order."""
        scene = album.SCENES[int(self.order.number, 36) % len(album.SCENES)]
        picture = album.picture(scene, purpose == "after")
        kept = files.keep(picture, owner=self.order.subject(), purpose=purpose, act=self.act(person))
        self.take("show", person, photo=str(kept.pk))

    def rate(self, solved: str = "", satisfied: str = "") -> None:
        """The resident closes the loop; three of four are content."""
        solved = solved or self.rng.choices(("yes", "partly"), (88, 12))[0]
        if not satisfied:
            weights = (70, 24, 6) if solved == "yes" else (15, 55, 30)
            satisfied = self.rng.choices(("yes", "basically", "no"), weights)[0]
        kind = {"yes": "praise", "no": "dissatisfied"}.get(satisfied, "")
        if solved == "partly":
            kind = "partial_remark"
        reason = self.say(kind) if kind and self.rng.random() < 0.6 else None
        self.mine("rate", solved=solved, satisfied=satisfied, reason=reason)
