"""The vocabulary of the routing floor: trips, shifts, halts and tours.

Times are integer seconds since the Unix epoch (any other origin works as well, the solver only
compares and adds). Places are row numbers of a :class:`routing.travel_times.TravelTimes`. Loads
are tuples in the order of :data:`LOAD_KINDS`.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from routing.travel_times import TravelTimes

LOAD_KINDS = ("seats", "wheelchairs", "child_seats")
"""What a party takes up in a vehicle, in the order of every load tuple."""

Loads = tuple[int, int, int]

FOREVER = 1 << 40
"""A time later than any other, and a way longer than any other: no limit."""


class HaltKind(IntEnum):
    """What happens at a halt."""

    START = 0
    PICKUP = 1
    DROPOFF = 2
    BREAK = 3
    END = 4


@dataclass(frozen=True, slots=True)
class Trip:
    """One ride as the solver sees it: from a place to a place, in hard time windows.

    Attributes
    ----------
    id
        The booking's code, or any name that is unique within a plan.
    pickup, dropoff
        Places.
    pickup_earliest, pickup_latest, dropoff_earliest, dropoff_latest
        When service may begin, in seconds, both ends included.
    max_ride
        Longest time on board in seconds, from the end of service at the pickup to the begin of
        service at the drop-off.
    loads
        What the party takes up, by load kind.
    pickup_service, dropoff_service
        Seconds of service at each end.
    """

    id: str
    pickup: int
    dropoff: int
    pickup_earliest: int
    pickup_latest: int
    dropoff_earliest: int
    dropoff_latest: int
    max_ride: int
    loads: Loads
    pickup_service: int
    dropoff_service: int


@dataclass(frozen=True, slots=True)
class Break:
    """A driver's break: at a place, begun within a window, nobody on board."""

    place: int
    earliest: int
    latest: int
    duration: int


@dataclass(frozen=True, slots=True)
class Shift:
    """One vehicle's working time.

    Attributes
    ----------
    id
        Unique within a plan.
    start_place, end_place
        The depots.
    start, end
        The vehicle leaves no earlier and is back no later, in seconds.
    layouts
        The capacities by load kind for each way the vehicle can be set up (folding seats give way
        to a wheelchair). A load fits if at least one layout holds it.
    breaks
        In the order in which they are taken.
    max_duration
        Longest time from leaving to being back, in seconds; leaving may be later than `start`.
    """

    id: str
    start_place: int
    end_place: int
    start: int
    end: int
    layouts: tuple[Loads, ...]
    breaks: tuple[Break, ...] = ()
    max_duration: int = FOREVER


@dataclass(frozen=True, slots=True)
class Halt:
    """One act of a tour: a pickup, a drop-off, a break, the start or the end.

    Neighbouring halts at the same place happen together: the vehicle stands there as long as the
    longest service among them, and once.

    Attributes
    ----------
    kind, place
        What happens, and where.
    earliest, latest
        When service may begin. A halt that has happened carries its time in both.
    service
        Seconds of service.
    loads
        Change of the load by kind: positive at a pickup, negative at a drop-off, else zero.
    trip
        The trip's id; empty at a start, break or end.
    max_ride
        The trip's limit at its two halts, in seconds; 0 elsewhere.
    """

    kind: HaltKind
    place: int
    earliest: int
    latest: int
    service: int = 0
    loads: Loads = (0, 0, 0)
    trip: str = ""
    max_ride: int = 0

    def between(self, earliest: int, latest: int) -> "Halt":
        """Return the halt with another window: what `replace` does, in a third of the time."""
        own = self.service, self.loads, self.trip, self.max_ride
        return Halt(self.kind, self.place, earliest, latest, *own)


@dataclass(frozen=True, slots=True)
class Tour:
    """The ordered halts of one shift, from its start to its end.

    Attributes
    ----------
    shift
        Whose tour it is.
    halts
        The first is the start, the last the end.
    fixed
        How many leading halts are done or being driven to. Nothing may be put before or between
        them. At least 1: the start itself.
    served
        How many leading halts have happened. At most `fixed`.
    ready
        The vehicle cannot leave the last fixed halt before this time, in seconds: nobody drives
        in the past.
    reach
        Metres that the whole tour may have, from its start to its end: what a battery holds for
        it. See :mod:`routing.charging`.
    """

    shift: Shift
    halts: tuple[Halt, ...]
    fixed: int = 1
    served: int = 0
    ready: int = 0
    reach: int = FOREVER


def empty_tour(shift: Shift) -> Tour:
    """Return the tour of a shift that carries nobody: start, breaks, end.

    The end comes when the shift ends, not before: until then a vehicle waits where it is, ready
    for whoever calls next. If the shift may not last that long, the end comes as soon as it can.
    """
    breaks = tuple(
        Halt(HaltKind.BREAK, rest.place, rest.earliest, rest.latest, rest.duration)
        for rest in shift.breaks
    )
    start = Halt(HaltKind.START, shift.start_place, shift.start, shift.end)
    back = shift.end if shift.max_duration >= shift.end - shift.start else shift.start
    end = Halt(HaltKind.END, shift.end_place, back, shift.end)
    return Tour(shift, (start, *breaks, end))


def trip_halts(trip: Trip) -> tuple[Halt, Halt]:
    """Return the pickup and the drop-off of a trip as halts of a tour."""
    seats, wheelchairs, child_seats = trip.loads
    pickup = Halt(
        HaltKind.PICKUP,
        trip.pickup,
        trip.pickup_earliest,
        trip.pickup_latest,
        trip.pickup_service,
        trip.loads,
        trip.id,
        trip.max_ride,
    )
    dropoff = Halt(
        HaltKind.DROPOFF,
        trip.dropoff,
        trip.dropoff_earliest,
        trip.dropoff_latest,
        trip.dropoff_service,
        (-seats, -wheelchairs, -child_seats),
        trip.id,
        trip.max_ride,
    )
    return pickup, dropoff


def trip_between(pickup: Halt, dropoff: Halt) -> Trip:
    """Return the trip that has these two halts: what :func:`trip_halts` makes of it."""
    return Trip(
        id=pickup.trip,
        pickup=pickup.place,
        dropoff=dropoff.place,
        pickup_earliest=pickup.earliest,
        pickup_latest=pickup.latest,
        dropoff_earliest=dropoff.earliest,
        dropoff_latest=dropoff.latest,
        max_ride=dropoff.max_ride,
        loads=pickup.loads,
        pickup_service=pickup.service,
        dropoff_service=dropoff.service,
    )


class Weights(NamedTuple):
    """What a plan costs, in integers, so that results repeat.

    Attributes
    ----------
    driving
        A second of driving.
    metres
        A metre of driving.
    waiting
        A second from the opening of a pickup window to the pickup.
    riding
        A second on board of a trip.
    lateness
        A second that a halt of a trip happens after its window: only where a vehicle is late.
    vehicle
        A vehicle that carries anybody.
    """

    driving: int = 1
    metres: int = 0
    waiting: int = 0
    riding: int = 0
    lateness: int = 0
    vehicle: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A trip to be planned, in one way out of some.

    Attributes
    ----------
    options
        At least one, all with the same id: the same trip between other stops or at other times.
    price
        What it costs to leave it unserved, in the unit of the weights.
    penalties
        What each option costs, for walking perhaps; nothing if empty.
    """

    options: tuple[Trip, ...]
    price: int
    penalties: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Problem:
    """A day to be planned, or to be planned better.

    Attributes
    ----------
    tours
        One a shift, as they are now. What they carry stays in its tour and its order if it is
        fixed, has begun, or is not among the requests; everything else may move.
    requests
        All trips that may move.
    travel
        Between all places.
    weights
        What is minimised, together with the prices of requests that stay unserved.
    """

    tours: tuple[Tour, ...]
    requests: tuple[Request, ...]
    travel: TravelTimes
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """A plan for a problem.

    Attributes
    ----------
    tours
        One a shift, in the order of the problem.
    unserved
        Ids of the requests that are in no tour.
    cost
        By the weights and prices of the problem.
    """

    tours: tuple[Tour, ...]
    unserved: tuple[str, ...]
    cost: int
