"""What a simulated day leaves behind: one row a wish, one a leg, one a shift."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shuttle.domain import Party, When


class Fate(StrEnum):
    """What became of a wish."""

    SERVED = "served"
    REFUSED = "refused"
    """Nothing was offered at the wanted time, and no other time was taken."""
    DECLINED = "declined"
    """Something was offered, and not taken."""
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    LET_DOWN = "let_down"
    """Booked, and not driven."""
    NOT_ASKED = "not_asked"
    """A way back of somebody who did not get there."""


ASKED = frozenset(Fate) - {Fate.NOT_ASKED}
"""Fates of wishes that were put to the service."""


class Group(StrEnum):
    """Who asks, as far as fairness is looked at; the first that fits."""

    WHEELCHAIR = "wheelchair"
    CHILD_SEAT = "child_seat"
    THREE_AND_MORE = "three_and_more"
    ONE_OR_TWO = "one_or_two"


def group_of(party: Party) -> Group:
    """Return the group of a party."""
    if party.wheelchairs:
        return Group.WHEELCHAIR
    if party.child_seats:
        return Group.CHILD_SEAT
    return Group.THREE_AND_MORE if party.passengers > 2 else Group.ONE_OR_TWO


@dataclass(frozen=True, slots=True)
class RideRow:
    """A wish and what became of it. Times are epoch seconds, None if it did not come to that.

    Attributes
    ----------
    day, number
        Which wish.
    purpose, group, hour
        Why, who, and the hour of the wanted time on the region's clocks.
    origin, destination
        Stop ids, the nearest to what was named; `village` is that of the origin.
    asked_at, wanted, when
        When they asked, and for when: to depart then, or to arrive by then.
    passengers
        Of the party.
    fate, reason
        What became of it; the reason is that of a refusal.
    moved
        Whether they took another time than they had wanted after a refusal.
    window, window_end, dropoff_latest
        The promise.
    pickup, dropoff
        When they got on and off.
    walk, direct_seconds, direct_metres, fare_cents
        Of the booked ride.
    kept, over
        Whether the promise was kept, and by how many seconds it was missed.
    shared
        Whether other people were on board on the way.
    """

    day: date
    number: int
    purpose: str
    group: Group
    hour: int
    origin: str
    destination: str
    village: str
    asked_at: int
    wanted: int
    passengers: int
    fate: Fate
    reason: str = ""
    moved: bool = False
    window: int | None = None
    window_end: int | None = None
    dropoff_latest: int | None = None
    pickup: int | None = None
    dropoff: int | None = None
    walk: int = 0
    direct_seconds: int = 0
    direct_metres: int = 0
    fare_cents: int = 0
    kept: bool | None = None
    over: int = 0
    shared: bool = False
    when: When = When.DEPART_AT


@dataclass(frozen=True, slots=True)
class LegRow:
    """A drive from halt to halt, with how many bookings and passengers were on board.

    Attributes
    ----------
    vehicle, begin, end, metres
        Who drove when, and how far.
    bookings, passengers
        On board.
    origin, destination
        Ids of stops or depots.
    got_on, got_off
        Passengers at the origin, since the vehicle came there.
    """

    vehicle: str
    begin: int
    end: int
    metres: int
    bookings: int
    passengers: int
    origin: str = ""
    destination: str = ""
    got_on: int = 0
    got_off: int = 0


@dataclass(frozen=True, slots=True)
class ShiftCharge:
    """What a tour took from a battery.

    Attributes
    ----------
    used, charged
        Kilowatt-hours, on the tour and at the depot before it.
    left
        Per cent at the end of the tour: the least of the whole tour.
    under_reserve
        Whether that is less than the plan keeps back.
    """

    used: float
    charged: float
    left: float
    under_reserve: bool


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A driver's working time: as planned, or longer where the vehicle came back late.

    `charge` is that of a vehicle whose battery is told.
    """

    vehicle: str
    begin: int
    end: int
    electric: bool
    charge: ShiftCharge | None = None


@dataclass(frozen=True, slots=True)
class DayRows:
    """A simulated service day.

    `adopted` counts better plans that were taken over, `broken_down` vehicles that broke down.
    """

    day: date
    rides: tuple[RideRow, ...]
    legs: tuple[LegRow, ...]
    shifts: tuple[ShiftRow, ...]
    adopted: int
    broken_down: int = 0
