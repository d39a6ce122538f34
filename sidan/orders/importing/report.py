"""What an import tells: counts, samples, and every row that was refused with the way to mend it."""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

ERRORS_SHOWN = 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class RowError:
    """One refused row.

    Args:
        row: as a spreadsheet counts, the header being 1.
        field: of the map.
        what: what is wrong.
        mend: what to do about it.
    """

    row: int
    field: str
    what: str
    mend: str


@dataclass
class Report:
    """The outcome of an import, its preview, or its undoing (which has no encoding).

    Attributes:
        known: external numbers that were there already; nothing is done about them.
        errors: the first 20; all of them stand in the file at `errors_path`.
        samples: field -> a few values as they would be written; preview only.
        unclocked: open orders of days for which no deadline rule is known: they have no clock.
        write_seconds: how long the database's statements took, of the whole.
        undone, left: of an undoing: how many were unloaded, and the numbers of those that were worked on since.
    """

    system: str = ""
    file: str = ""
    encoding: str = ""
    preview: bool = False
    batch_id: int | None = None
    rows: int = 0
    created: int = 0
    closed: int = 0
    known: int = 0
    refused: int = 0
    unclocked: int = 0
    errors: list[RowError] = field(default_factory=list)
    errors_path: Path | None = None
    samples: dict[str, list[str]] = field(default_factory=dict)
    write_seconds: float = 0.0
    undone: int = 0
    left: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The report as a person reads it."""
        if not self.encoding:
            out = [_("批次 %(id)s：撤销 %(n)d 单。") % {"id": self.batch_id, "n": self.undone}]
            if self.left:
                out.append(
                    _("%(n)d 单导入后已有人办理，保留：%(some)s")
                    % {"n": len(self.left), "some": "、".join(self.left[:20])}
                )
            return out
        made = _("将新建") if self.preview else _("新建")
        counts = _("共 %(rows)d 行：%(made)s %(created)d 单（其中已办结 %(closed)d），已有 %(known)d，不收 %(refused)d。") % {
            "rows": self.rows, "made": made, "created": self.created, "closed": self.closed, "known": self.known,
            "refused": self.refused,
        }  # fmt: skip
        out = [_("%(file)s（%(encoding)s）") % {"file": self.file, "encoding": self.encoding.upper()}, counts]
        if self.batch_id:
            out.append(_("批次号 %(id)s；撤销用 --undo %(id)s。") % {"id": self.batch_id})
        elif not self.preview and not self.created:
            out.append(_("没有新的内容，什么都没有写入。"))
        if self.unclocked:
            out.append(_("%(n)d 个未办结的单早于现行时限规则，没有到期时间。") % {"n": self.unclocked})
        for name, values in self.samples.items():
            out.append(f"  {name}: {' | '.join(values)}")
        for one in self.errors:
            # A row that cannot be read at all is wrong in no field.
            form = (
                _("  第 %(row)d 行 %(field)s：%(what)s %(mend)s")
                if one.field
                else _("  第 %(row)d 行：%(what)s %(mend)s")
            )
            out.append(form % {"row": one.row, "field": one.field, "what": one.what, "mend": one.mend})
        if self.refused > len(self.errors):
            out.append(_("  ……还有 %(n)d 行。") % {"n": self.refused - len(self.errors)})
        if self.errors_path:
            out.append(_("全部不收的行：%(path)s") % {"path": self.errors_path})
        return out


class Errors:
    """Collects refused rows: the first few for the report, all of them in a file beside the input."""

    def __init__(self, source: Path, *, keep_file: bool) -> None:
        self.first: list[RowError] = []
        self.count = 0
        self._keep = keep_file
        self._source = source
        self._out: IO[str] | None = None
        self._path: Path | None = None

    def add(self, errors: Iterable[RowError]) -> None:
        for error in errors:
            self.count += 1
            if len(self.first) < ERRORS_SHOWN:
                self.first.append(error)
            if self._keep:
                self._write(error)

    def close(self, *, keep: bool) -> Path | None:
        """Where the file lies; None where there was nothing to list or nothing is kept."""
        if self._out is None or self._path is None:
            return None
        self._out.close()
        if keep:
            return self._path
        self._path.unlink(missing_ok=True)
        return None

    def _write(self, error: RowError) -> None:
        if self._out is None:
            self._out = self._open()
            self._out.write("\ufeff")  # spreadsheets take UTF-8 for what it is only with this mark
            csv.writer(self._out).writerow([_("行号"), _("字段"), _("问题"), _("怎么改")])
        csv.writer(self._out).writerow([error.row, error.field, _tame(error.what), _tame(error.mend)])

    def _open(self) -> IO[str]:
        name = f"{self._source.name}.errors.csv"
        spare = Path(settings.SIDAN_DATA) / "imports"
        try:
            return self._create(self._source.with_name(name))
        except OSError:  # a folder that may only be read
            spare.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._create(spare / name)

    def _create(self, path: Path) -> IO[str]:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        self._path = path
        return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _tame(text: str) -> str:
    """A spreadsheet takes a text that begins like a formula for one."""
    return f"'{text}" if text.startswith(_FORMULA) else text
