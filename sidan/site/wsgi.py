"""The WSGI door that the web server calls."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from sidan.kernel.base import lane

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sidan.site.settings")
application = get_wsgi_application()

# Each statement of SQLite lets go of the interpreter; whoever wants it back from a thread that computes (the relay, another
# request) waits for a whole interval, eight times in placing an order. The default of 5 ms is made for computing, not for this.
sys.setswitchinterval(0.0005)

lane.open_lane()

if os.environ.get("SIDAN_BACKGROUND") == "1":
    from sidan.orders import tokens
    from sidan.site import background

    # The dictionary behind the search is read in one go that lets nobody else run (300 ms): now, before anybody waits.
    tokens.plain_initials("四单")

    background.start()
