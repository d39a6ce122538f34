"""Keep a photo, remove one, sweep what neither finished."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from sidan.kernel.base.errors import Invalid, NotFound
from sidan.kernel.base.tx import writes
from sidan.kernel.files import pictures, storage
from sidan.kernel.files.models import Photo, Purpose
from sidan.kernel.files.pictures import Picture, Upload
from sidan.kernel.org.act import Act

GRACE = timedelta(hours=1)  # a file is written before its row is committed: a young file without a row is no orphan yet


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    files: int
    bytes: int


def keep(upload: Upload | Picture, *, owner: str, purpose: str, act: Act) -> Photo:
    """Re-encode an upload and keep it for a subject; its file first, then its row.

    Re-encoding takes up to half a second: a command that holds the write lock is given a `Picture` that its caller
    made with `pictures.read` before.

    Args:
        owner: the subject as in the journal, e.g. "orders.order:8K3M2Q7P".
        purpose: before, after or evidence.

    Raises:
        Invalid: the purpose is unknown.
        NotAPhoto, PhotoIsADocument, PhotoEmpty, PhotoTruncated, PhotoTooLarge, PhotoTooManyPixels: see `pictures.read`.
    """
    if purpose not in Purpose.values:
        raise Invalid(fields={"purpose": _("请选择处理前、处理后或佐证材料。")})
    picture = upload if isinstance(upload, Picture) else pictures.read(upload)
    photo = Photo(
        id=uuid4(),
        subject=owner,
        purpose=purpose,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        bytes=len(picture.data),
        kept_by=act.by,
        at=act.at,
    )
    storage.put(storage.path(photo.id), picture.data)
    _record(photo)
    return photo


@writes
def _record(photo: Photo) -> None:
    photo.save(force_insert=True)


@writes
def remove(photo: Photo, *, act: Act) -> None:
    """Take a photo away: nobody is served it from now on, its file goes when the transaction is committed.

    Raises:
        NotFound: it was removed already.
    """
    if Photo.objects.filter(pk=photo.pk, removed_at=None).update(removed_at=act.at) != 1:
        raise NotFound(_("这张照片已经删除。"))
    photo.removed_at = act.at
    transaction.on_commit(lambda: storage.drop(photo.pk))


def sweep_orphans(*, at: datetime) -> Swept:
    """Remove files that no row names any more or never did, and unfinished ones; those younger than an hour stay.

    Cost: one query for each of at most 256 folders. Files with other names than ours are left alone.
    """
    count = size = 0
    for _folder, files in storage.walk():
        owners = [owner for file in files if (owner := storage.owner(file)) is not None]
        named = set(Photo.objects.filter(pk__in=owners, removed_at=None).values_list("pk", flat=True))
        for file in files:
            unfinished = file.name.endswith(storage.PART)
            if (unfinished or storage.owner(file) not in named) and _age(file, at) >= GRACE:
                size += file.stat().st_size
                file.unlink(missing_ok=True)
                count += 1
    return Swept(count, size)


def _age(file: Path, at: datetime) -> timedelta:
    return at - datetime.fromtimestamp(file.stat().st_mtime, UTC)
