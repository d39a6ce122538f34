"""What a resident keeps or scans, as pictures: the receipt, and the posters of places."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image

from sidan.kernel.org import queries as org
from sidan.orders.models import Order
from sidan.web.drawing import MUTED, Sheet

WIDTH = 720  # of the receipt: sharp on a telephone, and some 30 KB
A6, A4, DPI = (1240, 1748), (2480, 3508), 300


def track_address(order: Order) -> str:
    """The way back to an order; it holds the number and no proof."""
    return f"{settings.SIDAN_URL}/track/?number={order.number}"


def receipt(order: Order, *, code: str, has_it: str, phone: str) -> bytes:
    """The receipt as a PNG.

    Args:
        code: the 6 digits, where there is no telephone.

    Raises:
        NoFont: no Chinese font is on this machine.
    """
    sheet = Sheet(WIDTH, 1800, 48)
    sheet.words(_("四单 · 点单回执"), 34, bold=True, centre=True, gap=16)
    sheet.rule(24)
    sheet.words(_("您的编号"), 28, ink=MUTED, centre=True)
    sheet.words(" ".join((order.number[:4], order.number[4:])), 76, bold=True, centre=True, gap=8)
    if code:
        sheet.words(_("查进度用的 6 位数字"), 28, ink=MUTED, centre=True)
        sheet.words(code, 60, bold=True, centre=True, gap=8)
    else:
        sheet.words(_("查进度用编号和手机号后四位"), 28, ink=MUTED, centre=True, gap=8)
    sheet.rule(24)
    facts = [(_("提交时间"), _moment(order.asked_at))]
    if order.answer_due_at:
        facts.append((_("最晚答复"), _moment(order.answer_due_at)))
    if has_it:
        facts.append((_("现在在谁手里"), has_it))
    if phone:
        facts.append((_("要问人"), phone))
    for label, value in facts:
        sheet.words(label, 26, ink=MUTED)
        sheet.words(value, 36, bold=True, gap=14)
    sheet.code(track_address(order), 300, gap=8)
    sheet.words(_("扫码查这一单"), 26, ink=MUTED, centre=True)
    return _png(sheet.cut())


def _moment(at: datetime) -> str:
    return f"{at.astimezone(org.ZONE):%Y-%m-%d %H:%M}"


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


@dataclass(frozen=True)
class Poster:
    """One poster: the place in words, and the code in its address."""

    place: str
    code: str

    @property
    def address(self) -> str:
        return f"{settings.SIDAN_URL}/p/{self.code}/"

    @property
    def short(self) -> str:
        """The address as somebody types it."""
        return f"{str(settings.SIDAN_URL).partition('://')[2]}/p/{self.code}"


def posters(wanted: Sequence[Poster], phone: str, *, per_page: int = 4) -> bytes:
    """Posters as a PDF of A4 pages, four on each or one.

    Raises:
        NoFont: no Chinese font is on this machine.
    """
    pages = []
    for start in range(0, len(wanted), per_page):
        page = Image.new("L", A4, 255)
        for at, one in enumerate(wanted[start : start + per_page]):
            drawn = _poster(one, phone, A4 if per_page == 1 else A6)
            page.paste(drawn, ((at % 2) * A6[0], (at // 2) * A6[1]))
        pages.append(page.convert("1"))  # black on white prints sharp, and a page is some 60 KB
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()


def _poster(one: Poster, phone: str, size: tuple[int, int]) -> Image.Image:
    unit = size[0] / A6[0]

    def px(length: int) -> int:
        return round(length * unit)

    sheet = Sheet(*size, px(90))
    sheet.frame()
    sheet.words(_("有事，扫码点一单"), px(108), bold=True, centre=True, gap=px(10))
    sheet.words(_("有人接、有人办，办得好不好由您来评"), px(52), centre=True, gap=px(20))
    sheet.code(one.address, px(800), gap=px(20))
    sheet.words(one.place, px(76), bold=True, centre=True, gap=px(20))
    sheet.words(_("扫不了，用浏览器打开："), px(44), centre=True)
    sheet.words(one.short, px(52), bold=True, centre=True, gap=px(20))
    if phone:
        sheet.words(_("打电话也可以点单：") + phone, px(60), bold=True, centre=True)
    return sheet.image
