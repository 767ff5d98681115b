"""Shops, doctors, halls and churches in the houses of a place; schools; bus stops."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from data.osm.synthesis.addresses import House
from data.osm.synthesis.network import Network
from data.osm.synthesis.settlements import Settlement
from data.osm.synthesis.streets import Piece

FACILITIES = Path(__file__).with_name("facilities.toml")
BUS_ROADS = frozenset(("primary", "secondary", "tertiary"))


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
    network: Network, pieces: Iterable[Piece], homes: Iterable[Settlement]
) -> list[Spot]:
    """Put up the stops of the country buses: a pair where a busy road meets a settlement."""
    stops: list[Spot] = []
    roads = [p for p in pieces if p.highway in BUS_ROADS and p.kind == "country"]
    for home in homes:
        names = ["Ort"] if home.rank == "hamlet" else ["Dorfmitte", "Nord", "Süd", "Siedlung"]
        if home.rank == "town":
            names = ["Markt", "Bahnhofstraße", "Amt", "Schulzentrum", "Freibad", "Gewerbegebiet"]
        own = [p for p in roads if p.place == home.name]
        spots = sorted(
            (hypot(network.points[v][0] - home.x, network.points[v][1] - home.y), v, p.nodes, i)
            for p in own
            for i, v in enumerate(p.nodes)
            if 0 < i < len(p.nodes) - 1 and network.degree(v) == 2
        )
        taken: list[tuple[float, float]] = []
        for _, vertex, nodes, index in spots:
            x, y = network.points[vertex]
            if len(taken) == len(names):
                break
            if any(hypot(x - tx, y - ty) < 420.0 for tx, ty in taken):
                continue
            name = f"{home.name}, {names[len(taken)]}" if home.rank != "hamlet" else home.name
            taken.append((x, y))
            dx, dy = network.direction(nodes[index - 1], nodes[index + 1])
            for side in (1.0, -1.0):
                tags = {"highway": "bus_stop", "public_transport": "platform", "bus": "yes"}
                shift = 8.0 * side
                spot = (x - side * 4.0 * dy + shift * dx, y + side * 4.0 * dx + shift * dy)
                stops.append(Spot(*spot, {**tags, "name": name}))
    return stops
