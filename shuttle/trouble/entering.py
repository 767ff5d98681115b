"""Trouble entered and lifted: acts on the plan of a day.

A preview and its confirmation are the same act, looked at or done.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from shuttle.acts import Act, Outcome
from shuttle.booking.moving import Moving
from shuttle.errors import (
    PlanChanged,
    RequestError,
    UnknownCondition,
)
from shuttle.events import (
    Event,
    Rescued,
    StopMoved,
    Stranded,
    TakenOver,
    TroubleEntered,
    TroubleLifted,
)
from shuttle.keeping.records import record_of
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.trouble.conditions import (
    Condition,
    Disturbance,
    RoadClosed,
    ShiftSet,
    StopClosed,
    VehicleOut,
)
from shuttle.trouble.consequences import Consequences, Effect, effects
from shuttle.trouble.duties import with_duties
from shuttle.trouble.imposed import imposed
from shuttle.trouble.listing import late_ride
from shuttle.trouble.region_on_day import SNAP_METRES
from shuttle.trouble.replanning import overruns, relieved, with_room_for
from shuttle.trouble.undoing import duties_after

Shown = TypeVar("Shown", Consequences, Moving)
"""What a dispatcher is shown before it is done; its digest tells whether it still is that."""


def entered(
    region: Region, plan: DayPlan, disturbance: Disturbance, now: int
) -> Outcome[Consequences]:
    """Return the day under a new disturbance, replanned as well as it can be.

    Raises
    ------
    RequestError
        If there is no such vehicle, stop, shift or road, or the time is over.
    """
    _check(region, plan, disturbance, now)
    if isinstance(disturbance, VehicleOut | ShiftSet):
        disturbance = with_duties(disturbance, plan, now)
    new = Condition(f"{plan.day}-{len(plan.conditions) + 1}", disturbance, now)
    event = TroubleEntered(now, new.id, disturbance.kind)
    return _under(region, plan, (*plan.conditions, new), new, event, now)


def lifted(region: Region, plan: DayPlan, condition: str, now: int) -> Outcome[Consequences]:
    """Return the day without a condition from now on.

    Whose stop was moved keeps the new one: they have been told once.

    Raises
    ------
    UnknownCondition
        If there is none with this id, or it is over.
    RequestError
        ``shift_begun``: a shift is under way and cannot be undone.
    """
    known = next((each for each in plan.conditions if each.id == condition), None)
    if known is None or known.lifted_at is not None or known.disturbance.end <= now:
        raise UnknownCondition(condition)
    others = [each for each in plan.conditions if each.id != condition]
    duties = duties_after(known, others, plan, region.shifts(plan.day), now)
    new = known.lifted(now, duties)
    # All shifts of the vehicle are said here from now on, and nowhere else.
    said = {each.vehicle for each in duties}
    silent = [each.with_duties(()) for each in others if said & {d.vehicle for d in each.duties}]
    changed = {each.id: each for each in (new, *silent)}
    conditions = tuple(changed.get(each.id, each) for each in plan.conditions)
    event = TroubleLifted(now, new.id, new.disturbance.kind)
    outcome = _under(region, plan, conditions, new, event, now)
    return replace(outcome, conditions=(new, *silent))


def if_still(act: Act[Shown], digest: str | None) -> Act[Shown]:
    """Return an act that is done only if its consequences are those that were shown.

    Raises
    ------
    PlanChanged
        By the act, if they are not; None lets anything pass.
    """

    def checked(plan: DayPlan) -> Outcome[Shown]:
        outcome = act(plan)
        if digest is not None and outcome.result.digest != digest:
            raise PlanChanged(outcome.result)
        return outcome

    return checked


def _check(region: Region, plan: DayPlan, disturbance: Disturbance, now: int) -> None:
    _check_times(region, plan, disturbance, now)
    vehicles = {each.id for each in region.config.vehicles}
    if isinstance(disturbance, VehicleOut | ShiftSet) and disturbance.vehicle not in vehicles:
        raise RequestError(
            "unknown_vehicle", "vehicle", f"There is no vehicle {disturbance.vehicle!r}."
        )
    if isinstance(disturbance, ShiftSet):
        _check_breaks(disturbance)
    if isinstance(disturbance, VehicleOut | StopClosed) and disturbance.stop is not None:
        _check_stop(region, disturbance.stop)
    if isinstance(disturbance, RoadClosed):
        for number, point in enumerate(disturbance.points):
            if region.drive.snap(*point, SNAP_METRES, halting=False) is None:
                raise RequestError(
                    "no_road_near",
                    f"points.{number}",
                    f"No road lies within {SNAP_METRES:.0f} m of this point; choose one on a road.",
                )


def _check_times(region: Region, plan: DayPlan, disturbance: Disturbance, now: int) -> None:
    if disturbance.end <= disturbance.begin:
        raise RequestError("times_reversed", "until", "It must end later than it begins.")
    if disturbance.end <= now:
        raise RequestError("already_over", "until", "This time is over; choose a later one.")
    if region.config.local_day(disturbance.begin) != plan.day:
        raise RequestError("other_day", "from", f"It must begin on {plan.day}.")
    if disturbance.end > region.config.instant(plan.day, 24 * 60):
        raise RequestError(
            "other_day",
            "until",
            f"It must end by midnight after {plan.day}; enter each further day on its own.",
        )


def _check_breaks(shift: ShiftSet) -> None:
    before = shift.begin
    for number, (earliest, latest, seconds) in enumerate(shift.breaks or ()):
        if not before <= earliest <= latest <= shift.end - seconds:
            raise RequestError(
                "break_outside",
                f"breaks[{number}]",
                "Each break has to fit into its span, lie in the shift, and come after the former.",
            )
        before = earliest + seconds


def _check_stop(region: Region, stop: str) -> None:
    try:
        region.stop(stop)
    except KeyError as error:
        raise RequestError("unknown_stop", "stop", f"There is no stop {stop!r}.") from error


def _under(
    region: Region,
    plan: DayPlan,
    conditions: Sequence[Condition],
    new: Condition,
    event: Event,
    now: int,
) -> Outcome[Consequences]:
    """Return a day under other conditions: first what they do, then the best made of it."""
    faced = imposed(region, plan, conditions, new, now)
    known = {tour.shift.id: tour for tour in plan.tours}
    calm = faced.plan
    # The later tours first: of those that share a battery they yield to the sooner ones.
    numbers = sorted(range(len(calm.tours)), key=lambda n: calm.tours[n].shift.start, reverse=True)
    for number in numbers:
        tour = calm.tours[number]
        before = known.get(tour.shift.id)
        allowed = overruns(before, plan.travel) if before else {}
        after = relieved(tour, calm.travel, allowed)
        if after is not tour:
            calm = calm.with_tours({number: after})
    # A time that a dispatcher wants is no reason to leave anybody behind.
    free = [each.wanted_at(None) for each in calm.stranded if each.pickup_at is not None]
    calm = calm.with_bookings(*free)
    bookings = {each.code: each for each in (*faced.bookings, *free)}
    made = with_room_for(calm, calm.stranded)
    late_rides = {each.code: late_ride(made, each, now) for each in made.stranded}
    told = effects(plan, made, faced.moves, late_rides)
    stood = {n for n, tour in enumerate(made.tours) if tour.shift.id in faced.stood}
    changed = {
        number
        for number, tour in enumerate(made.tours)
        if tour.shift.id not in known or record_of(tour) != record_of(known[tour.shift.id])
    }
    return Outcome(
        Consequences(new, told),
        made,
        planned=frozenset(changed - stood),
        # Stored as they stand: what has happened until now did so under the conditions before.
        happened=frozenset(range(len(made.tours))) - (changed - stood),
        bookings=tuple(bookings.values()),
        events=(event, *faced.events, *_told(told, new.id, plan, now)),
        conditions=(new,),
        faced=calm,
    )


def _told(told: Sequence[Effect], cause: str, before: DayPlan, now: int) -> list[Event]:
    """Return what happened to each booking, as events."""
    already = {each.code for each in before.stranded}
    events: list[Event] = []
    for each in told:
        events += [
            StopMoved(now, each.code, cause, move.end, move.from_stop, move.to_stop, move.metres)
            for move in each.moves
        ]
        if each.stranded and each.code not in already:
            seconds = None if each.late_ride is None else each.late_ride.seconds
            events.append(Stranded(now, each.code, cause, seconds))
        elif each.after is not None and each.code in already:
            events.append(Rescued(now, each.code, cause, each.after.shift))
        elif each.after is not None and each.other_vehicle:
            events.append(TakenOver(now, each.code, cause, each.after.shift))
    return events
