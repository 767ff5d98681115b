"""The plan of a service day: an immutable value, and the pure transitions between two of them.

Vehicles wait where they are and leave just in time. :meth:`DayPlan.at` rolls a plan forward on
that rule: halts whose time has come are served, the halt a vehicle is driving to is fixed, and a
waiting vehicle cannot leave in the past. Where a driver reports, halts are served by reports only.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from routing.insertion import Insertion, insert, remove
from routing.problem import FOREVER, Tour, Trip
from routing.schedule import CompiledTours, compile_tours, read_only
from routing.travel_times import TravelTimes
from shuttle.charging import within_joint_reach, within_reach
from shuttle.domain import Booking, BookingStatus
from shuttle.driving.reports import Report
from shuttle.driving.rolling import awaited_tour, waited
from shuttle.region import Region
from shuttle.trouble.conditions import Condition

TICK_SECONDS = 30
"""Plans are rolled forward in steps: what begins within the running half minute is fixed."""


def tick_of(now: int) -> int:
    """Return the end of the running half minute."""
    return -(-now // TICK_SECONDS) * TICK_SECONDS


def vehicle_of(tour: Tour) -> str:
    """Return the id of the vehicle that drives a tour."""
    return vehicle_of_shift(tour.shift.id)


def vehicle_of_shift(shift: str) -> str:
    """Return the id of the vehicle of a shift, by the id of the shift."""
    return shift.partition("@")[0]


def under_way(plan: "DayPlan", code: str) -> bool:
    """Whether a ride's pickup has happened or is being driven to."""
    number = plan.tour_of(code)
    if number is None:
        return False
    tour = plan.tours[number]
    return any(halt.trip == code for halt in tour.halts[: tour.fixed])


@dataclass(frozen=True, eq=False)
class DayPlan:
    """All tours of a service day.

    Attributes
    ----------
    day
        By the region's calendar.
    revision
        Counts the changes that were stored; 0 is the day without any.
    compiled
        The tours, one a shift, as the kernels want them.
    bookings
        By code; whoever is in a tour is here, and whoever is stranded.
    region
        As it is on that day: with the travel times and shifts under its conditions.
    conditions
        What was entered, lifted or not.
    reports
        What drivers reported, by shift, in the order in which it was taken in.
    warned
        By how many seconds promises at risk were last said to be missed, by code.
    locks
        Codes of rides that stay in their vehicle, and ids of shifts whose tours stay as they are.
    """

    day: date
    revision: int
    compiled: CompiledTours
    bookings: Mapping[str, Booking]
    region: Region
    conditions: tuple[Condition, ...] = ()
    reports: Mapping[str, tuple[Report, ...]] = field(default_factory=dict)
    warned: Mapping[str, int] = field(default_factory=dict)
    locks: frozenset[str] = frozenset()
    _stands: dict[int, "_Standing"] = field(default_factory=dict, repr=False)
    """What was found of single tours: plans that follow from one another share it."""
    missed: dict[int, tuple[tuple[int, ...], tuple[tuple[str, int], ...]]] = field(
        default_factory=dict, repr=False
    )
    """By tour: its pressed halts, and by how much promises will be missed there; shared alike."""
    _rolled: list["_Rolled"] = field(default_factory=list, init=False, repr=False)
    """The plan as it stands at the time that was last asked for: an act asks more than once."""

    def __post_init__(self) -> None:
        """Give every tour the reach that follows from the others and from what drivers read."""
        limited = within_reach(self.compiled, self.region, self.reports)
        object.__setattr__(self, "compiled", limited)

    @classmethod
    def of(
        cls,
        day: date,
        revision: int,
        tours: Iterable[Tour],
        bookings: Mapping[str, Booking],
        region: Region,
        conditions: tuple[Condition, ...] = (),
    ) -> "DayPlan":
        """Return a plan of given tours, in a region as it is on that day."""
        compiled = compile_tours(tuple(tours), region.travel)
        known = MappingProxyType(dict(bookings))
        return cls(day, revision, compiled, known, region, conditions)

    @property
    def travel(self) -> TravelTimes:
        """Between all places of the tours, under the conditions of the day."""
        return self.compiled.travel

    @property
    def stranded(self) -> tuple[Booking, ...]:
        """Who waits for a ride that no tour has."""
        own = sum(2 + len(tour.shift.breaks) for tour in self.tours)
        if sum(len(tour.halts) for tour in self.tours) - own == 2 * len(self.bookings):
            return ()  # as usual, everybody is in a tour
        booked = BookingStatus.BOOKED
        carried = {halt.trip for tour in self.tours for halt in tour.halts}
        return tuple(
            each
            for each in self.bookings.values()
            if each.status is booked and each.code not in carried
        )

    @property
    def insertable(self) -> CompiledTours:
        """The tours as a search for room may see them: into one that is locked nothing fits."""
        locked = [n for n, tour in enumerate(self.tours) if tour.shift.id in self.locks]
        if not locked:
            return self.compiled
        shifts = self.compiled.shifts.copy()
        shifts["fixed"][locked] = shifts["length"][locked]
        return replace(self.compiled, shifts=read_only(shifts))

    @property
    def unlocked(self) -> CompiledTours:
        """The tours without those that are locked; the same object if none is."""
        free = [tour for tour in self.tours if tour.shift.id not in self.locks]
        return self.compiled if len(free) == len(self.tours) else compile_tours(free, self.travel)

    @property
    def changeable(self) -> tuple[Tour, ...]:
        """The tours as a search that changes several at once may see them.

        Their batteries last whatever becomes of each of them within its reach.
        """
        return within_joint_reach(self.compiled, self.region, self.reports, self.locks)

    @property
    def tours(self) -> tuple[Tour, ...]:
        """The ordered halts, one tour a shift."""
        return self.compiled.tours

    def with_tours(self, changed: Mapping[int, Tour]) -> "DayPlan":
        """Return the plan with some tours replaced, by their number; the revision stays."""
        return replace(self, compiled=self.compiled.with_tours(changed)) if changed else self

    def with_bookings(self, *changed: Booking) -> "DayPlan":
        """Return the plan with bookings added or replaced, the cancelled ones dropped."""
        if not changed:
            return self
        merged = {**self.bookings, **{each.code: each for each in changed}}
        for each in changed:
            if each.status is BookingStatus.CANCELLED:
                del merged[each.code]
        bookings = MappingProxyType(merged)
        if any(_amended(each) or _amended(self.bookings.get(each.code)) for each in changed):
            return replace(self, bookings=bookings, missed={})  # they may be owed another time
        return replace(self, bookings=bookings)

    def with_reports(self, *new: Report) -> "DayPlan":
        """Return the plan with reports taken in, all of one shift."""
        if not new:
            return self
        shift = new[0].shift
        known = self.reports.get(shift, ())
        return replace(self, reports=MappingProxyType({**self.reports, shift: (*known, *new)}))

    def at_revision(self, revision: int) -> "DayPlan":
        """Return the plan under the number it was stored with."""
        return replace(self, revision=revision)

    def inserted(self, trip: Trip, insertion: Insertion) -> "DayPlan":
        """Return the plan with a trip in one of its tours."""
        number = insertion.tour
        return self.with_tours({number: insert(self.tours[number], trip, insertion)})

    def removed(self, number: int, code: str) -> "DayPlan":
        """Return the plan without a trip, which is in the tour of that number."""
        return self.with_tours({number: remove(self.tours[number], code)})

    def tour_of(self, code: str) -> int | None:
        """Return the number of the tour that carries a booking, or None."""
        for number, tour in enumerate(self.tours):
            if any(halt.trip == code for halt in tour.halts):
                return number
        return None

    def at(self, now: int) -> "DayPlan":
        """Return the plan as it stands at a time; the same object if nothing changed.

        Halts are served and fixed up to then, and no vehicle can leave in the past.
        """
        last = next(iter(self._rolled), None)  # read once: other threads ask too
        if last is not None and last.since <= now < last.until:
            return last.plan or self
        tours, stands, since, until = self.tours, [], 0, FOREVER
        for number in range(len(tours)):
            known = self._standing(number, now)
            stands.append(known.after)
            since, until = max(since, known.since), min(until, known.until)
        changed = {n: after for n, after in enumerate(stands) if after is not tours[n]}
        rolled = None
        if changed:
            same = last is not None and all(map(operator.is_, last.stands, stands))
            rolled = last.plan if last is not None and same else self.with_tours(changed)
        # No circle of references: a plan is let go of at once.
        self._rolled[:] = [_Rolled(stands, rolled, since, until)]
        return rolled or self

    def _standing(self, number: int, now: int) -> "_Standing":
        """Return how a tour stands at a time, from memory if it is known."""
        tour, travel = self.tours[number], self.travel
        reports = self.reports.get(tour.shift.id)
        known = self._stands.get(number)
        if (
            known is None
            or known.tour is not tour
            or not known.since <= now < known.until
            or known.reports is not reports
            or known.travel is not travel
        ):
            known = _Standing(tour, reports, travel, *self._tour_at(number, now))
            self._stands[number] = known
        return known

    def _tour_at(self, number: int, now: int) -> tuple[Tour, int, int]:
        """Return a tour as it stands at a time, and from when until when it stands so."""
        tour, tick = self.tours[number], tick_of(now)
        if tick < tour.shift.start:
            return tour, 0, tour.shift.start - TICK_SECONDS + 1
        if tour.served == len(tour.halts):
            return tour, now, FOREVER
        same_tick = tick - TICK_SECONDS + 1, tick + 1
        row, begins = self.compiled.halts[number], self.compiled.begins(number)
        # For no later halt the vehicle leaves sooner than for this.
        leaves = begins[tour.served] - int(row["drive"][tour.served])
        reports = self.reports.get(tour.shift.id)
        if reports and tour.served < len(tour.halts) - 1:
            return awaited_tour(tour, begins, leaves, reports, tick), *same_tick
        if leaves <= tick:
            drives = row["drive"][: len(begins)].tolist()
            left = [begin - drive for begin, drive in zip(begins, drives, strict=True)]
            return rolled_tour(tour, begins, left, now), now, now + 1
        return waited(tour, tick), *same_tick


def _amended(booking: Booking | None) -> bool:
    return booking is not None and booking.amendment is not None


class _Standing(NamedTuple):
    """A tour as it stands from one time until before another, and what that was found from."""

    tour: Tour
    reports: tuple[Report, ...] | None
    travel: TravelTimes
    after: Tour
    since: int
    until: int


class _Rolled(NamedTuple):
    """A plan as it stands from one time until before another; None is the plan itself."""

    stands: list[Tour]
    plan: DayPlan | None
    since: int
    until: int


def rolled_tour(tour: Tour, begins: Sequence[int], left: Sequence[int], now: int) -> Tour:
    """Return a tour with the halts served that have happened, and fixed that cannot change.

    A halt that has happened keeps its time as both ends of its window. The halts the vehicle has
    left for, or stands at, are fixed as well and happen no earlier than planned, because `ready`
    then speaks of the departure after them.

    Parameters
    ----------
    tour
        As it was.
    begins
        When service begins at each halt, by the timetable.
    left
        When the vehicle leaves the place before; at the same place, the begin itself.
    now
        Epoch seconds.
    """
    halts = list(tour.halts)
    served = tour.served
    while served < len(halts) and begins[served] <= now:
        halts[served] = halts[served].between(begins[served], begins[served])
        served += 1
    fixed = max(tour.fixed, served)
    while fixed < len(halts) and left[fixed] <= tick_of(now):
        halts[fixed] = halts[fixed].between(begins[fixed], halts[fixed].latest)
        fixed += 1
    ready = max(tour.ready, tick_of(now))
    return replace(tour, halts=tuple(halts), served=served, fixed=fixed, ready=ready)
