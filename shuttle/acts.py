"""What may be done to a day: acts, pure functions from one plan to the next.

Whatever changes a plan is an act, and :meth:`shuttle.dispatcher.Dispatcher.act` is the one way to
do it: vehicles first follow the day up to now, the act is computed, the independent checker looks
at what was planned anew, the store takes all of it or nothing, and only then readers see it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from shuttle.domain import Alternative, Booking, Contact
from shuttle.driving.reports import Report
from shuttle.events import Event
from shuttle.plan import DayPlan
from shuttle.standing.standing_requests import Instance, Waiting
from shuttle.store import Receipt
from shuttle.telling.notices import Notice
from shuttle.trouble.conditions import Condition

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What an act makes of a day.

    Attributes
    ----------
    result
        What whoever acted is told.
    plan
        The day after the act; its revision stays that of the plan the act was given.
    planned
        Numbers of tours that were planned anew: they may violate nothing that they did not
        violate before, and nothing by more.
    happened
        Numbers of tours in which something merely happened: facts are stored as they are.
    bookings
        New, or in another status.
    events
        What happened.
    contacts
        Of new bookings, by code.
    receipt
        The idempotency key to remember, if any.
    reports
        What drivers reported, newly taken in.
    alternative
        The refusal that a new booking makes up for, if any.
    instances
        Days of series that were decided.
    waiting
        Whoever on the waiting list was told, or has booked.
    notices
        What residents are told besides what follows from the events.
    conditions
        New or lifted.
    faced
        The day as new conditions leave it, or as rides that are given up do, before anybody plans.
        Tours planned anew are compared with that, because nobody can plan it away.
    """

    result: T
    plan: DayPlan
    planned: frozenset[int] = frozenset()
    happened: frozenset[int] = frozenset()
    bookings: tuple[Booking, ...] = ()
    events: tuple[Event, ...] = ()
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    receipt: Receipt | None = None
    reports: tuple[Report, ...] = ()
    alternative: Alternative | None = None
    instances: tuple[Instance, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    notices: tuple[Notice, ...] = ()
    conditions: tuple[Condition, ...] = ()
    faced: DayPlan | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to store."""
        moved = self.planned or self.happened or self.bookings or self.conditions
        told = self.events or self.notices or self.reports
        return not (moved or told or self.instances or self.waiting)


Act = Callable[[DayPlan], Outcome[T]]
"""May be called again on a newer plan, so it must not remember anything."""


@dataclass(frozen=True)
class Joint(Generic[T]):
    """What an act makes of one day or of several: one outcome after the other, all or none.

    Of two outcomes on the same day the second is computed from the plan of the first.
    """

    result: T
    outcomes: tuple[Outcome[Any], ...] = ()


JointAct = Callable[[Mapping[date, DayPlan]], Joint[T]]
"""An act on the plans of several days."""
