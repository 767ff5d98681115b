"""The cheapest tours at given prices of trips: the pricing problem of column generation, compiled.

A labelling algorithm (Ropke and Cordeau, *Branch and cut and price for the pickup and delivery
problem with time windows*, Transportation Science 43, 2009). A label is the begin of a tour; it
goes on to every halt that may come next, unless another label at the same halt can do everything
that it can do, no dearer. Ride limits hold exactly: for each trip on board a label knows until
when it may be dropped off as a function of the time, the smaller of a constant and the time plus
a constant (Gschwind and Irnich, *Effective handling of dynamic time windows and its application
to solving the dial-a-ride problem*, Transportation Science 49, 2015).

Everything is counted in integers, so that the least cost found is exact.
"""

import numpy as np

from routing.kernel import entry_kernel, lean_kernel
from routing.schedule import Record
from routing.search_state import Numbers
from routing.tour_labels import (
    COMPARED,
    COUNT,
    DONE,
    ENDED,
    FULL,
    NEVER,
    PAUSED,
    QUEUED,
    Labels,
    pop,
    push,
)
from routing.tour_network import Network

# --------------------------------------------------------------------------------------- kernels


@entry_kernel
def explore(net: Network, duals: Numbers, lab: Labels, most: int) -> int:
    """Go on with labels, the earliest first, until none is left.

    Parameters
    ----------
    net
        Where to.
    duals
        int64[T]: what a tour earns for picking up a trip.
    lab
        From :func:`routing.tour_labels.begin`, or from a run before that was paused.
    most
        How many labels to extend before pausing.

    Returns
    -------
    int
        DONE, PAUSED, or FULL if there is no room for another label.
    """
    for _ in range(most):
        if lab.sizes[QUEUED] == 0:
            return DONE
        if lab.sizes[COUNT] + 2 * len(net.trip_of) + 2 > len(lab.label):
            return FULL
        k = pop(lab)
        if not surpassed(net, lab, k):
            extend(net, duals, lab, k)
    return PAUSED


@lean_kernel
def extend(net: Network, duals: Numbers, lab: Labels, k: int) -> None:
    """Make the labels that follow upon one."""
    here, count = lab.label[k], 2 * len(net.trip_of)
    soonest_end = NEVER
    for q in range(here.limits):
        soonest_end = min(soonest_end, lab.until[k, q])
        if lab.goal[k, q] < count:
            step(net, duals, lab, k, lab.goal[k, q])
    if here.limits < lab.goal.shape[1]:
        for o in net.by_opening:
            if net.opens[2 * o] > soonest_end:
                break
            step(net, duals, lab, k, 2 * o)
    if count + here.stage + 1 < len(net.opens):
        step(net, duals, lab, k, count + here.stage + 1)


@lean_kernel
def step(net: Network, duals: Numbers, lab: Labels, k: int, node: int) -> None:
    """Let a label go on to a halt: queue the new label, or note that the tour has ended."""
    count, fresh = 2 * len(net.trip_of), lab.sizes[COUNT]
    here, there = lab.label[k], lab.label[fresh]
    gap = net.gap[here.node, node]
    there.time = max(net.opens[node], here.time + gap)
    if here.parent < 0:
        there.time = max(there.time, net.leave[node])
    if there.time > net.closes[node]:
        return
    there.visited = here.visited & ~renewed(net, here.time, there.time)
    if node < count and node % 2 == 0 and there.visited & net.bit[net.trip_of[node // 2]] != 0:
        return
    there.node, there.stage, there.parent = node, max(here.stage, node - count), k
    there.open, there.riders, there.used = here.open, here.riders, here.used
    there.seats, there.wheelchairs = here.seats, here.wheelchairs
    there.child_seats = here.child_seats
    there.cost = here.cost + net.fare[here.node, node] + net.slope[node] * there.time
    there.cost += net.constant[node] + net.lateness * max(0, there.time - net.asked[node])
    on_board = here.riders + net.chain_riders[here.stage]
    there.cost += net.excess * on_board * gap
    if node < count:
        board_or_alight(net, duals, there, node)
    if not stays_possible(net, lab, k, fresh, gap):
        return
    there.visited &= reachable(net, node, there.time)
    if node == len(net.opens) - 1:
        lab.end_cost[lab.sizes[ENDED]], lab.end_parent[lab.sizes[ENDED]] = there.cost, k
        lab.sizes[ENDED] += 1
    elif not surpassed_by_calm(net, lab, there):
        lab.sizes[COUNT] += 1
        push(lab, fresh)


@lean_kernel
def board_or_alight(net: Network, duals: Numbers, there: Record, node: int) -> None:
    """Change what is on board, and what has been earned, at a halt of a movable trip."""
    o = node // 2
    trip = net.trip_of[o]
    sign = 1 - 2 * (node % 2)
    there.riders += sign
    there.seats += sign * net.load[o, 0]
    there.wheelchairs += sign * net.load[o, 1]
    there.child_seats += sign * net.load[o, 2]
    if sign > 0:
        there.visited = there.visited & net.near[trip] | net.bit[trip] | there.open
        there.open |= net.bit[trip]
        there.cost -= duals[trip]
        there.cost += 0 if there.used else net.vehicle
        there.used = 1
    else:
        there.open &= ~net.bit[trip]


@lean_kernel
def stays_possible(net: Network, lab: Labels, k: int, fresh: int, gap: int) -> bool:
    """Whether everybody fits and can still get out in time; fill in until when they have to."""
    count, there = 2 * len(net.trip_of), lab.label[fresh]
    node, time = there.node, there.time
    if there.riders > 0:
        if node >= count and net.empty_only[there.stage]:
            return False
        if not fits(net, there):
            return False
    following = count + there.stage + 1
    if following < len(net.opens):
        if time + net.gap[node, following] > net.closes[following]:
            return False
    elif there.riders > 0:
        return False
    return ride_on(net, lab, k, fresh, gap)


@lean_kernel
def ride_on(net: Network, lab: Labels, k: int, fresh: int, gap: int) -> bool:
    """Whether all ride limits can still be kept, as far as each alone tells; write them down."""
    there, before = lab.label[fresh], lab.label[k].limits
    node, closes = there.node, net.closes[there.node]
    for q in range(before):
        if node == lab.goal[k, q]:
            if there.time > lab.until[k, q] or gap > lab.within[k, q]:
                return False
            closes = min(closes, lab.until[k, q])
    there.limits = there.owed = 0
    for q in range(before):
        goal = lab.goal[k, q]
        if node != goal:
            within = lab.within[k, q] - gap
            if not hold(net, lab, fresh, goal, within, min(lab.until[k, q], closes + within)):
                return False
    goal = net.goal[node]
    if goal < 0:
        return True
    until = min(net.closes[goal], closes + net.ride[node])
    return hold(net, lab, fresh, goal, net.ride[node], until)


@lean_kernel
def hold(net: Network, lab: Labels, k: int, goal: int, within: int, until: int) -> bool:
    """Let a ride limit run in a label; whether it can still be kept."""
    there = lab.label[k]
    q = there.limits
    lab.goal[k, q], lab.within[k, q], lab.until[k, q] = goal, within, until
    there.limits += 1
    way = net.gap[there.node, goal]
    if goal < 2 * len(net.trip_of):
        there.owed += (net.per_rider + net.excess) * way
    return bool(way <= within and there.time + way <= until)


@lean_kernel
def fits(net: Network, there: Record) -> bool:
    """Whether some layout holds what is on board."""
    seats = there.seats + net.chain_load[there.stage, 0]
    wheelchairs = there.wheelchairs + net.chain_load[there.stage, 1]
    child_seats = there.child_seats + net.chain_load[there.stage, 2]
    for y in range(len(net.layouts)):
        if (
            seats <= net.layouts[y, 0]
            and wheelchairs <= net.layouts[y, 1]
            and child_seats <= net.layouts[y, 2]
        ):
            return True
    return False


@lean_kernel
def renewed(net: Network, since: int, until: int) -> int:
    """Return the bits that have begun to mean another trip since a time."""
    bits = 0
    for k in range(len(net.renewed_at) - 1, -1, -1):
        if net.renewed_at[k] <= since:
            break
        if net.renewed_at[k] <= until:
            bits |= net.renewed_bit[k]
    return int(bits)


@lean_kernel
def reachable(net: Network, node: int, time: int) -> int:
    """Return the trips that can still be picked up behind a halt."""
    times = net.reach_time[node]
    low, high = 0, len(times) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if times[middle] <= time:
            low = middle
        else:
            high = middle - 1
    return int(net.reach_set[node, low])


# ------------------------------------------------------------------------------------- dominance


@lean_kernel
def surpassed(net: Network, lab: Labels, k: int) -> bool:
    """Whether a label that was extended can do all that this one can; else file this one."""
    here = lab.label[k]
    place = here.node * len(net.chain_riders) + here.stage
    reach = reachable(net, here.node, here.time)
    other = lab.first[place]
    while other >= 0:
        lab.sizes[COMPARED] += 1
        if surpasses(net, lab, other, k, reach):
            return True
        other = lab.behind[other]
    lab.behind[k] = lab.first[place]
    lab.first[place] = k
    return False


@lean_kernel
def surpasses(net: Network, lab: Labels, a: int, b: int, reach: int) -> bool:
    """Whether label a can do all that label b can, no dearer.

    Every tour that goes on from b goes on from a, too, without the drop-offs that a need not make:
    by the triangle inequality that is neither later nor dearer.
    """
    one, two = lab.label[a], lab.label[b]
    owed = two.owed - one.owed + net.per_rider * (two.riders - one.riders) * two.time
    owing = net.vehicle if two.used > one.used else 0
    if one.cost + owing > two.cost + owed or one.time > two.time:
        return False
    if one.open & ~two.open != 0 or one.visited & ~two.visited & reach != 0:
        return False
    for p in range(one.limits):
        q = 0
        while q < two.limits and lab.goal[b, q] != lab.goal[a, p]:
            q += 1
        if q == two.limits or lab.until[a, p] < lab.until[b, q]:
            return False
        within = lab.within[a, p]
        if within < lab.within[b, q] and two.time + within < lab.until[b, q]:
            return False
    return True


@lean_kernel
def surpassed_by_calm(net: Network, lab: Labels, there: Record) -> bool:
    """Whether a pickup from an empty vehicle is surpassed by a known one; else remember it."""
    if (
        there.riders != 1
        or there.limits != 1
        or there.node % 2 == 1
        or there.node >= 2 * len(net.trip_of)
    ):
        return False
    place = there.node * len(net.chain_riders) + there.stage
    if lab.calm_time[place] <= there.time and lab.calm_cost[place] <= there.cost:
        return True
    if there.visited & ~there.open == 0 and there.cost < lab.calm_cost[place]:
        lab.calm_time[place], lab.calm_cost[place] = there.time, there.cost
    return False


# ------------------------------------------------------------------------------ what was found


@entry_kernel
def count_trips(net: Network, lab: Labels, ends: Numbers, counts: Numbers) -> None:
    """Count the trips of ended tours, one row each."""
    for row in range(len(ends)):
        k = lab.end_parent[ends[row]]
        while k >= 0:
            node = lab.label[k].node
            if node < 2 * len(net.trip_of) and node % 2 == 0:
                counts[row, net.trip_of[node // 2]] += 1
            k = lab.label[k].parent


def covers(network: Network, labels: Labels, most: int = 2000) -> tuple[Numbers, Numbers]:
    """Return the cheapest tours that have ended, by what they cost less what they earn.

    Returns
    -------
    tuple of ndarray
        int64[R], ascending, and int64[R, T]: how often they carry each trip.
    """
    costs = labels.end_cost[: labels.sizes[ENDED]]
    ends = np.argsort(costs, kind="stable")[:most]
    counts = np.zeros((len(ends), len(network.bit)), np.int64)
    count_trips(network, labels, ends, counts)
    return costs[ends], counts
