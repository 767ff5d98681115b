"""The page of the board. Whoever is not signed in is led to where that is done."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.board.board_words import BOARD_WORDS
from api.languages import ReaderLanguage, tell
from api.mapping.map_words import SCRIPT_WORDS
from api.mapping.tours import plan_of
from api.pages import link_in, page
from api.rides.refusal_words import REFUSALS
from api.security import CallerHere, admitted
from api.service import ServiceHere
from api.shield import with_images_of
from api.times import Day
from shuttle.answers import RefusalReason
from shuttle.people.accounts import Role

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_DISPATCHERS = frozenset({Role.DISPATCHER})


@router.get("/leitstand")
@router.get("/board")
def board_page(
    request: Request,
    service: ServiceHere,
    caller: CallerHere,
    language: ReaderLanguage,
    day: Annotated[Day | None, Query()] = None,
) -> Response:
    """Show the board of a day."""
    if caller.session is None or service.sign_in is None:
        return RedirectResponse(link_in(request, "/login"), status_code=303)
    admitted(caller, caller.does(_DISPATCHERS))
    shown: date = plan_of(service, day).day
    said = SCRIPT_WORDS | BOARD_WORDS | {f"reason_{each}": REFUSALS[each] for each in RefusalReason}
    words = {key: tell(text, language) for key, text in said.items()}
    answer = page(
        request,
        service,
        language,
        "board.html",
        script_words=words,
        day=shown,
        before=shown - timedelta(days=1),
        after=shown + timedelta(days=1),
        today=service.today(),
        csrf=service.sign_in.csrf(caller.token),
        stops=sorted(service.region.stops, key=lambda each: each.label),
    )
    answer.headers["Cache-Control"] = "no-store"
    if service.region.config.map is not None:
        answer.headers.update(with_images_of(service.region.config.map.tiles))
    return answer
