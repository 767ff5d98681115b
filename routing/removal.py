"""Which trips to take out of a plan together, so that they may come back better.

Few at a time: the trips that go are related in some way, or not at all. Each way out fills the
list of the absent and marks them as gone; it takes nothing out yet.
"""

from typing import NamedTuple

from routing.chance import Chance, below, share
from routing.kernel import lean_kernel
from routing.search_state import Flags, Given, Numbers, Plan


class Absent(NamedTuple):
    """The trips that are in no tour for the moment.

    Attributes
    ----------
    trips
        int64[T], the first `size[0]` of them.
    gone
        bool[T]: whether a trip is among them.
    size
        int64[1].
    was_tour, was_option
        int64[T]: where an absent trip was before.
    """

    trips: Numbers
    gone: Flags
    size: Numbers
    was_tour: Numbers
    was_option: Numbers


@lean_kernel
def leave(plan: Plan, absent: Absent, t: int) -> None:
    """Let one more trip go."""
    absent.was_tour[t], absent.was_option[t] = plan.tour[t], plan.option[t]
    absent.trips[absent.size[0]] = t
    absent.size[0] += 1
    absent.gone[t] = True


@lean_kernel
def go_anyhow(plan: Plan, absent: Absent, wanted: int, chance: Chance) -> None:
    """Let trips go that have nothing in common."""
    for _ in range(wanted):
        t = below(chance, len(plan.tour))
        if plan.tour[t] >= 0 and not absent.gone[t]:
            leave(plan, absent, t)


@lean_kernel
def go_related(
    given: Given, plan: Plan, absent: Absent, first: int, wanted: int, chance: Chance
) -> None:
    """Let trips go that are like one that goes already (Shaw 1998)."""
    if plan.tour[first] >= 0:
        leave(plan, absent, first)
    size = given.near.shape[1]
    for _ in range(2 * wanted):
        if absent.size[0] == 0 or size == 0:
            return
        like = absent.trips[below(chance, absent.size[0])]
        rank = int(size * share(chance) ** _PREFERENCE)
        t = given.near[like, rank]
        if plan.tour[t] >= 0 and not absent.gone[t]:
            leave(plan, absent, t)
            wanted -= 1
            if wanted <= 1:
                return


_PREFERENCE = 4.0


@lean_kernel
def go_in_strings(
    given: Given, plan: Plan, absent: Absent, first: int, wanted: int, chance: Chance
) -> None:
    """Let stretches of neighbouring tours go (Christiaens and Vanden Berghe 2020)."""
    longest = 1 + below(chance, wanted)
    size = given.near.shape[1]
    for rank in range(-1, size):
        t = first if rank < 0 else given.near[first, rank]
        v = plan.tour[t]
        if v < 0 or absent.gone[t] or has_left(plan, absent, v):
            continue
        cut_string(given, plan, absent, v, t, 1 + below(chance, longest), chance)
        if absent.size[0] >= wanted:
            return


@lean_kernel
def has_left(plan: Plan, absent: Absent, v: int) -> bool:
    """Whether a trip of a tour has gone already."""
    left = False
    for x in range(absent.size[0]):
        left |= plan.tour[absent.trips[x]] == v
    return left


@lean_kernel
def cut_string(
    given: Given, plan: Plan, absent: Absent, v: int, t: int, length: int, chance: Chance
) -> None:
    """Let all trips go with a halt in a stretch of a tour around one end of a trip."""
    r = plan.at[v]
    order, size, fixed = plan.order[r], plan.shifts[r].length, plan.shifts[r].fixed
    centre = 2 * plan.option[t] + below(chance, 2)
    at = fixed
    while order[at] != centre:
        at += 1
    begin = max(fixed, at - below(chance, length))
    for k in range(begin, min(begin + length, size)):
        o = order[k] // 2
        if o < len(given.options) and not absent.gone[given.trip_of[o]]:
            leave(plan, absent, given.trip_of[o])


@lean_kernel
def go_as_tour(given: Given, plan: Plan, absent: Absent, first: int, most: int) -> None:
    """Let the whole tour of a trip go, if it is not too many."""
    v = plan.tour[first]
    if v < 0 or plan.carried[plan.at[v]] > most:
        return
    r = plan.at[v]
    for k in range(plan.shifts[r].length):
        o = plan.order[r, k] // 2
        if o < len(given.options) and plan.order[r, k] == 2 * o:
            leave(plan, absent, given.trip_of[o])


@lean_kernel
def go_costly(given: Given, plan: Plan, absent: Absent, wanted: int, chance: Chance) -> None:
    """Let trips go that cause long ways, each the worst of some drawn at random."""
    for _ in range(wanted):
        worst, most = -1, -1
        for _ in range(_CONTEST):
            t = below(chance, len(plan.tour))
            if plan.tour[t] >= 0 and not absent.gone[t]:
                detour = detour_of(given, plan, t)
                if detour > most:
                    worst, most = t, detour
        if worst >= 0:
            leave(plan, absent, worst)


_CONTEST = 6


@lean_kernel
def detour_of(given: Given, plan: Plan, t: int) -> int:
    """Return the driving that a tour would save without the halts of a trip, one by one."""
    r = plan.at[plan.tour[t]]
    row, order, o = plan.rows[r], plan.order[r], plan.option[t]
    saved = 0
    for k in range(plan.shifts[r].fixed, plan.shifts[r].length - 1):
        if order[k] // 2 == o:
            way = given.seconds[row[k - 1].place, row[k + 1].place]
            saved += row[k].drive + row[k + 1].drive - way
    return int(saved)
