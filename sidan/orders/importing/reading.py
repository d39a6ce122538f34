"""Opens what people send: CSV (plain or gzip) in UTF-8 or GB18030, and worksheets. Everything is bounded and streamed."""

import codecs
import csv
import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid, TooLarge

FILE_BYTES_MOST = 2 * 1024**3  # unpacked
SHEET_BYTES_MOST = 100 * 1024**2  # all parts of a worksheet file, unpacked
SHEET_PARTS_MOST = 2_000
LINE_CHARS_MOST = 4 * 1024**2
FIELD_CHARS_MOST = 128 * 1024
_BLOCK = 1024**2
_ENCODINGS = ("utf-8", "gb18030")


@dataclass(frozen=True)
class Broken:
    """A record that cannot be read; the rows after it can."""

    first_line: int
    last_line: int
    why: str


Record = tuple[int, list[str] | Broken]


class Source:
    """A file that was looked through and is ready to be read, once. Use as a context.

    Attributes:
        encoding: what the bytes were found to be.
        rows_about: how many records there are, roughly; for the progress.
        digest: SHA-256 of the file as it lies.
    """

    def __init__(self, path: Path, *, delimiter: str = ",", encoding: str = "", sheet: str = "") -> None:
        self.path, self.delimiter, self.encoding, self.sheet = path, delimiter, encoding, sheet
        self.rows_about = 0
        self.digest = b""
        self._stack = ExitStack()

    def __enter__(self) -> "Source":
        try:
            with self.path.open("rb") as raw:
                self.digest = hashlib.file_digest(raw, "sha256").digest()
                raw.seek(0)
                magic = raw.read(8)
            if not magic:
                raise Invalid(fields={"file": _("文件是空的。")})
            if magic.startswith(b"PK\x03\x04"):
                _check_zip(self.path)
                self._bytes = self._worksheet()
            elif magic == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
                if self.path.stat().st_size > SHEET_BYTES_MOST:
                    raise _too_large(SHEET_BYTES_MOST)
                self._bytes = self._worksheet()
            else:
                self._gzip = magic.startswith(b"\x1f\x8b")
                self._look_through()
                self._bytes = self._open()
        except OSError as error:
            self._stack.close()
            raise Invalid(fields={"file": _("打不开文件：%(why)s") % {"why": error}}) from error
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def records(self) -> Iterator[Record]:
        """Numbered records, the header being 1; empty ones are left out."""
        csv.field_size_limit(FIELD_CHARS_MOST)
        text = self._stack.enter_context(io.TextIOWrapper(self._bytes, encoding=self.encoding, newline=""))
        reader = csv.reader(_lines(text), delimiter=self.delimiter, strict=True)
        number = 0
        while True:
            number += 1
            before = reader.line_num
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, Broken(before + 1, reader.line_num, str(error))
                continue
            if row:
                if number == 1:
                    row[0] = row[0].removeprefix("\ufeff")
                yield number, row

    def _open(self) -> IO[bytes]:
        if self._gzip:
            return cast(IO[bytes], self._stack.enter_context(gzip.open(self.path, "rb")))
        return self._stack.enter_context(self.path.open("rb"))

    def _look_through(self) -> None:
        """Read it all once: is every byte text, in which encoding, and how much is it?"""
        tried = (self.encoding,) if self.encoding else _ENCODINGS
        wrong: list[str] = []
        for encoding in tried:
            at = self._first_bad_byte(encoding)
            if at is None:
                self.encoding = encoding
                return
            wrong.append(_("%(encoding)s 读到第 %(at)d 个字节（0x%(byte)02X）时不通") % {
                "encoding": encoding.upper(), "at": at[0] + 1, "byte": at[1],
            })  # fmt: skip
        text = _("文件的编码认不出来：%(wrong)s。请另存为 UTF-8 的 CSV。") % {"wrong": "；".join(wrong)}
        raise Invalid(fields={"file": text})

    def _first_bad_byte(self, encoding: str) -> tuple[int, int] | None:
        decoder = codecs.getincrementaldecoder(encoding)()
        done = lines = 0
        try:
            with self._open() as raw:
                while block := raw.read(_BLOCK):
                    held = len(decoder.getstate()[0])
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError as error:
                        return done - held + error.start, error.object[error.start]
                    done += len(block)
                    lines += max(block.count(b"\n"), block.count(b"\r"))
                    if done > FILE_BYTES_MOST:
                        raise _too_large(FILE_BYTES_MOST)
                try:
                    decoder.decode(b"", final=True)
                except UnicodeDecodeError as error:
                    return done - len(error.object) + error.start, error.object[error.start]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Invalid(fields={"file": _("压缩文件不完整或已损坏，请重新取得。")}) from error
        self.rows_about = lines
        return None

    def _worksheet(self) -> IO[bytes]:
        """The sheet as CSV, from a reader with little memory."""
        self.encoding, self.delimiter = "utf-8", ","
        out = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack is the context
        script = str(Path(__file__).with_name("sheets.py"))
        try:
            done = subprocess.run(
                [sys.executable, "-I", script, str(self.path), self.sheet],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, timeout=300, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _too_large(SHEET_BYTES_MOST) from error
        said = done.stderr.decode(errors="replace").strip()
        if done.returncode == 3:
            raise Invalid(
                fields={"file.sheet": _("没有名为“%(name)s”的工作表；有：%(all)s") % {"name": self.sheet, "all": said}}
            )
        if done.returncode == 4:
            last = said.splitlines()[-1] if said else ""
            raise Invalid(fields={"file": _("表格打不开：%(why)s。请另存为 CSV 再导入。") % {"why": last[:200]}})
        if done.returncode != 0:
            raise _too_large(SHEET_BYTES_MOST)
        first = said.splitlines()[0] if said else "0"
        self.rows_about = int(first) if first.isdigit() else 0
        out.seek(0)
        return out


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LINE_CHARS_MOST):
        if len(line) >= LINE_CHARS_MOST:
            raise Invalid(fields={"file": _("有一行超过四百万个字，这不像表格。请检查文件和分隔符。")})
        yield line


def _check_zip(path: Path) -> None:
    """Unpack every part in thought: count what really comes out, and refuse XML that declares anything.

    Raises:
        TooLarge: more comes out than a worksheet may hold; the sizes in the directory are not believed.
        Invalid: it is no worksheet, or its XML declares entities.
    """
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > SHEET_PARTS_MOST or sum(part.file_size for part in parts) > SHEET_BYTES_MOST:
                raise _too_large(SHEET_BYTES_MOST)
            if "xl/workbook.xml" not in archive.NameToInfo and "xl/workbook.bin" not in archive.NameToInfo:
                raise Invalid(fields={"file": _("这是压缩包，不是工作表。请导入里面的 CSV 或 xlsx。")})
            for part in parts:
                # The reader of a part stops at the size that the directory claims; the bytes themselves are asked instead.
                part.file_size = SHEET_BYTES_MOST + 1
                total += _part(archive, part, SHEET_BYTES_MOST - total)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Invalid(fields={"file": _("表格打不开（损坏或加了密码）。请另存为 CSV 再导入。")}) from error


def _part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> int:
    markup = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    size, tail = 0, b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > room:
                raise _too_large(SHEET_BYTES_MOST)
            if markup:
                seen = tail + block
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or seen.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise Invalid(fields={"file": _("表格里的 XML 带有实体声明，不予读取。请另存为 CSV 再导入。")})
                tail = block[-16:]
    return size


def _too_large(most: int) -> TooLarge:
    return TooLarge(_("表格太大：展开后超过 %(mb)d MB 或所需内存过多。请另存为 CSV 再导入。") % {"mb": most // 1024**2})
