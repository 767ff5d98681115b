"""What trouble changes, and for whom: what a dispatcher reads before confirming it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.problem import HaltKind
from shuttle.domain import UNFINISHED, Booking, BookingStatus
from shuttle.plan import DayPlan
from shuttle.trouble.conditions import Condition

NOTICEABLE = 60
"""Nobody calls it a change if the vehicle comes less than a minute earlier or later."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Which tour carries a ride, and when it gets on and off by the timetable."""

    shift: str
    pickup: int
    dropoff: int


@dataclass(frozen=True, slots=True)
class Move:
    """One end of a ride, ``pickup`` or ``dropoff``, at another stop; metres on foot between."""

    end: str
    from_stop: str
    to_stop: str
    metres: int


@dataclass(frozen=True, slots=True)
class Late:
    """The best that can still be done for a stranded ride: `seconds` after what was promised."""

    planned: Planned
    seconds: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes for one booking.

    Attributes
    ----------
    code
        The booking's.
    on_board
        Whether the party sits in the vehicle now.
    before, after
        None if no tour carries it.
    late
        Seconds after what was promised, at the worse end, by the new timetable.
    moves
        Ends at other stops.
    late_ride
        If it is stranded: the best late alternative, None if there is none.
    """

    code: str
    on_board: bool
    before: Planned | None
    after: Planned | None
    late: int = 0
    moves: tuple[Move, ...] = ()
    late_ride: Late | None = None

    @property
    def stranded(self) -> bool:
        """Whether no tour carries the ride any more."""
        return self.after is None

    @property
    def other_vehicle(self) -> bool:
        """Whether it is in the tour of another shift than before."""
        before, after = self.before, self.after
        return after is not None and (before is None or before.shift != after.shift)

    @property
    def other_time(self) -> bool:
        """Whether the vehicle comes noticeably earlier or later, or arrives so."""
        before, after = self.before, self.after
        if before is None or after is None:
            return False
        apart = max(abs(before.pickup - after.pickup), abs(before.dropoff - after.dropoff))
        return apart > NOTICEABLE


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a condition, entered or lifted, does to the bookings of its day.

    Attributes
    ----------
    condition
        As it is to be stored.
    effects
        Only where something changes: people on board first, then the stranded, then the late.
    """

    condition: Condition
    effects: tuple[Effect, ...] = field(default=())

    @property
    def digest(self) -> str:
        """What tells two consequences apart: who, which vehicle, which stop; not the seconds."""
        told = [
            (each.code, each.after and each.after.shift, each.moves, each.late > NOTICEABLE)
            for each in self.effects
            if each.stranded or each.other_vehicle or each.moves or each.late > NOTICEABLE
        ]
        return hashlib.sha256(repr(sorted(told, key=lambda each: each[0])).encode()).hexdigest()[
            :16
        ]


def effects(
    before: DayPlan,
    after: DayPlan,
    moves: Mapping[str, tuple[Move, ...]],
    late_rides: Mapping[str, Late | None],
) -> tuple[Effect, ...]:
    """Return for whom something is different between two states of a day."""
    was, will_be = planned(before), planned(after)
    found = []
    for code, booking in before.bookings.items():
        if booking.status not in UNFINISHED:
            continue
        arrived = after.bookings[code].status is BookingStatus.SERVED
        if arrived or (code not in was and code not in will_be and code not in moves):
            continue
        effect = Effect(
            code,
            booking.status is BookingStatus.ON_BOARD,
            was.get(code),
            will_be.get(code),
            _late(booking, will_be.get(code)),
            moves.get(code, ()),
            late_rides.get(code),
        )
        later = effect.late > _late(booking, was.get(code))
        if effect.stranded or effect.other_vehicle or effect.other_time or effect.moves or later:
            found.append(effect)
    found.sort(key=lambda each: (not each.on_board, not each.stranded, -each.late, each.code))
    return tuple(found)


def planned(plan: DayPlan) -> dict[str, Planned]:
    """Return where and when the rides of a plan are, by booking code."""
    found: dict[str, Planned] = {}
    for number, tour in enumerate(plan.tours):
        begins = plan.compiled.halts[number]["soonest"].tolist()
        pickups: dict[str, int] = {}
        for halt, begin in zip(tour.halts, begins, strict=False):
            if halt.kind is HaltKind.PICKUP:
                pickups[halt.trip] = begin
            elif halt.kind is HaltKind.DROPOFF:
                found[halt.trip] = Planned(tour.shift.id, pickups[halt.trip], begin)
    return found


def _late(booking: Booking, plan: Planned | None) -> int:
    if plan is None:
        return 0
    promise = booking.owed
    pickup = 0 if booking.status is BookingStatus.ON_BOARD else plan.pickup - promise.pickup_latest
    return max(pickup, plan.dropoff - promise.dropoff_latest, 0)
