"""From a problem to the networks of its vehicles: the ground of a lower bound.

A way through a :class:`routing.tour_network.Network` costs no more, and happens no later, than the
tour of a plan with the same halts:

- Travel times and costs of legs are those of the shortest ways over any halts, so that leaving a
  trip out never makes a tour dearer or later, also if the given ones break the triangle inequality.
- Halts happen as early as windows and legs allow; in a plan, ride limits may delay them.
- Riding that counts more than waiting counts for what exceeds it as if nobody waited on board.

Windows, ride limits, the longest duration, what a vehicle holds and breaks hold as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from routing.problem import Halt, HaltKind, Problem, Tour
from routing.search_state import Numbers, SearchState
from routing.tour_network import Network

BITS = 64
"""So many trips can be told apart at one time."""


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """Vehicles that can make the same tours.

    Attributes
    ----------
    vehicles
        Their indices in the problem.
    network
        What lies before them.
    base, start
        What the fixed part costs at least, and when its last halt begins at the earliest.
    """

    vehicles: tuple[int, ...]
    network: Network
    base: int
    start: int


class Ground:
    """What all kinds of vehicles have in common.

    Parameters
    ----------
    problem
        Whose plans are bounded.

    Attributes
    ----------
    state
        The problem as arrays.
    origin
        The time that is 0 here.
    scale
        Units of cost here in one unit of the problem.
    price
        int64[T]: of leaving a trip unserved; 0 for a trip that is left out of the bound because too
        many others may be on their way at the same time.
    kinds
        All vehicles, by kind.
    """

    def __init__(self, problem: Problem) -> None:
        self.state = SearchState(problem, problem.tours)
        given = self.state.given
        earliest = given.halts["earliest"]
        self.origin = int(earliest.min()) if len(earliest) else 0
        self.weights = given.weights
        self.places, self.place_of = np.unique(given.halts["place"], return_inverse=True)
        seconds = given.seconds[np.ix_(self.places, self.places)].astype(np.int64)
        metres = given.metres[np.ix_(self.places, self.places)].astype(np.int64)
        np.fill_diagonal(seconds, 0)
        legs = self.weights.driving * seconds + self.weights.metres * metres * (seconds > 0)
        self.scale = _scale(int(legs.max(initial=0)))
        self.seconds, self.legs = _shortest(seconds), _shortest(legs) * self.scale
        self.count = 2 * len(given.options)
        self.bit, self.renewed = self._bits()
        most = _DEAREST // (len(given.price) + 1)
        self.price = np.minimum(given.price, most // self.scale) * self.scale
        self.price[self.bit == 0] = 0
        self.kinds = self._kinds()

    def relaxed(self, network: Network, level: int) -> Network:
        """Return a network with more tours than there are, of which fewer have to be told apart.

        A tour may carry a trip again once it has forgotten it, and remembers only those that are
        near the ones in between (ng-routes; Baldacci, Mingozzi and Roberti, Operations Research
        59, 2011). From the second level on there is no ride limit but the windows.
        """
        near = np.zeros(len(self.bit), np.int64)
        for related in self.state.given.near[:, : _REMEMBERED[level]].T:
            near |= self.bit[related]
        network = network._replace(near=near)
        if level == 0:
            return network
        held = network.held.copy()
        held[:, 1], held[:, 2] = _ENDLESS, network.closes[held[:, 0]]
        return network._replace(ride=np.full_like(network.ride, _ENDLESS), held=held)

    def _bits(self) -> tuple[Numbers, list[tuple[int, int]]]:
        """Give each trip a bit; if there are more trips than bits, one after the other.

        Trips are intervals in time, and a greedy sweep colours intervals with as few colours as
        there are intervals at one time.
        """
        given = self.state.given
        trips = len(given.price)
        bit = np.zeros(trips, np.int64)
        opens, closes = given.halts["earliest"][: self.count], given.latest[: self.count]
        begin, end = np.zeros(trips, np.int64), np.zeros(trips, np.int64)
        for t in range(trips):
            first, last = 2 * given.first_option[t], 2 * given.first_option[t + 1]
            begin[t] = opens[first:last:2].min()
            end[t] = max(
                min(
                    int(closes[d]),
                    int(closes[d - 1] + given.halts["service"][d - 1] + given.max_ride[d]),
                )
                for d in range(first + 1, last, 2)
            )
        free_from = [-1 << 60] * BITS
        renewed = []
        for t in np.argsort(begin, kind="stable").tolist():
            colour = next((c for c in range(BITS) if free_from[c] < begin[t]), None)
            if trips <= BITS:
                colour = t
            if colour is None:
                continue
            bit[t] = np.left_shift(np.int64(1), np.int64(colour))
            if free_from[colour] > -1 << 60:
                renewed.append((int(begin[t]) - self.origin, int(bit[t])))
            free_from[colour] = int(end[t])
        return bit, renewed

    def _kinds(self) -> tuple[Kind, ...]:
        vehicles: dict[int, list[int]] = {}
        for v, salt in enumerate(self.state.given.salt.tolist()):
            vehicles.setdefault(salt, []).append(v)
        return tuple(self._kind(tuple(same)) for same in vehicles.values())

    def _kind(self, vehicles: tuple[int, ...]) -> Kind:
        plan, v = self.state.plan, vehicles[0]
        tour = self.state.start[v]
        order = plan.order[2 * v, : plan.shifts["length"][2 * v]].tolist()
        staying = [number for number in order if number >= self.count]
        prefix, chain = staying[: tour.fixed], staying[tour.fixed - 1 :]
        begins = self._prefix_times(tour, prefix)
        carries = any(self._halt(number).kind == HaltKind.PICKUP for number in staying)
        vehicle = self.weights.vehicle * self.scale
        base = self._prefix_cost(prefix, begins) + (vehicle if carries else 0)
        network = self._network(v, prefix, chain, begins, 0 if carries else vehicle)
        return Kind(vehicles, network, base, begins[-1])

    # ------------------------------------------------------------------------- the fixed part

    def _halt(self, number: int) -> Halt:
        return self.state.halts[number]

    def _gap(self, a: int, b: int) -> int:
        """Return the least time between begins of service at two halts, by number."""
        service = self._halt(a).service
        if self._halt(a).place == self._halt(b).place:
            return max(0, service - self._halt(b).service)
        return service + int(self.seconds[self.place_of[a], self.place_of[b]])

    def _prefix_times(self, tour: Tour, prefix: Sequence[int]) -> list[int]:
        """Return the earliest begins at the fixed halts; what has happened is a fact."""
        begins: list[int] = []
        for k, number in enumerate(prefix):
            begin = self._halt(number).earliest - self.origin
            if k >= max(tour.served, 1):
                begin = max(begin, begins[-1] + self._gap(prefix[k - 1], number))
            begins.append(begin)
        return begins

    def _prefix_cost(self, prefix: Sequence[int], begins: Sequence[int]) -> int:
        """Return the least that the fixed part costs; riding beyond it is still to come."""
        cost = sum(int(self.legs[self.place_of[a], self.place_of[b]]) for a, b in pairwise(prefix))
        slope, constant, lateness = self._clock()
        for number, begin in zip(prefix, begins, strict=True):
            cost += int(slope[number] * begin + constant[number])
            late = begin + self.origin - self._halt(number).latest
            cost += lateness * max(0, late) if self._halt(number).trip else 0
        for k, on_board in enumerate(self._riders(prefix)[:-1]):
            taken = min(begins[k + 1] - begins[k], self._gap(prefix[k], prefix[k + 1]))
            cost += self._excess() * on_board * taken
        return cost

    def _excess(self) -> int:
        return max(0, self.weights.riding - self.weights.waiting) * self.scale

    def _clock(self) -> tuple[Numbers, Numbers, int]:
        """Return what a halt costs by its time: per second, apart from that, and per second late.

        Where riding counts no more than waiting, a pickup that waits for its ride limit costs no
        less than one at once, so that both are counted by earliest times. Riding that counts more
        is counted by the legs alone, which no timetable can shorten.
        """
        given, weights = self.state.given, self.weights
        both = min(weights.riding, weights.waiting)
        pickup = given.halts["kind"] == HaltKind.PICKUP
        dropoff = given.halts["kind"] == HaltKind.DROPOFF
        slope = pickup * (weights.waiting - both) + dropoff * both
        constant = -weights.waiting * (given.halts["earliest"] - self.origin)
        constant -= weights.riding * given.halts["service"]
        constant *= pickup
        constant[: self.count : 2] += given.options["penalty"]
        return slope * self.scale, constant * self.scale, weights.lateness * self.scale

    def _riders(self, numbers: Iterable[int]) -> list[int]:
        """Return how many are on board behind each halt of a sequence."""
        steps = {HaltKind.PICKUP: 1, HaltKind.DROPOFF: -1}
        return list(accumulate(steps.get(self._halt(number).kind, 0) for number in numbers))

    # ---------------------------------------------------------------------------- the network

    def _network(
        self, v: int, prefix: Sequence[int], chain: Sequence[int], begins: list[int], use: int
    ) -> Network:
        given, count, tour = self.state.given, self.count, self.state.start[v]
        numbers = np.array([*range(count), *chain])
        halts = given.halts[numbers]
        at = self.place_of[numbers]
        there = self.seconds[np.ix_(at, at)]
        service = halts["service"]
        together = halts["place"][:, None] == halts["place"][None, :]
        gap = np.where(
            together, np.maximum(0, service[:, None] - service[None, :]), service[:, None] + there
        )
        ready = max(0, tour.ready - self.origin)
        leave = np.maximum(begins[-1] + gap[count], ready + there[count] * ~together[count])
        goal, ride = self._rides(chain)
        opens = np.maximum(halts["earliest"] - self.origin, leave)
        closes = given.latest[numbers] - self.origin
        closes[:count][np.repeat(self.bit[given.trip_of] == 0, 2)] = -_ENDLESS
        opens[count], closes[count] = begins[-1], max(begins[-1], int(closes[count]))
        _tighten(opens, closes, gap, ride[:count:2], count)
        slope, constant, lateness = self._clock()
        riders = self._riders([*prefix, *chain[1:]])[len(prefix) - 1 :]
        loads = np.stack([halts[kind] for kind in _LOADS], axis=1)
        before = np.array([self._halt(number).loads for number in prefix[:-1]], np.int64)
        reach_time, reach_set = self._reach(gap, closes)
        trips = np.array([bool(self._halt(number).trip) for number in numbers])
        return Network(
            trip_of=given.trip_of,
            near=np.full(len(self.bit), -1, np.int64),
            bit=self.bit,
            renewed_at=np.array([at for at, _ in self.renewed], np.int64),
            renewed_bit=np.array([bit for _, bit in self.renewed], np.int64),
            gap=gap,
            leave=leave,
            opens=opens,
            closes=closes,
            asked=np.where(trips, halts["latest"] - self.origin, _ENDLESS),
            fare=self.legs[np.ix_(at, at)],
            slope=slope[numbers],
            constant=constant[numbers],
            lateness=lateness,
            excess=self._excess(),
            vehicle=use,
            per_rider=min(self.weights.riding, self.weights.waiting) * self.scale,
            load=loads[:count:2].copy(),
            goal=goal,
            ride=ride,
            held=self._held(tour, prefix, chain, begins, closes),
            layouts=given.layouts[v].copy(),
            chain_load=before.reshape(-1, 3).sum(axis=0) + np.cumsum(loads[count:], axis=0),
            chain_riders=np.array(riders, np.int64),
            empty_only=halts["kind"][count:] == HaltKind.BREAK,
            reach_time=reach_time,
            reach_set=reach_set,
            by_opening=np.argsort(opens[:count:2], kind="stable"),
        )

    def _rides(self, chain: Sequence[int]) -> tuple[Numbers, Numbers]:
        """Return where rides that begin at a halt end, and how long they may take."""
        given, count = self.state.given, self.count
        node_of = {number: count + k for k, number in enumerate(chain)}
        numbers = np.array([*range(count), *chain])
        goal = np.full(len(numbers), -1, np.int64)
        goal[:count:2] = np.arange(1, count, 2)
        for k, number in enumerate(chain[1:], count + 1):
            if self._halt(number).kind == HaltKind.PICKUP:
                goal[k] = node_of[int(given.halts["partner"][number])]
        return goal, given.max_ride[numbers] + given.halts["service"][numbers]

    def _held(
        self,
        tour: Tour,
        prefix: Sequence[int],
        chain: Sequence[int],
        begins: Sequence[int],
        closes: Numbers,
    ) -> Numbers:
        """Return the rides that have begun at the root.

        What has happened is a fact; what has not may happen as late as its own window allows.
        """
        given = self.state.given
        node_of = {number: self.count + k for k, number in enumerate(chain) if k > 0}
        held = []
        for k, number in enumerate(prefix):
            goal = node_of.get(int(given.halts["partner"][number]), -1)
            if goal < 0 or self._halt(number).kind == HaltKind.DROPOFF:
                continue
            ride = int(given.max_ride[number]) + self._halt(number).service
            begin, way = begins[k], _ENDLESS
            if k >= tour.served:
                begin = int(given.latest[number]) - self.origin
                way = ride - sum(self._gap(a, b) for a, b in pairwise(prefix[k:]))
            held.append((goal, way, min(int(closes[goal]), begin + ride)))
        return np.array(held, np.int64).reshape(-1, 3)

    def _reach(self, gap: Numbers, closes: Numbers) -> tuple[Numbers, Numbers]:
        """Return which trips can still be picked up behind a halt, by its time.

        Row k of the sets holds from the time k of the row on, the first from ever.
        """
        first, trips = self.state.given.first_option, len(self.bit)
        until = np.zeros((len(gap), trips), np.int64)
        for t in range(trips):
            pickups = slice(2 * int(first[t]), 2 * int(first[t + 1]), 2)
            until[:, t] = (closes[pickups] - gap[:, pickups]).max(axis=1)
        order = np.argsort(until, axis=1, kind="stable")
        times = np.full((len(gap), trips + 1), -_ENDLESS, np.int64)
        sets = np.zeros((len(gap), trips + 1), np.int64)
        times[:, 1:] = np.take_along_axis(until, order, axis=1) + 1
        # From the last to the first: each trip in turn can be reached as well.
        for k in range(trips - 1, -1, -1):
            sets[:, k] = sets[:, k + 1] | self.bit[order[:, k]]
        return times, sets


_LOADS = ("seats", "wheelchairs", "child_seats")

_ENDLESS = 1 << 40

_REMEMBERED = (8, 4, 0)

LEVELS = len(_REMEMBERED)
"""How often a network can be relaxed."""

_DEAREST = 1 << 60
"""All prices together are less, so that sums of them fit into 64 bits."""


def _scale(longest: int) -> int:
    """Return into how many parts a unit of cost is split, so that rounded duals lose nothing."""
    return 1 << max(0, 20 - longest.bit_length())


def _shortest(matrix: Numbers) -> Numbers:
    """Close a matrix under the triangle inequality (Floyd and Warshall)."""
    matrix = matrix.copy()
    for k in range(len(matrix)):
        np.minimum(matrix, matrix[:, k, None] + matrix[None, k, :], out=matrix)
    return matrix


def _tighten(opens: Numbers, closes: Numbers, gap: Numbers, ride: Numbers, count: int) -> None:
    """Narrow the windows to what the chain, the drive and the ride limit leave of them."""
    for k in range(len(gap) - 2, count - 1, -1):
        closes[k] = min(closes[k], closes[k + 1] - gap[k, k + 1])
    pickups, dropoffs = np.arange(0, count, 2), np.arange(1, count, 2)
    direct = gap[pickups, dropoffs]
    closes[dropoffs] = np.minimum(closes[dropoffs], closes[-1] - gap[dropoffs, -1])
    closes[pickups] = np.minimum(closes[pickups], closes[dropoffs] - direct)
    closes[dropoffs] = np.minimum(closes[dropoffs], closes[pickups] + ride)
    opens[pickups] = np.maximum(opens[pickups], opens[dropoffs] - ride)
    opens[dropoffs] = np.maximum(opens[dropoffs], opens[pickups] + direct)
    late = opens > closes
    never = np.flatnonzero(late[pickups] | late[dropoffs])
    closes[2 * never] = closes[2 * never + 1] = -_ENDLESS
