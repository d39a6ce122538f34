"""Tags of the house: remaining time, states in words, flow fields, units, local times, icons."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sidan.kernel.org import queries as org
from sidan.kernel.worktime import queries as worktime
from sidan.web import words

register = template.Library()

SOON = timedelta(hours=24)
RADIO_MAX = 7  # more choices than this are a list to open
_TYPES = {"phone": "tel", "day": "date", "password": "password", "email": "email"}
_INPUT_MODES = {"phone": "tel", "whole": "numeric", "code": "numeric", "email": "email"}
_AUTOCOMPLETE = {"phone": "tel"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; the word beside it says what it means."""
    return _drawn(settings.STORAGES["staticfiles"]["BACKEND"], name)


@cache
def _drawn(storage: str, name: str) -> SafeString:
    """Drawn once: a list shows two hundred, and a sprite's address stays while a process lives."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("sidan/icons.svg"), name
    )


def span_words(span: timedelta) -> str:
    """A length of time in one unit, rounded down: 3 天, 5 小时, 20 分钟."""
    minutes = int(abs(span).total_seconds() // 60)
    if minutes >= 48 * 60:
        return _("%(n)d 天") % {"n": minutes // 1440}
    if minutes >= 60:
        return _("%(n)d 小时") % {"n": minutes // 60}
    return _("%(n)d 分钟") % {"n": max(minutes, 1)}


def local_words(at: datetime, now: datetime | None = None, *, with_time: bool = True) -> str:
    """A moment in local words: 今天 14:30, 12月5日 14:30, 2025年12月5日 14:30."""
    here = timezone.localtime(at)
    today = timezone.localtime(now or timezone.now()).date()
    clock = f" {here:%H:%M}" if with_time else ""
    if here.date() == today and with_time:
        return _("今天%(clock)s") % {"clock": clock}
    english = (get_language() or "").startswith("en")
    if here.year == today.year:
        return date_format(here, "j M" if english else "n月j日") + clock
    return date_format(here, "j M Y" if english else "Y年n月j日") + clock


@register.simple_tag
def localtime(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    """A moment for people, with the exact one for machines."""
    if at is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), local_words(at, now))


@register.simple_tag
def due(
    at: datetime | None,
    now: datetime | None = None,
    ended_at: datetime | None = None,
    paused: bool = False,
    measure: str = "",
) -> SafeString | str:
    """Remaining time as words, icon and class; with `ended_at` whether it was kept; `paused` while the clock stands.

    A deadline measured in working days says how many of them are left: a weekend is no time to work.
    """
    if at is None:
        return ""
    css, sign, text = _left(at, now or timezone.now(), ended_at, paused, measure)
    return format_html(
        '<span class="due due--{}">{}<time datetime="{}">{}</time></span>',
        css, icon(sign), timezone.localtime(at).isoformat(), text,
    )  # fmt: skip


def _left(at: datetime, now: datetime, ended_at: datetime | None, paused: bool, measure: str) -> tuple[str, str, str]:
    """Class, icon and words of a deadline."""
    if ended_at is not None:
        late = ended_at - at
        kept = late <= timedelta(0)
        text = _("按期") if kept else _("超期 %(span)s") % {"span": span_words(late)}
        return ("kept", "done", text) if kept else ("missed", "alert", text)
    if paused:
        return "calm", "clock", _("计时暂停")
    left = at - now
    if left < timedelta(0):
        return "over", "alert", _("已超期 %(span)s") % {"span": span_words(left)}
    if measure == "working_days" and (days := worktime.calendar().workdays_left(now, at)):
        return "soon" if days == 1 else "calm", "clock", _("还剩 %(n)d 个工作日") % {"n": days}
    if left <= timedelta(days=7):
        return "soon" if left <= SOON else "calm", "clock", _("还剩 %(span)s") % {"span": span_words(left)}
    return "calm", "clock", _("%(date)s前") % {"date": local_words(at, now, with_time=False)}


@register.simple_tag
def state(code: str, label: object = "", tone: str = "") -> SafeString:
    """A state as a badge with its word; the word and tone come from `words.register_states` where not given."""
    known = words.state(code)
    return format_html('<span class="badge badge--{}">{}</span>', tone or known.tone, label or known.label)


@register.simple_tag
def unit(unit_id: int | None, long: bool = False) -> str:
    """A unit's short name; with `long` its whole name. From memory; empty where there is none."""
    node = org.tree().nodes.get(unit_id) if unit_id is not None else None
    if node is None:
        return ""
    return node.name if long else node.short_name


@register.simple_tag
def masked(text: object) -> str:
    """A text with telephone and identity numbers masked."""
    from sidan.web.logs import masked as mask

    return mask(str(text or ""))


@register.inclusion_tag("web/_field.html")
def field(
    asked: Any,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Any] | None = None,
    prefix: str = "",
    choices: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One field of a flow or a page: label, help, error, input.

    Args:
        asked: has name, label, kind; may have help, required, options() or choices, max_chars, multiple, autocomplete,
            value, error.
        values: what was written, by name; else `asked.value`.
        errors: what is wrong, by name; else `asked.error`.
        prefix: keeps ids apart where a page has several forms; the field's id is `f-<prefix>-<name>`.
        choices: narrower choices than the field's own, by name: the units that make sense here, the likely first.
    """
    name, kind = str(asked.name), str(getattr(asked, "kind", "text"))
    value = values[name] if values is not None and name in values else getattr(asked, "value", None)
    error = (errors or {}).get(name) or getattr(asked, "error", "") or ""
    many = kind == "units" or bool(getattr(asked, "multiple", False))
    chosen = (
        {str(one) for one in value}
        if isinstance(value, list | tuple | set)
        else {str(value)}
        if value is not None
        else set()
    )
    options = [_option(one, chosen) for one in _choices(asked, kind, (choices or {}).get(name))]
    return {
        "id": field_id(name, prefix),
        "name": name,
        "shape": _shape(kind, len(options), many),
        "label": asked.label,
        "help": getattr(asked, "help", "") or "",
        "required": bool(getattr(asked, "required", True)),
        "error": error,
        "value": "" if value is None else value,
        "options": options,
        "many": many,
        "checked": kind == "flag" and str(value).lower() in ("true", "on", "1", "yes"),
        "type": _TYPES.get(kind, "text"),
        "inputmode": _INPUT_MODES.get(kind, ""),
        "autocomplete": getattr(asked, "autocomplete", "") or _AUTOCOMPLETE.get(kind, ""),
        "short": kind in ("whole", "day"),
        "code": kind in ("code", "number"),
        "max_chars": getattr(asked, "max_chars", None) if kind in ("text", "longtext") else None,
    }


def field_id(name: str, prefix: str = "") -> str:
    """The id of a field's input, which the error summary links to."""
    return f"f-{prefix}-{name}" if prefix else f"f-{name}"


def _shape(kind: str, options: int, many: bool) -> str:
    """Which of the partial's forms a field takes."""
    if options and (kind in ("choice", "unit", "units") or many):
        return "options" if many or options <= RADIO_MAX else "select"
    return {"longtext": "textarea", "flag": "flag", "photos": "photos"}.get(kind, "input")


def _choices(asked: Any, kind: str, given: Any) -> Any:
    """The choices of a field: those the page gives, its own, or every unit of the tree."""
    if given is not None:
        return given
    own = getattr(asked, "options", None)
    found = own() if callable(own) else getattr(asked, "choices", None)
    if found or kind not in ("unit", "units"):
        return found or ()
    nodes = org.tree().nodes
    # Bodies first: that is what work is sent to; several units are only ever bodies.
    bodies = [node for node in nodes.values() if node.is_body]
    places = [] if kind == "units" else [node for node in nodes.values() if not node.is_body and node.level != "grid"]
    return [
        (node.code, f"{node.name}（{nodes[node.parent_id].short_name}）" if node.parent_id in nodes else node.name)
        for node in sorted(bodies, key=lambda one: one.code) + sorted(places, key=lambda one: one.code)
    ]


def _option(one: Any, chosen: set[str]) -> dict[str, Any]:
    """A choice: a plain value, (value, label) or (value, label, help)."""
    parts = tuple(one) if isinstance(one, list | tuple) else (one, one)
    return {
        "value": parts[0],
        "label": parts[1],
        "help": parts[2] if len(parts) > 2 else "",
        "on": str(parts[0]) in chosen,
    }


@register.inclusion_tag("web/_errors.html")
def errors(wrong: Mapping[str, Any] | None, asked: Any = (), prefix: str = "") -> dict[str, Any]:
    """The summary on top of a form: each message leads to its field. `asked` gives the labels."""
    labels = {str(one.name): one.label for one in asked or ()}
    found = [
        {"href": f"#{field_id(name, prefix)}" if name else "", "label": labels.get(name, ""), "message": message}
        for name, message in (wrong or {}).items()
    ]
    return {"found": found}


@register.inclusion_tag("web/_moves.html", takes_context=True)
def moves(context: template.Context, offered: Any, open_noun: str = "", **more: Any) -> dict[str, Any]:
    """What this person may do now, each as a form. Takes `version`, `form_token`, `open_noun` (the move that was refused),
    `values`, `errors` and `choices` (field name -> choices) from the page, or as arguments.

    Each move has noun, label, href, fields; may have help, tone (primary, danger), confirm, key (a letter that opens it). `carried`
    are pairs that every form takes along.
    """
    return {
        "moves": list(offered or ()),
        "open_noun": open_noun or context.get("open_noun", ""),
        "version": more.get("version", context.get("version", "")),
        "form_token": more.get("form_token", context.get("form_token", "")),
        "values": more.get("values", context.get("values") or {}),
        "errors": more.get("errors", context.get("errors") or {}),
        "choices": more.get("choices", context.get("choices") or {}),
        "carried": more.get("carried", context.get("carried") or ()),
        "csrf_token": context.get("csrf_token", ""),
        "request": context.get("request"),
    }
