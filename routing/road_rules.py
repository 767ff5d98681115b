"""What the tags of a way mean for a minibus and for people on foot: may they pass, and how fast.

The rules follow the OpenStreetMap wiki (``Key:access``, ``Key:oneway``, ``Key:maxspeed``,
``Key:barrier``) for German roads. Speeds are those a minibus really averages, not limits:

* with a signed limit, :data:`PART_OF_THE_LIMIT` of it, because of bends, junctions, parked cars
  and tractors (OSRM's car profile takes 0.8, GraphHopper 0.9), and never more than the class of
  the road allows: 100 km/h is allowed on most country lanes and driven on none;
* without one, a typical speed of the class (:data:`CLASSES`);
* a bad surface, a track, a single lane or a residents-only sign slows down further.

Lost time at junctions is not modelled apart from that, nor are turn restrictions: a vehicle turns
wherever it is.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

Tags = Mapping[str, str]


class Speeds(NamedTuple):
    """Speeds in km/h along and against the direction in which a way is drawn, 0 if forbidden."""

    forward: float
    backward: float


WALKING = Speeds(4.5, 4.5)

PART_OF_THE_LIMIT = 0.85

CLASSES: dict[str, tuple[float, float]] = {
    # highway: km/h without a known limit, km/h at most
    "motorway": (95, 95),
    "motorway_link": (50, 60),
    "trunk": (80, 90),
    "trunk_link": (45, 60),
    "primary": (65, 80),
    "primary_link": (40, 50),
    "secondary": (60, 70),
    "secondary_link": (40, 50),
    "tertiary": (50, 60),
    "tertiary_link": (35, 45),
    "unclassified": (40, 50),
    "residential": (27, 35),
    "living_street": (8, 12),
    "pedestrian": (8, 8),
    "busway": (40, 60),
    "road": (30, 50),
    "service": (15, 25),
    "track": (15, 25),
}

AT_MOST: dict[str, dict[str, float]] = {
    # km/h whatever the limit says; 0: no way through for a minibus
    "tracktype": {"grade1": 25, "grade2": 15, "grade3": 0, "grade4": 0, "grade5": 0},
    "surface": {
        "paving_stones": 45,
        "concrete:plates": 45,
        "concrete:lanes": 30,
        "sett": 35,
        "cobblestone": 25,
        "unhewn_cobblestone": 20,
        "compacted": 35,
        "fine_gravel": 30,
        "gravel": 25,
        "pebblestone": 20,
        "unpaved": 25,
        "grass_paver": 15,
        "ground": 12,
        "dirt": 12,
        "earth": 12,
        "wood": 15,
        "metal": 30,
        "grass": 0,
        "sand": 0,
        "mud": 0,
    },
    "smoothness": {
        "bad": 35,
        "very_bad": 15,
        "horrible": 0,
        "very_horrible": 0,
        "impassable": 0,
    },
    "service": {"alley": 12},
}
NARROW_ROAD = 45.0
RESIDENTS_ONLY = 15.0
"""Slow enough that nobody drives through, and every stop on such a road stays within reach."""

PAVED = frozenset(
    ("asphalt", "paved", "concrete", "concrete:plates", "concrete:lanes", "paving_stones", "sett")
)
OFF_THE_STREET = frozenset(("driveway", "parking_aisle", "drive-through", "emergency_access"))
NOT_BUILT = frozenset(("construction", "proposed", "planned"))

YES = frozenset(("yes", "designated", "permissive", "public", "official"))
THROUGH_FORBIDDEN = frozenset(("destination", "customers"))
CLOSED = frozenset(("no", "private", "permit", "military", "emergency", "residents")) | frozenset(
    ("agricultural", "forestry", "delivery", "use_sidepath")
)

DRIVING_KEYS = ("bus", "psv", "motorcar", "motor_vehicle", "vehicle", "access")
"""From the most special to the most general. A village shuttle is public transport (section 44 of
the German PBefG), what buses may do it may do too."""
WALKING_KEYS = ("foot", "access")

RARE_ON_FOOT = frozenset(("trunk", "trunk_link"))
WALKING_CLASSES = frozenset(CLASSES) - frozenset(
    ("motorway", "motorway_link", "busway")
) | frozenset(("footway", "path", "steps", "cycleway", "bridleway", "corridor", "platform"))

OPEN_BARRIERS = frozenset(
    ("no", "entrance", "cattle_grid", "border_control", "toll_booth", "kerb", "height_restrictor")
) | frozenset(("bus_trap", "bump_gate", "sally_port"))

_NAMED_LIMITS = {
    "walk": 7.0,
    "living_street": 7.0,
    "none": 130.0,
    "urban": 50.0,
    "rural": 100.0,
    "motorway": 130.0,
    "trunk": 100.0,
    "bicycle_road": 30.0,
}
_LIMIT_KEYS = ("maxspeed", "maxspeed:type", "zone:maxspeed", "source:maxspeed", "zone:traffic")
_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?$")
_COUNTRY = re.compile(r"^[A-Z]{2}:")
_ZONE = re.compile(r"^zone:?")


def driving(tags: Tags) -> Speeds | str:
    """Return a minibus's speeds on a way, or in one or two words why it does not go there."""
    highway = tags.get("highway", "")
    if highway in NOT_BUILT:
        return "not built"
    permission = _permission(tags, DRIVING_KEYS)
    if permission in CLOSED:
        return "no access"
    if highway in ("pedestrian", "busway") and permission not in YES:
        return "no access"
    if tags.get("service") in OFF_THE_STREET or tags.get("area") == "yes":
        return "driveway or car park"
    at_most = _at_most(tags)
    if at_most == 0:
        return "rough road"
    if highway == "track" and "tracktype" not in tags and tags.get("surface") not in PAVED:
        return "rough road"
    if permission in THROUGH_FORBIDDEN:
        at_most = min(at_most, RESIDENTS_ONLY)
    direction = _direction(tags)
    if direction is None:
        return "reversible"
    return Speeds(
        0.0 if direction < 0 else _speed(tags, ":forward", at_most),
        0.0 if direction > 0 else _speed(tags, ":backward", at_most),
    )


def walking(tags: Tags) -> bool:
    """Return whether people may walk along a way."""
    highway = tags.get("highway", "")
    permission = _permission(tags, WALKING_KEYS)
    if highway in RARE_ON_FOOT:
        return permission in YES or tags.get("sidewalk") in ("both", "left", "right", "yes")
    return highway in WALKING_CLASSES and (permission not in CLOSED or permission == "use_sidepath")


def barrier_stops_vehicles(tags: Tags) -> bool:
    """Return whether no minibus passes a node; an unmarked gate counts as locked."""
    if tags.get("barrier", "no") in OPEN_BARRIERS and tags.get("access") not in CLOSED:
        return False
    permission = _permission(tags, DRIVING_KEYS)
    return permission not in YES and permission not in THROUGH_FORBIDDEN


def barrier_stops_walkers(tags: Tags) -> bool:
    """Return whether nobody may pass a node on foot; an unmarked gate can be opened."""
    return _permission(tags, WALKING_KEYS) in CLOSED


def speed_limit(tags: Tags, direction: str = "") -> float | None:
    """Return the limit in km/h, None if the tags do not tell; `direction` ":forward" or ""."""
    for key in (f"maxspeed{direction}", *_LIMIT_KEYS):
        if key in tags and (limit := _limit(tags[key])) is not None:
            return limit
    return None


@cache
def _limit(text: str) -> float | None:
    """Read a limit, of several the lowest."""
    limits = [limit for part in text.split(";") if (limit := _one_limit(part)) is not None]
    return min(limits, default=None)


def _one_limit(text: str) -> float | None:
    """Read "50", "30 mph", "walk", "none", "DE:rural", "DE:zone:30", "DE:zone30" or "DE:30"."""
    text = _ZONE.sub("", _COUNTRY.sub("", text.strip()))
    if text in _NAMED_LIMITS:
        return _NAMED_LIMITS[text]
    if match := _NUMBER.match(text):
        number, unit = match.groups()
        return float(number) * (1.609344 if unit == "mph" else 1.0)
    return None


def _permission(tags: Tags, keys: tuple[str, ...]) -> str:
    """Return the most special access value; of several the one that allows most."""
    value = next((tags[key] for key in keys if key in tags), "")
    values = [part.strip() for part in value.split(";")]
    return next((part for part in values if part not in CLOSED), values[0])


def _at_most(tags: Tags) -> float:
    """Return the speed that track, surface, smoothness, service class and width allow."""
    limits = [classes[tags[key]] for key, classes in AT_MOST.items() if tags.get(key) in classes]
    if tags.get("highway") == "track" and tags.get("surface") in PAVED:
        limits.append(AT_MOST["tracktype"]["grade1"])
    if tags.get("lanes") == "1" and tags.get("oneway") != "yes":
        limits.append(NARROW_ROAD)
    return min(limits, default=float("inf"))


def _direction(tags: Tags) -> int | None:
    """Return 1 or -1 for a one-way road, 0 for both ways, None if it changes with the hour."""
    if "no" in (tags.get("oneway:bus"), tags.get("oneway:psv")):
        return 0
    oneway = tags.get("oneway", "")
    if oneway in ("yes", "true", "1"):
        return 1
    if oneway in ("-1", "reverse"):
        return -1
    if oneway == "reversible":
        return None
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") in (
        "motorway",
        "motorway_link",
    )
    return 1 if implied and oneway != "no" else 0


def _speed(tags: Tags, direction: str, at_most: float) -> float:
    typical, fastest = CLASSES[tags["highway"]]
    limit = speed_limit(tags, direction)
    return min(typical if limit is None else PART_OF_THE_LIMIT * limit, fastest, at_most)
