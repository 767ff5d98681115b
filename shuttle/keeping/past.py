"""A day as it was: its plan after any of its changes, and what was planned first for each ride.

Nothing is kept for this but what each change made of the day; times follow from the order of the
halts, as they do for the day that is running.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from shuttle.domain import Booking, BookingStatus
from shuttle.driving.reports import Report
from shuttle.events import Event, PromiseAtRisk
from shuttle.keeping.records import restored
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import Step, StoredDay, TourRecord, locks_of
from shuttle.trouble.conditions import Condition
from shuttle.trouble.consequences import Planned, planned


def day_after(
    region: Region,
    day: date,
    steps: Sequence[Step],
    reports: Iterable[Report],
    events: Iterable[Event],
) -> DayPlan:
    """Return a day as it stood after the last of some steps.

    Parameters
    ----------
    region
        As it is on days without trouble.
    day
        Which it is.
    steps
        From the first on, at least one.
    reports, events
        All of the day; what happened later than the last step does not count.

    Raises
    ------
    RegionError
        If the region no longer has a shift or stop that the day used.
    """
    tours: dict[str, TourRecord] = {}
    bookings: dict[str, Booking] = {}
    conditions: dict[str, Condition] = {}
    for step in steps:
        tours |= {each.shift: each for each in step.tours}
        bookings |= {each.code: each for each in step.bookings}
        conditions |= {each.id: each for each in step.conditions}
    time = steps[-1].time
    happened = [each for each in events if each.time <= time]
    stored = StoredDay(
        steps[-1].revision,
        tuple(tours.values()),
        tuple(each for each in bookings.values() if each.status is not BookingStatus.CANCELLED),
        tuple(conditions.values()),
        tuple(each for each in reports if each.time <= time),
        tuple(each for each in happened if isinstance(each, PromiseAtRisk)),
        locks_of(happened),
    )
    return restored(region, day, stored).at(time)


def first_planned(region: Region, day: date, steps: Iterable[Step]) -> dict[str, Planned]:
    """Return for each booking which tour first carried it, and when it was to happen then.

    Raises
    ------
    RegionError
        If the region no longer has a shift or stop that the day used.
    """
    bookings: dict[str, Booking] = {}
    conditions: dict[str, Condition] = {}
    found: dict[str, Planned] = {}
    for step in steps:
        bookings |= {each.code: each for each in step.bookings}
        conditions |= {each.id: each for each in step.conditions}
        for record in step.tours:
            carried = {halt.trip for halt in record.halts} - {""}
            new = carried - found.keys()
            if new:
                own = tuple(bookings[code] for code in carried)
                alone = StoredDay(step.revision, (record,), own, tuple(conditions.values()))
                where = planned(restored(region, day, alone))
                found |= {code: where[code] for code in new}
    return found
