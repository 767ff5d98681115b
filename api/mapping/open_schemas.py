"""What everybody may see: the region, its roads, tours and vehicles. Nothing about persons.

Booking codes are secrets of those who booked, so halts carry numbers of people and nothing else.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas import StopOut
from routing.gazetteer import Match
from routing.problem import HaltKind, Loads
from shuttle.region import Region
from shuttle.region_config import Fares, Rules


class HoursOut(BaseModel):
    """When rides run."""

    days: list[str]
    begin: str = Field(serialization_alias="from", examples=["06:00"])
    end: str = Field(serialization_alias="to", examples=["19:00"])


class CapacityOut(BaseModel):
    """What a vehicle holds in one of its layouts, or has on board."""

    seats: int
    wheelchairs: int
    child_seats: int

    @classmethod
    def of(cls, loads: Loads) -> "CapacityOut":
        """Return a load tuple with names."""
        seats, wheelchairs, child_seats = loads
        return cls(seats=seats, wheelchairs=wheelchairs, child_seats=child_seats)


class FleetOut(BaseModel):
    """A vehicle; `number` tells it apart on the map, from 1."""

    id: str
    number: int
    name: str
    electric: bool
    layouts: list[CapacityOut]


class ContactOut(BaseModel):
    """Who answers."""

    operator: str
    phone: str
    email: str


class RegionStopOut(StopOut):
    """A stop, and whether passengers find a sign there."""

    kind: Literal["physical", "virtual"]


class RegionOut(BaseModel):
    """Everything about the region that does not change while the service runs."""

    id: str
    name: str
    timezone: str
    synthetic: bool = Field(description="Whether roads and addresses are made up.")
    attribution: str
    boundary: dict[str, Any] = Field(description="GeoJSON geometry.")
    bounds: tuple[tuple[float, float], tuple[float, float]] = Field(
        description="South-west and north-east corner, latitude first."
    )
    stops: list[RegionStopOut]
    vehicles: list[FleetOut]
    hours: list[HoursOut]
    rules: Rules
    fares: Fares
    contact: ContactOut


class PlaceNameOut(BaseModel):
    """A town, village or hamlet."""

    name: str
    rank: str = Field(examples=["village"])
    population: int
    lat: float
    lon: float


class LandmarkOut(BaseModel):
    """A house that people name: station, school, doctor, shop."""

    kind: str
    name: str
    lat: float
    lon: float


class RoadsOut(BaseModel):
    """The base map. Lines are encoded polylines with five decimals."""

    roads: dict[str, list[str]] = Field(
        description="Lines by class, each of its ways once.",
        examples=[{"secondary": ["_p~iF~ps|U_ulLnnqC"]}],
    )
    names: dict[str, list[str]] = Field(
        description="What each of these lines is called, in the same order; empty if nothing: a "
        "street's name, else the number of the road.",
        examples=[{"secondary": ["Dorfstraße"]}],
    )
    areas: dict[str, list[list[str]]] = Field(
        description="Woods, water and so on: polygons, each its outline and then its holes."
    )
    lines: dict[str, list[str]] = Field(description="Railways and streams.")
    houses: str = Field(description="All addresses as the points of one polyline.")
    places: list[PlaceNameOut]
    landmarks: list[LandmarkOut]


class StandOut(BaseModel):
    """One halt of a vehicle."""

    kinds: list[str] = Field(description="What happens there.", examples=[["pickup"]])
    stop: str | None = Field(description="The stop's id; none at a depot.")
    name: str
    lat: float
    lon: float
    arrival: datetime
    departure: datetime
    getting_on: int = Field(description="Passengers.")
    getting_off: int = Field(description="Passengers.")
    on_board: CapacityOut = Field(description="After the halt.")
    served: bool
    path: str = Field(description="From the halt before, as an encoded polyline; may be empty.")


class TourOut(BaseModel):
    """The halts of one shift."""

    vehicle: str
    number: int
    name: str
    begin: datetime
    end: datetime
    metres: int = Field(description="Driven and planned.")
    stands: list[StandOut]


class ToursOut(BaseModel):
    """The plan of a service day."""

    day: date
    revision: int
    tours: list[TourOut]


class NextHaltOut(BaseModel):
    """Where a vehicle is going."""

    name: str
    arrival: datetime


class VehicleOut(BaseModel):
    """A vehicle as it is now."""

    id: str
    number: int
    name: str
    status: Literal["off_duty", "waiting", "driving"]
    lat: float
    lon: float
    heading: int = Field(ge=0, lt=360, description="Degrees clockwise from north.")
    at: str | None = Field(description="Where it stands, None while it drives.")
    next_halt: NextHaltOut | None
    on_board: CapacityOut
    reported: bool = Field(description="Its driver reports, so halts happen when they are said to.")
    seen_at: datetime | None = Field(
        description="When it was at `lat`, `lon`; None if that follows from the timetable."
    )
    ahead: list[tuple[float, float, float]] = Field(
        description="Where it will be: seconds from now, latitude, longitude; straight between."
    )


class VehiclesOut(BaseModel):
    """All vehicles at one moment."""

    now: datetime = Field(description="The service's clock; in a demo it runs fast.")
    day: date
    revision: int = Field(description="Of the day's plan; when it grows, tours have changed.")
    vehicles: list[VehicleOut]


class FiguresOut(BaseModel):
    """A service day in numbers, up to now."""

    day: date
    booked: int = Field(description="Rides booked and not cancelled.")
    served: int = Field(description="Rides completed.")
    passengers: int = Field(description="People on completed rides.")
    cancelled: int
    refused: int
    promises_kept: int
    promises_broken: int
    kilometres: float = Field(description="Driven, empty runs included.")


class PlaceOut(BaseModel):
    """A suggestion for what was typed."""

    kind: str
    label: str
    village: str
    lat: float
    lon: float
    stop: str | None

    @classmethod
    def of(cls, match: Match) -> "PlaceOut":
        """Return a match of the gazetteer."""
        return cls(
            kind=match.kind,
            label=match.label,
            village=match.village,
            lat=match.lat,
            lon=match.lon,
            stop=match.stop_id,
        )


class PlacesOut(BaseModel):
    """Suggestions, best first."""

    places: list[PlaceOut]


HALT_NAMES = {
    HaltKind.START: "start",
    HaltKind.PICKUP: "pickup",
    HaltKind.DROPOFF: "dropoff",
    HaltKind.BREAK: "break",
    HaltKind.END: "end",
}


def region_out(region: Region) -> RegionOut:
    """Return a region as everybody sees it."""
    config = region.config
    west, south, east, north = region.boundary.bounds
    return RegionOut(
        id=config.id,
        name=config.name,
        timezone=config.timezone,
        synthetic=config.synthetic,
        attribution=config.attribution,
        boundary=region.boundary.__geo_interface__,
        bounds=((south, west), (north, east)),
        stops=[RegionStopOut.model_validate(stop, from_attributes=True) for stop in region.stops],
        vehicles=[
            FleetOut(
                id=vehicle.id,
                number=number,
                name=vehicle.name,
                electric=vehicle.electric,
                layouts=[
                    CapacityOut.model_validate(layout, from_attributes=True)
                    for layout in vehicle.layouts
                ],
            )
            for number, vehicle in enumerate(config.vehicles, start=1)
        ],
        hours=[HoursOut.model_validate(each, from_attributes=True) for each in config.hours],
        rules=config.rules,
        fares=config.fares,
        contact=ContactOut.model_validate(config.contact, from_attributes=True),
    )
