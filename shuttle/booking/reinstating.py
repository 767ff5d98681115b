"""A ride that the service has called off stands again: the same booking, under the same promise."""

from collections.abc import Callable
from dataclasses import replace

from routing.insertion import best_insertions
from shuttle.acts import Act, Outcome
from shuttle.booking.moving import Moving, moved
from shuttle.booking.offers import planned_trip
from shuttle.booking.retiming import same_ride_at
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, FixKind, Offer
from shuttle.errors import CannotMove, NotMovable, RequestError, UnknownShift
from shuttle.events import Cancelled, CancelledByService, Reinstated, Replaced
from shuttle.plan import DayPlan
from shuttle.telling.reminding import told_earliest
from shuttle.trouble.entering import if_still

_OTHER_TIME = (FixKind.EARLIER, FixKind.LATER)


def reinstate(dispatcher: Dispatcher, code: str, now: int, expected: str | None = None) -> Moving:
    """Bring a ride back that the service called off; returns where it is now.

    Whoever has not read yet that it was called off reads nothing; whoever has is told that it
    stands again.

    Raises
    ------
    UnknownBooking
        If there is no such booking.
    NotMovable
        If the service did not call it off, one of its stops is closed, or its tour is locked.
    CannotMove
        If no vehicle can keep its promise any more; says why, and which window is nearest.
    PlanChanged
        If it is not what was shown, by its digest.
    """
    day, act = dispatcher.booking(code).ride.day, if_still(_act(dispatcher, code, now), expected)
    return _or_nearest(dispatcher, code, now, lambda: dispatcher.act(day, now, act))


def preview(dispatcher: Dispatcher, code: str, now: int) -> Moving:
    """Return what it means to bring a ride back; nothing is changed. Raises as the act does."""
    day, act = dispatcher.booking(code).ride.day, _act(dispatcher, code, now)
    return _or_nearest(dispatcher, code, now, lambda: dispatcher.preview(day, now, act).result)


def reinstated(
    plan: DayPlan, booking: Booking, shift: str, now: int, told: int = 0
) -> Outcome[Moving]:
    """Return the day with a ride in a tour again: its own if it fits there, else the best.

    Parameters
    ----------
    plan
        The day as it stands.
    booking
        The ride, given up.
    shift
        Whose tour carried it; empty if none did.
    now
        Epoch seconds.
    told
        No sooner than this the vehicle comes, as its owner has been told; 0 if nothing was said.

    Raises
    ------
    NotMovable, CannotMove
        As from :func:`reinstate`.
    """
    again = booking.with_status(BookingStatus.BOOKED)
    # Whoever is locked stays so; but a lock holds a ride in its vehicle, and this has none.
    free = replace(plan.with_bookings(again), locks=plan.locks - {again.code})
    wanted = again.pickup_at
    if wanted is not None and wanted < told:  # the vehicle was to come later than it was wanted
        wanted = told if told <= again.ride_now.promise.pickup_latest else None
    try:
        shift = shift or _best_shift(free, again) or _any_shift(free)
        outcome = moved(free, again.code, shift, now, wanted, told)
    except (CannotMove, NotMovable, UnknownShift):
        elsewhere = _best_shift(free, again)
        if not elsewhere:
            raise
        shift = elsewhere
        outcome = moved(free, again.code, shift, now, wanted, told)
    return replace(
        outcome,
        plan=replace(outcome.plan, locks=plan.locks),
        bookings=(outcome.plan.bookings[again.code],),
        events=(Reinstated(now, again.code, shift),),
    )


def _act(dispatcher: Dispatcher, code: str, now: int) -> Act[Moving]:
    store = dispatcher.store

    def act(plan: DayPlan) -> Outcome[Moving]:
        given_up = [
            each
            for each in store.events(plan.day)
            if isinstance(each, Cancelled | CancelledByService | Replaced) and each.code == code
        ]
        booking = dispatcher.booking(code)
        by_service = bool(given_up) and isinstance(given_up[-1], CancelledByService)
        if booking.status is not BookingStatus.CANCELLED or not by_service:
            raise NotMovable(code, "not_called_off")
        shift = given_up[-1].shift
        return reinstated(plan, booking, shift, now, _told(dispatcher, booking))

    return act


def _told(dispatcher: Dispatcher, booking: Booking) -> int:
    entries = dispatcher.store.outbox.about(booking.code)
    return told_earliest(each.notice for each in entries)


def _best_shift(plan: DayPlan, booking: Booking) -> str:
    """Return the shift whose tour a ride fits best, empty if it fits none."""
    trip = planned_trip(plan.region, booking)
    best = best_insertions(plan.insertable, plan.travel, [trip])[0]
    return "" if best is None else plan.tours[best.tour].shift.id


def _any_shift(plan: DayPlan) -> str:
    """Return a shift of which to say why not, for a ride that no tour carried."""
    return plan.tours[0].shift.id if plan.tours else ""


def _or_nearest(dispatcher: Dispatcher, code: str, now: int, act: Callable[[], Moving]) -> Moving:
    """Do an act; if the ride fits nowhere, say which window for the same ride is the nearest."""
    try:
        return act()
    except CannotMove as error:
        booking = dispatcher.booking(code)
        wanted = booking.ride.promise.pickup_earliest
        request = same_ride_at(dispatcher.region, booking, wanted)
        offers: list[Offer] = []
        try:
            answer = dispatcher.answer(
                request, lambda day: dispatcher.plan(day, now), now, counted=False
            )
        except RequestError as refused:
            fixes = refused.fixes
        else:
            offers = list(answer.offers)
            fixes = () if answer.refusal is None else answer.refusal.fixes
        offers += [each.offer for each in fixes if each.kind in _OTHER_TIME]
        times = [each.ride.promise.pickup_earliest for each in offers]
        error.pickup = min(times, key=lambda each: abs(each - wanted), default=None)
        raise
