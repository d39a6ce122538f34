"""Reads a worksheet in a process of its own, which may take little memory, and writes it as CSV.

Run by its path with `python -I`: a file that bursts the reader ends this process and nothing else.
"""

import csv
import datetime
import resource
import sys

import python_calamine

MEMORY_MOST = 320 * 1024 * 1024


def cell(value: object) -> str:
    """A cell as a person would type it: whole numbers without a point, times as ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def main(path: str, sheet: str) -> int:
    """Write the named sheet, or the first; status 3 names a sheet that is not there, 4 a file that cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        book = python_calamine.load_workbook(path)
        if sheet and sheet not in book.sheet_names:
            sys.stderr.write("; ".join(book.sheet_names))
            return 3
        table = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
        sys.stderr.write(f"{table.total_height}\n")
        sys.stderr.flush()
        out = csv.writer(sys.stdout, lineterminator="\n")
        for row in table.iter_rows():
            out.writerow([cell(value) for value in row])
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return 4
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))
