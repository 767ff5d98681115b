"""A plan's choices in words: why this vehicle, why this time, why not another."""

from datetime import datetime

from api.languages import Language, clock, mark, tell
from routing.insertion import Obstacle
from shuttle.booking.explaining import Candidate, Cost, Explanation, Timing


def obstacle_sentence(language: Language, candidate: Candidate) -> str:
    """Return why a booking does not fit into a tour."""
    if candidate.missing is not None:
        return tell(_LACKING[candidate.missing], language)
    return tell(OBSTACLES[candidate.obstacle], language)


def summary(
    language: Language,
    found: Explanation,
    vehicle: str,
    rival: str | None,
    comes_from: str,
    pickup: datetime,
) -> str:
    """Return why this vehicle and this time, in a few sentences."""
    timing = tell(
        _TIMINGS[found.timing],
        language,
        vehicle=vehicle,
        place=comes_from,
        clock=clock(pickup, language),
    )
    if found.planned is None:
        return timing
    return f"{timing} {_choice(language, found, found.planned, rival)}"


def _choice(language: Language, found: Explanation, planned: Cost, rival: str | None) -> str:
    """Say what the ride costs here, and in the next best vehicle."""
    best = found.next_best
    here = _minutes(planned.seconds)
    if best is None or best.cost is None:
        return tell(_NOWHERE_ELSE, language, here=here)
    cheaper = best.cost.seconds < planned.seconds
    there = _minutes(best.cost.seconds)
    return tell(_CHEAPER if cheaper else _DEARER, language, here=here, rival=rival, there=there)


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:.0f}"


_NOWHERE_ELSE = mark("That is {here} min more driving; the ride fits into no other vehicle.")
_DEARER = mark("That is {here} min more driving; with {rival} it would be {there} min.")
_CHEAPER = mark(
    "That is {here} min more driving; with {rival} it would be {there} min, "
    "because the plan has changed since the booking."
)

_TIMINGS: dict[Timing, str] = {
    Timing.WINDOW: mark(
        "{vehicle} comes from {place} and is there at {clock}: the promised window opens then."
    ),
    Timing.ARRIVAL: mark(
        "{vehicle} comes from {place} and is there at {clock}: "
        "the vehicle cannot come from there any sooner."
    ),
    Timing.READY: mark(
        "{vehicle} comes from {place} and is there at {clock}: "
        "the vehicle cannot set out any sooner."
    ),
    Timing.OTHERS: mark(
        "{vehicle} comes from {place} and is there at {clock}: "
        "so nobody else is on board for too long."
    ),
}

_LACKING: dict[str, str] = {
    "seats": mark("There are not enough free seats."),
    "wheelchairs": mark("No wheelchair place is free."),
    "child_seats": mark("No child seat is free."),
}

STAYS: dict[str, str] = {
    "begun": mark("The ride stays as it is: its vehicle is on the way."),
    "over": mark("The ride stays as it is: it is over."),
    "locked": mark("The ride stays as it is: it or the tour is locked. Unlock it first."),
    "here": mark("The ride is in this vehicle already, and at this time."),
    "stop": mark("The ride stays as it is: one of its stops is closed."),
    "not_called_off": mark("This ride was not called off by the control room."),
    "never_listed": mark("This ride never waited for a vehicle."),
    "told": mark(
        "The passenger was told by now that the vehicle comes later. Call them, and choose a "
        "later time or leave it."
    ),
}
"""Why a ride cannot be moved, by what :class:`shuttle.errors.NotMovable` calls it."""

OBSTACLES: dict[Obstacle, str] = {
    Obstacle.FIXED: mark("The vehicle is already under way at this time, or off duty."),
    Obstacle.PICKUP_WINDOW: mark("The vehicle cannot be at the stop within the window."),
    Obstacle.BREAK: mark("The driver's break would come too late."),
    Obstacle.SHIFT_END: mark("The vehicle would not be back by the end of its shift."),
    Obstacle.OTHERS: mark("A promise to other passengers would be broken."),
    Obstacle.DROPOFF_WINDOW: mark("The destination would not be reached in time."),
    Obstacle.RIDE_LIMIT: mark("The ride would take too long."),
    Obstacle.BATTERY: mark("The battery would not last."),
}
"""All but a lack of places, and that there is none."""
