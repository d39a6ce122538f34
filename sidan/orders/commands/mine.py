"""What a resident does with what is held about them: correct it, and have it forgotten."""

from datetime import timedelta

from sidan.kernel.base import text, tx
from sidan.kernel.base.errors import NotNow
from sidan.kernel.org import codes
from sidan.kernel.org import commands as people
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act
from sidan.kernel.org.models import Account, Code, Person
from sidan.orders.commands import erasing
from sidan.orders.queries import mine
from sidan.web import signing


@tx.writes
def correct_name(account: Account, raw: object, *, rest: timedelta, act: Act) -> None:
    """Another name: of the account, and of the orders that have one. An empty one takes the account's away.

    Raises:
        Invalid: it is too long.
    """
    name = text.clean_text(raw, max_chars=40, min_chars=0, field="name")
    persons = mine.askers(account, rest=rest)
    people.name_contact(account.person_id, name)
    if name:
        people.correct_contacts(persons, name=name)
    signing.note("corrected", account, act, changed="name", orders=len(persons) - 1)


@tx.writes
def correct_phone(account: Account, code_id: int, said: str, *, rest: timedelta, act: Act) -> str:
    """Another telephone, proved by its own code; returns how the try ended. Contacts of the listed orders follow it.

    The number's former owner may have placed orders with it: the account counts as made at this moment.
    """
    found = codes.prove(code_id, said, at=act.at)
    if found != codes.RIGHT:
        return found
    code = Code.objects.get(pk=code_id)
    phone = org.phone_of(code.person_id) or ""
    persons = mine.askers(account, rest=rest)
    for other in Account.objects.filter(phone_hash=bytes(code.phone_hash)).exclude(pk=account.pk):
        signing.close(other, Act(other.person, act.at, act.via))
    people.correct_contacts(persons, phone=phone)
    Account.objects.filter(pk=account.pk).update(
        phone_hash=bytes(code.phone_hash), made_at=act.at, proved_at=act.at
    )  # fmt: skip
    signing.note("corrected", account, act, changed="phone", orders=len(persons) - 1)
    return found


@tx.writes
def delete(account: Account, *, rest: timedelta, act: Act) -> tuple[int, int]:
    """Close the account and have its orders forgotten: at once what the law lets go, the rest as soon as it has ended.

    Returns:
        How many orders were emptied, and how many wait.
    """
    erased = waiting = 0
    for order in list(mine.orders(account, rest=rest)):
        asker = Act(Person.objects.get(pk=order.asked_by_id), act.at, act.via)
        try:
            erasing.erase(order, act=asker)
            erased += 1
        except NotNow:
            erasing.wish(order, at=act.at)
            waiting += 1
    signing.close(account, act, erased=erased, waiting=waiting)
    return erased, waiting
