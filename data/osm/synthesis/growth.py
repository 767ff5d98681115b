"""How a street or a lane grows out of a road: a bending tip that keeps its distance, or joins.

After Parish and Müller, Procedural Modeling of Cities (2001): a tip moves on by small steps, local
constraints stop it, turn it into a dead end, or lead it into a road that it comes near to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin

import numpy as np

from data.osm.synthesis.network import Network

Allowed = Callable[[float, float], bool]
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of road grows. Lengths in metres, angles in radians."""

    step: float
    clearance: float  # room to every other road
    spacing: float  # room between two junctions
    reach: float  # from how far it turns into another road
    length: tuple[float, float]
    sway: float  # mean change of direction per 100 m
    skew: float = 0.14  # mean deviation from the right angle where it starts
    joins: float = 1.0  # how often it joins where it could
    blind: bool = True  # whether it may end without joining


def square_headings(network: Network, vertex: int) -> list[float]:
    """Return the headings at right angles to the road that runs through a vertex."""
    first, *rest = network.neighbours[vertex]
    if not rest:
        dx, dy = network.direction(first, vertex)
        return [atan2(dy, dx)]
    if len(rest) > 1:
        return []
    dx, dy = network.direction(first, rest[0])
    along = atan2(dy, dx)
    return [along + pi / 2.0, along - pi / 2.0]


def grow(
    network: Network,
    start: int,
    heading: float,
    style: Style,
    allowed: Allowed,
    rng: np.random.Generator,
) -> list[int] | None:
    """Grow one road from a vertex; return its vertices, or None if there is no room."""
    origin = network.points[start]
    x, y = origin
    heading += rng.normal(0.0, style.skew)
    turn = rng.normal(0.0, style.sway / 100.0)
    longest = rng.uniform(*style.length)
    joins = rng.random() < style.joins
    path: list[tuple[float, float]] = []
    travelled = 0.0
    while travelled < longest:
        turn = 0.85 * turn + rng.normal(0.0, style.sway / 100.0 * 0.5)
        heading += turn * style.step
        nx, ny = x + style.step * cos(heading), y + style.step * sin(heading)
        if not allowed(nx, ny):
            break
        if joins and travelled > style.clearance:
            ending = _join(network, start, path, (x, y), heading, style)
            if ending is not None:
                target, bend = ending
                return [start, *network.string(path + bend), target]
        if not _has_room(network, origin, path, nx, ny, style):
            break
        path.append((nx, ny))
        x, y = nx, ny
        travelled += style.step
    if travelled < style.length[0] or not style.blind:
        return None
    return [start, *network.string(path)]


def bezier(a: Spot, leaving: Spot, arriving: Spot, b: Spot, step: float) -> list[Spot]:
    """Draw a curve that leaves `a` and arrives at `b` in given directions; both ends included."""
    length = hypot(b[0] - a[0], b[1] - a[1])
    grip = length / 3.0
    p = (a[0] + grip * leaving[0], a[1] + grip * leaving[1])
    q = (b[0] - grip * arriving[0], b[1] - grip * arriving[1])
    return _cubic(a, p, q, b, max(2, round(length / step)))


def _cubic(a: Spot, p: Spot, q: Spot, b: Spot, count: int) -> list[Spot]:
    curve = []
    for index in range(count + 1):
        t = index / count
        s = 1.0 - t
        w = (s**3, 3.0 * s * s * t, 3.0 * s * t * t, t**3)
        x = w[0] * a[0] + w[1] * p[0] + w[2] * q[0] + w[3] * b[0]
        y = w[0] * a[1] + w[1] * p[1] + w[2] * q[1] + w[3] * b[1]
        curve.append((x, y))
    return curve


def grow_loop(
    network: Network, string: Sequence[int], depth: float, clearance: float
) -> list[int] | None:
    """Grow a bow from the first to the last vertex of a string of a road.

    Parameters
    ----------
    string
        Vertices of the road; none but the ends become junctions.
    depth
        How far the bow reaches in metres, positive to the left.
    clearance
        Its room to every other road.
    """
    if any(network.junction_within(v, 45.0) for v in (string[0], string[-1])):
        return None
    (ax, ay), (bx, by) = network.points[string[0]], network.points[string[-1]]
    width = hypot(bx - ax, by - ay)
    nx, ny = -(by - ay) / width * depth / 0.75, (bx - ax) / width * depth / 0.75
    count = max(8, round((width + 1.6 * abs(depth)) / 12.0))
    bow = _cubic((ax, ay), (ax + nx, ay + ny), (bx + nx, by + ny), (bx, by), count)[1:-1]
    for x, y in bow:
        room = min(clearance, 0.6 * hypot(x - ax, y - ay), 0.6 * hypot(x - bx, y - by))
        if any(d < room * _share(network, v) for d, v in network.near(x, y, room)):
            return None
    return [string[0], *network.string(bow), string[-1]]


def _share(network: Network, vertex: int) -> float:
    """Return how much of its room a road keeps: a street may run along a railway."""
    return 0.55 if network.solid[vertex] else 1.0


def _has_room(
    network: Network,
    origin: tuple[float, float],
    path: Sequence[tuple[float, float]],
    x: float,
    y: float,
    style: Style,
) -> bool:
    """Say whether a tip keeps its distance; near its start it may still be near its parent."""
    room = min(style.clearance, 0.72 * hypot(x - origin[0], y - origin[1]))
    if any(d < room * _share(network, v) for d, v in network.near(x, y, room)):
        return False
    behind = len(path) * style.step
    for index, (px, py) in enumerate(path):
        back = behind - index * style.step
        if hypot(px - x, py - y) < min(style.clearance, 0.6 * back):
            return False
    return True


def _join(
    network: Network,
    start: int,
    path: Sequence[tuple[float, float]],
    tip: tuple[float, float],
    heading: float,
    style: Style,
) -> tuple[int, list[tuple[float, float]]] | None:
    """Find a vertex ahead to run into at a fair angle, and the bend that leads there."""
    for distance, target in network.near(*tip, style.reach):
        if network.solid[target] or target == start or not 1 <= network.degree(target) <= 2:
            continue
        tx, ty = network.points[target]
        bearing = atan2(ty - tip[1], tx - tip[0])
        if abs((bearing - heading + pi) % (2.0 * pi) - pi) > 0.9 or distance < style.step:
            continue
        if network.junction_within(target, style.spacing):
            continue
        bend = _bend(network, tip, heading, target, distance, style.step)
        if bend is not None and _bend_is_clear(network, path, bend, target, style):
            return target, bend
    return None


def _bend(
    network: Network,
    tip: tuple[float, float],
    heading: float,
    target: int,
    distance: float,
    step: float,
) -> list[tuple[float, float]] | None:
    """Draw a curve from the tip that meets the target's road nearly at a right angle."""
    tx, ty = network.points[target]
    ux, uy = (tx - tip[0]) / distance, (ty - tip[1]) / distance
    if network.degree(target) == 2:
        a, b = network.neighbours[target]
        rx, ry = network.direction(a, b)
        across = ux * -ry + uy * rx
        if abs(across) < 0.5:
            return None
        sx, sy = (-ry, rx) if across > 0.0 else (ry, -rx)
        ex, ey = 0.7 * sx + 0.3 * ux, 0.7 * sy + 0.3 * uy
    else:
        before = network.neighbours[target][0]
        ex, ey = network.direction(target, before)
        if ex * ux + ey * uy < 0.2:
            return None
    return bezier(tip, (cos(heading), sin(heading)), (ex, ey), (tx, ty), step)[1:-1]


def _bend_is_clear(
    network: Network,
    path: Sequence[tuple[float, float]],
    bend: list[tuple[float, float]],
    target: int,
    style: Style,
) -> bool:
    tx, ty = network.points[target]
    for x, y in bend:
        room = min(style.clearance, 0.62 * hypot(x - tx, y - ty))
        if any(d < room * _share(network, v) for d, v in network.near(x, y, room)):
            return False
        if any(hypot(px - x, py - y) < 0.5 * style.clearance for px, py in path[:-3]):
            return False
    return True
