"""Uploads as they arrive, good and bad, made byte by byte where no library would make them."""

import io
import struct
import zlib

from PIL import Image

GPS_IFD = 0x8825
ORIENTATION = 0x0112


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), *, orientation: int = 1, gps: bool = False
) -> bytes:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if gps:
        exif[0x010F] = "PhoneMaker-Of-Mrs-Li"
        exif[GPS_IFD] = {1: "N", 2: (30.0, 17.0, 59.0), 3: "E", 4: (108.0, 2.0, 11.0)}
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"comment": b"taken at home"} if kind == "JPEG" else {}))
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A black picture of one bit a pixel: a few kilobytes, however large it says it is."""
    line = b"\x00" * (1 + (width + 7) // 8)
    data = zlib.compress(line * height, 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def gif(frames: int) -> bytes:
    """A red first frame of 8 by 8, then blue ones."""
    out = io.BytesIO()
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    red.save(out, "GIF", save_all=True, append_images=[blue, red], duration=10, optimize=False)
    data = out.getvalue()
    control = b"\x21\xf9\x04"
    second = data.index(control, data.index(control) + 1)
    third = data.index(control, second + 1)
    return data[:second] + data[second:third] * (frames - 1) + b";"


def scans(count: int) -> bytes:
    """A progressive JPEG that repeats one of its refinement scans."""
    out = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def webp_header(width: int, height: int) -> bytes:
    """The beginning of an animated WebP with a large canvas and no picture on it."""
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\x00\x00\x00"
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def svg_polyglot() -> bytes:
    """Begins as a GIF and goes on as a page: some browsers would run it where the type is guessed."""
    return b"GIF89a/*" + b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>*/=1;alert(1)"
