"""What is looked at before an offer is confirmed: the key, the offer, and who asks."""

from collections.abc import Iterable

from shuttle.booking.limits import blocked_until, open_bookings
from shuttle.domain import Booking, BookingStatus, Contact, Offer
from shuttle.driving.driving_events import NoShow
from shuttle.errors import (
    IdempotencyConflict,
    OfferExpired,
    OfferTaken,
    TooManyNoShows,
    TooManyOpenBookings,
)
from shuttle.events import Event, NotHeldForTrain, TrainCancelled
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.store import Store


def confirmed_before(store: Store, key: str, offer: Offer) -> str | None:
    """Return the code of the booking that came of an offer under this key, None if none did.

    Raises
    ------
    IdempotencyConflict
        If the key was used for another offer.
    """
    known = store.receipt(key)
    if known is None:
        return None
    if known.offer != offer.id:
        raise IdempotencyConflict(key)
    return known.code


def check_offer(store: Store, offer: Offer, now: int) -> None:
    """Raise OfferTaken or OfferExpired unless an offer can still become a booking."""
    if store.taken(offer.id):
        raise OfferTaken
    if now > offer.valid_until:
        raise OfferExpired(offer.valid_until)


def check_limits(
    region: Region,
    store: Store,
    keyed: Keyed,
    contact: Contact | None,
    now: int,
    *,
    rides: int = 1,
) -> None:
    """Raise TooManyNoShows or TooManyOpenBookings if a phone number may not book more rides.

    Without a phone number nothing is limited.
    """
    if contact is None or not contact.phone:
        return
    config = region.config
    bookings = store.bookings_of(keyed.phone(contact.phone))
    until = blocked_until(config.no_shows, _without_excused(store, bookings))
    if now < until:
        raise TooManyNoShows(until, config.local_day(until))
    most = config.rules.most_open_bookings
    if rides and most and open_bookings(bookings, now) + rides > most:
        raise TooManyOpenBookings(most)


def _without_excused(store: Store, bookings: Iterable[Booking]) -> list[Booking]:
    """Leave out whoever was not there because the vehicle, or their train, was late or never came.

    A vehicle is late that came after the promised window.
    """
    return [
        each
        for each in bookings
        if each.status is not BookingStatus.NO_SHOW
        or not any(_excuses(event, each.code) for event in store.events(each.ride.day))
    ]


def _excuses(event: Event, code: str) -> bool:
    if isinstance(event, NoShow):
        return event.code == code and event.late > 0
    return isinstance(event, TrainCancelled | NotHeldForTrain) and event.code == code
