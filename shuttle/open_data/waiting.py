"""How long people may expect to wait, by hour and village: as simulated rides did.

Counted from the wanted departure to getting on, of those who asked within the hour before and were
driven. Whoever was refused waits for nothing, and is told in the figures of a run instead. Where
few rode at an hour from a village, the whole area at that hour speaks for it, then the village at
any hour, then all.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

ENOUGH_WAITS = 20
"""So many rides are needed before they speak for an hour or a village."""

SPONTANEOUS = 3600
"""Who asked no longer than so many seconds before the wanted time has not planned ahead."""

_MINUTE = 60

_ANYWHERE, _ANY_HOUR = "", ""


class Wait(NamedTuple):
    """How long one ride let somebody wait.

    Attributes
    ----------
    village
        Where; empty outside of the villages.
    hour
        Of the wanted time on the region's clocks, such as "08".
    seconds
        From the wanted time to getting on.
    """

    village: str
    hour: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Expected:
    """How long people may expect to wait; whole minutes, in seconds.

    Attributes
    ----------
    half
        Half of them no longer.
    most
        Nine of ten no longer.
    rides
        How many say so.
    """

    half: int
    most: int
    rides: int


@dataclass(frozen=True, slots=True)
class ExpectedWaiting:
    """What is known, by village and hour; an empty one stands for all."""

    known: Mapping[str, Mapping[str, Expected]] = field(default_factory=dict)

    def at(self, village: str, hour: int) -> Expected | None:
        """Return what is to be expected in a village at an hour, None if nothing is known."""
        cells = (
            (village, f"{hour:02}"),
            (_ANYWHERE, f"{hour:02}"),
            (village, _ANY_HOUR),
            (_ANYWHERE, _ANY_HOUR),
        )
        found = (self.known.get(where, {}).get(when) for where, when in cells)
        return next((each for each in found if each is not None), None)

    @property
    def overall(self) -> Expected | None:
        """What holds for all hours and villages together."""
        return self.known.get(_ANYWHERE, {}).get(_ANY_HOUR)

    def by_hour(self, village: str) -> Iterator[tuple[int, Expected]]:
        """Yield the hours of which something is known with what holds for a village then."""
        hours = {*self.known.get(village, {}), *self.known.get(_ANYWHERE, {})} - {_ANY_HOUR}
        for hour in sorted(map(int, hours)):
            found = self.at(village, hour)
            if found is not None:
                yield hour, found

    def text(self) -> str:
        """Return it as JSON, as it is stored."""
        cells = {
            where: {when: list(asdict(each).values()) for when, each in hours.items()}
            for where, hours in self.known.items()
        }
        return json.dumps(cells, ensure_ascii=False, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> "ExpectedWaiting":
        """Return what :meth:`text` wrote."""
        return cls(
            {
                where: {when: Expected(*numbers) for when, numbers in hours.items()}
                for where, hours in json.loads(text).items()
            }
        )


def expected_waiting(waits: Iterable[Wait]) -> ExpectedWaiting:
    """Return what rides say, where there are enough."""
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for wait in waits:
        wheres = {wait.village, _ANYWHERE}
        for where in wheres:
            for when in (wait.hour, _ANY_HOUR):
                cells[where, when].append(max(wait.seconds, 0))
    known: dict[str, dict[str, Expected]] = defaultdict(dict)
    for (where, when), seconds in sorted(cells.items()):
        if len(seconds) >= ENOUGH_WAITS:
            known[where][when] = _expected(sorted(seconds))
    return ExpectedWaiting(dict(known))


def _expected(seconds: list[int]) -> Expected:
    def no_longer(share: float) -> int:
        longest = seconds[math.ceil(share * len(seconds)) - 1]
        return math.ceil(longest / _MINUTE) * _MINUTE

    return Expected(no_longer(0.5), no_longer(0.9), len(seconds))
