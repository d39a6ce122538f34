"""Two addresses for whoever watches the service: does the process live, and can it serve."""

from pathlib import Path

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from sidan.kernel.base import durable


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. No query."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers as well; 503 where it does not, or where its file was replaced under this process. One query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": "unavailable"}, status=503, headers={"Cache-Control": "no-store"})
    if connection.vendor == "sqlite" and durable.replaced(Path(connection.settings_dict["NAME"])):
        return JsonResponse({"database": "replaced"}, status=503, headers={"Cache-Control": "no-store"})
    return JsonResponse({"database": "ok"}, headers={"Cache-Control": "no-store"})
