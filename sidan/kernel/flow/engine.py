"""The only place that writes a state: check, compare-and-set on the version, journal; in one transaction."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import orjson
from django.utils.translation import gettext as _

from sidan.kernel.base import tx
from sidan.kernel.base.errors import NotAllowed, NotNow, Refusal
from sidan.kernel.flow.definition import AnyOf, Clock, Flow, Follows, Importer, Party, Role, Step, Who
from sidan.kernel.flow.models import Flowing
from sidan.kernel.journal import commands as journal
from sidan.kernel.journal import hashing
from sidan.kernel.journal.models import Entry
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via


def check(flow: Flow, subject: Flowing, step: Step, act: Act) -> Refusal | None:
    """Whether this act may take the step now: None, or the reason why not. No query but the actor's seats."""
    refusal = permitted(flow, subject, step, act)
    if refusal is not None:
        return refusal
    if subject.state not in step.frm:
        return NotNow(
            _("“%(state)s”时不能%(step)s。")
            % {"state": flow.labels.get(subject.state, subject.state), "step": step.label or step.do},
            state=subject.state,
        )
    for guard in step.when:
        if not guard.test(subject, act.at):
            return NotNow(guard.why, code=guard.code, state=subject.state)
    return None


def permitted(flow: Flow, subject: Flowing, step: Step, act: Act) -> Refusal | None:
    """Whether this person is the one the step names, whatever the state."""
    if not _is(step.who, flow, subject, act):
        return NotAllowed()
    if act.via != Via.CLOCK and any(act.by.pk in named(subject, name) for name in step.never):
        return NotAllowed(_("前面的步骤由您经办，这一步须由别人办。"), code="same_person")
    return None


def named(subject: Flowing, field: str) -> frozenset[int]:
    """The persons that a field names: one by its key, or several where a text holds keys with blanks between."""
    value = getattr(subject, f"{field}_id" if hasattr(subject, f"{field}_id") else field)
    return frozenset(map(int, str(value).split())) if value else frozenset()


def barred(flow: Flow, subject: Flowing, act: Act) -> bool:
    """Whether the actor sits in the unit complained about."""
    unit_id = getattr(subject, f"{flow.barred}_id") if flow.barred else None
    if unit_id is None:
        return False
    return any(org.tree().is_above(unit_id, held.unit_id) for held in act.seats)


def _is(who: Who, flow: Flow, subject: Flowing, act: Act) -> bool:
    match who:
        case Role(name, at):
            return act.holds(name, getattr(subject, f"{at}_id")) and not barred(flow, subject, act)
        case Party(name):
            return bool(getattr(subject, f"{name}_id") == act.by.pk) and not barred(flow, subject, act)
        case Clock():
            return act.via == Via.CLOCK
        case Follows():
            return True
        case Importer():
            return act.via == Via.IMPORT
        case AnyOf(whos):
            return any(_is(inner, flow, subject, act) for inner in whos)


def moves(flow: Flow, subject: Flowing, act: Act) -> list[Step]:
    """The steps that this act may take now: buttons, the API's `moves`, and what a 409 offers."""
    return [step for step in flow.offered(subject.state) if check(flow, subject, step, act) is None]


def start(flow: Flow, subject: Flowing, act: Act, *, data: dict[str, Any] | None = None) -> Entry:
    """Write a new item and its first entry. Two statements."""
    tx.insist()
    done = dict(flow.births)[subject.state]
    values = {name: flat(getattr(subject, name)) for name in flow.folded}
    entry = journal.prepare(
        flow.kind(done),
        subject.subject(),
        seq=1,
        prev=hashing.ZERO,
        act=act,
        to=subject.state,
        data={**(data or {}), "set": {name: value for name, value in values.items() if value is not None}},
    )
    subject.version, subject.head = 1, entry.hash
    subject.save(force_insert=True)
    entry.save(force_insert=True)
    return entry


def take(
    flow: Flow,
    subject: Flowing,
    do: str,
    act: Act,
    *,
    changes: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
) -> Entry:
    """Move an item by one step. Two statements.

    Args:
        changes: columns of the row (names as in `flow.folded`) that the step sets beside the state.
        data: what else the entry says: ids, codes and hashes, never personal data.

    Raises:
        NotAllowed: the step is somebody else's.
        NotNow: the state does not have the step, or somebody moved the item first.
    """
    tx.insist()
    step = flow.by_do[do]
    refusal = check(flow, subject, step, act)
    if refusal is not None:
        raise refusal
    changes = changes or {}
    if stray := set(changes) - set(flow.folded):
        raise ValueError(f"{flow.name}: {stray} would not be rebuilt from the journal")
    seen, frm, to = subject.version, subject.state, step.leads(subject.state)
    moved = {name: value for name, value in changes.items() if flat(getattr(subject, name)) != flat(value)}
    entry = journal.prepare(
        flow.kind(step.done),
        subject.subject(),
        seq=seen + 1,
        prev=bytes(subject.head),
        act=act,
        frm=frm,
        to=to,
        data={**(data or {}), "set": {name: flat(value) for name, value in moved.items()}},
    )
    # The UPDATE names the version it leaves: of two people pressing at once exactly one succeeds. (The state alone would
    # let steps that stay in their state race and fork the chain.)
    rows = type(subject)._default_manager.filter(pk=subject.pk, version=seen)
    if rows.update(version=seen + 1, state=to, head=entry.hash, **moved) != 1:
        raise moved_first(subject)
    entry.save(force_insert=True)
    subject.state, subject.version, subject.head = to, seen + 1, entry.hash
    for name, value in moved.items():
        setattr(subject, name, value)
    return entry


def moved_first(subject: Flowing) -> NotNow:
    """Says who was faster and what the item is now."""
    last = Entry.objects.filter(subject=subject.subject()).order_by("-seq").select_related("by").first()
    who = last.by.name if last and last.by.name else ""
    message = _("%(who)s刚刚已处理，请看最新情况。") % {"who": who} if who else _("刚刚已有人处理，请看最新情况。")
    return NotNow(message, code="moved_first", state=last.to if last else "", by=who, version=last.seq if last else 0)


def fold(flow: Flow, entries: Iterable[Entry]) -> dict[str, Any]:
    """The row as its journal tells it: state, version, head and every folded column."""
    row: dict[str, Any] = dict.fromkeys(flow.folded)
    for entry in entries:
        row.update(orjson.loads(entry.data)["set"])
        row["state"], row["version"], row["head"] = entry.to, entry.seq, bytes(entry.hash).hex()
    return row


def row_of(flow: Flow, subject: Flowing) -> dict[str, Any]:
    """The row in the form in which `fold` gives it."""
    row = {name: flat(getattr(subject, name)) for name in flow.folded}
    return {**row, "state": subject.state, "version": subject.version, "head": bytes(subject.head).hex()}


def flat(value: Any) -> Any:
    """A column's value as the journal writes it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value
