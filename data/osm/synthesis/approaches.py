"""Ways to the places that must be reached: streets to schools, drives to their doors."""

from collections.abc import Iterable
from math import hypot

import numpy as np

from data.osm.synthesis.anchors import Landmark, Points
from data.osm.synthesis.growth import bezier
from data.osm.synthesis.network import Network, Road
from data.osm.synthesis.settlements import Settlement

BESIDE = 130.0
"""Metres from a road within which a landmark lies beside it, and a drive is enough."""

DOORSTEP = 34.0
"""Metres that a street keeps from a landmark's own point."""


def fence_off(network: Network, landmarks: Iterable[Landmark]) -> None:
    """Keep later roads away from the grounds of the landmarks."""
    for mark in landmarks:
        ring = [(mark.x + dx, mark.y + dy) for dx in (-14.0, 14.0) for dy in (-11.0, 11.0)]
        network.add_solid(np.array([(mark.x, mark.y), *ring]))


def lay_approaches(
    network: Network, landmarks: Iterable[Landmark], homes: Iterable[Settlement]
) -> None:
    """Lay a street past every landmark that lies off the roads."""
    homes = list(homes)
    for mark in landmarks:
        home = min(homes, key=lambda h: hypot(h.x - mark.x, h.y - mark.y) / h.radius)
        for distance, vertex in network.near(mark.x, mark.y, 900.0):
            if network.solid[vertex]:
                continue
            if distance < BESIDE:
                break
            if network.degree(vertex) != 2:
                continue
            if network.junction_within(vertex, 55.0):
                continue
            path = _approach(network, vertex, mark)
            if path is not None:
                nodes = [vertex, *network.string(path)]
                network.add_road(Road(nodes, "residential", "street", place=home.name))
                break


def _approach(network: Network, vertex: int, mark: Landmark) -> Points | None:
    """Draw a street that leaves a road squarely and ends beside the landmark."""
    a, b = network.neighbours[vertex]
    dx, dy = network.direction(a, b)
    x, y = network.points[vertex]
    far = hypot(mark.x - x, mark.y - y)
    ux, uy = (mark.x - x) / far, (mark.y - y) / far
    across = -dy * ux + dx * uy
    if abs(across) < 0.6:
        return None
    square = (-dy, dx) if across > 0.0 else (dy, -dx)
    end = (
        mark.x - ux * DOORSTEP * 0.4 - uy * DOORSTEP,
        mark.y - uy * DOORSTEP * 0.4 + ux * DOORSTEP,
    )
    path = bezier((x, y), square, (ux, uy), end, 13.0)[1:]
    for px, py in path:
        room = min(30.0, 0.7 * hypot(px - x, py - y))
        if any(d < room for d, v in network.near(px, py, room) if not network.solid[v]):
            return None
        if any(d < 24.0 for d, v in network.near(px, py, 24.0) if network.solid[v]):
            return None
    return np.array(path)


def lay_drives_to_doors(network: Network, landmarks: Iterable[Landmark]) -> None:
    """Lay a short drive from the nearest street to the grounds of each landmark."""
    for mark in landmarks:
        for distance, vertex in network.near(mark.x, mark.y, BESIDE + 30.0):
            if network.solid[vertex] or network.degree(vertex) != 2 or distance < 22.0:
                continue
            x, y = network.points[vertex]
            count = max(2, round((distance - 14.0) / 12.0))
            reach = (distance - 14.0) / distance
            path = [
                (x + (mark.x - x) * reach * i / count, y + (mark.y - y) * reach * i / count)
                for i in range(1, count + 1)
            ]
            if network.crosses_a_road(vertex, path[-1]):
                continue
            if not all(_only_near(network, vertex, spot) for spot in path):
                continue
            nodes = [vertex, *network.string(path)]
            tags = {"access": "destination"}
            network.add_road(Road(nodes, "service", "service", tags=tags))
            break


def _only_near(network: Network, vertex: int, spot: tuple[float, float]) -> bool:
    """Say whether no road is near a spot but the one that a drive leaves."""
    own = {vertex, *network.neighbours[vertex]}
    return all(v in own or network.solid[v] for _, v in network.near(*spot, 14.0))
