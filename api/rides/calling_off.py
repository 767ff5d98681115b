"""The service gives up a ride on its own part; its owner is told."""

from fastapi import APIRouter, Response

from api.problems import answers
from api.rides.booking_owner import Code, written
from api.rides.bookings import booking_out, no_store
from api.schemas import BookingOut
from api.service import ServiceHere
from api.staff.trouble_answers import MovingOut
from shuttle.booking.calling_off import call_off, preview

router = APIRouter(prefix="/api/v1", tags=["dispatch"])


@router.post("/bookings/{code}/call-off/preview", responses=answers(400, 404, 409, 413, 422, 503))
def preview_calling_off(code: Code, service: ServiceHere, response: Response) -> MovingOut:
    """Say what it would mean for others to give up a ride. Nothing is changed."""
    no_store(response)
    return MovingOut.of(service.region, preview(service.dispatcher, written(code), service.clock()))


@router.post("/bookings/{code}/call-off", responses=answers(400, 404, 409, 413, 422, 503))
def call_off_ride(code: Code, service: ServiceHere, response: Response) -> BookingOut:
    """Give up a ride that cannot be driven. Doing it twice is fine; a notice goes to its owner."""
    no_store(response)
    booking = call_off(service.dispatcher, written(code), service.clock())
    return booking_out(service, booking)
