"""Two tours exchange what comes behind a moment at which both vehicles are empty.

The 2-opt* move (Potvin and Rousseau 1995), for tours in which something may stay where it is: the
tail of a tour ends before the next halt that stays, a break or the end of the shift.
"""

from typing import NamedTuple

from routing.chance import Chance, below, exponential
from routing.kernel import lean_kernel, merged_kernel
from routing.problem import FOREVER
from routing.removal import Absent, leave
from routing.schedule import Layouts, Matrix, Records, drive, gap
from routing.search_state import IMPOSSIBLE, Flags, Given, Plan, rebuild, turn


class Cut(NamedTuple):
    """A tail: it begins behind the halt `after` and ends before the halt `end`."""

    after: int
    end: int


@merged_kernel
def exchange_tails(
    given: Given,
    plan: Plan,
    absent: Absent,
    touched: Flags,
    temperature: float,
    chance: Chance,
) -> bool:
    """Exchange two tails of two tours that are drawn; False if none fit each other.

    Which tails is decided by the driving that they save, with as much chance as the temperature
    allows. Trips that change their tour are noted as absent, so that they can be taken back.
    """
    if len(plan.at) < 2:
        return False
    a = below(chance, len(plan.at))
    b = (a + 1 + below(chance, len(plan.at) - 1)) % len(plan.at)
    if plan.carried[plan.at[a]] == 0 and plan.carried[plan.at[b]] == 0:
        return False
    cut_a, cut_b = best_cuts(given, plan, a, b, temperature, chance)
    if cut_a.end == 0:
        return False
    length_a, length_b = cut_a.end - cut_a.after, cut_b.end - cut_b.after
    size_a, size_b = plan.shifts[plan.at[a]].length, plan.shifts[plan.at[b]].length
    if max(size_a + length_b - length_a, size_b + length_a - length_b) > plan.order.shape[1]:
        return False
    for v in (a, b):
        touched[v] = True
        turn(plan, v)
    splice(given, plan, absent, a, cut_a, b, cut_b)
    splice(given, plan, absent, b, cut_b, a, cut_a)
    return bool(plan.cost[plan.at[a]] < IMPOSSIBLE and plan.cost[plan.at[b]] < IMPOSSIBLE)


@lean_kernel
def best_cuts(
    given: Given, plan: Plan, a: int, b: int, temperature: float, chance: Chance
) -> tuple[Cut, Cut]:
    """Return the two tails whose exchange saves most; both end at 0 if there are none."""
    row_a, row_b = plan.rows[plan.at[a]], plan.rows[plan.at[b]]
    shift_a, shift_b = plan.shifts[plan.at[a]], plan.shifts[plan.at[b]]
    order_a, order_b = plan.order[plan.at[a]], plan.order[plan.at[b]]
    staying = 2 * len(given.options)
    best_a, best_b, least = Cut(0, 0), Cut(0, 0), float(FOREVER)
    end_a = 0
    for after_a in range(shift_a.length - 2, shift_a.fixed - 2, -1):
        end_a = after_a + 1 if order_a[after_a + 1] >= staying else end_a
        if row_a[after_a].trips > 0 or row_a[end_a - 1].trips > 0:
            continue
        end_b = 0
        for after_b in range(shift_b.length - 2, shift_b.fixed - 2, -1):
            end_b = after_b + 1 if order_b[after_b + 1] >= staying else end_b
            if row_b[after_b].trips > 0 or row_b[end_b - 1].trips > 0:
                continue
            cut_a, cut_b = Cut(after_a, end_a), Cut(after_b, end_b)
            nothing = after_a + 1 == end_a and after_b + 1 == end_b
            everything = order_a[after_a] >= staying and order_b[after_b] >= staying
            if nothing or (everything and given.salt[a] == given.salt[b]):
                continue
            if not (
                in_time(given.seconds, row_a, cut_a, row_b, cut_b)
                and in_time(given.seconds, row_b, cut_b, row_a, cut_a)
            ):
                continue
            added = joined(given.seconds, row_a, cut_a, row_b, cut_b)
            added += joined(given.seconds, row_b, cut_b, row_a, cut_a)
            added -= joined(given.seconds, row_a, cut_a, row_a, cut_a)
            added -= joined(given.seconds, row_b, cut_b, row_b, cut_b)
            score = given.guide[0] * added + temperature * exponential(chance)
            if score < least:
                best_a, best_b, least = cut_a, cut_b, score
    return best_a, best_b


@lean_kernel
def in_time(seconds: Matrix, row: Records, cut: Cut, other: Records, tail: Cut) -> bool:
    """Whether the tail of another tour can be reached in time behind a cut."""
    if tail.after + 1 == tail.end:
        return True
    here, there = row[cut.after], other[tail.after + 1]
    way = gap(here.place, here.service, there.place, there.service, seconds)
    return bool(here.soonest + way <= there.deadline)


@lean_kernel
def joined(seconds: Matrix, row: Records, cut: Cut, other: Records, tail: Cut) -> int:
    """Return the driving to and from a tail if it came into a cut."""
    before, behind = row[cut.after].place, row[cut.end].place
    if tail.after + 1 == tail.end:
        return drive(before, behind, seconds)
    first, last = other[tail.after + 1].place, other[tail.end - 1].place
    return drive(before, first, seconds) + drive(last, behind, seconds)


@lean_kernel
def splice(
    given: Given, plan: Plan, absent: Absent, v: int, cut: Cut, other: int, tail: Cut
) -> None:
    """Write the order of a tour with the tail that another one had, and compile it."""
    r, before, source = plan.at[v], plan.at[v] ^ 1, plan.at[other] ^ 1
    order, size = plan.order[r], cut.after + 1
    for k in range(tail.after + 1, tail.end):
        order[size] = plan.order[source, k]
        size += 1
        t = given.trip_of[order[size - 1] // 2]
        if not absent.gone[t]:
            leave(plan, absent, t)
            plan.tour[t] = v
    for k in range(cut.end, plan.shifts[before].length):
        order[size] = plan.order[before, k]
        size += 1
    plan.shifts[r].length = size
    rebuild(given, plan, v)
    if given.salt[v] != given.salt[other] and not all_fit(given.layouts[v], plan.rows[r], size):
        plan.cost[r] = IMPOSSIBLE


@lean_kernel
def all_fit(layouts: Layouts, row: Records, size: int) -> bool:
    """Whether some layout holds what is on board, after every halt."""
    for k in range(size):
        fits = False
        for y in range(len(layouts)):
            fits |= (
                row[k].seats <= layouts[y, 0]
                and row[k].wheelchairs <= layouts[y, 1]
                and row[k].child_seats <= layouts[y, 2]
            )
        if not fits:
            return False
    return True
