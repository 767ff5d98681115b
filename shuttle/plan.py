"""The plan of a service day: an immutable value, and the pure transitions between two of them.

Vehicles wait where they are and leave just in time. :meth:`DayPlan.at` rolls a plan forward on
that rule: halts whose time has come are served, the halt a vehicle is driving to is fixed, and a
waiting vehicle cannot leave in the past.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from routing.insertion import Insertion, insert, remove
from routing.problem import Halt, HaltKind, Shift, Tour, Trip, empty_tour
from routing.schedule import CompiledTours, compile_tours, timetable
from routing.travel_times import TravelTimes
from shuttle.domain import Booking

TICK_SECONDS = 30
"""Plans are rolled forward in steps: the next half minute can no longer be changed."""


@dataclass(frozen=True, slots=True)
class Served:
    """A halt that has happened."""

    shift: str
    halt: Halt
    time: int


@dataclass(frozen=True, eq=False)
class DayPlan:
    """All tours of a service day.

    Attributes
    ----------
    day
        By the region's calendar.
    revision
        Counts the changes that were stored; 0 is the day without any.
    tours
        One a shift.
    compiled
        The same tours for the kernels.
    bookings
        By code; whoever is in a tour is here.
    """

    day: date
    revision: int
    tours: tuple[Tour, ...]
    compiled: CompiledTours
    bookings: Mapping[str, Booking]

    @classmethod
    def of(
        cls,
        day: date,
        revision: int,
        tours: Iterable[Tour],
        bookings: Mapping[str, Booking],
        travel: TravelTimes,
    ) -> "DayPlan":
        """Return a plan of given tours."""
        row = tuple(tours)
        return cls(day, revision, row, compile_tours(row, travel), MappingProxyType(dict(bookings)))

    @classmethod
    def empty(cls, day: date, shifts: Iterable[Shift], travel: TravelTimes) -> "DayPlan":
        """Return the plan of a day on which nobody has booked yet."""
        return cls.of(day, 0, map(empty_tour, shifts), {}, travel)

    def with_tours(self, changed: Mapping[int, Tour]) -> "DayPlan":
        """Return the plan with some tours replaced, by their number; the revision stays."""
        if not changed:
            return self
        tours = list(self.tours)
        compiled = self.compiled
        for number, tour in changed.items():
            tours[number] = tour
            compiled = compiled.replace(number, tour)
        return replace(self, tours=tuple(tours), compiled=compiled)

    def with_bookings(self, *changed: Booking) -> "DayPlan":
        """Return the plan with bookings added or replaced, by code; the revision stays."""
        return replace(
            self,
            bookings=MappingProxyType({**self.bookings, **{each.code: each for each in changed}}),
        )

    def at_revision(self, revision: int) -> "DayPlan":
        """Return the plan under the number it was stored with."""
        return replace(self, revision=revision)

    def inserted(self, trip: Trip, insertion: Insertion) -> "DayPlan":
        """Return the plan with a trip in one of its tours."""
        tour = insert(self.tours[insertion.tour], trip, insertion)
        return self.with_tours({insertion.tour: tour})

    def removed(self, number: int, code: str) -> "DayPlan":
        """Return the plan without a trip, which is in the tour of that number."""
        return self.with_tours({number: remove(self.tours[number], code)})

    def tour_of(self, code: str) -> int | None:
        """Return the number of the tour that carries a booking, or None."""
        for number, tour in enumerate(self.tours):
            if any(halt.trip == code for halt in tour.halts):
                return number
        return None

    def at(self, now: int, travel: TravelTimes) -> "DayPlan":
        """Return the plan as it stands at a time, halts served and fixed up to then.

        Parameters
        ----------
        now
            Epoch seconds; rounded up to the next :data:`TICK_SECONDS`.
        travel
            Between all places of the region.
        """
        tick = -(-now // TICK_SECONDS) * TICK_SECONDS
        rolled = {
            number: after
            for number, before in enumerate(self.tours)
            if (after := rolled_tour(before, tick, travel)) is not before
        }
        return self.with_tours(rolled)


def rolled_tour(tour: Tour, now: int, travel: TravelTimes) -> Tour:
    """Return a tour as it stands at a time; the same object if nothing changed.

    A halt that has happened keeps its time as both ends of its window. The first halt that the
    vehicle has already left for is fixed as well, and happens no earlier than planned, because
    `ready` then speaks of the departure after it. While the vehicle waits, `ready` moves on.
    """
    if now <= max(tour.ready, tour.shift.start) or tour.served == len(tour.halts):
        return tour
    begins, departures = _times(tour, travel)
    halts = list(tour.halts)
    served = tour.served
    while served < len(halts) and begins[served] <= now:
        halts[served] = replace(halts[served], earliest=begins[served], latest=begins[served])
        served += 1
    fixed = max(tour.fixed, served)
    if fixed == served and fixed < len(halts) and departures[fixed - 1] <= now:
        halts[fixed] = replace(halts[fixed], earliest=begins[fixed])
        fixed += 1
    return replace(tour, halts=tuple(halts), served=served, fixed=fixed, ready=now)


def _times(tour: Tour, travel: TravelTimes) -> tuple[list[int], list[int]]:
    scheduled = timetable(tour, travel)
    return [each.begin for each in scheduled], [each.departure for each in scheduled]


def newly_served(before: Tour, after: Tour) -> list[Served]:
    """Return the halts that happened between two states of one tour."""
    return [
        Served(after.shift.id, halt, halt.earliest)
        for halt in after.halts[before.served : after.served]
        if halt.kind in (HaltKind.PICKUP, HaltKind.DROPOFF)
    ]
