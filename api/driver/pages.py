"""The driver's page, and what belongs to it: the way in, the choice of a shift, small maps.

A link `/drive#CODE` opens a shift: browsers keep what stands behind the ``#`` to themselves, and a
script puts it into the form. The page then works for the shift, also without a network: a service
worker keeps it, and the phone keeps what it has still to report.
"""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from api.driver.driver_words import DRIVER_WORDS
from api.driver.sketches import sketch_of
from api.languages import Language, ReaderLanguage, tell
from api.limits import ClientPrint
from api.mapping.tours import plan_of
from api.pages import link_in, page
from api.problem_words import problem_title
from api.problems import answers
from api.security import Caller, CallerHere, DayOfShift, ForgedRequest, admitted, set_session
from api.service import Service, ServiceHere
from api.staff.sessions import enter_shift
from api.times import Day, local_time
from shuttle.driving.taking_back import TAKE_BACK_SECONDS
from shuttle.errors import TooManyRequests, UnknownShift, WrongCredentials
from shuttle.people.accounts import Role, ShiftOfDay
from shuttle.plan import vehicle_of_shift

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PATH = "/drive"

_WORKER = Path(__file__).parents[1] / "static" / "driver_sw.js"

_FOR_GOOD = "private, max-age=604800, immutable"
"""The address of a sketch changes with what it shows."""


@router.get(PATH)
def drive_page(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    caller: CallerHere,
    day: Annotated[Day | None, Query()] = None,
    shift: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show the tour of a shift; else let choose one, or ask for a code."""
    if caller.session is None:
        return _way_in(request, service, language)
    own = caller.shift
    if own is None:
        admitted(caller, _may_choose(caller))
        own = ShiftOfDay(day or service.today(), shift) if shift else None
    if own is None:
        return _choice(request, service, language)
    return _tour(request, service, language, caller, own)


@router.post(PATH)
def open_shift(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    client: ClientPrint,
    code: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Open a shift with its code; ask again if it is not right."""
    try:
        entered = enter_shift(request, service, client, code)
    except (WrongCredentials, ForgedRequest) as error:
        known = isinstance(error, WrongCredentials)
        said = problem_title(language, "wrong_credentials" if known else "forged_request")
        return _way_in(request, service, language, said, 401 if known else 403)
    except TooManyRequests as error:
        said = problem_title(language, "too_many_requests")
        shown = _way_in(request, service, language, said, 429)
        shown.headers["Retry-After"] = str(error.seconds)
        return shown
    response = RedirectResponse(link_in(request, PATH), status_code=303)
    set_session(request, response, entered.token, entered.session.ends - entered.session.begun)
    return response


@router.get("/drive/worker.js")
def worker() -> Response:
    """Return the service worker, which may look after the page and nothing else."""
    headers = {"Service-Worker-Allowed": PATH, "Cache-Control": "no-cache"}
    return FileResponse(_WORKER, media_type="text/javascript", headers=headers)


@router.get("/drive/sketch/{day}/{before}/{place}", responses=answers(404))
def halt_sketch(
    service: ServiceHere,
    language: ReaderLanguage,
    caller: CallerHere,
    day: DayOfShift,
    before: int,
    place: int,
) -> Response:
    """Return a small map as SVG, for whoever drives."""
    admitted(caller, caller.shift is not None or _may_choose(caller))
    region = plan_of(service, day).region
    if not (0 <= before < len(region.places) and 0 <= place < len(region.places)):
        raise UnknownShift(day, str(place))
    drawn = sketch_of(region, before, place, tell("Map of the stop", language))
    headers = {"Cache-Control": _FOR_GOOD}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def _may_choose(caller: Caller) -> bool:
    return caller.does(frozenset({Role.DRIVER}))


def _way_in(
    request: Request, service: Service, language: Language, said: str = "", status: int = 200
) -> HTMLResponse:
    return _shown(request, service, language, "driver/way_in.html", status, said=said)


def _choice(request: Request, service: Service, language: Language) -> HTMLResponse:
    region = service.region
    names = {each.id: each for each in region.config.vehicles}
    numbers = {each.id: number for number, each in enumerate(region.config.vehicles, start=1)}
    shifts = [
        {
            "id": tour.shift.id,
            "name": names[vehicle_of_shift(tour.shift.id)].name,
            "number": numbers[vehicle_of_shift(tour.shift.id)],
            "begin": local_time(region, tour.shift.start),
            "end": local_time(region, tour.shift.end),
        }
        for tour in plan_of(service, None).tours
    ]
    today = service.today()
    return _shown(request, service, language, "driver/choice.html", shifts=shifts, day=today)


def _tour(
    request: Request, service: Service, language: Language, caller: Caller, own: ShiftOfDay
) -> HTMLResponse:
    """Return the page of a tour. It has nothing personal in it; the tour comes by itself."""
    if all(tour.shift.id != own.shift for tour in plan_of(service, own.day).tours):
        raise UnknownShift(own.day, own.shift)
    assert service.sign_in is not None
    config = service.region.config
    facts = {
        "day": own.day.isoformat(),
        "shift": own.shift,
        "api": f"/api/v1/shifts/{own.day}/{own.shift}",
        "csrf": service.sign_in.csrf(caller.token),
        "waitSeconds": config.rules.wait_minutes * 60,
        "takeBackSeconds": TAKE_BACK_SECONDS,
        "timeZone": config.timezone,
        "phone": config.contact.phone.replace(" ", ""),
    }
    words = {key: tell(message, language) for key, message in DRIVER_WORDS.items()}
    shown = _shown(request, service, language, "driver/tour.html", facts=facts, script_words=words)
    shown.headers["Cache-Control"] = "private, no-cache"
    return shown


def _shown(
    request: Request,
    service: Service,
    language: Language,
    template: str,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    shown = page(request, service, language, template, **context)
    shown.headers["Cache-Control"] = "no-store"
    shown.status_code = status
    return shown
