"""Figures for whoever watches over the service, in the text format of Prometheus.

What happens in a request is counted when it happens; what stands in a plan or in the database is
worked out when somebody asks. No figure names a person, and paths are given by their pattern.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.service import Service
from shuttle.answers import Quote
from shuttle.driving.promises import figures
from shuttle.errors import ShuttleError
from shuttle.events import Reoptimised
from shuttle.plan import DayPlan

router = APIRouter(include_in_schema=False)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Moment:
    """What gauges are worked out from: the service, today's plan, and the time."""

    service: Service
    plan: DayPlan
    now: int


def _revision(here: Moment) -> float:
    return here.plan.revision


def _at_risk(here: Moment) -> float:
    promises = here.service.dispatcher.promises(here.plan.day, here.now)
    return figures(promises).at_risk


def _reachable(here: Moment) -> float:
    try:
        here.service.dispatcher.store.revisions((here.plan.day,))
    except ShuttleError:
        return 0
    return 1


def _solver_gain(here: Moment) -> float:
    """Return what the live loop has gained today, in seconds of driving."""
    events = here.service.dispatcher.events(here.plan.day)
    return sum(event.gained for event in events if isinstance(event, Reoptimised))


def _outbox_age(here: Moment) -> float:
    """Return for how many seconds the oldest notice has been due."""
    return here.service.dispatcher.store.outbox.age(here.now)


GAUGES: Mapping[str, tuple[str, Callable[[Moment], float]]] = {
    # A figure of another room is one line here.
    "shuttle_plan_revision": ("Changes stored of today's plan.", _revision),
    "shuttle_promises_at_risk": (
        "Promises that will be missed as things stand.",
        _at_risk,
    ),
    "shuttle_solver_gain_seconds": ("Driving saved today by improving the plan.", _solver_gain),
    "shuttle_outbox_age_seconds": ("For how long the oldest notice has been due.", _outbox_age),
    "shuttle_store_reachable": ("1 if the database answers.", _reachable),
}
"""Worked out at each scrape; one that cannot be is left out."""


class Metrics:
    """The figures of one application; each has its own, so that several can run in a process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._quotes = Counter(
            "shuttle_quotes", "Requests that were answered with offers.", registry=self.registry
        )
        self._offers = Counter("shuttle_offers", "Offers made.", registry=self.registry)
        self._refusals = Counter(
            "shuttle_refusals", "Requests refused.", ["reason"], registry=self.registry
        )
        self._problems = Counter(
            "shuttle_problems", "Problems answered.", ["code"], registry=self.registry
        )
        self._ticks = Counter(
            "shuttle_ticks_failed",
            "Seconds in which something failed that nobody foresaw.",
            registry=self.registry,
        )
        self._requests = Histogram(
            "shuttle_request_seconds",
            "Time to answer, by the pattern of the path.",
            ["method", "path", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def quoted(self, quote: Quote) -> None:
        """Count an answer to a request for a ride."""
        self._offers.inc(len(quote.offers))
        if quote.refusal is None:
            self._quotes.inc()
        else:
            self._refusals.labels(quote.refusal.reason).inc()

    def refused(self, code: str) -> None:
        """Count a problem."""
        self._problems.labels(code).inc()

    def tick_failed(self) -> None:
        """Count a tick in which something failed that nobody foresaw."""
        self._ticks.inc()

    def answered(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, path, f"{status // 100}xx").observe(seconds)

    def describe(self) -> Iterator[Metric]:
        """Say which gauges there are; asked for once, without a value."""
        for name, (meaning, _) in GAUGES.items():
            yield GaugeMetricFamily(name, meaning)

    def collect(self) -> Iterator[Metric]:
        """Work out what stands in plan and database now."""
        service, now = self._service, self._service.clock()
        try:
            here = Moment(service, service.dispatcher.plan(service.today(), now), now)
        except ShuttleError:
            return
        for name, (meaning, work_out) in GAUGES.items():
            try:
                value = work_out(here)
            except ShuttleError:
                continue
            yield GaugeMetricFamily(name, meaning, value=value)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Return the service's figures as Prometheus reads them."""
    known: Metrics = request.app.state.metrics
    return Response(generate_latest(known.registry), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """Measures how long each HTTP request takes, by the pattern of its path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and measure it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            path = getattr(scope.get("route"), "path", "unmatched")
            taken = time.perf_counter() - begun
            self.metrics.answered(_method(scope["method"]), path, status, taken)


def _method(method: str) -> str:
    """Return an HTTP method; what is none becomes one name, lest a stranger fill the memory."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return method if method in known else "other"
