"""All good tours that a search has seen: what set partitioning chooses from.

A tour is known by its kind of vehicle and the trips that it serves. Of tours with the same trips
only the cheapest order is kept.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.chance import mixed
from routing.kernel import entry_kernel, lean_kernel
from routing.search_state import Given, Numbers, Words


class Pool(NamedTuple):
    """A table of tours, each near where its key says, and their orders one behind the other.

    Attributes
    ----------
    key
        uint64[S], S a power of two; 0 where there is none.
    cost
        int64[S].
    first, length
        int64[S]: where the order of a tour lies.
    orders
        int32[B]: halts by number.
    used
        int64[2]: how much of `orders` is taken, and how many tours there are.
    """

    key: Words
    cost: Numbers
    first: Numbers
    length: Numbers
    orders: npt.NDArray[np.int32]
    used: Numbers


_LARGEST = 19
_HALTS = 24
"""How many halts a tour has on average, at most, if all are to find room."""

_TRIES = 16


def pool_for(trips: int) -> Pool:
    """Return an empty pool of a size that suits so many trips.

    Only keys are written now: pages that are never written to take no memory, and no time.
    """
    size = 1 << min(max((2000 * trips).bit_length(), 10), _LARGEST)
    return Pool(
        np.zeros(size, np.uint64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size // 2 * _HALTS, np.int32),
        np.zeros(2, np.int64),
    )


@lean_kernel
def remember(
    given: Given, pool: Pool, salt: np.uint64, cost: int, order: Numbers, size: int
) -> None:
    """Keep a tour of a kind of vehicle, unless the pool is full or knows a better order."""
    key = salt
    for k in range(size):
        o = order[k] // 2
        if o < len(given.options) and order[k] == 2 * o:
            key += mixed(salt + np.uint64(given.trip_of[o] + 1))
    slot = int(np.int64(mixed(key) & np.uint64(len(pool.key) - 1)))
    for _ in range(_TRIES):
        if pool.key[slot] == key:
            if cost < pool.cost[slot]:
                write(pool, slot, cost, order, size)
            return
        if pool.key[slot] == 0:
            full = 2 * pool.used[1] >= len(pool.key)
            if not full and pool.used[0] + size <= len(pool.orders):
                pool.key[slot] = key
                pool.first[slot] = pool.used[0]
                pool.used[0] += size
                pool.used[1] += 1
                write(pool, slot, cost, order, size)
            return
        slot = (slot + 1) % len(pool.key)


@lean_kernel
def write(pool: Pool, slot: int, cost: int, order: Numbers, size: int) -> None:
    """Write the order and the cost of a tour where it has its room."""
    pool.cost[slot] = cost
    pool.length[slot] = size
    for k in range(size):
        pool.orders[pool.first[slot] + k] = order[k]


class Columns(NamedTuple):
    """The tours of a pool, packed.

    Attributes
    ----------
    cost, length
        int64[C].
    orders
        int32[sum of the lengths]: their halts by number, one tour behind the other.
    """

    cost: Numbers
    length: Numbers
    orders: npt.NDArray[np.int32]


@entry_kernel
def remember_all(given: Given, pool: Pool, salts: Words, columns: Columns, orders: Numbers) -> None:
    """Keep the tours of another pool; `orders` are those of the columns, `salts` by column."""
    first = 0
    for c in range(len(salts)):
        size = columns.length[c]
        remember(given, pool, salts[c], columns.cost[c], orders[first : first + size], size)
        first += size


def columns_of(pool: Pool) -> Columns:
    """Return all tours of a pool, in the order in which they came."""
    slots = np.flatnonzero(pool.key)
    slots = slots[np.argsort(pool.first[slots])]
    return Columns(pool.cost[slots], pool.length[slots], pool.orders[: pool.used[0]].copy())
