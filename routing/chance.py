"""Random numbers for kernels: SplitMix64 (Steele, Lea and Flood 2014), one word of state.

The state belongs to the caller, so that the same seed gives the same numbers whatever else runs
in the process.
"""

import math

import numpy as np
import numpy.typing as npt

from routing.kernel import entry_kernel, inline_kernel

Chance = npt.NDArray[np.uint64]
"""uint64[1]: the state."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / (1 << 53)


def seeded(seed: int) -> Chance:
    """Return the state that belongs to a seed."""
    return np.array([seed % (1 << 64)], np.uint64)


@inline_kernel
def mixed(word: np.uint64) -> np.uint64:
    """Scramble a word: every bit of it counts for every bit of the result."""
    word = (word ^ (word >> _S30)) * _MIX_1
    word = (word ^ (word >> _S27)) * _MIX_2
    return word ^ (word >> _S31)


@inline_kernel
def share(chance: Chance) -> float:
    """Draw from [0, 1)."""
    chance[0] += _STEP
    return float(mixed(chance[0]) >> _S11) * _UNIT


@inline_kernel
def below(chance: Chance, limit: int) -> int:
    """Draw one of 0, 1 ... limit - 1; limit is at least 1."""
    return int(share(chance) * limit)


@entry_kernel
def drawn(chance: Chance, limit: int) -> int:
    """Draw one of 0, 1 ... limit - 1, for Python."""
    return below(chance, limit)


@inline_kernel
def exponential(chance: Chance) -> float:
    """Draw from the exponential distribution with mean 1."""
    return -math.log(1.0 - share(chance))
