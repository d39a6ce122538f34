"""Sheets drawn as pictures: words in a Chinese font of this machine, and codes to scan. No database.

Fonts are not shipped. A county puts its own into `fonts/` of the data folder; else the system's are looked through.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import segno
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageDraw, ImageFont

from sidan.kernel.base.errors import Unavailable

SYSTEM = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "/Library/Fonts", "/System/Library/Fonts",
    "C:/Windows/Fonts",
)  # fmt: skip
# Faces that have simplified Chinese, the light ones first: they are read once for each picture.
FACES = (
    "wqy-microhei", "wqy-zenhei", "notosanssc", "notosanscjk", "sourcehansans", "harmonyos_sans_sc", "pingfang", "msyh",
    "droidsansfallback", "simhei",
)  # fmt: skip
KINDS = (".ttf", ".ttc", ".otf")
INK, MUTED, LINE, PAPER = 0, 90, 190, 255


class NoFont(Unavailable):
    """No font with Chinese letters is on this machine."""

    code, text = (
        "no_font",
        _("这台服务器上没有中文字体，画不了图片。请安装文泉驿微米黑等字体，或把字体文件放进数据文件夹的 fonts 里。"),
    )


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in KINDS)


@lru_cache(maxsize=1)
def face() -> Path | None:
    """The font's file: the county's own, else the first known one of the system. Looked for once."""
    own = next(_files(Path(settings.SIDAN_DATA) / "fonts"), None)
    if own is not None:
        return own
    found = {
        path.name.lower().replace("-regular", ""): path
        for folder in SYSTEM
        for path in _files(Path(folder).expanduser())
    }
    for name in FACES:
        fits = sorted(
            known
            for known in found
            if known.startswith(name) and not any(w in known for w in ("bold", "light", "thin"))
        )
        if fits:
            return found[fits[0]]
    return None


@lru_cache(maxsize=32)
def font(size: int) -> ImageFont.FreeTypeFont:
    """The font in a size.

    Raises:
        NoFont: there is none.
    """
    path = face()
    if path is None:
        raise NoFont
    return ImageFont.truetype(str(path), size)


class Sheet:
    """A sheet filled from the top: each thing stands below the one before it. Lengths are pixels."""

    def __init__(self, width: int, height: int, margin: int) -> None:
        self.image = Image.new("L", (width, height), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.margin, self.at = margin, margin

    def words(
        self, text: str, size: int, *, ink: int = INK, centre: bool = False, bold: bool = False, gap: int = 0
    ) -> None:
        """A text, broken where the line is full; `gap` is left below it."""
        face_ = font(size)
        for line in self._lines(text, face_):
            left = float(self.margin)
            if centre:
                left = (self.image.width - face_.getlength(line)) / 2
            self.draw.text((left, self.at), line, fill=ink, font=face_, stroke_width=max(1, size // 40) if bold else 0)
            self.at += round(size * 1.4)
        self.at += gap

    def _lines(self, text: str, face_: ImageFont.FreeTypeFont) -> list[str]:
        room, lines = self.image.width - 2 * self.margin, []
        for part in text.split("\n"):
            line = ""
            for char in part:
                if line and face_.getlength(line + char) > room:
                    lines.append(line)
                    line = ""
                line += char
            lines.append(line)
        return lines

    def rule(self, gap: int = 0) -> None:
        """A thin line."""
        self.draw.line((self.margin, self.at, self.image.width - self.margin, self.at), fill=LINE, width=2)
        self.at += gap

    def code(self, text: str, side: int, gap: int = 0) -> None:
        """A QR code in the middle, at most `side` wide; its points are whole pixels, so that it scans."""
        made = segno.make(text, error="m", micro=False)
        point = max(1, side // made.symbol_size(border=2)[0])
        rows = [bytes(PAPER if not dark else INK for dark in row) for row in made.matrix_iter(scale=point, border=2)]
        drawn = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
        self.image.paste(drawn, ((self.image.width - drawn.width) // 2, self.at))
        self.at += drawn.height + gap

    def frame(self) -> None:
        """A line round the sheet, to cut along."""
        self.draw.rectangle((8, 8, self.image.width - 9, self.image.height - 9), outline=LINE, width=3)

    def cut(self) -> Image.Image:
        """The sheet down to what was drawn last."""
        return self.image.crop((0, 0, self.image.width, min(self.at + self.margin, self.image.height)))
