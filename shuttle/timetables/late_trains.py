"""Pickups wait for late trains, if nobody else's promise breaks; or their owners are told.

Looked after on a thread of its own, since whoever knows the delays may be slow to answer.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import httpx2
import structlog

from routing.insertion import best_insertions
from shuttle.acts import Outcome
from shuttle.booking.changing import quote_change
from shuttle.booking.offers import closed_for, exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import (
    Amendment,
    Booking,
    BookingStatus,
    Location,
    Promise,
    RideRequest,
    Train,
    When,
    walking_seconds,
)
from shuttle.errors import RequestError, ShuttleError
from shuttle.events import HeldForTrain, NotHeldForTrain
from shuttle.plan import DayPlan, under_way
from shuttle.timetables.delays import Delays
from shuttle.timetables.stations import TimetableRule

TELL_AGAIN = 300
"""Whoever was told that the bus cannot wait is told again if a train is later by so much."""

_NOTICEABLE = 180
"""Less than this the time to change takes, and nobody is told."""

_ANSWER_SECONDS = 10

_log = structlog.get_logger()

Read = Callable[[], bytes]
"""Gives the trip updates as they are now."""


class LateTrains:
    """Sees to the rides from trains that are late.

    Parameters
    ----------
    dispatcher
        Of a region with a timetable.
    rule
        Of the region.
    read
        Gives the trip updates; may raise OSError or httpx2.HTTPError.
    """

    def __init__(self, dispatcher: Dispatcher, rule: TimetableRule, read: Read) -> None:
        self._dispatcher = dispatcher
        self._most = rule.hold_minutes * 60
        self._read = read

    def look(self, now: int) -> None:
        """Read the delays once, and see to each ride from a train that is late."""
        try:
            delays = Delays.read(self._read(), now)
        except (OSError, httpx2.HTTPError, ShuttleError) as error:
            _log.warning("trip_updates_unreadable", error=type(error).__name__, reason=str(error))
            return
        today = self._dispatcher.region.config.local_day(now)
        for booking in self._dispatcher.plan(today, now).bookings.values():
            train = booking.train
            if train is None or train.onward or booking.status is not BookingStatus.BOOKED:
                continue
            late = delays.late(train, today)
            if waiting_for(booking, train, late) - booking.held < _NOTICEABLE:
                continue
            try:
                self._see_to(booking, train, late, now)
            except ShuttleError as error:
                _log.error("late_train_not_seen_to", error=type(error).__name__)

    def _see_to(self, booking: Booking, train: Train, late: int, now: int) -> None:
        day, code, wait = booking.ride.day, booking.code, waiting_for(booking, train, late)
        if wait <= self._most:
            waits = self._dispatcher.act(day, now, lambda plan: held(plan, code, wait, now))
            if waits:
                return
        told = [each for each in self._dispatcher.events(day) if isinstance(each, NotHeldForTrain)]
        before = [each.seconds for each in told if each.code == code]
        if before and wait - before[-1] < TELL_AGAIN:
            return
        free = self._free(booking, train.time + late + train.margin, now)
        times = (None, None) if free is None else (free.pickup_earliest, free.pickup_latest)
        event = NotHeldForTrain(now, code, wait, *times)
        self._dispatcher.act(day, now, lambda plan: Outcome(None, plan, events=(event,)))

    def _free(self, booking: Booking, ready: int, now: int) -> Promise | None:
        """Return the next window on offer for whoever arrives late."""
        region, ride = self._dispatcher.region, booking.ride_now
        ends = (region.stop(each) for each in (ride.pickup_stop, ride.dropoff_stop))
        origin, destination = (Location(each.lat, each.lon, each.label, each.id) for each in ends)
        time = max(now, ready + walking_seconds(ride.walk_to_pickup))
        asked = RideRequest(origin, destination, When.DEPART_AT, time, ride.party)
        try:
            answer = quote_change(self._dispatcher, booking.code, asked, now)
        except (RequestError, ShuttleError):
            return None
        first = next(iter(answer.offers), None)
        return None if first is None or answer.refusal is not None else first.ride.promise


def waiting_for(booking: Booking, train: Train, late: int) -> int:
    """Return how many seconds a pickup has to wait in all for a train that is late.

    In full minutes; whoever's window begins late enough anyway needs none, be it that trouble has
    put it off.
    """
    ride = booking.ride_now
    ready = train.time + late + train.margin + walking_seconds(ride.walk_to_pickup)
    return booking.held + max(0, -(-(ready - ride.promise.pickup_earliest) // 60) * 60)


def held(plan: DayPlan, code: str, wait: int, now: int) -> Outcome[bool]:
    """Return the day with a ride so many seconds later than promised, if it fits anywhere so.

    The result says whether it does; everybody else's promise is as hard as ever.
    """
    booking, number = plan.bookings.get(code), plan.tour_of(code)
    if booking is None or number is None or under_way(plan, code):
        return Outcome(result=False, plan=plan)
    if booking.held >= wait:
        return Outcome(result=True, plan=plan)
    if plan.locks & {code, plan.tours[number].shift.id}:
        return Outcome(result=False, plan=plan)
    ride = booking.ride_now
    booking = replace(
        booking,
        amendment=Amendment(
            ride.pickup_stop,
            ride.dropoff_stop,
            ride.promise.later(wait - booking.held),
            booking.amendment.boarded if booking.amendment else None,
            held=wait,
        ),
    )
    trip = exact_trip(plan.region, booking.ride_now, code)
    without = plan.removed(number, code)
    insertion = best_insertions(without.insertable, without.travel, [trip])[0]
    if insertion is None or closed_for(plan.region, booking.ride_now):
        return Outcome(result=False, plan=plan)
    return Outcome(
        result=True,
        plan=without.inserted(trip, insertion).with_bookings(booking),
        planned=frozenset({number, insertion.tour}),
        bookings=(booking,),
        events=(HeldForTrain(now, code, wait, plan.tours[insertion.tour].shift.id),),
    )


def reader(source: str, folder: Path, http: httpx2.Client) -> Read:
    """Return what reads trip updates from a URL, or from a file in a region's folder."""

    def fetched() -> bytes:
        answer = http.get(source)
        return answer.raise_for_status().content

    return fetched if "://" in source else (folder / source).read_bytes


@contextmanager
def watching_trains(
    dispatcher: Dispatcher, clock: Callable[[], int], on_duty: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """See to late trains while the body runs, if the region says where delays are told.

    Of several processes on one database, the one that is `on_duty` does.
    """
    rule = dispatcher.region.config.timetable
    if rule is None or not rule.realtime or dispatcher.region.stations is None:
        yield
        return
    stopped = Event()
    http = httpx2.Client(timeout=_ANSWER_SECONDS, trust_env=False)
    late = LateTrains(dispatcher, rule, reader(rule.realtime, dispatcher.region.folder, http))

    def run() -> None:
        while not stopped.is_set():
            try:
                if on_duty():
                    late.look(clock())
            except Exception as error:  # noqa: BLE001 -- whatever it is, trains will be late again
                _log.error("late_trains_failed", error=type(error).__name__)
            stopped.wait(rule.realtime_seconds)

    thread = Thread(target=run, name="late trains")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        http.close()
