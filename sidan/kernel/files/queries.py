"""Photos for reading. Who may read them is the room's business."""

from typing import BinaryIO

from django.utils.translation import gettext as _

from sidan.kernel.base.errors import NotFound
from sidan.kernel.files import pictures, storage
from sidan.kernel.files.models import Photo


def photos(owner: str) -> list[Photo]:
    """The photos of a subject that were not removed, oldest first. One query."""
    return list(Photo.objects.filter(subject=owner, removed_at=None))


def open_photo(photo: Photo) -> BinaryIO:
    """The picture as a stream of JPEG bytes; the caller closes it (a FileResponse does). No query.

    Raises:
        NotFound: the photo was removed, or its file is not there.
    """
    _insist_on_presence(photo)
    try:
        return storage.path(photo.pk).open("rb")
    except FileNotFoundError:
        raise NotFound(_("照片文件缺失，请联系管理员。")) from None


def open_thumbnail(photo: Photo) -> BinaryIO:
    """A copy of at most 320 pixels a side, made when it is first asked for and kept beside the picture. No query.

    Raises:
        NotFound: the photo was removed, or its file is not there.
    """
    _insist_on_presence(photo)
    small = storage.path(photo.pk, storage.THUMB)
    if not small.exists():
        with open_photo(photo) as whole:
            storage.put(small, pictures.shrink(whole.read()))
    return small.open("rb")


def lost() -> list[Photo]:
    """Photos whose file is not there: a finding for `doctor`. One query and one look at the disk for each photo."""
    standing = Photo.objects.filter(removed_at=None)
    return [photo for photo in standing.iterator() if not storage.path(photo.pk).is_file()]


def _insist_on_presence(photo: Photo) -> None:
    if photo.removed_at is not None:
        raise NotFound(_("这张照片已经删除。"))
