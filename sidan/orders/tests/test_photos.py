"""Photos on their way through the house: where one was taken never leaves it, and each door asks the order's permission."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from sidan.kernel.base import tx
from sidan.kernel.files import commands as files
from sidan.kernel.files import storage
from sidan.kernel.files.models import Photo
from sidan.kernel.files.tests import samples
from sidan.orders import keys
from sidan.orders.tests import make
from sidan.orders.tests.desk import door
from sidan.orders.words import S

pytestmark = pytest.mark.django_db
TRACES = (b"Exif", b"PhoneMaker", b"taken at home", b"GPS")


@pytest.fixture
def order(settings: Any, tmp_path: Path) -> Any:
    settings.SIDAN_DATA = tmp_path
    make.county(logins=True)
    return make.order_in(S.ACCEPTED)


def reader(order: Any) -> Client:
    client = Client()
    client.get(f"/t/{keys.link(order.number)}/")
    return client


def show(order: Any, data: bytes, name: str = "IMG_王阿姨家.jpg") -> Any:
    client = reader(order)
    page = client.get("/track/order/").content.decode()
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    photo = SimpleUploadedFile(name, data, content_type="image/jpeg")
    return client.post("/track/order/photo/", {"form_token": token, "photos": photo})


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def doors_of(order: Any, photo: Photo) -> list[tuple[Client, str]]:
    """Every address at which a photo is answered, with somebody who may see it."""
    resident, staff = reader(order), door("community")
    return [
        (resident, f"/track/photo/{photo.pk}/"),
        (resident, f"/track/photo/{photo.pk}/small/"),
        (staff, f"/desk/orders/{order.number}/photos/{photo.pk}/"),
        (staff, f"/desk/orders/{order.number}/photos/{photo.pk}/small/"),
    ]


def test_where_a_photo_was_taken_leaves_by_no_door(order: Any) -> None:
    upload = samples.picture(gps=True, size=(1200, 900))
    assert all(trace in upload for trace in TRACES[:3])
    assert show(order, upload).status_code == 303
    photo = Photo.objects.get()
    for client, address in doors_of(order, photo):
        answer = client.get(address)
        data = body(answer)
        assert answer.status_code == 200, address
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert not Image.open(io.BytesIO(data)).getexif()
        for trace in TRACES:
            assert trace not in data, address
        assert "IMG_" not in str(answer.headers)


def test_nothing_of_the_upload_is_left_on_the_disk(order: Any, tmp_path: Path) -> None:
    show(order, samples.picture(gps=True))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"PhoneMaker" not in path.read_bytes(), path
            assert "王阿姨" not in path.name


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "不能当照片上传"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "不能当照片上传"),
        (b"%PDF-1.7\n", "不能当照片上传"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (samples.svg_polyglot(), "不完整或已损坏"),
        (samples.png(30_000, 30_000), "像素太高"),
        (b"MZ\x90\x00", "不是能识别的照片"),
    ],
    ids=["svg", "html", "pdf", "heic", "polyglot", "bomb", "program"],
)
def test_what_is_no_photo_is_refused_with_a_sentence_and_leaves_nothing(
    order: Any, tmp_path: Path, data: bytes, says: str
) -> None:
    answer = show(order, data, "photo.jpg")
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Photo.objects.exists()
    assert [path for path in storage.root().rglob("*") if path.is_file()] == []


def test_a_page_hidden_behind_a_picture_is_not_served(order: Any) -> None:
    show(order, samples.picture() + b"<html><script>alert(1)</script></html>")
    photo = Photo.objects.get()
    for client, address in doors_of(order, photo):
        assert b"script" not in body(client.get(address))


def test_a_thumbnail_is_made_once_and_costs_no_bytes_the_second_time(
    order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(order, samples.picture(size=(1600, 1200)))
    photo = Photo.objects.get()
    client = reader(order)
    address = f"/track/photo/{photo.pk}/small/"
    first = client.get(address)
    small = body(first)
    assert max(Image.open(io.BytesIO(small)).size) == 320
    assert len(small) < 30_000
    assert first["Cache-Control"] == "private, no-cache"
    monkeypatch.setattr("sidan.kernel.files.pictures.shrink", lambda data: pytest.fail("made again"))
    assert body(client.get(address)) == small
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    whole = client.get(f"/track/photo/{photo.pk}/", headers={"if-none-match": first["ETag"]})
    assert (whole.status_code, len(body(whole)) > len(small)) == (200, True), (
        "the thumbnail's mark is not the picture's"
    )


def test_a_browser_that_kept_a_photo_is_told_when_it_may_not_show_it_any_more(order: Any) -> None:
    show(order, samples.picture())
    photo = Photo.objects.get()
    client, address = reader(order), f"/track/photo/{photo.pk}/"
    first = client.get(address)
    assert body(first)
    etag = first["ETag"]
    client.post("/track/leave/")
    assert client.get(address, headers={"if-none-match": etag}).status_code == 404
    with tx.writing():
        files.remove(photo, act=make.act("community"))
    for other, where in doors_of(order, photo):
        assert other.get(where, headers={"if-none-match": etag}).status_code == 404


def test_another_order_and_another_street_do_not_see_it(order: Any) -> None:
    show(order, samples.picture())
    photo = Photo.objects.get()
    stranger = reader(make.order_in(S.ACCEPTED))
    assert stranger.get(f"/track/photo/{photo.pk}/").status_code == 404
    assert Client().get(f"/track/photo/{photo.pk}/").status_code == 404
    assert Client().get(f"/desk/orders/{order.number}/photos/{photo.pk}/").status_code in (302, 303)
    assert door("community3").get(f"/desk/orders/{order.number}/photos/{photo.pk}/").status_code == 404
