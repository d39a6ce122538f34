"""The WSGI door that the web server calls."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidan.site.settings")
application = get_wsgi_application()

if os.environ.get("SIDAN_BACKGROUND") == "1":
    from sidan.site import background

    background.start()
