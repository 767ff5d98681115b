"""A database in which every table has a row: for tests of what becomes of all that is kept."""

from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from shuttle.acts import Outcome
from shuttle.domain import Amendment, Booking
from shuttle.driving.reports import Report, ReportKind, Taken
from shuttle.events import Changed, Event, Replaced, SeriesMissed, WindowOpened
from shuttle.keeping.database import table_of
from shuttle.keeping.sql_store import SqlStore
from shuttle.keeping.tables import BookingRow
from shuttle.open_data.durations import SafeDuration
from shuttle.open_data.waiting import Wait, expected_waiting
from shuttle.people.accounts import Account, ApiKey, Role, Scope, Session, ShiftOfDay
from shuttle.planning.calibrating import Calibration
from shuttle.planning.runs import Run, RunState
from shuttle.standing.series import open_instances
from shuttle.standing.standing_requests import Instance
from shuttle.store import Change
from shuttle.trouble.conditions import StopClosed
from shuttle.trouble.entering import entered
from tests.kept_rides import DAY, MONDAY_EIGHT, MONDAY_EVENING, Kept, at
from tests.planned import TRIAL

MONDAY, TUESDAY = date(2027, 3, 22), date(2027, 3, 23)
SERIES, WAITING = "SERIES23", "WAIT2345"
BUS = "bus-1@06:00"
TUESDAY_EVENING = MONDAY_EVENING + DAY


def tables_of(kept: Kept) -> set[str]:
    """Return the names of the database's tables, whatever the code knows of them."""
    return set(sa.inspect(kept.engine).get_table_names()) - {"alembic_version"}


def filled(kept: Kept) -> set[str]:
    """Return the tables that have rows."""
    return {table for table in tables_of(kept) if kept.count(table)}


def fill(kept: Kept) -> Booking:
    """Give every table a row, and let Tuesday pass; return a ride that was amended and corrected.

    Whoever adds a table fills it here, and then decides what the tests ask of it.
    """
    _staff(kept)
    _planned(kept)
    _stand(kept)
    booking = kept.book(ahead=5407)
    kept.refused()
    _trouble(kept)
    _drive(kept, booking)
    kept.dispatcher.advance(TUESDAY_EVENING)
    booking = _amended(kept, kept.dispatcher.booking(booking.code))
    kept.dispatcher.refresh()
    assert filled(kept) == tables_of(kept)
    return booking


def _planned(kept: Kept) -> None:
    store = kept.dispatcher.store
    assert isinstance(store, SqlStore)
    now = MONDAY_EIGHT + 77
    run = Run(0, "Trial", TRIAL, 5, 2, "0.1.0", "print", RunState.FINISHED, 1, now, now, now)
    number = store.runs.add(run).number
    expected = expected_waiting(Wait("Oberdorf", "08", 60 * n) for n in range(20))
    store.runs.calibrate(Calibration(number, "Trial", SafeDuration(1.2, 300), 200, now, expected))


def _staff(kept: Kept) -> None:
    store = kept.dispatcher.store
    assert isinstance(store, SqlStore)
    accounts, now = store.accounts, MONDAY_EIGHT
    shift = ShiftOfDay(MONDAY, BUS)
    accounts.add_account(Account("petra", "a hash", frozenset({Role.DISPATCHER}), now))
    accounts.begin(Session("a-print", "petra", frozenset(), None, now, now, now + 3600))
    accounts.add_api_key(ApiKey("hospital", frozenset({Scope.OFFERS}), now), "another-print")
    accounts.add_shift_code("third-print", shift, now + 3600, now)


def _stand(kept: Kept) -> None:
    """Book Monday and Tuesday of a series, miss another day, and tell somebody who waits."""
    kept.repeat(last_day="2027-03-23")
    open_instances(kept.dispatcher, MONDAY_EIGHT)
    kept.wait()
    _happen(kept, TUESDAY, SeriesMissed(MONDAY_EIGHT + 11, SERIES, str(TUESDAY), "full"))
    store, missed = kept.dispatcher.store, Instance(SERIES, date(2027, 3, 24), missed="full")
    store.commit(Change(TUESDAY, store.load(TUESDAY).revision, instances=(missed,)))
    _happen(kept, MONDAY, WindowOpened(MONDAY_EIGHT + 12, WAITING, str(MONDAY), MONDAY_EIGHT + 613))


def _happen(kept: Kept, day: date, event: Event) -> None:
    kept.dispatcher.act(day, MONDAY_EIGHT, lambda plan: Outcome(None, plan, events=(event,)))


def _trouble(kept: Kept) -> None:
    now = MONDAY_EIGHT + 13
    closed = StopClosed("landstrasse", now, MONDAY_EVENING)
    kept.dispatcher.act(MONDAY, now, lambda plan: entered(kept.region, plan, closed, now))


def _drive(kept: Kept, booking: Booking) -> None:
    """Report a shift, its break and a ride whose pickup is corrected."""
    tour = kept.dispatcher.plan(MONDAY, MONDAY_EIGHT).tour_of(booking.code)
    assert tour == 0, "the ride is in another vehicle than the one that reports"
    promise = booking.ride.promise
    told = [
        (ReportKind.STARTED, MONDAY_EIGHT + 61, ""),
        (ReportKind.PICKED_UP, promise.pickup_earliest + 67, booking.code),
        (ReportKind.PICKED_UP, promise.pickup_earliest + 31, booking.code),
        (ReportKind.DROPPED_OFF, promise.dropoff_latest - 17, booking.code),
        (ReportKind.BREAK_STARTED, at("2027-03-22T12:10") + 19, ""),
        (ReportKind.BREAK_ENDED, at("2027-03-22T12:40") + 23, ""),
        (ReportKind.ENDED, at("2027-03-22T19:50") + 29, ""),
    ]
    for number, (kind, time, code) in enumerate(told):
        report = Report(f"report-{number}", BUS, kind, time, code)
        (answer,) = kept.dispatcher.report(MONDAY, BUS, (report,), time + number)
        assert answer.taken is Taken.APPLIED, (kind, answer)


def _amended(kept: Kept, booking: Booking) -> Booking:
    """Let trouble have moved a ride, and one of another day have come in its place."""
    ride, promise = booking.ride, booking.ride.promise
    later = replace(promise, pickup_latest=promise.pickup_latest + 37)
    amendment = Amendment(ride.pickup_stop, ride.dropoff_stop, later, promise.pickup_earliest + 41)
    booking = replace(booking, amendment=amendment)
    store = kept.dispatcher.store
    (new,) = (each.booking for each in store.standing.instances(SERIES) if each.day == TUESDAY)
    replaced = Replaced(MONDAY_EIGHT + 43, booking.code, new, BUS)
    changed = Changed(MONDAY_EIGHT + 43, booking.code, new, BUS)
    monday, tuesday = (store.load(day).revision for day in (MONDAY, TUESDAY))
    store.commit(Change(MONDAY, monday, bookings=(booking,), events=(replaced,)))
    store.commit(Change(TUESDAY, tuesday, events=(changed,)))
    with kept.engine.begin() as connection:  # as if it were the return ride
        journey = sa.update(table_of(BookingRow)).values(journey=booking.code)
        connection.execute(journey.where(table_of(BookingRow).c.code == new))
    return booking
