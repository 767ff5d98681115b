"""Rate limits: a token bucket for each thing that is limited and each one who does it.

In memory, for one process: two servers on one database let through twice as much. Whom a bucket
belongs to is a keyed print (:class:`shuttle.keyed.Keyed`), never an address or a number.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from shuttle.errors import TooManyRequests

Limit = Literal[
    "offers_by_address",
    "offers_by_partner",
    "offers_in_total",
    "bookings_by_address",
    "bookings_by_partner",
    "bookings_by_phone",
    "bookings_in_total",
    "guesses_by_code",
    "guesses_by_address",
    "guesses_in_total",
    "openings_by_phone",
    "openings_in_total",
    "logins_by_name",
    "logins_by_address",
    "logins_in_total",
]
"""What is limited, and by whom. A guess is a booking's code with a wrong secret."""

LIMITS: tuple[Limit, ...] = get_args(Limit)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and the same again spread evenly over so many seconds."""

    number: int
    seconds: int


GENEROUS: Mapping[Limit, Rate] = {
    # A village may share one address prefix, and the one who books for it a phone.
    "offers_by_address": Rate(120, 60),
    "offers_by_partner": Rate(1200, 60),
    "offers_in_total": Rate(6000, 60),
    "bookings_by_address": Rate(60, 60),
    "bookings_by_partner": Rate(600, 60),
    "bookings_by_phone": Rate(20, 3600),
    "bookings_in_total": Rate(3000, 60),
    # Four digits are 10,000 guesses: of those who know a code, one in a thousand a day gets in.
    "guesses_by_code": Rate(10, 86_400),
    "guesses_by_address": Rate(30, 900),
    "guesses_in_total": Rate(3000, 3600),
    # Each is an SMS that somebody gets and the service pays; of one number one in ten minutes.
    "openings_by_phone": Rate(10, 86_400),
    "openings_in_total": Rate(100, 3600),
    # An account that is under attack still gets a try of its own every half minute.
    "logins_by_name": Rate(20, 600),
    "logins_by_address": Rate(20, 600),
    "logins_in_total": Rate(200, 600),
}
"""The limits of a service that says nothing else; a person at a screen meets none of them."""

MOST_BUCKETS = 50_000
"""More than so many are not kept: whoever was limited longest ago is forgotten first."""


_ROUNDING = 1e-9


class RateLimiter:
    """Counts who did what.

    Parameters
    ----------
    limits
        What is not in it is not limited.
    """

    def __init__(self, limits: Mapping[Limit, Rate]) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[Limit, str], tuple[float, int]] = OrderedDict()

    def take(self, limit: Limit, whose: str, now: int) -> None:
        """Take one from a bucket.

        Raises
        ------
        TooManyRequests
            If it is empty.
        """
        rate = self._limits.get(limit)
        if rate is None:
            return
        with self._lock:
            left = self._left(limit, whose, rate, now)
            if left < 1 - _ROUNDING:
                self._keep(limit, whose, left, now)
                missing = (1 - left) * rate.seconds / rate.number
                raise TooManyRequests(max(1, math.ceil(missing)))
            self._keep(limit, whose, left - 1, now)

    def give_back(self, limit: Limit, whose: str, now: int) -> None:
        """Put one back: what was taken for a guess turned out to be right."""
        rate = self._limits.get(limit)
        if rate is None:
            return
        with self._lock:
            left = self._left(limit, whose, rate, now)
            self._keep(limit, whose, min(left + 1, rate.number), now)

    def _left(self, limit: Limit, whose: str, rate: Rate, now: int) -> float:
        left, then = self._buckets.get((limit, whose), (float(rate.number), now))
        waited = max(0, now - then)  # a clock that is set back gives nothing and takes nothing
        return min(float(rate.number), left + waited * rate.number / rate.seconds)

    def _keep(self, limit: Limit, whose: str, left: float, now: int) -> None:
        self._buckets[limit, whose] = (left, now)
        self._buckets.move_to_end((limit, whose))
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
