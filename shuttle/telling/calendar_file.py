"""A ride as a calendar file (RFC 5545), published and cancelled as RFC 5546 says.

The UID of a booking never changes and the sequence only grows, so that a calendar replaces what it
has instead of showing a ride twice.
"""

from datetime import UTC, datetime

from icalendar import Calendar, Event, vGeo

from shuttle.domain import Booking
from shuttle.region import Region
from shuttle.telling.notices import Notice, NoticeKind
from shuttle.telling.wording import stop_label

PUBLISHED = frozenset(
    {
        NoticeKind.BOOKED,
        NoticeKind.CHANGED,
        NoticeKind.STOP_MOVED,
        NoticeKind.RESCUED,
        NoticeKind.REINSTATED,
        NoticeKind.POSTPONED,
        NoticeKind.HELD_FOR_TRAIN,
    }
)
TAKEN_BACK = frozenset({NoticeKind.CANCELLED, NoticeKind.CANCELLED_BY_SERVICE})

TITLE = {
    "de": "Dorfshuttle nach {dropoff}",
    "en": "Dorfshuttle to {dropoff}",
    "da": "Dorfshuttle til {dropoff}",
}


def calendar_file(
    region: Region, booking: Booking, notice: Notice, language: str, *, cancelled: bool
) -> bytes:
    """Return a booking's calendar file, the same whenever it is made for the same notice.

    Parameters
    ----------
    region
        Whose clocks the times are written on.
    booking
        The ride as it is now: from the promised pickup to the latest drop-off.
    notice
        What is told with it.
    language
        Of the title.
    cancelled
        Whether the ride is taken out of the calendar.
    """
    event = _event(region, booking, language)
    event.add("dtstamp", datetime.fromtimestamp(notice.time, UTC))
    event.add("sequence", _sequence(booking, notice))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Dorfshuttle//shuttle//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method(cancelled=cancelled))
    calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def method(*, cancelled: bool) -> str:
    """Return what a calendar is asked to do with the file."""
    return "CANCEL" if cancelled else "PUBLISH"


def _event(region: Region, booking: Booking, language: str) -> Event:
    ride, zone = booking.ride_now, region.config.zone
    title = TITLE.get(language, TITLE["de"])
    event = Event()
    event.add("uid", f"{booking.code}@{region.config.id}.dorfshuttle")
    event.add("dtstart", datetime.fromtimestamp(ride.promise.pickup_earliest, zone))
    event.add("dtend", datetime.fromtimestamp(ride.promise.dropoff_latest, zone))
    event.add("summary", title.format(dropoff=stop_label(region, ride.dropoff_stop)))
    event.add("location", stop_label(region, ride.pickup_stop))
    event.add("organizer", f"mailto:{region.config.contact.email}")
    event.add("transp", "OPAQUE")
    try:
        stop = region.stop(ride.pickup_stop)
    except KeyError:
        return event
    event.add("geo", vGeo((stop.lat, stop.lon)))
    return event


def _sequence(booking: Booking, notice: Notice) -> int:
    first_told = notice.kind in (NoticeKind.BOOKED, NoticeKind.CHANGED)
    if first_told and booking.code == notice.code:  # not of the ride that a new one replaces
        return 0
    return 1 + max(0, notice.time - booking.booked_at) // 60
