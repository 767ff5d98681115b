"""The loop of the search, compiled as one: take trips out, put them back, accept or undo.

Large-neighbourhood search (Shaw 1998; Ropke and Pisinger 2006) with few trips at a time, accepted
by simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983): a worse plan becomes the next one
with the probability exp(-difference / temperature).
"""

from typing import NamedTuple

from routing.chance import Chance, below, exponential, share
from routing.insertion_cache import Memory
from routing.kernel import entry_kernel, lean_kernel, merged_kernel
from routing.removal import (
    Absent,
    go_anyhow,
    go_as_tour,
    go_costly,
    go_in_strings,
    go_related,
    leave,
)
from routing.repair import MOST_REGRET, Bids, return_by_regret, return_one_by_one
from routing.search_state import Flags, Given, Numbers, Plan, take_out, turn
from routing.tails import exchange_tails
from routing.tour_pool import Pool, remember


class Best(NamedTuple):
    """The best plan so far.

    Attributes
    ----------
    order, length
        int64[V, M] and int64[V]: its tours.
    tour_cost
        int64[V].
    cost
        int64[1].
    """

    order: Numbers
    length: Numbers
    tour_cost: Numbers
    cost: Numbers


class Scratch(NamedTuple):
    """What one step works with.

    Attributes
    ----------
    absent
        The trips taken out.
    touched
        bool[V]: whether a tour has been turned to its other row.
    bids
        Of the absent trips.
    """

    absent: Absent
    touched: Flags
    bids: Bids


class Habits(NamedTuple):
    """How the search goes about it.

    Attributes
    ----------
    most
        Trips to take out in a step, at most.
    anyhow, related, strings, costly, whole
        Relative frequency of each way out.
    regret
        How often absent trips come back by regret instead of one by one.
    blink
        How often a tour is overlooked.
    noise
        By how much scores are blurred.
    tails
        How often two tours exchange tails instead.
    """

    most: int = 10
    anyhow: float = 0.2
    related: float = 0.4
    strings: float = 0.8
    costly: float = 0.05
    whole: float = 0.05
    regret: float = 0.3
    blink: float = 0.02
    noise: float = 0.2
    tails: float = 0.3


@entry_kernel
def anneal(
    given: Given,
    plan: Plan,
    memory: Memory,
    best: Best,
    scratch: Scratch,
    habits: Habits,
    pool: Pool,
    margin: float,
    cost: int,
    hot: float,
    cold: float,
    iterations: int,
    chance: Chance,
) -> int:
    """Improve a plan by many steps; return the cost of the plan as it is at the end.

    Parameters
    ----------
    pool
        Remembers the new tours of every plan that is good enough.
    margin
        By how much such a plan costs more than the best one, at most.
    cost
        Of the plan as it is.
    hot, cold
        The temperature of the first step, and of the one after the last.
    iterations
        How many steps.
    """
    for iteration in range(iterations):
        temperature = hot * (cold / hot) ** (iteration / iterations)
        most = temperature * exponential(chance)
        if share(chance) < habits.tails:
            feasible = exchange_tails(
                given, plan, scratch.absent, scratch.touched, temperature, chance
            )
        else:
            take_some_out(given, plan, scratch, habits, chance)
            room = most - change_of_cost(given, plan, scratch)
            for x in range(scratch.absent.size[0]):
                room += given.price[scratch.absent.trips[x]]
            feasible = put_back(given, plan, memory, scratch, habits, room, chance)
        change = change_of_cost(given, plan, scratch) if feasible else 0
        if feasible and change < most:
            cost += change
            if cost < best.cost[0]:
                best.cost[0] = cost
                keep(plan, best)
            if cost - best.cost[0] <= margin:
                remember_touched(given, plan, pool, scratch.touched)
        else:
            undo(plan, scratch)
        forget(scratch)
    return cost


@lean_kernel
def remember_touched(given: Given, plan: Plan, pool: Pool, touched: Flags) -> None:
    """Remember the tours that a step has changed and that carry somebody."""
    for v in range(len(plan.at)):
        r = plan.at[v]
        if touched[v] and plan.carried[r] > 0:
            remember(given, pool, given.salt[v], plan.cost[r], plan.order[r], plan.shifts[r].length)


@lean_kernel
def most_absent(habits: Habits) -> int:
    """Return how many trips are absent at most in a step."""
    return 4 * habits.most


@merged_kernel
def take_some_out(
    given: Given, plan: Plan, scratch: Scratch, habits: Habits, chance: Chance
) -> None:
    """Take related trips out of their tours; some that are unserved join them."""
    absent, trips = scratch.absent, len(plan.tour)
    wanted = 1 + below(chance, habits.most)
    first = below(chance, trips)
    way = share(chance) * (
        habits.anyhow + habits.related + habits.strings + habits.costly + habits.whole
    )
    if way < habits.anyhow:
        go_anyhow(plan, absent, wanted, chance)
    elif way < habits.anyhow + habits.related:
        go_related(given, plan, absent, first, wanted, chance)
    elif way < habits.anyhow + habits.related + habits.strings:
        go_in_strings(given, plan, absent, first, wanted, chance)
    elif way < habits.anyhow + habits.related + habits.strings + habits.costly:
        go_costly(given, plan, absent, wanted, chance)
    else:
        go_as_tour(given, plan, absent, first, most_absent(habits) - habits.most)
    served = absent.size[0]
    remember_unserved(plan, absent, habits.most, chance)
    for x in range(served):
        v = plan.tour[absent.trips[x]]
        if not scratch.touched[v]:
            scratch.touched[v] = True
            turn(plan, v)
            take_out(given, plan, v, absent.gone)
    for x in range(absent.size[0]):
        plan.tour[absent.trips[x]] = plan.option[absent.trips[x]] = -1


@lean_kernel
def remember_unserved(plan: Plan, absent: Absent, most: int, chance: Chance) -> None:
    """Let some trips that are in no tour try again."""
    trips = len(plan.tour)
    first, joined = below(chance, trips), 0
    for x in range(trips):
        t = (first + x) % trips
        if plan.tour[t] < 0:
            leave(plan, absent, t)
            joined += 1
            if joined == most:
                return


@merged_kernel
def put_back(
    given: Given,
    plan: Plan,
    memory: Memory,
    scratch: Scratch,
    habits: Habits,
    room: float,
    chance: Chance,
) -> bool:
    """Put the absent trips back in one of some ways; False if there is no room for the cost."""
    absent, bids, touched = scratch.absent, scratch.bids, scratch.touched
    if share(chance) < habits.regret:
        depth = 2 + below(chance, MOST_REGRET - 1)
        noise = habits.noise if share(chance) < 0.5 else 0.0
        return return_by_regret(
            given, plan, memory, absent, bids, touched, depth, noise, room, chance
        )
    return return_one_by_one(given, plan, memory, absent, bids, touched, habits.blink, room, chance)


@lean_kernel
def change_of_cost(given: Given, plan: Plan, scratch: Scratch) -> int:
    """Return what the plan costs more than before the step."""
    change = 0
    for v in range(len(plan.at)):
        if scratch.touched[v]:
            change += plan.cost[plan.at[v]] - plan.cost[plan.at[v] ^ 1]
    absent = scratch.absent
    for x in range(absent.size[0]):
        t = absent.trips[x]
        change += given.price[t] if plan.tour[t] < 0 else 0
        change -= given.price[t] if absent.was_tour[t] < 0 else 0
    return int(change)


@lean_kernel
def undo(plan: Plan, scratch: Scratch) -> None:
    """Turn back to the plan from before the step."""
    for v in range(len(plan.at)):
        if scratch.touched[v]:
            plan.at[v] ^= 1
    absent = scratch.absent
    for x in range(absent.size[0]):
        t = absent.trips[x]
        plan.tour[t], plan.option[t] = absent.was_tour[t], absent.was_option[t]


@lean_kernel
def forget(scratch: Scratch) -> None:
    """Be ready for the next step."""
    absent = scratch.absent
    for x in range(absent.size[0]):
        absent.gone[absent.trips[x]] = False
    absent.size[0] = 0
    scratch.touched[:] = False


@entry_kernel
def keep(plan: Plan, best: Best) -> None:
    """Remember the plan as the best so far."""
    for v in range(len(plan.at)):
        r = plan.at[v]
        size = plan.shifts[r].length
        best.length[v], best.tour_cost[v] = size, plan.cost[r]
        for k in range(size):
            best.order[v, k] = plan.order[r, k]
