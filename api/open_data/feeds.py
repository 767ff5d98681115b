"""The feeds for journey planners, and the page that describes all open data."""

from datetime import date, datetime
from functools import lru_cache

from fastapi import APIRouter, Request, Response

from api.documents import Document
from api.languages import ReaderLanguage
from api.mapping.vehicles import vehicles_now
from api.pages import page
from api.problems import answers
from api.residents.info_pages import Home
from api.service import Service, ServiceHere
from shuttle.dispatcher import Dispatcher
from shuttle.open_data.durations import SafeDuration, last_days, ride_times, safe_duration
from shuttle.open_data.gtfs_flex import gtfs_flex
from shuttle.open_data.realtime import alerts, vehicle_positions, written
from shuttle.plan import DayPlan
from shuttle.region import Region

router = APIRouter(prefix="/open-data", tags=["open data"])

FRESH_SECONDS = 10
"""Live feeds are made anew after so long; journey planners ask every half minute or so."""

_ZIP, _PROTOBUF = "application/zip", "application/x-protobuf"


class Zip(Response):
    """A feed as a zip."""

    media_type = _ZIP


class Protobuf(Response):
    """A feed as GTFS-Realtime writes it."""

    media_type = _PROTOBUF


@router.get("", include_in_schema=False)
def open_data_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Describe all open data and their licences."""
    return page(request, service, language, f"open_data.{language}.html")


@router.get("/gtfs-flex.zip", response_class=Zip, responses=answers(422))
def gtfs_flex_feed(request: Request, service: ServiceHere, home: Home) -> Response:
    """Return stops, hours and rules of booking as a GTFS-Flex feed."""
    first = service.today().replace(day=1)
    return _flex_document(service.region, home, first, told_duration(service)).answer(request)


def told_duration(service: Service) -> SafeDuration:
    """Return how long journey planners are told that rides take."""
    found = None if service.planning is None else service.planning.store.calibration()
    simulated = None if found is None else found.safe
    return _safe_duration(service.dispatcher, service.today(), simulated)


@router.get("/vehicle-positions.pb", response_class=Protobuf, responses=answers(422, 503))
def vehicle_positions_feed(request: Request, service: ServiceHere) -> Response:
    """Return where the vehicles on duty are, as GTFS-Realtime: just what the map shows."""
    now = service.clock() // FRESH_SECONDS * FRESH_SECONDS
    shown = vehicles_now(service, now)
    seen = (
        (each.id, each.name, each.lat, each.lon, each.heading, _epoch(each.seen_at or shown.now))
        for each in shown.vehicles
        if each.status != "off_duty"
    )
    feed = written(vehicle_positions(seen, now))
    return Document.as_it_is(feed, _PROTOBUF).answer(request)


def _epoch(time: datetime) -> int:
    return int(time.timestamp())


@router.get("/alerts.pb", response_class=Protobuf, responses=answers(422, 503))
def alerts_feed(request: Request, service: ServiceHere) -> Response:
    """Return what is closed, out of service or slow, as GTFS-Realtime service alerts."""
    now = service.clock() // FRESH_SECONDS * FRESH_SECONDS
    plans = tuple(service.dispatcher.plan(day, now) for day in _days_ahead(service))
    return _alerts_document(service.region, plans, now).answer(request)


def _days_ahead(service: Service) -> list[date]:
    """Return today and the days that can be booked, as far as somebody has touched them."""
    today = service.today()
    last = today.toordinal() + service.region.config.rules.horizon_days
    days = [date.fromordinal(number) for number in range(today.toordinal(), last + 1)]
    known = service.dispatcher.store.revisions(days)
    return [day for day in days if known.get(day)]


@lru_cache(maxsize=2)
def _safe_duration(
    dispatcher: Dispatcher, today: date, simulated: SafeDuration | None
) -> SafeDuration:
    rides = ride_times(dispatcher.store, last_days(today))
    return safe_duration(dispatcher.region.config.rules, rides, simulated)


@lru_cache(maxsize=4)
def _flex_document(region: Region, home: str, first: date, safe: SafeDuration) -> Document:
    return Document.as_it_is(gtfs_flex(region, home, first, safe), _ZIP)


@lru_cache(maxsize=4)
def _alerts_document(region: Region, plans: tuple[DayPlan, ...], now: int) -> Document:
    conditions = [each for plan in plans for each in plan.conditions]
    return Document.as_it_is(written(alerts(region, conditions, now)), _PROTOBUF)
