"""A generated population: orders of every state, place, lead and secrecy, with what happened after."""

import random
from datetime import datetime, timedelta
from typing import Any

from sidan.kernel.base.errors import Refusal
from sidan.kernel.flow import engine
from sidan.kernel.org import commands as people
from sidan.kernel.org.models import Person, Unit
from sidan.orders.commands import VERBS, asking, dispatching
from sidan.orders.flow import ORDER
from sidan.orders.models import Order, Support
from sidan.orders.tests import make
from sidan.orders.words import S

PLACES = ("500233001001", "500233001002", "500233002001", "500233001", "500233")
ABOUT = (None, None, None, "500233001001", "500233001", "500233-D01", "500233001-D01", "500233002")


def walk(order: Order, roll: random.Random, at: datetime) -> Order:
    """A few steps that anybody is offered, drawn at random; a refused one ends the walk."""
    acts = [make.act(handle, at) for handle, _role, _unit in make.STAFF] + [make.resident(order, at)]
    for _ in range(roll.randrange(0, 10)):
        offered = [(step.do, act) for act in acts for step in engine.moves(ORDER, order, act)]
        offered = [
            one for one in offered if one[0] not in ("show", "merge") and (one[0] not in ENDING or roll.random() < 0.1)
        ]
        if not offered:
            break
        do, act = roll.choice(offered)
        try:
            VERBS[do](order, act=act, **values(do, roll, at))
        except Refusal:
            break
    for support in Support.objects.filter(order=order, state="asked"):
        if roll.random() < 0.5:
            handle = {"500233-D02": "handler2", "500233-D03": "handler3", "500233001002": "community2"}
            code = Unit.objects.get(pk=support.unit_id).code
            if code in handle:
                dispatching.answer_support(support, text="已配合", act=make.act(handle[code], at))
    return Order.objects.get(pk=order.pk)


ENDING = ("refuse", "withdraw")


def values(do: str, roll: random.Random, at: datetime) -> dict[str, Any]:
    """What a step asks for."""
    leads = [make.node(code) for code in ("500233-D01", "500233-D02", "500233-D03", "500233001-D01")]
    lead, helper = roll.sample(leads, 2)
    match do:
        case "dispatch":
            helpers = [helper, make.node("500233001002")] if roll.random() < 0.4 else []
            return {"lead": lead, "supports": helpers}
        case "rule":
            return {"lead": lead, "reason": "按职责"}
        case "join":
            return {"unit": helper, "note": "请配合"}
        case "extend":
            return {"days": 2, "reason": "等材料"}
        case "suspend":
            return {"until": (at + timedelta(days=9)).date(), "reason": "等汛期过"}
        case "rate" | "call_back":
            return {"solved": roll.choice(("yes", "partly", "no")), "satisfied": roll.choice(("yes", "basically", "no")),
                    "reason": "还是不亮"}  # fmt: skip
        case "refuse":
            return {"code": "outside", "text": "请走别的途径"}
        case "classify":
            return {"category": roll.choice(("0101", "0201", "04"))}
        case "contact":
            return {"way": roll.choice(("phone", "no_answer"))}
        case "dispute" | "send_back" | "escalate" | "reopen" | "return_reply":
            return {"reason": "有理由"}
        case "pass_on" | "withdraw" | "check" | "accept" | "handle" | "sign" | "start" | "resume" | "urge":
            return {}
    return {"text": "一句话"}


def people_of(roll: random.Random) -> list[Person]:
    """The staff of the small county, some with a second seat, and one who sits nowhere."""
    extra = (("community2", "handler", "500233-D02"), ("handler3", "community", "500233002001"),
             ("dispatcher2", "supervisor", "500233001"), ("operator", "recorder", "500233001002"))  # fmt: skip
    for handle, role, code in extra:
        people.seat(make.person(handle), Unit.objects.get(code=code), role, from_date=make.SINCE)
    people.add_staff("nobody", "无席位")
    return list(Person.objects.filter(kind=Person.Kind.STAFF))


def orders(count: int, seed: int) -> list[Order]:
    """So many orders, the same for the same seed."""
    roll = random.Random(seed)
    made = []
    for n in range(count):
        at = make.NOON + timedelta(hours=n)
        proxy = roll.random() < 0.25
        wish = asking.Wish(
            text=f"第{n}件事", unit=roll.choice(PLACES), category=roll.choice(("0101", "010101", "0201", "04", "0301", None)),
            phone="13800001234", about=roll.choice(ABOUT), anonymous=roll.random() < 0.1, confidential=roll.random() < 0.1,
            channel="phone" if proxy else None, consent=proxy,
        )  # fmt: skip
        act = make.act("county-dispatcher" if roll.random() < 0.3 else "recorder", at) if proxy else None
        try:
            order = asking.ask(asking.draft(wish, act, at, make.act("operator").via))
        except Refusal:
            continue
        if order.state == S.SUBMITTED:
            order = walk(order, roll, at)
        made.append(order)
    return made
