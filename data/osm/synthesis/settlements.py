"""Villages, the town, hamlets and the lanes between them: all that grows out of country roads."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from math import hypot, pi, sqrt

import numpy as np
import shapely

from data.osm.synthesis.anchors import Anchors, Points
from data.osm.synthesis.growth import Allowed, Style, grow, square_headings
from data.osm.synthesis.network import Network, Road

ADDRESSES_PER_PERSON = 0.44
SCATTERED = 0.30
"""Share of a municipality's addresses that stand outside of its villages."""

COLLECTOR = Style(18.0, 125.0, 130.0, 190.0, (280.0, 1000.0), 0.22, 0.10)
STREET = Style(13.0, 50.0, 46.0, 80.0, (70.0, 420.0), 0.50, 0.14, 0.8)
ESTATE = Style(12.0, 46.0, 44.0, 80.0, (60.0, 330.0), 0.85, 0.10, 0.9)
CLOSE = Style(11.0, 40.0, 38.0, 60.0, (40.0, 130.0), 0.60, 0.12, 0.25)
LANE = Style(24.0, 150.0, 110.0, 240.0, (160.0, 1300.0), 0.30, 0.20, 0.55)
SPUR = Style(20.0, 85.0, 70.0, 130.0, (80.0, 420.0), 0.45, 0.20, 0.15)
TRACK = Style(22.0, 95.0, 80.0, 170.0, (140.0, 900.0), 0.30, 0.20, 0.45)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A place where people live together."""

    name: str
    municipality: str
    postcode: str
    x: float
    y: float
    addresses: int
    rank: str  # "town" | "village" | "hamlet"

    @property
    def radius(self) -> float:
        """Radius in metres that its houses need, roads and gardens included."""
        room = 900.0 if self.rank == "town" else 1700.0
        return max(130.0, sqrt(self.addresses * room / pi))


def found_settlements(anchors: Anchors) -> list[Settlement]:
    """Turn the anchors of the Amt into settlements with their number of addresses."""
    found = []
    for place in anchors.settlements:
        share = 0.96 if place.rank == "town" else 1.0 - SCATTERED
        found.append(
            Settlement(
                place.name,
                place.municipality,
                place.postcode,
                place.x,
                place.y,
                round(place.people * ADDRESSES_PER_PERSON * share),
                place.rank,
            )
        )
    return found


def scatter_hamlets(
    anchors: Anchors,
    inside: Callable[[float, float], bool],
    avoid: shapely.Geometry,
    rng: np.random.Generator,
    spacing: float = 950.0,
) -> Points:
    """Throw darts for hamlets: at a distance from every village, from each other, from water."""
    taken = [(p.x, p.y, 1.0) for p in anchors.settlements + anchors.neighbours]
    taken += [(*v, 0.8) for t in anchors.trunks for v in t.via if not isinstance(v, str)]
    hamlets: list[tuple[float, float]] = []
    low, high = np.array([-9500.0, -10500.0]), np.array([9500.0, 10500.0])
    for x, y in rng.uniform(low, high, (6000, 2)):
        x, y = round(float(x), 1), round(float(y), 1)
        if not inside(x, y) or shapely.dwithin(avoid, shapely.Point(x, y), 260.0):
            continue
        if all(hypot(x - tx, y - ty) > spacing * f for tx, ty, f in taken):
            taken.append((x, y, 1.0))
            hamlets.append((x, y))
    return np.array(hamlets)


def grow_settlement(
    network: Network, home: Settlement, dry: Allowed, rng: np.random.Generator
) -> None:
    """Grow the streets of a town or a village until they can front all of its houses."""
    wanted = 13.5 * home.addresses  # metres of street
    reach = home.radius * 1.25

    def allowed(x: float, y: float) -> bool:
        return hypot(x - home.x, y - home.y) < reach and dry(x, y)

    built = 0.6 * sum(
        0.5
        * sum(
            hypot(
                network.points[v][0] - network.points[w][0],
                network.points[v][1] - network.points[w][1],
            )
            for w in network.neighbours[v]
        )
        for _, v in network.near(home.x, home.y, home.radius)
    )
    if home.rank == "town":
        built += _sprout(network, home, COLLECTOR, "street", allowed, rng, 0.36 * wanted)
        built += _sprout(network, home, ESTATE, "street", allowed, rng, 0.85 * wanted - built)
    else:
        built += _sprout(network, home, STREET, "street", allowed, rng, 0.8 * wanted - built)
    _sprout(network, home, CLOSE, "street", allowed, rng, wanted - built)


def _sprout(
    network: Network,
    home: Settlement,
    style: Style,
    kind: str,
    allowed: Allowed,
    rng: np.random.Generator,
    wanted: float,
) -> float:
    """Let roads sprout near the centre first; return how many metres grew."""
    heap: list[tuple[float, int]] = []

    def offer(vertex: int) -> None:
        x, y = network.points[vertex]
        far = hypot(x - home.x, y - home.y)
        heapq.heappush(heap, (far * rng.uniform(0.55, 1.45), vertex))

    for _, vertex in network.near(home.x, home.y, home.radius * 1.1):
        if not network.solid[vertex] and network.degree(vertex) == 2:
            offer(vertex)
    built = 0.0
    while heap and built < wanted:
        _, vertex = heapq.heappop(heap)
        if network.degree(vertex) != 2 or network.junction_within(vertex, style.spacing):
            continue
        headings = square_headings(network, vertex)
        if rng.random() < 0.5:
            headings.reverse()
        for heading in headings:
            nodes = grow(network, vertex, heading, style, allowed, rng)
            if nodes is None:
                continue
            network.add_road(Road(nodes, "residential", kind, place=home.name))
            built += style.step * (len(nodes) - 1)
            for node in nodes[2:-1]:
                offer(node)
            break
    return built


def grow_lanes(
    network: Network,
    wanted_km: float,
    style: Style,
    highway: str,
    kind: str,
    allowed: Allowed,
    rng: np.random.Generator,
) -> list[Road]:
    """Grow lanes or tracks all over the countryside, from any road, in any order."""
    grown: list[Road] = []
    built = 0.0
    for _ in range(60_000):
        if built >= 1000.0 * wanted_km:
            break
        vertex = int(rng.integers(len(network.points)))
        if network.solid[vertex] or network.degree(vertex) not in (1, 2):
            continue
        if not allowed(*network.points[vertex]):
            continue
        if network.degree(vertex) == 2 and network.junction_within(vertex, style.spacing):
            continue
        heading = square_headings(network, vertex)[0 if rng.random() < 0.5 else -1]
        nodes = grow(network, vertex, heading, style, allowed, rng)
        if nodes is not None:
            grown.append(network.add_road(Road(nodes, highway, kind)))
            built += style.step * (len(nodes) - 1)
    return grown
