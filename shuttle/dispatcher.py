"""The dispatcher: answers requests, keeps bookings, and is the only writer of the plan.

Quotes read an immutable plan without a lock, on any thread. Everything that changes a plan is an
act (:mod:`shuttle.acts`), and acts take turns, each on the thread of whoever acts: compute the next
plan, store it under the revision it was computed from, and only then show it to readers. Time is an
argument, so a simulation drives this very class.
"""

import secrets
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, TypeVar

import structlog

from routing.check import Breach
from routing.worsening import made_worse
from shuttle.acts import Act, JointAct, Outcome
from shuttle.answers import Quote
from shuttle.booking.bookings import booked, cancelled
from shuttle.booking.confirming import check_limits, check_offer, confirmed_before
from shuttle.booking.quotes import mended, quote
from shuttle.booking.requests import check_again, check_request
from shuttle.booking.unmet import Unmet, unmet_error, unmet_refusal
from shuttle.charging import battery_faults
from shuttle.committing import change_of
from shuttle.domain import Booking, Contact, Offer, RideRequest
from shuttle.driving.following import reported
from shuttle.driving.ledger import followed
from shuttle.driving.promises import Entry, entries, let_down_before
from shuttle.driving.reports import Answer, Report, Sighting
from shuttle.driving.rolling import GRACE, SteadyClock
from shuttle.driving.sightings import Sightings, seen
from shuttle.errors import (
    OfferGone,
    PlanRejected,
    RequestError,
    RevisionConflict,
    StoreError,
    UnknownBooking,
)
from shuttle.events import Event
from shuttle.improving.quality import Quality
from shuttle.keeping.records import restored
from shuttle.keyed import Keyed
from shuttle.plan import DayPlan, tick_of
from shuttle.region import Region
from shuttle.standing.standing_requests import Waiting
from shuttle.store import Store

T = TypeVar("T")

EVENTS_OF_DAYS = 2
"""Of so many days the events are kept at hand."""

Watcher = Callable[[date | None], object]
"""Is told which day is different by now; None for what belongs to no plan, such as a refusal."""

_log = structlog.get_logger()

_CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
"""32 signs that are not taken for one another; eight of them hold 40 random bits."""


def new_code() -> str:
    """Return a booking code of 40 random bits."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))


class Dispatcher:
    """The service of one region.

    Parameters
    ----------
    region
        Roads, stops, fleet and rules.
    store
        Keeps the region's days.
    new_code
        Makes booking codes; a simulation passes a seeded one.
    keyed
        Derives pseudonyms and links; without, from a key that nobody knows after the end.
    """

    def __init__(
        self,
        region: Region,
        store: Store,
        new_code: Callable[[], str] = new_code,
        keyed: Keyed | None = None,
    ) -> None:
        self.region = region
        self.store = store
        self.keyed = keyed or Keyed(secrets.token_bytes(32))
        self.sightings = Sightings()
        self.quality = Quality()
        self.pass_on: Callable[[date, str, Sighting], object] = lambda *_: None
        self.new_code = new_code
        self._plans: dict[date, DayPlan] = {}
        self._steady = SteadyClock()
        self._events: dict[date, tuple[int, tuple[Event, ...]]] = {}
        self._behind: dict[date, tuple[date, ...]] = {}
        self._rolled: dict[date, tuple[DayPlan, int, DayPlan]] = {}
        self._read_at: object = None
        self._watchers: tuple[Watcher, ...] = ()
        self._turn, self._closed = threading.Lock(), False

    def quote(self, request: RideRequest, now: int) -> Quote:
        """Answer a request with offers, or with a refusal and the nearest that works.

        Safe on any thread; nothing is reserved.

        Raises
        ------
        RequestError
            If no plan could serve the request.
        """
        return self.answer(request, lambda day: self.plan(day, now), now)

    def answer(
        self,
        request: RideRequest,
        plan_of: Callable[[date], DayPlan],
        now: int,
        not_before: int = 0,
        *,
        counted: bool = True,
    ) -> Quote:
        """Answer a request on given plans, maybe on such as are only supposed.

        Safe on any thread. Nobody is offered to be picked up before `not_before`. A refusal is
        noted as unmet demand if it is to be `counted`.
        """
        region, new_id = self.region, self.new_code
        try:
            checked = check_request(region, request, now)
        except RequestError as error:
            refusal = mended(region, request, error, now, new_id, plan_of, not_before)
            if counted:
                self._note_unmet(unmet_error(region, refusal, request, error, now))
            raise
        answer = quote(region, plan_of(checked.day), checked, now, new_id, plan_of, not_before)
        if counted and answer.refusal is not None:
            self._note_unmet(unmet_refusal(region, checked, answer.refusal, now))
        return answer

    def book(
        self,
        offer: Offer,
        idempotency_key: str,
        now: int,
        contact: Contact | None = None,
        waiting: Waiting | None = None,
        *,
        by_phone: bool = False,
    ) -> Booking:
        """Confirm an offer; the plan is checked again, and the promise is stored with it.

        Repeating the call with the same key and offer returns the same booking. Whoever was
        `waiting` for it leaves the waiting list by it. `by_phone` is kept for the figures.

        Raises
        ------
        OfferExpired, OfferGone, OfferTaken, IdempotencyConflict
        TooManyNoShows, TooManyOpenBookings
            And nothing was booked.
        """

        def act(plan: DayPlan) -> Outcome[Booking]:
            known = confirmed_before(self.store, idempotency_key, offer)
            if known is not None:
                return Outcome(self.booking(known), plan)
            check_offer(self.store, offer, now)
            check_limits(self.region, self.store, self.keyed, contact, now)
            outcome = booked(
                self.region,
                plan,
                offer,
                now,
                self.new_code,
                key=idempotency_key,
                contact=contact,
                by_phone=by_phone,
            )
            return outcome if waiting is None else replace(outcome, waiting=(waiting.taken(),))

        try:
            return self.act(offer.ride.day, now, act)
        except OfferGone as gone:
            if gone.quote.refusal is not None:
                checked = check_again(self.region, offer.request, now)
                self._note_unmet(unmet_refusal(self.region, checked, gone.quote.refusal, now))
            raise

    def booking(self, code: str) -> Booking:
        """Return a booking.

        Raises
        ------
        UnknownBooking
            If the region has none with this code.
        """
        booking = self.store.booking(code)
        if booking is None:
            raise UnknownBooking(code)
        return booking

    def cancel(self, code: str, now: int) -> Booking:
        """Give up a booking whose vehicle is not yet on its way; doing it twice is fine.

        Raises
        ------
        UnknownBooking, NotCancellable
            And nothing changed.
        """
        day = self.booking(code).ride.day
        return self.act(day, now, lambda plan: cancelled(plan, self.booking(code), now))

    def plan(self, day: date, now: int) -> DayPlan:
        """Return a day's plan as it stands at the end of the running half minute.

        Immutable; safe on any thread.
        """
        plan = self._plans.get(day) or self._in_turn(lambda: self._stored_plan(day))
        tick = tick_of(now)
        cached = self._rolled.get(day)
        if cached is not None and cached[0] is plan and cached[1] == tick:
            return cached[2]
        rolled = plan.at(tick)
        self._rolled[day] = (plan, tick, rolled)
        return rolled

    def advance(self, now: int) -> tuple[Event, ...]:
        """Let time go by up to now, and store what was served and what came to be at risk."""
        day = self.region.config.local_day(now)
        yesterday = self.region.config.local_day(now - GRACE - 600)
        return tuple(
            event
            for each in sorted({*self._left_behind(day, now), yesterday, day})
            if self._is_due(each, now)
            for event in self._changing((each,), partial(self._advance, each, now))
        )

    def _is_due(self, day: date, now: int) -> bool:
        """Whether time has brought something on a day; found out without taking a turn."""
        plan = self._plans.get(day)
        return plan is None or not followed(plan, now).changes_nothing

    def _left_behind(self, day: date, now: int) -> tuple[date, ...]:
        """Return the days that a service which was down has not seen the end of."""
        if not self._steady.believed(now):
            return ()
        if day not in self._behind:
            self._behind = {day: self.store.unfinished(day)}
        return self._behind[day]

    def report(
        self, day: date, shift: str, reports: Sequence[Report], now: int
    ) -> tuple[Answer, ...]:
        """Take in what a driver reports; return what became of each report.

        Raises
        ------
        UnknownShift
            If the day has no such shift.
        """
        answers = self.act(day, now, lambda plan: reported(plan, shift, reports, now))
        # A phone that was offline may report a shift that is long over.
        self._changing((day,), partial(self._advance, day, now))
        return answers

    def see(self, day: date, shift: str, sighting: Sighting, now: int) -> None:
        """Take in where a vehicle is; an older position than the last changes nothing."""
        if self.sightings.add(day, shift, sighting):
            self.act(day, now, lambda plan: seen(plan, shift, sighting, now))
            self.pass_on(day, shift, sighting)

    def act(self, day: date, now: int, act: Act[T]) -> T:
        """Do an act on a day as it stands now; the only way in which a plan changes.

        Raises
        ------
        PlanRejected
            If the independent checker finds fault with a tour that was planned anew.
        RevisionConflict
            If another process changes the day again and again. Either way nothing was stored.
        """
        return self._changing((day,), lambda: self._act(day, now, act))

    def act_together(self, days: Collection[date], now: int, act: JointAct[T]) -> T:
        """Do an act on one day or several as they stand now: in one transaction, or not at all.

        Raises
        ------
        PlanRejected, RevisionConflict
            As from :meth:`act`; nothing was stored on any of the days.
        """
        return self._changing(days, lambda: self._act_together(days, now, act))

    def write(self, act: Callable[[], T]) -> T:
        """Write down what changes no plan, in order with all acts."""
        written = self._in_turn(act)
        self._tell(None)
        return written

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell a watcher of every change once readers can see it; return what ends that.

        It is called on the thread that changed something, so it has to be quick.
        """
        self._watchers = (*self._watchers, watcher)

        def end() -> None:
            self._watchers = tuple(each for each in self._watchers if each is not watcher)

        return end

    def refresh(self) -> frozenset[date]:
        """Let go of days that another process changed, and return them: they are read anew.

        Another server, a restored backup, a nightly purge: whoever only reads here sees it too.
        """
        mark = self.store.mark()
        if mark == self._read_at:
            return frozenset()
        changed = self._in_turn(self._refresh)
        self._read_at = mark
        for day in changed:
            self._tell(day)
        return changed

    def keep_up(self, now: int) -> None:
        """Do what every process does as time goes by, on duty or not."""
        self.sightings.forget(now)
        self.refresh()

    def look_again(self) -> None:
        """Take note that another process wrote something: a day, or what belongs to none."""
        self.refresh()
        self._tell(None)  # also beside a day: one word may stand for several

    def seen_elsewhere(self, day: date, shift: str, sighting: Sighting) -> None:
        """Take note of where a vehicle is, by word of another process, which did the rest."""
        if self.sightings.add(day, shift, sighting):
            self._tell(None)

    def preview(self, day: date, now: int, act: Act[T]) -> Outcome[T]:
        """Return what an act would make of a day as it stands now; nothing is stored.

        Runs on the caller's thread: looking costs those who book nothing.
        """
        plan = self._plans.get(day) or self._in_turn(lambda: self._stored_plan(day))
        return act(followed(plan, now).plan.at(now))

    def events(self, day: date) -> tuple[Event, ...]:
        """Return what happened on a day, in order.

        Those of a large day are many and asked for with every change: the last ones are kept.
        """
        plan, known = self._plans.get(day), self._events.get(day)
        if plan is not None and known is not None and known[0] == plan.revision:
            return known[1]
        events = self.store.events(day)
        if plan is not None:
            while len(self._events) >= EVENTS_OF_DAYS:
                self._events.pop(next(iter(self._events), day), None)
            self._events[day] = (plan.revision, events)
        return events

    def promises(self, day: date, now: int) -> list[Entry]:
        """Return how the promises of a day stand, in the order of their windows."""
        plan, events = self.plan(day, now), self.events(day)
        let_down = [self.booking(code) for code in sorted(let_down_before(plan, events))]
        return entries(plan, events, now, let_down)

    def close(self) -> None:
        """Finish what is being written and let go of the store."""
        with self._turn:
            self._closed = True
        self.store.close()

    def _note_unmet(self, unmet: Unmet | None) -> None:
        if unmet is not None:
            self._in_turn(lambda: self._keep_unmet(unmet))
            self._tell(None)

    def _tell(self, day: date | None) -> None:
        for watcher in self._watchers:
            watcher(day)

    def _in_turn(self, act: Callable[[], T]) -> T:
        """Do something when nobody else does: a thread of its own cost more than most acts do."""
        with self._turn:
            if self._closed:
                raise RuntimeError("The dispatcher is closed.")
            return act()

    def _changing(self, days: Collection[date], act: Callable[[], T]) -> T:
        """Do an act in turn; if another process was faster, wait for the turn."""

        def once_more() -> T:
            try:
                return act()
            except RevisionConflict:
                with self.store.alone_on(days):
                    for day in days:
                        self._plans.pop(day, None)
                    return act()

        return self._in_turn(once_more)

    # Everything below is done in turn.

    def _stored_plan(self, day: date) -> DayPlan:
        if day not in self._plans:
            self._plans[day] = restored(self.region, day, self.store.load(day))
        return self._plans[day]

    def _refresh(self) -> frozenset[date]:
        stored = self.store.revisions(self._plans.keys())
        changed = {day for day, plan in self._plans.items() if plan.revision != stored.get(day, 0)}
        for day in changed:
            del self._plans[day]
        return frozenset(changed)

    def _keep_unmet(self, unmet: Unmet) -> None:
        """Keep a refused request for the figures; whoever asked is answered without it too."""
        try:
            self.store.note_unmet(unmet)
        except StoreError as error:
            _log.error("refusal_not_kept", error=str(error))

    def _act(self, day: date, now: int, act: Act[T]) -> T:
        self._advance(day, now)
        before = self._stored_plan(day).at(now)
        outcome = act(before)
        if not outcome.changes_nothing:
            self._check(before, outcome)
            self._commit(now, outcome)
        return outcome.result

    def _act_together(self, days: Collection[date], now: int, act: JointAct[T]) -> T:
        for day in days:
            self._advance(day, now)
        before = {day: self._stored_plan(day).at(now) for day in days}
        joint = act(before)
        outcomes = [each for each in joint.outcomes if not each.changes_nothing]
        for outcome in outcomes:  # one builds upon the other
            self._check(before[outcome.plan.day], outcome)
            before[outcome.plan.day] = outcome.plan
        if outcomes:
            self._commit(now, *outcomes)
        return joint.result

    def _advance(self, day: date, now: int) -> tuple[Event, ...]:
        outcome = followed(self._stored_plan(day), now)
        if not outcome.changes_nothing:
            self._commit(now, outcome)
        return outcome.result

    def _check(self, before: DayPlan, outcome: Outcome[T]) -> None:
        """Let the independent checker look at the tours that were planned anew.

        What has merely happened is not checked: facts are stored as they are.
        """
        after, before = outcome.plan, outcome.faced or before
        anew = [after.tours[number] for number in sorted(outcome.planned)]
        shifts = {tour.shift.id for tour in anew}
        known = [n for n, tour in enumerate(before.tours) if tour.shift.id in shifts]
        were = [before.tours[number] for number in known]
        begins = [before.compiled.begins(number) for number in known]
        faults = made_worse(were, before.travel, anew, after.travel, begins)
        # A battery is shared by the tours of its vehicle, so it is not judged tour by tour.
        faults = [each for each in faults if each.what is not Breach.BATTERY]
        faults += battery_faults(before, after, outcome.planned)
        if faults:
            raise PlanRejected(after.day, [str(each) for each in faults])

    def _commit(self, now: int, *outcomes: Outcome[Any]) -> None:
        """Store the changes together, then show them to readers: in this order."""
        revisions = {each.plan.day: each.plan.revision for each in outcomes}
        changes = []
        for outcome in outcomes:
            expected = revisions[outcome.plan.day]
            changes.append(change_of(outcome, expected, self.store, self.keyed, now))
            revisions[outcome.plan.day] += 1
        # Whoever reads the events meanwhile may keep some of before or after, under the old number.
        known = {day: self._events.pop(day, None) for day in revisions}
        self.store.commit_together(changes)
        for outcome in outcomes:
            day, before = outcome.plan.day, known.pop(outcome.plan.day, None)
            if before is not None and before[0] == revisions[day] - 1:
                self._events[day] = (revisions[day], (*before[1], *outcome.events))
            self._plans[day] = outcome.plan.at_revision(revisions[day])
            self._tell(day)
