"""Tours and figures: what everybody may see of a service day."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.documents import Document
from api.mapping.open_schemas import (
    HALT_NAMES,
    CapacityOut,
    FiguresOut,
    StandOut,
    TourOut,
    ToursOut,
)
from api.mapping.polyline import encode
from api.mapping.tracks import metres_driven, track_on
from api.problems import answers
from api.service import Service, ServiceHere
from api.times import Day, local_time
from routing.problem import Tour
from routing.road_network import RoadNetwork, Snap
from shuttle.answers import RefusalReason
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus
from shuttle.driving.promises import figures
from shuttle.driving.timetable import Stand, stands
from shuttle.errors import RequestError
from shuttle.place_names import place_name
from shuttle.plan import DayPlan, vehicle_of
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["tours"])

_DAYS_BACK = 400
"""How far back tours can be looked at."""

FIGURES_SECONDS = 5
"""Figures are counted this often, however many ask."""

DayQuery = Annotated[Day | None, Query(alias="date", description="Service day; today if left out.")]


@router.get("/tours", responses=answers(422, 503), response_model=ToursOut)
def tours(
    request: Request,
    service: ServiceHere,
    day: DayQuery = None,
    vehicle: Annotated[
        list[str] | None,
        Query(max_length=200, description="Only of these vehicles; of all if left out."),
    ] = None,
) -> Response:
    """Return the plan of a day: every vehicle's halts with times, loads and ways between them.

    Cacheable: the ETag changes when a tour does.
    """
    plan = plan_of(service, day)
    if vehicle is None:
        return _tours_document(plan).answer(request)
    return Document.of(tours_out(plan, frozenset(vehicle))).answer(request)


@router.get("/figures", responses=answers(422, 503))
def day_figures(service: ServiceHere, response: Response, day: DayQuery = None) -> FiguresOut:
    """Return a day in numbers: rides, refusals, promises kept, kilometres."""
    response.headers["Cache-Control"] = "no-store"
    return figures_of(service, plan_of(service, day))


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
def stands_of(plan: DayPlan) -> tuple[tuple[Stand, ...], ...]:
    """Return the stands of all tours of a plan."""
    return tuple(_stands(plan, number) for number in range(len(plan.tours)))


def _stands(plan: DayPlan, number: int) -> tuple[Stand, ...]:
    scheduled = plan.compiled.timetable(number)
    return stands(plan.tours[number], scheduled, plan.region.number_of)


@lru_cache(maxsize=8)
def _tours_document(plan: DayPlan) -> Document:
    return Document.of(tours_out(plan))


def tours_out(plan: DayPlan, vehicles: frozenset[str] | None = None) -> ToursOut:
    """Return a plan as everybody sees it; only the tours of some vehicles, if they are named."""
    region = plan.region
    numbers = {each.id: number for number, each in enumerate(region.config.vehicles, start=1)}
    return ToursOut(
        day=plan.day,
        revision=plan.revision,
        tours=[
            _tour(region, plan, tour, _stands(plan, number), numbers[vehicle_of(tour)])
            for number, tour in enumerate(plan.tours)
            if vehicles is None or vehicle_of(tour) in vehicles
        ],
    )


def _tour(
    region: Region, plan: DayPlan, tour: Tour, halts: Sequence[Stand], number: int
) -> TourOut:
    vehicle = region.config.vehicles[number - 1]
    return TourOut(
        vehicle=vehicle.id,
        number=number,
        name=vehicle.name,
        begin=local_time(region, tour.shift.start),
        end=local_time(region, tour.shift.end),
        metres=metres_driven(region, halts, tour.shift.end),
        stands=[
            _stand(region, plan, stand, halts[index - 1] if index else None)
            for index, stand in enumerate(halts)
        ],
    )


def _stand(region: Region, plan: DayPlan, stand: Stand, before: Stand | None) -> StandOut:
    place, stop = region.places[stand.place], region.stop_at(stand.place)
    return StandOut(
        kinds=[HALT_NAMES[kind] for kind in stand.kinds],
        stop=None if stop is None else stop.id,
        name=place_name(region, stand.place),
        lat=place.lat,
        lon=place.lon,
        arrival=local_time(region, stand.arrival),
        departure=local_time(region, stand.departure),
        getting_on=_passengers(plan, stand.pickups),
        getting_off=_passengers(plan, stand.dropoffs),
        on_board=CapacityOut.of(stand.on_board),
        served=stand.served,
        path="" if before is None else _path(region, before.place, stand.place),
    )


def _passengers(plan: DayPlan, codes: Sequence[str]) -> int:
    parties = (plan.bookings[code] for code in codes)
    return sum(
        each.ride.party.passengers for each in parties if each.status is not BookingStatus.NO_SHOW
    )


def _path(region: Region, origin: int, destination: int) -> str:
    here, there = region.places[origin], region.places[destination]
    return _encoded(region.roads_between(origin, destination), here, there)


@lru_cache(maxsize=20_000)
def _encoded(roads: RoadNetwork, origin: Snap, destination: Snap) -> str:
    return encode(track_on(roads, origin, destination).points)


def figures_of(service: Service, plan: DayPlan) -> FiguresOut:
    """Return a day in numbers, up to now."""
    return _figures(service.dispatcher, plan, service.clock() // FIGURES_SECONDS * FIGURES_SECONDS)


@lru_cache(maxsize=8)
def _figures(dispatcher: Dispatcher, plan: DayPlan, now: int) -> FiguresOut:
    events = dispatcher.events(plan.day)
    happened = Counter(event.kind for event in events)
    promises = figures(dispatcher.promises(plan.day, now))
    unmet = dispatcher.store.unmet(plan.day, plan.day)
    served = [each for each in plan.bookings.values() if each.status is BookingStatus.SERVED]
    driven = [metres_driven(plan.region, halts, now) for halts in stands_of(plan)]
    return FiguresOut(
        day=plan.day,
        booked=happened["booked"] - happened["cancelled"],
        served=len(served),
        passengers=sum(each.ride.party.passengers for each in served),
        cancelled=happened["cancelled"],
        refused=sum(each.reason in set(RefusalReason) for each in unmet),
        promises_kept=promises.kept,
        promises_broken=promises.broken,
        kilometres=round(sum(driven) / 1000, 1),
    )
