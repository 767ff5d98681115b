"""The administrators' page: who on the staff was shown whose phone number. No script."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.languages import ReaderLanguage
from api.mapping.tours import plan_of
from api.pages import link_in, page
from api.security import CallerHere, admitted
from api.service import ServiceHere
from api.staff.shown_numbers import shown_on
from api.times import Day
from shuttle.people.accounts import Role

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/shown-numbers")
def shown_numbers_page(
    request: Request,
    service: ServiceHere,
    caller: CallerHere,
    language: ReaderLanguage,
    day: Annotated[Day | None, Query()] = None,
) -> Response:
    """Show the record of a day."""
    if caller.session is None:
        return RedirectResponse(link_in(request, "/login"), status_code=303)
    admitted(caller, caller.does(frozenset({Role.ADMIN})))
    plan = plan_of(service, day)
    looked_at: date = plan.day
    answer = page(
        request,
        service,
        language,
        "shown_numbers.html",
        day=looked_at,
        before=looked_at - timedelta(days=1),
        after=looked_at + timedelta(days=1),
        today=service.today(),
        shown=shown_on(service, plan),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
