"""What a better plan is: what it costs, how much room it leaves, and the margin before promises.

There is no other definition of it in the service: the search minimises it, and what the search
finds is judged by it once more before it is adopted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routing.problem import Tour, Weights
from routing.schedule import CompiledTours, compile_tours
from routing.search_state import cost_of_compiled
from routing.travel_times import TravelTimes


@dataclass(frozen=True, slots=True)
class Aim:
    """What a better plan is; nothing else in the service says so.

    Attributes
    ----------
    weights
        What a plan costs, at the times of its timetable.
    margin
        From so many seconds before the end of a promise on, a halt counts as late: a plan that
        is not as tight survives traffic. The promise itself stays where it is.
    """

    weights: Weights
    margin: int


AIM = Aim(Weights(driving=4, waiting=1, riding=1, lateness=20), margin=120)
"""Four seconds that somebody waits or rides count as one of driving; a second in the last two
minutes of a promise, or after it, as five. ``python -m benchmarks.live`` tells what comes of it."""

ENOUGH_SLACK = 600
"""Seconds by which a halt may happen later before more does not help."""


def plan_cost(tours: Sequence[Tour], travel: TravelTimes, aim: Aim = AIM) -> int:
    """Return what tours cost, in the unit of the weights."""
    tight = [tightened(tour, aim.margin, travel) for tour in tours]
    return cost_of_compiled(compile_tours(tight, travel), aim.weights)


def slack(compiled: CompiledTours, numbers: Sequence[int]) -> int:
    """Return by how much halts that lie ahead may happen later in all, in seconds.

    Each counts at most :data:`ENOUGH_SLACK`: what is loose already cannot make up for what is
    tight.
    """
    total = 0
    for number in numbers:
        tour, row = compiled.tours[number], compiled.halts[number]
        ahead = row[tour.served : len(tour.halts)]
        total += int((ahead["deadline"] - ahead["soonest"]).clip(0, ENOUGH_SLACK).sum())
    return total


def tightened(tour: Tour, margin: int, travel: TravelTimes) -> Tour:
    """Return a tour whose promises end earlier by a margin, as far as they lie ahead.

    Where that leaves no times at which every ride is short enough, a promise ends no earlier than
    it is to be kept: else the search would take too long a ride for given.
    """
    if not any(halt.trip for halt in tour.halts[tour.fixed :]):
        return tour
    tight = _with_latest(tour, [halt.latest - margin for halt in tour.halts])
    limits = compile_tours((tight,), travel).halts[0]["max_ride"].tolist()
    if all(
        limit <= halt.max_ride for halt, limit in zip(tour.halts, limits, strict=False) if halt.trip
    ):
        return tight
    planned = compile_tours((tour,), travel)
    begins = planned.begins(0)
    return _with_latest(
        tour, [max(halt.latest - margin, begins[k]) for k, halt in enumerate(tour.halts)]
    )


def _with_latest(tour: Tour, latest: Sequence[int]) -> Tour:
    """Return a tour with earlier ends of the windows in which people are to be served."""
    ahead = (
        halt.between(halt.earliest, min(halt.latest, max(halt.earliest, end)))
        if halt.trip
        else halt
        for halt, end in zip(tour.halts[tour.fixed :], latest[tour.fixed :], strict=True)
    )
    return replace(tour, halts=(*tour.halts[: tour.fixed], *ahead))
