"""The ways off the common road: questions, refusals, disputes, pauses, merges, reopenings, secrets."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.kernel.worktime import commands as worktime
from sidan.kernel.worktime import queries as hours
from sidan.orders.commands import clockwork, revealing
from sidan.orders.models import Order
from sidan.orders.rulebook import rulebook
from sidan.orders.words import S
from sidan.site.demo.play import Play, Plot
from sidan.site.demo.plots import accepted, answered, asked, at_desk, dispatched, rated, started

# Reasons that only the house gives by itself; the others are given in turn.
OWN_REASONS = ("emergency", "no_info")


def emergency(p: Play) -> Plot:
    """Answered with the number to call; not queued."""
    p.ask("emergency")
    yield p.soon(1, 2)


def completed(p: Play) -> Plot:
    """Asked for more, and given it."""
    yield from asked(p, channel="web")
    yield p.soon(0.2, 1.2)
    pair = p.rng.choice(p.stage.texts.questions)
    p.take("ask_info", p.intake(), text=pair["question"])
    yield p.soon(1, 30)
    p.mine("give_info", text=p.stage.texts.fill(pair["answer"], p.unit, p.rng))
    yield p.soon(0.2, 1.5)
    p.take("accept", p.intake())
    yield p.soon(0.1, 2)
    p.take("handle", p.intake())
    yield p.soon(1, 10)
    p.take("contact", p.intake(), way="phone")
    yield from answered(p, 2, 40)
    yield from rated(p)


def unanswered(p: Play) -> Plot:
    """Asked for more; the time runs out."""
    yield from accepted(p, "general", channel="web")
    yield p.soon(0.1, 1)
    p.take("ask_info", p.intake(), text=p.rng.choice(p.stage.texts.questions)["question"])


def refused(p: Play) -> Plot:
    """Not accepted, each reason in its turn."""
    day = org.local_date(p.stage.at)
    reasons = [row for row in rulebook().reasons(day) if row.code not in OWN_REASONS]
    reason = reasons[p.stage.turns("refused") % len(reasons)]
    yield from (accepted(p) if p.rng.random() < 0.5 else asked(p))
    yield p.soon(0.3, 1.5)
    p.take("refuse", p.intake(), code=reason.code, text=f"您反映的事项：{reason.name}。办理途径见下面的说明。")


def merged(p: Play) -> Plot:
    """Two neighbours ask the same; the second order is joined to the first."""
    yield from accepted(p, "general")
    first = p.order
    yield p.soon(0.3, 4)
    second = p.another()
    second.ask("general", text=p.stage.texts.say("fact", p.rng) + "跟邻居反映的是同一件事。", category=p.code() or None)
    yield p.soon(0.3, 1.5)
    if p.rng.random() < 0.5:
        second.take("accept", second.intake())
        yield p.soon(0.1, 0.5)
    second.take("merge", second.intake(), into=first.number)
    yield p.soon(0.1, 1)
    p.take("pass_on", p.intake())
    yield p.soon(1, 6)
    p.dispatch()
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def withdrawn(p: Play) -> Plot:
    """Taken back, sometimes while co-handlers are at work."""
    if p.stage.turns("withdrawn") % 2:
        yield from asked(p, channel="web")
    else:
        yield from dispatched(p, supports=1, channel="web")
    yield p.soon(0.3, 5)
    p.mine("withdraw", reason=p.say("withdraw"))


def off_the_board(p: Play) -> Plot:
    """Public, and then no more: its author thinks better of it, or the community takes off what names somebody."""
    yield from dispatched(p, "general", kind="help", channel="web", public=True)
    yield p.soon(1, 6)
    if p.stage.turns("off the board") % 2:
        p.mine("unpublish")
    else:
        p.take("hide", p.intake(), reason="里面提到了邻居的姓名，先撤下。办理照常。")
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def disputed(p: Play) -> Plot:
    """Not our duty, says the unit; the supervisor rules, for it or against it."""
    yield from dispatched(p, "general")
    yield p.office(1, 6)
    kept = p.stage.turns("disputed") % 2 == 0
    other = next(node for node in p.bodies() if node.id != p.order.lead_unit_id)
    p.take("dispute", p.lead(), reason=p.say("dispute"), proper=None if kept else other)
    yield p.office(1, 8)
    lead = org.tree().node(p.order.lead_unit_id or other.id) if kept else other
    p.take("rule", p.supervisor(), lead=lead, reason="经核对职责清单和现场情况裁定，裁定后不再退单。")
    yield from started(p)
    yield from answered(p, 4, 50)
    yield from rated(p)


def suspended(p: Play) -> Plot:
    """挂账, and back to work: by hand, or on the day of the next look."""
    yield from dispatched(p, p.rng.choice(["general", "complex"]))
    yield from started(p)
    yield p.office(3, 30)
    by_clock = p.stage.turns("suspended") % 2 == 0
    until = org.local_date(p.stage.at + timedelta(days=3 if by_clock else 12))
    p.take("suspend", p.desk(), until=until, reason=p.say("suspension"))
    if by_clock:
        yield p.stage.at + timedelta(days=4)
    else:
        yield p.office(40, 120)
        p.take("resume", p.lead())
    yield from answered(p, 4, 40)
    yield from rated(p)


def sent_back(p: Play) -> Plot:
    """The desk needs more from the community."""
    yield from at_desk(p, "general")
    yield p.soon(0.3, 3)
    p.take("send_back", p.desk(), reason="请社区补充具体楼栋、照片，并核实是否属于业主共有部分。")
    yield p.soon(0.5, 4)
    p.take("pass_on", p.intake(), note="已补充现场情况。")
    yield p.soon(0.3, 4)
    p.dispatch()
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def returned(p: Play) -> Plot:
    """The checker does not let the first answer pass."""
    yield from dispatched(p, "general")
    yield from started(p)
    yield p.office(4, 60)
    p.reply()
    yield p.office(0.5, 6)
    reasons = [text for text in p.stage.texts.kinds["check"] if "退回" in text or "请" in text]
    p.take("return_reply", p.checker(), reason=p.rng.choice(reasons))
    yield from answered(p, 2, 20)
    yield from rated(p)


def escalated(p: Play) -> Plot:
    """Beyond the street: to the county's desk, before the dispatch or out of the work."""
    if p.stage.turns("escalated") % 2:
        yield from at_desk(p, "complex")
        yield p.soon(0.5, 4)
    else:
        yield from dispatched(p, "complex", supports=1)
        yield from started(p)
        yield p.office(5, 40)
    p.take("escalate", p.desk(), reason="涉及跨镇街事项，本级协调不了，提请县级派单。")
    yield p.office(0.5, 5)
    p.dispatch(other=True)
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def reopened(p: Play) -> Plot:
    """Not solved: a new round with a new clock. In turn: once, twice to another unit, once more after it was closed."""
    yield from dispatched(p, p.rng.choice(["general", "utilities"]))
    yield from started(p)
    yield from answered(p, 2, 30)
    turn = p.stage.turns("reopened") % 4
    yield p.soon(1, 20)
    if turn == 0:
        p.mine("rate", solved="no", satisfied="no", reason=p.say("reopen"))
    elif turn == 1:
        p.take("call_back", p.checker(), solved="no", satisfied="no", reason=p.say("reopen"))
    else:
        if turn == 2:
            p.rate("yes", "yes")
            yield p.soon(20, 70)
        p.mine("reopen", reason=p.say("reopen"))
    for again in range(2 if turn in (1, 3) else 1):
        yield p.soon(0.5, 4)
        p.dispatch(other=again > 0)
        yield from started(p)
        yield from answered(p, 2, 24)
        if again == 0 and turn in (1, 3):
            yield p.soon(1, 20)
            p.mine("reopen", reason=p.say("reopen"))
    yield from rated(p)


def secret(p: Play) -> Plot:
    """The handler never sees who asked; opening it takes two people and a reason."""
    yield from dispatched(p, "general", confidential=True, kind="report", channel="web")
    yield from started(p)
    yield p.office(1, 8)
    first = p.stage.cast.find("supervisor", p.order.unit_id)
    reveal = revealing.request_reveal(
        p.fresh, reason="需与反映人当面核实线索地点，电话留言无法说清。", act=p.act(first)
    )
    yield p.office(0.5, 4)
    second = p.stage.cast.find("supervisor", org.tree().root().id, never=(first.pk,))
    agree = p.stage.turns("secret") % 2 == 0
    revealing.decide_reveal(reveal, agree=agree, act=p.act(second))
    if agree:
        revealing.read_contact(p.order, act=p.act(first))
    yield from answered(p, 4, 50)
    yield from rated(p)


def about_staff(p: Play) -> Plot:
    """About a unit: nobody who sits there acts or sees. In turn: the community itself, an office of the street."""
    town = org.tree().ancestor(p.unit.id, "town")
    offices = [node for node in org.tree().children(town.id) if node.is_body] if town else []
    about = p.unit if p.stage.turns("about_staff") % 2 or not offices else offices[0]
    yield from dispatched(p, "general", about=about.code, kind="complaint", channel="web")
    yield from started(p)
    yield from answered(p)
    yield from rated(p)


def redated(p: Play) -> Plot:
    """A street that counts working days: a new day of rest moves what was promised."""
    yield from dispatched(p, "general", urgency="normal", channel="web")
    yield from started(p)
    yield p.office(2, 10)
    day = org.local_date(p.stage.at) + timedelta(days=1)
    while not hours.calendar().is_workday(day):
        day += timedelta(days=1)
    shell, clock = org.system("shell"), org.system("clock")
    notice = "演示：县里临时放假一天的通知（虚构）"
    worktime.set_day(day, kind="holiday", name="临时放假", source=notice, act=p.act(shell, Via.CLI))
    clockwork.redate_open(Act(clock, p.stage.at, Via.CLOCK))
    yield from answered(p, 10, 60)
    yield from rated(p)


def until(p: Play, goal: S) -> Plot:
    """On the last day: quickly to a state, and there it waits for the visitor."""
    if goal == S.MERGED:
        yield from accepted(p, "general", channel="web")
        second = p.another()
        second.ask("general", channel="web")
        yield p.soon(0.5, 3)
        second.take("merge", second.intake(), into=p.order.number)
        return
    aside: dict[S, tuple[S, Callable[[], Order]]] = {
        S.NEED_INFO: (S.ACCEPTED, lambda: p.take("ask_info", p.intake(), text="请问具体是哪一栋哪个单元？")),
        S.COMMUNITY_HANDLING: (S.ACCEPTED, lambda: p.take("handle", p.intake())),
        S.NOT_ACCEPTED: (
            S.ACCEPTED,
            lambda: p.take("refuse", p.intake(), code="litigation", text="法院已受理，请按判决办理。"),
        ),
        S.WITHDRAWN: (S.ACCEPTED, lambda: p.mine("withdraw", reason=p.say("withdraw"))),
        S.DISPUTED: (S.DISPATCHED, lambda: p.take("dispute", p.lead(), reason=p.say("dispute"))),
        S.SUSPENDED: (
            S.IN_PROGRESS,
            lambda: p.take(
                "suspend", p.desk(), until=org.local_date(p.stage.at + timedelta(days=20)), reason=p.say("suspension")
            ),
        ),
        S.ESCALATED: (
            S.AWAITING_DISPATCH,
            lambda: p.take("escalate", p.desk(), reason="涉及县级部门职责，提请县级派单。"),
        ),
        S.REOPENED: (S.AWAITING_RATING, lambda: p.mine("reopen", reason=p.say("reopen"))),
    }
    before, last = aside.get(goal, (goal, p.stay))
    for state in _road(p):
        if state == before:
            break
        yield p.soon(1, 12)
    yield p.soon(0.5, 3)
    last()


def _road(p: Play) -> Iterator[S]:
    """The common road, a step at a time; yields the state it stands in."""
    p.ask("general", channel="web", urgency="normal")
    yield S.SUBMITTED
    p.take("accept", p.intake())
    yield S.ACCEPTED
    p.take("pass_on", p.intake())
    yield S.AWAITING_DISPATCH
    p.dispatch()
    yield S.DISPATCHED
    p.take("sign", p.lead())
    p.take("contact", p.lead(), way="phone")
    yield S.SIGNED
    p.take("start", p.lead())
    yield S.IN_PROGRESS
    p.reply()
    yield S.REPLIED
    p.take("check", p.checker())
    yield S.AWAITING_RATING
    p.rate()
    yield S.CLOSED
