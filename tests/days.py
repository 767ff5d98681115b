"""Seeded random days: small wild ones for proofs, large plausible ones for benchmarks."""

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.insertion import best_insertions, insert
from routing.problem import (
    FOREVER,
    Break,
    Halt,
    HaltKind,
    Loads,
    Shift,
    Tour,
    Trip,
    empty_tour,
    trip_halts,
)
from routing.schedule import CompiledTours, compile_tours
from routing.travel_times import TravelTimes

HOUR = 3600

BUS: tuple[Loads, ...] = ((8, 0, 1), (5, 1, 1), (2, 2, 0))
"""A minibus whose folding seats give way to wheelchairs."""


@dataclass(frozen=True)
class Day:
    travel: TravelTimes
    tours: tuple[Tour, ...]
    trips: dict[str, Trip]


def random_travel(seed: int, places: int, *, width: float, detour: float = 0.3) -> TravelTimes:
    """Asymmetric travel times between random points: metric, rounded up."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, width, (places, 2))
    beeline = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1))
    seconds = shortest(np.ceil(beeline * rng.uniform(1, 1 + detour, beeline.shape)))
    return travel_times(seconds)


def crooked_travel(seed: int, places: int) -> TravelTimes:
    """Travel times on which a detour may be faster than the direct way."""
    seconds = np.random.default_rng(seed).integers(1, 900, (places, places))
    np.fill_diagonal(seconds, 0)
    return travel_times(seconds)


def travel_times(seconds: npt.NDArray[Any]) -> TravelTimes:
    return TravelTimes(seconds.astype(np.int32), (seconds * 14).astype(np.int32))


def shortest(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Close a matrix under the triangle inequality (Floyd and Warshall)."""
    np.fill_diagonal(matrix, 0)
    for k in range(len(matrix)):
        np.minimum(matrix, matrix[:, k, None] + matrix[None, k, :], out=matrix)
    return matrix


# --------------------------------------------------------------------------------------- small


def wild_travel(seed: int, places: int, minute: int = 60) -> TravelTimes:
    """Return travel times of up to a quarter of an hour.

    With a `minute` of one second everything is so short that limits are often met exactly, or
    missed by a second.
    """
    return random_travel(seed, places, width=12 * minute)


def wild_tour(
    seed: int, travel: TravelTimes, name: str = "v", *, late: int = 0, minute: int = 60
) -> Tour:
    """Return a tour of up to five trips with everything that makes tours difficult.

    Halts at one place, odd service times, a break, folding seats, a longest duration, a part that
    has happened. Feasible, unless it is made `late` by up to that many seconds.
    """
    rng = Random(seed)
    halts = _wild_order(rng, travel, name, minute)
    begins = _wild_times(rng, halts, travel, minute)
    loosened = [_wild_window(rng, halt, at, minute) for halt, at in zip(halts, begins, strict=True)]
    halts = _wild_rides(rng, loosened, begins, minute)
    duration = begins[-1] - begins[0] + rng.choice((0, 5 * minute, FOREVER, FOREVER))
    shift = shift_around(name, halts, _layouts_that_hold(rng, halts), duration)
    return _under_way(rng, Tour(shift, tuple(halts)), begins, travel, late)


def shift_around(
    name: str, halts: list[Halt], layouts: tuple[Loads, ...], max_duration: int
) -> Shift:
    """Return a shift that asks for just what the halts do, and not to last for too long."""
    ends = (halts[0], halts[-1])
    return Shift(
        id=name,
        start_place=halts[0].place,
        end_place=halts[-1].place,
        start=min(halt.earliest for halt in ends),
        end=max(halt.latest for halt in ends),
        layouts=layouts,
        breaks=tuple(
            Break(halt.place, halt.earliest, halt.latest, halt.service)
            for halt in halts
            if halt.kind == HaltKind.BREAK
        ),
        max_duration=max_duration,
    )


def relaxed(compiled: CompiledTours, index: int) -> Tour:
    """Return a compiled tour that asks for no more than it was relaxed to."""
    tour, row = compiled.tours[index], compiled.halts[index]
    halts = [
        halt
        if k < tour.served
        else replace(
            halt,
            latest=int(row["latest"][k]),
            max_ride=int(row["max_ride"][k]) if halt.trip else 0,
        )
        for k, halt in enumerate(tour.halts)
    ]
    duration = int(row["max_ride"][0]) if row["partner"][0] > 0 else FOREVER
    shift = shift_around(tour.shift.id, halts, tour.shift.layouts, duration)
    return replace(tour, shift=shift, halts=tuple(halts))


def wild_trip(seed: int, travel: TravelTimes, *, minute: int = 60) -> Trip:
    """Return a trip that may or may not fit into a wild tour."""
    rng = Random(seed)
    pickup, dropoff = rng.sample(range(len(travel.seconds)), 2)
    opens = rng.randrange(50 * minute)
    direct = int(travel.seconds[pickup, dropoff])
    return Trip(
        id="new",
        pickup=pickup,
        dropoff=dropoff,
        pickup_earliest=opens,
        pickup_latest=opens + minute * rng.choice((5, 15, 50)),
        dropoff_earliest=opens + minute * rng.choice((0, 0, 25)),
        dropoff_latest=opens + direct + minute * rng.choice((5, 30, 100)),
        max_ride=direct + minute * rng.choice((0, 1, 10, 50)),
        loads=rng.choice(((1, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0), (1, 0, 1))),
        pickup_service=minute * rng.choice((0, 1, 1, 2)),
        dropoff_service=minute * rng.choice((0, 1, 1, 2)),
    )


def _wild_order(rng: Random, travel: TravelTimes, name: str, minute: int) -> list[Halt]:
    places = range(len(travel.seconds))
    depot = rng.choice(places)
    halts = [Halt(HaltKind.START, depot, 0, 0), Halt(HaltKind.END, rng.choice(places), 0, 0)]
    if rng.random() < 0.4:
        pause = minute * rng.choice((5, 15))
        halts.insert(1, Halt(HaltKind.BREAK, rng.choice(places), 0, 0, pause))
    for number in range(rng.randrange(6)):
        trip = wild_trip(rng.randrange(1 << 30), travel, minute=minute)
        pickup, dropoff = trip_halts(replace(trip, id=f"{name}{number}"))
        after = rng.randrange(len(halts) - 1)
        until = after
        while rng.random() < 0.7 and halts[until + 1].kind in (HaltKind.PICKUP, HaltKind.DROPOFF):
            until += 1
        halts.insert(until + 1, dropoff)
        halts.insert(after + 1, pickup)
    return halts


def _wild_times(rng: Random, halts: list[Halt], travel: TravelTimes, minute: int) -> list[int]:
    begins = [rng.randrange(16 * minute)]
    for before, halt in pairwise(halts):
        if before.place == halt.place:
            gap = max(0, before.service - halt.service)
        else:
            gap = before.service + int(travel.seconds[before.place, halt.place])
        begins.append(begins[-1] + gap + rng.choice((0, 0, rng.randrange(10 * minute))))
    return begins


def _wild_window(rng: Random, halt: Halt, begin: int, minute: int) -> Halt:
    before, behind = (minute * rng.choice((0, 1, 10, 30)) for _ in range(2))
    return replace(halt, earliest=max(0, begin - before), latest=begin + behind)


def _wild_rides(rng: Random, halts: list[Halt], begins: list[int], minute: int) -> list[Halt]:
    limits: dict[str, int] = {}
    picked_up: dict[str, int] = {}
    for halt, begin in zip(halts, begins, strict=True):
        if halt.kind == HaltKind.PICKUP:
            picked_up[halt.trip] = begin + halt.service
        if halt.kind == HaltKind.DROPOFF:
            taken = begin - picked_up[halt.trip]
            limits[halt.trip] = max(0, taken) + minute * rng.choice((0, 1, 10, 20))
    return [replace(halt, max_ride=limits.get(halt.trip, 0)) for halt in halts]


def _layouts_that_hold(rng: Random, halts: list[Halt]) -> tuple[Loads, ...]:
    """Return a layout for the loads without, and one for those with a wheelchair."""
    load = [0, 0, 0]
    layouts = [[0, 0, 0], [0, 0, 0]]
    for halt in halts:
        load = [a + b for a, b in zip(load, halt.loads, strict=True)]
        layout = layouts[load[1] > 0]
        layout[:] = [max(a, b) for a, b in zip(layout, load, strict=True)]
    spare = rng.choice((0, 1, 2, 4))
    (a, b, c), (d, e, f) = layouts
    return ((a + spare, b, c + 1), (d + 1, e + rng.choice((0, 1, 1)), f))


def _under_way(rng: Random, tour: Tour, begins: list[int], travel: TravelTimes, late: int) -> Tour:
    """Let the first halts have happened, and the vehicle leave the last of them late."""
    halts = list(tour.halts)
    served = rng.choice((0, 0, 0, 1, rng.randrange(len(halts))))
    for k in range(served):
        halts[k] = replace(halts[k], earliest=begins[k], latest=begins[k])
    fixed = max(1, min(served + rng.choice((0, 1)), len(halts)))
    ready = rng.choice((0, begins[fixed - 1] + halts[fixed - 1].service))
    if fixed < len(halts):
        leg = int(travel.seconds[halts[fixed - 1].place, halts[fixed].place])
        ready = min(ready, begins[fixed] - leg) + rng.randrange(late + 1)
    return replace(tour, halts=tuple(halts), served=served, fixed=fixed, ready=ready)


# --------------------------------------------------------------------------------------- large


def busy_day(seed: int, vehicles: int, trips: int, *, places: int = 600, group: int = 20) -> Day:
    """Return a plausible day, booked trip by trip into the best insertion.

    A region of 12 by 12 km with service from 6 to 19 o'clock. Up to `group` vehicles at a time
    share their part of the trips, so that large days are built quickly.
    """
    rng = Random(seed)
    travel = random_travel(seed, places, width=12_000 / 13.9)
    tours: list[Tour] = []
    booked: dict[str, Trip] = {}
    for first in range(0, vehicles, group):
        part = range(first, min(first + group, vehicles))
        share = [plausible_trip(rng, travel) for _ in range(trips * len(part) // vehicles)]
        share = [replace(trip, id=f"{first}-{number}") for number, trip in enumerate(share)]
        placed, done = _booked(rng, travel, [_shift(rng, v, places) for v in part], share)
        tours += placed
        booked |= done
    return Day(travel, tuple(tours), booked)


def plausible_trip(rng: Random, travel: TravelTimes) -> Trip:
    """Return a ride of an ordinary day: quarter-hour window, one or two people, some aids."""
    pickup, dropoff = rng.sample(range(len(travel.seconds)), 2)
    opens = 300 * rng.randrange(6 * HOUR // 300, (18 * HOUR + 1800) // 300)
    max_ride = int(1.5 * travel.seconds[pickup, dropoff]) + 1200
    return Trip(
        id="",
        pickup=pickup,
        dropoff=dropoff,
        pickup_earliest=opens,
        pickup_latest=opens + 900,
        dropoff_earliest=opens,
        dropoff_latest=opens + 900 + 60 + max_ride,
        max_ride=max_ride,
        loads=rng.choices(
            ((1, 0, 0), (2, 0, 0), (3, 0, 0), (1, 1, 0), (1, 0, 1)), (80, 12, 3, 3, 2)
        )[0],
        pickup_service=60,
        dropoff_service=60,
    )


def _shift(rng: Random, number: int, places: int) -> Shift:
    depot = rng.randrange(places)
    noon = Break(depot, 11 * HOUR, 13 * HOUR, 1800)
    return Shift(f"v{number}", depot, depot, 6 * HOUR, 19 * HOUR, BUS, (noon,))


def _booked(
    rng: Random, travel: TravelTimes, shifts: list[Shift], trips: list[Trip]
) -> tuple[tuple[Tour, ...], dict[str, Trip]]:
    compiled = compile_tours([empty_tour(shift) for shift in shifts], travel)
    done = {}
    for trip in trips:
        found = best_insertions(compiled, travel, [trip])[0]
        if found is not None:
            tour = insert(compiled.tours[found.tour], trip, found)
            compiled = compiled.replace(found.tour, tour)
            done[trip.id] = trip
    return compiled.tours, done


def options_of(rng: Random, travel: TravelTimes, stops: int = 5, windows: int = 5) -> list[Trip]:
    """Return what one offer asks for: pairs of nearby stops, in windows one after the other."""
    trip = plausible_trip(rng, travel)
    near = [np.argsort(travel.seconds[place])[:stops] for place in (trip.pickup, trip.dropoff)]
    return [
        replace(
            trip,
            pickup=int(pickup),
            dropoff=int(dropoff),
            pickup_earliest=trip.pickup_earliest + shift,
            pickup_latest=trip.pickup_latest + shift,
            dropoff_earliest=trip.dropoff_earliest + shift,
            dropoff_latest=trip.dropoff_latest + shift,
        )
        for pickup in near[0]
        for dropoff in near[1]
        for shift in range(0, 900 * windows, 900)
        if pickup != dropoff
    ]
