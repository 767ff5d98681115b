"""Fewer vehicles: one is closed, and its trips find room in the others or nowhere.

While a trip finds no room its price rises, step by step, so that others that are easier to place
make way for it: absences as in the fleet minimisation of Christiaens and Vanden Berghe (2020),
which go back to the penalty counters of Nagata and Bräysy (2009).
"""

from collections.abc import Sequence

import numpy as np

from routing.annealing import Habits, Scratch, change_of_cost, forget, put_back, take_some_out, undo
from routing.chance import Chance, exponential
from routing.insertion_cache import Memory
from routing.kernel import entry_kernel, lean_kernel
from routing.search_state import Given, Numbers, Plan

_CLOSED = np.uint64(1 << 62)
"""Added to the salt of a closed vehicle: it is like no other."""


def closing(given: Given, closed: Sequence[int], price: int) -> Given:
    """Return the problem in which some vehicles hold nothing and every trip has this price.

    The others cost nothing, so that none is given up.
    """
    layouts, salt, twin = given.layouts.copy(), given.salt.copy(), given.twin.copy()
    for v in closed:
        layouts[v] = -1
        salt[v] += _CLOSED
        twin[v] = -1
    for v in range(len(twin)):
        while twin[v] in closed:
            twin[v] = given.twin[twin[v]]
    layouts.flags.writeable = False
    prices = np.full_like(given.price, price)
    weights = given.weights._replace(vehicle=0)
    return given._replace(layouts=layouts, salt=salt, twin=twin, price=prices, weights=weights)


@entry_kernel
def find_room(
    given: Given,
    plan: Plan,
    memory: Memory,
    scratch: Scratch,
    habits: Habits,
    step: int,
    temperature: float,
    iterations: int,
    chance: Chance,
) -> tuple[int, int]:
    """Search until every trip has room, for some steps at most.

    Returns how many trips have none, and how many steps that took.
    """
    left, done = unserved(plan), 0
    while left > 0 and done < iterations:
        done += 1
        take_some_out(given, plan, scratch, habits, chance)
        put_back(given, plan, memory, scratch, habits, np.inf, chance)
        change = change_of_cost(given, plan, scratch)
        raise_prices(given.price, plan, scratch, step)
        if change >= temperature * exponential(chance):
            undo(plan, scratch)
        forget(scratch)
        left = unserved(plan)
    return left, done


@lean_kernel
def raise_prices(price: Numbers, plan: Plan, scratch: Scratch, step: int) -> None:
    """Let the absent trips that found no room be dearer from now on."""
    absent = scratch.absent
    for x in range(absent.size[0]):
        t = absent.trips[x]
        if plan.tour[t] < 0:
            price[t] += step


@lean_kernel
def unserved(plan: Plan) -> int:
    """Return how many trips are in no tour."""
    left = 0
    for t in range(len(plan.tour)):
        left += 1 if plan.tour[t] < 0 else 0
    return left
