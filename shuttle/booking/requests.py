"""What no plan could serve: ride requests are checked here, before any search.

Each mistake becomes one :class:`shuttle.errors.RequestError` that names the field and the fix.
"""

from dataclasses import dataclass
from datetime import date

from shuttle.domain import Location, Party, RideRequest, When, walking_seconds
from shuttle.errors import RequestError
from shuttle.neighbours import Crossing, crossing
from shuttle.region import Region

_CLOCKS_DIFFER = 60
"""Seconds by which a resident's clock may lag behind without "now" being in the past."""


@dataclass(frozen=True, slots=True)
class Access:
    """A stop within walking distance of one end of a request: its place, and metres on foot."""

    place: int
    metres: int

    @property
    def seconds(self) -> int:
        """Seconds on foot."""
        return walking_seconds(self.metres)


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request that some plan could serve, with its service day and the stops it may use."""

    request: RideRequest
    day: date
    origins: tuple[Access, ...]
    destinations: tuple[Access, ...]


def check_request(region: Region, request: RideRequest, now: int) -> CheckedRequest:
    """Check a request against everything but the plan.

    Raises
    ------
    RequestError
        If no plan could serve it: the field and the fix.
    """
    _check_party(region, request.party)
    day = _check_time(region, request, now)
    origins = _accesses(region, request.origin, "from", request.destination)
    destinations = _accesses(region, request.destination, "to", request.origin)
    if not any(a.place != b.place for a in origins for b in destinations):
        raise RequestError(
            "same_stop", "to", "Both ends are at the same stop; choose another destination."
        )
    return CheckedRequest(request, day, origins, destinations)


def check_again(region: Region, request: RideRequest, now: int) -> CheckedRequest:
    """Check a request that was answered with an offer: meanwhile its time may be over."""
    return check_request(region, request, min(now, request.time))


def _check_party(region: Region, party: Party) -> None:
    if party.passengers < 1 or min(party.wheelchairs, party.child_seats) < 0:
        raise RequestError(
            "party_empty", "party.passengers", "At least one person rides; give their number."
        )
    if party.wheelchairs + party.child_seats > party.passengers:
        raise RequestError(
            "party_mismatch",
            "party.passengers",
            "Count people in wheelchairs and children in child seats among the passengers.",
        )
    layouts = [
        (layout.seats, layout.wheelchairs, layout.child_seats)
        for vehicle in region.config.vehicles
        for layout in vehicle.layouts
    ]
    if any(all(n <= c for n, c in zip(party.loads, layout, strict=True)) for layout in layouts):
        return
    kinds = (
        ("party.passengers", "seats"),
        ("party.wheelchairs", "wheelchair places"),
        ("party.child_seats", "child seats"),
    )
    for number, (field, words) in enumerate(kinds):
        most = max(layout[number] for layout in layouts)
        if party.loads[number] > most:
            raise RequestError(
                "party_too_large", field, f"No vehicle has more than {most} {words}; ride in two."
            )
    raise RequestError(
        "party_too_large", "party", "No vehicle holds these people and aids at once; ride in two."
    )


def _check_time(region: Region, request: RideRequest, now: int) -> date:
    config = region.config
    field = f"when.{request.when}"
    if request.time < now - _CLOCKS_DIFFER:
        raise RequestError("in_the_past", field, "This time is over; choose a later one.")
    if request.time > now + (config.rules.horizon_days + 2) * 86_400:
        raise _beyond_horizon(config.rules.horizon_days, field)
    day = config.local_day(request.time)
    if (day - config.local_day(now)).days > config.rules.horizon_days:
        raise _beyond_horizon(config.rules.horizon_days, field)
    departing = request.when is When.DEPART_AT
    for begin, end in config.opening(day):
        if (begin <= request.time < end) if departing else (begin < request.time <= end):
            return day
    raise RequestError("outside_hours", field, _hours_sentence(region, day))


def _beyond_horizon(days: int, field: str) -> RequestError:
    return RequestError(
        "beyond_horizon",
        field,
        f"Rides can be booked up to {days} days ahead; choose an earlier day.",
    )


def _hours_sentence(region: Region, day: date) -> str:
    spans = [f"{each.begin} to {each.end}" for each in region.config.hours if each.covers(day)]
    if not spans:
        return f"There is no service on {day}; choose another day."
    return f"On {day} rides run from {' and '.join(spans)}; choose a time within."


def _accesses(
    region: Region, location: Location, field: str, other: Location
) -> tuple[Access, ...]:
    """Return the stops for one end: the named one, or all within walking distance."""
    if location.stop is not None:
        try:
            return (Access(region.place_of(location.stop), 0),)
        except KeyError as error:
            raise RequestError(
                "unknown_stop", f"{field}.stop", f"There is no stop {location.stop!r}."
            ) from error
    if not region.contains(location.lat, location.lon):
        way = crossing(region, location, other)
        if way is not None:
            raise _across_border(way, field)
        raise RequestError(
            "outside_area",
            field,
            f"This place lies outside {region.config.name}; choose one inside.",
        )
    near = region.walkable_stops(location.lat, location.lon)
    if not near:
        raise RequestError(
            "no_stop_near",
            field,
            f"No stop lies within {region.config.rules.max_walk_metres} m on foot; "
            "choose another place or a stop.",
        )
    return tuple(Access(place, metres) for place, metres in near)


def _across_border(way: Crossing, field: str) -> RequestError:
    where = "choose a place inside" if way.stop is None else f"change at the stop {way.stop.label}"
    error = RequestError(
        "across_border",
        field,
        f"This place lies in {way.neighbour}, which has a shuttle of its own, and rides do not "
        f"cross the border; {where}.",
    )
    error.crossing = way
    return error
