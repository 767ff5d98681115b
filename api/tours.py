"""Tours, vehicles and figures: what everybody may see of a service day."""

from collections import Counter
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.documents import Document
from api.open_schemas import (
    HALT_NAMES,
    CapacityOut,
    FiguresOut,
    NextHaltOut,
    StandOut,
    TourOut,
    ToursOut,
    VehicleOut,
    VehiclesOut,
)
from api.polyline import encode
from api.problems import answers
from api.schemas import Day, local_time
from api.service import Service, ServiceHere
from api.tracks import ahead, metres_driven, position, track
from routing.problem import Tour
from shuttle.domain import BookingStatus
from shuttle.errors import RequestError
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.region_config import Vehicle
from shuttle.timetable import Stand, stands

router = APIRouter(prefix="/api/v1", tags=["tours"])

_DAYS_BACK = 400
"""How far back tours can be looked at."""

DayQuery = Annotated[Day | None, Query(alias="date", description="Service day; today if left out.")]


@router.get("/tours", responses=answers(422, 503), response_model=ToursOut)
def tours(request: Request, service: ServiceHere, day: DayQuery = None) -> Response:
    """Return the plan of a day: every vehicle's halts with times, loads and ways between them.

    Cacheable: the ETag changes when a tour does.
    """
    return _tours_document(service.region, plan_of(service, day)).answer(request)


@router.get("/vehicles", responses=answers(422, 503))
def vehicles(
    service: ServiceHere,
    response: Response,
    seconds_ahead: Annotated[
        int, Query(ge=0, le=900, description="How far `ahead` shall reach.")
    ] = 0,
) -> VehiclesOut:
    """Return where all vehicles are now, by the timetable of their tours."""
    response.headers["Cache-Control"] = "no-store"
    now = service.clock()
    day = service.region.config.local_day(now)
    plan = service.dispatcher.plan(day, now)
    return VehiclesOut(
        now=local_time(service.region, now),
        day=day,
        revision=plan.revision,
        vehicles=[
            _vehicle(service.region, plan, number, vehicle, now, seconds_ahead)
            for number, vehicle in enumerate(service.region.config.vehicles, start=1)
        ],
    )


@router.get("/figures", responses=answers(422, 503))
def figures(service: ServiceHere, response: Response, day: DayQuery = None) -> FiguresOut:
    """Return a day in numbers: rides, refusals, promises kept, kilometres."""
    response.headers["Cache-Control"] = "no-store"
    plan = plan_of(service, day)
    return figures_of(service, plan)


def plan_of(service: Service, day: date | None) -> DayPlan:
    """Return the plan of a day as it stands now.

    Raises
    ------
    RequestError
        ``out_of_range``: nothing is known of days that far away.
    """
    now = service.clock()
    today = service.region.config.local_day(now)
    first = today - timedelta(days=_DAYS_BACK)
    last = today + timedelta(days=service.region.config.rules.horizon_days)
    if day is not None and not first <= day <= last:
        raise RequestError("out_of_range", "date", f"Choose a day from {first} to {last}.")
    return service.dispatcher.plan(day or today, now)


@lru_cache(maxsize=8)
def _tours_document(region: Region, plan: DayPlan) -> Document:
    return Document.of(tours_out(region, plan))


def tours_out(region: Region, plan: DayPlan) -> ToursOut:
    """Return a plan as everybody sees it."""
    numbers = {each.id: number for number, each in enumerate(region.config.vehicles, start=1)}
    return ToursOut(
        day=plan.day,
        revision=plan.revision,
        tours=[_tour(region, tour, numbers[vehicle_of(tour)]) for tour in plan.tours],
    )


def _tour(region: Region, tour: Tour, number: int) -> TourOut:
    vehicle = region.config.vehicles[number - 1]
    halts = stands(tour, region.travel)
    return TourOut(
        vehicle=vehicle.id,
        number=number,
        name=vehicle.name,
        begin=local_time(region, tour.shift.start),
        end=local_time(region, tour.shift.end),
        metres=metres_driven(region, halts, tour.shift.end),
        stands=[
            _stand(region, stand, halts[index - 1] if index else None)
            for index, stand in enumerate(halts)
        ],
    )


def _stand(region: Region, stand: Stand, before: Stand | None) -> StandOut:
    place = region.places[stand.place]
    return StandOut(
        kinds=[HALT_NAMES[kind] for kind in stand.kinds],
        stop=region.stops[stand.place].id if stand.place < len(region.stops) else None,
        name=place_name(region, stand.place),
        lat=place.lat,
        lon=place.lon,
        arrival=local_time(region, stand.arrival),
        departure=local_time(region, stand.departure),
        getting_on=len(stand.pickups),
        getting_off=len(stand.dropoffs),
        on_board=CapacityOut.of(stand.on_board),
        served=stand.served,
        path="" if before is None else _path(region, before.place, stand.place),
    )


@lru_cache(maxsize=20_000)
def _path(region: Region, origin: int, destination: int) -> str:
    return encode(track(region, origin, destination).points)


def place_name(region: Region, place: int) -> str:
    """Return what a stop or depot is called."""
    if place < len(region.stops):
        return region.stops[place].label
    depots = list(region.config.depots.values())
    return depots[place - len(region.stops)].name


def vehicle_of(tour: Tour) -> str:
    """Return the id of the vehicle that drives a tour."""
    return tour.shift.id.partition("@")[0]


def _vehicle(
    region: Region, plan: DayPlan, number: int, vehicle: Vehicle, now: int, seconds: int
) -> VehicleOut:
    tour = _current(plan, vehicle.id, now)
    if tour is None:
        return _parked(region, number, vehicle)
    halts = stands(tour, region.travel)
    where = position(region, halts, now)
    here = halts[where.last]
    coming = halts[where.last + 1] if where.last + 1 < len(halts) else None
    on_duty = tour.shift.start <= now < tour.shift.end
    return VehicleOut(
        id=vehicle.id,
        number=number,
        name=vehicle.name,
        status=("driving" if where.driving else "waiting") if on_duty else "off_duty",
        lat=where.lat,
        lon=where.lon,
        heading=where.heading,
        at=None if where.driving else place_name(region, here.place),
        next_halt=None
        if coming is None
        else NextHaltOut(
            name=place_name(region, coming.place), arrival=local_time(region, coming.arrival)
        ),
        on_board=CapacityOut.of(here.on_board),
        ahead=list(ahead(region, halts, now, seconds)) if seconds else [],
    )


def _current(plan: DayPlan, vehicle: str, now: int) -> Tour | None:
    """Return the tour a vehicle is on; before and between its shifts the next, then the last."""
    own = [tour for tour in plan.tours if vehicle_of(tour) == vehicle]
    return next((tour for tour in own if now < tour.shift.end), own[-1] if own else None)


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
        ahead=[],
    )


def figures_of(service: Service, plan: DayPlan) -> FiguresOut:
    """Return a day in numbers, up to now."""
    region, now = service.region, service.clock()
    happened = Counter(event.kind for event in service.dispatcher.events(plan.day))
    served = [each for each in plan.bookings.values() if each.status is BookingStatus.SERVED]
    driven = [metres_driven(region, stands(tour, region.travel), now) for tour in plan.tours]
    return FiguresOut(
        day=plan.day,
        booked=happened["booked"] - happened["cancelled"],
        served=happened["dropped_off"],
        passengers=sum(each.ride.party.passengers for each in served),
        cancelled=happened["cancelled"],
        refused=happened["refused"],
        promises_kept=happened["promise_kept"],
        promises_broken=happened["promise_broken"],
        kilometres=round(sum(driven) / 1000, 1),
    )
