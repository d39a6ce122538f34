"""The common ways of an order, from asking to rating; each yields the moment at which it goes on."""

from datetime import timedelta
from typing import Any

from sidan.orders.commands import revealing
from sidan.orders.words import S
from sidan.site.demo.play import Play, Plot


def asked(p: Play, klass: str = "", **wish: Any) -> Plot:
    """Asked, sometimes with a photo, by whichever channel."""
    if not wish:
        lot = p.rng.random()
        if lot < 0.12:
            wish = {"recorder": "recorder", "channel": "grid"}
        elif lot < 0.18:
            wish = {"recorder": "community", "channel": p.rng.choice(["phone", "desk", "meeting"])}
        elif lot < 0.22:
            wish = {"anonymous": True}
        elif lot < 0.25:
            wish = {"confidential": True}
        elif lot < 0.30:
            wish = {"category": None}
    p.ask(klass, **wish)
    if p.order.channel == "web" and p.rng.random() < 0.2:
        yield p.soon(0.02, 0.1)
        p.photo("before", p.resident)


def accepted(p: Play, klass: str = "", **wish: Any) -> Plot:
    """Asked and accepted by the community."""
    yield from asked(p, klass, **wish)
    yield p.soon(0.1, min(1.8, p.pace(1.6)))
    p.take("accept", p.intake())
    if p.order.category_id is None:
        yield p.soon(0.05, 0.3)
        p.take("classify", p.intake(), category=p.rng.choice(["010101", "010301", "020101"]))


def at_desk(p: Play, klass: str = "", **wish: Any) -> Plot:
    """At the street's desk."""
    yield from accepted(p, klass, **wish)
    yield p.soon(0.1, p.pace(2))
    p.take("pass_on", p.intake(), note="社区已核实，超出社区能力，请街道派单。")


def dispatched(p: Play, klass: str = "", *, supports: int = 0, **wish: Any) -> Plot:
    """Sent to the unit that leads."""
    yield from at_desk(p, klass, **wish)
    yield p.soon(p.pace(0.2), p.pace(6))
    p.dispatch(supports=supports)


def signed(p: Play) -> Plot:
    """Received by the lead, the resident contacted."""
    yield p.office(p.pace(0.3), p.pace(5))
    p.take("sign", p.lead())
    yield p.office(p.pace(0.2), p.pace(4))
    p.take("contact", p.lead(), way=p.rng.choice(["phone", "phone", "visit", "message"]))


def started(p: Play) -> Plot:
    """Work begins."""
    yield from signed(p)
    yield p.office(p.pace(0.2), p.pace(8))
    p.take("start", p.lead())


def answered(p: Play, least: float = 4, most: float = 90) -> Plot:
    """Answered by the lead and checked by somebody else."""
    yield p.office(p.pace(least), p.pace(most))
    if p.rng.random() < 0.25:
        p.photo("after", p.lead())
    p.reply()
    yield p.office(0.3, min(7, p.pace(7)))
    passes = [text for text in p.stage.texts.kinds["check"] if "退回" not in text and "请" not in text]
    p.take("check", p.checker(), note=p.rng.choice(passes))


def rated(p: Play, solved: str = "", satisfied: str = "") -> Plot:
    """Rated by the resident within the week."""
    yield p.soon(0.5, 60)
    p.rate(solved, satisfied)


def usual(p: Play) -> Plot:
    """The whole loop: community, street, department, checker, resident."""
    yield from dispatched(p)
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def at_once(p: Play) -> Plot:
    """The community does it itself; now and then without accepting first."""
    if p.rng.random() < 0.4:
        yield from asked(p)
        yield p.soon(0.1, min(1.6, p.pace(1.6)))
    else:
        yield from accepted(p)
        yield p.soon(0.1, p.pace(3))
    p.take("handle", p.intake())
    yield p.soon(p.pace(0.3), p.pace(12))
    p.take("contact", p.intake(), way="visit")
    yield from answered(p, 1, 50)
    yield from rated(p)


def lapses(p: Play) -> Plot:
    """Nobody rates: the clock closes it as 未评价."""
    yield from dispatched(p)
    yield from started(p)
    yield from answered(p, 2, 40)


def called_back(p: Play) -> Plot:
    """Rated on the telephone, written down by somebody who did not handle it."""
    yield from dispatched(p)
    yield from started(p)
    yield from answered(p, 2, 60)
    yield p.office(20, 60)
    if p.fresh.state == S.AWAITING_RATING:
        p.take("call_back", p.checker(), solved="yes", satisfied=p.rng.choice(["yes", "basically"]), reason="电话回访")


def helped(p: Play) -> Plot:
    """With co-handlers, one of them asked later; the lead answers when all have."""
    yield from dispatched(p, supports=p.rng.choice([1, 1, 2]))
    yield from started(p)
    if p.rng.random() < 0.6:
        asked_already = {support.unit_id for support in p.supports()} | {p.order.lead_unit_id}
        unit = next(node for node in p.bodies() if node.id not in asked_already)
        p.take("join", p.lead(), unit=unit, note="请到现场一起核实，并反馈本单位能办的部分。")
    for support in p.supports():
        yield p.office(p.pace(3), p.pace(30))
        p.answer_support(support)
    yield from answered(p, 2, 30)
    yield from rated(p)


def talks(p: Play) -> Plot:
    """Messages through the order, a new fact, the number read for a visit."""
    yield from dispatched(p, channel="web")
    yield p.office(p.pace(0.3), p.pace(4))
    p.take("sign", p.lead())
    yield p.office(p.pace(0.2), p.pace(3))
    p.take("write", p.lead(), text=p.say("message_handler"))
    yield p.soon(p.pace(0.3), p.pace(5))
    p.mine("write", text=p.say("message_resident"))
    yield p.soon(p.pace(0.3), p.pace(5))
    p.mine("add_facts", text=p.say("fact"))
    revealing.read_contact(p.order, act=p.act(p.lead()))
    p.take("contact", p.lead(), way="no_answer", note="电话无人接听，已留言")
    yield p.office(p.pace(0.5), p.pace(6))
    p.take("start", p.lead())
    yield from answered(p)
    yield from rated(p)


def extended(p: Play) -> Plot:
    """More time, with a reason that both sides read."""
    yield from dispatched(p, p.rng.choice(["general", "general", "complex"]), channel="web", urgency="normal")
    yield from started(p)
    yield p.office(20, 60)
    p.take("extend", p.lead(), days=p.rng.choice([2, 3, 5]), reason=p.say("extension"))
    yield from answered(p, 40, 120)
    yield from rated(p)


def late(p: Play) -> Plot:
    """Nobody answers in time: the ladder is climbed, the resident urges, the supervisor presses."""
    yield from dispatched(p, "utilities", channel="web")
    yield from started(p)
    due = p.fresh.answer_due_at
    assert due is not None
    yield due + timedelta(hours=p.rng.uniform(2, 9))
    p.mine("urge")
    yield p.soon(1, 6)
    p.take("press", p.supervisor(), text="居民已催办，请今天内办结并上门说明。")
    yield p.office(8, 40)
    p.reply()
    yield p.office(1, 7)
    p.take("check", p.checker())
    yield from rated(p, p.rng.choice(["yes", "partly"]), p.rng.choice(["basically", "no"]))


def lively(p: Play) -> Plot:
    """Two in three of the month's orders go one of the short ways."""
    yield from p.rng.choice((usual, usual, at_once))(p)
