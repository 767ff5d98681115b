"""How long a ride takes at most in 95 of 100 cases, as a function of the direct drive.

GTFS wants a factor and an offset for journey planners, which know the drive and not the detours.
Both are fitted to rides that were driven; before there are enough, to simulated ones if a planner
wants it, else the longest ride that is ever promised stands in, which covered 179 of 180 simulated
ones.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shuttle.driving.driving_events import TakenBack
from shuttle.events import DroppedOff, PickedUp
from shuttle.region_config import Rules
from shuttle.store import Store

COVERED = 0.95
"""The share of rides that may not take longer."""

ENOUGH = 100
"""So many rides are needed before they count for more than the promise."""

DAYS = 14
"""Rides of the last days are asked; older ones have coarsened times."""

_STEP = 60
"""Offsets are whole minutes: less would change the feed without telling anybody anything."""


@dataclass(frozen=True, slots=True)
class SafeDuration:
    """A ride takes at most ``factor * direct + offset`` seconds."""

    factor: float
    offset: int

    def of(self, direct: int) -> float:
        """Return the longest time on board to be reckoned with."""
        return self.factor * direct + self.offset


Ride = tuple[int, int]
"""Seconds of the direct drive, and seconds on board."""


def safe_duration(
    rules: Rules, rides: Sequence[Ride], simulated: SafeDuration | None = None
) -> SafeDuration:
    """Return the tightest factor and offset that cover enough rides.

    Of those that do, the ones whose estimates are shortest on average; never more than what is
    promised.

    Parameters
    ----------
    rules
        Say what is promised.
    rides
        That were driven.
    simulated
        Stands in while they are too few, unless less is promised by now.
    """
    longest = rules.max_ride(0) + rules.halt_seconds  # a promise begins when the halt is over
    promised = SafeDuration(rules.ride_factor, longest)
    if len(rides) < ENOUGH:
        holds = simulated is not None and (
            simulated.factor <= promised.factor and simulated.offset <= promised.offset
        )
        return simulated if simulated is not None and holds else promised
    tenths = range(10, max(round(10 * rules.ride_factor), 10) + 1)
    fitted = [SafeDuration(tenth / 10, _offset(tenth / 10, rides)) for tenth in tenths]
    return min(
        [*(each for each in fitted if each.offset <= promised.offset), promised],
        key=lambda each: sum(each.of(direct) for direct, _ in rides),
    )


def _offset(factor: float, rides: Sequence[Ride]) -> int:
    """Return the smallest offset with which a factor covers enough rides."""
    beyond = sorted(ridden - factor * direct for direct, ridden in rides)
    needed = beyond[math.ceil(COVERED * len(beyond)) - 1]
    return max(math.ceil(needed / _STEP) * _STEP, 0)


def last_days(until: date) -> list[date]:
    """Return the days whose rides are asked, the last one before a day."""
    return [until - timedelta(days=back) for back in range(DAYS, 0, -1)]


def ride_times(store: Store, days: Iterable[date]) -> list[Ride]:
    """Return how long the rides of some days would have taken directly, and took."""
    days = list(days)
    touched = store.revisions(days)
    return [ride for day in days if touched.get(day) for ride in _rides_of(store, day)]


def _rides_of(store: Store, day: date) -> list[Ride]:
    direct = {each.code: each.ride.direct_seconds for each in store.load(day).bookings}
    boarded: dict[str, int] = {}
    left: dict[str, int] = {}
    for event in store.events(day):
        if isinstance(event, PickedUp):
            boarded[event.code] = event.time
        elif isinstance(event, DroppedOff):
            left[event.code] = event.time
        elif isinstance(event, TakenBack):  # of both the later one
            (left if event.code in left else boarded).pop(event.code, None)
    return [
        (direct[code], left[code] - boarded[code])
        for code in direct
        if code in boarded and left.get(code, 0) > boarded[code]
    ]
