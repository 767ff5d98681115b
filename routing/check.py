"""An independent judge of tours and plans: plain, slow, and sharing no code with the planner.

Whether times exist is decided exactly, by Bellman-Ford on the simple temporal network of a tour
(Dechter, Meiri and Pearl 1991): an edge (a, b, w) says that b happens at least w after a, and
times exist if no cycle of edges is positive. If none exist, the constraints are put back one
after the other, windows first, and each that no longer fits is reported with the least relaxation
that lets it fit, and relaxed by that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from operator import le

from routing.charging import Charge
from routing.problem import Halt, HaltKind, Loads, Tour, Trip, trip_halts
from routing.travel_times import TravelTimes

_PICKUP, _DROPOFF, _BREAK = HaltKind.PICKUP, HaltKind.DROPOFF, HaltKind.BREAK

Edge = tuple[int, int, int]
"""(a, b, w): b happens no earlier than w seconds after a."""


class Breach(StrEnum):
    """What can be wrong with a tour or a plan; `by` counts in the unit given here."""

    MALFORMED = "malformed"
    """Not a tour: start, end, breaks or counts of halts are wrong."""
    UNPAIRED = "unpaired"
    """A trip whose pickup or drop-off is missing, double or in the wrong order."""
    LATE = "late"
    """A halt after its window (seconds)."""
    EARLY = "early"
    """A halt before its window, or before it can be reached (seconds)."""
    RIDE = "ride"
    """A trip too long on board (seconds)."""
    DURATION = "duration"
    """A shift too long from its start to its end (seconds)."""
    BATTERY = "battery"
    """A way longer than the battery lasts (metres)."""
    LOAD = "load"
    """More on board than any layout holds (places)."""
    BREAK = "break"
    """Somebody on board during a break (trips)."""
    UNSERVED = "unserved"
    """A trip in no tour."""
    TWICE = "twice"
    """A trip in more than one tour (tours too many)."""
    UNKNOWN = "unknown"
    """A trip in a tour that nobody asked for."""
    ALTERED = "altered"
    """A halt that is not what its trip was promised or its shift asks for."""
    FIXED = "fixed"
    """A change to what was fixed before."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong.

    Attributes
    ----------
    what
        The kind.
    shift
        Whose tour; empty if none.
    halt
        Position in the tour; -1 if it is about no halt in particular.
    trip
        Which trip; empty if none.
    by
        How much, in the unit of the kind; 1 where there is nothing to measure.
    own
        Of the halts without a trip, the how manieth this is: its name in tours of other lengths.
    """

    what: Breach
    shift: str = ""
    halt: int = -1
    trip: str = ""
    by: int = 1
    own: int = field(default=-1, compare=False)

    def __str__(self) -> str:
        where = f" in tour {self.shift!r}" if self.shift else ""
        halt = f" at halt {self.halt}" if self.halt >= 0 else ""
        trip = f" of trip {self.trip!r}" if self.trip else ""
        return f"{self.what}{halt}{trip}{where} by {self.by}"


def check_plan(
    tours: Sequence[Tour],
    travel: TravelTimes,
    trips: Mapping[str, Trip],
    earlier: Iterable[Tour] = (),
) -> list[Violation]:
    """Return everything that is wrong with a plan.

    Parameters
    ----------
    tours
        All tours of the day.
    travel
        Between their places.
    trips
        By id: each is to be served once, as promised.
    earlier
        The same tours before: what was fixed then must be the same now.
    """
    violations = [each for tour in tours for each in check_tour(tour, travel)]
    violations += _check_trips(tours, trips)
    violations += _check_fixed(tours, earlier)
    return violations


def check_tour(
    tour: Tour, travel: TravelTimes, begins: Sequence[int] | None = None
) -> list[Violation]:
    """Return everything that is wrong with a tour.

    Parameters
    ----------
    tour
        The tour.
    travel
        Between its places.
    begins
        Begin of service at each halt, to be judged as it is. Without, the tour is right if any
        times are.
    """
    malformed = [*_check_shape(tour), *_check_pairs(tour)]
    if malformed:
        return malformed
    timing = _check_times(tour, travel) if begins is None else _check_begins(tour, travel, begins)
    own = [k for k, halt in enumerate(tour.halts) if not halt.trip]
    return [
        replace(each, own=own.index(each.halt)) if each.halt in own else each
        for each in (*_check_shift(tour), *_check_loads(tour), *timing, *_check_way(tour, travel))
    ]


def check_battery(
    tours: Sequence[Tour], travel: TravelTimes, charges: Sequence[Charge]
) -> list[Violation]:
    """Return how the battery that one vehicle's tours share would not last, driven in order.

    Parameters
    ----------
    tours
        Of one vehicle, in their order.
    travel
        Between their places.
    charges
        One a tour: what the battery is given before it.
    """
    violations = []
    left = 0
    for tour, charge in zip(tours, charges, strict=True):
        left = min(charge.full, left + charge.gained)
        left = min(max(left, charge.least), charge.most)
        left -= _way(tour, travel)
        if left < 0:
            violations.append(Violation(Breach.BATTERY, tour.shift.id, by=-left))
    return violations


def worsened(before: Iterable[Violation], after: Iterable[Violation]) -> list[Violation]:
    """Return the violations that are new or have grown; a trip may have moved to another tour."""

    def subject(each: Violation) -> tuple[str, ...]:
        return (each.what, each.trip) if each.trip else (each.what, each.shift, str(each.own))

    known: dict[tuple[str, ...], int] = defaultdict(int)
    for each in before:
        known[subject(each)] = max(known[subject(each)], each.by)
    return [each for each in after if each.by > known[subject(each)]]


# ------------------------------------------------------------------------------- what a tour is


def _check_shape(tour: Tour) -> Iterator[Violation]:
    kinds = [halt.kind for halt in tour.halts]
    inner = {HaltKind.PICKUP, HaltKind.DROPOFF, HaltKind.BREAK}
    ends = len(kinds) >= 2 and (kinds[0], kinds[-1]) == (HaltKind.START, HaltKind.END)
    counts = 0 <= tour.served <= tour.fixed <= len(kinds)
    if not ends or not counts or not set(kinds[1:-1]) <= inner:
        yield Violation(Breach.MALFORMED, tour.shift.id)
        return
    lacking = len(tour.shift.breaks) - kinds.count(HaltKind.BREAK)
    if lacking:
        yield Violation(Breach.MALFORMED, tour.shift.id, by=abs(lacking))
    for k in range(tour.served):
        if tour.halts[k].earliest != tour.halts[k].latest:
            yield Violation(Breach.MALFORMED, tour.shift.id, k, tour.halts[k].trip)


def _check_shift(tour: Tour) -> Iterator[Violation]:
    shift = tour.shift
    owed = [
        Halt(HaltKind.START, shift.start_place, shift.start, shift.end),
        *(
            Halt(HaltKind.BREAK, rest.place, rest.earliest, rest.latest, rest.duration)
            for rest in shift.breaks
        ),
        Halt(HaltKind.END, shift.end_place, shift.start, shift.end),
    ]
    own = [k for k, halt in enumerate(tour.halts) if not halt.trip]
    for k, halt in zip(own, owed, strict=True):
        yield from _differences(tour, k, halt)


def _check_pairs(tour: Tour) -> Iterator[Violation]:
    seen: dict[str, list[HaltKind]] = defaultdict(list)
    for halt in tour.halts:
        if halt.kind in (_PICKUP, _DROPOFF):
            seen[halt.trip].append(halt.kind)
    for trip, kinds in seen.items():
        if kinds != [_PICKUP, _DROPOFF]:
            yield Violation(Breach.UNPAIRED, tour.shift.id, trip=trip)


def _check_loads(tour: Tour) -> Iterator[Violation]:
    on_board: Loads = (0, 0, 0)
    trips = 0
    fitting: dict[Loads, bool] = {}
    for k, halt in enumerate(tour.halts):
        more = halt.loads
        on_board = (on_board[0] + more[0], on_board[1] + more[1], on_board[2] + more[2])
        trips += (halt.kind == _PICKUP) - (halt.kind == _DROPOFF)
        if on_board not in fitting:
            layouts = tour.shift.layouts
            fitting[on_board] = any(all(map(le, on_board, layout)) for layout in layouts)
        if not fitting[on_board]:
            excess = min((_excess(on_board, layout) for layout in tour.shift.layouts), default=1)
            yield Violation(Breach.LOAD, tour.shift.id, k, halt.trip, excess)
        if halt.kind == _BREAK and trips > 0:
            yield Violation(Breach.BREAK, tour.shift.id, k, by=trips)


def _excess(load: Loads, layout: Loads) -> int:
    return sum(max(0, taken - room) for taken, room in zip(load, layout, strict=True))


def _way(tour: Tour, travel: TravelTimes) -> int:
    legs = ((a.place, b.place) for a, b in pairwise(tour.halts) if a.place != b.place)
    return sum(int(travel.metres[leg]) for leg in legs)


def _check_way(tour: Tour, travel: TravelTimes) -> Iterator[Violation]:
    over = _way(tour, travel) - tour.reach
    if over > 0:
        yield Violation(Breach.BATTERY, tour.shift.id, by=over)


# ---------------------------------------------------------------------------------- when it is


def _driving(a: Halt, b: Halt, travel: TravelTimes) -> int:
    return 0 if a.place == b.place else int(travel.seconds[a.place, b.place])


def _gap(a: Halt, b: Halt, travel: TravelTimes) -> int:
    """Return the least time from begin to begin: side by side at one place, else one by one."""
    if a.place == b.place:
        return max(0, a.service - b.service)
    return a.service + _driving(a, b, travel)


def _gap_edges(tour: Tour, travel: TravelTimes) -> Iterator[Edge]:
    """Yield what keeps halts apart; between halts that have happened, nothing does."""
    for k in range(max(tour.served, 1), len(tour.halts)):
        yield k - 1, k, _gap(tour.halts[k - 1], tour.halts[k], travel)


def _opening_edges(tour: Tour, travel: TravelTimes) -> Iterator[Edge]:
    """Yield the earliest times, from the origin of time, which is node n."""
    origin = len(tour.halts)
    for k, halt in enumerate(tour.halts):
        yield origin, k, halt.earliest
    if 0 < tour.fixed < origin:
        last, following = tour.halts[tour.fixed - 1 : tour.fixed + 1]
        yield origin, tour.fixed, tour.ready + _driving(last, following, travel)


def _rides(tour: Tour) -> list[tuple[int, int, int]]:
    """Return pickup, drop-off and longest time between their begins, by drop-off.

    The start and the end come last: their limit is the duration of the shift.
    """
    pickups = {h.trip: k for k, h in enumerate(tour.halts) if h.kind == _PICKUP}
    rides = [
        (pickups[halt.trip], k, tour.halts[pickups[halt.trip]].service + halt.max_ride)
        for k, halt in enumerate(tour.halts)
        if halt.kind == _DROPOFF
    ]
    return [*rides, (0, len(tour.halts) - 1, tour.shift.max_duration)]


def _too_long(tour: Tour, dropoff: int, by: int) -> Violation:
    trip = tour.halts[dropoff].trip
    return Violation(Breach.RIDE if trip else Breach.DURATION, tour.shift.id, dropoff, trip, by)


def _least(edges: Sequence[Edge], source: int, nodes: int) -> list[float] | None:
    """Return the least time of each node after the source; None if a cycle is positive."""
    least = [float("-inf")] * nodes
    least[source] = 0
    for _ in range(nodes):
        changed = False
        for a, b, weight in edges:
            if least[a] + weight > least[b]:
                least[b] = least[a] + weight
                changed = True
        if least[source] > 0:
            return None
        if not changed:
            return least
    return None


def time_network(tour: Tour, travel: TravelTimes) -> list[Edge]:
    """Return all constraints on the times of a tour; node n is the origin of time."""
    origin = len(tour.halts)
    windows = [(k, origin, -halt.latest) for k, halt in enumerate(tour.halts)]
    limits = [(dropoff, pickup, -limit) for pickup, dropoff, limit in _rides(tour)]
    return [*_opening_edges(tour, travel), *_gap_edges(tour, travel), *windows, *limits]


def earliest_times(tour: Tour, travel: TravelTimes) -> list[int] | None:
    """Return the least begins of service that satisfy everything, None if none do."""
    origin = len(tour.halts)
    least = _least(time_network(tour, travel), origin, origin + 1)
    return None if least is None else [int(time) for time in least[:origin]]


def _check_times(tour: Tour, travel: TravelTimes) -> list[Violation]:
    """Return what no times can satisfy, each constraint by its least relaxation."""
    if earliest_times(tour, travel) is not None:
        return []
    origin, shift = len(tour.halts), tour.shift.id
    edges = [*_opening_edges(tour, travel), *_gap_edges(tour, travel)]
    violations = []
    least = _least(edges, origin, origin + 1)
    assert least is not None, "gaps and openings alone run forward only"
    for k, halt in enumerate(tour.halts):
        soonest = halt.earliest if k < tour.served else int(least[k])
        if soonest > halt.latest:
            violations.append(Violation(Breach.LATE, shift, k, halt.trip, by=soonest - halt.latest))
        edges.append((k, origin, -max(halt.latest, soonest)))
    for pickup, dropoff, limit in _rides(tour):
        limited = [*edges, (dropoff, pickup, -limit)]
        if _least(limited, origin, origin + 1) is None:
            after_pickup = _least(edges, pickup, origin + 1)
            assert after_pickup is not None, "all constraints so far can be met"
            needed = int(after_pickup[dropoff])
            violations.append(_too_long(tour, dropoff, needed - limit))
            limited[-1] = (dropoff, pickup, -needed)
        edges = limited
    return violations


def _check_begins(tour: Tour, travel: TravelTimes, begins: Sequence[int]) -> list[Violation]:
    """Return what given times do not satisfy."""
    times = [*begins, 0]
    violations = [
        Violation(Breach.EARLY, tour.shift.id, b, tour.halts[b].trip, by=times[a] + gap - times[b])
        for a, b, gap in (*_opening_edges(tour, travel), *_gap_edges(tour, travel))
        if times[b] < times[a] + gap
    ]
    violations += [
        Violation(Breach.LATE, tour.shift.id, k, halt.trip, by=begin - halt.latest)
        for k, (halt, begin) in enumerate(zip(tour.halts, begins, strict=True))
        if begin > halt.latest
    ]
    violations += [
        _too_long(tour, b, times[b] - times[a] - limit)
        for a, b, limit in _rides(tour)
        if times[b] - times[a] > limit
    ]
    return violations


# ----------------------------------------------------------------------- what a plan is made of


def _check_trips(tours: Sequence[Tour], trips: Mapping[str, Trip]) -> Iterator[Violation]:
    carriers: dict[str, list[Tour]] = defaultdict(list)
    for tour in tours:
        for trip in dict.fromkeys(halt.trip for halt in tour.halts if halt.trip):
            carriers[trip].append(tour)
    for trip in trips:
        if len(carriers[trip]) > 1:
            yield Violation(Breach.TWICE, trip=trip, by=len(carriers[trip]) - 1)
        elif not carriers[trip]:
            yield Violation(Breach.UNSERVED, trip=trip)
    for tour in tours:
        for k, halt in enumerate(tour.halts):
            if halt.trip and halt.trip not in trips:
                yield Violation(Breach.UNKNOWN, tour.shift.id, k, halt.trip)
            elif halt.trip:
                pickup, dropoff = trip_halts(trips[halt.trip])
                owed = pickup if halt.kind == HaltKind.PICKUP else dropoff
                yield from _differences(tour, k, owed)


def _differences(tour: Tour, k: int, owed: Halt) -> Iterator[Violation]:
    """Yield how a halt differs from what it is to be; its window may be narrower."""
    halt, shift = tour.halts[k], tour.shift.id
    same = (halt.place, halt.service, halt.loads) == (owed.place, owed.service, owed.loads)
    if not same or halt.max_ride > owed.max_ride:
        yield Violation(Breach.ALTERED, shift, k, halt.trip)
    if k < tour.served:
        if halt.earliest > owed.latest:
            yield Violation(Breach.LATE, shift, k, halt.trip, halt.earliest - owed.latest)
        if halt.earliest < owed.earliest:
            yield Violation(Breach.EARLY, shift, k, halt.trip, owed.earliest - halt.earliest)
    elif halt.earliest < owed.earliest or halt.latest > owed.latest:
        outside = max(owed.earliest - halt.earliest, halt.latest - owed.latest)
        yield Violation(Breach.ALTERED, shift, k, halt.trip, outside)


def _check_fixed(tours: Sequence[Tour], earlier: Iterable[Tour]) -> Iterator[Violation]:
    now = {tour.shift.id: tour for tour in tours}
    for before in earlier:
        after = now.get(before.shift.id)
        if after is None or after.fixed < before.fixed or after.served < before.served:
            yield Violation(Breach.FIXED, before.shift.id)
            continue
        for k, (was, is_) in enumerate(
            zip(before.halts[: before.fixed], after.halts, strict=False)
        ):
            moved = (was.kind, was.place, was.trip) != (is_.kind, is_.place, is_.trip)
            if moved or (k < before.served and was != is_):
                yield Violation(Breach.FIXED, before.shift.id, k, was.trip)
