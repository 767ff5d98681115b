"""Unmet demand: what was asked for and refused, coarsened, and what became of it.

A row names stops and quarter hours, a party and a reason, and nobody. It says where and when the
next vehicle or shift would help.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shuttle.answers import Refusal
from shuttle.booking.requests import CheckedRequest
from shuttle.domain import FixKind, Location, Party, RideRequest
from shuttle.errors import RequestError
from shuttle.region import Region

QUARTER = 900

DEMAND = frozenset(
    (
        "outside_hours",
        "outside_area",
        "across_border",
        "no_stop_near",
        "beyond_horizon",
        "party_too_large",
    )
)
"""Codes of request errors that are demand; the others are slips of the pen."""

_YEAR = 366 * 86_400
"""Whoever asks for a ride farther ahead has mistyped the year."""


class Fate(StrEnum):
    """What became of a refused request."""

    OPEN = "open"
    TAKEN = "alternative_taken"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Unmet:
    """A refused request.

    Attributes
    ----------
    id
        Travels in the offers that make up for the refusal.
    day
        The service day that was wanted.
    asked, wanted
        When it was asked, and for what time, by the begin of the quarter hour.
    origin, destination
        Stops; where there is none, the place on a grid of about a kilometre: ``54.63,9.78``.
    party
        Who would have ridden.
    reason
        A :class:`shuttle.answers.RefusalReason`, or the code of a request error.
    taken
        What was changed in the alternative that was booked, if one was.
    """

    id: str
    day: date
    asked: int
    wanted: int
    origin: str
    destination: str
    party: Party
    reason: str
    taken: FixKind | None = None

    def fate(self, today: date) -> Fate:
        """Return what became of the request by a day."""
        if self.taken is not None:
            return Fate.TAKEN
        return Fate.OPEN if today <= self.day else Fate.GONE


def unmet_refusal(region: Region, checked: CheckedRequest, refusal: Refusal, now: int) -> Unmet:
    """Return what is kept of a refusal."""
    request = checked.request
    return Unmet(
        refusal.id,
        checked.day,
        _quarter(now),
        _quarter(request.time),
        region.stops[checked.origins[0].place].id,
        region.stops[checked.destinations[0].place].id,
        request.party,
        refusal.reason,
    )


def unmet_error(
    region: Region, refusal: str, request: RideRequest, error: RequestError, now: int
) -> Unmet | None:
    """Return what is kept of a request that no plan could serve; None if it is no demand."""
    if error.code not in DEMAND or not now - _YEAR < request.time < now + _YEAR:
        return None
    return Unmet(
        refusal,
        region.config.local_day(request.time),
        _quarter(now),
        _quarter(request.time),
        _coarse(region, request.origin),
        _coarse(region, request.destination),
        request.party,
        error.code,
    )


def _quarter(time: int) -> int:
    return time // QUARTER * QUARTER


def _coarse(region: Region, place: Location) -> str:
    """Return the stop of a place, or where it is on the grid."""
    if place.stop is not None:
        return place.stop
    near = region.walkable_stops(place.lat, place.lon)
    if near:
        return region.stops[near[0][0]].id
    return f"{place.lat:.2f},{round(50 * place.lon) / 50:.2f}"
