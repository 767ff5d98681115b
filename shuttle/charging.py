"""Electric vehicles: what ``region.toml`` says of their batteries, and how far a day's tours reach.

A battery is full, or as full as the rule says, when the service day begins, and is charged while
the vehicle stands at its depot between two tours. Metres are counted down to its reserve, which no
plan touches. What a driver reads at the begin or the end of a shift corrects what was reckoned.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from routing.charging import Charge, joint_reach, own_reach
from routing.check import Violation, check_battery, worsened
from routing.problem import Tour
from routing.schedule import CompiledTours, metres_of
from routing.travel_times import TravelTimes
from shuttle.driving.reports import Report, ReportKind

if TYPE_CHECKING:
    from shuttle.plan import DayPlan
    from shuttle.region import Region

Reports = Mapping[str, Sequence[Report]]
"""By shift."""


class Battery(BaseModel):
    """``battery`` of a vehicle: what it holds, takes and is given.

    Consumption and range are ErzMobil's: 30 kWh on 100 km. The reserve is a judgement.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kwh: float = Field(gt=0, le=2000)
    kwh_per_100_km: float = Field(default=30.0, gt=0, le=500)
    charging_kw: float = Field(default=11.0, ge=0, le=1000)
    reserve_percent: float = Field(default=15.0, ge=0, lt=100)
    start_percent: float = Field(default=100.0, ge=0, le=100)

    def metres(self, kwh: float) -> int:
        """Return how far the vehicle gets with so much, in whole metres."""
        return math.floor(kwh / self.kwh_per_100_km * 100_000)

    def range_at(self, percent: float) -> int:
        """Return how many metres are left to the reserve; less than 0 below it."""
        return self.metres((percent - self.reserve_percent) / 100 * self.kwh)

    def charged_in(self, seconds: int) -> int:
        """Return by how many metres the range grows at the depot, until the battery is full."""
        return self.metres(self.charging_kw * max(0, seconds) / 3600)


class Chain(NamedTuple):
    """The tours of one electric vehicle in their order, by number, and what it is given."""

    tours: list[int]
    charges: list[Charge]


def chains(compiled: CompiledTours, region: "Region", reports: Reports) -> Iterator[Chain]:
    """Yield the tours of each vehicle that has a battery."""
    batteries = region.batteries
    if not batteries:
        return
    own: dict[str, list[int]] = defaultdict(list)
    for number, tour in enumerate(compiled.tours):
        own[tour.shift.id.partition("@")[0]].append(number)
    for vehicle, battery in batteries.items():
        numbers = sorted(own[vehicle], key=lambda number: compiled.tours[number].shift.start)
        depot = region.depot_of(vehicle)
        charges = _charges(compiled, numbers, battery, region, depot, reports)
        yield Chain(numbers, list(charges))


def within_reach(compiled: CompiledTours, region: "Region", reports: Reports) -> CompiledTours:
    """Return the tours, each with the metres that it may have while the others stay as they are."""
    changed: dict[int, Tour] = {}
    for chain in chains(compiled, region, reports):
        tours = [compiled.tours[number] for number in chain.tours]
        limits = own_reach(chain.charges, ways(tours, compiled.travel))
        changed |= _limited(chain.tours, tours, limits)
    return compiled.with_tours(changed) if changed else compiled


def within_joint_reach(
    compiled: CompiledTours, region: "Region", reports: Reports, staying: frozenset[str]
) -> tuple[Tour, ...]:
    """Return the tours, each with the metres that it may have whatever becomes of the others.

    Parameters
    ----------
    compiled
        The tours of the day.
    region, reports
        Of the day.
    staying
        Ids of shifts whose tours nobody will change.
    """
    changed: dict[int, Tour] = {}
    for chain in chains(compiled, region, reports):
        tours = [compiled.tours[number] for number in chain.tours]
        open_ones = [
            tour.fixed < len(tour.halts) and tour.shift.id not in staying for tour in tours
        ]
        limits = joint_reach(chain.charges, ways(tours, compiled.travel), open_ones)
        changed |= _limited(chain.tours, tours, limits)
    return tuple(changed.get(number, tour) for number, tour in enumerate(compiled.tours))


def battery_faults(before: "DayPlan", after: "DayPlan", planned: frozenset[int]) -> list[Violation]:
    """Return which batteries last less long than before, as the independent checker sees it.

    Not those of vehicles whose tours have merely lost rides: the fastest way past a stop is not
    always longer than the one between its neighbours, and nobody is kept on board for that.

    Parameters
    ----------
    before, after
        The day.
    planned
        Numbers of the tours that were planned anew: only their vehicles are judged.
    """
    known = {tour.shift.id: tour for tour in before.tours}

    def has_only_lost(tour: Tour) -> bool:
        was = known.get(tour.shift.id)
        stops = iter(() if was is None else [(halt.kind, halt.trip) for halt in was.halts])
        return all((halt.kind, halt.trip) in stops for halt in tour.halts)

    were, are = [], []
    for chain in chains(before.compiled, before.region, before.reports):
        own = [before.tours[number] for number in chain.tours]
        were += check_battery(own, before.travel, chain.charges)
    for chain in chains(after.compiled, after.region, after.reports):
        own = [after.tours[number] for number in chain.tours]
        if not planned.isdisjoint(chain.tours) and not all(map(has_only_lost, own)):
            are += check_battery(own, after.travel, chain.charges)
    return worsened(were, are)


def ways(tours: Sequence[Tour], travel: TravelTimes) -> list[int]:
    """Return how far tours lead, in metres."""
    return [metres_of(tour, travel) for tour in tours]


def _limited(
    numbers: Sequence[int], tours: Sequence[Tour], limits: Sequence[int]
) -> dict[int, Tour]:
    """Return the tours whose limit is another one."""
    return {
        number: replace(tour, reach=limit)
        for number, tour, limit in zip(numbers, tours, limits, strict=True)
        if tour.reach != limit
    }


def _charges(
    compiled: CompiledTours,
    numbers: Sequence[int],
    battery: Battery,
    region: "Region",
    depot: int,
    reports: Reports,
) -> Iterator[Charge]:
    """Yield what a battery is given before each of its vehicle's tours."""
    full = battery.range_at(100)
    for number, before in zip(numbers, (None, *numbers), strict=False):
        if before is None:
            gained, left = battery.range_at(battery.start_percent), None
        else:
            gained = battery.charged_in(_standing(compiled, before, number, region, depot))
            left = _reading(reports, compiled.tours[before], ReportKind.ENDED)
        shown = _reading(reports, compiled.tours[number], ReportKind.STARTED)
        if shown is not None:
            yield Charge(full, gained, *_bounds(battery, shown, 0))
        elif left is not None:
            yield Charge(full, gained, *_bounds(battery, left, gained))
        else:
            yield Charge(full, gained)


def _standing(
    compiled: CompiledTours, before: int, number: int, region: "Region", depot: int
) -> int:
    """Return for how many seconds a vehicle stands at its depot between two tours, at least.

    No plan brings a tour back later than its shift ends, unless it is later already.
    """
    last, tour = compiled.tours[before], compiled.tours[number]
    ends = (last.shift.end_place, tour.shift.start_place)
    if any(region.number_of(place) != depot for place in ends):
        return 0
    back = last.halts[-1].earliest
    if last.served < len(last.halts):
        back = max(last.shift.end, compiled.begins(before)[-1])
    return max(0, tour.halts[0].earliest - back)


def _reading(reports: Reports, tour: Tour, kind: ReportKind) -> int | None:
    """Return what the battery last showed when the shift began or ended, in per cent."""
    shown = [each.charge for each in reports.get(tour.shift.id, ()) if each.kind is kind]
    return next((each for each in reversed(shown) if each is not None), None)


def _bounds(battery: Battery, percent: int, gained: int) -> tuple[int, int]:
    """Return the least and the most range of a battery that showed so many whole per cents."""
    full = battery.range_at(100)
    least, most = (battery.range_at(percent + half) + gained for half in (-0.5, 0.5))
    return min(full, least), min(full, most)
