"""Means and 95 % intervals over repetitions, and comparisons with common random numbers.

Student's t over independent repetitions; of two variants, over the differences of the repetitions
that met the same chance (Law, *Simulation Modeling and Analysis*, 5th edition, sections 9.4 and
10.2).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from scipy.stats import t

from scenarios.measures import Figures, Repetition


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with half the width of its 95 % interval; None of fewer than two repetitions."""

    mean: float
    half: float | None
    number: int

    @property
    def certain(self) -> bool:
        """Whether 0 lies outside."""
        return self.half is not None and abs(self.mean) > self.half


def interval_of(values: Sequence[float]) -> Interval:
    """Return the mean of independent values and its 95 % interval."""
    number = len(values)
    if number < 2:
        return Interval(mean(values), None, number)
    quantile = float(t.ppf(0.975, number - 1))
    return Interval(mean(values), quantile * stdev(values) / math.sqrt(number), number)


def intervals(figures: Sequence[Figures]) -> dict[str, Interval]:
    """Return the interval of each figure over the repetitions that have it."""
    names = dict.fromkeys(name for each in figures for name in each)
    return {name: interval_of([each[name] for each in figures if name in each]) for name in names}


def differences(one: Sequence[Repetition], other: Sequence[Repetition]) -> dict[str, Interval]:
    """Return by how much the other variant has more of each figure, paired by seed."""
    first = {each.seed: each.figures for each in one}
    pairs = [(first[each.seed], each.figures) for each in other if each.seed in first]
    return intervals([{n: b[n] - a[n] for n in b if n in a} for a, b in pairs])


def sentences(one: str, other: str, found: dict[str, Interval]) -> dict[str, str]:
    """Return what a comparison comes to, in a sentence of each language."""
    served, cost = found["served"], found["cost"]
    euros, more, dearer = f"{abs(cost.mean):,.0f} €", served.mean > 0, cost.mean >= 0
    euro_dot = euros.replace(",", ".")
    costs = {
        "de": f"das kostet {euro_dot} {'mehr' if dearer else 'weniger'}",
        "en": f"it costs {euros} {'more' if dearer else 'less'}",
        "da": f"det koster {euro_dot} {'mere' if dearer else 'mindre'}",
    }
    if not served.certain:
        around = _signed(served)
        comma = around.replace(".", ",")
        return {
            "de": f"Ob „{other}“ mehr Fahrten bedient als „{one}“, ist nicht vom Zufall zu "
            f"unterscheiden ({comma} am Tag); {costs['de']}.",
            "en": f"Whether “{other}” serves more rides than “{one}” cannot be told from chance "
            f"({around} a day); {costs['en']}.",
            "da": f"Om »{other}« kører flere ture end »{one}«, kan ikke skelnes fra "
            f"tilfældigheder ({comma} om dagen); {costs['da']}.",
        }
    rides = f"{abs(served.mean):.1f} ± {served.half:.1f}"
    comma = rides.replace(".", ",")
    return {
        "de": f"„{other}“ bedient {comma} Fahrten am Tag {'mehr' if more else 'weniger'} "
        f"als „{one}“; {costs['de']}.",
        "en": f"“{other}” serves {rides} {'more' if more else 'fewer'} rides a day than “{one}”; "
        f"{costs['en']}.",
        "da": f"»{other}« kører {comma} {'flere' if more else 'færre'} ture om dagen end »{one}«; "
        f"{costs['da']}.",
    }


def _signed(interval: Interval) -> str:
    half = "" if interval.half is None else f" ± {interval.half:.1f}"
    return f"{interval.mean:+.1f}{half}"
