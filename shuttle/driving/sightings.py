"""Where vehicles were seen last, and what follows for the halt that each is driving to.

Positions are never stored: the last one of each shift is held in memory, for a day at most.
"""

from dataclasses import replace
from datetime import date

from shuttle.acts import Outcome
from shuttle.driving.facts import owed
from shuttle.driving.reports import Sighting
from shuttle.driving.rolling import arrival
from shuttle.plan import DayPlan
from shuttle.region import Region

KEPT_SECONDS = 24 * 3600

_OFF_ROAD = 200.0
"""Metres; a position further from any road tells nothing about the time of arrival."""

_NOTICEABLE = 60
"""An expected arrival that moves by fewer seconds stays as it is."""


class Sightings:
    """The last position of each shift. Safe on any thread: one assignment, one look-up."""

    def __init__(self) -> None:
        self._last: dict[tuple[date, str], Sighting] = {}

    def add(self, day: date, shift: str, sighting: Sighting) -> bool:
        """Keep a position if it is the newest; return whether it is."""
        known = self._last.get((day, shift))
        if known is not None and known.time >= sighting.time:
            return False
        old = sighting.time - KEPT_SECONDS
        recent = {key: each for key, each in self._last.items() if each.time > old}
        self._last = {**recent, (day, shift): sighting}
        return True

    def forget(self, now: int) -> None:
        """Let go of what is older than a day, whether or not anybody is seen again."""
        old = now - KEPT_SECONDS
        if any(each.time <= old for each in self._last.values()):
            self._last = {key: each for key, each in self._last.items() if each.time > old}

    def last(self, day: date, shift: str, now: int) -> Sighting | None:
        """Return the last position of a shift; None after a day."""
        known = self._last.get((day, shift))
        return known if known is not None and known.time > now - KEPT_SECONDS else None


def seen(plan: DayPlan, shift: str, sighting: Sighting, now: int) -> Outcome[None]:
    """Return the day with the next arrival as a position lets expect it.

    Only for a tour that follows reports, and a halt that is being driven to.
    """
    number = next((n for n, each in enumerate(plan.tours) if each.shift.id == shift), None)
    reports = plan.reports.get(shift)
    if number is None or not reports:
        return Outcome(None, plan)
    tour = plan.tours[number]
    ahead = tour.served
    if not 0 < ahead < tour.fixed or sighting.time < tour.halts[ahead - 1].earliest:
        return Outcome(None, plan)
    drive = None
    if arrival(tour, ahead, reports) is None:
        drive = _drive(plan.region, sighting, tour.halts[ahead].place)
    if drive is None:
        return Outcome(None, plan)
    opens = owed(tour, tour.halts, ahead, plan.bookings).earliest
    expected = max(opens, sighting.time + drive)
    begins = int(plan.compiled.halts[number]["soonest"][ahead])
    if abs(expected - begins) < _NOTICEABLE:
        return Outcome(None, plan)
    halts = list(tour.halts)
    halts[ahead] = replace(halts[ahead], earliest=expected)
    after = plan.with_tours({number: replace(tour, halts=tuple(halts))}).at(now)
    if int(after.compiled.halts[number]["soonest"][ahead]) == begins:
        return Outcome(None, plan)
    return Outcome(None, after, happened=frozenset({number}))


def _drive(region: Region, sighting: Sighting, place: int) -> int | None:
    """Return the seconds from a position to a row of `travel`, None if it is on no road."""
    snap = region.drive.snap(sighting.lat, sighting.lon, max_metres=_OFF_ROAD)
    return None if snap is None else region.seconds_from(snap, place)
