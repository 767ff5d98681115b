"""Who on the staff was shown whose phone number, for administrators."""

from datetime import date, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.mapping.tours import plan_of
from api.paging import Next, PagingHere
from api.problems import answers
from api.security import DayOfShift
from api.service import Service, ServiceHere
from api.times import local_time
from shuttle.events import NumberShown
from shuttle.plan import DayPlan

router = APIRouter(prefix="/api/v1", tags=["staff"])


class ShownNumber(BaseModel):
    """Somebody was shown the phone number that belongs to a ride."""

    time: datetime
    booking: str = Field(description="Its code.")
    viewer: str = Field(description="The account; empty once the ride has been coarsened.")


class ShownNumbersOut(BaseModel):
    """Those that were shown for the rides of a day, in order, page by page."""

    day: date
    shown: list[ShownNumber]
    next: Next


@router.get("/shown-numbers/{day}", responses=answers(422, 503))
def shown_numbers(
    day: DayOfShift, service: ServiceHere, response: Response, paging: PagingHere
) -> ShownNumbersOut:
    """Return who was shown the phone numbers of a day's rides, and when."""
    response.headers["Cache-Control"] = "no-store"
    numbered = list(enumerate(shown_on(service, plan_of(service, day)), start=1))
    shown, following = paging.page(numbered, lambda each: str(each[0]))
    return ShownNumbersOut(day=day, shown=[each for _, each in shown], next=following)


def shown_on(service: Service, plan: DayPlan) -> list[ShownNumber]:
    """Return whose numbers were shown for the rides of a day, to whom and when, in order."""
    return [
        ShownNumber(time=local_time(plan.region, each.time), booking=each.code, viewer=each.viewer)
        for each in service.dispatcher.events(plan.day)
        if isinstance(each, NumberShown)
    ]
