"""What dispatchers do on the board: move a ride, lock it or a tour, see whom to call.

To move is looked at first and then confirmed, like trouble; see :mod:`api.staff.trouble`.
"""

from datetime import date
from typing import Any, Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.languages import Language, ReaderLanguage, language_of, tell
from api.mapping.tours import plan_of
from api.problems import answers
from api.rides.booking_owner import Code, written
from api.rides.explain_words import STAYS, obstacle_sentence
from api.security import CallerHere, DayOfShift, ShiftId
from api.service import Service, ServiceHere
from api.staff.trouble import Expected
from api.staff.trouble_answers import MovingOut, NearestOut
from api.staff.trouble_schemas import ShiftId as ShiftText
from api.staff.trouble_schemas import moment
from api.times import Time, Wire, local_time
from shuttle.acts import Act, Outcome
from shuttle.booking.locking import Locking, ride_locked, tour_locked
from shuttle.booking.moving import Moving, moved, within_promise
from shuttle.booking.retiming import retimed
from shuttle.domain import Booking, Channel
from shuttle.errors import CannotMove, NotMovable
from shuttle.events import NumberShown
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import owner_of
from shuttle.telling.reminding import told_earliest
from shuttle.trouble.entering import if_still

router = APIRouter(prefix="/api/v1", tags=["dispatch"])


class MoveWire(Wire):
    """Where a ride is to go, and when, if that is not left to the plan."""

    shift: ShiftText = Field(examples=["bus-1@06:00"])
    pickup: Time | None = Field(default=None, description="Else it is left to the plan.")

    def time(self, region: Region) -> int | None:
        """Return when the vehicle is to come, in epoch seconds; RequestError if never."""
        return None if self.pickup is None else moment(self.pickup, region, "pickup")


class LockWire(Wire):
    """Whether something is to be locked."""

    locked: bool = Field(examples=[True])


class LockOut(BaseModel):
    """Whether something is locked. Nobody's times change by that."""

    locked: bool
    rides: list[str] = Field(
        description="Codes of the rides that stay in their vehicle by it, or are free again."
    )

    @classmethod
    def of(cls, locking: Locking) -> Self:
        """Return what was locked or unlocked."""
        return cls(locked=locking.on, rides=list(locking.rides))


class WhomToCall(BaseModel):
    """Whom a ride belongs to; that it was shown is recorded."""

    name: str
    phone: str = Field(description="Empty if there is none, or it has been deleted.")
    channel: Channel = Field(description="How they want to be told.")


_CANNOT = answers(400, 404, 413, 422, 503) | answers(409, schema="MovingChangedProblem")


@router.post("/bookings/{code}/move/preview", responses=_CANNOT)
def preview_move(
    code: Code,
    asked: MoveWire,
    service: ServiceHere,
    language: ReaderLanguage,
    response: Response,
) -> MovingOut:
    """Say what it means to move a ride to the tour of another shift, or to another time.

    Nothing is changed. A time outside the promise comes with an `offer`, and its booking has to be
    changed, with the same `shift`; within, the promise stays. If it does not fit, 409 `cannot_move`
    says why, and where and when it does, the cheapest and the nearest first.
    """
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.booking(written(code))
    time = asked.time(service.region)
    if time is not None and not within_promise(booking, time):
        return _retimed(service, booking, asked.shift, time, language)
    act = _moving(service, booking, asked.shift, time)
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
    """Move a ride to the tour of another shift, or another time; its promise stays as it is."""
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.booking(written(code))
    act = if_still(_moving(service, booking, asked.shift, asked.time(service.region)), expected)
    result = service.dispatcher.act(booking.ride.day, service.clock(), act)
    return MovingOut.of(service.region, result)


@router.post("/bookings/{code}/lock/preview", responses=answers(400, 404, 413, 422, 503))
def preview_ride_lock(code: Code, asked: LockWire, service: ServiceHere) -> LockOut:
    """Say what it means to lock a ride, or to unlock it. Nothing is changed."""
    day, act = _locking_ride(service, written(code), on=asked.locked)
    return LockOut.of(service.dispatcher.preview(day, service.clock(), act).result)


@router.put("/bookings/{code}/lock", responses=answers(400, 404, 413, 422, 503))
def lock_ride(code: Code, service: ServiceHere) -> LockOut:
    """Let a ride stay in its vehicle, whatever the live loop finds. Doing it twice is fine."""
    day, act = _locking_ride(service, written(code), on=True)
    return LockOut.of(service.dispatcher.act(day, service.clock(), act))


@router.delete("/bookings/{code}/lock", responses=answers(404, 422, 503))
def unlock_ride(code: Code, service: ServiceHere) -> LockOut:
    """Let a ride be planned freely again."""
    day, act = _locking_ride(service, written(code), on=False)
    return LockOut.of(service.dispatcher.act(day, service.clock(), act))


@router.post("/shifts/{day}/{shift}/lock/preview", responses=answers(400, 404, 413, 422, 503))
def preview_tour_lock(
    day: DayOfShift, shift: ShiftId, asked: LockWire, service: ServiceHere
) -> LockOut:
    """Say what it means to lock a tour, or to unlock it. Nothing is changed."""
    day, act = _locking_tour(service, day, shift, on=asked.locked)
    return LockOut.of(service.dispatcher.preview(day, service.clock(), act).result)


@router.put("/shifts/{day}/{shift}/lock", responses=answers(400, 404, 413, 422, 503))
def lock_tour(day: DayOfShift, shift: ShiftId, service: ServiceHere) -> LockOut:
    """Leave a tour as it is: nothing is put in, nothing taken out. Doing it twice is fine."""
    day, act = _locking_tour(service, day, shift, on=True)
    return LockOut.of(service.dispatcher.act(day, service.clock(), act))


@router.delete("/shifts/{day}/{shift}/lock", responses=answers(404, 422, 503))
def unlock_tour(day: DayOfShift, shift: ShiftId, service: ServiceHere) -> LockOut:
    """Let a tour be planned again."""
    day, act = _locking_tour(service, day, shift, on=False)
    return LockOut.of(service.dispatcher.act(day, service.clock(), act))


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
    late, when, region = error.late_seconds, error.pickup, request.app.state.service.region
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
        "nearest_pickup": None if when is None else local_time(region, when).isoformat(),
    }


def why_it_stays(request: Request, error: NotMovable) -> dict[str, Any]:
    """Return what the problem `not_movable` says besides: why, for people."""
    return {"message": tell(STAYS[error.why], language_of(request))}


def _moving(service: Service, booking: Booking, shift: str, pickup: int | None) -> Act[Moving]:
    now, store = service.clock(), service.dispatcher.store

    def act(plan: DayPlan) -> Outcome[Moving]:
        told = told_earliest(each.notice for each in store.outbox.about(booking.code))
        return moved(plan, booking.code, shift, now, pickup, told)

    return act


def _retimed(
    service: Service, booking: Booking, shift: str, pickup: int, language: Language
) -> MovingOut:
    found = retimed(service.dispatcher, booking.code, shift, pickup, service.clock())
    contact = owner_of(service.dispatcher.store, booking.code)
    by = Channel.NONE if contact is None else contact.channel
    token = service.tokens.sign(found.offer)
    why_not = "" if found.not_in is None else obstacle_sentence(language, found.not_in)
    return MovingOut.retimed(service.region, booking.code, found, token, by, why_not)


def _locking_ride(service: Service, code: str, *, on: bool) -> tuple[date, Act[Locking]]:
    now = service.clock()
    day = service.dispatcher.booking(code).ride.day
    return day, lambda plan: ride_locked(plan, code, now, on=on)


def _locking_tour(
    service: Service, day: date, shift: str, *, on: bool
) -> tuple[date, Act[Locking]]:
    now = service.clock()
    known = plan_of(service, day).day
    return known, lambda plan: tour_locked(plan, shift, now, on=on)
