"""How a tour whose driver reports goes on while nothing is reported.

Nothing happens by itself. The halt that is being driven to cannot be earlier than now, and every
later halt follows; where the vehicle has arrived, only its leaving is put off.
"""

from collections.abc import Sequence
from dataclasses import replace

from routing.problem import HaltKind, Tour
from shuttle.driving.reports import Report, ReportKind, standing

_BELIEVED, _JUMP = 3600, 600
"""Seconds for which a clock must have run on without a step of more than the second."""

GRACE = 2 * 3600
"""A tour waits this long after the end of its shift for what has not been reported."""


def awaited_tour(
    tour: Tour, begins: Sequence[int], leaves: int, reports: Sequence[Report], tick: int
) -> Tour:
    """Return a reported tour as it stands at a time; the same object if nothing changed.

    Parameters
    ----------
    tour
        As it was, with a halt that has not happened.
    begins
        When service begins at each halt, as far as was known.
    leaves
        When the vehicle leaves for the next halt; at the same place, when that begins.
    reports
        Of the shift.
    tick
        The end of the running half minute.
    """
    tick = min(tick, tour.shift.end + GRACE)
    ahead, fixed = tour.served, tour.fixed
    if fixed == ahead and leaves > tick:  # the vehicle waits: so it is most of the time
        return waited(tour, tick)
    halts = list(tour.halts)
    if fixed == ahead and leaves <= tick:
        halts[ahead] = halts[ahead].between(begins[ahead], halts[ahead].latest)
        fixed += 1
    while ahead < fixed < len(halts) and _together(tour, fixed) and begins[fixed] <= tick:
        halts[fixed] = halts[fixed].between(begins[fixed], halts[fixed].latest)
        fixed += 1
    if ahead < fixed and begins[ahead] < tick and arrival(tour, ahead, reports) is None:
        halts[ahead] = replace(halts[ahead], earliest=max(halts[ahead].earliest, tick))
    if fixed == tour.fixed and tuple(halts) == tour.halts:
        return waited(tour, tick)
    return replace(tour, halts=tuple(halts), fixed=fixed, ready=max(tour.ready, tick))


def waited(tour: Tour, tick: int) -> Tour:
    """Return a tour whose vehicle has waited until a time; the same object if it could not leave.

    Most vehicles wait most of the time, so this is written out: `replace` takes twice as long.
    """
    if tick <= tour.ready:
        return tour
    return Tour(tour.shift, tour.halts, tour.fixed, tour.served, tick, tour.reach)


def arrival(tour: Tour, index: int, reports: Sequence[Report]) -> int | None:
    """Return when the vehicle arrived where a halt is, None if that was not reported.

    One report speaks for all halts side by side at one place; it lies after what happened
    elsewhere before.
    """
    first = last = index
    while first > 0 and _together(tour, first):
        first -= 1
    while last + 1 < len(tour.halts) and _together(tour, last + 1):
        last += 1
    codes = {halt.trip for halt in tour.halts[first : last + 1]} - {""}
    since = tour.halts[first - 1].earliest if 0 < first <= tour.served else 0
    told = (
        each.time
        for each in standing(reports)
        if each.kind is ReportKind.ARRIVED and each.code in codes and each.time > since
    )
    return min(told, default=None) if tour.halts[index].kind in _RIDES else None


_RIDES = (HaltKind.PICKUP, HaltKind.DROPOFF)


def _together(tour: Tour, index: int) -> bool:
    """Whether a halt is at the place of the one before."""
    return tour.halts[index].place == tour.halts[index - 1].place


class SteadyClock:
    """Tells a clock that goes on from one that has jumped.

    A clock set to tomorrow by mistake must not end today: what it says after a jump is believed
    when it has run on from there for an hour.
    """

    def __init__(self) -> None:
        self._since: int | None = None
        self._last = 0

    def believed(self, now: int) -> bool:
        """Take in what the clock says; return whether to act on it for days gone by."""
        if self._since is None:  # there is nothing yet that could be ended by mistake
            self._since = now - _BELIEVED
        elif not 0 <= now - self._last <= _JUMP:
            self._since = now
        self._last = now
        return now - self._since >= _BELIEVED
