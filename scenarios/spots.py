"""Where people live and where they go: the places of a map, each with a weight and a name."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from routing.map_features import Feature
from routing.vocabulary import title_of
from scenarios.purposes import RANKS, Purpose
from shuttle.region import Region

Floats = npt.NDArray[np.float64]

_KM_PER_DEGREE = 111.195


@dataclass(frozen=True, slots=True)
class Spots:
    """Where one can go to or come from, each with a weight and a name."""

    lat: Floats
    lon: Floats
    weight: Floats
    labels: tuple[str, ...]

    @classmethod
    def of(cls, rows: list[tuple[float, float, float, str]]) -> "Spots":
        """Return spots from rows of latitude, longitude, weight and label."""
        lat, lon, weight, labels = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(np.array(lat), np.array(lon), np.array(weight, dtype=float), labels)

    def km_from(self, lat: float, lon: float) -> Floats:
        """Return the beelines in kilometres, on a plane: good enough for an Amt."""
        east = (self.lon - lon) * math.cos(math.radians(lat))
        return np.asarray(np.hypot(self.lat - lat, east) * _KM_PER_DEGREE)


def homes(region: Region, features: list[Feature]) -> Spots:
    """Return the addresses, a village's population spread evenly over its own."""
    addresses = [each for each in features if each.kind == "address"]
    if not addresses:
        return all_stops(region)
    return Spots.of(
        [
            (each.lat, each.lon, people, _address(each))
            for each, people in zip(addresses, _people(addresses, features), strict=True)
        ]
    )


def _people(addresses: list[Feature], features: list[Feature]) -> Floats:
    """Return people by address; where no village has a population, the same everywhere."""
    villages = [each for each in features if each.kind == "place" and each.population > 0]
    if not villages:
        return np.ones(len(addresses))
    stretch = math.cos(math.radians(villages[0].lat))
    nearest = KDTree([(each.lat, each.lon * stretch) for each in villages])
    _, village = nearest.query([(each.lat, each.lon * stretch) for each in addresses])
    population = np.array([each.population for each in villages], dtype=float)
    return np.asarray(population[village] / np.bincount(village)[village])


def goals(features: list[Feature], purpose: Purpose) -> Spots:
    """Return where a purpose leads, by how strongly each place pulls."""
    return Spots.of(
        [
            (each.lat, each.lon, _pull(each, purpose), title_of(each) or _address(each))
            for each in features
            if each.kind in purpose.pulls
        ]
    )


def _pull(feature: Feature, purpose: Purpose) -> float:
    usual = 0.1 if feature.kind == "place" else 1.0
    return purpose.pulls[feature.kind] * RANKS.get(feature.rank, usual)


def all_stops(region: Region) -> Spots:
    """Return the stops as places to live and to go to, for a map that shows roads alone."""
    return Spots.of([(each.lat, each.lon, 1.0, each.label) for each in region.stops])


def _address(feature: Feature) -> str:
    house = f"{feature.street} {feature.housenumber}".strip()
    return ", ".join(part for part in (house, feature.city) if part)
