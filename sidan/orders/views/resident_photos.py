"""Photos of residents: those of a draft lie in a folder of their own until it is sent; an order's are served to its reader."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sidan.kernel.base import doors
from sidan.kernel.base.errors import Invalid, NotFound, Refusal
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
from sidan.web import client
from sidan.web import photos as served

MOST = 3  # photos of one form
MOST_OF_ORDER = 12
PER_ADDRESS, ADDRESS_SECONDS = 300, 3600
_SMALL = ".small.jpg"
_PICTURE = re.compile(r"[0-9a-f-]{36}\.jpg")
_FOLDER = re.compile(r"[0-9a-f]{32}")


def folder() -> Path:
    """Where pictures of drafts lie; readable by the service's user alone."""
    return Path(settings.SIDAN_DATA) / "drafts"


def of(draft: drafts.Draft) -> Path:
    """The folder of one draft; its name does not tell the draft's token."""
    return folder() / sha256(draft.token.encode()).hexdigest()[:32]


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


def keep_for_draft(draft: drafts.Draft, found: Iterable[Picture]) -> list[str]:
    """Write pictures of a draft. The same picture again is the same file, so a retry adds nothing. Returns their names."""
    made = []
    for picture in found:
        name = str(UUID(picture.sha256[:32]))
        storage.put(of(draft) / f"{name}{_SMALL}", pictures.shrink(picture.data))
        storage.put(of(draft) / f"{name}{storage.PICTURE}", picture.data)
        made.append(name)
    return made


def drop_of_draft(draft: drafts.Draft, name: str = "") -> None:
    """Remove a picture of a draft, or all; what is gone is no error."""
    if name:
        for suffix in (storage.PICTURE, _SMALL):
            (of(draft) / f"{name}{suffix}").unlink(missing_ok=True)
    else:
        rmtree(of(draft), ignore_errors=True)


def sweep(now: datetime) -> int:
    """Remove the pictures of drafts to which nothing came within a week; returns how many drafts."""
    count = 0
    for path in folder().glob("*") if folder().is_dir() else ():
        try:
            old = now - datetime.fromtimestamp(path.stat().st_mtime, UTC) > drafts.KEPT
        except FileNotFoundError:
            continue  # another request swept it
        if old and path.is_dir() and _FOLDER.fullmatch(path.name):
            rmtree(path, ignore_errors=True)
            count += 1
    return count


def names(draft: drafts.Draft) -> list[str]:
    """The draft's photos in the order in which they came."""
    found = [path for path in of(draft).glob("*") if _PICTURE.fullmatch(path.name)]
    return [path.name.partition(".")[0] for path in sorted(found, key=lambda one: (one.stat().st_mtime_ns, one.name))]


def load(draft: drafts.Draft) -> list[Picture]:
    """The draft's pictures."""
    paths = [of(draft) / f"{name}{storage.PICTURE}" for name in names(draft)[:MOST]]
    return [pictures.known(path.read_bytes()) for path in paths]


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
    path = of(draft) / f"{photo}{_SMALL}" if draft else None
    if path is None or not path.is_file():
        raise NotFound(_("没有这张照片。"))
    return FileResponse(path.open("rb"), content_type="image/jpeg")


@require_POST
def add(request: HttpRequest) -> JsonResponse:
    """One photo of the draft, sent while the resident goes on writing. Answers with its name, or with what to say."""
    now = timezone.now()
    draft = drafts.read(request, now)
    try:
        if draft is None:
            raise NotFound(_("没有这张单，可能已经提交。"))
        doors.throttle(f"photo:address:{client.address(request)}", PER_ADDRESS, ADDRESS_SECONDS, now)
        upload = request.FILES.get("photo")
        if upload is None:
            raise Invalid(_("请先选照片。"))
        picture = pictures.read(upload)
        if len(names(draft)) >= MOST and str(UUID(picture.sha256[:32])) not in names(draft):
            raise Invalid(_("照片最多 %(n)d 张，多出来的没有收下。") % {"n": MOST})
        return JsonResponse({"name": keep_for_draft(draft, [picture])[0]}, status=201)
    except Refusal as refusal:
        return JsonResponse({"code": refusal.code, "said": str(refusal)}, status=refusal.status)
    except OSError:
        return JsonResponse({"code": "unavailable", "said": _("照片暂时存不下。")}, status=503)


@require_POST
def remove(request: HttpRequest, photo: UUID) -> HttpResponse:
    """Take a photo out of the draft; what is gone is no error."""
    draft = drafts.read(request, timezone.now())
    if draft is not None:
        drop_of_draft(draft, str(photo))
    return HttpResponse(status=204)


@require_safe
def of_order(request: HttpRequest, photo: UUID, small: bool = False) -> HttpResponseBase:
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
    return served.answer(request, found, small=small)


def count(order: Order) -> int:
    """How many photos an order has, whoever added them. One query."""
    return len(kept.photos(order.subject()))
