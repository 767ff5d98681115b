"""Where ways meet in a special manner: level crossings, a roundabout, dead ends to turn in."""

from collections import defaultdict
from dataclasses import replace
from itertools import dropwhile, pairwise
from math import atan2, cos, hypot, pi, sin

import numpy as np
import shapely

from data.osm.synthesis.anchors import Points
from data.osm.synthesis.network import Network, Road

ROUNDABOUT_RADIUS = 17.0


def lay_railway(network: Network, points: Points, name: str) -> None:
    """Lay the railway over the roads, with a vertex in common wherever it crosses one."""
    rails = [network.add_vertex(x, y, solid=True) for x, y in points]
    segments = [
        (road, index, pair)
        for road in network.roads
        for index, pair in enumerate(pairwise(road.nodes))
    ]
    tree = shapely.STRtree(
        [shapely.LineString([network.points[a], network.points[b]]) for _, _, (a, b) in segments]
    )
    on_rail: dict[int, list[tuple[float, int]]] = defaultdict(list)
    on_road: dict[int, list[tuple[int, int]]] = defaultdict(list)
    numbers = {id(road): number for number, road in enumerate(network.roads)}
    for index, (a, b) in enumerate(pairwise(points)):
        rail = shapely.LineString([a, b])
        for hit in sorted(int(h) for h in tree.query(rail, predicate="crosses")):
            spot = rail.intersection(tree.geometries[hit])
            vertex = network.add_vertex(spot.x, spot.y, solid=True)
            network.marks[vertex] = {"railway": "level_crossing"}
            road, place, _ = segments[hit]
            on_road[numbers[id(road)]].append((place, vertex))
            on_rail[index].append((hypot(spot.x - a[0], spot.y - a[1]), vertex))
    for number, spots in on_road.items():
        for place, vertex in sorted(spots, reverse=True):
            network.roads[number].nodes.insert(place + 1, vertex)
    nodes: list[int] = []
    for index, vertex in enumerate(rails):
        nodes += [vertex, *(v for _, v in sorted(on_rail[index]))]
    network.replace_roads([*network.roads, Road(nodes, "", "rail", name=name)])


def lay_roundabout(network: Network, x: float, y: float, reach: tuple[float, float]) -> None:
    """Turn the junction of the main road nearest to a point into a roundabout.

    Parameters
    ----------
    x, y
        The point.
    reach
        How near and how far the junction may be, in metres.
    """
    main = {v for r in network.roads if r.highway == "primary" for v in r.nodes}
    for distance, centre in network.near(x, y, reach[1]):
        if distance > reach[0] and centre in main and network.degree(centre) >= 3:
            arms = [arm for road in network.roads for arm in _arms(network, road, centre)]
            if _apart(network, centre, arms):
                _lay_ring(network, centre, arms)
                return


def _arms(network: Network, road: Road, centre: int) -> list[Road]:
    """Return what a road consists of outside of a circle around one of its vertices."""
    if centre not in road.nodes:
        return []
    at = road.nodes.index(centre)
    parts = [road.nodes[:at][::-1], road.nodes[at + 1 :]]
    x, y = network.points[centre]

    def outside(vertex: int) -> bool:
        vx, vy = network.points[vertex]
        return hypot(vx - x, vy - y) > 1.4 * ROUNDABOUT_RADIUS

    cut = [list(dropwhile(lambda v: not outside(v), part)) for part in parts]
    return [replace(road, nodes=nodes) for nodes in cut if nodes]


def _apart(network: Network, centre: int, arms: list[Road]) -> bool:
    """Say whether there is room for a ring: the arms apart, and no other road near."""
    angles = sorted(_angle(network, centre, arm.nodes[0]) for arm in arms)
    gaps = [b - a for a, b in pairwise([*angles, angles[0] + 2.0 * pi])]
    near = {v for _, v in network.near(*network.points[centre], 3.0 * ROUNDABOUT_RADIUS)}
    own = {v for arm in arms for v in arm.nodes[:4]}
    through = {v for road in network.roads if centre in road.nodes for v in road.nodes}
    return min(gaps) > 0.7 and len(arms) > 2 and near <= own | through


def _angle(network: Network, centre: int, vertex: int) -> float:
    dx, dy = network.direction(centre, vertex)
    return atan2(dy, dx)


def _lay_ring(network: Network, centre: int, arms: list[Road]) -> None:
    """Put a ring in the place of a junction; the arms end on it."""
    x, y = network.points[centre]
    angles = [_angle(network, centre, arm.nodes[0]) for arm in arms]
    for angle in np.linspace(-pi, pi, 14, endpoint=False).tolist():
        if all(abs((angle - other + pi) % (2.0 * pi) - pi) > 0.3 for other in angles):
            angles.append(angle)
    ring = [
        network.add_vertex(x + ROUNDABOUT_RADIUS * cos(a), y + ROUNDABOUT_RADIUS * sin(a), True)
        for a in angles
    ]
    roads = [road for road in network.roads if centre not in road.nodes]
    for arm, gate in zip(arms, ring, strict=False):
        roads.append(replace(arm, nodes=[gate, *arm.nodes]))
    order = sorted(range(len(ring)), key=lambda n: angles[n])
    circle = [ring[n] for n in order]
    roads.append(Road([*circle, circle[0]], "primary", "ring", tags={"junction": "roundabout"}))
    network.replace_roads(roads)
