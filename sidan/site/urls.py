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

if settings.SIDAN_DEMO:
    from sidan.site.demo.outbox import outbox

    urlpatterns.append(path("dev/outbox", outbox, name="dev-outbox"))
