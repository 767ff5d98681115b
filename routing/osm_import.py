"""From an OpenStreetMap extract to two road networks and the things that people name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import shapely

from routing.road_network import RoadNetwork


class ExtractError(Exception):
    """An extract cannot be used; one sentence names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something on the map that people name.

    Attributes
    ----------
    osm_id
        "n123", "w45".
    kind
        "address", "place", "station", "bus_stop", "school", "kindergarten", "doctor", "pharmacy",
        "shop", "hall", "townhall", "worship", "restaurant", "care", "sport", ...
    name
        Empty for a plain address.
    lat, lon
        Degrees; of an area the middle of its outline.
    street, housenumber, city, postcode
        The address where the map gives it, else empty.
    rank
        Of a place "town", "village", "hamlet" ...; of a shop what it sells.
    population
        Of a place, 0 if unknown.
    """

    osm_id: str
    kind: str
    name: str
    lat: float
    lon: float
    street: str = ""
    housenumber: str = ""
    city: str = ""
    postcode: str = ""
    rank: str = ""
    population: int = 0


@dataclass(frozen=True, slots=True)
class DroppedRoads:
    """Roads that were left out of the drive network, by reason.

    Attributes
    ----------
    count
        Ways by reason; of the reason "not connected" separate pieces of the network.
    km
        Length by reason.
    """

    count: Mapping[str, int]
    km: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything the service needs from a map.

    Attributes
    ----------
    drive
        For vehicles: the largest part in which every place reaches every other.
    walk
        For people on foot, in both directions: the largest connected part.
    features
        In the order of the file.
    boundaries
        Administrative boundaries by name, (lon, lat) in degrees.
    dropped
        What was left out of `drive`.
    """

    drive: RoadNetwork
    walk: RoadNetwork
    features: tuple[Feature, ...]
    boundaries: Mapping[str, shapely.Polygon | shapely.MultiPolygon]
    dropped: DroppedRoads


def read_extract(
    path: Path,
    boundary: shapely.Polygon | shapely.MultiPolygon | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Extract:
    """Read an ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.osm.pbf`` file."""
    raise NotImplementedError


def read_place(
    name: str, *, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Extract:
    """Fetch a place by its name through osmnx and read it."""
    raise NotImplementedError
