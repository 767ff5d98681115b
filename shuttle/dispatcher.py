"""The dispatcher: answers requests, keeps bookings, and is the only writer of the plan.

Quotes read an immutable plan without a lock, on any thread. Everything that changes a plan runs
on one thread, in order: compute the next plan, store it under the revision it was computed from,
and only then show it to readers. Time is an argument, so a simulation drives this very class.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from routing.check import check_tour, worsened
from routing.insertion import best_insertions
from routing.problem import Tour
from shuttle.domain import Booking, BookingStatus, Offer, Quote, Refusal, RideRequest
from shuttle.errors import (
    IdempotencyConflict,
    NotCancellable,
    OfferExpired,
    OfferGone,
    OfferTaken,
    PlanRejected,
    RevisionConflict,
    UnknownBooking,
)
from shuttle.events import Booked, Cancelled, Event, Refused
from shuttle.ledger import entered, newly_served
from shuttle.offers import exact_trip, quote
from shuttle.plan import DayPlan, tick_of
from shuttle.records import record_of, restored
from shuttle.region import Region
from shuttle.requests import CheckedRequest, check_request
from shuttle.store import Change, Receipt, Store

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
    """

    def __init__(
        self, region: Region, store: Store, new_code: Callable[[], str] = new_code
    ) -> None:
        self.region = region
        self._store = store
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
            self._on_writer(lambda: self._store.note(checked.day, event))
        return answer

    def book(self, offer: Offer, idempotency_key: str, now: int) -> Booking:
        """Confirm an offer; the plan is checked again, and the promise is stored with it.

        Repeating the call with the same key and offer returns the same booking.

        Raises
        ------
        OfferExpired, OfferGone, OfferTaken, IdempotencyConflict
            And nothing was booked.
        """
        return self._changing(offer.ride.day, lambda: self._book(offer, idempotency_key, now))

    def booking(self, code: str) -> Booking:
        """Return a booking.

        Raises
        ------
        UnknownBooking
            If the region has none with this code.
        """
        booking = self._store.booking(code)
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
        return self._changing(day, lambda: self._cancel(code, now))

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
        """Let the vehicles follow their timetable up to now, and store what was served."""
        day = self.region.config.local_day(now)
        return self._changing(day, lambda: self._advance(day, now))

    def events(self, day: date) -> tuple[Event, ...]:
        """Return what happened on a day, in order."""
        return self._store.events(day)

    def close(self) -> None:
        """Finish what is being written and let go of the store."""
        self._writer.shutdown(wait=True)
        self._store.close()

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
            self._plans[day] = restored(self.region, day, self._store.load(day))
        return self._plans[day]

    def _book(self, offer: Offer, key: str, now: int) -> Booking:
        known = self._store.receipt(key)
        if known is not None:
            if known.offer != offer.id:
                raise IdempotencyConflict(key)
            return self.booking(known.code)
        if self._store.taken(offer.id):
            raise OfferTaken
        if now > offer.valid_until:
            raise OfferExpired(offer.valid_until)
        day = offer.ride.day
        self._advance(day, now)
        plan = self._stored_plan(day).at(now)
        booking = Booking(
            code=self._new_code(),
            ride=offer.ride,
            origin=offer.request.origin.label,
            destination=offer.request.destination.label,
            booked_at=now,
        )
        trip = exact_trip(self.region, offer.ride, booking.code)
        insertion = best_insertions(plan.compiled, self.region.travel, [trip], [0])[0]
        if insertion is None:
            checked = check_request(self.region, offer.request, now)
            raise OfferGone(quote(self.region, plan, checked, now, self._new_code))
        number = insertion.tour
        after = plan.inserted(trip, insertion).with_bookings(booking)
        event = Booked(now, booking.code, after.tours[number].shift.id)
        receipt = Receipt(key, offer.id, booking.code)
        self._check(after, number)
        self._commit(after, {number}, (booking,), (event,), receipt)
        return booking

    def _cancel(self, code: str, now: int) -> Booking:
        booking = self.booking(code)
        if booking.status is BookingStatus.CANCELLED:
            return booking
        day = booking.ride.day
        self._advance(day, now)
        plan = self._stored_plan(day).at(now)
        number = plan.tour_of(code)
        if number is None or _under_way(plan.tours[number], code):
            raise NotCancellable(code)
        booking = booking.with_status(BookingStatus.CANCELLED)
        after = plan.removed(number, code).with_bookings(booking)
        event = Cancelled(now, code, after.tours[number].shift.id)
        self._check(after, number)
        self._commit(after, {number}, (booking,), (event,))
        return booking

    def _advance(self, day: date, now: int) -> tuple[Event, ...]:
        before = self._stored_plan(day)
        after = before.at(now)
        bookings: dict[str, Booking] = {}
        events: list[Event] = []
        moved: set[int] = set()
        for number, (old, new) in enumerate(zip(before.tours, after.tours, strict=True)):
            for halt in newly_served(old, new):
                booking = bookings.get(halt.trip, after.bookings[halt.trip])
                bookings[halt.trip], happened = entered(booking, halt, new)
                events.extend(happened)
                moved.add(number)
        if not events:
            return ()
        events.sort(key=lambda event: event.time)
        changed = tuple(bookings.values())
        self._commit(after.with_bookings(*changed), moved, changed, tuple(events))
        return tuple(events)

    def _check(self, after: DayPlan, number: int) -> None:
        """Let the independent checker look at a tour that was planned anew.

        What has merely happened is not checked: facts are stored as they are.
        """
        faults = check_tour(after.tours[number], self.region.travel)
        if faults:
            earlier = check_tour(self._plans[after.day].tours[number], self.region.travel)
            new = worsened(earlier, faults)
            if new:
                raise PlanRejected(after.day, [str(each) for each in new])

    def _commit(
        self,
        after: DayPlan,
        moved: set[int],
        bookings: tuple[Booking, ...],
        events: tuple[Event, ...],
        receipt: Receipt | None = None,
    ) -> None:
        """Store the change, then show it to readers: in this order."""
        tours = tuple(record_of(after.tours[number]) for number in sorted(moved))
        change = Change(after.day, after.revision, bookings, tours, events, receipt)
        self._plans[after.day] = after.at_revision(self._store.commit(change))


def _under_way(tour: Tour, code: str) -> bool:
    """Whether a ride's pickup has happened or is being driven to."""
    return any(halt.trip == code for halt in tour.halts[: tour.fixed])


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
