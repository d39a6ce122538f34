"""Views of lists: kept under a name, shared with a unit in which one sits, thrown away by whoever kept them."""

from django.http import QueryDict
from django.utils.translation import gettext as _

from sidan.kernel.base import snapshot, tx
from sidan.kernel.base.errors import Invalid
from sidan.kernel.base.text import clean_text
from sidan.kernel.org.act import Act
from sidan.orders.models import SavedView
from sidan.orders.queries import listing

MOST = 30  # of one person


@tx.writes
def keep(*, page: str, name: str, query: str, columns: str, unit_id: int | None, act: Act) -> SavedView:
    """Keep a list under a name; the same name again replaces it.

    Raises:
        Invalid: no name, a list that makes no sense, a unit in which one does not sit, or too many.
        NotAllowed: the act has no such list.
    """
    title = clean_text(name, max_chars=30, field="name")
    listing.listing(page, QueryDict(query).dict(), act)
    if unit_id is not None and unit_id not in {held.unit_id for held in act.seats}:
        raise Invalid(fields={"unit": _("请选择自己的单位。")})
    mine = SavedView.objects.filter(owner=act.by)
    if not mine.filter(page=page, name=title).exists() and mine.count() >= MOST:
        raise Invalid(fields={"name": _("一个人最多 %(n)d 个视图，请先删掉不用的。") % {"n": MOST}})
    said = {"query": query, "columns": columns, "shared_with_id": unit_id, "at": act.at}
    view = SavedView.objects.update_or_create(owner=act.by, page=page, name=title, defaults=said)[0]
    snapshot.bump()
    return view


@tx.writes
def throw_away(view_id: int, *, act: Act) -> int:
    """Throw one's own away. How many."""
    gone = SavedView.objects.filter(pk=view_id, owner=act.by).delete()[0]
    if gone:
        snapshot.bump()
    return gone
