"""The dispatcher: answers requests, keeps bookings, and is the only writer of the plan.

Quotes read an immutable plan without a lock, on any thread. Everything that changes a plan is an
act (:mod:`shuttle.acts`) and runs on one thread, in order: compute the next plan, store it under
the revision it was computed from, and only then show it to readers. Time is an argument, so a
simulation drives this very class.
"""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import TypeVar

from routing.check import check_tour, worsened
from shuttle.acts import Act, Outcome
from shuttle.bookings import booked, cancelled
from shuttle.domain import Booking, Contact, Offer, Quote, Refusal, RideRequest
from shuttle.driving import reported
from shuttle.errors import (
    IdempotencyConflict,
    OfferExpired,
    OfferTaken,
    PlanRejected,
    RevisionConflict,
    UnknownBooking,
)
from shuttle.events import Event, Refused
from shuttle.keyed import Keyed
from shuttle.ledger import followed
from shuttle.offers import quote
from shuttle.plan import DayPlan, tick_of
from shuttle.records import record_of, restored
from shuttle.region import Region
from shuttle.reports import Answer, Report, Sighting
from shuttle.requests import CheckedRequest, check_request
from shuttle.rolling import GRACE
from shuttle.sightings import Sightings, seen
from shuttle.store import Change, ContactRecord, Store

T = TypeVar("T")

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
        self._new_code = new_code
        self._plans: dict[date, DayPlan] = {}
        self._rolled: dict[date, tuple[DayPlan, int, DayPlan]] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dispatcher")

    def quote(self, request: RideRequest, now: int) -> Quote:
        """Answer a request with offers, or with a refusal and the nearest that works.

        Safe on any thread; nothing is reserved.

        Raises
        ------
        RequestError
            If no plan could serve the request.
        """
        checked = check_request(self.region, request, now)
        plan = self.plan(checked.day, now)
        answer = quote(self.region, plan, checked, now, self._new_code)
        if answer.refusal is not None:
            event = _refused(self.region, checked, answer.refusal, now)
            self._on_writer(lambda: self.store.note(checked.day, event))
        return answer

    def book(
        self, offer: Offer, idempotency_key: str, now: int, contact: Contact | None = None
    ) -> Booking:
        """Confirm an offer; the plan is checked again, and the promise is stored with it.

        Repeating the call with the same key and offer returns the same booking.

        Raises
        ------
        OfferExpired, OfferGone, OfferTaken, IdempotencyConflict
            And nothing was booked.
        """

        def act(plan: DayPlan) -> Outcome[Booking]:
            known = self.store.receipt(idempotency_key)
            if known is not None:
                if known.offer != offer.id:
                    raise IdempotencyConflict(idempotency_key)
                return Outcome(self.booking(known.code), plan)
            if self.store.taken(offer.id):
                raise OfferTaken
            if now > offer.valid_until:
                raise OfferExpired(offer.valid_until)
            return booked(
                self.region, plan, offer, now, self._new_code, key=idempotency_key, contact=contact
            )

        return self.act(offer.ride.day, now, act)

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
        plan = self._plans.get(day) or self._on_writer(lambda: self._stored_plan(day))
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
            for each in sorted({yesterday, day})
            for event in self._changing(each, partial(self._advance, each, now))
        )

    def report(
        self, day: date, shift: str, reports: Sequence[Report], now: int
    ) -> tuple[Answer, ...]:
        """Take in what a driver reports; return what became of each report.

        Raises
        ------
        UnknownShift
            If the day has no such shift.
        """
        return self.act(day, now, lambda plan: reported(plan, shift, reports, now))

    def see(self, day: date, shift: str, sighting: Sighting, now: int) -> None:
        """Take in where a vehicle is; an older position than the last changes nothing."""
        if self.sightings.add(day, shift, sighting):
            self.act(day, now, lambda plan: seen(self.region, plan, shift, sighting, now))

    def act(self, day: date, now: int, act: Act[T]) -> T:
        """Do an act on a day as it stands now; the only way in which a plan changes.

        Raises
        ------
        PlanRejected
            If the independent checker finds fault with a tour that was planned anew.
        RevisionConflict
            If another process changes the day again and again. Either way nothing was stored.
        """
        return self._changing(day, lambda: self._act(day, now, act))

    def events(self, day: date) -> tuple[Event, ...]:
        """Return what happened on a day, in order."""
        return self.store.events(day)

    def close(self) -> None:
        """Finish what is being written and let go of the store."""
        self._writer.shutdown(wait=True)
        self.store.close()

    def _on_writer(self, act: Callable[[], T]) -> T:
        return self._writer.submit(act).result()

    def _changing(self, day: date, act: Callable[[], T]) -> T:
        """Do an act on the writer; if another process was faster, read the day and try again."""

        def once_more() -> T:
            try:
                return act()
            except RevisionConflict:
                self._plans.pop(day, None)
                return act()

        return self._on_writer(once_more)

    # Everything below runs on the writer's thread.

    def _stored_plan(self, day: date) -> DayPlan:
        if day not in self._plans:
            self._plans[day] = restored(self.region, day, self.store.load(day))
        return self._plans[day]

    def _act(self, day: date, now: int, act: Act[T]) -> T:
        self._advance(day, now)
        before = self._stored_plan(day).at(now)
        outcome = act(before)
        if not outcome.changes_nothing:
            self._check(before, outcome)
            self._commit(outcome)
        return outcome.result

    def _advance(self, day: date, now: int) -> tuple[Event, ...]:
        outcome = followed(self._stored_plan(day), now)
        if not outcome.changes_nothing:
            self._commit(outcome)
        return outcome.result

    def _check(self, before: DayPlan, outcome: Outcome[T]) -> None:
        """Let the independent checker look at the tours that were planned anew.

        What has merely happened is not checked: facts are stored as they are.
        """
        after = outcome.plan
        earlier = {tour.shift.id: tour for tour in before.tours}
        for number in sorted(outcome.planned):
            tour = after.tours[number]
            faults = check_tour(tour, self.region.travel)
            if faults and tour.shift.id in earlier:
                faults = worsened(check_tour(earlier[tour.shift.id], self.region.travel), faults)
            if faults:
                raise PlanRejected(after.day, [str(each) for each in faults])

    def _commit(self, outcome: Outcome[T]) -> None:
        """Store the change, then show it to readers: in this order."""
        after = outcome.plan
        moved = sorted(outcome.planned | outcome.happened)
        change = Change(
            after.day,
            after.revision,
            outcome.bookings,
            tuple(record_of(after.tours[number]) for number in moved),
            outcome.events,
            outcome.receipt,
            tuple(self._record(code, each) for code, each in outcome.contacts.items()),
            outcome.reports,
        )
        self._plans[after.day] = after.at_revision(self.store.commit(change))

    def _record(self, code: str, contact: Contact) -> ContactRecord:
        pseudonym = self.keyed.phone(contact.phone) if contact.phone else ""
        return ContactRecord(code, contact, pseudonym)


def _refused(region: Region, checked: CheckedRequest, refusal: Refusal, now: int) -> Refused:
    request = checked.request
    return Refused(
        time=now,
        origin_stop=region.stops[checked.origins[0].place].id,
        destination_stop=region.stops[checked.destinations[0].place].id,
        wanted=request.time // 900 * 900,
        passengers=request.party.passengers,
        wheelchairs=request.party.wheelchairs,
        child_seats=request.party.child_seats,
        reason=refusal.reason,
    )
