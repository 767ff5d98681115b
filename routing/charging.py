"""How far the tours of an electric vehicle may lead, so that its battery lasts for all of them.

Everything is counted in metres: what a battery holds above its reserve is a range, and charging at
the depot between two tours adds to it. Let tour i have `m[i]` metres and begin with the range

    a[i] = a[i-1] - m[i-1] + what is gained before it,   never more than a full battery,

then all can be driven if `m[i] <= a[i]` for each. Ranges only fall as ways get longer: so a longer
tour harms itself and the later ones, never an earlier one. Two kinds of limits follow.

- :func:`own_reach`, for whatever changes *one* tour: its range less what the later ones need of
  it. If one tour stays within it, and no other changes, every tour can be driven.
- :func:`joint_reach`, for a search that changes *several* at once: limits `L` that could be driven
  if every tour were as long as its limit. Any plan within them has `m <= L`, and shorter ways
  never harm, so every choice of tours within their limits can be driven, whatever the others do.

Both let a tour that is too long already keep what it has, where the caller says so, and nothing
more. What was driven differently from what was planned is known when somebody reads the battery:
from then on `least` and `most` hold.
"""

from collections.abc import Sequence
from typing import NamedTuple

from routing.problem import FOREVER


class Charge(NamedTuple):
    """What a battery is given before a tour, in metres of driving above its reserve.

    Attributes
    ----------
    full
        What a full one holds.
    gained
        Charged between the tour before and this one, at most; before the first one what the day
        begins with.
    least, most
        What it holds at the start of the tour, as somebody has read it: what was reckoned counts
        within these.
    """

    full: int
    gained: int
    least: int = -FOREVER
    most: int = FOREVER


def ranges(charges: Sequence[Charge], metres: Sequence[int]) -> list[int]:
    """Return the range with which each tour begins, if all are as long as given.

    Parameters
    ----------
    charges
        One a tour of one vehicle, in their order.
    metres
        How long they are.
    """
    found: list[int] = []
    left = 0
    for charge, way in zip(charges, metres, strict=True):
        reckoned = min(charge.full, left + charge.gained)
        found.append(min(max(reckoned, charge.least), charge.most))
        left = found[-1] - way
    return found


def own_reach(charges: Sequence[Charge], metres: Sequence[int]) -> list[int]:
    """Return how long each tour may be while the others are as long as they are.

    Less than it is where the battery does not last already.
    """
    found = ranges(charges, metres)
    needed = 0
    for i in range(len(charges) - 1, -1, -1):
        found[i] -= needed
        charge = charges[i]
        # More than a full battery, or than was read, no tour before can give; the least that was
        # read, none can take.
        wanted = min(metres[i] + needed, charge.full, charge.most)
        needed = 0 if wanted <= charge.least else max(0, wanted - charge.gained)
    return found


def joint_reach(
    charges: Sequence[Charge], metres: Sequence[int], changing: Sequence[bool]
) -> list[int]:
    """Return how long each tour may be whatever the others are, within these limits.

    None is shorter than the tour is now. What can be spared is shared in equal parts among a
    changing tour and the later ones, one after the other; what one cannot use goes to the others.

    Parameters
    ----------
    charges, metres
        As in :func:`ranges`.
    changing
        Which tours may change at all.
    """
    limits = list(metres)
    open_ones = [number for number, each in enumerate(changing) if each]
    for parts in (range(len(open_ones), 0, -1), [1] * len(open_ones)):
        for number, part in zip(open_ones, parts, strict=True):
            spare = own_reach(charges, limits)[number] - limits[number]
            limits[number] += max(0, spare) // part
    return limits
