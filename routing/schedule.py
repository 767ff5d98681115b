"""The one definition of feasible: when the halts of a tour happen, and how late they may.

The times at which service begins at the halts of a tour have to satisfy

- its window at every halt,
- the gap between neighbours: service and driving; halts at one place happen together,
- the ride-time limit of every trip, from the end of its pickup's service to its drop-off,
- the longest duration of the tour: the driver's own ride limit, from the start to the end.

Where a battery limits how far a tour may lead, its metres are one more sum.

These are difference constraints (a simple temporal network; Dechter, Meiri and Pearl 1991): if
any times satisfy them, there is a componentwise least solution, here `soonest`, and a greatest,
here `deadline`. Both are found by passes over the tour until nothing moves. A ride limit asks
for a *later pickup*, so the least solution is the timetable: everybody as early as possible, but
nobody on board for too long.

What is already violated, by a vehicle that is late, is relaxed to what the tour can still
achieve. From then on feasible means: nothing gets worse.

The kernels work on rows of :data:`HALT` records, one row a tour, and never write to a row that
somebody else may read: a :class:`CompiledTours` is a snapshot.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.kernel import entry_kernel, inline_kernel, lean_kernel
from routing.problem import FOREVER, Halt, HaltKind, Loads, Tour
from routing.travel_times import TravelTimes

Records = npt.NDArray[np.void]
"""An array of records; in a kernel, `records[k].field`."""

Record = Any
"""One of them."""

Layouts = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.int32]

_GIVEN = (
    # As in routing.problem.Halt. `partner` is the position of the trip's other halt, -1 without;
    # the start and the end are partners if the duration is limited, `max_ride` is that limit.
    # `latest` and `max_ride` are relaxed where the tour already misses them.
    *("kind", "place", "earliest", "latest", "service", "max_ride", "partner"),
    # The change of the load; in a compiled row what is on board after the halt.
    *("seats", "wheelchairs", "child_seats"),
)
_DERIVED = (
    # How many trips are on board after the halt.
    "trips",
    # From the halt before: between begins of service, driving alone; `path` sums the gaps.
    *("gap", "drive", "path"),
    # The least and the greatest begin of service of a feasible tour.
    *("soonest", "deadline"),
    # How much longer the way to the next halt may get for those on board.
    "ride_slack",
    # First and last halt of the stretch around the way to the next halt on which the vehicle is
    # never empty: those whose times hang together by ride limits.
    *("block_first", "block_last"),
)
HALT = np.dtype([(name, np.int64) for name in (*_GIVEN, *_DERIVED)])
"""One halt of a compiled tour. All times are integer seconds."""

SHIFT = np.dtype([(name, np.int64) for name in ("length", "fixed", "served", "ready", "spare")])
"""What a compiled tour has once: the number of its halts, the metres by which it may get longer,
and the rest as in Tour."""

_SPARE_HALTS = 16


class MalformedTourError(ValueError):
    """A tour that cannot be compiled: a trip without its other half, or an unknown place."""

    def __init__(self, shift: str, what: str) -> None:
        super().__init__(f"The tour of shift {shift!r} is malformed: {what}.")
        self.shift = shift


@dataclass(frozen=True, slots=True)
class ScheduledHalt:
    """One halt of a timetable.

    Attributes
    ----------
    halt
        What happens.
    begin
        When service begins: as early as everything allows.
    departure
        When the vehicle leaves the place, just in time for the next halt; halts that happen
        together share it. At the end of the tour, the begin.
    loads
        On board afterwards, by load kind.
    """

    halt: Halt
    begin: int
    departure: int
    loads: Loads


@dataclass(frozen=True, eq=False, slots=True)
class CompiledTours:
    """All tours of a day as arrays: an immutable snapshot.

    Attributes
    ----------
    tours
        V tours.
    travel
        Between all places of the tours.
    halts
        HALT[V, M], read-only; row v ends at `shifts[v].length`.
    shifts
        SHIFT[V], read-only.
    layouts
        int64[V, Y, 3], read-only: capacities; a row of -1 holds nothing.
    """

    tours: tuple[Tour, ...]
    travel: TravelTimes
    halts: Records
    shifts: Records
    layouts: Layouts
    _pressed: dict[int, tuple[int, ...]] = field(default_factory=dict, repr=False)
    _begins: dict[int, Sequence[int]] = field(default_factory=dict, repr=False)
    """What was read from rows before; snapshots hand on what is the same."""

    def replace(self, index: int, tour: Tour, travel: TravelTimes | None = None) -> "CompiledTours":
        """Return a snapshot with one tour changed; see :meth:`with_tours`."""
        return self.with_tours({index: tour}, travel)

    def with_tours(
        self, changed: Mapping[int, Tour], travel: TravelTimes | None = None
    ) -> "CompiledTours":
        """Return a snapshot with some tours changed; this one stays as it is.

        Parameters
        ----------
        changed
            The tours that take the place of those with these indices.
        travel
            If places were added since: the travel times that know them too.

        Raises
        ------
        MalformedTourError
            If a tour cannot be compiled.
        """
        travel = self.travel if travel is None else travel
        tours = tuple(changed.get(v, tour) for v, tour in enumerate(self.tours))
        if any(
            len(tour.halts) > self.halts.shape[1] or len(tour.shift.layouts) > self.layouts.shape[1]
            for tour in changed.values()
        ):
            return compile_tours(tours, travel)
        shifts, anew = self.shifts.copy(), []
        for v, tour in changed.items():
            if _only_waited(self.tours[v], tour, self.halts[v]):
                shifts[v]["ready"], shifts[v]["spare"] = tour.ready, _spare(tour, travel)
            else:
                anew.append(v)
        if not anew:
            return replace(self, tours=tours, travel=travel, shifts=read_only(shifts))
        halts, layouts = self.halts.copy(), self.layouts.copy()
        for v in anew:
            _compile_into(halts[v], shifts[v : v + 1], layouts[v], changed[v], travel)
        pressed, begins = self._pressed.copy(), self._begins.copy()
        for v in anew:
            pressed.pop(v, None)
            begins.pop(v, None)
        arrays = read_only(halts), read_only(shifts), read_only(layouts)
        return CompiledTours(tours, travel, *arrays, pressed, begins)

    def begins(self, index: int) -> Sequence[int]:
        """Return when service begins at each halt of one tour, by its timetable."""
        known = self._begins.get(index)
        if known is None:
            size = len(self.tours[index].halts)
            known = self._begins[index] = self.halts[index]["soonest"][:size].tolist()
        return known

    def pressed(self, index: int) -> tuple[int, ...]:
        """Return the halts of one tour where people may be later or longer on board than they may.

        Rows are relaxed to what a tour can still achieve: where a window is missed its end is the
        begin, and where a limit is missed it is the ride, or the way that nobody waits on. So these
        are halts at the end of their window, and drop-offs after a ride that is as long as it may
        be or began in the past. What has happened is none of them.
        """
        known = self._pressed.get(index)
        if known is None:
            found = _pressed(self.tours[index], self.halts[index], self.begins(index))
            known = self._pressed[index] = tuple(found)
        return known

    def timetable(self, index: int) -> tuple[ScheduledHalt, ...]:
        """Return the timetable of one tour."""
        return tuple(_schedule(self.tours[index], self.halts[index]))


def compile_tours(tours: Sequence[Tour], travel: TravelTimes) -> CompiledTours:
    """Compile the tours of a day.

    Parameters
    ----------
    tours
        In any number, also none.
    travel
        Between all their places.

    Raises
    ------
    MalformedTourError
        If a trip has only one of its halts in a tour, the drop-off before the pickup, or a halt
        is at a place that the travel times do not know.
    """
    longest = max((len(tour.halts) for tour in tours), default=0) + _SPARE_HALTS
    most_layouts = max((len(tour.shift.layouts) for tour in tours), default=0)
    halts = np.zeros((len(tours), longest), HALT)
    shifts = np.zeros(len(tours), SHIFT)
    layouts = np.full((len(tours), most_layouts, 3), -1, np.int64)
    for v, tour in enumerate(tours):
        _compile_into(halts[v], shifts[v : v + 1], layouts[v], tour, travel)
    return CompiledTours(
        tuple(tours), travel, read_only(halts), read_only(shifts), read_only(layouts)
    )


def timetable(tour: Tour, travel: TravelTimes) -> tuple[ScheduledHalt, ...]:
    """Return when each halt of a tour happens.

    The earliest times that satisfy everything; what cannot be satisfied any more is as early as
    possible. A vehicle waits where it is and leaves just in time.

    Raises
    ------
    MalformedTourError
        If the tour cannot be compiled.
    """
    return compile_tours((tour,), travel).timetable(0)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written to.

    Kernels that only read are always given such views: one type, compiled once.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def _only_waited(before: Tour, after: Tour, row: Records) -> bool:
    """Whether nothing changed that times depend on: the vehicle waited, or may go farther."""
    was, is_ = ((each.shift, each.halts, each.fixed, each.served) for each in (before, after))
    if after.ready < before.ready or is_ != was:
        return False
    fixed = after.fixed
    if fixed == len(after.halts):
        return True
    return bool(row["soonest"][fixed] >= after.ready + row["drive"][fixed])


def _pressed(tour: Tour, row: Records, begins: Sequence[int]) -> Iterator[int]:
    """Yield the pressed halts of a tour."""
    served, halts = tour.served, tour.halts
    pickup_kind, dropoff_kind = HaltKind.PICKUP, HaltKind.DROPOFF
    columns = (
        row[each][: len(halts)].tolist() for each in ("latest", "partner", "path", "max_ride")
    )
    latest, partner, path, max_ride = columns
    for k in range(served, len(halts)):
        kind = halts[k].kind
        if kind is dropoff_kind:
            pickup = partner[k]
            service = halts[pickup].service
            aboard, way = begins[k] - begins[pickup] - service, path[k] - path[pickup] - service
            long = pickup < served or max(aboard, way) >= max_ride[k]
            if long or begins[k] >= latest[k]:
                yield k
        elif kind is pickup_kind and begins[k] >= latest[k]:
            yield k


def _compile_into(
    halts: Records,
    shift: Records,
    layouts: Layouts,
    tour: Tour,
    travel: TravelTimes,
) -> None:
    """Compile a tour into its row of the arrays."""
    size = len(tour.halts)
    if not (size >= 2 and 0 <= tour.served <= tour.fixed <= size and tour.fixed >= 1):
        raise MalformedTourError(
            tour.shift.id,
            f"of its {size} halts {tour.fixed} are fixed and {tour.served} served; "
            "at least the first is fixed, and no more are served than fixed",
        )
    partners = _partners(tour)
    given = halts.view(np.int64).reshape(len(halts), -1)[:size, : len(_GIVEN)]
    given[:] = [
        (
            *(halt.kind, halt.place, halt.earliest, halt.latest),
            *(halt.service, halt.max_ride, partner, *halt.loads),
        )
        for halt, partner in zip(tour.halts, partners, strict=True)
    ]
    places = [halt.place for halt in tour.halts]
    if min(places) < 0 or max(places) >= len(travel.seconds):
        raise MalformedTourError(
            tour.shift.id, f"only places 0 to {len(travel.seconds) - 1} are known"
        )
    longest = tour.shift.max_duration
    if longest < halts["latest"][size - 1] - halts["earliest"][0]:
        halts["partner"][0], halts["partner"][size - 1] = size - 1, 0
        halts["max_ride"][0] = halts["max_ride"][size - 1] = longest
    shift[0] = (size, tour.fixed, tour.served, tour.ready, _spare(tour, travel))
    layouts[:] = -1
    layouts[: len(tour.shift.layouts)] = tour.shift.layouts
    compile_row(halts, shift, travel.seconds)


def metres_of(tour: Tour, travel: TravelTimes) -> int:
    """Return how far a tour leads, from its start to its end, in metres."""
    places = np.array([halt.place for halt in tour.halts])
    here, there = places[:-1], places[1:]
    return int(np.where(here == there, 0, travel.metres[here, there]).sum())


def _spare(tour: Tour, travel: TravelTimes) -> int:
    """Return by how many metres a tour may get longer: not at all if it is too long already."""
    if tour.reach >= FOREVER:
        return FOREVER
    return max(0, tour.reach - metres_of(tour, travel))


def _partners(tour: Tour) -> list[int]:
    """Return the position of the other halt of each halt's trip, -1 without trip."""
    pickup_kind, dropoff_kind = HaltKind.PICKUP, HaltKind.DROPOFF
    partners = [-1] * len(tour.halts)
    waiting: dict[str, int] = {}
    for position, halt in enumerate(tour.halts):
        if halt.kind == pickup_kind:
            if halt.trip in waiting:
                raise MalformedTourError(tour.shift.id, f"trip {halt.trip!r} is picked up twice")
            waiting[halt.trip] = position
        elif halt.kind == dropoff_kind:
            pickup = waiting.pop(halt.trip, None)
            if pickup is None:
                raise MalformedTourError(
                    tour.shift.id, f"trip {halt.trip!r} is dropped off without a pickup before"
                )
            partners[position], partners[pickup] = pickup, position
    if waiting:
        raise MalformedTourError(
            tour.shift.id, f"trip {next(iter(waiting))!r} is picked up and never dropped off"
        )
    return partners


def _schedule(tour: Tour, row: Records) -> Iterator[ScheduledHalt]:
    size = len(tour.halts)
    begins: list[int] = row["soonest"][:size].tolist()
    drives: list[int] = row["drive"][:size].tolist()
    departures = begins[:]
    for k in range(size - 2, -1, -1):
        together = tour.halts[k].place == tour.halts[k + 1].place
        departures[k] = departures[k + 1] if together else begins[k + 1] - drives[k + 1]
    loads = zip(*(row[kind][:size].tolist() for kind in _LOADS), strict=True)
    yield from map(ScheduledHalt, tour.halts, begins, departures, loads)


_LOADS = ("seats", "wheelchairs", "child_seats")


# ---------------------------------------------------------------------------------------- kernels


@inline_kernel
def gap(place: int, service: int, next_place: int, next_service: int, seconds: Matrix) -> int:
    """Return the least time between the begins of service at two neighbouring halts."""
    if place == next_place:
        return max(0, service - next_service)
    return service + int(seconds[place, next_place])


@inline_kernel
def drive(place: int, next_place: int, seconds: Matrix) -> int:
    """Return the seconds of driving between two neighbouring halts."""
    return 0 if place == next_place else int(seconds[place, next_place])


@entry_kernel
def compile_row(halts: Records, shift: Records, seconds: Matrix) -> None:
    """Derive everything else from the given part of a row.

    Parameters
    ----------
    halts
        HALT[M], written to.
    shift
        SHIFT[1].
    seconds
        Travel times.
    """
    size, served = shift[0].length, shift[0].served
    go_forward(halts, shift, seconds)
    changed = go_backward(halts, served, size)
    if changed < size:
        delay_pickups(halts, served, size, changed)
    if limit_rides(halts, served, size):
        limit_more_rides(halts, served, size)
    if served == 0 and halts[0].partner > 0:
        hang_together(halts, size)


@lean_kernel
def go_forward(halts: Records, shift: Records, seconds: Matrix) -> None:
    """Sum up loads and gaps; find the soonest begins by windows and gaps alone.

    No window ends before its halt can happen; what has happened, happened then only. A stretch
    without an empty vehicle begins where somebody boards an empty one.
    """
    size, fixed, served, ready = shift[0].length, shift[0].fixed, shift[0].served, shift[0].ready
    moving = max(served, 1)
    before = halts[0]
    trips = 0
    for k in range(size):
        here = halts[k]
        here.gap = here.drive = here.path = 0
        if k > 0:
            here.seats += before.seats
            here.wheelchairs += before.wheelchairs
            here.child_seats += before.child_seats
            here.gap = gap(before.place, before.service, here.place, here.service, seconds)
            here.drive = drive(before.place, here.place, seconds)
            here.path = before.path + here.gap
        here.block_first = k + 1
        inside = trips > 0
        if here.kind == HaltKind.PICKUP:
            trips += 1
        elif here.kind == HaltKind.DROPOFF:
            trips -= 1
        here.trips = trips
        if trips > 0:
            here.block_first = max(served, before.block_first if inside else k)
        soonest = here.earliest
        if k == fixed:
            soonest = max(soonest, ready + here.drive)
        if k >= moving:
            soonest = max(soonest, before.soonest + here.gap)
        here.soonest = soonest
        here.latest = soonest if k < served else max(here.latest, soonest)
        here.deadline = here.latest
        before = here


@lean_kernel
def go_backward(halts: Records, served: int, size: int) -> int:
    """Propagate deadlines backward, and delay pickups a first time; return where begins change.

    Each ride is given at least the time that its way takes without any waiting. After this no
    cycle of constraints is positive, since a cycle runs through each stretch of the tour as often
    forward, by gaps, as backward, by ride limits. So all further passes end.
    """
    changed = size
    for k in range(size - 1, -1, -1):
        here = halts[k]
        here.block_last = k
        if here.trips > 0:
            here.block_last = halts[k + 1].block_last if halts[k + 1].trips > 0 else k + 1
        if k < served:
            continue
        if k < size - 1:
            here.deadline = min(here.deadline, halts[k + 1].deadline - halts[k + 1].gap)
        if here.partner > k:
            wanted = min(here.ride_slack, here.deadline)
            if wanted > here.soonest:
                here.soonest = wanted
                changed = k + 1
        elif here.partner >= served:
            pickup = halts[here.partner]
            way = here.path - pickup.path - pickup.service
            here.max_ride = max(here.max_ride, way)
            # Left for the pickup until its own deadline is known.
            pickup.ride_slack = here.soonest - here.max_ride - pickup.service
    return changed


@lean_kernel
def raise_begins(halts: Records, first: int, size: int) -> None:
    """Propagate the soonest begins forward along the gaps."""
    for k in range(first, size):
        halts[k].soonest = max(halts[k].soonest, halts[k - 1].soonest + halts[k].gap)


@lean_kernel
def lower_deadlines(halts: Records, served: int, size: int) -> None:
    """Propagate the deadlines backward along the gaps."""
    for k in range(size - 2, served - 1, -1):
        halts[k].deadline = min(halts[k].deadline, halts[k + 1].deadline - halts[k + 1].gap)


@lean_kernel
def delay_pickups(halts: Records, served: int, size: int, changed: int) -> None:
    """Delay pickups until no ride is too long, or as far as the windows of all halts allow."""
    while changed < size:
        raise_begins(halts, changed, size)
        changed = size
        for k in range(size - 1, served - 1, -1):
            if served <= halts[k].partner < k:
                pickup = halts[halts[k].partner]
                wanted = halts[k].soonest - halts[k].max_ride - pickup.service
                wanted = min(wanted, pickup.deadline)
                if wanted > pickup.soonest:
                    pickup.soonest = wanted
                    changed = min(changed, halts[k].partner + 1)


@lean_kernel
def limit_rides(halts: Records, served: int, size: int) -> bool:
    """Lower the deadlines of drop-offs whose rides would be too long; return whether any is.

    Each ride is given at least the time that it takes by the timetable. How much longer the ways
    may get for those on board follows.
    """
    changed = False
    for k in range(size):
        here = halts[k]
        here.ride_slack = FOREVER
        if k >= served and 0 <= here.partner < k:
            pickup = halts[here.partner]
            taken = here.soonest - pickup.soonest - pickup.service
            here.max_ride = max(here.max_ride, taken)
            pickup.max_ride = here.max_ride
            allowed = pickup.deadline + pickup.service + here.max_ride
            if allowed < here.deadline:
                here.deadline = allowed
                changed = True
            if here.partner >= served:
                slack = here.max_ride + pickup.service - (here.path - pickup.path)
                for inside in range(here.partner, k):
                    halts[inside].ride_slack = min(halts[inside].ride_slack, slack)
    return changed


@lean_kernel
def limit_more_rides(halts: Records, served: int, size: int) -> None:
    """Lower deadlines until no ride is too long."""
    changed = True
    while changed:
        lower_deadlines(halts, served, size)
        changed = False
        for k in range(served, size):
            if 0 <= halts[k].partner < k:
                pickup = halts[halts[k].partner]
                allowed = pickup.deadline + pickup.service + halts[k].max_ride
                if allowed < halts[k].deadline:
                    halts[k].deadline = allowed
                    changed = True


@lean_kernel
def hang_together(halts: Records, size: int) -> None:
    """Make the whole tour one stretch: a limit on the duration can still delay the start."""
    for k in range(size - 1):
        halts[k].block_first, halts[k].block_last = 0, size - 2
