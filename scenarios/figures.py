"""What a day came to: rides, promises and kilometres, from the plan and the events."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from routing.problem import HaltKind, Tour
from routing.travel_times import TravelTimes
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus


@dataclass(frozen=True, slots=True)
class Kilometres:
    """How far vehicles have driven, and with whom.

    Attributes
    ----------
    driven, occupied
        Kilometres in all, and with at least one passenger.
    carried
        Bookings on board times kilometres.
    """

    driven: float
    occupied: float
    carried: float


@dataclass(frozen=True, slots=True)
class Figures:
    """A service day up to a time.

    Attributes
    ----------
    served, on_board, to_come
        Bookings by where they stand.
    passengers
        People who have arrived.
    shared
        How many of the served bookings had other people on board on their way.
    kept, broken
        Promises.
    way
        Kilometres up to the last halt of each vehicle.
    """

    served: int
    on_board: int
    to_come: int
    passengers: int
    shared: int
    kept: int
    broken: int
    way: Kilometres


def figures(dispatcher: Dispatcher, day: date, now: int) -> Figures:
    """Return what a day has come to by a time."""
    plan = dispatcher.plan(day, now)
    status = Counter(booking.status for booking in plan.bookings.values())
    served = {
        code: booking
        for code, booking in plan.bookings.items()
        if booking.status is BookingStatus.SERVED
    }
    events = Counter(event.kind for event in dispatcher.events(day))
    return Figures(
        served=len(served),
        on_board=status[BookingStatus.ON_BOARD],
        to_come=status[BookingStatus.BOOKED],
        passengers=_passengers(served.values()),
        shared=len(_shared(plan.tours) & served.keys()),
        kept=events["promise_kept"],
        broken=events["promise_broken"],
        way=driven(plan.tours, plan.travel),
    )


def driven(tours: Iterable[Tour], travel: TravelTimes) -> Kilometres:
    """Return how far the vehicles have driven between the halts that are served."""
    in_all = occupied = carried = 0.0
    for tour in tours:
        aboard = 0
        for here, there in pairwise(tour.halts[: tour.served]):
            aboard += _change(here.kind)
            km = float(travel.metres[here.place, there.place]) / 1000
            in_all += km
            occupied += km if aboard else 0.0
            carried += km * aboard
    return Kilometres(in_all, occupied, carried)


def _change(kind: HaltKind) -> int:
    return {HaltKind.PICKUP: 1, HaltKind.DROPOFF: -1}.get(kind, 0)


def _passengers(bookings: Iterable[Booking]) -> int:
    return sum(booking.ride.party.passengers for booking in bookings)


def _shared(tours: Iterable[Tour]) -> set[str]:
    """Return the codes of all who have not been alone on board."""
    shared: set[str] = set()
    for tour in tours:
        aboard: set[str] = set()
        for halt in tour.halts[: tour.served]:
            if halt.kind is HaltKind.PICKUP:
                aboard.add(halt.trip)
                if len(aboard) > 1:
                    shared |= aboard
            elif halt.kind is HaltKind.DROPOFF:
                aboard.discard(halt.trip)
    return shared
