"""The numbers of the halts of a search, and the tours of its start as sequences of them.

Option o of a trip is picked up at halt 2 o and dropped off at halt 2 o + 1; the numbers behind
those belong to halts that stay where they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from routing.problem import Halt, HaltKind, Request, Tour, Trip, trip_halts
from routing.schedule import HALT, CompiledTours, Records

Integers = npt.NDArray[np.int64]

_GIVEN = ("kind", "place", "earliest", "latest", "service", "max_ride", "partner")
_KIND, _PLACE, _EARLIEST, _LATEST, _SERVICE, _RIDE, _PARTNER = range(len(_GIVEN))
_LOADS = slice(len(_GIVEN), len(_GIVEN) + 3)
assert HALT.names is not None
assert HALT.names[: len(_GIVEN)] == _GIVEN, "rows of integers are written into records"

_WIDTH = HALT.itemsize // 8
_STAYS, _UNKNOWN = -1, -2


class UnknownOptionError(ValueError):
    """A tour carries a request in a way that is none of its options."""

    def __init__(self, trip: str, shift: str) -> None:
        super().__init__(
            f"Trip {trip!r} in the tour of shift {shift!r} is none of the options of its request."
        )
        self.trip = trip
        self.shift = shift


class Numbered:
    """All halts by number, and what is given of each.

    Vehicles of one kind, that is, with the same shift, the same reach and the same halts that
    stay, share the numbers of these.

    Parameters
    ----------
    requests
        The trips that may move.
    tours, compiled
        The start.
    reach
        For each tour the metres that it may have.

    Attributes
    ----------
    trips
        int64[O, 12]: all options, in the order of TRIP.
    halts
        By number, H of them.
    given
        int64[H, 10]: what is given of them, in the order of HALT.
    latest, max_ride
        int64[H]: the limits that hold at worst.
    orders
        For each tour, its halts by number.
    kinds
        For each tour, the kind of its vehicle.

    Raises
    ------
    UnknownOptionError
        If a tour carries a request in a way that is none of its options.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        tours: Sequence[Tour],
        compiled: CompiledTours,
        reach: Sequence[int],
    ) -> None:
        trips = [trip for request in requests for trip in request.options]
        halts = [halt for tour in tours for halt in tour.halts]
        spans = list(_spans(tours))
        rows, limits = _rows_of_tours(halts, spans, compiled)
        self.trips = _rows_of_trips(trips)
        options = _rows_of_options(self.trips)
        numbers = _numbers_of_moving(trips, options, halts, rows)
        for tour, span in zip(tours, spans, strict=True):
            unknown = np.flatnonzero(numbers[span] == _UNKNOWN)
            if len(unknown):
                raise UnknownOptionError(tour.halts[unknown[0]].trip, tour.shift.id)
        self.halts = _halts_of_options(trips, halts, numbers)
        self.kinds: list[int] = []
        given, worst = [options], [options[:, (_LATEST, _RIDE)]]
        known: dict[object, tuple[int, Integers]] = {}
        for tour, span, far in zip(tours, spans, reach, strict=True):
            stay = span.start + np.flatnonzero(numbers[span] == _STAYS)
            kind = (
                replace(tour.shift, id=""),
                (tour.fixed, tour.served, tour.ready, far),
                tuple([halts[k].trip for k in stay.tolist()]),
                np.delete(rows[stay], _PARTNER, axis=1).tobytes(),
                limits[stay].tobytes(),
            )
            if kind in known:
                numbers[stay] = known[kind][1]
            else:
                numbers[stay] = len(self.halts) + np.arange(len(stay))
                known[kind] = len(known), numbers[stay]
                self.halts += [halts[k] for k in stay.tolist()]
                given.append(_rows_of_staying(tour, rows[stay], numbers))
                worst.append(limits[stay])
            self.kinds.append(known[kind][0])
        self.given = np.concatenate(given)
        self.orders: list[list[int]] = [numbers[span].tolist() for span in spans]
        at_worst = np.concatenate(worst)
        np.maximum.at(at_worst, numbers, limits)
        self.latest, self.max_ride = at_worst.T.copy()

    def records(self) -> Records:
        """Return HALT[H]: what is given of each halt."""
        records = np.zeros(len(self.given), HALT)
        records.view(np.int64).reshape(len(records), _WIDTH)[:, : _LOADS.stop] = self.given
        return records


def _spans(tours: Sequence[Tour]) -> Iterator[slice]:
    """Yield where each tour lies, if all halts of all tours lie one behind the other."""
    begin = 0
    for tour in tours:
        yield slice(begin, begin + len(tour.halts))
        begin += len(tour.halts)


def _rows_of_tours(
    halts: Sequence[Halt], spans: Sequence[slice], compiled: CompiledTours
) -> tuple[Integers, Integers]:
    """Return what is given of all halts of all tours, and the limits that they achieve.

    Returns
    -------
    tuple
        int64[N, 10] in the order of HALT; partners are row numbers. int64[N, 2]: latest, max_ride.
    """
    within = np.arange(compiled.halts.shape[1]) < compiled.shifts["length"][:, None]
    compact = compiled.halts[within]
    rows = compact.view(np.int64).reshape(len(compact), _WIDTH)[:, : _LOADS.stop].copy()
    limits = rows[:, (_LATEST, _RIDE)]
    rows[:, _LATEST] = [halt.latest for halt in halts]
    rows[:, _RIDE] = [halt.max_ride for halt in halts]
    on_board = compact.view(np.int64).reshape(len(compact), _WIDTH)[:, _LOADS]
    rows[1:, _LOADS] -= on_board[:-1]
    for span in spans:
        rows[span.start, _LOADS] = on_board[span.start]
        partners = rows[span, _PARTNER]
        partners[partners >= 0] += span.start
    return rows, limits


def _rows_of_trips(trips: Sequence[Trip]) -> Integers:
    """Return int64[O, 12]: trips in the order of TRIP."""
    rows = [
        (
            *(trip.pickup, trip.dropoff, trip.pickup_earliest, trip.pickup_latest),
            *(trip.dropoff_earliest, trip.dropoff_latest, trip.max_ride),
            *(*trip.loads, trip.pickup_service, trip.dropoff_service),
        )
        for trip in trips
    ]
    return np.array(rows, np.int64).reshape(len(trips), 12)


def _rows_of_options(trips: Integers) -> Integers:
    """Return int64[2 O, 10]: what is given of the two halts of each option."""
    rows = np.zeros((2 * len(trips), _LOADS.stop), np.int64)
    rows[0::2, :_RIDE] = trips[:, (0, 0, 2, 3, 10)]
    rows[1::2, :_RIDE] = trips[:, (1, 1, 4, 5, 11)]
    rows[0::2, _KIND], rows[1::2, _KIND] = HaltKind.PICKUP, HaltKind.DROPOFF
    rows[0::2, _RIDE] = rows[1::2, _RIDE] = trips[:, 6]
    rows[:, _PARTNER] = np.arange(len(rows)) ^ 1
    rows[0::2, _LOADS], rows[1::2, _LOADS] = trips[:, 7:10], -trips[:, 7:10]
    return rows


def _rows_of_staying(tour: Tour, rows: Integers, numbers: Integers) -> Integers:
    """Return rows of halts that stay with partners by number; the driver's ride is limited too."""
    rows, paired = rows.copy(), rows[:, _PARTNER] >= 0
    own = (rows[:, _KIND] != HaltKind.PICKUP) & (rows[:, _KIND] != HaltKind.DROPOFF)
    rows[own, _RIDE] = np.where(paired[own], tour.shift.max_duration, 0)
    rows[paired, _PARTNER] = numbers[rows[paired, _PARTNER]]
    return rows


def _numbers_of_moving(
    trips: Sequence[Trip], options: Integers, halts: Sequence[Halt], rows: Integers
) -> Integers:
    """Return the number of each halt of the options; _STAYS of others, _UNKNOWN of no option."""
    options_of: dict[str, list[int]] = {}
    for o, trip in enumerate(trips):
        options_of.setdefault(trip.id, []).append(o)
    first = {trip: 2 * known[0] for trip, known in options_of.items()}
    numbers = np.array([first.get(halt.trip, _STAYS) for halt in halts], np.int64)
    moving = np.flatnonzero(numbers != _STAYS)
    numbers[moving] += rows[moving, _KIND] == HaltKind.DROPOFF
    asked, owed = (np.delete(each, _PARTNER, axis=1) for each in (rows, options))
    differing = moving[(asked[moving] != owed[numbers[moving]]).any(axis=1)]
    for k in np.unique(np.minimum(differing, rows[differing, _PARTNER])).tolist():
        ends = [k, rows[k, _PARTNER]]
        numbers[ends] = _UNKNOWN
        for o in options_of[halts[k].trip]:
            if (asked[ends] == owed[2 * o : 2 * o + 2]).all():
                numbers[ends] = 2 * o, 2 * o + 1
                break
    return numbers


def _halts_of_options(
    trips: Sequence[Trip], halts: Sequence[Halt], numbers: Integers
) -> list[Halt]:
    """Return the two halts of each option by number; those of the tours if they are there."""
    there = dict(zip(numbers.tolist(), halts, strict=True))
    found: list[Halt] = []
    for o, trip in enumerate(trips):
        if 2 * o in there:
            found += there[2 * o], there[2 * o + 1]
        else:
            found += trip_halts(trip)
    return found
