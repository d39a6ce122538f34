"""Verbs that look for what is wrong: verify, rebuild --check, doctor."""

import argparse
import json
from itertools import islice
from typing import Any

from sidan.kernel.journal import queries as journal
from sidan.kernel.journal.models import Entry
from sidan.site import doctor as surgery
from sidan.site import rebuild as rebuilding

SHOWN = 20
WHY = {
    "altered": "the row was altered after it was written",
    "missing": "a row was deleted here",
    "moved": "the row does not follow from the one before it",
    "seal": "the seal over these rows does not fit",
}


def verify(args: argparse.Namespace) -> int:
    """Prove the journal; names the first row that is not what was written."""
    found, head = journal.verify(), journal.head()
    result: dict[str, Any] = {
        "ok": found is None,
        "entries": Entry.objects.count(),
        "sealed_to": head.last_id if head else 0,
        "head": bytes(head.hash).hex() if head else "",
    }
    if found:
        result["found"] = {"entry": found.entry_id, "subject": found.subject, "seq": found.seq, "why": found.why}
    if args.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(f"{result['entries']} entries, sealed to {result['sealed_to']}, head {result['head'] or '-'}")
        if found:
            where = f" of {found.subject}, number {found.seq}" if found.subject else ""
            print(f"Wrong: entry {found.entry_id}{where}: {WHY.get(found.why, found.why)}.")
        else:
            print("The journal is what was written.")
    return 1 if found else 0


def rebuild(args: argparse.Namespace) -> int:
    """Compare every row with the fold of its journal; shows the first 20 that differ."""
    checked = rebuilding.Checked()
    every = rebuilding.differences(checked)
    found = list(islice(every, SHOWN))
    more = sum(1 for _one in every)
    if args.json:
        shown = [{"subject": one.subject, "why": one.why, "row": one.row, "fold": one.fold} for one in found]
        print(json.dumps({"ok": not found, "items": checked.items, "differ": len(found) + more, "first": shown}))
        return 1 if found else 0
    for one in found:
        print(f"{one.subject}: {one.why}")
        for name in one.row:
            print(f"  {name}: the row says {one.row[name]!r}, its journal {one.fold[name]!r}")
    if more:
        print(f"... and {more} more")
    print(f"{checked.items} items compared, {len(found) + more} differ")
    return 1 if found else 0


def doctor(args: argparse.Namespace) -> int:
    """Say what is wrong here, each with what mends it."""
    findings = surgery.examine()
    bad = [one for one in findings if one.level == "problem"]
    if args.json:
        print(json.dumps({"ok": not bad, "findings": [vars(one) for one in findings]}, ensure_ascii=False))
    else:
        for one in findings:
            print(f"{one.level:<8} {one.name}: {one.said}" + (f"\n         mend it: {one.mend}" if one.mend else ""))
        print("All is well." if not bad else f"{len(bad)} problems.")
    return 1 if bad else 0
