"""Figures of whole months that name nobody: a number below five is not told.

Nor can it be reckoned from what is told: of a table that has a sum, a second number is held back
where one alone would be missing, and more where those held back make less than five together.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shuttle.answers import RefusalReason
from shuttle.booking.unmet import Unmet
from shuttle.domain import Booking, BookingStatus
from shuttle.events import Booked, Changed, Event
from shuttle.region import Region

LEAST = 5
"""The smallest number that is told."""

Cells = Mapping[str, int | None]
"""Numbers by what they count; None is held back."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month in numbers.

    Attributes
    ----------
    month
        Such as ``2027-03``.
    rides, passengers
        Served rides, and the people on them.
    by_wheelchair, by_phone, by_village, by_hour
        The same rides, by whether a wheelchair came along, whether they were booked by phone,
        village of departure and hour.
    unmet, by_reason
        Refused requests, all and by reason.
    """

    month: str
    rides: int | None
    passengers: int | None
    by_wheelchair: Cells
    by_phone: Cells
    by_village: Cells
    by_hour: Cells
    unmet: int | None
    by_reason: Cells


def month_of(
    region: Region,
    first: date,
    bookings: Iterable[Booking],
    unmet: Iterable[Unmet],
    events: Iterable[Event] = (),
) -> Month:
    """Return a month in numbers.

    Parameters
    ----------
    region
        Whose stops and clocks are meant.
    first
        The first day of the month.
    bookings, unmet, events
        Those of its days.
    """
    phoned = {code for each in events if (code := _phoned(each))}
    rides = [each for each in bookings if each.status is BookingStatus.SERVED]
    refused = [each.reason for each in unmet if each.reason in set(RefusalReason)]
    told = len(rides) >= LEAST
    return Month(
        month=f"{first:%Y-%m}",
        rides=len(rides) if told else None,
        passengers=sum(each.ride.party.passengers for each in rides) if told else None,
        by_wheelchair=held_back(Counter(_wheelchair(each) for each in rides)),
        by_phone=held_back(Counter("with" if r.code in phoned else "without" for r in rides)),
        by_village=held_back(Counter(_village(region, each) for each in rides)),
        by_hour=held_back(Counter(_hour(region, each) for each in rides)),
        unmet=len(refused) if len(refused) >= LEAST else None,
        by_reason=held_back(Counter(refused)),
    )


def held_back(counted: Mapping[str, int]) -> Cells:
    """Return a table whose sum is told, without the numbers that are too small to be told.

    Where the sum itself is too small nothing is told, not even of what there was something.
    """
    if sum(counted.values()) < LEAST:
        return {}
    shown = dict(sorted(counted.items()))
    missing = {name for name, number in shown.items() if number < LEAST}
    rest = sorted((number, name) for name, number in shown.items() if name not in missing)
    while missing and rest and _can_be_reckoned(shown, missing):
        missing.add(rest.pop(0)[1])
    return {name: None if name in missing else number for name, number in shown.items()}


def _can_be_reckoned(counted: Mapping[str, int], missing: Collection[str]) -> bool:
    return len(missing) == 1 or sum(counted[name] for name in missing) < LEAST


def _wheelchair(booking: Booking) -> str:
    return "with" if booking.ride.party.wheelchairs else "without"


def _phoned(event: Event) -> str:
    """Return the code of a ride that was booked by phone, or changed to it; empty for others."""
    if isinstance(event, Booked) and event.by_phone:
        return event.code
    return event.new if isinstance(event, Changed) and event.by_phone else ""


def _village(region: Region, booking: Booking) -> str:
    try:
        return region.stop(booking.ride.pickup_stop).village or "elsewhere"
    except KeyError:  # the stop has been given up since
        return "elsewhere"


def _hour(region: Region, booking: Booking) -> str:

    time = booking.ride.promise.pickup_earliest
    return f"{datetime.fromtimestamp(time, region.config.zone):%H}"


def full_months(today: date, number: int) -> Sequence[tuple[date, date]]:
    """Return the first and last days of so many months that are over, the latest first."""
    months = []
    after = today.replace(day=1)
    for _ in range(number):
        last = after - timedelta(days=1)
        after = last.replace(day=1)
        months.append((after, last))
    return months
