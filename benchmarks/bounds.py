"""How far the best plans may be from the best possible: ``python -m benchmarks.bounds [FOLDER]``.

Days of the bundled region, and the published dial-a-ride instances of a folder. A day is booked
ride by ride and planned better by :func:`routing.improvement.improve`; then its lower bound is
looked for, starting from the tours of that plan.
"""

import argparse
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks.instances import SCALE, as_problem, read_folder
from benchmarks.report import show
from routing.budget import Budget
from routing.improvement import improve
from routing.insertion import best_insertions, insert
from routing.lower_bound import LowerBound, lower_bound
from routing.problem import Break, Problem, Request, Shift, Trip, Weights, empty_tour
from routing.schedule import compile_tours
from scenarios.demand import Wish, wishes
from shuttle.domain import When
from shuttle.region import BUNDLED, Region

DAY = date(2027, 3, 1)

WINDOW = 10 * 60
SERVICE = 60
PRICE = 100_000_000

WEIGHTS = {"driving": Weights(), "all": Weights(driving=10, metres=1, waiting=2, riding=3)}

DAYS = tuple((rides, vehicles) for vehicles in (2, 3, 4) for rides in (20, 40, 60))

COLUMNS = ("day", "best plan", "bound", "gap", "seconds", "solved", "rounds", "tours")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="published instances")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each bound")
    parser.add_argument("--plan", type=float, default=20.0, help="seconds for each plan")
    arguments = parser.parse_args()
    _bound(day_of(Region.load(BUNDLED), 5, 1, Weights()), 0.5, 60.0)  # compiles
    show("Days of the bundled region", COLUMNS, list(_days(arguments.plan, arguments.seconds)))
    if arguments.folder is not None:
        rows = list(_published(arguments.folder, arguments.seconds))
        show("Published dial-a-ride instances", COLUMNS, rows)


def _days(plan: float, seconds: float) -> Iterator[list[str]]:
    region = Region.load(BUNDLED)
    for name, weights in WEIGHTS.items():
        for rides, vehicles in DAYS:
            problem = day_of(region, rides, vehicles, weights)
            cost, bound, spent = _bound(problem, plan, seconds)
            yield _row(f"{rides} rides, {vehicles} vehicles, {name}", cost, bound, spent)


def _published(folder: Path, seconds: float) -> Iterator[list[str]]:
    for instance in read_folder(folder):
        if instance.best_known is not None:
            began = time.perf_counter()
            bound = lower_bound(as_problem(instance), budget=Budget(seconds=seconds))
            cost = round(instance.best_known.cost * SCALE)
            yield _row(instance.name, cost, bound, time.perf_counter() - began)


def _bound(problem: Problem, plan: float, seconds: float) -> tuple[int, LowerBound, float]:
    """Return what the best plan found costs, the bound, and how long that took."""
    solution = improve(problem, budget=Budget(seconds=plan))
    began = time.perf_counter()
    bound = lower_bound(problem, solution.tours, budget=Budget(seconds=seconds))
    return solution.cost, bound, time.perf_counter() - began


def _row(name: str, cost: int, bound: LowerBound, spent: float) -> list[str]:
    return [
        name,
        f"{cost:,}",
        f"{bound.value:,}",
        f"{bound.gap(cost):.2%}",
        f"{spent:.1f}",
        "yes" if bound.proven else "no",
        str(bound.rounds),
        f"{bound.columns:,}",
    ]


def day_of(
    region: Region, rides: int, vehicles: int, weights: Weights, *, window: int = WINDOW
) -> Problem:
    """Return a day of wishes in the order of asking, each with the promise that it would get.

    All from the nearest stop to the nearest stop, in a pickup window that opens when somebody wants
    to leave, or would have to leave to be there in time without a detour. Who does not fit into
    what was booked before is refused; so many rides are booked, unless all have asked before.
    """
    start, end = region.config.opening(DAY)[0][0], region.config.opening(DAY)[-1][1]
    depot = region.shifts(DAY)[0].start_place
    noon = start + (end - start) // 2
    rest = Break(depot, noon - 3600, noon + 3600, 1800)
    shifts = [
        Shift(f"v{v}", depot, depot, start, end, ((8, 0, 1), (5, 1, 1)), (rest,))
        for v in range(vehicles)
    ]
    compiled = compile_tours([empty_tour(shift) for shift in shifts], region.travel)
    booked: list[Trip] = []
    for wish in wishes(region, DAY, 2 * rides, seed=1):
        trip = _trip(region, wish, window)
        found = best_insertions(compiled, region.travel, [trip])[0]
        if found is not None and len(booked) < rides:
            compiled = compiled.replace(found.tour, insert(compiled.tours[found.tour], trip, found))
            booked.append(trip)
    requests = tuple(Request((trip,), PRICE) for trip in booked)
    return Problem(compiled.tours, requests, region.travel, weights)


def _trip(region: Region, wish: Wish, window: int) -> Trip:
    request = wish.request
    places = [
        region.walkable_stops(end.lat, end.lon) for end in (request.origin, request.destination)
    ]
    pickup, dropoff = places[0][0][0], places[1][0][0]
    direct = int(region.travel.seconds[pickup, dropoff])
    opens = request.time
    if request.when is When.ARRIVE_BY:
        opens -= direct + SERVICE + window
    max_ride = int(1.5 * direct) + 20 * 60
    return Trip(
        id=str(wish.number),
        pickup=pickup,
        dropoff=dropoff,
        pickup_earliest=opens,
        pickup_latest=opens + window,
        dropoff_earliest=opens,
        dropoff_latest=opens + window + SERVICE + max_ride,
        max_ride=max_ride,
        loads=request.party.loads,
        pickup_service=SERVICE,
        dropoff_service=SERVICE,
    )


if __name__ == "__main__":
    main()
