"""Everything on the map that people name: stops, streets with their houses, and other things."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from scipy.spatial import cKDTree

from routing.map_features import Feature
from routing.osm_import import Extract
from routing.road_network import RoadNetwork
from routing.spelling import fold, house_numbers
from routing.stops import Stop, place_label
from routing.villages import Villages, plane
from routing.vocabulary import title_of, words_for

_LIKELY = {"station": 0.02, "place": 0.012, "street": 0.004}
_ELSE_LIKELY = 0.01
_LIKELY_PER_TENFOLD_PEOPLE = 0.002
_SAME_THING_METRES = 150.0
"""A stop and a school of the same name this near are one answer, not two."""


@dataclass(frozen=True, slots=True)
class House:
    """A house of a street, by its number as it is written."""

    number: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Name:
    """One thing that can be found.

    Attributes
    ----------
    kind
        "stop", "street", or the kind of the feature.
    title
        Without the village.
    village
        Empty where the map knows none.
    lat, lon
        Degrees; of a street one of its houses, in the middle.
    stop_id
        None if it is not a stop.
    said
        Further ways to call it.
    areas
        Further names for where it is: the post town, the municipality.
    street
        Of a thing: where it stands.
    postcodes
        Of its addresses.
    houses
        Of a street, by folded number.
    likely
        Added to the score of a name that is asked for more often than others.
    """

    kind: str
    title: str
    village: str
    lat: float
    lon: float
    stop_id: str | None = None
    said: tuple[str, ...] = ()
    areas: frozenset[str] = frozenset()
    street: str = ""
    postcodes: frozenset[str] = frozenset()
    houses: Mapping[str, House] = field(default_factory=dict)
    likely: float = 0.0

    @property
    def label(self) -> str:
        """Title and village: what is shown."""
        return place_label(self.title, self.village)

    def forms(self) -> tuple[str, ...]:
        """Return every way to write it, folded and without spaces; the first is the title."""
        bare = re.sub(rf"^{re.escape(self.village)}[ ,-]+", "", self.title)
        titles = [_run_together(title) for title in (self.title, bare, *self.said)]
        areas = {_run_together(area) for area in (self.village, *self.areas)} - {""}
        street = _run_together(self.street)
        both = (pair for title in titles for area in areas for pair in (title + area, area + title))
        return tuple(dict.fromkeys((*titles, *both, titles[0] + street)))

    def words(self) -> str:
        """Return every word of it once, folded."""
        text = " ".join((self.title, *self.said, self.village, *sorted(self.areas), self.street))
        return " ".join(dict.fromkeys(fold(text).split()))


def _run_together(text: str) -> str:
    return fold(text).replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Located:
    """A feature with the village and the municipality around it."""

    feature: Feature
    village: str
    municipality: str

    @property
    def areas(self) -> frozenset[str]:
        return frozenset({self.municipality, self.feature.city}) - {"", self.village}


def names_on_the_map(
    extract: Extract,
    stops: Sequence[Stop],
    boundary: shapely.Polygon | shapely.MultiPolygon | None = None,
) -> tuple[Name, ...]:
    """Collect what can be found within a boundary: stops, named features and streets."""
    villages = Villages(extract)
    inside = _inside(boundary, *(_coordinates(extract.features)))
    features = [feature for feature, within in zip(extract.features, inside, strict=True) if within]
    municipalities = villages.municipalities(*_coordinates(features))
    places = zip(features, villages.of(features), municipalities, strict=True)
    located = [_Located(*place) for place in places]
    houses = [place for place in located if place.feature.housenumber]
    people = {place.name: place.population for place in villages.places}
    names = (
        *_stops_and_things(stops, located, houses),
        *_streets(houses, extract.drive, villages, boundary),
    )
    return tuple(replace(name, likely=_likely(name, people)) for name in names)


def _coordinates(features: Sequence[Feature]) -> tuple[list[float], list[float]]:
    return [feature.lat for feature in features], [feature.lon for feature in features]


def _inside(
    boundary: shapely.Polygon | shapely.MultiPolygon | None,
    lat: Sequence[float],
    lon: Sequence[float],
) -> list[bool]:
    if boundary is None:
        return [True] * len(lat)
    inside: list[bool] = shapely.contains_xy(boundary, lon, lat).tolist()
    return inside


def _likely(name: Name, people: Mapping[str, int]) -> float:
    """Return a bonus that only decides between names that fit equally well."""
    inhabitants = people.get(name.title if name.kind == "place" else name.village, 0)
    tenfolds = math.log10(1 + inhabitants)
    return _LIKELY.get(name.kind, _ELSE_LIKELY) + _LIKELY_PER_TENFOLD_PEOPLE * tenfolds


def _stops_and_things(
    stops: Sequence[Stop], located: Sequence[_Located], houses: Sequence[_Located]
) -> Iterator[Name]:
    """Yield stops and named features; a feature of a stop's name only lends it its words."""
    namesake = _Namesakes(stops)
    said: dict[str, tuple[str, ...]] = defaultdict(tuple)
    things = []
    for place in located:
        feature, title = place.feature, title_of(place.feature)
        if not title:
            continue
        stop = namesake.of(title, feature) if feature.kind != "place" else None
        if stop is None:
            things.append(_thing(place, title))
        else:
            said[stop.id] += words_for(feature)
    for stop in stops:
        at = (stop.name, stop.village, stop.lat, stop.lon)
        yield Name("stop", *at, stop_id=stop.id, said=said[stop.id])
    yield from _told_apart(things, houses)


def _thing(place: _Located, title: str) -> Name:
    feature = place.feature
    return Name(
        feature.kind,
        title,
        place.village,
        feature.lat,
        feature.lon,
        said=words_for(feature),
        areas=place.areas,
        street=feature.street,
        postcodes=frozenset({feature.postcode} - {""}),
    )


class _Namesakes:
    """Finds the stop that was named after a feature."""

    def __init__(self, stops: Sequence[Stop]) -> None:
        self._by_name: dict[str, list[Stop]] = defaultdict(list)
        for stop in stops:
            self._by_name[fold(stop.name)].append(stop)

    def of(self, title: str, feature: Feature) -> Stop | None:
        for stop in self._by_name.get(fold(title), ()):
            ends = plane([feature.lat, stop.lat], [feature.lon, stop.lon], feature.lat)
            if np.hypot(*(ends[1] - ends[0])) < _SAME_THING_METRES:
                return stop
        return None


def _told_apart(things: Sequence[Name], houses: Sequence[_Located]) -> Iterator[Name]:
    """Yield things so that no two look the same: the second "Kirche, Boren" gets its street."""
    times = Counter(thing.label for thing in things)
    doubled = [thing for thing in things if times[thing.label] > 1]
    yield from (thing for thing in things if times[thing.label] == 1)
    if not doubled:
        return
    streets = _nearest_streets(doubled, houses)
    for thing, street in zip(doubled, streets, strict=True):
        yield replace(thing, title=f"{thing.title}, {street}") if street else thing


def _nearest_streets(things: Sequence[Name], houses: Sequence[_Located]) -> list[str]:
    houses = [house for house in houses if house.feature.street]
    if not houses:
        return [""] * len(things)
    middle = things[0].lat
    at = plane([h.feature.lat for h in houses], [h.feature.lon for h in houses], middle)
    asked = plane([thing.lat for thing in things], [thing.lon for thing in things], middle)
    _, nearest = cKDTree(at).query(asked)
    return [houses[row].feature.street for row in nearest]


def _streets(
    houses: Sequence[_Located],
    drive: RoadNetwork,
    villages: Villages,
    boundary: shapely.Polygon | shapely.MultiPolygon | None,
) -> Iterator[Name]:
    """Yield the streets by village, with their houses; then the named roads without any."""
    by_street: dict[tuple[str, str], list[_Located]] = defaultdict(list)
    for house in houses:
        street = house.feature.street or house.village
        by_street[fold(street), house.village].append(house)
    for members in by_street.values():
        yield _street(members)
    lat, lon, titles = _middles_of_roads(drive)
    roads: dict[tuple[str, str], list[int]] = defaultdict(list)
    around = zip(titles, villages.at(lat, lon), _inside(boundary, lat, lon), strict=True)
    for row, (title, village, inside) in enumerate(around):
        if inside and (fold(title), village) not in by_street:
            roads[title, village].append(row)
    for (title, village), rows in roads.items():
        middle = rows[_in_the_middle([lat[row] for row in rows], [lon[row] for row in rows])]
        yield Name("street", title, village, lat[middle], lon[middle])


def _street(houses: Sequence[_Located]) -> Name:
    features = [house.feature for house in houses]
    lat, lon = _coordinates(features)
    middle = _in_the_middle(lat, lon)
    title = features[middle].street or houses[middle].village
    numbers = {
        number: House(feature.housenumber, feature.lat, feature.lon)
        for feature in reversed(features)
        for number in house_numbers(feature.housenumber)
    }
    return Name(
        "street",
        title,
        houses[middle].village,
        lat[middle],
        lon[middle],
        areas=frozenset[str]().union(*(house.areas for house in houses)),
        postcodes=frozenset(feature.postcode for feature in features) - {""},
        houses=numbers,
    )


def _middles_of_roads(drive: RoadNetwork) -> tuple[list[float], list[float], list[str]]:
    """Return latitude, longitude and name of the middle of every edge that has a name."""
    names = [drive.roads[road].name for road in drive.edge_road]
    edges = np.flatnonzero(np.array([bool(name) for name in names], dtype=np.bool_))
    points = (drive.first_point[edges] + drive.first_point[edges + 1]) // 2
    lat, lon = drive.shape_lat[points].tolist(), drive.shape_lon[points].tolist()
    return lat, lon, [names[edge] for edge in edges]


def _in_the_middle(lat: Sequence[float], lon: Sequence[float]) -> int:
    """Return the row of the point that is nearest to the middle of all."""
    points = plane(lat, lon, lat[0])
    return int(np.argmin(np.hypot(*(points - points.mean(axis=0)).T)))
