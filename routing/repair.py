"""How absent trips come back into the plan: one by one, or those first that regret most."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.chance import Chance, below, share
from routing.insertion_cache import Memory, best_place
from routing.kernel import inline_kernel, lean_kernel, merged_kernel
from routing.problem import FOREVER
from routing.removal import Absent
from routing.search_state import Flags, Given, Numbers, Plan, is_as_before, put_in, rebuild, turn


class Bids(NamedTuple):
    """What absent trips cost in the tours.

    Attributes
    ----------
    score
        float64[A, V], blurred; infinite where a trip does not fit or stays out rather.
    option
        int64[A, V]: how it would be served.
    waiting
        bool[A]: whether a trip is still absent.
    key
        float64[A]: scratch of :func:`arrange`.
    ranked
        float64[D]: scratch of :func:`rank`.
    """

    score: npt.NDArray[np.float64]
    option: Numbers
    waiting: Flags
    key: npt.NDArray[np.float64]
    ranked: npt.NDArray[np.float64]


def bids_for(absent: int, tours: int) -> Bids:
    """Return room for the bids of so many absent trips."""
    return Bids(
        np.zeros((absent, tours), np.float64),
        np.zeros((absent, tours), np.int64),
        np.zeros(absent, np.bool_),
        np.zeros(absent, np.float64),
        np.zeros(MOST_REGRET, np.float64),
    )


MOST_REGRET = 4
"""How many of the best tours a trip may regret, at most."""


@inline_kernel
def score_in(
    given: Given, plan: Plan, memory: Memory, v: int, t: int, limit: int, best: Numbers
) -> int:
    """Return the cost of putting a trip into a tour in the best way; leave the way in `best`.

    If that costs no less than a limit, return that or more.
    """
    least = limit
    for o in range(given.first_option[t], given.first_option[t + 1]):
        place = best_place(given, plan, memory, v, o, least)
        if place.after >= 0 and place.score < least:
            least = place.score
            best[0] = o
    if least < limit and plan.carried[plan.at[v]] == 0:
        least += given.weights.vehicle
    return int(least)


@inline_kernel
def bearable(given: Given, room: float) -> float:
    """Return the score above which an insertion costs more than there is room for.

    Where metres and rides cost nothing, no tour is cheaper than the score says; else few are by
    more than half.
    """
    exact = given.weights.metres == 0 and given.weights.riding == 0
    return room if exact else 2.0 * room


@inline_kernel
def is_spare_twin(given: Given, plan: Plan, v: int) -> bool:
    """Whether a tour is empty and that of a vehicle just like it is, too: one is enough to try."""
    twin = given.twin[v]
    return bool(twin >= 0 and plan.carried[plan.at[v]] == 0 and plan.carried[plan.at[twin]] == 0)


@lean_kernel
def enter(given: Given, plan: Plan, memory: Memory, touched: Flags, v: int, o: int) -> int:
    """Put an option into a tour at its best place; return what the tour costs more.

    The tour from before the step is kept in its other row; a tour that becomes that one again is
    turned back, which saves compiling it.
    """
    # No literals: numba would compile all that follows for them, too.
    place = best_place(given, plan, memory, v, o, min(given.price[given.trip_of[o]], FOREVER))
    after, until, before = place.after, place.until, plan.cost[plan.at[v]]
    if not touched[v]:
        touched[v] = True
        turn(plan, v)
    put_in(given, plan, v, o, after, until)
    if is_as_before(plan, v):
        touched[v] = False
        plan.at[v] ^= 1
    else:
        rebuild(given, plan, v)
    return int(plan.cost[plan.at[v]] - before)


@merged_kernel
def return_one_by_one(
    given: Given,
    plan: Plan,
    memory: Memory,
    absent: Absent,
    bids: Bids,
    touched: Flags,
    blink: float,
    room: float,
    chance: Chance,
) -> bool:
    """Put each absent trip where it is best, in some order, sometimes blind to a tour.

    Blinks are those of Christiaens and Vanden Berghe (2020), for tours instead of positions. What
    that costs must not be more than there is `room` for: if it is, the rest is left and the
    answer is False.
    """
    best = bids.option[0]
    arrange(given, absent, bids.key, chance)
    for x in range(absent.size[0]):
        t = absent.trips[x]
        # No literals here either.
        least, where, how = min(given.price[t], FOREVER), len(plan.at), len(given.options)
        if bearable(given, room) < least:
            least = np.int64(bearable(given, room)) + 1
        # Where it was it likely costs least, and the less it may cost the sooner others are done.
        home = absent.was_tour[t]
        for w in range(-1, len(plan.at)):
            v = home if w < 0 else w
            if v < 0 or (w == home and w >= 0):
                continue
            if is_spare_twin(given, plan, v) or (blink > 0 and share(chance) < blink):
                continue
            score = score_in(given, plan, memory, v, t, least, best)
            if score < least:
                least, where, how = score, v, best[0]
        if where < len(plan.at):
            room -= enter(given, plan, memory, touched, where, how)
        else:
            room -= given.price[t]
        if room < 0:
            return False
    return True


@lean_kernel
def arrange(given: Given, absent: Absent, key: npt.NDArray[np.float64], chance: Chance) -> None:
    """Put the absent trips in some order: by chance, narrow windows, early, or long ways first."""
    count = absent.size[0]
    by = below(chance, 4)
    for x in range(count):
        trip = given.options[given.first_option[absent.trips[x]]]
        if by == 0:
            key[x] = share(chance)
        elif by == 1:
            key[x] = trip.pickup_latest - trip.pickup_earliest
        elif by == 2:
            key[x] = trip.pickup_earliest
        else:
            key[x] = -given.seconds[trip.pickup, trip.dropoff]
    for x in range(1, count):
        t, own, y = absent.trips[x], key[x], x - 1
        while y >= 0 and key[y] > own:
            key[y + 1], absent.trips[y + 1] = key[y], absent.trips[y]
            y -= 1
        key[y + 1], absent.trips[y + 1] = own, t


@merged_kernel
def return_by_regret(
    given: Given,
    plan: Plan,
    memory: Memory,
    absent: Absent,
    bids: Bids,
    touched: Flags,
    depth: int,
    noise: float,
    room: float,
    chance: Chance,
) -> bool:
    """Put that trip next that loses most if it has to take its second best tour, and so on.

    Regret-k (Potvin and Rousseau 1993; Ropke and Pisinger 2006), over the `depth` best tours.
    `room` and the answer are those of :func:`return_one_by_one`.
    """
    count, tours = absent.size[0], len(plan.at)
    bids.waiting[:count] = True
    for v in range(tours):
        bid(given, plan, memory, absent, bids, v, noise, room, chance)
    for _ in range(count):
        x = most_regretful(given, absent, bids, depth, room)
        if x < 0:
            for y in range(count):
                room -= given.price[absent.trips[y]] if bids.waiting[y] else 0
            return room >= 0
        bids.waiting[x] = False
        v = int(np.argmin(bids.score[x]))
        opened = plan.carried[plan.at[v]] == 0
        room -= enter(given, plan, memory, touched, v, bids.option[x, v])
        if room < 0:
            return False
        for w in range(tours):
            if w == v or (opened and given.twin[w] == v):
                bid(given, plan, memory, absent, bids, w, noise, room, chance)
    return True


@lean_kernel
def bid(
    given: Given,
    plan: Plan,
    memory: Memory,
    absent: Absent,
    bids: Bids,
    v: int,
    noise: float,
    room: float,
    chance: Chance,
) -> None:
    """Fill in what the trips that wait cost in a tour, if there is room for that much."""
    spare = is_spare_twin(given, plan, v)
    for x in range(absent.size[0]):
        if bids.waiting[x]:
            t = absent.trips[x]
            bids.score[x, v] = np.inf
            if not spare:
                price = min(given.price[t], FOREVER)
                if bearable(given, room) < price:
                    price = np.int64(bearable(given, room)) + 1
                score = score_in(given, plan, memory, v, t, price, bids.option[x, v : v + 1])
                if score < price:
                    blur = 1.0 + noise * (share(chance) - 0.5) if noise > 0 else 1.0
                    bids.score[x, v] = score * blur


@lean_kernel
def most_regretful(given: Given, absent: Absent, bids: Bids, depth: int, room: float) -> int:
    """Return which waiting trip loses most in its next best tours, -1 if none fits anywhere.

    Of equals, the one that costs least. Also -1 if one fits nowhere whose price is more than there
    is room for.
    """
    ranked = bids.ranked[:depth]
    chosen, most, least = -1, -1.0, np.inf
    for x in range(absent.size[0]):
        if bids.waiting[x]:
            rank(bids.score[x], ranked)
            regret, price = 0.0, float(min(given.price[absent.trips[x]], FOREVER))
            if ranked[0] == np.inf and price > room:
                return -1
            for y in range(1, depth):
                regret += min(ranked[y], price) - ranked[0]
            better = regret > most or (regret == most and ranked[0] < least)
            if ranked[0] < np.inf and better:
                chosen, most, least = x, regret, ranked[0]
    return chosen


@lean_kernel
def rank(scores: npt.NDArray[np.float64], ranked: npt.NDArray[np.float64]) -> None:
    """Fill `ranked` with the least scores, in order."""
    ranked[:] = np.inf
    last = len(ranked) - 1
    for score in scores:
        if score < ranked[last]:
            y = last
            while y > 0 and ranked[y - 1] > score:
                ranked[y] = ranked[y - 1]
                y -= 1
            ranked[y] = score
