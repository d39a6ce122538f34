"""Where photos lie: SIDAN_DATA/photos/ab/<id>.jpg, readable by the service's user alone, and whole or not there at all."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

PICTURE = ".jpg"
THUMB = ".thumb.jpg"
PART = ".part"


def root() -> Path:
    return Path(settings.SIDAN_DATA) / "photos"


def path(photo: UUID, suffix: str = PICTURE) -> Path:
    return root() / photo.hex[:2] / f"{photo}{suffix}"


def put(target: Path, data: bytes) -> None:
    """Write a file so that it survives a power cut, and appears under its name only when it is whole."""
    folder = target.parent
    for made in (folder.parent, folder):  # one by one: `parents=True` would give the upper one the default mode
        if not made.is_dir():
            made.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(made.parent)
    part = folder / f"{target.name}.{uuid4().hex}{PART}"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(folder)


def drop(photo: UUID) -> None:
    """Remove a photo and its thumbnail; what is gone already is no error."""
    for suffix in (PICTURE, THUMB):
        path(photo, suffix).unlink(missing_ok=True)


def walk() -> Iterator[tuple[Path, list[Path]]]:
    """Each folder with the files in it that this room may have written."""
    if not root().is_dir():
        return
    for folder in sorted(root().iterdir()):
        if folder.is_dir() and not folder.is_symlink() and len(folder.name) == 2:
            yield folder, [file for file in sorted(folder.iterdir()) if owner(file) is not None]


def owner(file: Path) -> UUID | None:
    """The photo to which a file belongs by its name; None for a file that this room did not write."""
    stem, _dot, rest = file.name.partition(".")
    if f".{rest}" not in (PICTURE, THUMB) and not rest.endswith(PART):
        return None
    try:
        return UUID(stem)
    except ValueError:
        return None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
