"""Every field of ours that can hold free data: why it is not personal, or how long it is kept and what erases it.

`test_retention` compares this with the models: a new field without a line here fails.
"""

from dataclasses import dataclass

ORDER = "sidan.orders.commands.erasing.erase_due"
MESSAGES = "sidan.kernel.notify.commands.sweep"
DOORS = "sidan.kernel.base.doors.sweep"
ACCOUNTS = "sidan.web.signing.sweep"
FEEDBACK = "sidan.web.feedback.sweep"


@dataclass(frozen=True)
class Personal:
    """Kept how long, and the functions of a moment each of which erases it when its time is over."""

    kept: str
    erased_by: tuple[str, ...]


_RETENTION = "until the order's dated retention is over"
_WORDS = Personal(_RETENTION, (ORDER,))
_CONTACT = Personal(
    "until the retention of the person's last order is over; of an account, until it is closed", (ORDER, ACCOUNTS)
)
_SAID = Personal("30 days, at most until the person's contact goes", (MESSAGES, ORDER))

PERSONAL: dict[str, Personal] = {
    "orders.Text.body": _WORDS,
    "orders.Indexed.tokens": _WORDS,
    "orders.Order.title": _WORDS,
    "orders.Order.place": _WORDS,
    "orders.Order.lat": _WORDS,
    "orders.Order.lon": _WORDS,
    "orders.Reveal.reason": _WORDS,
    "org.Contact.name_enc": _CONTACT,
    "org.Contact.phone_enc": _CONTACT,
    "org.Contact.phone_hash": _CONTACT,
    "org.Contact.email_enc": _CONTACT,
    "org.Contact.last4_hash": _CONTACT,
    "org.Contact.code_hash": Personal(_RETENTION, (ORDER,)),
    "notify.ConsoleMessage.phone_masked": _SAID,
    "notify.ConsoleMessage.title": _SAID,
    "notify.ConsoleMessage.body": _SAID,
    "org.Account.phone_hash": Personal("while its owner proves it, each time within 90 days", (ACCOUNTS,)),
    "org.Code.phone_hash": Personal("a day after the code is over", (ACCOUNTS,)),
    "org.SignIn.session_key": Personal("32 days after its last use", (ACCOUNTS,)),
    "org.SignIn.device": Personal("32 days after its last use", (ACCOUNTS,)),
    "web.Feedback.text": Personal("a year", (FEEDBACK,)),
    "base.Door.answer": Personal("24 hours", (DOORS,)),
}

_HASH = "a hash"
_RULE = "a rule of the county, with its source"
_CODE = "a code of the program"
_STAFF = "names staff in their office: who acted is a public record, kept with the journal"

NOT_PERSONAL: dict[str, dict[str, str]] = {
    "base.Revision": {"name": _CODE},
    "base.Door": {"key": _HASH, "body_hash": _HASH},
    "org.Unit": {
        "code": "official", "name": "of a unit", "short_name": "of a unit", "level": _CODE, "lat": "of a unit",
        "lon": "of a unit", "source": _RULE,
    },
    "org.DutyPhone": {"day_phone": "of an office", "night_phone": "of an office", "source": _RULE},
    "org.Person": {"handle": _STAFF, "name": f"{_STAFF}; residents have none"},
    "org.Account": {"handle": _STAFF, "password": "a salted hash of a member of staff's password"},
    "org.Code": {"salt": "random bytes"},
    "org.Factor": {
        "label": "what staff call their telephone", "secret_enc": "encrypted, of staff", "hash": _HASH,
    },
    "org.Token": {"hash": _HASH, "label": "what a program is for"},
    "journal.Entry": {
        "kind": _CODE, "subject": "a number", "prev": _HASH, "hash": _HASH, "via": _CODE, "frm": _CODE, "to": _CODE,
        "data": "ids, codes and hashes; the test looks for markers in it",
    },
    "journal.Seal": {"ids": "ids", "prints": _HASH, "prev": _HASH, "hash": _HASH},
    "worktime.CalendarDay": {"name": "of a holiday", "source": _RULE, "changed_by": _STAFF},
    "worktime.WorkHours": {"source": _RULE, "changed_by": _STAFF},
    "files.Photo": {"subject": "a number", "sha256": "a hash of a file; the file goes with the order"},
    "notify.Message": {
        "topic": _CODE, "key": "numbers and codes", "lane": "a number", "role": _CODE, "channel": _CODE,
        "data": "numbers, codes and times; the test looks for markers in it", "error": "a code and a sentence, no reader",
    },
    "notify.Wish": {"about": _CODE, "choice": _CODE},
    "notify.QuietRule": {"begins": _RULE, "ends": _RULE, "source": _RULE},
    "notify.Inbox": {"consumer": _CODE, "message": "ids"},
    "notify.ConsoleMessage": {"delivery": "ids", "topic": _CODE},
    "web.Feedback": {"page": "a route of the program", "request_number": "random, of a request"},
    "orders.Category": dict.fromkeys(("code", "name", "emergency", "kinds", "keywords", "source"), _RULE),
    "orders.DispatchRule": dict.fromkeys(("category_code", "supports", "legal_basis", "source"), _RULE),
    "orders.Duty": dict.fromkeys(("holder", "category_code", "text", "source"), _RULE),
    "orders.DeadlineRule": dict.fromkeys(("klass", "urgency", "source"), _RULE),
    "orders.LadderRule": dict.fromkeys(("klass", "tell", "source"), _RULE),
    "orders.RefusalReason": dict.fromkeys(("code", "name", "name_en", "route", "route_en", "phone", "source"), _RULE),
    "orders.Place": dict.fromkeys(("code", "estate", "building", "spot", "source"), "of a place where many live"),
    "orders.Batch": {
        "system": "another system's name", "map_name": "of a map", "file_name": "that the importing officer chose",
        "file_hash": _HASH,
    },
    "orders.Held": {"refused": _CODE, "why": "a sentence of the house about units and staff"},
    "orders.SavedView": {
        "page": _CODE, "name": "of a view, by staff", "query": "codes, days and units; `listing.KEPT` names what it may hold",
        "columns": _CODE,
    },
    "orders.Export": {
        "page": _CODE, "query": "as of a view; the file goes after a day", "columns": _CODE, "language": _CODE,
    },
    "orders.Phrase": dict.fromkeys(("title", "body"), "an office's form of words, written before any order"),
    "orders.Order": {
        "state": _CODE, "head": _HASH, "number": "random, of the order", "refusal": _CODE, "repliers": "keys of staff",
        "external_system": "another system's name", "external_number": "of another system's record",
    },
    "orders.Text": {"digest": "a hash; the journal names the words by it"},
    "orders.Support": {"state": _CODE, "head": _HASH},
    "orders.Reveal": {"state": _CODE, "head": _HASH},
}  # fmt: skip


def told() -> list[str]:
    """Every field that the two tables name."""
    return [*PERSONAL, *(f"{model}.{field}" for model, fields in NOT_PERSONAL.items() for field in fields)]
