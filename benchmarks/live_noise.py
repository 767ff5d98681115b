"""Tours driven where every leg takes longer or shorter than planned: which promises are kept."""

from collections.abc import Sequence
from random import Random

from routing.problem import HaltKind, Tour, empty_tour, trip_halts
from routing.schedule import timetable
from routing.travel_times import TravelTimes
from shuttle.booking.offers import exact_trip
from shuttle.plan import DayPlan
from shuttle.region import Region

NOISE = 0.2
"""Each leg takes up to so much less or more than planned, whatever the others take."""

EARLY = 0.2
"""Share of a leg by which drivers leave earlier than just in time, where that is tried."""

DRIVES = 20
"""How often each tour is driven."""


def promised_tours(region: Region, plan: DayPlan) -> list[Tour]:
    """Return the tours of a day as if none of it had happened: their order, and what is owed."""
    tours = []
    for tour in plan.tours:
        own, halts = iter(empty_tour(tour.shift).halts), []
        for halt in tour.halts:
            if halt.trip:
                trip = exact_trip(region, plan.bookings[halt.trip].ride, halt.trip)
                halts.append(trip_halts(trip)[halt.kind is HaltKind.DROPOFF])
            else:
                halts.append(next(own))
        tours.append(Tour(tour.shift, tuple(halts)))
    return tours


def kept_under_noise(tours: Sequence[Tour], travel: TravelTimes, early: float) -> float:
    """Return the share of promises that are kept by drivers who hold to their timetable.

    They leave just in time, or as much earlier as `early` says, a share of the leg; when they are
    late they hurry on. Nothing is planned anew.
    """
    rides = broken = 0
    for drive in range(DRIVES):
        rng = Random(drive)
        for tour in tours:
            rides += sum(halt.kind is HaltKind.PICKUP for halt in tour.halts)
            broken += len(broken_in(tour, travel, early, rng))
    return 1 - broken / rides if rides else 1.0


def broken_in(tour: Tour, travel: TravelTimes, early: float, rng: Random) -> set[str]:
    """Return whose promises one drive of a tour breaks."""
    planned = [each.begin for each in timetable(tour, travel)]
    begin, free = planned[0], planned[0]
    left: dict[str, int] = {}
    broken: set[str] = set()
    for k in range(1, len(tour.halts)):
        here, halt = tour.halts[k - 1], tour.halts[k]
        if here.place == halt.place:
            begin = max(begin, halt.earliest)
            free = max(free, begin + halt.service)
        else:
            leg = int(travel.seconds[here.place, halt.place])
            leave = max(free, planned[k] - round(leg * (1 + early)))
            begin = max(leave + round(leg * rng.uniform(1 - NOISE, 1 + NOISE)), halt.earliest)
            free = begin + halt.service
        if halt.kind is HaltKind.PICKUP:
            left[halt.trip] = begin + halt.service
        too_long = halt.kind is HaltKind.DROPOFF and begin - left[halt.trip] > halt.max_ride
        if halt.trip and (begin > halt.latest or too_long):
            broken.add(halt.trip)
    return broken
