"""The ASGI door, for whoever deploys under an asynchronous server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidan.site.settings")
application = get_asgi_application()
