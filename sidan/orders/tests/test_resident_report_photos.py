"""Photos of an order that is being written: kept, told apart, taken away again, never in the way of sending."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from sidan.kernel.files.models import Photo
from sidan.orders.models import Order
from sidan.orders.tests import make
from sidan.orders.tests import resident as by
from sidan.orders.views import resident_photos as photos

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _county() -> None:
    make.county()
    shutil.rmtree(photos.folder(), ignore_errors=True)


def upload(name: str = "a.jpg", data: bytes | None = None, number: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, by.jpeg(number) if data is None else data, "image/jpeg")


def files_of_drafts() -> list[Path]:
    return [path for path in photos.folder().rglob("*") if path.is_file()]


def test_photos_travel_with_the_order_and_are_journalled(client: Client) -> None:
    order = by.send(client, photos=[upload(), upload(number=1), upload(number=1)])
    kept = Photo.objects.filter(subject=order.subject())
    assert [one.purpose for one in kept] == ["before", "before"]
    assert {one.kept_by_id for one in kept} == {order.asked_by_id}
    assert order.version == 3
    assert files_of_drafts() == []
    page = by.text(client.get("/track/order/"))
    for one in kept:
        status, data = by.fetch(client, f"/track/photo/{one.pk}/")
        assert (status, data[:3], b"PhoneMaker" in data) == (200, b"\xff\xd8\xff", False)
        assert f"/track/photo/{one.pk}/small/" in page


def test_a_photo_that_cannot_be_read_never_blocks_sending(client: Client) -> None:
    client.post("/report/", by.WHAT)
    client.post("/report/where/", by.WHERE)
    answer = client.post("/report/more/", {**by.MORE, "photos": [upload(), upload("b.jpg", b"<svg></svg>")]})
    assert answer.status_code == 422
    assert 'href="#f-photos"' in by.text(answer)
    assert "13800001234" in by.text(answer)
    assert client.post("/report/more/", by.MORE).status_code == 303
    client.post("/report/check/", {"form_token": by.token(client.get("/report/check/"))})
    assert Photo.objects.filter(subject=Order.objects.get().subject()).count() == 1


def test_more_than_three_photos_are_told_and_three_kept(client: Client) -> None:
    client.post("/report/", by.WHAT)
    answer = client.post("/report/more/", {**by.MORE, "photos": [upload(number=one) for one in range(4)]})
    assert answer.status_code == 422
    assert by.text(answer).count('name="remove"') == 3


def test_a_full_disk_keeps_the_words_and_says_which_photos_are_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = by.fill(client, photos=[upload()])

    def full(*_args: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sidan.kernel.files.storage.put", full)
    assert client.post("/report/check/", {"form_token": token}).status_code == 303
    assert Order.objects.get().version == 1
    assert "有 1 张照片没有存上" in by.said(client.get("/receipt/"))


def test_a_photo_is_removed_before_sending_and_seen_by_nobody_else(client: Client) -> None:
    by.fill(client, photos=[upload()])
    name = files_of_drafts()[0].name.split(".")[0]
    assert by.fetch(client, f"/report/photo/{name}/")[0] == 200
    assert by.fetch(Client(), f"/report/photo/{name}/")[0] == 404
    answer = client.post("/report/more/", {**by.MORE, "remove": name})
    assert answer.status_code == 200
    assert by.fetch(client, f"/report/photo/{name}/")[0] == 404
    assert files_of_drafts() == []


def test_photos_of_drafts_are_swept_after_a_week(client: Client) -> None:
    token = by.fill(client, photos=[upload()])
    assert photos.sweep(timezone.now() + timedelta(days=6, hours=23)) == 0
    assert photos.sweep(timezone.now() + timedelta(days=7, minutes=1)) == 1
    assert files_of_drafts() == []
    assert client.post("/report/check/", {"form_token": token}).status_code == 303
    assert Photo.objects.count() == 0


def test_a_photo_comes_while_one_writes_and_again_is_the_same_one(client: Client) -> None:
    assert client.post("/report/photos/", {"photo": upload()}).status_code == 404  # no draft, no photo
    by.fill(client)
    sent = [client.post("/report/photos/", {"photo": upload()}) for _again in range(2)]
    assert [one.status_code for one in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert by.fetch(client, f"/report/photo/{sent[0].json()['name']}/")[0] == 200
    client.post("/report/photos/", {"photo": upload(number=1)})
    gone = client.post("/report/photos/", {"photo": upload(number=2)}).json()["name"]
    assert client.post(f"/report/photos/{gone}/removal/").status_code == 204
    assert client.post("/report/check/", {"form_token": by.token(client.get("/report/check/"))}).status_code == 303
    assert Photo.objects.count() == 2


def test_a_photo_that_is_none_or_a_fourth_is_refused_in_words(client: Client) -> None:
    by.fill(client, photos=[upload(number=one) for one in range(3)])
    fourth = client.post("/report/photos/", {"photo": upload(number=3)})
    assert (fourth.status_code, fourth.json()["code"]) == (422, "invalid")
    none = client.post("/report/photos/", {"photo": upload(data=b"<svg></svg>")})
    assert (none.status_code, none.json()["code"]) == (422, "photo_is_a_document")
    assert "拍照" in none.json()["said"]


def test_beginning_anew_forgets_words_and_photos(client: Client) -> None:
    by.fill(client, photos=[upload()])
    assert client.post("/report/clear/")["Location"] == "/report/"
    assert by.TEXT not in by.text(client.get("/report/"))
    assert files_of_drafts() == []


def test_pages_travel_compressed_and_photos_as_they_are(client: Client) -> None:
    asked = {"Accept-Encoding": "gzip"}
    assert client.get("/", headers=asked)["Content-Encoding"] == "gzip"
    by.fill(client, photos=[upload()])
    name = files_of_drafts()[0].name.split(".")[0]
    status, data = by.fetch(client, f"/report/photo/{name}/")
    assert (status, data[:3]) == (200, b"\xff\xd8\xff")
    answer: Any = client.get(f"/report/photo/{name}/", headers=asked)
    assert not answer.has_header("Content-Encoding")
    b"".join(answer.streaming_content)
    for close in answer._resource_closers:
        close()
