"""Figures of an extract, to compare the invented land with real ones.

``uv run python -m data.osm.synthesis.figures FILE [FILE ...]`` prints them side by side.
"""

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import shapely
from osmium.osm.types import Node, Way

from routing.osm_import import Extract, read_extract
from routing.travel_times import UNREACHABLE, TravelTimes

ROADS = (
    ("motorway", "trunk", "primary"),
    ("secondary",),
    ("tertiary",),
    ("unclassified",),
    ("residential", "living_street"),
    ("service",),
    ("track",),
    ("path", "footway", "cycleway", "bridleway", "pedestrian", "steps"),
)
"""Classes of roads, as they are counted together; the first five make up the public net."""
PUBLIC = frozenset(h for group in ROADS[:5] for h in group)

PLACES_WITH_PEOPLE = frozenset(("city", "town", "village"))


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of one extract; lengths in km and metres, areas in km²."""

    km: dict[str, float]  # by the first class of each group in ROADS
    area: float  # of the ground within 500 m of an address
    addresses: int
    people: int
    junctions_per_km: float
    dead_ends_per_km: float
    three_arms: float  # share of the junctions
    block: float  # mean metres between two junctions or ends
    windings: float  # length over beeline between two junctions or ends
    detour: tuple[float, float, float]  # mean of road / beeline, its 10th and 90th percentile
    speed: float  # mean km/h of the fastest ways
    ways_between: float  # mean km of the fastest ways


class _Survey(osmium.SimpleHandler):
    """Collects the public net and counts what has a name or a number."""

    def __init__(self) -> None:
        super().__init__()
        self.km: dict[str, float] = defaultdict(float)
        self.addresses: list[tuple[float, float]] = []
        self.people = 0
        self.public: list[tuple[list[int], list[tuple[float, float]]]] = []

    def node(self, node: Node) -> None:
        if "addr:housenumber" in node.tags:
            self.addresses.append((node.location.lon, node.location.lat))
        if node.tags.get("place") in PLACES_WITH_PEOPLE:
            population = node.tags.get("population") or ""
            self.people += int(population) if population.isdecimal() else 0

    def way(self, way: Way) -> None:
        if "addr:housenumber" in way.tags and way.nodes[0].location.valid():
            self.addresses.append((way.nodes[0].lon, way.nodes[0].lat))
        highway = (way.tags.get("highway") or "").removesuffix("_link")
        group = next((g for g in ROADS if highway in g), None)
        spots = [(n.ref, (n.lon, n.lat)) for n in way.nodes if n.location.valid()]
        if group is None or len(spots) < 2 or way.tags.get("area") == "yes":
            return
        line = [at for _, at in spots]
        self.km[group[0]] += _metres(line) / 1000.0
        if highway in PUBLIC:
            self.public.append(([ref for ref, _ in spots], line))


def _metres(line: list[tuple[float, float]]) -> float:
    return float(np.sum(_beelines(np.array(line[:-1]), np.array(line[1:]))))


def _beelines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distances of points (lon, lat) in metres; good for short distances."""
    dx = (a[:, 0] - b[:, 0]) * np.cos(np.radians((a[:, 1] + b[:, 1]) / 2.0))
    return np.asarray(111_195.0 * np.hypot(dx, a[:, 1] - b[:, 1]))


def measure(path: Path, extract: Extract, seed: int = 1, pairs: int = 2000) -> Figures:
    """Measure an extract.

    Parameters
    ----------
    path
        Any file that :func:`routing.osm_import.read_extract` reads.
    extract
        What it reads.
    seed, pairs
        Of the random pairs of addresses between which detours are measured.
    """
    survey = _Survey()
    survey.apply_file(str(path), locations=True)
    blocks, chords, degrees = _blocks(survey)
    km = sum(blocks) / 1000.0
    junctions = [d for d in degrees if d > 2]
    detours, speed, way = _detours(extract, seed, pairs)
    return Figures(
        km=dict(survey.km),
        area=_inhabited(survey.addresses),
        addresses=len(survey.addresses),
        people=survey.people,
        junctions_per_km=len(junctions) / km,
        dead_ends_per_km=degrees.count(1) / km,
        three_arms=junctions.count(3) / len(junctions),
        block=1000.0 * km / len(blocks),
        windings=sum(b for b, c in zip(blocks, chords, strict=True) if c) / sum(chords),
        detour=(
            float(detours.mean()),
            float(np.quantile(detours, 0.1)),
            float(np.quantile(detours, 0.9)),
        ),
        speed=speed,
        ways_between=way,
    )


def _blocks(survey: _Survey) -> tuple[list[float], list[float], list[int]]:
    """Follow the public net from junction to junction: lengths, beelines, and all degrees."""
    arms: Counter[int] = Counter()
    for refs, _ in survey.public:
        for a, b in pairwise(refs):
            arms[a] += 1
            arms[b] += 1
    spots = {ref: at for refs, line in survey.public for ref, at in zip(refs, line, strict=True)}
    beside: dict[int, list[int]] = {}
    for refs, _ in survey.public:
        for a, b in pairwise(refs):
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
    lengths, chords = [], []
    for start in (n for n, d in arms.items() if d != 2):
        for following in beside[start]:
            before, here, line = start, following, [spots[start], spots[following]]
            while arms[here] == 2:
                ways = beside[here]
                before, here = here, ways[1] if ways[0] == before else ways[0]
                line.append(spots[here])
            if start <= here:
                lengths.append(_metres(line))
                chords.append(_metres([line[0], line[-1]]))
    return lengths, chords, list(arms.values())


def _inhabited(addresses: list[tuple[float, float]]) -> float:
    """Return the area within 500 m of an address in km²."""
    at = np.array(addresses)
    scale = np.array([np.cos(np.radians(at[:, 1].mean())), 1.0]) * 111.195
    cells = np.unique(np.round(at * scale / 0.05), axis=0) * 0.05
    return float(shapely.union_all(shapely.buffer(shapely.points(cells), 0.5, quad_segs=4)).area)


def _detours(extract: Extract, seed: int, pairs: int) -> tuple[np.ndarray, float, float]:
    """Compare ways and beelines of random pairs of addresses more than 500 m apart."""
    rng = np.random.default_rng(seed)
    houses = [f for f in extract.features if f.housenumber]
    count = int(np.ceil(np.sqrt(2.0 * pairs))) + 1
    picked = [houses[i] for i in rng.permutation(len(houses))[: 2 * count]]
    snaps = [s for h in picked if (s := extract.drive.snap(h.lat, h.lon, 300.0)) is not None]
    snaps = snaps[:count]
    times = TravelTimes.between(extract.drive, snaps)
    at = np.array([[s.lon, s.lat] for s in snaps])
    a, b = np.triu_indices(len(snaps), 1)
    beeline = _beelines(at[a], at[b])
    metres, seconds = times.metres[a, b], times.seconds[a, b]
    kept = (beeline > 500.0) & (seconds < UNREACHABLE)
    detours = metres[kept] / beeline[kept]
    speed = 3.6 * float(metres[kept].sum() / seconds[kept].sum())
    return detours, speed, float(metres[kept].mean()) / 1000.0


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Say the figures in words, one row each."""
    labels = [" / ".join(g[:3]) for g in ROADS]
    table = [
        (f"km {label}", f"{figures.km.get(group[0], 0.0):.0f}")
        for label, group in zip(labels, ROADS, strict=True)
    ]
    public = sum(figures.km.get(g[0], 0.0) for g in ROADS[:5])
    people = f"{figures.addresses / figures.people:.2f}" if figures.people else "–"
    mean, low, high = figures.detour
    return [
        *table,
        ("km of the public net", f"{public:.0f}"),
        ("km² within 500 m of an address", f"{figures.area:.0f}"),
        ("public net, km per km² of these", f"{public / figures.area:.1f}"),
        ("addresses", str(figures.addresses)),
        ("people (place nodes)", str(figures.people)),
        ("addresses per person", people),
        ("junctions per km", f"{figures.junctions_per_km:.2f}"),
        ("  with three arms", f"{figures.three_arms:.0%}"),
        ("dead ends per km", f"{figures.dead_ends_per_km:.2f}"),
        ("metres between junctions", f"{figures.block:.0f}"),
        ("length / beeline between junctions", f"{figures.windings:.3f}"),
        ("detour of address pairs, mean", f"{mean:.2f}"),
        ("  10 % to 90 %", f"{low:.2f}–{high:.2f}"),
        ("mean fastest way, km", f"{figures.ways_between:.1f}"),
        ("mean speed on it, km/h", f"{figures.speed:.0f}"),
    ]


def main() -> None:
    """Print the figures of extracts as a Markdown table."""
    parser = argparse.ArgumentParser(prog="data.osm.synthesis.figures", description=main.__doc__)
    parser.add_argument("extracts", type=Path, nargs="+")
    paths = parser.parse_args().extracts
    columns = [rows(measure(path, read_extract(path))) for path in paths]
    print("| | " + " | ".join(p.name.partition(".")[0] for p in paths) + " |")  # noqa: T201
    print("|---" * (len(paths) + 1) + "|")  # noqa: T201
    for row in zip(*columns, strict=True):
        print(f"| {row[0][0]} | " + " | ".join(value for _, value in row) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
