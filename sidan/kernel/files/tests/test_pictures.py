"""What comes out of an upload, and what is refused."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sidan.kernel.base.errors import Refusal
from sidan.kernel.files import errors, pictures
from sidan.kernel.files.tests import samples


def read(data: bytes) -> pictures.Picture:
    return pictures.read(io.BytesIO(data))


def opened(picture: pictures.Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def colours(picture: pictures.Picture) -> list[str]:
    """Of the four corners: upper left, upper right, lower left, lower right."""
    image = opened(picture).convert("RGB")
    right, lower = image.width - 5, image.height - 5
    names = []
    for corner in ((4, 4), (right, 4), (4, lower), (right, lower)):
        pixel = image.getpixel(corner)
        assert isinstance(pixel, tuple)
        names.append("red" if pixel[0] > pixel[2] else "blue")
    return names


def test_position_maker_and_comment_are_gone() -> None:
    upload = samples.picture(gps=True)
    assert samples.GPS_IFD in Image.open(io.BytesIO(upload)).getexif()
    kept = read(upload)
    assert not opened(kept).getexif()
    assert "comment" not in opened(kept).info
    for trace in (b"Exif", b"PhoneMaker", b"taken at home"):
        assert trace in upload
        assert trace not in kept.data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_four_formats_become_jpeg(kind: str) -> None:
    kept = read(samples.picture(kind))
    assert opened(kept).format == "JPEG"
    assert (kept.width, kept.height) == opened(kept).size == (640, 480)
    assert colours(kept) == ["red", "blue", "red", "blue"]


def test_a_page_behind_a_picture_is_cut_off() -> None:
    tail = b"<html><script>alert(1)</script></html>"
    kept = read(samples.picture() + tail)
    assert b"script" not in kept.data
    assert kept.data.endswith(b"\xff\xd9")


@pytest.mark.parametrize(
    ("orientation", "size", "corners"),
    [
        (1, (640, 480), ["red", "blue", "red", "blue"]),
        (2, (640, 480), ["blue", "red", "blue", "red"]),
        (3, (640, 480), ["blue", "red", "blue", "red"]),
        (4, (640, 480), ["red", "blue", "red", "blue"]),
        (5, (480, 640), ["red", "red", "blue", "blue"]),
        (6, (480, 640), ["red", "red", "blue", "blue"]),
        (7, (480, 640), ["blue", "blue", "red", "red"]),
        (8, (480, 640), ["blue", "blue", "red", "red"]),
    ],
)
def test_a_picture_stands_upright(orientation: int, size: tuple[int, int], corners: list[str]) -> None:
    kept = read(samples.picture(orientation=orientation))
    assert (kept.width, kept.height) == size
    assert colours(kept) == corners


def test_a_large_picture_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    assert (read(samples.picture(size=(4000, 3000))).width, read(samples.picture(size=(4000, 3000))).height) == (
        1600,
        1200,
    )
    assert read(samples.picture(size=(3000, 4000), orientation=6)).width == 1600
    assert read(samples.picture(size=(20, 10))).width == 20


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(read(out.getvalue())).getpixel((20, 20)) == (255, 255, 255)


def test_sixteen_bits_a_pixel_are_scaled_and_not_clipped() -> None:
    out = io.BytesIO()
    Image.new("I;16", (40, 40), 0x4000).save(out, "PNG")
    pixel = opened(read(out.getvalue())).getpixel((20, 20))
    assert isinstance(pixel, tuple)
    assert 60 <= pixel[0] <= 68


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA"])
def test_every_mode_of_png_is_read(mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("RGBA", (40, 40), (200, 10, 10, 255))
    (image.convert(mode) if mode != "PA" else image.convert("P")).save(out, "PNG")
    assert read(out.getvalue()).width == 40


def test_four_inks_of_a_print_shop_are_read() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (40, 40), (0, 255, 255, 0)).save(out, "JPEG")
    pixel = opened(read(out.getvalue())).getpixel((20, 20))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > 60 > pixel[2]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", errors.PhotoEmpty),
        (b"hello", errors.NotAPhoto),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", errors.PhotoIsADocument),
        (b"\xef\xbb\xbf <?xml version='1.0'?><svg/>", errors.PhotoIsADocument),
        (b"<!DOCTYPE html><html></html>", errors.PhotoIsADocument),
        (b"%PDF-1.7\n", errors.PhotoIsADocument),
        (b"MZ\x90\x00", errors.NotAPhoto),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", errors.PhotoIsHeic),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heic", errors.PhotoIsHeic),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", errors.NotAPhoto),  # a film
        (samples.svg_polyglot(), errors.PhotoTruncated),
        (b"\x89PNG<svg onload=alert(1)>", errors.PhotoTruncated),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", errors.NotAPhoto),
        (b"II*\x00\x08\x00\x00\x00", errors.NotAPhoto),  # TIFF: readable, and not wanted
        (samples.picture()[:700], errors.PhotoTruncated),
        (samples.picture()[:20], errors.PhotoTruncated),
        (samples.picture("PNG")[:-300], errors.PhotoTruncated),
        (samples.picture("WEBP")[:-100], errors.PhotoTruncated),
        (b"\xff\xd8\xff", errors.PhotoTruncated),
        (b"\xff\xd8\xff" + b"\x00" * pictures.MOST_BYTES, errors.PhotoTooLarge),
        (samples.scans(pictures.MOST_SCANS), errors.PhotoTruncated),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else repr(value[:12]),
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        read(data)
    assert "请" in str(refused.value)


def test_many_scans_below_the_limit_are_read() -> None:
    assert read(samples.scans(20)).width == 64


@pytest.mark.parametrize("size", [(20_000, 20_000), (6_000, 5_000), (24_000_001, 1)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    bomb = samples.png(*size)
    assert len(bomb) < 200_000
    start = time.process_time()
    with pytest.raises(errors.PhotoTooManyPixels):
        read(bomb)
    assert time.process_time() - start < 0.1


@pytest.mark.filterwarnings("ignore")
def test_the_limit_holds_where_somebody_silences_warnings() -> None:
    with pytest.raises(errors.PhotoTooManyPixels):
        read(samples.png(6_000, 5_000))


def test_a_webp_of_too_many_pixels_is_refused() -> None:
    with pytest.raises(Refusal):
        read(samples.webp_header(16_000, 16_000))


def test_of_ten_thousand_frames_only_the_first_is_decoded() -> None:
    upload = samples.gif(10_000)
    assert upload.count(b"\x21\xf9\x04") == 10_000
    start = time.process_time()
    kept = read(upload)
    assert time.process_time() - start < 0.2
    assert colours(kept)[0] == "red"


def test_an_unreadable_orientation_does_not_cost_the_picture() -> None:
    upload = samples.picture(orientation=6)
    broken = upload.replace(b"\x12\x01\x03\x00", b"\x12\x01\xff\x00").replace(b"\x01\x12\x00\x03", b"\x01\x12\x00\xff")
    assert broken != upload
    assert read(broken).width == 640


def test_a_thumbnail_is_small() -> None:
    small = Image.open(io.BytesIO(pictures.shrink(read(samples.picture()).data)))
    assert small.size == (320, 240)


@given(st.data())
def test_damage_anywhere_gives_a_picture_or_a_refusal(data: st.DataObject) -> None:
    raw = bytearray(samples.picture(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"])), (32, 24)))
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
        raw[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    try:
        kept = read(bytes(raw[:cut] if data.draw(st.booleans()) else raw))
    except Refusal:
        return
    assert opened(kept).format == "JPEG"
