"""A region as it is on one day: with the travel times, shifts and stops under its conditions.

Planning knows one matrix of travel times, and a day on which a road is closed for some hours has
several. So each distinct set of disturbances that can be in force together is a *layer*, layer 0
being without any, and the matrix gets a row for each place in each layer. A halt whose window
comes near a disturbance stands in the row of that layer. Vehicles leave just in time for the next
halt, so the way between two halts is that of the layer of the halt it leads to.

That errs on the safe side: a halt counts as disturbed as soon as any time in its window, give or
take the length of a long drive, is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache

import numpy as np

from routing.problem import Break, Shift
from routing.road_network import RoadNetwork
from routing.shortest_paths import Ints
from routing.travel_times import UNREACHABLE, TravelTimes
from shuttle.region import Region
from shuttle.trouble.conditions import Condition, Duty, RoadClosed, Slower, StopClosed

DRIVE_SECONDS = 1800
"""About the longest drive in a region: a halt is disturbed by what is in force so long before or
after its window, because the way to it may be, and because it may be late."""

MOST_LAYERS = 6
"""With more different sets of disturbances than this, any of them counts as all of them."""

SNAP_METRES = 100.0
"""A road is closed where it comes this near to the point that was shown."""

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Layer:
    """What holds while some disturbances are in force.

    Attributes
    ----------
    ids
        Of the conditions.
    roads
        Without those that are closed.
    travel
        Between the places of the region.
    cut_off
        Places to or from which no road leads.
    factor
        How many times as long as usual everything takes.
    """

    ids: frozenset[str]
    roads: RoadNetwork
    travel: TravelTimes
    cut_off: frozenset[int] = frozenset()
    factor: float = 1.0


@dataclass(frozen=True, eq=False)
class RegionOnDay(Region):
    """A region under the conditions of a day.

    Attributes
    ----------
    usual
        The region without any.
    conditions
        In the order in which they were entered.
    layers
        The first is undisturbed.
    """

    usual: Region
    conditions: tuple[Condition, ...]
    layers: tuple[Layer, ...]

    def place_when(self, place: int, earliest: int, latest: int) -> int:
        """Return the row of `travel` for halts at a place within a window."""
        return place + self._layer(earliest, latest) * len(self.usual.places)

    def number_of(self, place: int) -> int:
        """Return the place that a row of `travel` is about."""
        return place % len(self.usual.places)

    def roads_between(self, origin: int, destination: int) -> RoadNetwork:
        """Return the roads as they are when somebody drives from row to row of `travel`."""
        if self.travel.seconds[origin, destination] >= UNREACHABLE:
            return self.drive
        return self.layers[destination // len(self.usual.places)].roads

    def slowness(self, destination: int) -> float:
        """Return how many times as long as usual roads take to a row of `travel`."""
        return self.layers[destination // len(self.usual.places)].factor

    def closed(self, place: int, earliest: int, latest: int) -> bool:
        """Whether a place is closed or cut off some time within a window."""
        number = self.number_of(place)
        stop = self.stop_at(place)
        shut = stop is not None and any(
            isinstance(each.disturbance, StopClosed)
            and each.disturbance.stop == stop.id
            and each.overlaps(earliest, latest)
            for each in self.conditions
        )
        return shut or number in self.layers[self._layer(earliest, latest)].cut_off

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """Return the shifts of the day, the new ones last."""
        shifts = {shift.id: shift for shift in super().shifts(day)}
        for duty in (duty for each in self.conditions for duty in each.duties):
            shifts[duty.shift] = self._shift_of(duty)
        return tuple(self._placed(shift) for shift in shifts.values())

    def _shift_of(self, duty: Duty) -> Shift:
        depot = self.depot_of(duty.vehicle)
        return Shift(
            id=duty.shift,
            start_place=depot if duty.from_stop is None else self.place_of(duty.from_stop),
            end_place=depot if duty.to_stop is None else self.place_of(duty.to_stop),
            start=duty.begin,
            end=duty.end,
            layouts=self.layouts_of(duty.vehicle),
            breaks=tuple(Break(depot, *each) for each in duty.breaks),
        )

    def _placed(self, shift: Shift) -> Shift:
        """Return a shift with breaks and end in their layers; nobody drives to its start."""
        return replace(
            shift,
            end_place=self.place_when(shift.end_place, shift.end, shift.end),
            breaks=tuple(
                replace(rest, place=self.place_when(rest.place, rest.earliest, rest.latest))
                for rest in shift.breaks
            ),
        )

    def _layer(self, earliest: int, latest: int) -> int:
        ids = _disturbing(self.conditions, earliest - DRIVE_SECONDS, latest + DRIVE_SECONDS)
        if not ids:
            return 0
        known = (n for n, layer in enumerate(self.layers) if layer.ids == ids)
        return next(known, len(self.layers) - 1)  # the last one has them all


def region_on(region: Region, conditions: Sequence[Condition]) -> Region:
    """Return a region as it is on a day under its conditions; itself if there are none."""
    if not conditions:
        return region
    layers = tuple(_layer_of(region, ids, conditions) for ids in _sets_in_force(conditions))
    travel = region.travel if len(layers) == 1 else _layered([each.travel for each in layers])
    own = {field.name: getattr(region, field.name) for field in fields(Region)}
    own |= {"places": region.places * len(layers), "travel": travel}
    return RegionOnDay(**own, usual=region, conditions=tuple(conditions), layers=layers)


def _disturbing(conditions: Sequence[Condition], begin: int, end: int) -> frozenset[str]:
    """Return what changes travel times some time in a span."""
    return frozenset(
        each.id
        for each in conditions
        if isinstance(each.disturbance, RoadClosed | Slower) and each.overlaps(begin, end)
    )


def _sets_in_force(conditions: Sequence[Condition]) -> list[frozenset[str]]:
    """Return every set of disturbances that some window can meet, none of them first."""
    marks = sorted({time for each in conditions for time in each.span})
    sets = {
        _disturbing(conditions, begin, end)
        for number, begin in enumerate(marks)
        for end in marks[number:]
    }
    each_alone = {frozenset((one,)) for ids in sets for one in ids}
    everything = frozenset().union(*sets)
    sets = {ids for ids in sets | each_alone if ids} - {everything}
    if len(sets) > MOST_LAYERS - 2:
        sets = set()
    ordered = sorted(sets, key=lambda ids: (len(ids), sorted(ids)))
    return [frozenset(), *ordered, *([everything] if everything else [])]


def _layer_of(region: Region, ids: frozenset[str], conditions: Sequence[Condition]) -> Layer:
    disturbances = [each.disturbance for each in conditions if each.id in ids]
    points = {p for each in disturbances if isinstance(each, RoadClosed) for p in each.points}
    # Of several the slowest counts: they are one winter, told twice.
    factor = max((each.factor for each in disturbances if isinstance(each, Slower)), default=1.0)
    roads, travel, cut_off = _closed(region, tuple(sorted(points)))
    if factor > 1.0:
        travel = TravelTimes(_slowed(travel.seconds, factor), travel.metres)
    return Layer(ids, roads, travel, cut_off, factor)


@lru_cache(maxsize=8)
def _closed(region: Region, points: Points) -> tuple[RoadNetwork, TravelTimes, frozenset[int]]:
    """Return a region's roads and travel times with roads closed, and what is cut off by it."""
    if not points:
        return region.drive, region.travel, frozenset()
    snaps = [region.drive.snap(*point, SNAP_METRES, halting=False) for point in points]
    roads = region.drive.closed_at([snap for snap in snaps if snap is not None])
    travel = TravelTimes.between(roads, region.places)
    # Nobody plans a way that takes for ever; but one that was driven before has its length still.
    metres = np.where(travel.metres < UNREACHABLE, travel.metres, region.travel.metres)
    travel = TravelTimes(travel.seconds, metres)
    depots = range(len(region.stops), len(region.places))
    forth = (travel.seconds[depots, :] < UNREACHABLE).any(axis=0)
    back = (travel.seconds[:, depots] < UNREACHABLE).any(axis=1)
    return roads, travel, frozenset(np.flatnonzero(~(forth & back)).tolist())


def _slowed(seconds: Ints, factor: float) -> Ints:
    longer = np.minimum(np.ceil(seconds * factor), UNREACHABLE).astype(np.int32)
    return np.where(seconds < UNREACHABLE, longer, np.int32(UNREACHABLE))


def _layered(layers: Sequence[TravelTimes]) -> TravelTimes:
    """Return one matrix: from any layer to another it takes as long as in the other."""

    def woven(matrices: list[Ints]) -> Ints:
        return np.tile(np.hstack(matrices), (len(matrices), 1))

    return TravelTimes(
        woven([each.seconds for each in layers]), woven([each.metres for each in layers])
    )
