"""Begins of tours, as labels, and the queue in which they wait to be gone on with."""

from typing import NamedTuple

import numpy as np

from routing.kernel import lean_kernel
from routing.schedule import Records
from routing.search_state import Numbers
from routing.tour_network import Network

LABEL = np.dtype(
    [
        (name, np.int64)
        for name in (
            # Last halt, position of the last halt of the chain, earliest begin of service, cost.
            *("node", "stage", "time", "cost"),
            # Bits of trips that are or were on board and could be picked up again, and of those
            # on board.
            *("visited", "open"),
            # The label before, how many movable trips are on board, whether any ever was, and how
            # many ride limits are running.
            *("parent", "riders", "used", "limits"),
            # What the riding of those on board will cost at least, from here.
            "owed",
            *("seats", "wheelchairs", "child_seats"),
        )
    ]
)
"""The begin of a tour."""

COUNT, QUEUED, ENDED, COMPARED = range(4)
"""What `sizes` counts: labels made and waiting, tours that have ended, comparisons of labels."""

DONE, PAUSED, FULL = range(3)
"""How a run of the kernel ends."""

NEVER = 1 << 60


class Labels(NamedTuple):
    """The labels of a run: room for M of them, with up to Q ride limits running.

    Attributes
    ----------
    label
        LABEL[M].
    goal
        int64[M, Q]: where each ride ends, by label; the first `limits` of a row count.
    within, until
        int64[M, Q]: at time t the ride has to end by `min(t + within, until)`.
    queue
        int64[M]: a heap of labels by time, then cost.
    first, behind
        int64[N * C] and int64[M]: labels that were extended, as linked lists by halt and stage.
    calm_time, calm_cost
        int64[N * C]: of a cheap label that has its last trip on board only, and need not remember
        any other.
    end_cost, end_parent
        int64[M]: tours that have ended.
    sizes
        int64[4].
    """

    label: Records
    goal: Numbers
    within: Numbers
    until: Numbers
    queue: Numbers
    first: Numbers
    behind: Numbers
    calm_time: Numbers
    calm_cost: Numbers
    end_cost: Numbers
    end_parent: Numbers
    sizes: Numbers


def room(network: Network, labels: int) -> Labels:
    """Return room for so many labels."""
    options, stages = len(network.trip_of), len(network.chain_riders)
    smallest = max(1, int(network.load.sum(axis=1).min(initial=1 << 30)))
    holds = int(np.maximum(network.layouts, 0).sum(axis=1).max(initial=0))
    everybody = len(network.bit)
    heavy = network.load.sum(axis=1).min(initial=1) > 0
    party = max(1, min(everybody, holds // smallest) if heavy else everybody)
    party += int(network.chain_riders.max(initial=0)) + 1
    lists = (2 * options + stages) * stages
    return Labels(
        label=np.zeros(labels, LABEL),
        goal=np.zeros((labels, party), np.int64),
        within=np.zeros((labels, party), np.int64),
        until=np.zeros((labels, party), np.int64),
        queue=np.zeros(labels, np.int64),
        first=np.full(lists, -1, np.int64),
        behind=np.full(labels, -1, np.int64),
        calm_time=np.full(lists, NEVER, np.int64),
        calm_cost=np.full(lists, NEVER, np.int64),
        end_cost=np.zeros(labels, np.int64),
        end_parent=np.zeros(labels, np.int64),
        sizes=np.zeros(4, np.int64),
    )


def widened(labels: Labels, network: Network) -> Labels:
    """Return the same labels with twice the room."""
    wide = room(network, 2 * len(labels.label))
    for old, new in zip(labels, wide, strict=True):
        new[: len(old)] = old
    return wide


def begin(labels: Labels, network: Network, start: int) -> None:
    """Forget all labels but that of the empty begin of a tour, at time `start`."""
    labels.first[:] = -1
    labels.calm_time[:] = labels.calm_cost[:] = NEVER
    labels.sizes[:] = (1, 1, 0, 0)
    held = len(network.held)
    labels.label[0] = (2 * len(network.trip_of), 0, start, 0, 0, 0, -1, 0, 0, held, 0, 0, 0, 0)
    labels.goal[0, :held] = network.held[:, 0]
    labels.within[0, :held], labels.until[0, :held] = network.held[:, 1], network.held[:, 2]
    labels.queue[0] = 0


# --------------------------------------------------------------------------------------- kernels


@lean_kernel
def sooner(lab: Labels, a: int, b: int) -> bool:
    """Whether a label comes before another in the queue."""
    one, two = lab.label[a], lab.label[b]
    return bool(one.time < two.time or (one.time == two.time and one.cost < two.cost))


@lean_kernel
def push(lab: Labels, k: int) -> None:
    """Put a label into the queue."""
    place = lab.sizes[QUEUED]
    lab.sizes[QUEUED] += 1
    while place > 0 and sooner(lab, k, lab.queue[(place - 1) // 2]):
        lab.queue[place] = lab.queue[(place - 1) // 2]
        place = (place - 1) // 2
    lab.queue[place] = k


@lean_kernel
def pop(lab: Labels) -> int:
    """Take the first label out of the queue."""
    first = lab.queue[0]
    lab.sizes[QUEUED] -= 1
    size, place = lab.sizes[QUEUED], 0
    k = lab.queue[size]
    while True:
        child = 2 * place + 1
        if child + 1 < size and sooner(lab, lab.queue[child + 1], lab.queue[child]):
            child += 1
        if child >= size or not sooner(lab, lab.queue[child], k):
            break
        lab.queue[place] = lab.queue[child]
        place = child
    lab.queue[place] = k
    return int(first)
