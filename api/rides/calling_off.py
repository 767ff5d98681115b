"""The service gives up a ride on its own part, and takes that back; its owner is told."""

from fastapi import APIRouter, Response

from api.problems import answers
from api.rides.booking_owner import Code, written
from api.rides.bookings import booking_out, no_store
from api.schemas import BookingOut
from api.service import ServiceHere
from api.staff.trouble import Expected
from api.staff.trouble_answers import MovingOut
from shuttle.booking import reinstating
from shuttle.booking.calling_off import call_off, preview

router = APIRouter(prefix="/api/v1", tags=["dispatch"])

_CANNOT = answers(400, 404, 413, 422, 503) | answers(409, schema="MovingChangedProblem")


@router.post("/bookings/{code}/call-off/preview", responses=answers(400, 404, 409, 413, 422, 503))
def preview_calling_off(code: Code, service: ServiceHere, response: Response) -> MovingOut:
    """Say what it would mean for others to give up a ride. Nothing is changed."""
    no_store(response)
    return MovingOut.of(service.region, preview(service.dispatcher, written(code), service.clock()))


@router.post("/bookings/{code}/call-off", responses=_CANNOT)
def call_off_ride(
    code: Code, service: ServiceHere, response: Response, expected: Expected = None
) -> BookingOut:
    """Give up a ride that cannot be driven. Doing it twice is fine; a notice goes to its owner."""
    no_store(response)
    booking = call_off(service.dispatcher, written(code), service.clock(), expected)
    return booking_out(service, booking)


@router.post("/bookings/{code}/reinstate/preview", responses=_CANNOT)
def preview_reinstating(code: Code, service: ServiceHere, response: Response) -> MovingOut:
    """Say what it means to bring back a ride that was called off. Nothing is changed.

    If no vehicle can keep its promise any more, 409 `cannot_move` says why, and in
    `nearest_pickup` which window for the same ride is the nearest: for a new booking.
    """
    no_store(response)
    shown = reinstating.preview(service.dispatcher, written(code), service.clock())
    return MovingOut.of(service.region, shown)


@router.post("/bookings/{code}/reinstate", responses=_CANNOT)
def reinstate(
    code: Code, service: ServiceHere, response: Response, expected: Expected = None
) -> MovingOut:
    """Bring back a ride that was called off, under its promise. Who read of it is told so."""
    no_store(response)
    done = reinstating.reinstate(service.dispatcher, written(code), service.clock(), expected)
    return MovingOut.of(service.region, done)
