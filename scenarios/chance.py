"""Chance that is the same for every variant of a scenario: common random numbers.

Every draw has a name: what it is about, not when it is made. So two fleets meet the same callers
with the same moods on the same slippery road, and their difference is the fleets' (Law,
*Simulation Modeling and Analysis*, 5th edition, 2015, section 11.2).
"""

import math
from collections.abc import Iterator
from datetime import date
from enum import IntEnum

import numpy as np

from scenarios.scenario import Reality


class About(IntEnum):
    """What a draw is about."""

    WISHES = 1
    NUMBER = 2
    CHOICE = 3
    CANCELS = 4
    COMES = 5
    LEG = 6
    HOUR = 7
    HALT = 8
    ROADS = 9
    BREAKDOWN = 10
    CONSUMPTION = 11


class Chance:
    """The chance of one service day.

    Parameters
    ----------
    seed
        Of the repetition.
    day
        The service day.
    """

    def __init__(self, seed: int, day: date) -> None:
        self._root = (*_words(seed), day.toordinal())
        self._bells: dict[tuple[int, ...], float] = {}

    def of(self, about: About, *name: int) -> np.random.Generator:
        """Return the generator for one thing, always the same."""
        words = np.array((*self._root, about, *name), np.uint32)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    def seed(self, about: About) -> int:
        """Return a seed for one thing."""
        return int(np.random.SeedSequence([*self._root, about]).generate_state(1)[0])

    def share(self, about: About, *name: int) -> float:
        """Return a number from 0 to 1."""
        return float(self.of(about, *name).random())

    def factor(self, deviation: float, about: About, *name: int) -> float:
        """Return a log-normal number with the mean 1; `deviation` is that of its logarithm."""
        if deviation == 0:
            return 1.0
        bell = self._bells.get((about, *name))
        if bell is None:
            bell = self._bells[about, *name] = float(self.of(about, *name).standard_normal())
        return math.exp(deviation * bell - deviation**2 / 2)

    def leg(self, reality: Reality, ends: tuple[int, int], time: int, kmh: float) -> float:
        """Return how many times as long as planned a leg takes.

        Parameters
        ----------
        reality
            How much is left to chance.
        ends
            Numbers of the places.
        time
            When it begins, in epoch seconds.
        kmh
            Its planned speed, which tells on what roads it is driven.
        """
        own = self.factor(reality.legs, About.LEG, *ends, time // 900)
        hour = time // 3600
        together = self.factor(reality.hours, About.HOUR, hour)
        alike = self.factor(reality.roads, About.ROADS, hour, road_class(kmh))
        return reality.slower * own * together * alike

    def breakdowns(
        self, reality: Reality, vehicle: int, begin: int, end: int
    ) -> Iterator[tuple[int, int]]:
        """Yield when a vehicle breaks down on duty, and for how many seconds, in epoch seconds."""
        if reality.breakdowns_in_100_hours == 0:
            return
        drawn, time = self.of(About.BREAKDOWN, vehicle, begin), float(begin)
        while True:
            time += drawn.exponential(360_000 / reality.breakdowns_in_100_hours)
            if time >= end:
                return
            lasts = max(300.0, drawn.exponential(60 * reality.breakdown_minutes))
            yield round(time), round(lasts)
            time += lasts


def _words(number: int) -> Iterator[int]:
    """Yield a number in words of 32 bits, the low ones first, as a seed is taken apart.

    Given as an array of them it makes the very same generator in half the time.
    """
    yield number & 0xFFFFFFFF
    if number >> 32:
        yield from _words(number >> 32)


def road_class(kmh: float) -> int:
    """Return the class of the roads of a leg: 0 in villages, 1 between them, 2 on main roads."""
    return (kmh >= 40) + (kmh >= 65)
