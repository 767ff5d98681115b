"""The web application: what is put together how, and which error is which HTTP status."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api import health, metrics, pages
from api.board import acting, board_api, board_page, past_api
from api.board.feed import Feed
from api.board.snapshots import Snapshots
from api.desk import desk_pages
from api.driver import pages as drive_pages
from api.driver import tour as drive_tour
from api.examples import add_examples
from api.mapping import map_data, tours, vehicles
from api.nightly import every_night
from api.open_data import feeds, live_offers, months
from api.planning import compare_page, day_page, draft_pages, runs_pages
from api.problems import Problem, answers, on_invalid_request, problem
from api.residents import booking_pages, info_pages, my_rides_pages, ride_pages, standing_pages
from api.rides import (
    bookings,
    calling_off,
    explain,
    journeys,
    promises,
    series,
    trains,
    unmet,
    waiting,
    webhook,
)
from api.rides.quotes import OfferGoneProblem, RequestProblem, fixes_of, fresh_offers
from api.security import (
    ForgedRequest,
    NotAllowed,
    NotSignedIn,
    Staff,
    driver_of_shift,
    local_or,
)
from api.service import Service
from api.shield import BodyLimit, SecurityHeaders
from api.staff import (
    driving,
    login_page,
    sessions,
    shown_numbers,
    shown_numbers_page,
    trouble,
)
from api.staff.trouble_answers import MovingChangedProblem, PlanChangedProblem
from api.ticking import every_second
from api.tokens import OfferTampered, OfferTokens
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.errors import (
    AlreadyCancelled,
    CannotMove,
    IdempotencyConflict,
    NoLateRide,
    NotCancellable,
    NotMovable,
    NotPlanned,
    NotStranded,
    OfferExpired,
    OfferGone,
    OfferTaken,
    PlanChanged,
    PlanRejected,
    RequestError,
    ReturnGone,
    RevisionConflict,
    StoreError,
    TooManyNoShows,
    TooManyOpenBookings,
    TooManyRequests,
    UnknownBooking,
    UnknownCondition,
    UnknownShift,
    UnknownStanding,
    WrongCredentials,
)
from shuttle.people.rate_limits import Limit, Rate, RateLimiter
from shuttle.people.sign_in import SignIn
from shuttle.planning.workbench import Workbench

_log = structlog.get_logger()

STATUS: dict[type[Exception], tuple[int, str, str | None]] = {
    # error: HTTP status, code, field; RequestError brings code and field itself
    RequestError: (422, "invalid", None),
    OfferTampered: (422, "offer_invalid", "offer"),
    IdempotencyConflict: (422, "idempotency_conflict", "Idempotency-Key"),
    UnknownBooking: (404, "unknown_booking", "code"),
    NotCancellable: (409, "not_cancellable", "code"),
    NotPlanned: (409, "not_planned", "code"),
    OfferGone: (409, "offer_gone", "offer"),
    OfferTaken: (409, "offer_taken", "offer"),
    OfferExpired: (410, "offer_expired", "offer"),
    ReturnGone: (409, "return_gone", "return"),
    AlreadyCancelled: (409, "already_cancelled", "code"),
    TooManyNoShows: (409, "too_many_no_shows", "contact.phone"),
    TooManyOpenBookings: (409, "too_many_open_bookings", "contact.phone"),
    UnknownStanding: (404, "unknown_code", "code"),
    UnknownCondition: (404, "unknown_condition", "id"),
    PlanChanged: (409, "plan_changed", None),
    NotStranded: (409, "not_stranded", "code"),
    NoLateRide: (409, "no_late_ride", "code"),
    NotMovable: (409, "not_movable", "code"),
    CannotMove: (409, "cannot_move", "shift"),
    RevisionConflict: (503, "plan_busy", None),
    PlanRejected: (503, "internal", None),
    StoreError: (503, "store_unavailable", None),
    NotSignedIn: (401, "not_signed_in", None),
    WrongCredentials: (401, "wrong_credentials", None),
    NotAllowed: (403, "not_allowed", None),
    ForgedRequest: (403, "forged_request", "X-CSRF-Token"),
    UnknownShift: (404, "unknown_shift", "shift"),
    TooManyRequests: (429, "too_many_requests", None),
}
"""The one table from what goes wrong to what the client is told."""


def create_app(
    dispatcher: Dispatcher,
    clock: Callable[[], int],
    signing_key: bytes,
    *,
    tick_seconds: float | None = 1.0,
    sign_in: SignIn | None = None,
    limits: Mapping[Limit, Rate] | None = None,
    nightly: Callable[[int], object] | None = None,
    every_tick: Sequence[Callable[[int], object]] = (),
    channels: Collection[Channel] = (),
    on_duty: Callable[[], bool] = lambda: True,
    planning: Workbench | None = None,
) -> FastAPI:
    """Return the web application of a dispatcher.

    Parameters
    ----------
    dispatcher
        Stays open when the application ends: whoever made it closes it.
    clock
        Returns epoch seconds; may run faster than the sun.
    signing_key
        Signs offers; the same after a restart, so that offers survive it.
    tick_seconds
        How often vehicles follow their timetable, in real seconds; None to leave that to others.
    sign_in
        The door for staff, drivers and partners; None lets in nobody but residents.
    limits
        Rate limits; None limits nothing, for a service that only this machine can reach.
    nightly
        Done once a night, with the time; such as keeping the rules of retention.
    every_tick
        What else is done with the time, after that; called with the clock's time.
    channels
        How residents can be told about their rides; none that is not here is offered to them.
    on_duty
        Whether this process, of several on one database, does what is to be done once: its ticks
        and its nights.
    planning
        The planner's workbench; without it there are no such pages.
    """
    service = Service(
        dispatcher,
        clock,
        OfferTokens(signing_key, dispatcher.region.config.id),
        sign_in,
        RateLimiter(limits or {}),
        frozenset(channels),
        planning,
    )
    app = FastAPI(
        title=f"Dorfshuttle {dispatcher.region.config.name}",
        version="1",
        summary="Rides on demand: offers, bookings, and the tours that come of them.",
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan(service, tick_seconds, every_tick, nightly, on_duty),
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.service = service
    app.state.heartbeat, app.state.ticks_well = None, True
    app.state.on_duty = on_duty
    app.state.metrics = metrics.Metrics(service)
    app.state.snapshots = Snapshots(service)
    app.state.feed = Feed(service, app.state.snapshots)
    for guard, rooms in _rooms(planning=planning is not None):
        for room in rooms:
            app.include_router(room.router, dependencies=guard)
    pages.mount_static(app)
    for error in STATUS:
        app.add_exception_handler(error, _on_known_error)
    app.add_exception_handler(HTTPException, pages.on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, _on_unknown_error)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(metrics.Measured, metrics=app.state.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # as FastAPI says
    return app


def _rooms(*, planning: bool) -> Iterator[tuple[list[Any], Sequence[Any]]]:
    """Yield who guards the door of which rooms; those without a guard look themselves who comes."""
    dispatchers, council = Staff("dispatcher"), Staff("planner", "dispatcher", scope="unmet")
    yield [], (bookings, journeys, series, waiting, trains, promises, webhook)
    yield [], (sessions, tours, vehicles, map_data, health)
    yield [Depends(driver_of_shift)], (driving, drive_tour)
    yield (
        [Depends(dispatchers)],
        (explain, trouble, calling_off, board_api, past_api, acting),
    )
    yield [Depends(Staff("admin"))], (shown_numbers,)
    yield [Depends(council)], (unmet,)
    yield [Depends(local_or("metrics"))], (metrics,)
    yield [], (pages, booking_pages, ride_pages, standing_pages, my_rides_pages, info_pages)
    yield [], (login_page, drive_pages, board_page, desk_pages, shown_numbers_page)
    yield [], (feeds, live_offers, months)
    if planning:
        yield [], (runs_pages, draft_pages, compare_page, day_page)


_STORE_AWAY = (
    "The database cannot be used at the moment; repeat the request later, "
    "with the same Idempotency-Key if it had one."
)
"""What clients are told; the log has the reason."""


def _on_known_error(request: Request, error: Exception) -> Response:
    status, code, field = STATUS[type(error)]
    if isinstance(error, RequestError):
        code, field = error.code, error.field
    extensions = _extensions(request, error)
    request.app.state.metrics.refused(code)
    if status >= 500:
        _log.error(code, error=str(error))
    headers = {"Retry-After": "2"} if status == 503 else None
    if isinstance(error, TooManyRequests):
        headers = {"Retry-After": str(error.seconds)}
    if status == 401:
        headers = {"WWW-Authenticate": 'Bearer realm="shuttle"'}
    if pages.wanted(request):
        if isinstance(error, NotSignedIn):
            return RedirectResponse(login_page.PATH, status_code=303)
        return pages.problem_page(request, status, code, headers)
    detail = _STORE_AWAY if isinstance(error, StoreError) else str(error)
    return problem(request, status, code, detail, field=field, headers=headers, **extensions)


def _extensions(request: Request, error: Exception) -> dict[str, Any]:
    """Return what a problem says besides its code and its title."""
    match error:
        case RequestError():
            return fixes_of(request, error)
        case OfferGone():
            return fresh_offers(request, error.quote)
        case CannotMove():
            return acting.why_not(request, error)
        case NotMovable():
            return acting.why_it_stays(request, error)
        case PlanChanged():
            return trouble.fresh_preview(request, error.consequences)
    return {}


def _on_unknown_error(request: Request, _error: Exception) -> Response:
    """Say sorry; the server's log has the traceback."""
    if pages.wanted(request):
        return pages.problem_page(request, 500, "internal")
    return problem(request, 500, "internal", "Something unforeseen happened; it has been logged.")


def _lifespan(
    service: Service,
    tick_seconds: float | None,
    every_tick: Sequence[Callable[[int], object]],
    nightly: Callable[[int], object] | None,
    on_duty: Callable[[], bool],
) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tasks = []
        if tick_seconds is not None:

            def ended(well: bool) -> None:
                app.state.ticks_well = well
                if not well:
                    app.state.metrics.tick_failed()

            work = every_second(service, every_tick, on_duty, ended, tick_seconds)
            app.state.heartbeat = asyncio.create_task(work)
            tasks.append(app.state.heartbeat)
        if nightly is not None:
            work = every_night(nightly, service.clock, service.region.config, on_duty)
            tasks.append(asyncio.create_task(work))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return lifespan


def _operation_id(route: APIRoute) -> str:
    """Return what generated clients call an operation: its room and its name."""
    room = str(route.tags[0]).replace(" ", "_") if route.tags else "pages"
    return f"{room}_{route.name}"


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, problems included."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            license_info=app.license_info,
            routes=app.routes,
        )
        _replace_validation_errors(document)
        add_examples(document)
        app.openapi_schema = document
    return app.openapi_schema


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """Put our problems where FastAPI wrote its own form of a validation error."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (
        Problem,
        OfferGoneProblem,
        RequestProblem,
        PlanChangedProblem,
        MovingChangedProblem,
    ):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**schema.pop("$defs"), model.__name__: schema}
    for path in document["paths"].values():
        for operation in path.values():
            _say_who_may(operation)
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"] |= {str(k): v for k, v in answers(422).items()}


def _say_who_may(operation: dict[str, Any]) -> None:
    """Add what the dependencies of :mod:`api.security` and its neighbours answer by themselves."""
    refusals = [401, 403] if "security" in operation else []
    if any(each["name"] == "Booking-Secret" for each in operation.get("parameters", ())):
        refusals += [404, 429]
        if {} not in operation["security"]:  # residents come without either
            operation["security"].append({})
    known = {str(status): words for status, words in answers(*refusals).items()}
    operation["responses"] = known | operation["responses"]
