"""How country roads run: rights of way, smooth curves, and the bends of the land.

At every site the two arms that belong together run through without a kink; the others meet them
nearly at a right angle. Between its ends each road winds a little of its own, and then all bend
with the plane.
"""

from itertools import combinations

import numpy as np
import shapely

from data.osm.synthesis.anchors import Points
from data.osm.synthesis.country import RANKS, CountryRoads, Edge
from data.osm.synthesis.network import Network, Road

STEP = 24.0
SWAY = {"primary": 3.0, "secondary": 9.0, "tertiary": 17.0, "unclassified": 25.0}
"""How far roads wind about their course, in metres; the lesser, the more."""

CALM = 220.0
"""Metres before a junction in which a road winds less and less."""

Arm = tuple[int, int]
"""An edge at a site: both numbers."""


def draw_country_roads(board: CountryRoads, network: Network, rng: np.random.Generator) -> None:
    """Add the planned roads to the network, each as far as it has the right of way."""
    arms = board.arms()
    partner, tangent = _rights_of_way(board, arms)
    vertex: dict[int, int] = {}
    for site in sorted(arms):
        x, y = board.terrain.bends.bend(board.point(site)[None, :])[0]
        vertex[site] = network.add_vertex(x, y)
    strings = []
    for edge, curve in zip(board.edges, _curves(board, tangent, rng), strict=True):
        inner = network.string(board.terrain.bends.bend(curve))
        strings.append([vertex[edge.a], *inner, vertex[edge.b]])
    counters = {"L": 180, "K": 40}
    for chain in _chains(board.edges, partner):
        nodes: list[int] = []
        for number, start in chain:
            piece = strings[number]
            nodes += (piece if board.edges[number].a == start else piece[::-1])[bool(nodes) :]
        ref = max(board.edges[n].ref for n, _ in chain) or _number(board, chain, counters)
        network.add_road(Road(nodes, board.edges[chain[0][0]].highway, "country", ref))


def _number(board: CountryRoads, chain: list[Arm], counters: dict[str, int]) -> str:
    """Give a road of the Land or the Kreis the next number; a short one has none."""
    edges = [board.edges[n] for n, _ in chain]
    letter = {"secondary": "L", "tertiary": "K"}.get(edges[0].highway)
    if letter is None or sum(board.length(e.a, e.b) for e in edges) < 900.0:
        return ""
    counters[letter] += 1
    return f"{letter} {counters[letter]}"


def _rights_of_way(
    board: CountryRoads, arms: dict[int, list[int]]
) -> tuple[dict[Arm, int], dict[Arm, Points]]:
    """Pair the arms that run through each site and give every arm its tangent there."""
    partner: dict[Arm, int] = {}
    tangent: dict[Arm, Points] = {}
    for site, numbers in arms.items():
        out = {}
        for n in numbers:
            line = board.point(board.edges[n].other(site)) - board.point(site)
            out[n] = line / np.hypot(*line)
            tangent[n, site] = out[n]
        if len(numbers) < 2:
            continue
        p, q = _through_pair(board, numbers, out)
        through = out[p] - out[q]
        through = through / (np.hypot(*through) or 1.0)
        tangent[p, site], tangent[q, site] = through, -through
        if _same_road(board.edges[p], board.edges[q]):
            partner[p, site], partner[q, site] = q, p
        across = np.array([-through[1], through[0]])
        for n in numbers:
            if n not in (p, q):
                square = across * (1.0 if across @ out[n] > 0.0 else -1.0)
                blend = out[n] + 0.9 * square
                tangent[n, site] = blend / np.hypot(*blend)
    return partner, tangent


def _through_pair(
    board: CountryRoads, numbers: list[int], out: dict[int, Points]
) -> tuple[int, int]:
    """Choose the arms that run through: of high rank, of one number, and straight."""

    def cost(pair: tuple[int, ...]) -> float:
        one, two = (board.edges[n] for n in pair)
        rank = RANKS.index(one.highway) + RANKS.index(two.highway)
        one_number = one.ref == two.ref != ""
        return 0.45 * rank + float(out[pair[0]] @ out[pair[1]]) - (0.8 if one_number else 0.0)

    best = min(combinations(numbers, 2), key=cost)
    return best[0], best[1]


def _same_road(one: Edge, two: Edge) -> bool:
    return one.highway == two.highway and ("" in (one.ref, two.ref) or one.ref == two.ref)


def _curves(
    board: CountryRoads, tangent: dict[Arm, Points], rng: np.random.Generator
) -> list[Points]:
    """Draw all edges, their ends left out; those whose curves would cross run straight."""
    curves = [_curve(board, number, tangent, rng) for number in range(len(board.edges))]
    for _ in range(3):
        lines = [
            shapely.LineString([board.point(edge.a), *curve, board.point(edge.b)])
            for edge, curve in zip(board.edges, curves, strict=True)
        ]
        ones, others = shapely.STRtree(lines).query(lines, predicate="crosses")
        touching = {
            number
            for one, other in zip(ones.tolist(), others.tolist(), strict=True)
            for number in (one, other)
        }
        for number in sorted(touching):
            edge = board.edges[number]
            t = np.linspace(0.0, 1.0, len(curves[number]) + 2)[1:-1, None]
            curves[number] = (1.0 - t) * board.point(edge.a) + t * board.point(edge.b)
    return curves


def _curve(
    board: CountryRoads, number: int, tangent: dict[Arm, Points], rng: np.random.Generator
) -> Points:
    """Draw an edge from its tangent at one end to that at the other."""
    edge = board.edges[number]
    a, b = board.point(edge.a), board.point(edge.b)
    length = board.length(edge.a, edge.b)
    grip = min(length / 3.0, 170.0)
    p, q = a + grip * tangent[number, edge.a], b + grip * tangent[number, edge.b]
    count = max(2, round(length / STEP))
    t = np.linspace(0.0, 1.0, count + 1)[1:-1, None]
    s = 1.0 - t
    curve = s**3 * a + 3.0 * s**2 * t * p + 3.0 * s * t**2 * q + t**3 * b
    across = np.array([-(b - a)[1], (b - a)[0]]) / length
    curve = curve + _sway(t * length, length, SWAY[edge.highway], rng) * across
    return np.asarray(curve)


def _sway(at: Points, length: float, reach: float, rng: np.random.Generator) -> Points:
    """Wind to the left and right along a road, but not where it meets others."""
    calm = np.clip(np.minimum(at, length - at) / CALM, 0.0, 1.0) ** 1.5
    waves = [rng.uniform(480.0, 900.0), rng.uniform(220.0, 380.0)]
    phases = rng.uniform(0.0, 2.0 * np.pi, 2)
    swing = np.sin(2.0 * np.pi * at / waves[0] + phases[0])
    swing = swing + 0.5 * np.sin(2.0 * np.pi * at / waves[1] + phases[1])
    return np.asarray(np.round(reach * calm * swing, 4))


def _chains(edges: list[Edge], partner: dict[Arm, int]) -> list[list[Arm]]:
    """Follow the rights of way: lists of ``(edge, site where it starts)``."""
    done: set[int] = set()
    chains = []
    for first in range(len(edges)):
        if first in done:
            continue
        number, at = first, edges[first].a
        while (number, at) in partner and partner[number, at] != first:  # go back to the start
            number = partner[number, at]
            at = edges[number].other(at)
        chain = [(number, at)]
        done.add(number)
        while (number, edges[number].other(at)) in partner:
            at = edges[number].other(at)
            number = partner[number, at]
            if number in done:
                break
            chain.append((number, at))
            done.add(number)
        chains.append(chain)
    return chains
