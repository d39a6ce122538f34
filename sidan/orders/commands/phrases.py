"""A unit's forms of words: kept by its own people, never erased, only put aside."""

from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid, NotAllowed
from sidan.kernel.base.text import clean_text
from sidan.kernel.org.act import Act
from sidan.orders.models import Phrase
from sidan.orders.queries.phrases import units_of

MOST = 30  # of one unit: more are not found again


@tx.writes
def keep(*, unit_id: int, title: str, body: str, act: Act) -> Phrase:
    """Keep a form of words for a unit in which one answers.

    Raises:
        Invalid: every wrong field at once; the unit has its most already.
        NotAllowed: one does not answer for that unit.
    """
    if unit_id not in units_of(act):
        raise NotAllowed
    wrong: dict[str, object] = {}
    clean: dict[str, str] = {}
    for name, value, most in (("title", title, 30), ("body", body, 800)):
        try:
            clean[name] = clean_text(value, max_chars=most, min_chars=1, field=name)
        except Invalid as error:
            wrong |= error.details["fields"]
    if not wrong and Phrase.objects.filter(unit=unit_id, retired_at=None).count() >= MOST:
        wrong["title"] = _("一个单位最多 %(n)d 条，请先撤下不用的。") % {"n": MOST}
    if wrong:
        raise Invalid(fields=wrong)
    phrase = Phrase.objects.create(unit_id=unit_id, by=act.by, at=act.at, **clean)
    snapshot.bump()
    return phrase


@tx.writes
def put_aside(phrase: Phrase, *, act: Act) -> None:
    """It is not offered any more.

    Raises:
        NotAllowed: one does not answer for its unit.
    """
    if phrase.unit_id not in units_of(act):
        raise NotAllowed
    Phrase.objects.filter(pk=phrase.pk, retired_at=None).update(retired_at=act.at)
    snapshot.bump()
