"""The channel of an installation without a gateway: the log, and a table that the demonstration shows as its outbox."""

import logging

from django.conf import settings

from sidan.kernel.base import tx
from sidan.kernel.base.text import mask_phone
from sidan.kernel.notify import commands
from sidan.kernel.notify.channels import Letter
from sidan.kernel.notify.models import ConsoleMessage

logger = logging.getLogger(__name__)


class Console:
    """Says a letter once, however often it is handed over."""

    name = "console"

    @tx.writes
    def _keep(self, letter: Letter) -> bool:
        if not commands.once(self.name, letter.id):
            return False
        # Outside the demonstration nobody should read another's link in a table.
        shown = letter.body if settings.SIDAN_DEMO or not letter.secret else ""
        ConsoleMessage.objects.create(
            delivery=letter.id,
            person_id=letter.person_id,
            phone_masked=mask_phone(letter.phone) if letter.phone else "",
            topic=letter.topic,
            title=letter.title,
            body=shown,
            urgent=letter.urgent,
            at=letter.at,
        )
        return True

    def send(self, letter: Letter) -> None:
        if self._keep(letter):
            logger.info("message %s %s to person %s", letter.id, letter.topic, letter.person_id)
