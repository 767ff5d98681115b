"""Days filled with bookings, and the requests that are timed on them."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import count, pairwise

from routing.insertion import best_insertions
from routing.problem import Tour, empty_tour
from routing.travel_times import TravelTimes
from shuttle.booking.offers import exact_trip
from shuttle.booking.quotes import quote
from shuttle.booking.requests import check_request
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Location, Party, RideRequest, When
from shuttle.errors import OfferGone
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.region_config import Hours, Layout, ShiftRule, Vehicle
from shuttle.store import MemoryStore

DAY = date(2027, 3, 1)

GROUP = 20
"""Vehicles that are filled together where a day is filled by groups."""

_GIVE_UP = 200
"""So many refusals in a row, and a fleet takes no more."""


def with_fleet(region: Region, numbers: range) -> Region:
    """Return the region with so many like vehicles, out from 6 to 22 every day."""
    every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    depot = next(iter(region.config.depots))
    span = {"days": every, "from": "06:00", "to": "22:00"}
    layout = Layout(seats=8, wheelchairs=1, child_seats=1)
    names = [f"bus-{number}" for number in numbers]
    config = region.config.model_copy(
        update={
            "hours": [Hours.model_validate(span)],
            "vehicles": [Vehicle(id=n, name=n, depot=depot, layouts=[layout]) for n in names],
            "shifts": [ShiftRule.model_validate({"vehicle": name, **span}) for name in names],
        }
    )
    return replace(region, config=config)


class Residents:
    """Ask for rides between any two addresses, most of them around noon; seeded."""

    def __init__(self, region: Region, seed: int) -> None:
        self._region = region
        self._addresses = [each for each in region.features if each.kind == "address"]
        self._rng = random.Random(seed)

    def ask(self) -> RideRequest | None:
        """Return a request, or None if no stop is near or both ends share theirs."""
        region, rng = self._region, self._rng
        ends = [rng.choice(self._addresses) for _ in range(2)]
        near = [region.walkable_stops(end.lat, end.lon) for end in ends]
        if not all(near) or near[0][0][0] == near[1][0][0]:
            return None
        origin, destination = (Location(end.lat, end.lon, end.street) for end in ends)
        minute = int(rng.triangular(6 * 60, 21 * 60, 13 * 60))
        when = rng.choice([When.DEPART_AT, When.DEPART_AT, When.ARRIVE_BY])
        party = Party(rng.choices([1, 2, 3], [80, 15, 5])[0])
        return RideRequest(origin, destination, when, region.config.instant(DAY, minute), party)

    def several(self, tries: int) -> list[RideRequest]:
        """Return what comes of so many tries."""
        return [request for _ in range(tries) if (request := self.ask()) is not None]


def from_stop_to_stop(region: Region, request: RideRequest) -> RideRequest:
    """Return a request from the nearest stop to the nearest stop."""
    ends = []
    for end in (request.origin, request.destination):
        place, _ = region.walkable_stops(end.lat, end.lon)[0]
        ends.append(replace(end, stop=region.stops[place].id))
    return replace(request, origin=ends[0], destination=ends[1])


def before_opening(region: Region) -> int:
    """Return the time at which all is asked: the whole day is still ahead."""
    return region.config.instant(DAY, 5 * 60)


def with_bookings(region: Region, vehicles: int, bookings: int, residents: Residents) -> DayPlan:
    """Return a day with so many rides, or what became of 4 times as many requests.

    Booked through the dispatcher.
    """
    crowded = with_fleet(region, range(vehicles))
    dispatcher = Dispatcher(crowded, MemoryStore())
    now = before_opening(crowded)
    booked = 0
    for number, request in enumerate(residents.several(4 * bookings)):
        if booked == bookings:
            break
        answer = dispatcher.quote(request, now)
        if answer.refusal is None:
            with suppress(OfferGone):
                dispatcher.book(answer.offers[0], f"key-{number:05}", now)
                booked += 1
    plan = dispatcher.plan(DAY, now)
    dispatcher.close()
    return plan


def as_busy(
    region: Region,
    vehicles: int,
    share: float,
    residents: Residents,
    tell: Callable[[float], None],
) -> DayPlan:
    """Return a day on which that share of the vehicles' time is driving or halting.

    To be quick, groups of vehicles are filled one after the other, with rides from the nearest stop
    to the nearest stop, and with the offers and insertions of the dispatcher but without a store.
    A group that refuses 200 requests in a row stays as it is.

    Parameters
    ----------
    tell
        Told the share of the fleet that is filled.
    """
    tours: list[Tour] = []
    bookings: dict[str, Booking] = {}
    for first in range(0, vehicles, GROUP):
        part = with_fleet(region, range(first, min(first + GROUP, vehicles)))
        plan = _empty_day(part)
        for number, plan in enumerate(_fuller(part, plan, residents, f"{first}-")):  # noqa: B020
            if number % 10 == 0 and busy(plan, region.travel) >= share:
                break
        tours += plan.tours
        bookings |= plan.bookings
        tell(len(tours) / vehicles)
    return DayPlan.of(DAY, 0, tours, bookings, region)


def _empty_day(region: Region) -> DayPlan:
    tours = [empty_tour(shift) for shift in region.shifts(DAY)]
    return DayPlan.of(DAY, 0, tours, {}, region)


def _fuller(region: Region, plan: DayPlan, residents: Residents, prefix: str) -> Iterator[DayPlan]:
    """Yield the day with ever more first offers booked, until nothing works any more."""
    now, refused = before_opening(region), 0
    codes = (f"{prefix}{number}" for number in count())
    while refused < _GIVE_UP:
        request = residents.ask()
        if request is None:
            continue
        refused += 1
        checked = check_request(region, from_stop_to_stop(region, request), now)
        answer = quote(region, plan, checked, now, partial(next, codes))
        if answer.refusal is not None:
            continue
        ride, code = answer.offers[0].ride, next(codes)
        trip = exact_trip(region, ride, code)
        insertion = best_insertions(plan.compiled, region.travel, [trip])[0]
        if insertion is not None:
            booking = Booking(code, ride, request.origin.label, request.destination.label, now)
            plan = plan.inserted(trip, insertion).with_bookings(booking)
            refused = 0
            yield plan


def busy(plan: DayPlan, travel: TravelTimes) -> float:
    """Return the share of all shifts that is driving or standing at halts, not waiting."""
    shifts = sum(tour.shift.end - tour.shift.start for tour in plan.tours)
    return sum(_busy_seconds(tour, travel) for tour in plan.tours) / shifts


def _busy_seconds(tour: Tour, travel: TravelTimes) -> int:
    """Return the seconds that a tour takes without any waiting."""
    seconds = tour.halts[-1].service
    for here, there in pairwise(tour.halts):
        if here.place == there.place:  # together: as long as the longest service
            seconds += max(0, here.service - there.service)
        else:
            seconds += here.service + int(travel.seconds[here.place, there.place])
    return seconds
