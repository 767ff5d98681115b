"""All rides of a phone number, for whoever can read what is sent to it.

The digits are derived from the number, the span of ten minutes and the service's key, so none are
stored, and they open for ten to twenty minutes. They always go by SMS to that very number: an
e-mail address may have been given by somebody else.
"""

from hmac import compare_digest

from shuttle.acts import Outcome
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking
from shuttle.keyed import Keyed
from shuttle.plan import DayPlan
from shuttle.store import Store
from shuttle.telling.notices import Notice, NoticeKind

SPAN = 600
"""Seconds for which digits are the same."""


def digits_of(keyed: Keyed, phone: str, span: int) -> str:
    """Return the six digits that open the rides of a number in one span of time."""
    return f"{int(keyed.digest(f'opening {phone} {span}'), 16) % 1_000_000:06}"


def send_digits(dispatcher: Dispatcher, phone: str, now: int) -> None:
    """Send digits to a number, once in a span; without a ride of this number nothing happens.

    Raises
    ------
    StoreError, RevisionConflict
        If that cannot be written.
    """
    latest = next(iter(rides_of(dispatcher.store, dispatcher.keyed, phone)), None)
    if latest is None:
        return
    until = (now // SPAN + 1) * SPAN
    notice = Notice(latest.code, NoticeKind.OPENING, now, until, ordinal=now // SPAN)

    def act(plan: DayPlan) -> Outcome[None]:
        return Outcome(None, plan, notices=(notice,))

    dispatcher.act(latest.ride.day, now, act)


def opens(keyed: Keyed, phone: str, digits: str, now: int) -> bool:
    """Whether digits open the rides of a number now."""
    spans = (now // SPAN, now // SPAN - 1)
    right = [compare_digest(digits.encode(), digits_of(keyed, phone, e).encode()) for e in spans]
    return any(right)


def rides_of(store: Store, keyed: Keyed, phone: str) -> tuple[Booking, ...]:
    """Return the rides that are still known to belong to a number, the latest first."""
    own = [
        each
        for each in store.bookings_of(keyed.phone(phone))
        if (contact := store.contact(each.code)) is not None and contact.phone == phone
    ]
    return tuple(sorted(own, key=lambda e: e.ride.promise.pickup_earliest, reverse=True))
