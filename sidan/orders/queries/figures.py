"""The three rates and what stands beside them (MECHANISMS 5). Each figure is a condition, so it opens to its orders."""

from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.db.models import Count, F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sidan.orders.models import Order
from sidan.orders.words import S, Satisfied, Solved

SMALL = 30  # below this many, a rate is shown as a count and never ranked
_COUNTED = ~Q(state__in=(S.MERGED, S.WITHDRAWN))


@dataclass(frozen=True)
class Figure:
    """A rate by its two conditions.

    Args:
        counts: who is in the numerator, among
        among: who is in the denominator.
        definition: in words, for whoever doubts it.
    """

    name: str
    label: str | Promise
    definition: str | Promise
    counts: Q
    among: Q


@dataclass(frozen=True)
class Rate:
    """A figure's value; `rate` is None where nothing is counted yet."""

    figure: Figure
    numerator: int
    denominator: int

    @property
    def rate(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def small(self) -> bool:
        return self.denominator < SMALL

    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % score interval (Wilson 1927)."""
        n = self.denominator
        if not n:
            return None
        z, p = 1.959964, self.numerator / n
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


def figures(at: datetime) -> tuple[Figure, ...]:
    """The definitions as of a moment."""
    answered = Q(answered_at__isnull=False) | Q(round__gt=1)
    return (
        Figure(
            "response",
            _("响应率"),
            _("在规定时限内首次联系居民的单数 ÷ 已派单且联系时限已到（或已联系）的单数"),
            Q(first_contact_at__lte=F("contact_due_at")),
            Q(contact_due_at__isnull=False) & (Q(contact_due_at__lte=at) | Q(first_contact_at__isnull=False)),
        ),
        Figure(
            "solved",
            _("解决率"),
            _("居民说“解决了”的单数 ÷ 已有答复的单数；部分解决、未评价不算解决"),
            Q(solved=Solved.YES),
            answered,
        ),
        Figure(
            "satisfied",
            _("满意率"),
            _("居民评“满意”或“基本满意”的单数 ÷ 已评价的单数；未评价另列，不算满意"),
            Q(satisfied__in=(Satisfied.YES, Satisfied.BASICALLY)),
            Q(satisfied__isnull=False),
        ),
        Figure(
            "on_time",
            _("按时答复率"),
            _("在承诺时间内答复的单数 ÷ 已答复或承诺时间已过的单数"),
            Q(answered_at__lte=F("answer_due_at")),
            Q(answer_due_at__isnull=False) & (Q(answered_at__isnull=False) | Q(answer_due_at__lte=at)),
        ),
    )


def rates(at: datetime, within: Q | None = None) -> list[Rate]:
    """All rates over the orders of a condition. One query, a scan of one table."""
    rows = Order.objects.filter(_COUNTED).filter(within or Q())
    defined = figures(at)
    counts = rows.aggregate(
        **{f"{one.name}_n": Count("pk", filter=one.counts & one.among) for one in defined},
        **{f"{one.name}_d": Count("pk", filter=one.among) for one in defined},
    )
    return [Rate(one, counts[f"{one.name}_n"], counts[f"{one.name}_d"]) for one in defined]


def unrated(within: Q | None = None) -> int:
    """未评价: answered, closed, and never rated; shown beside the satisfaction rate, never inside it. One query."""
    return Order.objects.filter(unrated_records()).filter(within or Q()).count()


def unrated_records() -> Q:
    """The orders behind 未评价."""
    return Q(state=S.CLOSED, satisfied=None, answered_at__isnull=False)


def records(name: str, at: datetime, *, numerator: bool) -> Q:
    """The orders behind a figure, so that every figure opens to its records.

    Raises:
        KeyError: there is no such figure.
    """
    one = {figure.name: figure for figure in figures(at)}[name]
    return _COUNTED & (one.counts & one.among if numerator else one.among)


def by_state(within: Q | None = None) -> dict[str, int]:
    """How many orders are in each state. One query."""
    rows = Order.objects.filter(within or Q()).values("state").annotate(n=Count("pk")).order_by("state")
    return {row["state"]: row["n"] for row in rows}
