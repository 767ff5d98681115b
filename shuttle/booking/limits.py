"""Who may book: no more open bookings than allowed, and not after too many no-shows.

Both are counted by phone number. Whoever books without one, such as a partner system, is not
limited here.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from shuttle.domain import Booking, BookingStatus

_DAY = 86_400


class NoShows(BaseModel):
    """``[no_shows]`` of a region: so many within so many days block booking for so many days."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    count: int = Field(default=0, ge=0, le=100, description="0 never blocks.")
    within_days: int = Field(default=30, ge=1, le=366)
    block_days: int = Field(default=14, ge=1, le=366)


def blocked_until(rules: NoShows, bookings: Iterable[Booking]) -> int:
    """Return when a phone number may book again after its no-shows; 0 if they never blocked it.

    A no-show counts from the end of its pickup window. Each time the last `count` of them lie
    within `within_days`, the block lasts `block_days` from the latest.
    """
    if rules.count == 0:
        return 0
    missed = sorted(
        each.ride.promise.pickup_latest for each in bookings if each.status is BookingStatus.NO_SHOW
    )
    spans = zip(missed, missed[rules.count - 1 :], strict=False)
    latest = (last for first, last in spans if last - first <= rules.within_days * _DAY)
    return max((last + rules.block_days * _DAY for last in latest), default=0)


def open_bookings(bookings: Iterable[Booking], now: int) -> int:
    """Return how many rides are still to come, or under way.

    A ride that the service never drove stays booked, but not open for longer than it was promised.
    """
    return sum(
        each.status is BookingStatus.ON_BOARD
        or (each.status is BookingStatus.BOOKED and now <= each.ride_now.promise.dropoff_latest)
        for each in bookings
    )
