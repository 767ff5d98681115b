"""Shops, doctors, halls and churches in the houses of a place; schools; bus stops."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from data.osm.synthesis.addresses import House
from data.osm.synthesis.network import Network
from data.osm.synthesis.settlements import Settlement
from data.osm.synthesis.streets import Piece, line

FACILITIES = Path(__file__).with_name("facilities.toml")
BUS_ROADS = frozenset(("primary", "secondary", "tertiary"))
STOPS_OF = {"town": 7, "village": 3, "hamlet": 1}
STOP_SPACING = 420.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A thing at a point, with its tags."""

    x: float
    y: float
    tags: dict[str, str]


def open_facilities(
    houses: list[House],
    homes: Iterable[Settlement],
    churches: Mapping[str, tuple[float, float]],
    rng: np.random.Generator,
) -> tuple[list[House], list[Spot]]:
    """Open the facilities of the list in houses near the centres; churches stand in their lanes."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for group, entry in tomllib.loads(FACILITIES.read_text(encoding="utf-8")).items():
        for home in homes:
            if home.name in entry.get("places", ()) or (
                group == "municipality"
                and home.rank == "village"
                and home.name == home.municipality
            ):
                wanted.setdefault(home.name, []).extend(entry["facilities"])
    houses, spots = list(houses), []
    for home in homes:
        here = [n for n, h in enumerate(houses) if h.place == home.name]
        for facility in wanted.get(home.name, ()):
            tags = {"name": facility["name"].format(home.name), **facility["tags"]}
            if facility.get("church"):
                if home.name in churches:
                    spots.append(Spot(*churches[home.name], tags))
                continue
            off = facility.get("far", 0.22 * rng.random()) * home.radius

            def cost(n: int, home: Settlement = home, off: float = off) -> float:
                far = hypot(houses[n].x - home.x, houses[n].y - home.y)
                return abs(far - off) * rng.uniform(0.5, 1.5) + 60.0 * rng.random()

            chosen = min(here, key=cost)
            here.remove(chosen)
            houses[chosen] = replace(houses[chosen], facility=tags)
    return houses, spots


def put_up_bus_stops(
    network: Network, pieces: list[Piece], homes: Iterable[Settlement]
) -> list[Spot]:
    """Put up the stops of the country buses: a pair where a busy road meets a settlement."""
    stops: list[Spot] = []
    streets = [p for p in pieces if p.kind == "street"]
    tree = shapely.STRtree([line(network, p.nodes) for p in streets])
    for home in homes:
        taken: list[tuple[float, float]] = []
        used: set[str] = set()
        for vertex, along in _stopping_places(network, pieces, home):
            x, y = network.points[vertex]
            if len(taken) == STOPS_OF[home.rank] or any(
                hypot(x - tx, y - ty) < STOP_SPACING for tx, ty in taken
            ):
                continue
            taken.append((x, y))
            near = streets[int(tree.nearest(shapely.Point(x, y)))]
            name = _stop_name(home, near, first=len(taken) == 1, used=used)
            dx, dy = along
            for side in (1.0, -1.0):  # each beside its lane, and not quite opposite
                spot = (
                    x + 9.0 * side * dx - 4.0 * side * dy,
                    y + 9.0 * side * dy + 4.0 * side * dx,
                )
                tags = {"highway": "bus_stop", "public_transport": "platform", "bus": "yes"}
                stops.append(Spot(*spot, {**tags, "name": name}))
    return stops


def _stop_name(home: Settlement, near: Piece, first: bool, used: set[str]) -> str:
    if home.rank == "hamlet":
        return home.name
    middle = "Markt" if home.rank == "town" else "Dorfmitte"
    name = middle if first else near.name
    if name in used or near.place != home.name:
        name = f"Abzweig {near.name}" if near.name not in used else "Siedlung"
    used.add(name)
    return f"{home.name}, {name}"


def _stopping_places(
    network: Network, pieces: list[Piece], home: Settlement
) -> list[tuple[int, tuple[float, float]]]:
    """List vertices of busy roads in a settlement, and the road's direction, middle first."""
    found = []
    for piece in pieces:
        if piece.place == home.name and piece.kind == "country" and piece.highway in BUS_ROADS:
            for before, vertex, after in zip(
                piece.nodes, piece.nodes[1:], piece.nodes[2:], strict=False
            ):
                if network.degree(vertex) == 2 and not network.solid[vertex]:
                    x, y = network.points[vertex]
                    far = hypot(x - home.x, y - home.y)
                    found.append((far, vertex, network.direction(before, after)))
    return [(vertex, along) for _, vertex, along in sorted(found)]
