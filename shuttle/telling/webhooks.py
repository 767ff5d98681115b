"""What partner systems are told of bookings: code and status, nothing about a person.

It waits in the outbox like everything that is told, written in the transaction of its cause;
:mod:`shuttle.telling.webhook_sender` sends it.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from urllib.parse import urlsplit

from shuttle.domain import Booking
from shuttle.events import Event, facts
from shuttle.people.accounts import AccountError, ApiKey
from shuttle.telling.notices import DAY_SECONDS, Notice, NoticeKind

OF_EVENT: Mapping[str, tuple[str, str]] = {
    "booked": ("booking.created", "code"),
    "changed": ("booking.changed", "new"),
    "cancelled": ("booking.cancelled", "code"),
    "cancelled_by_service": ("booking.cancelled", "code"),
    "picked_up": ("booking.picked_up", "code"),
    "dropped_off": ("booking.dropped_off", "code"),
    "no_show": ("booking.no_show", "code"),
    "taken_back": ("booking.corrected", "code"),
    "reinstated": ("booking.corrected", "code"),
}
"""What an event is called outside, and which of its fields is the booking's code."""

WORTH_SECONDS = 3 * DAY_SECONDS
"""A partner that does not answer for so long is not told any more."""

LONGEST_URL = 500


def webhooks_of(
    events: Iterable[Event],
    booking_of: Callable[[str], Booking | None],
    partners: Iterable[ApiKey],
) -> Iterator[Notice]:
    """Yield what each partner is told of the events of one act.

    Parameters
    ----------
    events
        What happened.
    booking_of
        Returns a booking as it stands after the act, None if there is none.
    partners
        Those who have a webhook.
    """
    partners = tuple(partners)
    for event in events if partners else ():
        if event.kind not in OF_EVENT:
            continue
        name, field = OF_EVENT[event.kind]
        said = facts(event)
        code = str(said[field])
        booking = booking_of(code)
        status = "" if booking is None else booking.status.value
        told = {"event": name, "status": status}
        if name == "booking.changed":
            told["replaces"] = str(said["old"])
        for partner in partners:
            yield Notice(
                code=code,
                kind=NoticeKind.WEBHOOK,
                time=event.time,
                valid_until=event.time + WORTH_SECONDS,
                ordinal=_ordinal(partner.name, name, event.time),
                facts={"partner": partner.name, **told},
            )


def _ordinal(partner: str, event: str, time: int) -> int:
    """Return what tells the webhooks about one booking apart, in 56 bits."""
    print_ = blake2b(f"{partner} {event} {time}".encode(), digest_size=7)
    return int.from_bytes(print_.digest())


def proper_webhook(url: str) -> str:
    """Return the URL of a webhook as it is kept.

    Raises
    ------
    AccountError
        If it is neither https nor on this very machine, or holds what does not belong there.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise AccountError(f"{url!r} is no URL ({error}); write https://host/path.") from error
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST_URL:
        raise AccountError(f"A webhook's URL has up to {LONGEST_URL} ASCII signs and no spaces.")
    if "@" in parts.netloc or parts.fragment:
        raise AccountError("A webhook's URL has neither a user nor a #fragment; leave them out.")
    here = is_loopback(host)
    if not host or parts.scheme not in (("https", "http") if here else ("https",)):
        raise AccountError(f"{url!r} is not https; only this machine may be told in the clear.")
    return url


def leads_here(url: str) -> bool:
    """Whether a URL is of this very machine: for its operator alone to tell."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
