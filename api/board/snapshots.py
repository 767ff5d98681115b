"""The board of a day, worked out once for all who look at it, and what is different since.

A large day has a thousand rides, and most changes touch few of them. Whoever says which board
they have is told only of tours and rides that are different by now.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from api.board.board_day import (
    board_figures,
    board_refused,
    board_ride,
    board_tour,
    board_waiting,
)
from api.board.board_schemas import BoardOut, BoardRide, BoardTour
from api.mapping.tours import stands_of
from api.service import Service
from api.staff.trouble_answers import ConditionOut
from api.times import local_time
from routing.problem import Tour
from shuttle.plan import DayPlan
from shuttle.trouble.consequences import planned

_REMEMBERED = 16
"""Boards that somebody may still have; whoever has an older one is told everything."""


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """The board of a day at one moment."""

    plan: DayPlan
    now: int
    changes: int
    board: BoardOut
    tours: Mapping[str, BoardTour]
    rides: Mapping[str, BoardRide]


class Snapshots:
    """The boards of a service; safe on any thread.

    Parameters
    ----------
    service
        Whose days are shown.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Snapshot] = OrderedDict()
        self._last: dict[date, Snapshot] = {}
        self._changes = 0
        self._prefix = secrets.token_hex(4)  # tags of before a restart are not ours
        service.dispatcher.watch(self._changed)

    def _changed(self, _day: date | None) -> None:
        self._changes += 1

    def board(self, plan: DayPlan, since: str | None) -> BoardOut:
        """Return the board of a plan as it stands now; only what is different, if that is known."""
        with self._lock:
            current = self._current(plan)
            before = self._known.get(since or "")
        if before is None or before.plan.day != plan.day:
            return current.board
        return _difference(before, current)

    def _current(self, plan: DayPlan) -> Snapshot:
        now, changes, last = self._service.clock(), self._changes, self._last.get(plan.day)
        if last and last.plan is plan and (last.now, last.changes) == (now, changes):
            return last
        made = self._made(plan, now, changes, last)
        self._last[plan.day] = self._known[made.board.tag] = made
        while len(self._known) > _REMEMBERED:
            _, oldest = self._known.popitem(last=False)
            if self._last.get(oldest.plan.day) is oldest:
                del self._last[oldest.plan.day]
        return made

    def _made(self, plan: DayPlan, now: int, changes: int, last: Snapshot | None) -> Snapshot:
        dispatcher, region = self._service.dispatcher, plan.region
        stands, entries = stands_of(plan), dispatcher.promises(plan.day, now)
        tours = {
            tour.shift.id: _unchanged(last, plan, tour) or board_tour(plan, number, stands[number])
            for number, tour in enumerate(plan.tours)
        }
        where = planned(plan)
        rides = {each.booking.code: board_ride(plan, each, where) for each in entries}
        store = dispatcher.store
        board = BoardOut(
            tag=f"{self._prefix}-{plan.day}-{plan.revision}-{now}-{changes}",
            whole=True,
            day=plan.day,
            revision=plan.revision,
            now=local_time(region, now),
            tours=list(tours.values()),
            gone_tours=[],
            rides=list(rides.values()),
            gone_rides=[],
            figures=board_figures(plan, entries, stands),
            waiting=[
                board_waiting(region, each)
                for each in store.standing.waiting_list()
                if each.day == plan.day
            ],
            refused=board_refused(region, store.unmet(plan.day, plan.day)),
            conditions=[ConditionOut.of(region, each) for each in plan.conditions],
        )
        return Snapshot(plan, now, changes, board, tours, rides)


def _unchanged(last: Snapshot | None, plan: DayPlan, tour: Tour) -> BoardTour | None:
    """Return a tour as it was shown last, if nothing in it can be different."""
    if last is None or last.plan.travel is not plan.travel or last.plan.locks != plan.locks:
        return None
    reported = tour.shift.id in plan.reports
    before = next((each for each in last.plan.tours if each.shift.id == tour.shift.id), None)
    shown = last.tours.get(tour.shift.id)
    return shown if before == tour and shown and shown.reported == reported else None


def _difference(before: Snapshot, now: Snapshot) -> BoardOut:
    """Return what somebody has to be told who knows an earlier board."""
    return now.board.model_copy(
        update={
            "whole": False,
            "tours": [each for shift, each in now.tours.items() if before.tours.get(shift) != each],
            "gone_tours": [shift for shift in before.tours if shift not in now.tours],
            "rides": [each for code, each in now.rides.items() if before.rides.get(code) != each],
            "gone_rides": [code for code in before.rides if code not in now.rides],
        }
    )
