"""Chance that is the same for every variant of a scenario: common random numbers.

Every draw has a name: what it is about, not when it is made. So two fleets meet the same callers
with the same moods on the same slippery road, and their difference is the fleets' (Law,
*Simulation Modeling and Analysis*, 5th edition, 2015, section 11.2).
"""

import math
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
        self._root = (seed, day.toordinal())

    def of(self, about: About, *name: int) -> np.random.Generator:
        """Return the generator for one thing, always the same."""
        return np.random.default_rng([*self._root, about, *name])

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
        bell = float(self.of(about, *name).standard_normal())
        return math.exp(deviation * bell - deviation**2 / 2)

    def leg(self, reality: Reality, here: int, there: int, time: int) -> float:
        """Return how many times as long as planned a leg takes that begins at a time."""
        own = self.factor(reality.legs, About.LEG, here, there, time // 900)
        return reality.slower * own * self.factor(reality.hours, About.HOUR, time // 3600)
