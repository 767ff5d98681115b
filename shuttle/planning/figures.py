"""What runs and comparisons come to, and scenarios by name: values without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, or by how much one is larger: its mean with half of its 95 % interval.

    Attributes
    ----------
    mean, half
        Half is None of fewer than two repetitions.
    unit
        Empty for plain numbers; "%" for a share from 0 to 1.
    """

    mean: float
    half: float | None
    unit: str = ""

    @property
    def certain(self) -> bool:
        """Whether 0 lies outside of the interval."""
        return self.half is not None and abs(self.mean) > self.half


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared by the seeds that both have.

    Attributes
    ----------
    pairs
        How many repetitions met the same chance.
    differences
        By how much the second has more of each figure.
    sentences
        The same in words, by language; empty if nothing can be said.
    """

    pairs: int
    differences: Mapping[str, Figure]
    sentences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Named:
    """A scenario that comes along: its name, its title by language, its TOML."""

    name: str
    title: Mapping[str, str]
    toml: str


@dataclass(frozen=True, slots=True)
class Recording:
    """What was asked of the service in some days, as a scenario that replays it.

    Attributes
    ----------
    toml
        The scenario, with all that was asked in it and no names.
    requests
        How many there are.
    left_out
        How many were left out, because their stops are gone.
    """

    toml: str
    requests: int
    left_out: int
