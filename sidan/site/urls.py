"""Every address of the house."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from sidan.site import health
from sidan.site.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", api.urls),
    path("", include("sidan.web.urls")),
    path("", include("sidan.orders.urls")),
]

# Django looks these names up here; without them a mistyped address gets a bare English page without a number.
handler400 = "sidan.web.handlers.bad_request"
handler403 = "sidan.web.handlers.forbidden"
handler404 = "sidan.web.handlers.not_found"
handler500 = "sidan.web.handlers.server_error"

if settings.SIDAN_DEMO:
    from sidan.site.demo.outbox import outbox

    urlpatterns.append(path("dev/outbox", outbox, name="dev-outbox"))
