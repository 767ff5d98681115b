"""How fast a map is read and a matrix of travel times is filled.

``uv run python -m benchmarks.roads [FILE]``: the bundled region, or any OpenStreetMap extract.
Times are medians; the baseline is SciPy's compiled Dijkstra in the same run, on the same network
and from as many nodes, which leaves out the metres and the positions along edges.
"""

import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from routing.osm_import import Extract, read_extract
from routing.road_network import RoadNetwork, Snap
from routing.travel_times import UNREACHABLE, TravelTimes

BUNDLED = Path(__file__).parents[1] / "data" / "osm" / "suederbrarup" / "suederbrarup.osm.pbf"
SIZES = (300, 600, 1200)
REPEATS = 7

READ_ALONE = """
import resource, sys, time
from pathlib import Path
from routing.osm_import import read_extract
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
read_extract(Path(sys.argv[1]))
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, before / 1024, after / 1024)
"""


def main(path: Path) -> None:
    """Print the figures of one extract."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load {os.getloadavg()[0]:.1f} when started")
    print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB\n")
    reads = [_read_alone(path) for _ in range(REPEATS)]
    seconds = statistics.median(read[0] for read in reads)
    base, peak = reads[0][1], max(read[2] for read in reads)
    print(f"import, fresh process {seconds:.2f} s, peak {peak:.0f} MB, {base:.0f} MB before")
    extract = read_extract(path)
    _describe(extract)
    snaps = _snaps(extract)
    print("\nplaces   matrix        SciPy         ratio   one place more   a route")
    for size in SIZES:
        _compare(extract.drive, random.Random(size).choices(snaps, k=size))
    print("\nplaces   a road closed: all pairs   changed   of them cut off")
    for size in SIZES:
        _close(extract.drive, random.Random(size).choices(snaps, k=size))


def _read_alone(path: Path) -> tuple[float, ...]:
    """Read in a fresh process; return seconds, and megabytes before and at the peak."""
    command = [sys.executable, "-c", READ_ALONE, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(float(word) for word in output.split())


def _describe(extract: Extract) -> None:
    for name, network in (("drive", extract.drive), ("walk", extract.walk)):
        km = network.edge_metres.sum() / 1000
        print(
            f"{name:5}  {len(network.node_lat):6} junctions  {len(network.edge_target):6} edges  "
            f"{km:7.0f} km of directed road"
        )
    print(f"{len(extract.features)} features, {len(extract.boundaries)} boundaries")
    for reason, count in extract.dropped.count.items():
        print(f"left out: {count:5} {reason}, {extract.dropped.km[reason]:.1f} km")


def _snaps(extract: Extract) -> list[Snap]:
    """Return a place on the road for every address and bus stop."""
    named = [f for f in extract.features if f.kind in ("address", "bus_stop")]
    start = time.perf_counter()
    snaps = [snap for f in named if (snap := extract.drive.snap(f.lat, f.lon)) is not None]
    each = (time.perf_counter() - start) / len(named)
    print(f"snapping {each * 1e6:.0f} µs each, {len(snaps)} of {len(named)} within 1 km of a road")
    return snaps


def _compare(network: RoadNetwork, places: list[Snap]) -> None:
    """Print one row: our matrix, SciPy's, a place more, a route."""
    size = len(network.node_lat)
    cost = np.maximum(network.edge_seconds, 1e-9)  # zero would be no edge
    graph = csr_matrix((cost, network.edge_target, network.first_edge), shape=(size, size))
    nodes = np.random.default_rng(1).integers(0, size, len(places))
    times = TravelTimes.between(network, places)
    smaller = TravelTimes(times.seconds[:-1, :-1].copy(), times.metres[:-1, :-1].copy())
    ours, theirs, more, route = _medians(
        lambda: TravelTimes.between(network, places),
        lambda: dijkstra(graph, indices=nodes),
        lambda: smaller.with_place(network, places[:-1], places[-1]),
        lambda: network.route(places[0], places[-1]),
    )
    print(
        f"{len(places):6}  {ours * 1e3:7.1f} ms  {theirs * 1e3:9.1f} ms  {theirs / ours:8.1f}"
        f"  {more * 1e3:12.2f} ms  {route * 1e3:9.2f} ms"
    )


def _close(network: RoadNetwork, places: list[Snap]) -> None:
    """Print one row: the matrix again with the road closed that most ways lead over."""
    before = TravelTimes.between(network, places)
    shut = max(
        random.Random(1).sample(places, 20),
        key=lambda place: _changed(before, network, places, place)[0],
    )
    (seconds,) = _medians(lambda: TravelTimes.between(network.closed_at([shut]), places))
    changed, cut_off = _changed(before, network, places, shut)
    print(f"{len(places):6}  {seconds * 1e3:22.1f} ms  {changed:8.1%}  {cut_off:15.1%}")


def _changed(
    before: TravelTimes, network: RoadNetwork, places: list[Snap], shut: Snap
) -> tuple[float, float]:
    """Return the share of pairs that a closed road changes, and that it cuts off."""
    after = TravelTimes.between(network.closed_at([shut]), places)
    changed = float((after.seconds != before.seconds).mean())
    return changed, float((after.seconds >= UNREACHABLE).mean())


def _medians(*actions: Callable[[], object]) -> list[float]:
    """Return the median seconds of each action, taken in turns so that all share the weather."""
    seconds: list[list[float]] = [[] for _ in actions]
    for _ in range(REPEATS):
        for action, taken in zip(actions, seconds, strict=True):
            start = time.perf_counter()
            action()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED)
