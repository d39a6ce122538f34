"""Sums up what the runs of `bin/test` counted: `python -m tests.tally FOLDER`; its last line is the whole."""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def main(folder: Path) -> int:
    """Print why tests were skipped, then `N passed, N failed, N skipped`; the status is 1 where none passed."""
    passed = failed = 0
    skipped: Counter[str] = Counter()
    for file in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):
            reason = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif reason is not None:
                skipped[f"{file.stem}: {reason.get('message') or 'no reason given'}"] += 1
            else:
                passed += 1
    sys.stdout.write("\n")
    notes = folder / "notes"
    if notes.is_file():
        sys.stdout.write(notes.read_text())
    for why, count in sorted(skipped.items()):
        sys.stdout.write(f"{count} skipped, {why}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed, {skipped.total()} skipped\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
