"""How fast and how surely the gazetteer answers, by the number of entries.

    uv run python -m benchmarks.gazetteer [EXTRACT.osm.pbf]

Prints first-hit rates with correct and mistyped addresses of the extract, and latencies, there and
on made-up regions of 5,000, 20,000 and 80,000 addresses. Times are processor time, so that what
else the machine does does not count.
"""

import random
import string
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from routing.gazetteer import Gazetteer
from routing.map_features import Feature
from routing.osm_import import DroppedRoads, Extract, read_extract
from routing.road_network import RoadNetwork
from routing.spelling import fold
from routing.stop_proposals import propose_stops
from routing.stops import Stop, place_label
from routing.villages import Villages

BUNDLED = Path(__file__).parents[1] / "data/osm/suederbrarup/suederbrarup.osm.pbf"
QUERIES = 400

_STEMS = "Dorf Kirch Bahnhof Schul Mühlen Wiesen Berg Linden Garten Wald See Eichen Moor Feld"
_STEMS += " Süder Norder Oster Wester Alte Neue Lange Hinter Flensburger Schleswiger Kappelner"
_ENDS = "straße weg allee kamp redder koppel toft lück holz damm ring gang stieg twiete platz"
_PLACES = "brarup trup by rade stedt feld holm burg rott gaard dorf hagen au beck wik"


def typing_error(text: str, rng: random.Random) -> str:
    """Leave out, swap, replace or insert one letter."""
    at = rng.choice([at for at, letter in enumerate(text) if letter.isalpha()])
    letter = rng.choice(string.ascii_lowercase)
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
        ]
    )


def addresses(features: Sequence[Feature], villages: Sequence[str]) -> list[str]:
    """Return every address as one writes it."""
    return sorted(
        {
            place_label(f"{feature.street or village} {feature.housenumber}", village)
            for feature, village in zip(features, villages, strict=True)
            if feature.housenumber
        }
    )


def made_up_region(houses: int, rng: random.Random) -> Extract:
    """Return villages of about 250 houses with streets of 12, but no roads."""
    features = []
    streets = [stem + end for stem in _STEMS.split() for end in _ENDS.split()]
    for number in range(houses // 250):
        lat, lon = 54 + rng.random(), 9 + rng.random()
        name = (
            rng.choice(_STEMS.split())
            + rng.choice(_PLACES.split())
            + ("" if number < 300 else "er")
        )
        features.append(
            Feature(f"n{number}", "place", name, lat, lon, rank="village", population=600)
        )
        for street in rng.sample(streets, 20):
            features += [
                Feature(
                    f"w{number}{street}{house}",
                    "address",
                    "",
                    lat + rng.uniform(-0.004, 0.004),
                    lon + rng.uniform(-0.004, 0.004),
                    street,
                    str(house),
                    name,
                    "24392",
                )
                for house in range(1, 14)
            ]
    return Extract(_no_roads(), _no_roads(), tuple(features), {}, DroppedRoads({}, {}))


def _no_roads() -> RoadNetwork:
    floats, ints = np.empty(0), np.empty(0, np.int32)
    first = np.zeros(1, np.int32)
    return RoadNetwork(
        floats, floats, first, ints, floats, floats, ints, ints, first, floats, floats, ()
    )


def stops_of(
    extract: Extract, villages: Sequence[str], share: float, rng: random.Random
) -> list[Stop]:
    """Return stops at some of the houses."""
    return [
        Stop(f.osm_id, f"{f.street} {f.housenumber}", village, f.lat, f.lon, "virtual")
        for f, village in zip(extract.features, villages, strict=True)
        if f.housenumber and rng.random() < share
    ]


def first_hits(gazetteer: Gazetteer, asked: Sequence[tuple[str, str]]) -> tuple[float, list[float]]:
    """Return the share of texts whose first answer is the address meant, and seconds for each."""
    hits, seconds = 0, []
    for text, meant in asked:
        begin = time.thread_time()
        matches = gazetteer.search(text)
        seconds.append(time.thread_time() - begin)
        hits += bool(matches) and fold(matches[0].label) == fold(meant)
    return hits / len(asked), seconds


def kinds_of_queries(
    known: Sequence[str], rng: random.Random
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the ways to ask for a sample of addresses."""
    sample = rng.choices(known, k=QUERIES)
    ways: dict[str, Callable[[str], str]] = {
        "as written": lambda text: text,
        "Str., no umlauts": lambda text: text.replace("straße", "str.").translate(
            str.maketrans("äöüß", "aous")
        ),
        "one typing error": lambda text: typing_error(text, rng),
        "first 5 letters": lambda text: text[:5],
    }
    for name, way in ways.items():
        yield name, [(way(text), text) for text in sample]


def show(
    title: str, gazetteer: Gazetteer, built: float, known: Sequence[str], rng: random.Random
) -> None:
    """Print a table of first hits and latencies."""
    print(f"\n{title}: {len(known)} addresses, {len(gazetteer)} names, built in {built:.2f} s")
    print(f"{'asked':<20}{'first hit':>10}{'median ms':>11}{'p99 ms':>8}{'max ms':>8}")
    for name, asked in kinds_of_queries(known, rng):
        share, seconds = first_hits(gazetteer, asked)
        hit = f"{share:.1%}" if "first" not in name else "-"
        median, p99, worst = np.percentile(seconds, [50, 99, 100]) * 1000
        print(f"{name:<20}{hit:>10}{median:>11.2f}{p99:>8.2f}{worst:>8.2f}")


def main() -> None:
    """Measure the bundled or a given extract, then made-up regions."""
    rng = random.Random(1)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED
    extract = read_extract(path)
    begin = time.process_time()
    stops = propose_stops(extract)
    print(f"{path.name}: {len(stops)} stops proposed in {time.process_time() - begin:.2f} s")
    regions = [(path.stem, extract, stops)]
    for houses in (5_000, 20_000, 80_000):
        made_up = made_up_region(houses, rng)
        villages = Villages(made_up).of(made_up.features)
        regions.append((f"made up, {houses:,}", made_up, stops_of(made_up, villages, 0.05, rng)))
    for title, region, region_stops in regions:
        begin = time.process_time()
        gazetteer = Gazetteer(region, region_stops)
        built = time.process_time() - begin
        known = addresses(region.features, Villages(region).of(region.features))
        show(title, gazetteer, built, known, rng)


if __name__ == "__main__":
    main()
