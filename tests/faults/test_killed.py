"""T3: whoever was told that an order is placed finds it again, although the process was killed at any moment after."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20
WRITER = """
import sys, threading
import django
django.setup()
from django.utils import timezone
from sidan.kernel.org.act import Via
from sidan.orders.commands import asking
def place(_):
    while True:
        made = asking.draft(asking.Wish(text="灯坏了", unit="500233001001", phone="13800001234"), None, timezone.now(), Via.API)
        asking.ask(made)
        sys.stdout.write(made.order.number + "\\n")
        sys.stdout.flush()
for number in range(4):
    threading.Thread(target=place, args=(number,)).start()
"""
CHECK = """
import sys
import django
django.setup()
from django.db import connection
from sidan.kernel.journal import queries as journal
from sidan.orders.models import Order, Text
told = sys.stdin.read().split()
kept = set(Order.objects.values_list("number", flat=True))
lost = [number for number in told if number not in kept]
halves = Order.objects.exclude(pk__in=Text.objects.values("order_id")).count()
print(len(told), len(lost), halves, journal.verify())
"""
READY = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.utils import timezone
from sidan.kernel.org import queries as org
from sidan.kernel.org.act import Act, Via
from sidan.orders.commands import county
county.load(act=Act(org.system("importer"), timezone.now(), Via.IMPORT))
"""


def run(code: str, folder: Path, told: str = "") -> str:
    environment = {**os.environ, "SIDAN_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "sidan.site.settings"}
    environment.pop("SIDAN_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """20 times kill -9 among four writers on SQLite."""
    run(READY, tmp_path)
    environment = {**os.environ, "SIDAN_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "sidan.site.settings"}
    environment.pop("SIDAN_DATABASE_URL", None)
    luck = random.Random(20)
    told: list[str] = []
    for _ in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER], env=environment, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told.append(writer.stdout.readline().strip())
            time.sleep(luck.uniform(0.05, 0.8))
            writer.kill()
            lines = writer.stdout.read().split("\n")
            told += [line for line in lines if len(line) == 8]
    count, lost, halves, found = run(CHECK, tmp_path, "\n".join(told)).split(maxsplit=3)
    assert int(count) > 10 * ROUNDS
    assert (int(lost), int(halves), found.strip()) == (0, 0, "None")
