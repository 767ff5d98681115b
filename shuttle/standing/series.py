"""Weekly repeats: each day of a series is promised as soon as it opens for booking.

Which days are due is a pure question; :func:`open_instances` decides those, each one once: with a
booking, or with the reason why there is none, about which the owner is told.
"""

from collections.abc import Collection
from datetime import date, timedelta

import structlog

from shuttle.booking.requests import check_request
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Contact
from shuttle.errors import (
    IdempotencyConflict,
    NotCancellable,
    PlanRejected,
    RequestError,
    UnknownStanding,
)
from shuttle.region import Region
from shuttle.region_config import WEEKDAYS, RegionConfig
from shuttle.standing.series_day import decide, request_on
from shuttle.standing.standing_requests import Instance, Owner, Series

_log = structlog.get_logger()


def wanted_days(config: RegionConfig, series: Series, first: date, last: date) -> list[date]:
    """Return the days between two, both included, on which a series asks for a ride."""
    first, last = max(first, series.first_day), min(last, series.last_day)
    days = (first + timedelta(number) for number in range((last - first).days + 1))
    return [day for day in days if _wants(config, series, day)]


def due_days(
    config: RegionConfig, series: Series, decided: Collection[date], now: int
) -> list[date]:
    """Return the days of a series that are open for booking and not decided yet, in order.

    A time that was over when the series was made never was wanted.
    """
    today = config.local_day(now)
    opened = today + timedelta(config.rules.horizon_days)
    return [
        day
        for day in wanted_days(config, series, today, opened)
        if day not in decided and config.instant(day, series.minutes) > series.made_at
    ]


def check_series(region: Region, series: Series, now: int) -> None:
    """Check a series against everything but the plans: each weekday as its first day will be.

    Raises
    ------
    RequestError
        If it has no day to come, or some day's ride could be served by no plan.
    """
    config = region.config
    days = wanted_days(config, series, config.local_day(now), series.last_day)
    if not days:
        raise RequestError(
            "no_such_day",
            "weekdays",
            "No day from first_day to last_day is left for these weekdays; choose others.",
        )
    if series.skip_school_holidays:
        known = config.holidays.school_holidays_known_until(series.last_day)
        if known is None or known < series.last_day:
            until = f"only known until {known}" if known else "not known"
            raise RequestError(
                "school_holidays_unknown",
                "skip_school_holidays",
                f"School holidays are {until} here; end earlier, or do without skipping them.",
            )
    for weekday in series.weekdays:
        first = next((day for day in days if day.weekday() == weekday), None)
        if first is not None:
            _check_day(region, series, first)


def begin_series(
    dispatcher: Dispatcher, series: Series, contact: Contact, key: str, now: int
) -> Series:
    """Keep a series and promise the days that are open already.

    Repeating the call with the same key and wish returns the same series.

    Raises
    ------
    RequestError
        If no plan could serve it.
    IdempotencyConflict
        If the key was used for another wish.
    """
    check_series(dispatcher.region, series, now)
    owner = Owner(contact, dispatcher.keyed.phone(contact.phone) if contact.phone else "")
    standing = dispatcher.store.standing
    kept = dispatcher.write(lambda: standing.add_series(series, owner, key))
    if not kept.same_wish(series):
        raise IdempotencyConflict(key)
    _open(dispatcher, kept, now)
    return kept


def open_instances(dispatcher: Dispatcher, now: int) -> tuple[Instance, ...]:
    """Decide all days that have opened for booking; return those that were decided now.

    Doing it again decides nothing twice, whatever happened in between.
    """
    today = dispatcher.region.config.local_day(now)
    decided: list[Instance] = []
    for series in dispatcher.store.standing.series_until(today):
        decided.extend(_open(dispatcher, series, now))
    return tuple(decided)


def end_series(dispatcher: Dispatcher, code: str, now: int, *, cancel_booked: bool) -> Series:
    """Let no further day of a series be promised; doing it twice is fine.

    Rides that are booked stay booked unless they are to be cancelled too; those whose vehicle is
    on its way stay in any case.

    Raises
    ------
    UnknownStanding
        If there is no such series.
    """
    series_of(dispatcher, code)
    standing = dispatcher.store.standing
    dispatcher.write(lambda: standing.end_series(code))
    if cancel_booked:
        for instance in standing.instances(code):
            if instance.booking:
                try:
                    dispatcher.cancel(instance.booking, now)
                except NotCancellable:
                    continue
    return series_of(dispatcher, code)


def series_of(dispatcher: Dispatcher, code: str) -> Series:
    """Return a series; UnknownStanding if there is none with this code."""
    series = dispatcher.store.standing.series(code)
    if series is None:
        raise UnknownStanding(code)
    return series


def _wants(config: RegionConfig, series: Series, day: date) -> bool:
    if day.weekday() not in series.weekdays:
        return False
    if series.skip_school_holidays and config.holidays.is_school_holiday(day):
        return False
    return not (series.skip_public_holidays and config.holidays.is_public_holiday(day))


def _check_day(region: Region, series: Series, day: date) -> None:
    """Check the request of a day as on its own morning, when it is neither over nor too far."""
    config = region.config
    try:
        check_request(region, request_on(config, series, day), config.instant(day, 0))
    except RequestError as error:
        if error.code == "outside_hours":
            raise RequestError(
                error.code, error.field, f"{WEEKDAYS[day.weekday()]}: {error}"
            ) from error
        raise


def _open(dispatcher: Dispatcher, series: Series, now: int) -> list[Instance]:
    decided = {each.day for each in dispatcher.store.standing.instances(series.code)}
    made = []
    for day in due_days(dispatcher.region.config, series, decided, now):
        try:
            instance = decide(dispatcher, series, day, now)
        except PlanRejected as error:  # a mistake of ours must not keep the others waiting
            _log.error("series_day_failed", series=series.code, day=str(day), error=str(error))
            continue
        if instance is not None:
            made.append(instance)
    return made
