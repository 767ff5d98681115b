"""A region, loaded and ready: roads, stops, travel times, gazetteer, shifts.

Nothing derived is stored in the region's folder: the extract, ``stops.csv`` and ``region.toml``
are read at each start, which takes seconds, and so can never disagree with each other.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import shapely
from shapely.geometry import shape

from routing.gazetteer import Gazetteer, Geocoder
from routing.geocoders import NetworkGeocoder, WithFallback
from routing.osm_import import Extract, ExtractError, Feature, Shape, read_extract
from routing.problem import Break, Loads, Shift
from routing.road_network import RoadNetwork, Route, Snap
from routing.stops import Stop, StopsError, read_stops
from routing.travel_times import UNREACHABLE, TravelTimes
from routing.walking import StopsNear
from shuttle.charging import Battery
from shuttle.errors import RegionError
from shuttle.region_config import RegionConfig, ShiftRule, Vehicle, minutes_of, read_config
from shuttle.timetables.stations import Stations, read_stations

if TYPE_CHECKING:
    from shuttle.neighbours import Neighbour

BUNDLED = Path(__file__).resolve().parents[1] / "data" / "osm" / "suederbrarup"
"""The region that comes with the project."""

_METRES_PER_DEGREE = 111_195

Progress = Callable[[str, float], None]
"""Told a step's name and the share of the whole that is done, from 0 to 1."""


def _silent(step: str, share: float) -> None:
    """Report nothing."""


@dataclass(frozen=True, eq=False)
class Region:
    """Everything about an Amt that does not change while the service runs.

    Attributes
    ----------
    config
        The validated ``region.toml``.
    folder
        Where it came from.
    drive, walk
        Roads for vehicles and ways for people.
    features
        Addresses, villages and places of the extract.
    boundary
        Longitude and latitude; rides begin and end inside.
    stops
        In the order of ``stops.csv``.
    places
        Rows of `travel`: the stops, then the depots.
    travel
        Between all places.
    gazetteer
        Search for stops, addresses and places; embedded, or a geocoder on the network with the
        embedded one for when it is down.
    stations
        Trains and scheduled buses; None where no timetable is loaded.
    neighbours
        Other regions on the same server.
    """

    config: RegionConfig
    folder: Path
    drive: RoadNetwork
    walk: RoadNetwork
    features: tuple[Feature, ...]
    boundary: Shape
    stops: tuple[Stop, ...]
    places: tuple[Snap, ...]
    travel: TravelTimes
    gazetteer: Geocoder
    stations: Stations | None
    _stops_near: StopsNear
    _place_of: Mapping[str, int] = field(repr=False)
    _depot_place: Mapping[str, int] = field(repr=False)
    neighbours: "tuple[Neighbour, ...]" = field(default=(), kw_only=True)

    @classmethod
    def load(cls, folder: Path, progress: Progress | None = None) -> "Region":
        """Read a region's folder.

        Parameters
        ----------
        folder
            Holds ``region.toml`` and the files it names.
        progress
            Told about each step.

        Raises
        ------
        RegionError
            With one sentence that names the file and the fix.
        """
        tell = progress or _silent
        config = read_config(folder / "region.toml")
        tell("boundary", 0.0)
        boundary = _read_boundary(folder, config)
        tell("roads", 0.05)
        extract = _read_extract(folder, config, boundary)
        tell("stops", 0.6)
        stops = _read_stops(folder, config)
        places = _places(config, extract.drive, stops, folder)
        tell("travel times", 0.7)
        travel = TravelTimes.between(extract.drive, places)
        tell("gazetteer", 0.85)
        outline = boundary if boundary is not None else _hull(extract.drive)
        tell("timetable", 0.95)
        points = [(stop.lat, stop.lon) for stop in stops]
        region = cls(
            config=config,
            folder=folder,
            drive=extract.drive,
            walk=extract.walk,
            features=extract.features,
            boundary=outline,
            stops=stops,
            places=places,
            travel=travel,
            gazetteer=_geocoder(config, Gazetteer(extract, stops, outline), outline),
            stations=read_stations(config.timetable, folder, points),
            _stops_near=StopsNear(extract.walk, stops),
            _place_of={stop.id: number for number, stop in enumerate(stops)},
            _depot_place={depot: len(stops) + number for number, depot in enumerate(config.depots)},
        )
        tell("ready", 1.0)
        return region

    def place_of(self, stop_id: str) -> int:
        """Return a stop's row in `travel`; KeyError if there is no such stop."""
        return self._place_of[stop_id]

    def stop(self, stop_id: str) -> Stop:
        """Return a stop; KeyError if there is none with this id."""
        return self.stops[self._place_of[stop_id]]

    def walkable_stops(self, lat: float, lon: float, farther: int = 1) -> list[tuple[int, int]]:
        """Return (place, metres on foot) of the stops in walking distance, nearest first.

        With `farther`, of those up to so many times as far.
        """
        near = self._stops_near.of(lat, lon, farther * self.config.rules.max_walk_metres)
        return [(place, round(metres)) for place, metres in near]

    def nearest_stop(self, lat: float, lon: float) -> tuple[int, int]:
        """Return (place, metres as the crow flies) of the nearest stop, however far it is."""
        east = math.cos(math.radians(lat))
        degrees, place = min(
            (math.hypot(stop.lat - lat, (stop.lon - lon) * east), place)
            for place, stop in enumerate(self.stops)
        )
        return place, round(_METRES_PER_DEGREE * degrees)

    def place_when(self, place: int, earliest: int, latest: int) -> int:  # noqa: ARG002 -- a day's
        """Return the row of `travel` for halts at a place within a window.

        It is the place itself, unless travel times are others at that time of the day; see
        :class:`shuttle.trouble.region_on_day.RegionOnDay`.
        """
        return place

    def number_of(self, place: int) -> int:
        """Return the place that a row of `travel` is about: a stop's number, or a depot's."""
        return place

    def stop_at(self, place: int) -> Stop | None:
        """Return the stop that a row of `travel` is about, None if it is a depot."""
        number = self.number_of(place)
        return self.stops[number] if number < len(self.stops) else None

    def closed(self, place: int, earliest: int, latest: int) -> bool:  # noqa: ARG002 -- a day's
        """Whether nobody can halt at a place some time within a window."""
        return False

    def contains(self, lat: float, lon: float) -> bool:
        """Whether a point lies in the region."""
        return bool(shapely.contains_xy(self.boundary, lon, lat))

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """Return the shifts of a service day, by vehicle in the order of ``region.toml``."""
        return tuple(self._shift(rule, day) for rule in self.config.shifts if rule.covers(day))

    def _shift(self, rule: ShiftRule, day: date) -> Shift:
        config = self.config
        depot = self.depot_of(rule.vehicle)
        breaks = tuple(
            Break(
                place=depot,
                earliest=config.instant(day, minutes_of(rest.begin)),
                latest=config.instant(day, minutes_of(rest.end) - rest.minutes),
                duration=rest.minutes * 60,
            )
            for rest in rule.breaks
        )
        return Shift(
            id=f"{rule.vehicle}@{rule.begin}",
            start_place=depot,
            end_place=depot,
            start=config.instant(day, minutes_of(rule.begin)),
            end=config.instant(day, minutes_of(rule.end)),
            layouts=self.layouts_of(rule.vehicle),
            breaks=breaks,
        )

    @cached_property
    def batteries(self) -> Mapping[str, Battery]:
        """The batteries of those vehicles that have one, by their ids; every plan asks for them."""
        vehicles = self.config.vehicles
        return {each.id: each.battery for each in vehicles if each.battery is not None}

    def depot_of(self, vehicle: str) -> int:
        """Return the place where a vehicle's shifts begin and end."""
        return self._depot_place[self._vehicle(vehicle).depot]

    def layouts_of(self, vehicle: str) -> tuple[Loads, ...]:
        """Return what a vehicle holds by load kind, in each way to set it up."""
        return tuple(
            (layout.seats, layout.wheelchairs, layout.child_seats)
            for layout in self._vehicle(vehicle).layouts
        )

    def _vehicle(self, vehicle: str) -> Vehicle:
        return next(each for each in self.config.vehicles if each.id == vehicle)

    def roads_between(self, origin: int, destination: int) -> RoadNetwork:  # noqa: ARG002 -- a day's
        """Return the roads as they are when somebody drives from row to row of `travel`."""
        return self.drive

    def slowness(self, destination: int) -> float:  # noqa: ARG002 -- a day's
        """Return how many times as long as usual roads take to a row of `travel`."""
        return 1.0

    def seconds_from(self, origin: Snap, destination: int) -> int | None:
        """Return how long it takes from a point to a row of `travel`; None without a way."""
        roads = self.roads_between(destination, destination)
        ends = [origin, self.places[destination]]
        seconds = int(TravelTimes.between(roads, ends).seconds[0, 1])
        return None if seconds >= UNREACHABLE else math.ceil(seconds * self.slowness(destination))

    def path(self, origin: int, destination: int) -> Route:
        """Return the fastest drive between two places, with its geometry."""
        here, there = self.places[origin], self.places[destination]
        return _path(self.roads_between(origin, destination), here, there)


@lru_cache(maxsize=20_000)
def _path(roads: RoadNetwork, origin: Snap, destination: Snap) -> Route:
    return roads.route(origin, destination)


def read_outline(path: Path) -> Shape:
    """Read a polygon from a GeoJSON file: a geometry, a feature, or several features as one.

    Raises
    ------
    RegionError
        With one sentence that names the file and the fix.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        parts = document.get("features", [document])
        outline = shapely.union_all([shape(part.get("geometry", part)) for part in parts])
    except OSError as error:
        raise RegionError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, AttributeError, TypeError, shapely.errors.ShapelyError) as error:
        raise RegionError(f"{path} is no GeoJSON with a polygon: {error}.") from error
    if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon) or outline.area == 0:
        raise RegionError(f"{path} holds no polygon; draw the region's outline as one.")
    return outline


def _read_boundary(folder: Path, config: RegionConfig) -> Shape | None:
    if config.boundary is None:
        return None
    outline = read_outline(folder / config.boundary)
    shapely.prepare(outline)
    return outline


def _read_extract(folder: Path, config: RegionConfig, boundary: Shape | None) -> Extract:
    try:
        return read_extract(folder / config.extract, boundary)
    except ExtractError as error:
        raise RegionError(str(error)) from error


def _read_stops(folder: Path, config: RegionConfig) -> tuple[Stop, ...]:
    try:
        return tuple(read_stops(folder / config.stops))
    except StopsError as error:
        raise RegionError(str(error)) from error


def _places(
    config: RegionConfig, drive: RoadNetwork, stops: tuple[Stop, ...], folder: Path
) -> tuple[Snap, ...]:
    places: list[Snap] = []
    for stop in stops:
        snap = drive.snap(stop.lat, stop.lon, max_metres=150.0)
        if snap is None:
            raise RegionError(
                f"{folder / config.stops}: stop {stop.id} ({stop.name}) is more than 150 m from "
                "any road a vehicle may use; move or remove it."
            )
        places.append(snap)
    for name, depot in config.depots.items():
        snap = drive.snap(depot.lat, depot.lon, max_metres=500.0)
        if snap is None:
            raise RegionError(
                f"{folder / 'region.toml'}: depot {name} is more than 500 m from any road; move it."
            )
        places.append(snap)
    return tuple(places)


def _geocoder(config: RegionConfig, embedded: Gazetteer, boundary: Shape) -> Geocoder:
    rule = config.geocoder
    if rule is None:
        return embedded
    network = NetworkGeocoder(rule.service, rule.url, boundary, rule.timeout_seconds)
    return WithFallback(network, embedded)


def _hull(drive: RoadNetwork) -> Shape:
    points = shapely.points(drive.node_lon, drive.node_lat)
    return shapely.convex_hull(shapely.multipoints(points)).buffer(0.005)
