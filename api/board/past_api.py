"""The past of a day for the board: as it was after any change, and planned beside driven."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.board.board_api import BoardDay
from api.board.board_day import (
    board_refused,
    board_ride,
    board_tour,
    length_of,
    ride_facts,
)
from api.board.board_schemas import BoardOut
from api.board.past_schemas import DrivenHalt, DrivenOut, Moment, PastOut
from api.board.snapshots import whole_board
from api.mapping.open_schemas import ToursOut
from api.mapping.tours import plan_of, stands_of, tours_out
from api.problems import answers
from api.service import Service, ServiceHere
from api.times import local_time
from routing.problem import HaltKind
from shuttle.dispatcher import Dispatcher
from shuttle.driving.promises import entries, let_down_before
from shuttle.errors import RegionError, RequestError
from shuttle.keeping.past import day_after, first_planned
from shuttle.plan import DayPlan, vehicle_of_shift
from shuttle.store import Step
from shuttle.trouble.consequences import Planned, planned

router = APIRouter(prefix="/api/v1/board", tags=["dispatch"])

Revision = Annotated[int, Path(ge=1, description="Of one of the day's moments.", examples=[12])]


@router.get("/{day}/past", responses=answers(422, 503))
def past(day: BoardDay, service: ServiceHere, response: Response) -> PastOut:
    """Return the moments at which a day changed, for looking back at it."""
    response.headers["Cache-Control"] = "no-store"
    plan = plan_of(service, day)
    last = {step.time: step.revision for step in _steps(service.dispatcher, day, plan.revision)}
    moments = [
        Moment(revision=revision, time=local_time(plan.region, time))
        for time, revision in sorted(last.items())
    ]
    return PastOut(day=day, moments=moments)


@router.get("/{day}/past/{revision}", responses=answers(422, 503))
def past_board(
    day: BoardDay, revision: Revision, service: ServiceHere, response: Response
) -> BoardOut:
    """Return the board of a day as it stood after a change; nobody's waiting list is kept."""
    response.headers["Cache-Control"] = "no-store"
    dispatcher, (plan, now) = service.dispatcher, _plan_after(service, day, revision)
    events = [each for each in dispatcher.events(day) if each.time <= now]
    let_down = [dispatcher.booking(code) for code in sorted(let_down_before(plan, events))]
    owed = entries(plan, events, now, let_down)
    halts = stands_of(plan)
    refused = [each for each in dispatcher.store.unmet(day, day) if each.asked <= now]
    return whole_board(
        plan,
        now,
        owed,
        [length_of(plan, each) for each in halts],
        [board_tour(plan, number, each) for number, each in enumerate(halts)],
        [board_ride(plan, facts) for facts in ride_facts(plan, owed)],
        refused=board_refused(plan.region, refused),
    )


@router.get("/{day}/past/{revision}/tours", responses=answers(422, 503))
def past_tours(
    day: BoardDay, revision: Revision, service: ServiceHere, response: Response
) -> ToursOut:
    """Return the tours of a day for the map, as they stood after a change."""
    response.headers["Cache-Control"] = "no-store"
    return tours_out(_plan_after(service, day, revision)[0])


@router.get("/{day}/driven", responses=answers(422, 503))
def driven(day: BoardDay, service: ServiceHere, response: Response) -> DrivenOut:
    """Return for every halt what was promised, planned when it was booked, and driven."""
    response.headers["Cache-Control"] = "no-store"
    return _driven(service.dispatcher, plan_of(service, day))


@lru_cache(maxsize=4)
def _steps(dispatcher: Dispatcher, day: date, _revision: int) -> tuple[Step, ...]:
    return dispatcher.store.steps(day)


def _plan_after(service: Service, day: date, revision: int) -> tuple[DayPlan, int]:
    """Return a day as it stood after a change, and when that was.

    Raises
    ------
    RequestError
        ``no_past``: if the day never was at that revision, or cannot be shown any more.
    """
    current = plan_of(service, day).revision
    steps = _steps(service.dispatcher, day, current)
    own = [step for step in steps if step.revision <= revision]
    if not own or revision > current:
        raise RequestError("no_past", "revision", "Choose one of the moments of /past.")
    return _stood(service.dispatcher, day, tuple(own)), own[-1].time


def _stood(dispatcher: Dispatcher, day: date, steps: tuple[Step, ...]) -> DayPlan:
    try:
        reports = dispatcher.store.load(day).reports
        return day_after(dispatcher.region, day, steps, reports, dispatcher.events(day))
    except RegionError as error:
        raise RequestError("no_past", "revision", str(error)) from error


@lru_cache(maxsize=4)
def _driven(dispatcher: Dispatcher, plan: DayPlan) -> DrivenOut:
    first: dict[str, Planned] = {}
    try:
        steps = _steps(dispatcher, plan.day, plan.revision)
        first = first_planned(dispatcher.region, plan.day, steps)
    except RegionError:
        pass  # what was planned cannot be told any more; what was driven can
    served = {(halt.trip, halt.kind) for tour in plan.tours for halt in tour.halts[: tour.served]}
    where = planned(plan)
    halts = [
        each
        for code in plan.bookings
        for each in _ends(plan, code, first.get(code), where.get(code), served)
    ]
    halts.sort(key=lambda each: (each.time or each.latest, each.booking, each.kind == "dropoff"))
    return DrivenOut(day=plan.day, halts=halts)


def _ends(
    plan: DayPlan,
    code: str,
    first: Planned | None,
    now: Planned | None,
    served: set[tuple[str, HaltKind]],
) -> Iterator[DrivenHalt]:
    """Yield the pickup and the drop-off of a ride, as it was planned first and as it is now."""
    region, booking = plan.region, plan.bookings[code]
    promise, ride = booking.ride.promise, booking.ride_now
    shift = None if now is None else now.shift
    other = bool(first and shift and vehicle_of_shift(first.shift) != vehicle_of_shift(shift))

    def end(kind: HaltKind, stop: str, latest: int, earliest: int | None) -> DrivenHalt:
        pickup = kind is HaltKind.PICKUP
        was = None if first is None else first.pickup if pickup else first.dropoff
        time = None if now is None else now.pickup if pickup else now.dropoff
        return DrivenHalt(
            booking=code,
            kind="pickup" if pickup else "dropoff",
            stop=region.stop(stop).label,
            earliest=None if earliest is None else local_time(region, earliest),
            latest=local_time(region, latest),
            planned=None if was is None else local_time(region, was),
            time=None if time is None else local_time(region, time),
            driven=(code, kind) in served,
            seconds=None if was is None or time is None else time - was,
            shift=shift,
            other_vehicle=other,
        )

    yield end(HaltKind.PICKUP, ride.pickup_stop, promise.pickup_latest, promise.pickup_earliest)
    yield end(HaltKind.DROPOFF, ride.dropoff_stop, promise.dropoff_latest, None)
