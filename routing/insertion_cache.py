"""The best insertion of a trip into a tour, remembered as long as the tour is as it was.

A tour is known by its fingerprint, so that what is known of a tour holds again when a change is
taken back, when the same tour comes about a second time, and for every vehicle of the same kind.
"""

from typing import NamedTuple

import numpy as np

from routing.chance import mixed
from routing.kernel import lean_kernel
from routing.positions import BOARDING, FOUND, STEP, WAY, holds, search_tour
from routing.problem import FOREVER
from routing.schedule import Record, Records
from routing.search_state import Given, Plan, Words

PLACE = np.dtype([("score", np.int64), ("after", np.int64), ("until", np.int64)])
"""A best insertion: what it costs, and behind which halts; after -1: none is better than that."""


class Memory(NamedTuple):
    """A table of best insertions, each where its key says, the last comer staying; and scratch.

    Attributes
    ----------
    key
        uint64[S], S a power of two.
    place
        PLACE[S].
    steps, ways, boarding, found
        Scratch of :func:`routing.positions.search_tour`.
    """

    key: Words
    place: Records
    steps: Records
    ways: Records
    boarding: Records
    found: Records


def memory_for(given: Given, plan: Plan) -> Memory:
    """Return an empty memory of a size that suits a problem."""
    wanted = 8 * max(1, len(given.options) * len(plan.at))
    size = 1 << min(max(wanted.bit_length(), 10), 20)
    return Memory(
        np.zeros(size, np.uint64),
        np.empty(size, PLACE),
        np.empty(plan.rows.shape[1] + 4, STEP),
        np.empty(plan.rows.shape[1], WAY),
        np.empty(1, BOARDING),
        np.empty(1, FOUND),
    )


@lean_kernel
def best_place(given: Given, plan: Plan, memory: Memory, v: int, o: int, limit: int) -> Record:
    """Return the best insertion of an option into a tour, a PLACE, if it costs less than a limit.

    The less it may cost, the sooner the search for it ends.
    """
    r = plan.at[v]
    key = mixed(plan.mark[r] + np.uint64(o + 1))
    slot = np.int64(key & np.uint64(len(memory.key) - 1))
    place = memory.place[slot]
    if memory.key[slot] == key and (place.after >= 0 or place.score >= limit):
        return place
    memory.key[slot] = key
    place.score, place.after = limit, -1
    shift, trip = plan.shifts[r], given.options[o]
    has_room = shift.length + 2 <= plan.rows.shape[1]
    if has_room and holds(given.layouts[v], plan.rows[r, 0], trip):
        found = memory.found[0]
        found.tour = found.pickup_after = -1
        found.score, found.pickup_time = limit, -FOREVER
        search_tour(
            v,
            plan.rows[r],
            shift,
            given.layouts[v],
            given.seconds,
            given.metres,
            trip,
            given.guide,
            memory.boarding[0],
            memory.steps,
            memory.ways,
            found,
        )
        place.score = found.score
        place.after, place.until = found.pickup_after, found.dropoff_after
    return place
