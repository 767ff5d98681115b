"""Where the vehicles are now, as they were seen, or by the timetable of their tours."""

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.documents import Document
from api.mapping.open_schemas import CapacityOut, NextHaltOut, VehicleOut, VehiclesOut
from api.mapping.tours import stands_of
from api.mapping.tracks import ahead, position
from api.problems import answers
from api.service import Service, ServiceHere
from api.times import local_time
from shuttle.driving.reports import Sighting
from shuttle.place_names import place_name
from shuttle.plan import DayPlan, vehicle_of
from shuttle.region import Region
from shuttle.region_config import Vehicle

FRESH_SECONDS = 300
"""A position that was reported longer ago says less than the timetable."""

router = APIRouter(prefix="/api/v1", tags=["tours"])


@router.get("/vehicles", responses=answers(422, 503), response_model=VehiclesOut)
def vehicles(
    request: Request,
    service: ServiceHere,
    seconds_ahead: Annotated[
        int, Query(ge=0, le=900, description="How far `ahead` shall reach.")
    ] = 0,
) -> Response:
    """Return where all vehicles are now, by the timetable of their tours."""
    now = service.clock()
    return _vehicles_document(*_moment(service, now), now, seconds_ahead).answer(request)


def vehicles_now(service: Service, now: int) -> VehiclesOut:
    """Return what the map shows of the vehicles at this moment."""
    return _vehicles_out(*_moment(service, now), now, 0)


def _moment(service: Service, now: int) -> tuple[Region, DayPlan, tuple[Sighting | None, ...]]:
    plan = service.dispatcher.plan(service.region.config.local_day(now), now)
    last = service.dispatcher.sightings.last
    return service.region, plan, tuple(last(plan.day, tour.shift.id, now) for tour in plan.tours)


@lru_cache(maxsize=16)
def _vehicles_document(
    region: Region, plan: DayPlan, seen: tuple[Sighting | None, ...], now: int, seconds: int
) -> Document:
    """Return the answer to all who ask in the same second."""
    return Document.of(_vehicles_out(region, plan, seen, now, seconds))


def _vehicles_out(
    region: Region, plan: DayPlan, seen: tuple[Sighting | None, ...], now: int, seconds: int
) -> VehiclesOut:
    return VehiclesOut(
        now=local_time(region, now),
        day=plan.day,
        revision=plan.revision,
        vehicles=[
            _vehicle(region, plan, number, vehicle, now, seconds, seen)
            for number, vehicle in enumerate(region.config.vehicles, start=1)
        ],
    )


def _vehicle(
    region: Region,
    plan: DayPlan,
    number: int,
    vehicle: Vehicle,
    now: int,
    seconds: int,
    seen: tuple[Sighting | None, ...],
) -> VehicleOut:
    current = _current(plan, vehicle.id, now)
    if current is None:
        return _parked(region, number, vehicle)
    region = plan.region
    tour, halts = plan.tours[current], stands_of(plan)[current]
    where = position(region, halts, now)
    here = halts[where.last]
    coming = halts[where.last + 1] if where.last + 1 < len(halts) else None
    last_seen = seen[current]
    fresh = last_seen if last_seen and last_seen.time > now - FRESH_SECONDS else None
    on_duty = tour.shift.start <= now < tour.shift.end
    return VehicleOut(
        id=vehicle.id,
        number=number,
        name=vehicle.name,
        status=("driving" if where.driving else "waiting") if on_duty else "off_duty",
        lat=fresh.lat if fresh else where.lat,
        lon=fresh.lon if fresh else where.lon,
        heading=where.heading,
        at=None if where.driving else place_name(region, here.place),
        next_halt=None
        if coming is None
        else NextHaltOut(
            name=place_name(region, coming.place), arrival=local_time(region, coming.arrival)
        ),
        on_board=CapacityOut.of(here.on_board),
        reported=tour.shift.id in plan.reports,
        seen_at=local_time(region, fresh.time) if fresh else None,
        ahead=list(ahead(region, halts, now, seconds)) if seconds else [],
    )


def _current(plan: DayPlan, vehicle: str, now: int) -> int | None:
    """Return which tour a vehicle is on; before and between its shifts the next, then the last."""
    own = [number for number, tour in enumerate(plan.tours) if vehicle_of(tour) == vehicle]
    coming = (number for number in own if now < plan.tours[number].shift.end)
    return next(coming, own[-1] if own else None)


def _parked(region: Region, number: int, vehicle: Vehicle) -> VehicleOut:
    depots = list(region.config.depots)
    place = region.places[len(region.stops) + depots.index(vehicle.depot)]
    return VehicleOut(
        id=vehicle.id,
        number=number,
        name=vehicle.name,
        status="off_duty",
        lat=place.lat,
        lon=place.lon,
        heading=0,
        at=region.config.depots[vehicle.depot].name,
        next_halt=None,
        on_board=CapacityOut(seats=0, wheelchairs=0, child_seats=0),
        reported=False,
        seen_at=None,
        ahead=[],
    )
