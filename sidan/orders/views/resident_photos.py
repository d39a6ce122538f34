"""Photos of residents: those of a draft lie in a folder of their own until it is sent; an order's are served to its reader."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sidan.kernel.base.errors import NotFound, Refusal
from sidan.kernel.files import commands as files
from sidan.kernel.files import pictures, storage
from sidan.kernel.files import queries as kept
from sidan.kernel.files.models import Photo, Purpose
from sidan.kernel.files.pictures import Picture
from sidan.kernel.org.act import Act
from sidan.orders.commands import handling
from sidan.orders.models import Order
from sidan.orders.queries import reading
from sidan.orders.views import resident_draft as drafts
from sidan.orders.views import resident_track as track

MOST = 3  # photos of one form
MOST_OF_ORDER = 12
DRAFT_KEPT = timedelta(days=1)
_FILE = re.compile(r"[0-9a-f-]{36}(\.small)?\.jpg")


def folder() -> Path:
    """Where pictures of drafts lie; readable by the service's user alone."""
    return Path(settings.SIDAN_DATA) / "drafts"


def read(uploads: Iterable[pictures.Upload], room: int) -> tuple[list[Picture], list[str]]:
    """The pictures of a form, and what to say of those that cannot be taken. Up to half a second for each.

    Args:
        room: how many more may come.
    """
    found: list[Picture] = []
    wrong: list[str] = []
    for upload in uploads:
        if len(found) >= room:
            wrong.append(_("照片最多 %(n)d 张，多出来的没有收下。") % {"n": MOST})
            break
        try:
            found.append(pictures.read(upload))
        except Refusal as refusal:
            wrong.append(str(refusal))
    return found, list(dict.fromkeys(wrong))


def keep_for_draft(found: Iterable[Picture], now: datetime) -> list[tuple[str, int, int]]:
    """Write pictures of a draft; what older drafts left is swept."""
    sweep(now)
    made = []
    for picture in found:
        name = str(uuid4())
        storage.put(folder() / f"{name}.jpg", picture.data)
        storage.put(folder() / f"{name}.small.jpg", pictures.shrink(picture.data))
        made.append((name, picture.width, picture.height))
    return made


def drop_of_draft(name: str) -> None:
    """Remove a picture of a draft; what is gone is no error."""
    for path in (folder() / f"{name}.jpg", folder() / f"{name}.small.jpg"):
        if _FILE.fullmatch(path.name):
            path.unlink(missing_ok=True)


def sweep(now: datetime) -> int:
    """Remove pictures of drafts that were not sent within a day; returns how many files."""
    count = 0
    for path in folder().glob("*") if folder().is_dir() else ():
        ours = _FILE.fullmatch(path.name) or path.name.endswith(storage.PART)
        try:
            if ours and now - datetime.fromtimestamp(path.stat().st_mtime, UTC) > DRAFT_KEPT:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # another request swept it
    return count


def of_form(draft: drafts.Draft) -> list[tuple[str, int, int]]:
    """The draft's photos that are still there."""
    return [one for one in draft.photos if (folder() / f"{one[0]}.jpg").is_file()]


def load(draft: drafts.Draft) -> list[Picture]:
    """The draft's pictures; those that were swept are missing."""
    return [Picture((folder() / f"{name}.jpg").read_bytes(), *size) for name, *size in of_form(draft)]


def attach(order: Order, found: Iterable[Picture], act: Act) -> int:
    """Keep pictures for an order and journal each, inside the caller's transaction. Returns how many the disk refused."""
    lost = 0
    for picture in found:
        try:
            photo = files.keep(picture, owner=order.subject(), purpose=Purpose.BEFORE.value, act=act)
        except OSError:
            lost += 1  # a full disk takes no photo and must not stop the words
            continue
        handling.show(order, photo=str(photo.pk), act=act)
    return lost


@require_safe
def of_draft(request: HttpRequest, photo: UUID) -> FileResponse:
    """The small copy of a picture in this browser's own draft.

    Raises:
        NotFound: it is not in the draft, or was swept.
    """
    draft = drafts.read(request, timezone.now())
    path = folder() / f"{photo}.small.jpg"
    if draft is None or str(photo) not in [name for name, *_size in draft.photos] or not path.is_file():
        raise NotFound(_("没有这张照片。"))
    return FileResponse(path.open("rb"), content_type="image/jpeg")


@require_safe
def of_order(request: HttpRequest, photo: UUID, small: bool = False) -> FileResponse:
    """A photo of the order that this reader has proved. Three queries.

    Raises:
        NotFound: no reader, or the photo is another order's: the two look the same.
    """
    number = track.number_of(request)
    found = Photo.objects.filter(pk=photo, removed_at=None).first() if number else None
    if found is None or found.subject != f"orders.order:{number}":
        raise NotFound(_("没有这张照片。"))
    order, act = track.read_or_refuse(request)
    if found not in reading.photos(order, act):
        raise NotFound(_("没有这张照片。"))
    return FileResponse(kept.open_thumbnail(found) if small else kept.open_photo(found), content_type="image/jpeg")


def count(order: Order) -> int:
    """How many photos an order has, whoever added them. One query."""
    return len(kept.photos(order.subject()))
