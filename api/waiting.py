"""The waiting list: join, look up, leave."""

from fastapi import APIRouter, Response

from api.bookings import IdempotencyKey, no_store, written
from api.problems import answers
from api.series import StandingCode
from api.service import Service, ServiceHere
from api.standing_schemas import WaitingOut, WaitingRequest
from shuttle.errors import UnknownStanding
from shuttle.standing_requests import Waiting
from shuttle.waiting import join, leave, waiting_of

router = APIRouter(prefix="/api/v1/waiting", tags=["waiting list"])


@router.post("", status_code=201, responses=answers(400, 413, 422, 503))
def wait(
    asked: WaitingRequest,
    idempotency_key: IdempotencyKey,
    service: ServiceHere,
    response: Response,
) -> WaitingOut:
    """Ask to be told when a ride becomes possible that was refused; first come, first told.

    Nothing is reserved for whoever is told, but those behind are told some minutes later. Book
    with `waiting` to leave the list. Repeated with the same key it returns the same place.
    """
    contact = asked.contact.contact(service.region)
    request = asked.request.ride_request(service.region)
    waiting = join(service.dispatcher, request, contact, idempotency_key, service.clock())
    response.headers["Location"] = f"/api/v1/waiting/{waiting.code}"
    return _out(service, waiting, response)


@router.get("/{code}", responses=answers(404, 503))
def look_up(code: StandingCode, service: ServiceHere, response: Response) -> WaitingOut:
    """Return a place on the list."""
    return _out(service, waiting_of(service.dispatcher, written(code, UnknownStanding)), response)


@router.delete("/{code}", responses=answers(404, 503))
def stop_waiting(code: StandingCode, service: ServiceHere, response: Response) -> WaitingOut:
    """Leave the list. Doing it twice is fine."""
    return _out(service, leave(service.dispatcher, written(code, UnknownStanding)), response)


def _out(service: Service, waiting: Waiting, response: Response) -> WaitingOut:
    no_store(response)
    return WaitingOut.of(service.region, waiting)
