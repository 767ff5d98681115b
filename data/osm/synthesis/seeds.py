"""Random numbers, apart for each step: a change in one step leaves the others alone."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seed of a land, and what follows from it."""

    seed: int

    def sequence(self, step: str) -> np.random.SeedSequence:
        """Return the seeds of a step."""
        return np.random.SeedSequence([self.seed, *step.encode()])

    def rng(self, step: str) -> np.random.Generator:
        """Return the random numbers of a step."""
        return np.random.default_rng(self.sequence(step))
