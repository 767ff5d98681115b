"""The open country: hamlets, lanes, tracks, drives to lone farms and paths on foot."""

from dataclasses import dataclass
from math import hypot

import numpy as np
import shapely

from data.osm.synthesis.anchors import Anchors, Points
from data.osm.synthesis.growth import Allowed, Style, grow, square_headings
from data.osm.synthesis.network import Network, Road

LANE = Style(24.0, 150.0, 110.0, 260.0, (220.0, 1400.0), 0.42, 0.20, 0.6)
SPUR = Style(20.0, 85.0, 70.0, 130.0, (80.0, 380.0), 0.50, 0.20, 0.15)
TRACK = Style(22.0, 95.0, 80.0, 190.0, (260.0, 1300.0), 0.36, 0.20, 0.85)
DRIVE = Style(14.0, 40.0, 36.0, 0.0, (45.0, 150.0), 0.40, 0.20, 0.0)
PATH = Style(20.0, 60.0, 60.0, 130.0, (200.0, 900.0), 0.60, 0.30, blind=False)

TRIES = 40_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What is grown of one kind: class, style and kilometres."""

    kind: str
    highway: str
    style: Style
    km: float


COUNTRYSIDE = (
    Kind("lane", "unclassified", LANE, 62.0),
    Kind("lane", "unclassified", SPUR, 36.0),
    Kind("track", "track", TRACK, 150.0),
    Kind("drive", "service", DRIVE, 17.0),
    Kind("path", "path", PATH, 26.0),
)


def scatter_hamlets(
    anchors: Anchors, allowed: Allowed, shore: shapely.Polygon, rng: np.random.Generator
) -> Points:
    """Throw darts for hamlets: here dense, there sparse, away from villages and water."""
    taken = [(p.x, p.y, 950.0) for p in anchors.settlements + anchors.neighbours]
    taken += [(*v, 700.0) for t in anchors.trunks for v in t.via if not isinstance(v, str)]
    hamlets: list[tuple[float, float]] = []
    low, high = np.array([-9500.0, -10500.0]), np.array([9500.0, 10500.0])
    darts = rng.uniform(low, high, (3000, 2))
    rooms = rng.choice([700.0, 950.0, 1300.0, 1800.0], 3000, p=[0.2, 0.3, 0.3, 0.2])
    for (dart_x, dart_y), room in zip(darts.tolist(), rooms.tolist(), strict=True):
        x, y = round(dart_x, 1), round(dart_y, 1)
        if not allowed(x, y) or shapely.dwithin(shore, shapely.Point(x, y), 260.0):
            continue
        if all(hypot(x - tx, y - ty) > min(room, other) for tx, ty, other in taken):
            taken.append((x, y, room))
            hamlets.append((x, y))
    return np.array(hamlets)


def grow_countryside(network: Network, allowed: Allowed, seeds: np.random.SeedSequence) -> None:
    """Grow lanes, tracks, drives and paths all over the country, from any road, in any order."""
    for kind, seed in zip(COUNTRYSIDE, seeds.spawn(len(COUNTRYSIDE)), strict=True):
        _grow_kind(network, kind, allowed, np.random.default_rng(seed))


def _grow_kind(network: Network, kind: Kind, allowed: Allowed, rng: np.random.Generator) -> None:
    style, built = kind.style, 0.0
    settled = {v for r in network.roads if r.kind == "street" for v in r.nodes}
    for _ in range(TRIES):
        if built >= 1000.0 * kind.km:
            return
        vertex = int(rng.integers(len(network.points)))
        if not _may_start(network, kind, vertex, settled) or not allowed(*network.points[vertex]):
            continue
        heading = square_headings(network, vertex)[0 if rng.random() < 0.5 else -1]
        nodes = grow(network, vertex, heading, style, allowed, rng)
        if nodes is not None:
            network.add_road(Road(nodes, kind.highway, kind.kind))
            built += style.step * (len(nodes) - 1)


def link_dead_ends(network: Network) -> None:
    """Lead footways from dead ends of streets to the next street behind the gardens."""
    home = {v: n for n, r in enumerate(network.roads) if r.kind == "street" for v in r.nodes}
    for road in [r for r in network.roads if r.kind == "street"]:
        end = road.nodes[-1]
        if network.degree(end) != 1:
            continue
        x, y = network.points[end]
        dx, dy = network.direction(road.nodes[-2], end)
        for distance, vertex in network.near(x, y, 105.0):
            if vertex not in home or home[vertex] == home[end] or network.degree(vertex) > 2:
                continue
            tx, ty = network.points[vertex]
            if (tx - x) * dx + (ty - y) * dy < 0.3 * distance:
                continue
            count = max(2, round(distance / 7.0))
            path = [(x + (tx - x) * i / count, y + (ty - y) * i / count) for i in range(1, count)]
            if all(_free(network, spot, (end, vertex)) for spot in path):
                nodes = [end, *network.string(path), vertex]
                network.add_road(Road(nodes, "footway", "path"))
            break


def _free(network: Network, spot: tuple[float, float], ends: tuple[int, int]) -> bool:
    """Say whether nothing is near a point of a footway but the streets that it joins."""
    beside = set(ends)
    for end in ends:
        x, y = network.points[end]
        if hypot(x - spot[0], y - spot[1]) < 20.0:
            beside.update(network.neighbours[end])
    return all(vertex in beside for _, vertex in network.near(*spot, 17.0))


def _may_start(network: Network, kind: Kind, vertex: int, settled: set[int]) -> bool:
    """Say whether a road may leave here: nothing solid, no street, no junction too near."""
    degree = network.degree(vertex)
    if network.solid[vertex] or (vertex in settled and kind.kind != "path"):
        return False
    if degree == 1:
        return kind.kind in ("lane", "track", "path")
    return degree == 2 and not network.junction_within(vertex, kind.style.spacing)
