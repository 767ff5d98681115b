"""The board of a day, worked out once for all who look at it, and what is different since.

A large day has a thousand rides, and most changes touch few of them. Whoever says which board
they have is told only of tours and rides that are different by now.
"""

import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from pydantic import BaseModel

from api.board.board_day import (
    RideFacts,
    board_figures,
    board_refused,
    board_ride,
    board_tour,
    board_waiting,
    length_of,
    ride_facts,
)
from api.board.board_schemas import BoardOut, BoardRefused, BoardRide, BoardTour
from api.service import Service
from api.staff.trouble_answers import ConditionOut
from api.times import local_time
from routing.problem import Tour
from routing.schedule import Records
from shuttle.driving.promises import Entry
from shuttle.driving.timetable import stands
from shuttle.plan import DayPlan
from shuttle.standing.standing_requests import Waiting

_REMEMBERED = 16
"""Boards that somebody may still have; whoever has an older one is told everything."""


@dataclass(frozen=True, eq=False, slots=True)
class ShownTour:
    """A tour, its compiled halts, its metres and those without anybody, and how it is shown."""

    tour: Tour
    row: Records
    length: tuple[int, int]
    shown: BoardTour


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """The board of a day at one moment."""

    plan: DayPlan
    now: int
    changes: int
    besides: int
    refused: list[BoardRefused]
    board: BoardOut
    tours: Mapping[str, ShownTour]
    rides: Mapping[str, tuple[RideFacts, BoardRide]]


class Difference(NamedTuple):
    """What leads from one board to a later one: the later one's tag, and a BoardOut as JSON."""

    tag: str
    text: str


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
        self._differences: dict[str, Difference] = {}
        self._changes: Counter[date | None] = Counter()  # None: those that belong to no plan
        self._counting = threading.Lock()
        self._prefix = secrets.token_hex(4)  # tags of before a restart are not ours
        service.dispatcher.watch(self._changed)

    def _changed(self, day: date | None) -> None:
        with self._counting:
            self._changes[day] += 1

    def _changes_of(self, day: date) -> int:
        return self._changes[day] + self._changes[None]

    def board(self, plan: DayPlan, since: str | None) -> BoardOut:
        """Return the board of a plan as it stands now; only what is different, if that is known."""
        with self._lock:
            current = self._current(plan)
            before = self._known.get(since or "")
        if before is None or before.plan.day != plan.day:
            return current.board
        return _difference(before, current)

    def is_as_before(self, plan: DayPlan, tag: str) -> bool:
        """Whether nothing has happened on a day since the board with that tag was made."""
        return tag.startswith(f"{self._prefix}-{plan.day}-{plan.revision}-") and tag.endswith(
            f"-{self._changes_of(plan.day)}"
        )

    def difference(self, plan: DayPlan, tag: str) -> Difference:
        """Return what leads from the board with a tag to that of now, worked out once for all.

        If no such board is known the text is empty: all has to be asked for.
        """
        with self._lock:
            before, current = self._known.get(tag), self._current(plan)
            if before is None or before.plan.day != plan.day:
                return Difference(current.board.tag, "")
            known = self._differences.get(tag)
            if known is None or known.tag != current.board.tag:
                text = _difference(before, current).model_dump_json(by_alias=True)
                known = Difference(current.board.tag, text)
                if tag in self._known:  # it may just have made room for the current one
                    self._differences[tag] = known
            return known

    def _current(self, plan: DayPlan) -> Snapshot:
        now, last = self._service.clock(), self._last.get(plan.day)
        changes = self._changes_of(plan.day)
        if last and last.plan is plan and (last.now, last.changes) == (now, changes):
            return last
        made = self._made(plan, now, changes, last)
        self._last[plan.day] = self._known[made.board.tag] = made
        while len(self._known) > _REMEMBERED:
            tag, oldest = self._known.popitem(last=False)
            self._differences.pop(tag, None)
            if self._last.get(oldest.plan.day) is oldest:
                del self._last[oldest.plan.day]
        return made

    def _made(self, plan: DayPlan, now: int, changes: int, last: Snapshot | None) -> Snapshot:
        dispatcher, store = self._service.dispatcher, self._service.dispatcher.store
        besides = self._changes[None]
        entries = dispatcher.promises(plan.day, now)
        tours = {tour.shift.id: _tour(last, plan, n) for n, tour in enumerate(plan.tours)}
        known = last.rides if last and last.plan.region is plan.region else {}
        rides = {}
        for facts in ride_facts(plan, entries):
            before = known.get(facts.entry.booking.code)
            same = before if before and before[0] == facts else (facts, board_ride(plan, facts))
            rides[facts.entry.booking.code] = same
        if last and last.besides == besides and last.plan.region is plan.region:
            refused = last.refused
        else:
            refused = board_refused(plan.region, store.unmet(plan.day, plan.day))
        board = whole_board(
            plan,
            now,
            entries,
            [each.length for each in tours.values()],
            [each.shown for each in tours.values()],
            [shown for _, shown in rides.values()],
            refused=refused,
            waiting=[each for each in store.standing.waiting_list() if each.day == plan.day],
            tag=f"{self._prefix}-{plan.day}-{plan.revision}-{now}-{changes}",
            gap=dispatcher.quality.gap(plan.day, plan.revision),
        )
        return Snapshot(plan, now, changes, besides, refused, board, tours, rides)


def whole_board(
    plan: DayPlan,
    now: int,
    entries: Sequence[Entry],
    lengths: Sequence[tuple[int, int]],
    tours: list[BoardTour],
    rides: list[BoardRide],
    *,
    refused: list[BoardRefused],
    waiting: Iterable[Waiting] = (),
    tag: str = "",
    gap: float | None = None,
) -> BoardOut:
    """Return all of a board, put together from its parts."""
    region = plan.region
    return BoardOut(
        tag=tag,
        whole=True,
        day=plan.day,
        revision=plan.revision,
        now=local_time(region, now),
        tours=tours,
        gone_tours=[],
        rides=rides,
        gone_rides=[],
        figures=board_figures(plan, entries, lengths, gap),
        waiting=[board_waiting(region, each) for each in waiting],
        refused=refused,
        conditions=[ConditionOut.of(region, each) for each in plan.conditions],
    )


def _tour(last: Snapshot | None, plan: DayPlan, number: int) -> ShownTour:
    """Return a tour as it is shown; as it was shown last, if nothing in it can be different."""
    tour = plan.tours[number]
    row = plan.compiled.halts[number][: len(tour.halts)]
    if last is not None and last.plan.travel is plan.travel and last.plan.locks == plan.locks:
        before = last.tours.get(tour.shift.id)
        reported = tour.shift.id in plan.reports
        # A vehicle that merely waits longer does all it has to do when it would have.
        waited = before is not None and replace(before.tour, ready=tour.ready) == tour
        if before and waited and before.shown.reported == reported and (before.row == row).all():
            return before
    halts = stands(tour, plan.compiled.timetable(number), plan.region.number_of)
    return ShownTour(tour, row.copy(), length_of(plan, halts), board_tour(plan, number, halts))


def _difference(before: Snapshot, now: Snapshot) -> BoardOut:
    """Return what somebody has to be told who knows an earlier board."""
    tours = {shift: each.shown for shift, each in before.tours.items()}
    rides = {code: shown for code, (_, shown) in before.rides.items()}
    return now.board.model_copy(
        update={
            "whole": False,
            "tours": [each for each in now.board.tours if _differs(tours.get(each.shift), each)],
            "gone_tours": [shift for shift in tours if shift not in now.tours],
            "rides": [each for each in now.board.rides if _differs(rides.get(each.code), each)],
            "gone_rides": [code for code in rides if code not in now.rides],
            "refused": None if before.refused is now.refused else now.refused,
        }
    )


def _differs(before: BaseModel | None, now: BaseModel) -> bool:
    return before is not now and before != now
