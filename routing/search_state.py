"""What the search works on, as arrays: what is given, and the plan as it is.

Halts have numbers. Option o of a trip is picked up at halt 2 o and dropped off at halt 2 o + 1; the
numbers behind those belong to halts that stay where they are. A tour is a sequence of such
numbers. Its row of times and deadlines is compiled by :func:`routing.schedule.compile_row` each
time the sequence changes, and by nothing else.

What is late at the start may stay as late as it is, but no later: while the search looks for
places, its limits are those that the start achieves. What a tour costs, and whether it is better
than that, is always told by its own limits.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.kernel import entry_kernel, lean_kernel, merged_kernel
from routing.numbering import Numbered
from routing.positions import TRIP
from routing.problem import (
    FOREVER,
    HaltKind,
    Problem,
    Request,
    Solution,
    Tour,
    Weights,
)
from routing.schedule import (
    HALT,
    CompiledTours,
    Layouts,
    Matrix,
    Records,
    compile_row,
    compile_tours,
    drive,
    metres_of,
    read_only,
)
from routing.travel_times import TravelTimes

Numbers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

IMPOSSIBLE = 1 << 56
"""Cost of a tour that misses a limit; many of them still fit a word."""

_SPARE_HALTS = 200
_ROOM = 1 << 20
"""Spare halts of a tour, at least, and of all tours together; rows never used take no memory."""


class Given(NamedTuple):
    """What stays the same: P places, V tours, T trips with O options, H halts.

    Attributes
    ----------
    seconds, metres
        int32[P, P].
    layouts
        int64[V, Y, 3].
    reach
        int64[V]: metres that a tour may have; what it has at the start or without anybody who can
        move, if that is more.
    halts
        HALT[H], given part: loads are changes, partners numbers of halts.
    latest, max_ride
        int64[H]: the limits that hold at worst; those of the halts, unless the start misses them.
    options
        TRIP[O], as they may be inserted.
    trip_of
        int64[O].
    first_option
        int64[T + 1]: where a trip's options begin.
    price
        int64[T]: of leaving a trip unserved.
    word
        uint64[H]: random words that tell halts apart, for fingerprints of tours: the sum of the
        products of neighbours (as NH; Black et al. 1999).
    salt
        uint64[V]: equal where two empty tours are equal.
    twin
        int64[V]: the tour before whose vehicle is just the same, -1 if there is none.
    near
        int64[T, N]: the trips related to a trip, the nearest first.
    weights
        What counts.
    guide
        Weights of an insertion, as in routing.positions.search: of driving, metres included as on
        the average way, and of waiting.
    """

    seconds: Matrix
    metres: Matrix
    layouts: Layouts
    reach: Numbers
    halts: Records
    latest: Numbers
    max_ride: Numbers
    options: Records
    trip_of: Numbers
    first_option: Numbers
    price: Numbers
    word: Words
    salt: Words
    twin: Numbers
    near: Numbers
    weights: Weights
    guide: tuple[int, int]


class Plan(NamedTuple):
    """The tours as they are.

    Each tour has two rows, 2 v and 2 v + 1: one counts, the other is spare. A change is made in
    the spare one, so that taking it back is nothing but turning to the row from before.

    Attributes
    ----------
    at
        int64[V]: the row that counts.
    order
        int64[2 V, M]: halts by number.
    rows
        HALT[2 V, M], compiled.
    shifts
        SHIFT[2 V].
    carried
        int64[2 V]: how many trips that can move.
    cost
        int64[2 V].
    mark
        uint64[2 V]: a fingerprint of the order and the vehicle.
    option
        int64[T]: how a trip is served, -1 if it is not.
    tour
        int64[T]: by which tour, -1 if by none.
    place
        int64[H]: scratch.
    """

    at: Numbers
    order: Numbers
    rows: Records
    shifts: Records
    carried: Numbers
    cost: Numbers
    mark: Words
    option: Numbers
    tour: Numbers
    place: Numbers


# --------------------------------------------------------------------------------------- kernels


@lean_kernel
def rebuild(given: Given, plan: Plan, v: int) -> None:
    """Compile the row of a tour from its order, and tell what it costs."""
    r = plan.at[v]
    order, row, size = plan.order[r], plan.rows[r], plan.shifts[r].length
    late = fill_row(given, plan, r)
    compile_row(row, plan.shifts[r : r + 1], given.seconds)
    plan.cost[r] = tour_cost(given, order, row, size)
    if given.reach[v] < FOREVER:
        plan.shifts[r].spare = given.reach[v] - way_of(given, row, size)
        if plan.shifts[r].spare < 0:
            plan.cost[r] = IMPOSSIBLE
    if late:
        fill_row(given, plan, r)
        for k in range(size):
            row[k].latest, row[k].max_ride = given.latest[order[k]], given.max_ride[order[k]]
        compile_row(row, plan.shifts[r : r + 1], given.seconds)
    salt = given.salt[v]
    mark, carried = salt, 0
    for k in range(1, size):
        carried += 1 if order[k] < 2 * len(given.options) else 0
        mark += (given.word[order[k - 1]] + salt) * given.word[order[k]]
    plan.mark[r], plan.carried[r] = mark, carried // 2


_HALF = np.uint64(32)


@lean_kernel
def fill_row(given: Given, plan: Plan, r: int) -> bool:
    """Write what is given of each halt into a row; return whether the start misses any limit."""
    order, row, late = plan.order[r], plan.rows[r], False
    for k in range(plan.shifts[r].length):
        number = order[k]
        row[k] = given.halts[number]
        late |= given.latest[number] > row[k].latest or given.max_ride[number] > row[k].max_ride
        plan.place[number] = k
        other = row[k].partner
        if other >= 0 and plan.place[other] < k and order[plan.place[other]] == other:
            row[k].partner = plan.place[other]
            row[plan.place[other]].partner = k
    return late


@entry_kernel
def tour_cost(given: Given, order: Numbers, row: Records, size: int) -> int:
    """Return what a compiled tour costs; IMPOSSIBLE if it is later than the start."""
    weights = given.weights
    cost, used = 0, 0
    for k in range(size):
        here, number = row[k], order[k]
        if here.latest > given.latest[number] or here.max_ride > given.max_ride[number]:
            return IMPOSSIBLE
        if here.drive > 0:
            metres = given.metres[row[k - 1].place, here.place]
            cost += weights.driving * here.drive + weights.metres * metres
        if here.kind == HaltKind.PICKUP:
            used = 1
            cost += weights.waiting * (here.soonest - here.earliest)
            if number < 2 * len(given.options):
                cost += given.options[number // 2].penalty
        elif here.kind == HaltKind.DROPOFF:
            pickup = row[here.partner]
            cost += weights.riding * (here.soonest - pickup.soonest - pickup.service)
        if here.kind == HaltKind.PICKUP or here.kind == HaltKind.DROPOFF:
            cost += weights.lateness * max(0, here.soonest - given.halts[number].latest)
    return int(cost + used * weights.vehicle)


@lean_kernel
def way_of(given: Given, row: Records, size: int) -> int:
    """Return how far a tour leads, in metres."""
    way = 0
    for k in range(1, size):
        way += drive(row[k - 1].place, row[k].place, given.metres)
    return way


@lean_kernel
def turn(plan: Plan, v: int) -> None:
    """Turn a tour to its other row, with the order that it has."""
    r = plan.at[v]
    other = r ^ 1
    plan.at[v] = other
    plan.shifts[other] = plan.shifts[r]
    for k in range(plan.shifts[r].length):
        plan.order[other, k] = plan.order[r, k]


@merged_kernel
def put_in(given: Given, plan: Plan, v: int, o: int, after: int, until: int) -> None:
    """Put an option of a trip into the order of a tour, behind the halts at two positions."""
    r = plan.at[v]
    order, size = plan.order[r], plan.shifts[r].length
    for k in range(size - 1, until, -1):
        order[k + 2] = order[k]
    order[until + 2] = 2 * o + 1
    for k in range(until, after, -1):
        order[k + 1] = order[k]
    order[after + 1] = 2 * o
    plan.shifts[r].length = size + 2
    plan.option[given.trip_of[o]] = o
    plan.tour[given.trip_of[o]] = v


@lean_kernel
def is_as_before(plan: Plan, v: int) -> bool:
    """Whether the order of a tour is that in its other row."""
    r = plan.at[v]
    size = plan.shifts[r].length
    if size != plan.shifts[r ^ 1].length:
        return False
    k = 0
    while k < size and plan.order[r, k] == plan.order[r ^ 1, k]:
        k += 1
    return bool(k == size)


@merged_kernel
def take_out(given: Given, plan: Plan, v: int, gone: Flags) -> None:
    """Take all trips out of a tour that are marked as gone."""
    r = plan.at[v]
    order, kept = plan.order[r], 0
    for k in range(plan.shifts[r].length):
        o = order[k] // 2
        if o >= len(given.options) or not gone[given.trip_of[o]]:
            order[kept] = order[k]
            kept += 1
    plan.shifts[r].length = kept
    rebuild(given, plan, v)


@entry_kernel
def rebuild_all(given: Given, plan: Plan) -> None:
    """Compile every tour."""
    for v in range(len(plan.at)):
        rebuild(given, plan, v)


# ---------------------------------------------------------------------------- from and to tours


class SearchState:
    """A problem and a start as arrays, and the way back to tours.

    Parameters
    ----------
    problem
        What is to be planned.
    start
        The tours to begin with, one a shift, in the order of the problem.
    neighbours
        How many related trips are known of each.

    Raises
    ------
    UnknownOptionError
        If the start carries a request in a way that is none of its options.
    """

    def __init__(self, problem: Problem, start: Sequence[Tour], neighbours: int = 60) -> None:
        begun = {halt.trip for tour in start for halt in tour.halts[: tour.fixed]}
        self.requests = tuple(
            request for request in problem.requests if request.options[0].id not in begun
        )
        self.start = tuple(start)
        compiled = compile_tours(self.start, problem.travel)
        movable = {request.options[0].id for request in self.requests}
        reach = [_reach(tour, movable, problem.travel) for tour in self.start]
        numbered = Numbered(self.requests, self.start, compiled, reach)
        self.halts, self._began = numbered.halts, numbered.orders
        counts = [len(request.options) for request in self.requests]
        options = _insertable(numbered, self.requests, problem.travel.seconds)
        self.given = Given(
            seconds=problem.travel.seconds,
            metres=problem.travel.metres,
            layouts=compiled.layouts,
            reach=np.array(reach, np.int64),
            halts=read_only(numbered.records()),
            latest=numbered.latest,
            max_ride=numbered.max_ride,
            options=read_only(options),
            trip_of=np.repeat(np.arange(len(counts), dtype=np.int64), counts),
            first_option=np.cumsum([0, *counts], dtype=np.int64),
            price=np.array([request.price for request in self.requests], np.int64),
            word=np.random.default_rng(0).integers(1, 1 << 64, len(self.halts), np.uint64),
            salt=np.array([kind + 1 for kind in numbered.kinds], np.uint64) << _HALF,
            twin=_twins(numbered.kinds),
            near=related(options, np.cumsum([0, *counts])[:-1], problem.travel.seconds, neighbours),
            weights=Weights(*map(int, problem.weights)),
            guide=_guide(problem),
        )
        self.plan = _plan(self.given, numbered, compiled)

    def cost(self) -> int:
        """Return what the plan as it is costs, prices of unserved trips included."""
        unserved = self.given.price[self.plan.tour < 0].sum()
        return int(self.plan.cost[self.plan.at].sum() + unserved)

    def orders(self) -> list[list[int]]:
        """Return the tours as they are: for each vehicle the numbers of its halts."""
        plan = self.plan
        return [plan.order[r, : plan.shifts["length"][r]].tolist() for r in plan.at.tolist()]

    def solution(self, orders: Sequence[Sequence[int]], cost: int) -> Solution:
        """Return the plan whose tours have the halts with these numbers."""
        tours = tuple(
            tour
            if order == before
            else replace(tour, halts=tuple([self.halts[number] for number in order]))
            for tour, before, order in zip(self.start, self._began, orders, strict=True)
        )
        served = {halt.trip for tour in tours for halt in tour.halts}
        ids = (request.options[0].id for request in self.requests)
        return Solution(tours, tuple(each for each in ids if each not in served), cost)


def cost_of_tours(problem: Problem, tours: Sequence[Tour]) -> int:
    """Return what tours cost by the weights and prices of a problem, at their own times.

    Raises
    ------
    UnknownOptionError
        If they carry a request in a way that is none of its options.
    """
    return SearchState(problem, tours, neighbours=0).cost()


def cost_of_compiled(compiled: CompiledTours, weights: Weights) -> int:
    """Return what compiled tours cost at their own times, whatever else could be done with them.

    The same as :func:`cost_of_tours` of a problem without requests, but nothing is prepared for a
    search.
    """
    within = np.arange(compiled.halts.shape[1]) < compiled.shifts["length"][:, None]
    rows = compiled.halts[within]
    own = rows.copy()
    own["latest"] = [halt.latest for tour in compiled.tours for halt in tour.halts]
    none, nowhere = np.zeros(0, np.int64), np.zeros((0, 0), np.int64)
    given = Given(
        seconds=compiled.travel.seconds,
        metres=compiled.travel.metres,
        layouts=compiled.layouts,
        reach=np.full(len(compiled.tours), FOREVER),
        halts=read_only(own),
        latest=rows["latest"].copy(),
        max_ride=rows["max_ride"].copy(),
        options=read_only(np.zeros(0, TRIP)),
        trip_of=none,
        first_option=none,
        price=none,
        word=np.zeros(0, np.uint64),
        salt=np.zeros(0, np.uint64),
        twin=none,
        near=nowhere,
        weights=Weights(*map(int, weights)),
        guide=(0, 0),
    )
    cost, begin = 0, 0
    for tour in compiled.tours:
        size = len(tour.halts)
        numbers = np.arange(begin, begin + size)
        cost += int(tour_cost(given, numbers, rows[begin : begin + size], size))
        begin += size
    return cost


def _reach(tour: Tour, movable: Collection[str], travel: TravelTimes) -> int:
    """Return how many metres a tour may have: as many as nobody can plan away, at least."""
    if tour.reach >= FOREVER:
        return FOREVER
    staying = tuple(halt for halt in tour.halts if halt.trip not in movable)
    least = (metres_of(each, travel) for each in (tour, replace(tour, halts=staying)))
    return max(tour.reach, *least)


def _insertable(numbered: Numbered, requests: Sequence[Request], seconds: Matrix) -> Records:
    """Return TRIP[O] with limits as relaxed by the start and windows as tight as they imply."""
    options = np.zeros(len(numbered.trips), TRIP)
    options.view(np.int64).reshape(len(options), TRIP.itemsize // 8)[:, :-1] = numbered.trips
    options["penalty"] = [
        penalty
        for request in requests
        for penalty in request.penalties or [0] * len(request.options)
    ]
    count = 2 * len(options)
    pickup_latest, dropoff_latest = numbered.latest[:count:2], numbered.latest[1:count:2]
    options["max_ride"] = numbered.max_ride[1:count:2]
    longest = options["pickup_service"] + options["max_ride"]
    services = options["pickup_service"], options["dropoff_service"]
    direct = np.where(
        options["pickup"] == options["dropoff"],
        np.maximum(0, services[0] - services[1]),
        services[0] + seconds[options["pickup"], options["dropoff"]],
    )
    opens = np.maximum(options["pickup_earliest"], options["dropoff_earliest"] - longest)
    options["pickup_earliest"] = opens
    options["pickup_latest"] = np.minimum(pickup_latest, dropoff_latest - direct)
    options["dropoff_latest"] = np.minimum(dropoff_latest, pickup_latest + longest)
    return options


def _guide(problem: Problem) -> tuple[int, int]:
    weights = problem.weights
    seconds, metres = problem.travel.means
    per_second = weights.metres * metres / max(seconds, 1.0)
    return weights.driving + round(per_second), int(weights.waiting)


def _twins(kinds: Sequence[int]) -> Numbers:
    """Return the vehicle before that is of the same kind, -1 without."""
    last: dict[int, int] = {}
    twins = np.full(len(kinds), -1, np.int64)
    for v, kind in enumerate(kinds):
        twins[v] = last.get(kind, -1)
        last[kind] = v
    return twins


def _plan(given: Given, numbered: Numbered, compiled: CompiledTours) -> Plan:
    """Return the tours of the start, compiled."""
    tours, trips = len(numbered.orders), len(given.price)
    longest = max((len(order) for order in numbered.orders), default=0)
    width = min(longest + 2 * trips, longest + max(_SPARE_HALTS, _ROOM // max(tours, 1)))
    plan = Plan(
        at=np.arange(0, 2 * tours, 2, dtype=np.int64),
        order=np.zeros((2 * tours, width), np.int64),
        rows=np.empty((2 * tours, width), HALT),  # no more of a row is read than was written
        shifts=np.repeat(compiled.shifts, 2),
        carried=np.zeros(2 * tours, np.int64),
        cost=np.zeros(2 * tours, np.int64),
        mark=np.zeros(2 * tours, np.uint64),
        option=np.full(trips, -1, np.int64),
        tour=np.full(trips, -1, np.int64),
        place=np.zeros(len(given.halts), np.int64),
    )
    load(given, plan, numbered.orders)
    return plan


def load(given: Given, plan: Plan, orders: Sequence[Sequence[int]]) -> None:
    """Make a plan that of these tours: for each vehicle its halts by number."""
    plan.option[:] = plan.tour[:] = -1
    for v, order in enumerate(orders):
        numbers = np.array(order, np.int64)
        plan.order[plan.at[v], : len(order)] = numbers
        plan.shifts["length"][plan.at[v]] = len(order)
        options = numbers[numbers < 2 * len(given.options)] // 2
        trips = given.trip_of[options]
        plan.option[trips], plan.tour[trips] = options, v
    rebuild_all(given, plan)


def related(options: Records, first: Numbers, seconds: Matrix, count: int) -> Numbers:
    """Return the trips that are most like each trip, the nearest first.

    Like are trips with pickups and drop-offs that are near in space and in time (Shaw 1998).

    Parameters
    ----------
    options
        TRIP[O].
    first
        int64[T]: which option stands for each trip.
    seconds
        int32[P, P].
    count
        How many related trips to know.

    Returns
    -------
    ndarray
        int64[T, min(count, T - 1)].
    """
    size = len(first)
    trips = options[first]
    count = min(count, max(size - 1, 0))
    near = np.zeros((size, count), np.int64)
    if count == 0:
        return near
    direct = trips["pickup_service"] + seconds[trips["pickup"], trips["dropoff"]]
    arrival = np.maximum(trips["dropoff_earliest"], trips["pickup_earliest"] + direct)
    middle = [
        (trips["pickup_earliest"] + np.minimum(trips["pickup_latest"], _LATE)) / 2,
        (arrival + np.minimum(trips["dropoff_latest"], _LATE)) / 2,
    ]
    near_places = []
    for end in ("pickup", "dropoff"):
        places, place_of = np.unique(trips[end], return_inverse=True)
        between = seconds[np.ix_(places, places)]
        near_places.append((place_of, np.minimum(between, between.T)))
    for t in range(0, size, _BLOCK):
        block = np.arange(t, min(t + _BLOCK, size))
        apart = np.zeros((len(block), size))
        for place_of, nearer_way in near_places:
            apart += nearer_way[place_of[block]][:, place_of]
        for times in middle:
            apart += _SECOND_APART * np.abs(times - times[block, None])
        apart[np.arange(len(block)), block] = np.inf
        closest = np.argpartition(apart, count - 1, axis=1)[:, :count]
        nearness = np.argsort(np.take_along_axis(apart, closest, 1), axis=1, kind="stable")
        near[block] = np.take_along_axis(closest, nearness, 1)
    return near


_BLOCK = 64
"""So many trips are compared with all others at once."""

_SECOND_APART = 0.1
"""What a second between the middles of two windows counts, in seconds of driving."""

_LATE = 1 << 36
"""No window ends later, so that one without an end has a middle."""
