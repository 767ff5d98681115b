"""What dispatchers do on the board: move a ride, lock it or a tour, see whom to call.

To move is looked at first and then confirmed, like trouble; see :mod:`api.staff.trouble`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.languages import language_of
from api.mapping.tours import plan_of
from api.problems import answers
from api.rides.booking_owner import Code, written
from api.rides.explain_words import obstacle_sentence
from api.security import CallerHere, DayOfShift, ShiftId
from api.service import Service, ServiceHere
from api.staff.trouble_answers import MovingOut, NearestOut
from api.staff.trouble_schemas import ShiftId as ShiftText
from api.times import Wire
from shuttle.acts import Act, Outcome
from shuttle.booking.locking import ride_locked, tour_locked
from shuttle.booking.moving import Moving, moved
from shuttle.domain import Channel
from shuttle.errors import CannotMove
from shuttle.events import NumberShown
from shuttle.plan import DayPlan
from shuttle.store import owner_of
from shuttle.trouble.entering import if_still

router = APIRouter(prefix="/api/v1", tags=["dispatch"])

Expected = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9a-f]{16}$",
        description="`expected` of the preview: nothing else is done than what it showed.",
    ),
]


class MoveWire(Wire):
    """Where a ride is to go."""

    shift: ShiftText = Field(examples=["bus-1@06:00"])


class LockOut(BaseModel):
    """Whether something is locked."""

    locked: bool


class WhomToCall(BaseModel):
    """Whom a ride belongs to; that it was shown is recorded."""

    name: str
    phone: str = Field(description="Empty if there is none, or it has been deleted.")
    channel: Channel = Field(description="How they want to be told.")


_CANNOT = answers(400, 404, 413, 422, 503) | answers(409, schema="MovingChangedProblem")


@router.post("/bookings/{code}/move/preview", responses=_CANNOT)
def preview_move(
    code: Code, asked: MoveWire, service: ServiceHere, response: Response
) -> MovingOut:
    """Say what it means to move a ride to the tour of another shift. Nothing is changed.

    If it does not fit there, 409 `cannot_move` says why, and where it fits, the cheapest first.
    """
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.booking(written(code))
    act = _moving(service, booking.code, asked.shift)
    outcome = service.dispatcher.preview(booking.ride.day, service.clock(), act)
    return MovingOut.of(service.region, outcome.result)


@router.post("/bookings/{code}/move", responses=_CANNOT)
def move(
    code: Code,
    asked: MoveWire,
    service: ServiceHere,
    response: Response,
    expected: Expected = None,
) -> MovingOut:
    """Move a ride to the tour of another shift; its promise stays as it is."""
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.booking(written(code))
    act = if_still(_moving(service, booking.code, asked.shift), expected)
    result = service.dispatcher.act(booking.ride.day, service.clock(), act)
    return MovingOut.of(service.region, result)


@router.put("/bookings/{code}/lock", responses=answers(400, 404, 413, 422, 503))
def lock_ride(code: Code, service: ServiceHere) -> LockOut:
    """Let a ride stay in its vehicle, whatever the live loop finds. Doing it twice is fine."""
    return _lock_ride(service, written(code), on=True)


@router.delete("/bookings/{code}/lock", responses=answers(404, 422, 503))
def unlock_ride(code: Code, service: ServiceHere) -> LockOut:
    """Let a ride be planned freely again."""
    return _lock_ride(service, written(code), on=False)


@router.put("/shifts/{day}/{shift}/lock", responses=answers(400, 404, 413, 422, 503))
def lock_tour(day: DayOfShift, shift: ShiftId, service: ServiceHere) -> LockOut:
    """Leave a tour as it is: nothing is put in, nothing taken out. Doing it twice is fine."""
    return _lock_tour(service, plan_of(service, day), shift, on=True)


@router.delete("/shifts/{day}/{shift}/lock", responses=answers(404, 422, 503))
def unlock_tour(day: DayOfShift, shift: ShiftId, service: ServiceHere) -> LockOut:
    """Let a tour be planned again."""
    return _lock_tour(service, plan_of(service, day), shift, on=False)


@router.post("/bookings/{code}/phone", responses=answers(400, 404, 413, 422, 503))
def whom_to_call(
    code: Code, service: ServiceHere, caller: CallerHere, response: Response
) -> WhomToCall:
    """Show whom a ride belongs to. Who was shown it, and when, is recorded with the day."""
    response.headers["Cache-Control"] = "no-store"
    booking, now = service.dispatcher.booking(written(code)), service.clock()
    contact = owner_of(service.dispatcher.store, booking.code)
    if contact is None:
        return WhomToCall(name="", phone="", channel=Channel.NONE)
    shown = NumberShown(now, booking.code, caller.name)
    service.dispatcher.act(booking.ride.day, now, lambda plan: Outcome(None, plan, events=(shown,)))
    return WhomToCall(name=contact.name, phone=contact.phone, channel=contact.channel)


def why_not(request: Request, error: CannotMove) -> dict[str, Any]:
    """Return what the problem `cannot_move` says besides: the obstacle, and where it fits."""
    late = error.late_seconds
    nearest = [
        NearestOut(shift=each.shift, vehicle=each.vehicle, added_seconds=each.cost.seconds)
        for each in error.others
        if each.cost is not None
    ]
    return {
        "obstacle": error.wanted.obstacle.name.lower(),
        "message": obstacle_sentence(language_of(request), error.wanted),
        "late_minutes": None if late is None else -(-late // 60),
        "nearest": [each.model_dump() for each in nearest],
    }


def _moving(service: Service, code: str, shift: str) -> Act[Moving]:
    now = service.clock()
    return lambda plan: moved(plan, code, shift, now)


def _lock_ride(service: Service, code: str, *, on: bool) -> LockOut:
    day, now = service.dispatcher.booking(code).ride.day, service.clock()
    done = service.dispatcher.act(day, now, lambda plan: ride_locked(plan, code, now, on=on))
    return LockOut(locked=done)


def _lock_tour(service: Service, plan: DayPlan, shift: str, *, on: bool) -> LockOut:
    now = service.clock()
    done = service.dispatcher.act(
        plan.day, now, lambda current: tour_locked(current, shift, now, on=on)
    )
    return LockOut(locked=done)
