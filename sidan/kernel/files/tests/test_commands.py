"""Keeping, reading, removing and sweeping photos, with the disk and the rows."""

import io
import os
import stat
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from PIL import Image

from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.files import commands, errors, pictures, queries, storage
from sidan.kernel.files.models import Photo
from sidan.kernel.files.tests import samples
from sidan.kernel.org.act import Act, Via
from sidan.kernel.org.models import Person

pytestmark = pytest.mark.django_db

OWNER = "orders.order:8K3M2Q7P"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.SIDAN_DATA = tmp_path
    return tmp_path / "photos"


@pytest.fixture
def act() -> Act:
    person = Person.objects.create(kind=Person.Kind.STAFF, handle="photographer", name="王工")
    return Act(by=person, at=datetime.now(UTC), via=Via.PAGE)


def upload(data: bytes | None = None, name: str = "李奶奶家门口.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, samples.picture(gps=True) if data is None else data, "image/jpeg")


def keep(act: Act) -> Photo:
    return commands.keep(upload(), owner=OWNER, purpose="before", act=act)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def later(act: Act) -> datetime:
    return act.at + timedelta(hours=2)


class Killed(BaseException):
    """The process ends here."""


def test_a_photo_is_kept_re_encoded_and_private(act: Act, folder: Path) -> None:
    photo = keep(act)
    kept = folder / photo.id.hex[:2] / f"{photo.id}.jpg"
    assert files(folder) == [kept]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == stat.S_IMODE(folder.stat().st_mode) == 0o700
    row = Photo.objects.get()
    assert (row.subject, row.purpose, row.kept_by, row.at, row.removed_at) == (OWNER, "before", act.by, act.at, None)
    assert (row.width, row.height, row.bytes) == (640, 480, kept.stat().st_size)
    assert row.sha256 == sha256(kept.read_bytes()).hexdigest()
    with queries.open_photo(row) as stream:
        assert not Image.open(stream).getexif()
    assert queries.photos(OWNER) == [row]


def test_the_name_of_the_file_is_kept_nowhere(act: Act, folder: Path) -> None:
    photo = keep(act)
    assert "李" not in str([*files(folder), *Photo.objects.values().get(pk=photo.pk).values()])


def test_a_drawing_with_a_photo_s_name_is_refused_and_leaves_nothing(act: Act, folder: Path) -> None:
    with pytest.raises(errors.PhotoIsADocument):
        commands.keep(upload(b"<svg onload='alert(1)'/>", "cat.jpg"), owner=OWNER, purpose="before", act=act)
    assert not Photo.objects.exists()
    assert not folder.exists()


def test_an_unknown_purpose_is_refused(act: Act, folder: Path) -> None:
    with pytest.raises(Invalid):
        commands.keep(upload(), owner=OWNER, purpose="fun", act=act)
    assert not folder.exists()


def test_a_picture_made_before_the_transaction_is_kept_in_two_statements(
    act: Act, django_assert_max_num_queries: Any
) -> None:
    picture = pictures.read(upload())
    with django_assert_max_num_queries(2):
        photo = commands.keep(picture, owner=OWNER, purpose="after", act=act)
    assert photo.sha256 == picture.sha256


def test_a_thumbnail_is_made_once_and_lies_beside_the_picture(act: Act, folder: Path) -> None:
    photo = keep(act)
    with queries.open_thumbnail(photo) as first:
        assert Image.open(first).size == (320, 240)
    assert [path.name for path in files(folder)] == [f"{photo.id}.jpg", f"{photo.id}.thumb.jpg"]
    storage.path(photo.id).unlink()  # now only the kept copy can answer
    with queries.open_thumbnail(photo) as second:
        assert Image.open(second).size == (320, 240)


@pytest.mark.django_db(transaction=True)
def test_a_removed_photo_is_gone_for_everybody(act: Act, folder: Path) -> None:
    photo = keep(act)
    queries.open_thumbnail(photo).close()
    commands.remove(photo, act=act)
    assert files(folder) == []
    assert Photo.objects.get().removed_at == act.at
    assert queries.photos(OWNER) == []
    for door in (queries.open_photo, queries.open_thumbnail):
        with pytest.raises(NotFound):
            door(Photo.objects.get())
    with pytest.raises(NotFound):
        commands.remove(photo, act=act)


@pytest.mark.django_db(transaction=True)
def test_a_removal_that_is_rolled_back_removes_nothing(act: Act) -> None:
    photo = keep(act)
    with transaction.atomic():
        commands.remove(photo, act=act)
        transaction.set_rollback(True)
    with queries.open_photo(Photo.objects.get()) as stream:
        assert stream.read(3) == b"\xff\xd8\xff"


def test_killed_between_file_and_row_nothing_is_served_and_the_orphan_is_swept(
    act: Act, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(photo: Photo) -> None:
        raise Killed

    monkeypatch.setattr(commands, "_record", die)
    with pytest.raises(Killed):
        keep(act)
    monkeypatch.undo()
    [orphan] = files(folder)
    assert not Photo.objects.exists()
    size = orphan.stat().st_size
    assert commands.sweep_orphans(at=act.at) == commands.Swept(0, 0)  # it may still be on its way
    assert commands.sweep_orphans(at=later(act)) == commands.Swept(1, size)
    assert files(folder) == []


def test_killed_while_writing_no_half_picture_has_a_name(
    act: Act, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(handle: int) -> None:
        raise Killed

    folder.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        patch.setattr(storage, "_sync_folder", lambda folder: None)
        with pytest.raises(Killed):
            keep(act)
    assert [path.suffix for path in files(folder)] == [".part"]
    assert commands.sweep_orphans(at=later(act)).files == 1
    assert files(folder) == []


def test_a_full_disk_leaves_neither_row_nor_piece(act: Act, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    folder.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        patch.setattr(storage, "_sync_folder", lambda folder: None)
        with pytest.raises(OSError, match="No space"):
            keep(act)
    assert files(folder) == []
    assert not Photo.objects.exists()


def test_a_sweep_leaves_photos_that_have_a_row_and_files_that_are_not_ours(act: Act, folder: Path) -> None:
    photo = keep(act)
    queries.open_thumbnail(photo).close()
    note = storage.path(photo.id).parent / "note.txt"
    note.write_text("the operator's")
    assert commands.sweep_orphans(at=later(act)).files == 0
    assert len(files(folder)) == 3
    Photo.objects.update(removed_at=act.at)  # as after a kill between the commit and the removal of the file
    for door in (queries.open_photo, queries.open_thumbnail):
        with pytest.raises(NotFound):
            door(Photo.objects.get())
    assert commands.sweep_orphans(at=later(act)).files == 2
    assert files(folder) == [note]


def test_a_photo_whose_file_is_lost_is_found_and_refused_in_words(act: Act) -> None:
    photo = keep(act)
    assert queries.lost() == []
    storage.path(photo.id).unlink()
    assert queries.lost() == [photo]
    for door in (queries.open_photo, queries.open_thumbnail):
        with pytest.raises(NotFound, match="缺失"):
            door(photo)


def test_an_upload_that_never_ends_is_read_up_to_the_limit_only() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1, /) -> bytes:
            self.asked = size
            return b"\xff" * size

    source = Endless()
    with pytest.raises(errors.PhotoTooLarge):
        pictures.read(source)
    assert source.asked == pictures.MOST_BYTES + 1


def test_the_table_refuses_a_photo_without_a_size(act: Act) -> None:
    photo = keep(act)
    with pytest.raises(Exception, match="files_photo_has_a_size"), transaction.atomic():
        Photo.objects.filter(pk=photo.pk).update(bytes=0)
    assert connection.is_usable()
