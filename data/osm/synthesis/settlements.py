"""Villages and the town: the streets that grow out of the country roads where people live."""

import heapq
from dataclasses import dataclass
from math import atan2, hypot, pi, sqrt

import numpy as np
import shapely

from data.osm.synthesis.anchors import Anchors, Quarter
from data.osm.synthesis.growth import Allowed, Style, grow, grow_loop, square_headings
from data.osm.synthesis.network import Network, Road

ADDRESSES_PER_PERSON = 0.44
SCATTERED = {"town": 0.04, "village": 0.30}
"""Share of the addresses that stand outside, in hamlets and fields."""

STREET_PER_ADDRESS = 14.5
"""Metres of street that a house takes, both sides counted and corners left free."""

COLLECTOR = Style(18.0, 125.0, 130.0, 190.0, (300.0, 1000.0), 0.22, 0.10)
ESTATE = Style(12.0, 46.0, 44.0, 84.0, (90.0, 420.0), 0.80, 0.10, 0.95)
STREET = Style(13.0, 54.0, 48.0, 90.0, (100.0, 480.0), 0.55, 0.14, 0.85)
CLOSE = Style(11.0, 42.0, 42.0, 60.0, (55.0, 130.0), 0.60, 0.12, 0.5)

WORKS = Style(18.0, 70.0, 60.0, 130.0, (90.0, 330.0), 0.15, 0.08)
WORKS_STREETS = ("Industriestraße", "Gewerbestraße")

CHURCH_VILLAGES = frozenset(("Süderbrarup", "Boren", "Böel", "Ulsnis", "Norderbrarup", "Loit"))
"""Where an old church stands, with a lane around it."""


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
        room = 1050.0 if self.rank == "town" else 1900.0
        return max(130.0, sqrt(self.addresses * room / pi))


def found_settlements(anchors: Anchors) -> list[Settlement]:
    """Turn the anchors of the Amt into settlements with their number of addresses."""
    return [
        Settlement(
            place.name,
            place.municipality,
            place.postcode,
            place.x,
            place.y,
            round(place.people * ADDRESSES_PER_PERSON * (1.0 - SCATTERED[place.rank])),
            place.rank,
        )
        for place in anchors.settlements
    ]


def grow_settlement(
    network: Network, home: Settlement, dry: Allowed, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Grow the streets of a town or a village until they can front all of its houses.

    Returns
    -------
    tuple
        Where the church stands within its lane, or None if the place has no church.
    """
    wanted = STREET_PER_ADDRESS * home.addresses
    reach = home.radius * 1.3

    def allowed(x: float, y: float) -> bool:
        return hypot(x - home.x, y - home.y) < reach and dry(x, y)

    church = _lay_churchyard(network, home, rng) if home.name in CHURCH_VILLAGES else None
    built = 0.55 * _street_metres(network, home)
    if home.rank == "town":
        built += _sprout(network, home, COLLECTOR, allowed, rng, 0.30 * wanted)
        built += _loops(network, home, allowed, rng, 9)
        built += _sprout(network, home, ESTATE, allowed, rng, 0.93 * wanted - built)
    else:
        built += _loops(network, home, allowed, rng, 1 if home.addresses > 150 else 0)
        built += _sprout(network, home, STREET, allowed, rng, 0.9 * wanted - built)
    _sprout(network, home, CLOSE, allowed, rng, wanted - built)
    return church


def lay_works(
    network: Network, home: Settlement, quarter: Quarter, rng: np.random.Generator
) -> shapely.Polygon:
    """Lay a trading estate, a wide loop off the main road and one across; return its land."""
    for _, vertex in network.near(quarter.x, quarter.y, 500.0):
        bow = _bow(network, vertex, 13, 235.0, 60.0, rng)
        if bow is not None:
            network.add_road(Road(bow, "residential", "street", "", WORKS_STREETS[0], home.name))
            start = bow[len(bow) // 3]
            for heading in square_headings(network, start):
                across = grow(network, start, heading, WORKS, lambda *_: True, rng)
                if across is not None:
                    name = WORKS_STREETS[1]
                    network.add_road(Road(across, "residential", "street", "", name, home.name))
                    break
            return shapely.Polygon([network.points[v] for v in bow]).buffer(65.0)
    return shapely.Polygon()


def _street_metres(network: Network, home: Settlement) -> float:
    """Measure the roads that are there already within the settlement."""
    half = 0.0
    for _, vertex in network.near(home.x, home.y, home.radius):
        x, y = network.points[vertex]
        for other in network.neighbours[vertex]:
            half += hypot(network.points[other][0] - x, network.points[other][1] - y)
    return half / 2.0


def _lay_churchyard(
    network: Network, home: Settlement, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Lay a lane around the church: a bow off the road nearest to the centre."""
    for _, vertex in network.near(home.x, home.y, 260.0):
        bow = _bow(network, vertex, 5, float(rng.uniform(78.0, 92.0)), 24.0, rng)
        if bow is not None:
            network.add_road(Road(bow, "residential", "street", name="Kirchplatz", place=home.name))
            church = shapely.Polygon([network.points[v] for v in bow]).centroid
            yard = church.buffer(20.0, quad_segs=2)
            network.add_solid(shapely.get_coordinates([church, yard]))
            return church.x, church.y
    return None


def _loops(
    network: Network, home: Settlement, allowed: Allowed, rng: np.random.Generator, count: int
) -> float:
    """Lay the curved loops of new estates at the edge of the place."""
    built = 0.0
    ring = [
        v
        for distance, v in network.near(home.x, home.y, home.radius)
        if distance > 0.35 * home.radius
    ]
    for index in rng.permutation(len(ring)):
        if count == 0:
            break
        width, depth = int(rng.integers(7, 11)), float(rng.uniform(110.0, 190.0))
        bow = _bow(network, ring[index], width, depth, 40.0, rng)
        if bow is not None and all(allowed(*network.points[v]) for v in bow):
            network.add_road(Road(bow, "residential", "street", place=home.name))
            built += 12.0 * (len(bow) - 1)
            count -= 1
    return built


def _bow(
    network: Network,
    vertex: int,
    width: int,
    depth: float,
    clearance: float,
    rng: np.random.Generator,
) -> list[int] | None:
    """Try a bow on either side of the road, from a vertex to the one `width` steps on."""
    if network.solid[vertex] or network.degree(vertex) != 2:
        return None
    side = 1.0 if rng.random() < 0.5 else -1.0
    string = network.follow(vertex, network.neighbours[vertex][0], width)
    if string is None:
        return None
    for turn in (side, -side):
        nodes = grow_loop(network, string, turn * depth, clearance)
        if nodes is not None:
            return nodes
    return None


def _sprout(
    network: Network,
    home: Settlement,
    style: Style,
    allowed: Allowed,
    rng: np.random.Generator,
    wanted: float,
) -> float:
    """Let streets sprout, near the centre first; return how many metres grew."""
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
        x, y = network.points[vertex]
        outward = atan2(y - home.y, x - home.x)
        headings = square_headings(network, vertex)
        headings.sort(key=lambda h: abs((h - outward + pi) % (2.0 * pi) - pi))
        if rng.random() < 0.4:
            headings.reverse()
        for heading in headings:
            nodes = grow(network, vertex, heading, style, allowed, rng)
            if nodes is None:
                continue
            network.add_road(Road(nodes, "residential", "street", place=home.name))
            built += style.step * (len(nodes) - 1)
            for node in nodes[2:-1]:
                offer(node)
            break
    return built
