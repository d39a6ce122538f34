"""How a photo is answered, whichever door asked for it: our own JPEG, for this reader alone, and not twice."""

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from sidan.kernel.files import queries as files
from sidan.kernel.files.models import Photo


def answer(request: HttpRequest, kept: Photo, *, small: bool = False) -> HttpResponseBase:
    """A photo, or its thumbnail; the caller has seen to it that this person may see it.

    A browser may keep it and must ask each time whether it still may show it: who has left, or a photo that was taken
    away, is refused by the caller; else the answer is 304 and costs no bytes.

    Raises:
        NotFound: it was removed, or its file is not there.
    """
    etag = f'"{kept.sha256[:32]}{"-small" if small else ""}"'
    same = get_conditional_response(request, etag=etag)
    made: HttpResponseBase
    if same is not None and same.status_code == 304:
        made = HttpResponse(status=304)
    else:
        made = FileResponse(files.open_thumbnail(kept) if small else files.open_photo(kept), content_type="image/jpeg")
        made["Content-Disposition"] = "inline"
    made["Cache-Control"] = "private, no-cache"
    made["ETag"] = etag
    return made
