"""The search for the best positions of a trip in a compiled tour: kernels only.

A trip is put after one halt with its pickup and after the same or a later one with its drop-off.
Positions are tried in that order, and every pair passes a row of tests, cheapest first:

1. the score: driving alone cannot beat the best so far;
2. constant time: windows, loads, deadlines of the halts behind, ride limits by the bare way, and
   the metres that are added;
3. exact: the soonest begins of all halts whose times hang together with the trip's, that is, of
   the stretch around it on which the vehicle is never empty (:func:`settle`).

Every insertion that is found is feasible, whatever the matrix. That none is missed relies on the
triangle inequality, not strictly and also for asymmetric matrices: one halt more makes no other
halt earlier, and no way shorter.
"""

import numpy as np
import numpy.typing as npt

from routing.kernel import inline_kernel, kernel, lean_kernel
from routing.problem import FOREVER, HaltKind
from routing.schedule import Layouts, Matrix, Record, Records, drive, gap

TRIP = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("pickup", "dropoff", "pickup_earliest", "pickup_latest"),
            *("dropoff_earliest", "dropoff_latest", "max_ride"),
            *("seats", "wheelchairs", "child_seats", "pickup_service", "dropoff_service"),
            "penalty",
        )
    ]
)
"""A trip to be inserted, as in routing.problem.Trip, and a penalty on its score."""

FOUND = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("tour", "pickup_after", "dropoff_after", "score"),
            *("added_seconds", "added_metres", "pickup_time", "dropoff_time"),
        )
    ]
)
"""The best insertion so far; tour -1: none."""

BOARDING = np.dtype(
    [
        (name, np.int64)
        for name in ("after", "begin", "latest", "detour", "gap_before", "gap_behind")
    ]
)
"""A pickup on trial: after which halt, when it can begin and has to have begun, what it adds."""

STEP = np.dtype([(name, np.int64) for name in ("begin", "until", "gap", "path", "pickup", "ride")])
"""One halt of a stretch on trial: `pickup` is the step of the trip's pickup, -1 if none moves;
`ride` the longest time from its begin of service."""

WAY = np.dtype([(name, np.int64) for name in ("pickup", "dropoff", "rest", "least")])
"""What positions add to the way: the pickup behind a halt, the drop-off behind it, the least of
the drop-offs behind it or later, and the least of all pairs that begin behind it."""

# Why a pair of positions fails; numbers of routing.insertion.Obstacle.
FIXED, PICKUP_WINDOW, BREAK, SHIFT_END, OTHERS, DROPOFF_WINDOW, RIDE_LIMIT = range(7)
BATTERY, CAPACITY, CLEAR = range(7, 10)
TOO_LATE = -1  # for a halt behind; whose window that is, :func:`bound_by` tells


@kernel
def search(
    halts: Records,
    shifts: Records,
    layouts: Layouts,
    seconds: Matrix,
    metres: Matrix,
    trips: Records,
    weights: tuple[int, int],
    found: Records,
) -> None:
    """Find the best insertion of each trip into any of the tours.

    Parameters
    ----------
    halts, shifts, layouts
        HALT[V, M], SHIFT[V], int64[V, Y, 3].
    seconds, metres
        int32[P, P].
    trips
        TRIP[O].
    weights
        Of a second of driving, and of a second from the opening of the pickup window to the
        pickup.
    found
        FOUND[O], written to: what beats it replaces it.
    """
    steps = np.empty(halts.shape[1] + 4, STEP)
    ways = np.empty(halts.shape[1], WAY)
    boarding = np.empty(1, BOARDING)
    for v in range(len(shifts)):
        for option in range(len(trips)):
            if holds(layouts[v], halts[v, 0], trips[option]):
                search_tour(
                    v,
                    halts[v],
                    shifts[v],
                    layouts[v],
                    seconds,
                    metres,
                    trips[option],
                    weights,
                    boarding[0],
                    steps,
                    ways,
                    found[option],
                )
    for option in range(len(trips)):
        best = found[option]
        if best.tour >= 0:
            best.added_metres = way_added(
                halts[best.tour], metres, trips[option], best.pickup_after, best.dropoff_after
            )


@lean_kernel
def search_tour(
    v: int,
    halts: Records,
    shift: Record,
    layouts: Layouts,
    seconds: Matrix,
    metres: Matrix,
    trip: Record,
    weights: tuple[int, int],
    boarding: Record,
    steps: Records,
    ways: Records,
    best: Record,
) -> None:
    """Improve the best insertion of a trip by those into one tour.

    Pickups are tried in the order of what they add at least, so that most are never tried.
    """
    last = shift.length - 1
    first = first_position(halts, shift, trip)
    end = lay_ways(halts, first, last, seconds, trip, ways)
    while True:
        after = nearest(ways, first, end)
        if (
            after < 0
            or score_of(ways[after].least, trip.pickup_earliest, trip, weights) > best.score
        ):
            return
        ways[after].least = FOREVER
        if board(halts, shift, layouts, seconds, trip, after, boarding) != CLEAR:
            continue
        begin = boarding.begin
        added = drive(halts[after].place, trip.pickup, seconds)
        added += drive(trip.pickup, trip.dropoff, seconds)
        added += drive(trip.dropoff, halts[after + 1].place, seconds) - halts[after + 1].drive
        if leads_to(halts, shift, metres, trip, after, after):
            consider(v, halts, seconds, trip, weights, boarding, after, begin, added, steps, best)
        for until in range(after + 1, last):
            added = boarding.detour + ways[until].rest
            if not beats(v, after, added, boarding.begin, trip, weights, best):
                break
            begin = ride_on(halts, boarding, until, begin)
            if stay(halts, layouts, trip, boarding, until, begin) != CLEAR:
                break
            added = boarding.detour + ways[until].dropoff
            if leads_to(halts, shift, metres, trip, after, until):
                consider(
                    v, halts, seconds, trip, weights, boarding, until, begin, added, steps, best
                )


@lean_kernel
def lay_ways(
    halts: Records, first: int, last: int, seconds: Matrix, trip: Record, ways: Records
) -> int:
    """Fill in the ways of a tour; return the first halt that comes too late for the pickup."""
    end = first
    for k in range(first, last):
        here, behind = halts[k], halts[k + 1]
        if here.soonest > trip.dropoff_latest:
            last = k
            break
        to = drive(here.place, trip.dropoff, seconds)
        back = drive(trip.dropoff, behind.place, seconds)
        ways[k].dropoff = to + back - behind.drive
        if here.soonest <= trip.pickup_latest:
            end = k + 1
            to = drive(here.place, trip.pickup, seconds)
            on = drive(trip.pickup, behind.place, seconds)
            ways[k].pickup = to + on - behind.drive
            direct = drive(trip.pickup, trip.dropoff, seconds)
            ways[k].least = to + direct + back - behind.drive
    ways[last].rest = FOREVER
    for k in range(last - 1, first - 1, -1):
        rest = ways[k + 1].rest
        if k < end:
            ways[k].least = min(ways[k].least, ways[k].pickup + rest)
        ways[k].rest = min(ways[k].dropoff, rest)
    return end


@inline_kernel
def nearest(ways: Records, first: int, end: int) -> int:
    """Return the halt behind which a pickup adds least, -1 if all have been tried."""
    found, least = -1, FOREVER
    for k in range(first, end):
        if ways[k].least < least:
            found, least = k, ways[k].least
    return found


@inline_kernel
def first_position(halts: Records, shift: Record, trip: Record) -> int:
    """Return the first halt that the pickup may follow: no later one has to happen before it."""
    low, high = int(shift.fixed - 1), int(shift.length - 1)
    while low < high:
        middle = (low + high) // 2
        if halts[middle + 1].deadline < trip.pickup_earliest:
            low = middle + 1
        else:
            high = middle
    return low


@inline_kernel
def holds(layouts: Layouts, here: Record, trip: Record) -> bool:
    """Whether some layout holds the trip on top of what is on board after a halt."""
    for y in range(len(layouts)):
        if (
            here.seats + trip.seats <= layouts[y, 0]
            and here.wheelchairs + trip.wheelchairs <= layouts[y, 1]
            and here.child_seats + trip.child_seats <= layouts[y, 2]
        ):
            return True
    return False


@inline_kernel
def board(
    halts: Records,
    shift: Record,
    layouts: Layouts,
    seconds: Matrix,
    trip: Record,
    after: int,
    boarding: Record,
) -> int:
    """Try the pickup behind a halt; fill the boarding or return the obstacle."""
    here, behind = halts[after], halts[after + 1]
    way = drive(here.place, trip.pickup, seconds)
    boarding.after = after
    boarding.gap_before = gap(here.place, here.service, trip.pickup, trip.pickup_service, seconds)
    boarding.gap_behind = gap(
        trip.pickup, trip.pickup_service, behind.place, behind.service, seconds
    )
    boarding.begin = max(trip.pickup_earliest, here.soonest + boarding.gap_before)
    if after == shift.fixed - 1:
        boarding.begin = max(boarding.begin, shift.ready + way)
    if boarding.begin > trip.pickup_latest:
        return PICKUP_WINDOW
    if not holds(layouts, here, trip):
        return CAPACITY
    boarding.latest = min(trip.pickup_latest, behind.deadline - boarding.gap_behind)
    boarding.detour = way + drive(trip.pickup, behind.place, seconds) - behind.drive
    return CLEAR


@inline_kernel
def ride_on(halts: Records, boarding: Record, until: int, begin: int) -> int:
    """Return the soonest begin at a halt from that at the one before, the new pickup on board."""
    way = boarding.gap_behind if until == boarding.after + 1 else halts[until].gap
    return int(max(begin + way, halts[until].soonest))


@inline_kernel
def stay(
    halts: Records, layouts: Layouts, trip: Record, boarding: Record, until: int, begin: int
) -> int:
    """Return what keeps the trip from being on board at and after a halt, begun then."""
    here = halts[until]
    if begin > here.deadline:
        return TOO_LATE
    if here.kind == HaltKind.BREAK:
        return BREAK
    if not holds(layouts, here, trip):
        return CAPACITY
    if begin > trip.dropoff_latest:
        return DROPOFF_WINDOW
    detour = boarding.gap_before + boarding.gap_behind - halts[boarding.after + 1].gap
    if detour > halts[boarding.after].ride_slack:
        return OTHERS
    way = boarding.gap_behind + here.path - halts[boarding.after + 1].path
    if max(way, begin - boarding.latest) > trip.pickup_service + trip.max_ride:
        return RIDE_LIMIT
    return CLEAR


@lean_kernel
def bound_by(halts: Records, k: int) -> int:
    """Return whose window is behind the deadline of a halt, as an obstacle."""
    while (
        halts[k].deadline < halts[k].latest
        and halts[k].kind != HaltKind.END
        and halts[k].deadline == halts[k + 1].deadline - halts[k + 1].gap
    ):
        k += 1
    if halts[k].kind == HaltKind.END:
        return SHIFT_END
    if halts[k].kind == HaltKind.BREAK:
        return BREAK
    return OTHERS


@inline_kernel
def consider(
    v: int,
    halts: Records,
    seconds: Matrix,
    trip: Record,
    weights: tuple[int, int],
    boarding: Record,
    until: int,
    begin: int,
    added: int,
    steps: Records,
    best: Record,
) -> None:
    """Try the drop-off behind a halt that begins then; keep it if it is the best."""
    if not beats(v, boarding.after, added, boarding.begin, trip, weights, best):
        return
    if alight(halts, seconds, trip, boarding, until, begin, steps) != CLEAR:
        return
    pickup_time = steps[pickup_step(halts, boarding.after)].begin
    if beats(v, boarding.after, added, pickup_time, trip, weights, best):
        best.tour = v
        best.pickup_after, best.dropoff_after = boarding.after, until
        best.added_seconds = added
        best.score = score_of(added, pickup_time, trip, weights)
        best.pickup_time = pickup_time
        best.dropoff_time = steps[dropoff_step(halts, boarding.after, until)].begin


@lean_kernel
def way_added(halts: Records, matrix: Matrix, trip: Record, after: int, until: int) -> int:
    """Return by how much an insertion lengthens the way, as measured by a matrix."""
    here, behind = halts[until].place, halts[until + 1].place
    added = drive(trip.dropoff, behind, matrix) - drive(here, behind, matrix)
    if after == until:
        return added + drive(here, trip.pickup, matrix) + drive(trip.pickup, trip.dropoff, matrix)
    before, next_ = halts[after].place, halts[after + 1].place
    added += drive(before, trip.pickup, matrix) + drive(trip.pickup, next_, matrix)
    return added - drive(before, next_, matrix) + drive(here, trip.dropoff, matrix)


@inline_kernel
def leads_to(
    halts: Records, shift: Record, metres: Matrix, trip: Record, after: int, until: int
) -> bool:
    """Whether the vehicle gets as far as an insertion would have it go."""
    if shift.spare >= FOREVER:
        return True
    return bool(way_added(halts, metres, trip, after, until) <= shift.spare)


@inline_kernel
def score_of(added: int, pickup_time: int, trip: Record, weights: tuple[int, int]) -> int:
    """Return what an insertion costs."""
    waiting = pickup_time - trip.pickup_earliest
    return int(weights[0] * added + weights[1] * waiting + trip.penalty)


@inline_kernel
def beats(
    v: int,
    after: int,
    added: int,
    pickup_time: int,
    trip: Record,
    weights: tuple[int, int],
    best: Record,
) -> bool:
    """Whether an insertion is better than the best so far.

    Of equals, the earlier pickup is; then the one into the earlier tour, behind the earlier halt.
    """
    score = score_of(added, pickup_time, trip, weights)
    if score != best.score:
        return bool(score < best.score)
    if pickup_time != best.pickup_time:
        return bool(pickup_time < best.pickup_time)
    return bool(v == best.tour and after < best.pickup_after)


@lean_kernel
def alight(
    halts: Records,
    seconds: Matrix,
    trip: Record,
    boarding: Record,
    until: int,
    begin: int,
    steps: Records,
) -> int:
    """Try the drop-off behind a halt; leave the times in the steps or return the obstacle."""
    direct = until == boarding.after
    here, behind = halts[until], halts[until + 1]
    place = trip.pickup if direct else here.place
    service = trip.pickup_service if direct else here.service
    gap_before = gap(place, service, trip.dropoff, trip.dropoff_service, seconds)
    gap_behind = gap(trip.dropoff, trip.dropoff_service, behind.place, behind.service, seconds)

    dropoff = max(trip.dropoff_earliest, begin + gap_before)
    if dropoff > trip.dropoff_latest:
        return DROPOFF_WINDOW
    if dropoff + gap_behind > behind.deadline:
        return TOO_LATE
    longer = gap_before + gap_behind - behind.gap
    way, pickup_latest = gap_before, trip.pickup_latest
    if direct:
        longer += boarding.gap_before
    else:
        way += boarding.gap_behind + here.path - halts[boarding.after + 1].path
        pickup_latest = boarding.latest
    if longer > here.ride_slack:
        return OTHERS
    if max(way, dropoff - pickup_latest) > trip.pickup_service + trip.max_ride:
        return RIDE_LIMIT
    size = lay_out(halts, trip, boarding, until, gap_before, gap_behind, steps)
    return CLEAR if rides_can_do(steps, size) and settle(steps, size) else OTHERS


@inline_kernel
def pickup_step(halts: Records, after: int) -> int:
    """Return the step of the new pickup in a stretch on trial."""
    return int(after - halts[after].block_first + 2)


@inline_kernel
def dropoff_step(halts: Records, after: int, until: int) -> int:
    """Return the step of the new drop-off in a stretch on trial."""
    return int(until - halts[after].block_first + 3)


@lean_kernel
def lay_out(
    halts: Records,
    trip: Record,
    boarding: Record,
    until: int,
    gap_before: int,
    gap_behind: int,
    steps: Records,
) -> int:
    """Write the stretch on trial with the trip in it; return its number of steps.

    Step 0 is the halt before the stretch, which does not move, or nothing before a stretch that
    begins with the tour. The last step is the halt behind it: if that meets its deadline, so can
    everything later.
    """
    after = boarding.after
    first, last = halts[after].block_first, halts[until].block_last + 1
    if first == 0:
        steps[0].begin, steps[0].until, steps[0].gap, steps[0].pickup = -FOREVER, FOREVER, 0, -1
    for k in range(max(first - 1, 0), last + 1):
        step = steps[step_of(k, first, after, until)]
        step.begin, step.until, step.gap = halts[k].soonest, halts[k].deadline, halts[k].gap
        step.pickup = -1
        if first <= halts[k].partner < k:
            step.pickup = step_of(halts[k].partner, first, after, until)
            step.ride = halts[halts[k].partner].service + halts[k].max_ride
    at = pickup_step(halts, after)
    steps[at].begin, steps[at].until = boarding.begin, trip.pickup_latest
    steps[at].gap, steps[at + 1].gap = boarding.gap_before, boarding.gap_behind
    steps[at].pickup = -1
    end = dropoff_step(halts, after, until)
    steps[end].begin, steps[end].until = trip.dropoff_earliest, trip.dropoff_latest
    steps[end].gap, steps[end + 1].gap = gap_before, gap_behind
    steps[end].pickup = at
    steps[end].ride = trip.pickup_service + trip.max_ride
    return step_of(last, first, after, until) + 1


@inline_kernel
def step_of(k: int, first: int, after: int, until: int) -> int:
    """Return the step of a halt in the stretch that begins with halt `first` as step 1."""
    return k - first + 1 + (1 if k > after else 0) + (1 if k > until else 0)


@lean_kernel
def rides_can_do(steps: Records, size: int) -> bool:
    """Whether the way alone, without waiting, is short enough for every ride.

    If so, :func:`settle` comes to an end; see routing.schedule.relax_rides_to_path.
    """
    path = 0
    for k in range(size):
        path += steps[k].gap if k > 0 else 0
        steps[k].path = path
        if steps[k].pickup >= 0 and path - steps[steps[k].pickup].path > steps[k].ride:
            return False
    return True


@lean_kernel
def settle(steps: Records, size: int) -> bool:
    """Raise all begins to the least that satisfy every constraint; False if none do."""
    first = 1
    while first < size:
        for k in range(first, size):
            steps[k].begin = max(steps[k].begin, steps[k - 1].begin + steps[k].gap)
            if steps[k].begin > steps[k].until:
                return False
        first = size
        for k in range(size - 1, 0, -1):
            pickup = steps[k].pickup
            if pickup >= 0 and steps[pickup].begin < steps[k].begin - steps[k].ride:
                steps[pickup].begin = steps[k].begin - steps[k].ride
                if steps[pickup].begin > steps[pickup].until:
                    return False
                first = min(first, pickup + 1)
    return True


@kernel
def explain(
    halts: Records,
    shifts: Records,
    layouts: Layouts,
    seconds: Matrix,
    metres: Matrix,
    trips: Records,
    weights: tuple[int, int],
    found: Records,
    reached: npt.NDArray[np.int64],
) -> None:
    """Find for each tour where a trip would fit if it asked for less, and what is in its way.

    Parameters
    ----------
    halts, shifts, layouts, seconds, metres
        As in :func:`search`.
    trips
        TRIP[3]: the trip itself, without loads, and with windows that do not end.
    weights
        As in :func:`search`.
    found
        FOUND[V, 3], written to: for each of them the best insertion.
    reached
        int64[V], written to: what stops the try that gets furthest, loads apart.
    """
    steps = np.empty(halts.shape[1] + 4, STEP)
    ways = np.empty(halts.shape[1], WAY)
    boarding = np.empty(1, BOARDING)[0]
    for v in range(len(shifts)):
        for option in range(3):
            search_tour(
                v,
                halts[v],
                shifts[v],
                layouts[v],
                seconds,
                metres,
                trips[option],
                weights,
                boarding,
                steps,
                ways,
                found[v, option],
            )
        reached[v] = furthest(
            halts[v], shifts[v], layouts[v], seconds, metres, trips[1], boarding, steps
        )


@lean_kernel
def furthest(
    halts: Records,
    shift: Record,
    layouts: Layouts,
    seconds: Matrix,
    metres: Matrix,
    trip: Record,
    boarding: Record,
    steps: Records,
) -> int:
    """Return the obstacle that is met last over all positions of one tour, CLEAR if none is."""
    last, committed = shift.length - 1, shift.fixed - 1
    if shift.fixed > last or (committed > 0 and halts[committed].soonest > trip.pickup_latest):
        return FIXED
    first = first_position(halts, shift, trip)
    reached = SHIFT_END if first == last else PICKUP_WINDOW
    for after in range(first, last):
        if halts[after].soonest > trip.pickup_latest:
            break
        obstacle = board(halts, shift, layouts, seconds, trip, after, boarding)
        begin, until = boarding.begin, after
        while obstacle == CLEAR:
            tried = alight(halts, seconds, trip, boarding, until, begin, steps)
            tried = bound_by(halts, until + 1) if tried == TOO_LATE else tried
            if tried == CLEAR and not leads_to(halts, shift, metres, trip, after, until):
                tried = BATTERY
            reached = max(reached, tried)
            until += 1
            if until == last:
                break
            begin = ride_on(halts, boarding, until, begin)
            obstacle = stay(halts, layouts, trip, boarding, until, begin)
        obstacle = bound_by(halts, until) if obstacle == TOO_LATE else obstacle
        if obstacle != CLEAR:
            reached = max(reached, obstacle)
    return reached
