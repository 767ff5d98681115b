"""Who calls: their rides and favourites, as far as the store still holds them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import phonenumbers

from api.contacts import international
from api.residents.cards import Card, booking_card
from api.service import Service
from shuttle.domain import UNFINISHED, Booking, BookingStatus, Channel, Contact

MOST = 4
"""Of each list: more is no help while somebody speaks."""


@dataclass(frozen=True, slots=True)
class RideLine:
    """A ride of the caller, as it stands in a list."""

    booking: Booking
    card: Card


@dataclass(frozen=True, slots=True)
class WhoCalls:
    """A caller.

    Attributes
    ----------
    phone
        In the international form.
    shown
        As people write it.
    contact
        What was given last under this number.
    coming, past
        Rides; the next one and the last one first.
    favourites
        The most frequent rides, from where to where.
    places
        The most frequent places.
    """

    phone: str
    shown: str
    contact: Contact
    coming: tuple[RideLine, ...]
    past: tuple[RideLine, ...]
    favourites: tuple[tuple[str, str], ...]
    places: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether anything is known of them."""
        return bool(self.coming or self.past)


def who_calls(service: Service, number: str) -> WhoCalls:
    """Return whom a number belongs to.

    Raises
    ------
    RequestError
        If there can be no such number.
    """
    phone = international(number[:40], service.region, "phone")
    dispatcher, now = service.dispatcher, service.clock()
    bookings = dispatcher.store.bookings_of(dispatcher.keyed.phone(phone))
    coming = sorted((each for each in bookings if _is_to_come(each, now)), key=_pickup)
    past = sorted(
        (each for each in bookings if not _is_to_come(each, now)), key=_pickup, reverse=True
    )
    return WhoCalls(
        phone=phone,
        shown=_as_written(phone, service.region.config.contact.country),
        contact=_contact(service, phone, bookings),
        coming=_lines(service, coming),
        past=_lines(service, past),
        favourites=_favourites(bookings),
        places=_places(bookings),
    )


def _is_to_come(booking: Booking, now: int) -> bool:
    return booking.status in UNFINISHED and now <= booking.ride_now.promise.dropoff_latest


def _pickup(booking: Booking) -> tuple[int, str]:
    return booking.ride_now.promise.pickup_earliest, booking.code


def _lines(service: Service, bookings: Iterable[Booking]) -> tuple[RideLine, ...]:
    few = list(bookings)[:MOST]
    return tuple(RideLine(each, booking_card(service.region, each)) for each in few)


def _favourites(bookings: Iterable[Booking]) -> tuple[tuple[str, str], ...]:
    taken = (each for each in bookings if each.status is not BookingStatus.CANCELLED)
    rides = Counter(
        (each.origin, each.destination) for each in taken if each.origin and each.destination
    )
    return tuple(ride for ride, _ in rides.most_common(MOST))


def _places(bookings: Iterable[Booking]) -> tuple[str, ...]:
    ends = Counter(end for each in bookings for end in (each.origin, each.destination) if end)
    return tuple(place for place, _ in ends.most_common(MOST))


def _contact(service: Service, phone: str, bookings: Sequence[Booking]) -> Contact:
    """Return what was given last under a number; of a new one how it can be told."""
    for each in reversed(bookings):
        contact = service.dispatcher.store.contact(each.code)
        if contact is not None:
            return contact
    mobile = phonenumbers.number_type(phonenumbers.parse(phone)) == _MOBILE
    told = mobile and Channel.SMS in service.channels
    return Contact(phone=phone, channel=Channel.SMS if told else Channel.NONE)


_MOBILE = phonenumbers.PhoneNumberType.MOBILE


def _as_written(phone: str, country: str) -> str:
    """Return a number with blanks, those of the region's country without it."""
    parsed = phonenumbers.parse(phone)
    home = phonenumbers.region_code_for_number(parsed) == country
    form = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, form.NATIONAL if home else form.INTERNATIONAL))
