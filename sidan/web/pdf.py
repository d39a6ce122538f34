"""PDF by typst, which the extra `pdf` brings; without it pages are printed by the browser and no button promises more."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import NotFound

# Common Chinese fonts, the better ones first; a system without any would print boxes.
FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC",
    "Microsoft YaHei", "SimHei",
)  # fmt: skip


@cache
def fonts() -> tuple[str, ...]:
    """The Chinese fonts of this machine; empty also where the extra is not installed."""
    if find_spec("typst") is None:
        return ()
    import typst

    found = set(typst.Fonts().families())
    return tuple(name for name in FONTS if name in found)


def available() -> bool:
    """Whether a PDF can be made here."""
    return bool(fonts())


def made(template: Path, data: dict[str, Any]) -> bytes:
    """A document from its template. Cost: some tenths of a second.

    The data go in as JSON that the template reads: a text in it stays a text, whatever it looks like. The template sees no
    file outside its own folder.

    Raises:
        NotFound: the extra, or every Chinese font, is missing.
    """
    if not available():
        raise NotFound(_("这里还不能生成 PDF，请用浏览器打印。"))
    import typst

    inputs = {"data": orjson.dumps({**data, "fonts": fonts()}).decode()}
    document = typst.compile(str(template), root=str(template.parent), sys_inputs=inputs, format="pdf")
    assert isinstance(document, bytes)
    return document


def answer(document: bytes, name: str) -> HttpResponse:
    """A PDF for this reader alone, shown in the browser; `name` is plain ASCII."""
    response = HttpResponse(document, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
