"""Every step of the law by one view: clean what was written, say the verb, lead back; a refusal keeps the words."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sidan.kernel.base.errors import Invalid, KeyReused, NotAllowed, NotFound, NotNow, TooLarge
from sidan.kernel.files import commands as files
from sidan.kernel.files import pictures
from sidan.kernel.files.models import Purpose
from sidan.kernel.flow import engine, fields
from sidan.kernel.flow.definition import Step
from sidan.kernel.org.act import Act
from sidan.orders.commands import VERBS, dispatching, revealing
from sidan.orders.flow import ORDER, SUPPORT
from sidan.orders.models import Order
from sidan.orders.queries import around, lists, reading
from sidan.orders.views.desk_conflict import Shown
from sidan.orders.views.desk_door import once, staff_act
from sidan.orders.views.desk_forms import PHOTO, PHOTOS_MOST, SUPPORT_ANSWER
from sidan.orders.views.desk_order import show
from sidan.orders.views.desk_tour import onward
from sidan.web.pages import errors_of

Verb = Callable[[], Any]


@require_POST
def step(request: HttpRequest, number: str, noun: str) -> HttpResponse:
    """Take one step.

    Raises:
        NotFound: no such order for this person, or no such step.
        NotAllowed: the step is somebody else's.
    """
    act = staff_act(request)
    order = around.at_hand(number, act).order
    taken = SUPPORT.by_do["answer"] if noun == SUPPORT_ANSWER else ORDER.by_noun.get(noun)
    if taken is None:
        raise NotFound(_("没有这一步。"))
    if noun != SUPPORT_ANSWER:
        refusal = engine.permitted(ORDER, order, taken, act)
        if refusal is not None:
            raise refusal
    elif not any(engine.permitted(SUPPORT, part, taken, act) is None for part in reading.supports(order)):
        raise NotAllowed
    seen, place = _seen(request), lists.place_of(order.due_at, order.pk)
    try:
        verb, *more = _verb(request, order, taken, act, noun, seen)
        first = once(request, act, verb, *more)
    except (Invalid, TooLarge) as wrong:
        shown = Shown(422, noun, _written(request, taken), _errors(wrong, noun))
        return show(request, around.at_hand(number, act), act, shown)
    except (NotNow, KeyReused) as late:
        return _conflict(request, number, act, Shown(409, noun, _written(request, taken), late=late, since=seen), late)
    if not first:
        return onward(request, order, place, act, _("这一步已经办过，没有重复提交。"))
    return onward(request, order, place, act, _("“%(step)s”已办好。") % {"step": taken.label})


@require_POST
def read_contact(request: HttpRequest, number: str) -> HttpResponse:
    """Show name and telephone on this answer only; the reading is an entry of the journal. A script gets the number to dial.

    Raises:
        NotAllowed: the order is not in this person's hands, or confidential and not opened to them.
        NotNow: nothing was left; or a script asks for the number of somebody who keeps theirs back.
    """
    act = staff_act(request)
    hand = around.at_hand(number, act)
    if request.accepts("application/json") and not request.accepts("text/html"):
        if hand.order.anonymous or hand.order.confidential:
            raise NotNow(_("居民没有留下联系方式，可以在单上留言。"), code="no_contact")
        phone = revealing.read_contact(hand.order, act=act)["phone"]
        return JsonResponse({"phone": phone}, status=200 if phone else 409)
    return show(request, hand, act, Shown(contact=revealing.read_contact(hand.order, act=act)))


def _verb(request: HttpRequest, order: Order, taken: Step, act: Act, noun: str, seen: int) -> tuple[Any, ...]:
    """The command with its cleaned values; what a form carried beside words is named by its hash.

    Raises:
        Invalid: every wrong field at once.
    """
    if noun == PHOTO:
        return _photos(request, order, act)
    values = fields.clean(taken.fields, _raw(request, taken))
    if noun == SUPPORT_ANSWER:
        return (lambda: _answer_support(order, act, values),)

    def verb() -> None:
        # Inside the transaction: pressing twice was told apart before, so a version that is not seen is somebody else's.
        if order.version != seen:
            raise engine.moved_first(order)
        VERBS[taken.do](order, act=act, **values)

    return (verb,)


def _answer_support(order: Order, act: Act, values: dict[str, Any]) -> None:
    support = reading.my_support(order, act)
    if support is None:
        raise NotNow(_("协办已反馈，或不再需要。"))
    dispatching.answer_support(support, act=act, **values)


def _photos(request: HttpRequest, order: Order, act: Act) -> tuple[Any, ...]:
    """Photos of this form. They are re-encoded before the transaction begins; what a refusal leaves is swept."""
    purpose, uploads = request.POST.get("purpose", ""), request.FILES.getlist("photos")
    wrong = {}
    if purpose not in Purpose.values:
        wrong["purpose"] = _("请选择处理前、处理后或佐证材料。")
    if not uploads or len(uploads) > PHOTOS_MOST:
        wrong["photos"] = _("请选择 1 到 %(n)d 张照片。") % {"n": PHOTOS_MOST}
    if wrong:
        raise Invalid(fields=wrong)
    made = [pictures.read(upload) for upload in uploads]

    def verb() -> None:
        for picture in made:
            photo = files.keep(picture, owner=order.subject(), purpose=purpose, act=act)
            VERBS["show"](order, photo=str(photo.pk), act=act)

    return (verb, *(picture.sha256.encode() for picture in made))


def _raw(request: HttpRequest, taken: Step) -> dict[str, Any]:
    """The form's values by the fields' kinds."""
    return {
        one.name: request.POST.getlist(one.name) if one.kind == "units" else request.POST.get(one.name)
        for one in taken.fields
    }


def _written(request: HttpRequest, taken: Step) -> dict[str, Any]:
    """What was written, for the form that is shown again."""
    return {**_raw(request, taken), "purpose": request.POST.get("purpose", "")}


def _seen(request: HttpRequest) -> int:
    """The version that the form was made from."""
    raw = request.POST.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0


def _errors(wrong: Invalid | TooLarge, noun: str) -> dict[str, Any]:
    if noun == PHOTO and not wrong.details.get("fields"):
        return {"photos": str(wrong)}
    return dict(errors_of(wrong)) if isinstance(wrong, Invalid) else {"": str(wrong)}


def _conflict(request: HttpRequest, number: str, act: Act, shown: Shown, late: NotNow | KeyReused) -> HttpResponse:
    """The page as it is now, saying who did what; where it left the reader's sight, the plain refusal with the words."""
    try:
        hand = around.at_hand(number, act)
    except NotFound:
        raise late from None
    return show(request, hand, act, shown)
