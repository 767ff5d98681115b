"""Weekly repeats: begin, look up, end."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.bookings import IdempotencyKey, no_store, written
from api.problems import answers
from api.service import Service, ServiceHere
from api.standing_schemas import SeriesOut, SeriesRequest
from shuttle.errors import UnknownStanding
from shuttle.series import begin_series, end_series, series_of
from shuttle.standing_requests import Series

router = APIRouter(prefix="/api/v1/series", tags=["weekly repeats"])

StandingCode = Annotated[str, Path(description="Its code.", examples=["K7MX2Q9A"])]


@router.post("", status_code=201, responses=answers(400, 413, 422, 503))
def begin(
    asked: SeriesRequest, idempotency_key: IdempotencyKey, service: ServiceHere, response: Response
) -> SeriesOut:
    """Ask for the same ride every week; each day is promised as soon as it opens for booking.

    A day that cannot be promised near its time is missed, and the contact is told. Repeated with
    the same key it returns the same series.
    """
    now, dispatcher = service.clock(), service.dispatcher
    contact = asked.contact.contact(service.region)
    wish = asked.series(service.region, dispatcher.new_code(), now)
    series = begin_series(dispatcher, wish, contact, idempotency_key, now)
    response.headers["Location"] = f"/api/v1/series/{series.code}"
    return _out(service, series, response)


@router.get("/{code}", responses=answers(404, 503))
def look_up(code: StandingCode, service: ServiceHere, response: Response) -> SeriesOut:
    """Return a series with the days decided so far."""
    return _out(service, series_of(service.dispatcher, written(code, UnknownStanding)), response)


@router.delete("/{code}", responses=answers(404, 422, 503))
def end(
    code: StandingCode,
    service: ServiceHere,
    response: Response,
    *,
    cancel_booked: Annotated[
        bool, Query(description="Cancel the rides that are booked already, too.")
    ] = False,
) -> SeriesOut:
    """Let no further day be promised. Doing it twice is fine."""
    series = end_series(
        service.dispatcher,
        written(code, UnknownStanding),
        service.clock(),
        cancel_booked=cancel_booked,
    )
    return _out(service, series, response)


def _out(service: Service, series: Series, response: Response) -> SeriesOut:
    no_store(response)
    return SeriesOut.of(series, service.dispatcher.store.standing.instances(series.code))
