"""The web application: what is put together how, and which error is which HTTP status."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api import bookings, driving, health, map_data, pages, promises, tours, vehicles
from api.problems import Problem, answers, on_invalid_request, problem
from api.schemas import OfferGoneProblem
from api.service import Service
from api.shield import BodyLimit, SecurityHeaders
from api.tokens import OfferTampered, OfferTokens
from shuttle.dispatcher import Dispatcher
from shuttle.errors import (
    IdempotencyConflict,
    NotCancellable,
    OfferExpired,
    OfferGone,
    OfferTaken,
    PlanRejected,
    RequestError,
    RevisionConflict,
    ShuttleError,
    StoreError,
    UnknownBooking,
    UnknownShift,
)

_log = structlog.get_logger()

STATUS: dict[type[Exception], tuple[int, str, str | None]] = {
    # error: HTTP status, code, field; RequestError brings code and field itself
    RequestError: (422, "invalid", None),
    OfferTampered: (422, "offer_invalid", "offer"),
    IdempotencyConflict: (422, "idempotency_conflict", "Idempotency-Key"),
    UnknownBooking: (404, "unknown_booking", "code"),
    UnknownShift: (404, "unknown_shift", "shift"),
    NotCancellable: (409, "not_cancellable", "code"),
    OfferGone: (409, "offer_gone", "offer"),
    OfferTaken: (409, "offer_taken", "offer"),
    OfferExpired: (410, "offer_expired", "offer"),
    RevisionConflict: (503, "plan_busy", None),
    PlanRejected: (503, "internal", None),
    StoreError: (503, "store_unavailable", None),
}
"""The one table from what goes wrong to what the client is told."""


def create_app(
    dispatcher: Dispatcher,
    clock: Callable[[], int],
    signing_key: bytes,
    *,
    tick_seconds: float | None = 1.0,
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
    """
    service = Service(dispatcher, clock, OfferTokens(signing_key, dispatcher.region.config.id))
    app = FastAPI(
        title=f"Dorfshuttle {dispatcher.region.config.name}",
        version="1",
        summary="Rides on demand: offers, bookings, and the tours that come of them.",
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(service, tick_seconds),
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.service = service
    app.state.heartbeat = None
    for each in (bookings, driving, promises, tours, vehicles, map_data, health, pages):
        app.include_router(each.router)
    pages.mount_static(app)
    for error in STATUS:
        app.add_exception_handler(error, _on_known_error)
    app.add_exception_handler(HTTPException, pages.on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(Exception, _on_unknown_error)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # as FastAPI says
    return app


def _on_known_error(request: Request, error: Exception) -> Response:
    status, code, field = STATUS[type(error)]
    extensions: dict[str, Any] = {}
    if isinstance(error, RequestError):
        code, field = error.code, error.field
    if isinstance(error, OfferGone):
        extensions = bookings.fresh_offers(request, error.quote)
    if status >= 500:
        _log.error(code, error=str(error))
    headers = {"Retry-After": "2"} if status == 503 else None
    return problem(request, status, code, str(error), field=field, headers=headers, **extensions)


def _on_unknown_error(request: Request, _error: Exception) -> Response:
    """Say sorry; the server's log has the traceback."""
    return problem(request, 500, "internal", "Something unforeseen happened; it has been logged.")


def _lifespan(service: Service, tick_seconds: float | None) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if tick_seconds is None:
            yield
            return
        app.state.heartbeat = asyncio.create_task(_tick(service, tick_seconds))
        try:
            yield
        finally:
            app.state.heartbeat.cancel()
            await asyncio.gather(app.state.heartbeat, return_exceptions=True)

    return lifespan


async def _tick(service: Service, seconds: float) -> None:
    """Let the vehicles follow their timetable, for as long as the application runs."""
    while True:
        try:
            await run_in_threadpool(service.dispatcher.advance, service.clock())
        except ShuttleError as error:
            _log.error("advance_failed", error=str(error))
        await asyncio.sleep(seconds)


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
        app.openapi_schema = document
    return app.openapi_schema


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """Put our problems where FastAPI wrote its own form of a validation error."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, OfferGoneProblem):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**schema.pop("$defs"), model.__name__: schema}
    for path in document["paths"].values():
        for operation in path.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"] |= {str(k): v for k, v in answers(422).items()}
