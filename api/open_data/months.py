"""Figures of whole months, by which nobody is found."""

from datetime import date, timedelta
from functools import lru_cache

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.documents import Document
from api.problems import answers
from api.service import ServiceHere
from shuttle.dispatcher import Dispatcher
from shuttle.open_data.monthly import LEAST, Month, full_months, month_of

router = APIRouter(prefix="/open-data", tags=["open data"])

MONTHS = 12

_LATE = timedelta(days=14)
"""So long after its end reports may still correct a month."""

_MISSING = "Null where the number is too small, or would give away one that is."


class MonthOut(BaseModel):
    """A month in numbers."""

    month: str = Field(examples=["2027-03"])
    rides: int | None = Field(description=f"Served rides. {_MISSING}")
    passengers: int | None = Field(description=f"People on these rides. {_MISSING}")
    by_wheelchair: dict[str, int | None] = Field(
        description="Rides with and without a wheelchair.", examples=[{"with": 12, "without": 230}]
    )
    by_phone: dict[str, int | None] = Field(
        description="Rides booked with and without a call at the phone desk."
    )
    by_village: dict[str, int | None] = Field(description="Rides by where they began.")
    by_hour: dict[str, int | None] = Field(description="Rides by the hour of the promised pickup.")
    unmet: int | None = Field(description=f"Refused requests. {_MISSING}")
    by_reason: dict[str, int | None] = Field(description="Refused requests by their reason.")


class MonthsOut(BaseModel):
    """Months that are over, the latest first."""

    region: str
    smallest: int = Field(default=LEAST, description="No smaller number is told.")
    months: list[MonthOut]


@router.get("/figures.json", response_model=MonthsOut, responses=answers(422, 503))
def monthly_figures(request: Request, service: ServiceHere) -> Response:
    """Return rides and unmet demand of the last twelve months that are over.

    Numbers below five are null, and so are others from which these could be reckoned.
    """
    return _document(service.dispatcher, service.today()).answer(request)


@lru_cache(maxsize=2)
def _document(dispatcher: Dispatcher, today: date) -> Document:
    months = [
        _month(dispatcher, first, last, min(today, last + _LATE))
        for first, last in full_months(today, MONTHS)
    ]
    out = [MonthOut.model_validate(each, from_attributes=True) for each in months]
    return Document.of(MonthsOut(region=dispatcher.region.config.id, months=out))


@lru_cache(maxsize=2 * MONTHS)
def _month(dispatcher: Dispatcher, first: date, last: date, _as_of: date) -> Month:
    """Return a month in numbers, reckoned anew for every day as of which it is asked."""
    store = dispatcher.store
    days = [date.fromordinal(each) for each in range(first.toordinal(), last.toordinal() + 1)]
    touched = store.revisions(days)
    days = [day for day in days if touched.get(day)]
    bookings = [booking for day in days for booking in store.load(day).bookings]
    events = (event for day in days for event in store.events(day))
    return month_of(dispatcher.region, first, bookings, store.unmet(first, last), events)
