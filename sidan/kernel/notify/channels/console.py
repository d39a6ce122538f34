"""The channel of an installation without a gateway: the log, and a table that the demonstration shows as its outbox."""

import logging
from collections.abc import Sequence

from django.conf import settings

from sidan.kernel.base import tx
from sidan.kernel.base.text import mask_phone
from sidan.kernel.notify.channels import Letter
from sidan.kernel.notify.models import ConsoleMessage

logger = logging.getLogger(__name__)


class Console:
    """Says a letter once, however often it is handed over."""

    name = "console"

    def keep(self, letters: Sequence[Letter]) -> None:
        tx.insist()
        # A delivery is one row: what a killed sender handed over before is not said again.
        ConsoleMessage.objects.bulk_create(
            map(_row, letters), update_conflicts=True, unique_fields=["delivery"], update_fields=["delivery"]
        )
        if letters:
            logger.info("said %s letters, %s to %s", len(letters), letters[0].id, letters[-1].id)

    @tx.writes
    def send(self, letter: Letter) -> None:
        self.keep([letter])


def _row(letter: Letter) -> ConsoleMessage:
    return ConsoleMessage(
        delivery=letter.id,
        person_id=letter.person_id,
        phone_masked=mask_phone(letter.phone) if letter.phone else "",
        topic=letter.topic,
        title=letter.title,
        # Outside the demonstration nobody should read another's link in a table.
        body=letter.body if settings.SIDAN_DEMO or not letter.secret else "",
        urgent=letter.urgent,
        at=letter.at,
    )
