"""Simple pictures before and after, drawn: a street lamp, rubbish, a pothole, a pipe."""

import io
import random
from functools import cache

from PIL import Image, ImageDraw

from sidan.kernel.files import pictures

SIZE = (800, 600)
SCENES = ("lamp", "rubbish", "road", "pipe")


@cache
def picture(scene: str, mended: bool) -> pictures.Picture:
    """One scene, broken or mended, in the form in which the house keeps photos."""
    image = Image.new("RGB", SIZE, "#c9d6e2" if mended else "#9aa3ab")
    draw = ImageDraw.Draw(image)
    rng = random.Random(f"{scene}{mended}")
    draw.rectangle((0, 380, 800, 600), fill="#8c8f86")
    for left in range(0, 800, 200):  # houses
        shade = 150 + rng.randrange(50)
        draw.rectangle((left + 12, 90 + rng.randrange(70), left + 185, 380), fill=(shade, shade - 12, shade - 30))
        for row in range(3):
            for column in range(3):
                x, y = left + 35 + column * 50, 190 + row * 60
                draw.rectangle((x, y, x + 28, y + 36), fill="#5b6b78")
    _SCENES[scene](draw, mended, rng)
    out = io.BytesIO()
    image.save(out, "PNG")
    out.seek(0)
    return pictures.read(out)


def _lamp(draw: ImageDraw.ImageDraw, mended: bool, rng: random.Random) -> None:
    draw.rectangle((396, 120, 408, 470), fill="#3b3f42")
    if mended:
        draw.polygon([(402, 130), (250, 470), (554, 470)], fill="#f3e3a2")
    draw.ellipse((372, 96, 432, 148), fill="#ffe45c" if mended else "#4b4b4b")


def _rubbish(draw: ImageDraw.ImageDraw, mended: bool, rng: random.Random) -> None:
    draw.rectangle((560, 380, 660, 520), fill="#2f7d4f")
    for _ in range(0 if mended else 40):
        x, y = rng.randrange(250, 700), rng.randrange(450, 560)
        draw.ellipse((x, y, x + 50, y + 34), fill=rng.choice(["#333333", "#5d4a36", "#d8d2c4", "#79452c"]))


def _road(draw: ImageDraw.ImageDraw, mended: bool, rng: random.Random) -> None:
    draw.rectangle((0, 420, 800, 600), fill="#55585a")
    for left in range(20, 800, 160):
        draw.rectangle((left, 505, left + 90, 515), fill="#e8e8e0")
    draw.ellipse((300, 450, 520, 560), fill="#4a4d4f" if mended else "#241f1a")


def _pipe(draw: ImageDraw.ImageDraw, mended: bool, rng: random.Random) -> None:
    draw.rectangle((0, 400, 800, 440), fill="#7c8790")
    if mended:
        draw.rectangle((380, 390, 440, 450), fill="#c0392b")
        return
    for _ in range(60):
        x = 400 + rng.randrange(-60, 60)
        draw.line((410, 430, x, 430 + rng.randrange(20, 120)), fill="#4f9fd6", width=4)


_SCENES = {"lamp": _lamp, "rubbish": _rubbish, "road": _road, "pipe": _pipe}
