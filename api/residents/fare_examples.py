"""What rides cost, by examples: real distances from the largest village of the region."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from shuttle.region import Region

_MOST = 5


@dataclass(frozen=True, slots=True)
class FareExample:
    """A ride of one and of two; distances in metres, fares in cents."""

    origin: str
    destination: str
    metres: int
    alone: int
    for_two: int


@lru_cache(maxsize=2)
def fare_examples(region: Region) -> tuple[FareExample, ...]:
    """Return rides from the middle of the largest village, from the shortest to the longest."""
    villages = _villages(region)
    if not villages:
        return ()
    largest = max(villages, key=lambda village: len(villages[village]))
    origin = _middle(region, villages.pop(largest))
    goals = [_middle(region, places) for places in villages.values()]
    goals = goals or [place for place in range(len(region.stops)) if place != origin]
    metres = sorted((int(region.travel.metres[origin, place]), place) for place in goals)
    fare = region.config.fares.fare
    return tuple(
        FareExample(
            origin=region.stops[origin].label,
            destination=region.stops[place].label,
            metres=way,
            alone=fare(1, way),
            for_two=fare(2, way),
        )
        for way, place in _spread(metres)
    )


def _villages(region: Region) -> dict[str, list[int]]:
    places = defaultdict(list)
    for place, stop in enumerate(region.stops):
        if stop.village:
            places[stop.village].append(place)
    return dict(places)


def _middle(region: Region, places: Sequence[int]) -> int:
    """Return the stop that is nearest to the mean of several."""
    stops = [region.stops[place] for place in places]
    lat = sum(stop.lat for stop in stops) / len(stops)
    lon = sum(stop.lon for stop in stops) / len(stops)
    return min(
        places,
        key=lambda place: (
            (region.stops[place].lat - lat) ** 2 + ((region.stops[place].lon - lon) * 0.6) ** 2
        ),  # a degree of longitude is shorter
    )


def _spread(metres: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the shortest, the longest and some between."""
    if len(metres) <= _MOST:
        return list(metres)
    return [metres[round(step * (len(metres) - 1) / (_MOST - 1))] for step in range(_MOST)]
