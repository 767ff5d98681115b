"""How the promises of a day stand, as figures and one by one, without names."""

from datetime import date, datetime
from typing import Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from api.paging import Next, PagingHere
from api.problems import answers
from api.schemas import WindowOut
from api.security import Staff
from api.service import ServiceHere
from api.times import Day, local_time
from shuttle.domain import BookingStatus, Cause
from shuttle.driving.promises import Entry, PromiseState, figures
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["promises"])


class PromiseFiguresOut(BaseModel):
    """A day of promises in numbers. One that its owner gave up does not count."""

    day: date
    promised: int
    kept: int
    broken: int
    at_risk: int = Field(description="As things stand now.")
    kept_rate: float | None = Field(description="Of those with a verdict; None before the first.")


class PromiseOut(BaseModel):
    """How one promise stands."""

    booking: str = Field(description="Its code.")
    status: BookingStatus
    pickup_window: WindowOut
    dropoff_latest: datetime
    state: PromiseState
    minutes: int = Field(description="By how much it was or will be missed, rounded up.")
    cause: Cause | None = Field(description="Of a promise at risk or broken.")

    @classmethod
    def of(cls, region: Region, entry: Entry) -> Self:
        """Return an entry of the ledger without personal data."""
        promise = entry.booking.ride.promise
        return cls(
            booking=entry.booking.code,
            status=entry.booking.status,
            pickup_window=WindowOut(
                earliest=local_time(region, promise.pickup_earliest),
                latest=local_time(region, promise.pickup_latest),
            ),
            dropoff_latest=local_time(region, promise.dropoff_latest),
            state=entry.state,
            minutes=-(-entry.seconds // 60),
            cause=entry.cause,
        )


class PromisesOut(BaseModel):
    """The promises of a day in the order of their windows, page by page."""

    day: date
    promises: list[PromiseOut]
    next: Next


@router.get("/promises/{day}", responses=answers(422, 503))
def promise_figures(day: Day, service: ServiceHere, response: Response) -> PromiseFiguresOut:
    """Return how many promises were made, kept, broken, and are at risk now."""
    response.headers["Cache-Control"] = "no-store"
    counted = figures(service.dispatcher.promises(day, service.clock()))
    return PromiseFiguresOut(
        day=day,
        promised=counted.promised,
        kept=counted.kept,
        broken=counted.broken,
        at_risk=counted.at_risk,
        kept_rate=counted.kept_rate,
    )


@router.get(
    "/promises/{day}/bookings",
    responses=answers(422, 503),
    dependencies=[Depends(Staff("dispatcher"))],
)
def promises_of_bookings(
    day: Day, service: ServiceHere, response: Response, paging: PagingHere
) -> PromisesOut:
    """Return how the promise of each booking stands: by how many minutes, because of what."""
    response.headers["Cache-Control"] = "no-store"
    found = sorted(service.dispatcher.promises(day, service.clock()), key=_by_window)
    shown, following = paging.page(found, lambda each: each.booking.code)
    told = [PromiseOut.of(service.region, each) for each in shown]
    return PromisesOut(day=day, promises=told, next=following)


def _by_window(entry: Entry) -> tuple[int, str]:
    return entry.booking.ride.promise.pickup_earliest, entry.booking.code
