"""Turn what somebody uploaded into a plain JPEG of our own making, or refuse it. No database, no disk.

Nothing of the upload survives but its pixels: no EXIF, no position, no comment, no profile, no trailing bytes.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from PIL import Image, UnidentifiedImageError
from PIL.Image import DecompressionBombError, DecompressionBombWarning, Resampling, Transpose

from sidan.kernel.files.errors import (
    NotAPhoto,
    PhotoEmpty,
    PhotoIsADocument,
    PhotoIsHeic,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTruncated,
)

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 24_000_000
SIDE = 1600
THUMB_SIDE = 320
QUALITY = 82
# A progressive JPEG repeats its picture in scans, and each costs a pass over all pixels. Cameras write about ten.
MOST_SCANS = 100

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAGICS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
DOCUMENTS = (b"%pdf", b"<svg", b"<html", b"<!doctype", b"<?xml", b"<script")
ORIENTATION = 0x0112
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
# What Pillow raises, or warns of, on damaged bytes; they have no common ancestor.
DAMAGED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, IndexError, KeyError),
    *(struct.error, zlib.error, UserWarning),
)

# For the whole process, before anything is decoded: Pillow warns above this number and refuses above its double.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", DecompressionBombWarning)


class Upload(Protocol):
    """Anything that is read like a file; a request's uploaded file is one."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of our own making."""

    data: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


def read(upload: Upload) -> Picture:
    """Re-encode an upload: upright, at most 1600 pixels a side, JPEG without metadata. Cost: up to half a second.

    Of an animation the first frame is taken.

    Raises:
        PhotoTooLarge, PhotoEmpty, PhotoIsHeic, PhotoIsADocument, NotAPhoto, PhotoTooManyPixels, PhotoTruncated.
    """
    raw = upload.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise PhotoTooLarge(limit_bytes=MOST_BYTES)
    if not raw:
        raise PhotoEmpty
    if not raw.startswith(MAGICS):
        if raw[4:8] == b"ftyp" and raw[8:12] in BRANDS:
            raise PhotoIsHeic
        head = raw[:1024].lower()
        raise PhotoIsADocument if any(mark in head for mark in DOCUMENTS) else NotAPhoto
    return _encode(_decode(raw, SIDE))


def known(data: bytes) -> Picture:
    """A picture that `read` made, with its size again."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return Picture(data, image.width, image.height)


def shrink(data: bytes) -> bytes:
    """The thumbnail of a picture that `read` made: at most 320 pixels a side."""
    return _encode(_decode(data, THUMB_SIDE)).data


def _decode(raw: bytes, side: int) -> Image.Image:
    """The first frame, upright, within a square of `side`, as RGB on white and with nothing attached."""
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise PhotoTooManyPixels(limit_pixels=MOST_PIXELS)
            if image.format in ("JPEG", "MPO") and raw.count(b"\xff\xda") > MOST_SCANS:
                raise PhotoTruncated
            image.draft("RGB", (side, side))  # JPEG only: decodes at a half or a quarter where that is enough
            image.load()
            turn = TURNS.get(_orientation(image))
            plain = _plain(image)
            plain.thumbnail((side, side), Resampling.LANCZOS, reducing_gap=3.0)
            return _on_white(plain if turn is None else plain.transpose(turn))
    except (DecompressionBombError, DecompressionBombWarning):
        raise PhotoTooManyPixels(limit_pixels=MOST_PIXELS) from None
    except UnidentifiedImageError:
        # RIFF also begins sounds and films; the other three beginnings are pictures' alone.
        raise (NotAPhoto if raw.startswith(b"RIFF") and raw[8:12] != b"WEBP" else PhotoTruncated) from None
    except DAMAGED:
        raise PhotoTruncated from None


def _orientation(image: Image.Image) -> int:
    """How the camera was held; 1 (upright) where the picture does not say or says it unreadably."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except DAMAGED:
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """The same picture in a mode that can be resized well: RGB, or RGBA where something is transparent."""
    if image.mode.startswith("I"):  # 16 bits a pixel: conversion would clip instead of scaling
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """A fresh picture: `save` would write an old one's comment and profile again."""
    fresh = Image.new("RGB", image.size, "white")
    fresh.paste(image, mask=image if image.mode == "RGBA" else None)
    return fresh


def _encode(image: Image.Image) -> Picture:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return Picture(out.getvalue(), image.width, image.height)
