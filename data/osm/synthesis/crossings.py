"""Where ways meet in a special manner: level crossings, a roundabout, dead ends to turn in."""

from collections import defaultdict
from itertools import pairwise
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
    centre = next(
        v
        for distance, v in network.near(x, y, reach[1])
        if distance > reach[0] and v in main and network.degree(v) >= 3
    )
    cx, cy = network.points[centre]
    gates: dict[int, int] = {}
    ring: list[tuple[float, int]] = []
    for arm in network.neighbours[centre]:
        ax, ay = network.points[arm]
        angle = atan2(ay - cy, ax - cx)
        gates[arm] = _on_circle(network, cx, cy, angle)
        ring.append((angle, gates[arm]))
    for angle in np.linspace(-pi, pi, 14, endpoint=False):
        if all(abs((angle - other + pi) % (2.0 * pi) - pi) > 0.3 for other, _ in ring):
            ring.append((float(angle), _on_circle(network, cx, cy, float(angle))))
    ring.sort()
    circle = [v for _, v in ring]
    roads = [part for road in network.roads for part in _cut_at(road, centre, gates)]
    tags = {"junction": "roundabout"}
    roads.append(Road([*circle, circle[0]], "primary", "ring", tags=tags))
    network.replace_roads(roads)


def _on_circle(network: Network, cx: float, cy: float, angle: float) -> int:
    x, y = cx + ROUNDABOUT_RADIUS * cos(angle), cy + ROUNDABOUT_RADIUS * sin(angle)
    return network.add_vertex(x, y, solid=True)


def _cut_at(road: Road, centre: int, gates: dict[int, int]) -> list[Road]:
    """Cut a road where it runs through a roundabout's middle; its ends move to the ring."""
    if centre not in road.nodes:
        return [road]
    at = road.nodes.index(centre)
    parts = []
    if at > 0:
        parts.append([*road.nodes[:at], gates[road.nodes[at - 1]]])
    if at < len(road.nodes) - 1:
        parts.append([gates[road.nodes[at + 1]], *road.nodes[at + 1 :]])
    return [
        Road(p, road.highway, road.kind, road.ref, road.name, road.place, road.tags) for p in parts
    ]
