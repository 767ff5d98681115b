"""A tour as people see it: where the vehicle stands and when, halts at one stop merged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from routing.problem import Halt, HaltKind, Loads, Tour
from routing.schedule import ScheduledHalt


@dataclass(frozen=True, slots=True)
class Stand:
    """The vehicle stands at a place: one or more neighbouring halts of its tour.

    Attributes
    ----------
    place
        A row of the travel times.
    kinds
        What happens, in order, each kind once.
    arrival
        When the first of the halts begins, epoch seconds.
    departure
        When the vehicle leaves: just in time for the next stand.
    pickups, dropoffs
        Booking codes.
    on_board
        The load when it leaves, by load kind.
    served
        Whether all of it has happened.
    halts
        Numbers of the halts in their tour.
    """

    place: int
    kinds: tuple[HaltKind, ...]
    arrival: int
    departure: int
    pickups: tuple[str, ...]
    dropoffs: tuple[str, ...]
    on_board: Loads
    served: bool
    halts: range


def stands(
    tour: Tour, scheduled: Sequence[ScheduledHalt], number_of: Callable[[int], int] = int
) -> tuple[Stand, ...]:
    """Return the stands of a tour in order, from the depot and back.

    Parameters
    ----------
    tour, scheduled
        The tour, and when its halts happen.
    number_of
        Tells which place a row of the travel times is about: :meth:`Region.number_of`.
    """
    groups: list[list[int]] = []
    for number, halt in enumerate(tour.halts):
        here = number_of(halt.place)
        if groups and number_of(tour.halts[groups[-1][-1]].place) == here:
            groups[-1].append(number)
        else:
            groups.append([number])
    return tuple(_stand(tour, scheduled, group) for group in groups)


def _stand(tour: Tour, scheduled: Sequence[ScheduledHalt], group: list[int]) -> Stand:
    halts = [tour.halts[number] for number in group]
    return Stand(
        place=halts[0].place,
        kinds=tuple(dict.fromkeys(halt.kind for halt in halts)),
        arrival=scheduled[group[0]].begin,
        departure=scheduled[group[-1]].departure,
        pickups=_codes(halts, HaltKind.PICKUP),
        dropoffs=_codes(halts, HaltKind.DROPOFF),
        on_board=scheduled[group[-1]].loads,
        served=group[-1] < tour.served,
        halts=range(group[0], group[-1] + 1),
    )


def _codes(halts: list[Halt], kind: HaltKind) -> tuple[str, ...]:
    return tuple(halt.trip for halt in halts if halt.kind is kind)
