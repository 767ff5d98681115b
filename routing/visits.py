"""A problem as a vehicle routing library sees it: a graph of visits.

Such a library knows vehicles with a first and a last visit, and visits between them with windows,
waits and loads. What has happened is left out, or turned into limits: a tour begins with its last
halt that has happened. Halts that stay are visits of one vehicle; each option of a request is two
visits of any. All limits are those that hold at worst, see :mod:`routing.search_state`.

Times count from the first start of any vehicle.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from routing.problem import FOREVER, Halt, HaltKind, Loads, Tour
from routing.search_state import SearchState

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Visit:
    """One halt that is still to be made.

    Attributes
    ----------
    number
        Of the halt.
    halt
        As it was asked for.
    vehicle
        Whose it is; -1: anybody's.
    earliest, latest
        When service may begin.
    charged_from, charge
        What each second costs that it begins after a time.
    """

    number: int
    halt: Halt
    vehicle: int
    earliest: int
    latest: int
    charged_from: int = 0
    charge: int = 0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One tour that is not over, by the indices of its visits.

    Attributes
    ----------
    tour
        Which.
    done
        Numbers of the halts before the first visit.
    start, end
        The first and the last visit.
    fixed
        The visits after the first that are fixed.
    route
        All visits of the tour as it is, without the first and the last.
    loads, trips
        On board behind the first visit.
    layouts
        Of its shift.
    max_duration
        Between the first and the last visit; FOREVER without limit.
    reach
        Metres from the first to the last visit; FOREVER without limit.
    """

    tour: int
    done: tuple[int, ...]
    start: int
    end: int
    fixed: tuple[int, ...]
    route: tuple[int, ...]
    loads: Loads
    trips: int
    layouts: tuple[Loads, ...]
    max_duration: int
    reach: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One request.

    Attributes
    ----------
    options
        Pickup and drop-off of each.
    longest
        Time between the begins of the two.
    price
        Of leaving it unserved.
    """

    options: tuple[tuple[int, int], ...]
    longest: tuple[int, ...]
    price: int


@dataclass(frozen=True, eq=False, slots=True)
class Visits:
    """All there is, N visits.

    Attributes
    ----------
    visits, vehicles, choices
        In any order.
    pairs
        Pickup and drop-off of the trips that stay and are not on board.
    rides
        Of trips that stay: pickup, drop-off and the longest time between their begins.
    sequences
        Pairs of visits in the order in which they stay.
    seconds
        int64[N, N]: least time between the begins of neighbours.
    metres
        int64[N, N]: of driving from one to the next.
    costs
        int64[N, N]: of driving from one to the next, of an option, of a vehicle.
    loads
        int64[N, 3]: the change.
    trips
        int64[N]: the change.
    horizon
        No visit begins later.
    """

    visits: tuple[Visit, ...]
    vehicles: tuple[Vehicle, ...]
    choices: tuple[Choice, ...]
    pairs: tuple[tuple[int, int], ...]
    rides: tuple[tuple[int, int, int], ...]
    sequences: tuple[tuple[int, int], ...]
    seconds: Numbers
    metres: Numbers
    costs: Numbers
    loads: Numbers
    trips: Numbers
    horizon: int

    def can_be(self, option: tuple[int, int], longest: int) -> bool:
        """Whether the windows of an option allow any times at all."""
        pickup, dropoff = (self.visits[node] for node in option)
        begin, end = (min(each.latest, self.horizon) for each in (pickup, dropoff))
        ride = dropoff.earliest - begin
        return pickup.earliest <= begin and dropoff.earliest <= end and ride <= longest

    def carry_what_may_move(self) -> bool:
        """Whether any tour as it is carries a trip that may move."""
        return any(self.visits[n].vehicle < 0 for each in self.vehicles for n in each.route)


def visits_of(state: SearchState, seed: int) -> Visits:
    """Return what is left to visit; the seed shuffles the requests."""
    return _Visiting(state).result(seed)


class _Visiting:
    """Visits as they are collected."""

    def __init__(self, state: SearchState) -> None:
        self.state = state
        self.open = [v for v, tour in enumerate(state.start) if tour.fixed < len(tour.halts)]
        firsts = [state.start[v].halts[_first(state.start[v])].earliest for v in self.open]
        self.origin = min(firsts, default=0)
        self.visits: list[Visit] = []
        self.vehicles: list[Vehicle] = []
        self.rides: list[tuple[int, int, int]] = []
        self.pairs: list[tuple[int, int]] = []
        self.sequences: list[tuple[int, int]] = []

    def result(self, seed: int) -> Visits:
        given = self.state.given
        order = np.random.default_rng(seed).permutation(len(given.price)).tolist()
        at: dict[int, int] = {}
        choices = tuple(self._choice(t, at) for t in order)
        for vehicle, v in enumerate(self.open):
            self._vehicle(vehicle, v, at)
        places = np.array([visit.halt.place for visit in self.visits], np.intp)
        drive = np.where(
            places[:, None] == places, 0, given.seconds[np.ix_(places, places)].astype(np.int64)
        )
        changes = np.array(self._changes(), np.int64).reshape(-1, 4)
        return Visits(
            visits=tuple(self.visits),
            vehicles=tuple(self.vehicles),
            choices=choices,
            pairs=tuple(self.pairs),
            rides=tuple(self.rides),
            sequences=tuple(self.sequences),
            seconds=self._seconds(drive, places),
            metres=self._metres(places),
            costs=self._costs(drive, places),
            loads=changes[:, :3],
            trips=changes[:, 3],
            horizon=max((self.visits[each.end].latest for each in self.vehicles), default=0),
        )

    def _changes(self) -> list[tuple[int, ...]]:
        """Return the change of loads and trips at each visit; at a first one it is done."""
        done = {vehicle.start for vehicle in self.vehicles}
        return [
            (0, 0, 0, 0) if node in done else (*visit.halt.loads, _aboard(visit.halt))
            for node, visit in enumerate(self.visits)
        ]

    # ------------------------------------------------------------------------- what may move

    def _choice(self, trip: int, at: dict[int, int]) -> Choice:
        given = self.state.given
        options, longest = [], []
        for o in range(given.first_option[trip], given.first_option[trip + 1]):
            pickup, dropoff = self.state.halts[2 * o : 2 * o + 2]
            left = pickup.earliest + pickup.service
            at[2 * o] = self._add(2 * o, pickup, -1, left)
            at[2 * o + 1] = self._add(2 * o + 1, dropoff, -1, left)
            options.append((at[2 * o], at[2 * o + 1]))
            longest.append(pickup.service + int(given.max_ride[2 * o + 1]))
        return Choice(tuple(options), tuple(longest), int(given.price[trip]))

    def _add(self, number: int, halt: Halt, vehicle: int, left: int) -> int:
        """Add a visit; its trip can have left the pickup no sooner than at `left`."""
        latest = int(self.state.given.latest[number])
        begin, charge = self._charge(halt, latest, left)
        self.visits.append(
            Visit(
                number,
                halt,
                vehicle,
                max(halt.earliest - self.origin, 0),
                latest - self.origin,
                max(begin - self.origin, 0),
                charge,
            )
        )
        return len(self.visits) - 1

    def _charge(self, halt: Halt, latest: int, left: int) -> tuple[int, int]:
        """Return from when on a halt costs how much a second: one rate is all there is.

        Riding is paid from the opening of the pickup window on, and waiting only with what it
        costs more. That is exact if it costs at least as much.
        """
        weights = self.state.given.weights
        if halt.trip and latest > halt.latest and weights.lateness > 0:
            return halt.latest, weights.lateness
        if halt.kind == HaltKind.PICKUP:
            return halt.earliest, max(weights.waiting - weights.riding, 0)
        if halt.kind == HaltKind.DROPOFF:
            return left, weights.riding
        return 0, 0

    # ----------------------------------------------------------------------------- what stays

    def _vehicle(self, vehicle: int, v: int, at: dict[int, int]) -> None:
        tour, plan = self.state.start[v], self.state.plan
        row = plan.at[v]
        order = plan.order[row, : plan.shifts[row]["length"]].tolist()
        first = _first(tour)
        nodes = [-1] * first + [
            at[number] if number in at else self._staying(vehicle, tour, k, number)
            for k, number in enumerate(order)
            if k >= first
        ]
        self._limit_rides(tour, nodes, order, at)
        stay = [k for k in range(tour.fixed, len(order) - 1) if order[k] not in at]
        self.sequences += pairwise(nodes[k] for k in stay)
        board = tour.halts[: first + 1]
        seats, wheelchairs, child_seats = (
            sum(halt.loads[kind] for halt in board) for kind in range(3)
        )
        end = order[-1]
        limited = tour.served == 0 and self.state.given.halts[end]["partner"] >= 0
        self.vehicles.append(
            Vehicle(
                tour=v,
                done=tuple(order[:first]),
                start=nodes[first],
                end=nodes[-1],
                fixed=tuple(nodes[first + 1 : tour.fixed]),
                route=tuple(nodes[first + 1 : -1]),
                loads=(seats, wheelchairs, child_seats),
                trips=sum(_aboard(halt) for halt in board),
                layouts=tour.shift.layouts,
                max_duration=int(self.state.given.max_ride[end]) if limited else FOREVER,
                reach=self._reach(v, board),
            )
        )

    def _reach(self, v: int, done: tuple[Halt, ...]) -> int:
        """Return how far a vehicle gets from the last of the halts that have happened."""
        reach = int(self.state.given.reach[v])
        driven = int(self._metres(np.array([halt.place for halt in done], np.intp)).trace(1))
        return reach if reach >= FOREVER else reach - driven

    def _staying(self, vehicle: int, tour: Tour, k: int, number: int) -> int:
        halt, first = tour.halts[k], _first(tour)
        pickups = {each.trip: each for each in tour.halts if each.kind == HaltKind.PICKUP}
        pickup = pickups.get(halt.trip, halt)
        node = self._add(number, halt, vehicle, pickup.earliest + pickup.service)
        visit = self.visits[node]
        earliest, latest = visit.earliest, visit.latest
        if k == first and tour.served:
            latest = earliest = halt.earliest - self.origin
        elif k == tour.fixed - 1:
            earliest = max(earliest, tour.ready - halt.service - self.origin)
        limited = self.state.given.halts[number]["partner"] >= 0
        if halt.kind == HaltKind.END and tour.served and limited:
            duration = int(self.state.given.max_ride[number])
            latest = min(latest, tour.halts[0].earliest + duration - self.origin)
        self.visits[node] = replace(visit, earliest=min(earliest, latest), latest=latest)
        return node

    def _limit_rides(
        self, tour: Tour, nodes: list[int], order: list[int], at: dict[int, int]
    ) -> None:
        """Limit the rides of the trips that stay: on board, by a time; else by a difference."""
        pickups = {h.trip: k for k, h in enumerate(tour.halts) if h.kind == HaltKind.PICKUP}
        first = _first(tour)
        for k, halt in enumerate(tour.halts):
            if halt.kind != HaltKind.DROPOFF or k <= first or order[k] in at:
                continue
            pickup = pickups[halt.trip]
            limit = tour.halts[pickup].service + int(self.state.given.max_ride[order[k]])
            if pickup > first:
                self.rides.append((nodes[pickup], nodes[k], limit))
                if pickup >= tour.fixed:
                    self.pairs.append((nodes[pickup], nodes[k]))
            elif tour.served:
                visit = self.visits[nodes[k]]
                latest = min(visit.latest, tour.halts[pickup].earliest + limit - self.origin)
                earliest = min(visit.earliest, latest)
                self.visits[nodes[k]] = replace(visit, earliest=earliest, latest=latest)

    # ------------------------------------------------------------------------ between visits

    def _seconds(self, drive: Numbers, places: npt.NDArray[np.intp]) -> Numbers:
        service = np.array([visit.halt.service for visit in self.visits], np.int64)
        seconds = np.where(
            places[:, None] == places,
            np.maximum(service[:, None] - service, 0),
            service[:, None] + drive,
        )
        for vehicle in self.vehicles:
            # The vehicle leaves its last fixed halt no earlier than it is ready. That is exact if
            # the halt has one time, as if it has happened, and else perhaps too lax for a next
            # halt at the same place.
            last = (vehicle.start, *vehicle.fixed)[-1]
            ready = self.state.start[vehicle.tour].ready - self.origin - self.visits[last].latest
            np.maximum(seconds[last], ready + drive[last], out=seconds[last])
        return seconds

    def _metres(self, places: npt.NDArray[np.intp]) -> Numbers:
        return np.where(
            places[:, None] == places,
            0,
            self.state.given.metres[np.ix_(places, places)].astype(np.int64),
        )

    def _costs(self, drive: Numbers, places: npt.NDArray[np.intp]) -> Numbers:
        given, moving = self.state.given, 2 * len(self.state.given.options)
        metres = given.metres[np.ix_(places, places)].astype(np.int64)
        costs = given.weights.driving * drive + given.weights.metres * metres * (drive > 0)
        for node, visit in enumerate(self.visits):
            if visit.number < moving and visit.number % 2 == 0:
                costs[node] += given.options[visit.number // 2]["penalty"]
        pickups = [n for n, each in enumerate(self.visits) if each.halt.kind == HaltKind.PICKUP]
        for vehicle in self.vehicles:
            self._charge_for_use(vehicle, costs, pickups)
        np.fill_diagonal(costs, 0)
        return costs

    def _charge_for_use(self, vehicle: Vehicle, costs: Numbers, pickups: list[int]) -> None:
        """Put the price of a vehicle on the ways from its start and its breaks to a pickup.

        In equal parts, since there is no telling whether it was used before a break. It does not
        matter for a vehicle that has trips that stay.
        """
        mine = [n for n in vehicle.route if self.visits[n].vehicle >= 0]
        tour = self.state.start[vehicle.tour]
        fixed = any(halt.trip for halt in tour.halts[: tour.fixed])
        if fixed or any(self.visits[n].halt.trip for n in mine):
            return
        last_fixed = (vehicle.fixed or (vehicle.start,))[-1]
        doors = [last_fixed, *(n for n in mine if n not in vehicle.fixed)]
        for node in doors:
            costs[node, pickups] += self.state.given.weights.vehicle // len(doors)


def _first(tour: Tour) -> int:
    """Return the position of the last halt that has happened, or else of the start."""
    return max(tour.served - 1, 0)


def _aboard(halt: Halt) -> int:
    return (halt.kind == HaltKind.PICKUP) - (halt.kind == HaltKind.DROPOFF)
