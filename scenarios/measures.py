"""What simulated days come to: the figures of the glossary, and counts for tables and plots."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenarios.records import ASKED, DayRows, Fate, Group, LegRow, RideRow, ShiftCharge
from scenarios.scenario import Scenario

Figures = dict[str, float]
"""By the keys of the glossary; a figure that nothing speaks of is left out."""


@dataclass
class Repetition:
    """What one repetition of a scenario came to: figures, and counts by what is asked of them.

    `counts` are requests, rides and refusals by hour, village and group, refusals by reason too,
    refusals by stop, and waiting by the minute: small, however many days there were.
    """

    seed: int
    days: int
    figures: Figures
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


def repetition(scenario: Scenario, seed: int, days: Iterable[DayRows]) -> Repetition:
    """Return what the days of a repetition came to; each is let go of when it is counted."""
    tally = Tally(scenario)
    for day in days:
        tally.add(day)
    return Repetition(seed, tally.days, tally.figures(), tally.counted())


class Tally:
    """Counts days one after the other."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.days = scenario, 0
        self._sums: Counter[str] = Counter()
        self._samples: dict[str, list[float]] = {
            name: [] for name in ("waiting", "riding", "detour", "walking")
        }
        self._fates: Counter[tuple[Group, Fate]] = Counter()
        self._counts: dict[str, Counter[str]] = {}
        self._used = self._charged = 0.0

    def add(self, day: DayRows) -> None:
        """Count a day."""
        self.days += 1
        electric = {each.vehicle for each in day.shifts if each.electric}
        for ride in day.rides:
            self._ride(ride)
        for leg in day.legs:
            self._leg(leg, leg.vehicle in electric)
        for each in day.shifts:
            if each.charge is not None:
                self._charge(each.vehicle, each.charge)
        measured = {each.vehicle for each in day.shifts if each.charge is not None}
        self._sums["measured"] += sum(leg.metres for leg in day.legs if leg.vehicle in measured)
        self._sums["seconds"] += sum(each.end - each.begin for each in day.shifts)
        self._sums["broken down"] += day.broken_down
        self._sums["vehicles"] += len({each.vehicle for each in day.shifts})

    def _ride(self, ride: RideRow) -> None:
        if ride.fate not in ASKED:
            return
        self._fates[ride.group, ride.fate] += 1
        where = {"hour": f"{ride.hour:02}", "village": ride.village, "group": ride.group.value}
        self._count("requests", where)
        if ride.kept is not None:
            self._sums["verdicts"] += 1
            self._sums["kept"] += ride.kept
        if ride.fate is Fate.REFUSED:
            self._count("refused", where | {"reason": ride.reason, "stop": ride.origin})
        if ride.fate is Fate.SERVED:
            self._count("served", where)
            self._served(ride)

    def _served(self, ride: RideRow) -> None:
        assert ride.pickup is not None, "who was driven got on"
        assert ride.dropoff is not None, "and off"
        assert ride.window is not None, "as was promised"
        waiting = (ride.pickup - ride.window) / 60
        aboard = (ride.dropoff - ride.pickup) / 60
        self._samples["waiting"].append(waiting)
        self._samples["riding"].append(aboard)
        self._samples["detour"].append(60 * aboard / max(60, ride.direct_seconds))
        self._samples["walking"].append(ride.walk)
        self._counts.setdefault("waiting by minute", Counter())[f"{int(waiting):02}"] += 1
        self._sums["passengers"] += ride.passengers
        self._sums["shared"] += ride.shared
        self._sums["moved"] += ride.moved
        self._sums["cents"] += ride.fare_cents
        self._sums["direct"] += ride.direct_metres

    def _leg(self, leg: LegRow, electric: bool) -> None:
        full = "occupied" if leg.bookings else "empty"
        self._sums[f"metres {full}"] += leg.metres
        self._sums[f"driven {full}"] += leg.end - leg.begin
        self._sums["carried"] += leg.metres * leg.bookings
        if electric:
            self._sums["electric"] += leg.metres

    def _charge(self, vehicle: str, charge: ShiftCharge) -> None:
        self._used += charge.used
        self._charged += charge.charged
        self._sums["under reserve"] += charge.under_reserve
        lowest = self._counts.setdefault("lowest charge by vehicle", Counter())
        lowest[vehicle] = min(lowest.get(vehicle, 100), math.floor(charge.left))

    def _count(self, what: str, where: dict[str, str]) -> None:
        for by, which in where.items():
            self._counts.setdefault(f"{what} by {by}", Counter())[which] += 1

    def counted(self) -> dict[str, dict[str, int]]:
        """Return the counts, sorted by key."""
        return {name: dict(sorted(self._counts[name].items())) for name in sorted(self._counts)}

    def figures(self) -> Figures:
        """Return all figures that something speaks of, in the order of the glossary."""
        found = {**self._shares(), **self._rides(), **self._vehicles(), **self._money()}
        return {name: value for name, value in found.items() if value is not None}

    def _number(self, *fates: Fate) -> int:
        return sum(n for (_, fate), n in self._fates.items() if fate in fates)

    def _shares(self) -> dict[str, float | None]:
        asked = self._number(*ASKED)
        by_group = {group: self._served_share(group) for group in Group}
        known = [each for each in by_group.values() if each is not None]
        return {
            "requests": _over(asked, self.days),
            "served": _over(self._number(Fate.SERVED), self.days),
            "passengers": _over(self._sums["passengers"], self.days),
            "served_share": _over(self._number(Fate.SERVED), asked),
            "refused_share": _over(self._number(Fate.REFUSED), asked),
            "declined_share": _over(self._number(Fate.DECLINED), asked),
            "called_off_share": _over(self._number(Fate.CANCELLED), asked),
            "no_show_share": _over(self._number(Fate.NO_SHOW), asked),
            **{f"served_share_{group.value}": share for group, share in by_group.items()},
            "spread": max(known) - min(known) if known else None,
        }

    def _served_share(self, group: Group) -> float | None:
        asked = sum(self._fates[group, fate] for fate in ASKED)
        return _over(self._fates[group, Fate.SERVED], asked)

    def _rides(self) -> dict[str, float | None]:
        served = self._number(Fate.SERVED)
        spreads: dict[str, float | None] = {}
        for name, values in self._samples.items():
            spreads |= _spread(name, values)
        return {
            **spreads,
            "moved_share": _over(self._sums["moved"], served),
            "kept_rate": _over(self._sums["kept"], self._sums["verdicts"]),
            "passengers_per_booking": _over(self._sums["passengers"], served),
            "bookings_on_board": _over(self._sums["carried"], self._sums["metres occupied"]),
            "shared_share": _over(self._sums["shared"], served),
        }

    def _vehicles(self) -> dict[str, float | None]:
        sums, days = self._sums, self.days
        empty, occupied = sums["metres empty"] / 1000, sums["metres occupied"] / 1000
        served, hours = self._number(Fate.SERVED), sums["seconds"] / 3600
        return {
            "km": _over(empty + occupied, days),
            "km_empty": _over(empty, days),
            "km_occupied": _over(occupied, days),
            "empty_share": _over(empty, empty + occupied),
            "hours": _over(hours, days),
            "breakdowns": _over(sums["broken down"], days),
            "hours_empty": _over(sums["driven empty"] / 3600, days),
            "hours_occupied": _over(sums["driven occupied"] / 3600, days),
            "km_a_ride": _over(empty + occupied, served),
            "rides_an_hour": _over(served, hours),
            "passengers_an_hour": _over(sums["passengers"], hours),
        }

    def _money(self) -> dict[str, float | None]:
        sums, days, energy, costs = self._sums, self.days, self.scenario.energy, self.scenario.costs
        km = (sums["metres empty"] + sums["metres occupied"]) / 1000
        reckoned = (sums["electric"] - sums["measured"]) / 1000 * energy.kwh_per_100_km / 100
        kwh = self._used + reckoned
        litres = (km - sums["electric"] / 1000) * energy.litres_per_100_km / 100
        cost = sums["seconds"] / 3600 * costs.per_vehicle_hour + km * costs.per_km
        cost += sums["vehicles"] * costs.per_vehicle_day
        return {
            "kwh": _over(kwh, days),
            **self._batteries(),
            "litres": _over(litres, days),
            "co2": _over(kwh * energy.kg_per_kwh + litres * energy.kg_per_litre, days),
            "co2_by_car": _over(sums["direct"] / 1000 * energy.car_kg_per_km, days),
            "cost": _over(cost, days),
            "fares": _over(sums["cents"] / 100, days),
            "cost_a_ride": _over(cost, self._number(Fate.SERVED)),
            "subsidy": _over(cost - sums["cents"] / 100, sums["passengers"]),
        }

    def _batteries(self) -> dict[str, float | None]:
        lowest = self._counts.get("lowest charge by vehicle")
        if lowest is None:
            return {}
        return {
            "kwh_charged": _over(self._charged, self.days),
            "lowest_charge": min(lowest.values()) / 100,
            "under_reserve": _over(self._sums["under reserve"], self.days),
        }


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _spread(name: str, values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {}
    p50, p95 = np.percentile(values, [50, 95])
    return {f"{name}_mean": float(np.mean(values)), f"{name}_p50": float(p50),
            f"{name}_p95": float(p95)}  # fmt: skip
