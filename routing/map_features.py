"""The things on a map that people name: addresses, villages, stations, schools, shops."""

from collections.abc import Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Feature:
    """Something on the map that people name.

    Attributes
    ----------
    osm_id
        "n123", "w45" or "r6".
    kind
        "address" if it is nothing else, or one of the values of :data:`KINDS`. Anything may have
        an address.
    name
        Empty for a plain address.
    lat, lon
        Degrees; of an area the mean of its corners.
    street, housenumber, city, postcode
        The address where the map gives it, else empty. Hamlets without street names number their
        houses by the place: then `street` is the place.
    rank
        The value of the tag behind `kind`: "town", "village" or "hamlet" of a place, what a shop
        sells, "station", "halt" or "bus_station" of a station.
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


def _as(kind: str, *values: str) -> dict[str, str]:
    return dict.fromkeys(values, kind)


KINDS: dict[str, dict[str, str]] = {
    "place": _as("place", "city", "town", "village", "hamlet", "isolated_dwelling", "farm")
    | _as("place", "suburb", "quarter", "neighbourhood"),
    "railway": _as("station", "station", "halt"),
    "highway": _as("bus_stop", "bus_stop"),
    "amenity": _as("station", "bus_station")
    | _as("school", "school", "college", "university", "music_school")
    | _as("kindergarten", "kindergarten", "childcare")
    | _as("doctor", "doctors", "dentist", "clinic")
    | _as("hospital", "hospital")
    | _as("pharmacy", "pharmacy")
    | _as("care", "nursing_home", "social_facility")
    | _as("townhall", "townhall", "public_building")
    | _as("hall", "community_centre", "events_venue", "theatre", "cinema", "arts_centre")
    | _as("worship", "place_of_worship")
    | _as("cemetery", "grave_yard")
    | _as("restaurant", "restaurant", "cafe", "pub", "bar", "biergarten", "fast_food")
    | _as("library", "library")
    | _as("post", "post_office")
    | _as("bank", "bank")
    | _as("fire_station", "fire_station")
    | _as("police", "police"),
    "healthcare": _as("doctor", "doctor", "dentist", "clinic", "physiotherapist", "centre")
    | _as("hospital", "hospital")
    | _as("pharmacy", "pharmacy"),
    "social_facility": _as("care", "nursing_home", "assisted_living", "group_home", "day_care"),
    "leisure": _as("sport", "sports_centre", "sports_hall", "stadium", "fitness_centre")
    | _as("sport", "horse_riding", "golf_course")
    | _as("swimming", "water_park", "swimming_area", "marina"),
    "tourism": _as("lodging", "hotel", "guest_house", "hostel", "camp_site", "caravan_site")
    | _as("sight", "museum", "attraction", "zoo", "theme_park", "gallery"),
    "landuse": _as("cemetery", "cemetery"),
}
"""Kinds by key and value of the tag, the first key that fits counts. Besides there are "shop" for
any shop, "bus_stop" for bus platforms and "address"."""

FEATURE_KEYS = (*KINDS, "shop", "public_transport", "addr:housenumber")
"""Keys that a feature has at least one of."""

_NO_SHOP = frozenset(("no", "vacant", "empty", "disused"))
_OTHER_TRANSPORT = ("train", "tram", "subway", "light_rail", "ferry", "monorail", "railway")
_MAY_BE_NAMELESS = frozenset(("address", "bus_stop", "station"))


def kind_of(tags: Tags) -> tuple[str, str] | None:
    """Return kind and rank of what the tags describe, or None if nobody would name it."""
    kind, rank = _kind_and_rank(tags)
    if kind and ("name" in tags or kind in _MAY_BE_NAMELESS):
        return kind, rank
    return ("address", "") if "addr:housenumber" in tags else None


def feature(
    osm_id: str, kind: tuple[str, str], tags: Tags, position: tuple[float, float]
) -> Feature:
    """Return a feature of a kind and rank, at (lat, lon), with the name and address in its tags."""
    population = tags.get("population", "")
    return Feature(
        osm_id=osm_id,
        kind=kind[0],
        name=tags.get("name", ""),
        lat=position[0],
        lon=position[1],
        street=tags.get("addr:street") or tags.get("addr:place", ""),
        housenumber=tags.get("addr:housenumber", ""),
        city=tags.get("addr:city", ""),
        postcode=tags.get("addr:postcode", ""),
        rank=kind[1],
        population=int(population) if population.isdecimal() else 0,
    )


def _kind_and_rank(tags: Tags) -> tuple[str, str]:
    for key, kinds in KINDS.items():
        if (value := tags.get(key)) in kinds:
            return kinds[value], value
    if tags.get("shop", "no") not in _NO_SHOP:
        return "shop", tags["shop"]
    if tags.get("public_transport") == "platform" and not any(
        tags.get(key, "no") != "no" for key in _OTHER_TRANSPORT
    ):
        return "bus_stop", "platform"
    return "", ""
