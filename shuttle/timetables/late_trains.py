"""Pickups wait for late trains, if nobody else's promise breaks; or their owners are told.

Whose train does not come is told as well. Nothing is moved for that: the ride is as promised, and
its owner decides. Looked after on a thread of its own, since whoever knows the delays may be slow
to answer.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

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
    RideRequest,
    Train,
    When,
    walking_seconds,
)
from shuttle.driving.promises import trains_cancelled
from shuttle.errors import RequestError, ShuttleError
from shuttle.events import Event, HeldForTrain, NotHeldForTrain, TrainCancelled, TrainRunsAgain
from shuttle.plan import DayPlan, under_way
from shuttle.timetables.delays import NOTHING_KNOWN, STALE_SECONDS, Delays
from shuttle.timetables.stations import Stations

TELL_AGAIN = 300
"""Whoever was told that the bus cannot wait is told again if a train is later by so much."""

_NOTICEABLE = 180
"""Less than this the time to change takes, and nobody is told."""

_ANSWER_SECONDS = 10

_log = structlog.get_logger()

Read = Callable[[], bytes]
"""Gives the trip updates as they are now."""


class LateTrains:
    """Sees to the rides from trains that are late, and of trains that do not come.

    Parameters
    ----------
    dispatcher
        Its rides.
    stations
        Of its region.
    read
        Gives the trip updates; may raise OSError or httpx2.HTTPError.
    """

    def __init__(self, dispatcher: Dispatcher, stations: Stations, read: Read) -> None:
        self._dispatcher, self._stations, self._read = dispatcher, stations, read
        self._most = stations.rule.hold_minutes * 60
        self._read_at = 0

    def look(self, now: int, *, on_duty: bool = True) -> None:
        """Read the delays once, for what is offered here; whoever is on duty sees to each ride."""
        day_of = self._dispatcher.region.config.local_day
        try:
            self._stations.latest.delays = Delays.read(self._read(), now, day_of)
            self._read_at = now
        except (OSError, httpx2.HTTPError, ShuttleError) as error:
            _log.warning("trip_updates_unreadable", error=type(error).__name__, reason=str(error))
            if self._read_at < now - STALE_SECONDS:
                self._stations.latest.delays = NOTHING_KNOWN
            return
        if on_duty:
            self._see_to_all(self._stations.latest.delays, day_of(now), now)

    def _see_to_all(self, delays: Delays, today: date, now: int) -> None:
        last = today + timedelta(days=self._dispatcher.region.config.rules.horizon_days)
        # What left its first stop before midnight is met on the day after, too.
        told = {day + timedelta(days=after) for day in delays.days for after in (0, 1)}
        for day in sorted({today, *(each for each in told if today <= each <= last)}):
            trainless = trains_cancelled(self._dispatcher.events(day))
            for booking in self._dispatcher.plan(day, now).bookings.values():
                train = booking.train
                if train is None or not _may_miss(booking, train):
                    continue
                try:
                    self._see_to(booking, train, delays, now, known=booking.code in trainless)
                except ShuttleError as error:
                    _log.error("train_not_seen_to", error=type(error).__name__)

    def _see_to(
        self, booking: Booking, train: Train, delays: Delays, now: int, *, known: bool
    ) -> None:
        """See to one ride; `known` if its owner was told that the train does not come."""
        code = booking.code
        if delays.cancelled(train):
            if not known:
                self.note(booking, TrainCancelled(now, code, *self._instead(booking, train, now)))
            return
        if known and delays.known(train):
            self.note(booking, TrainRunsAgain(now, code))
        late = delays.late(train)
        to_come = booking.status is BookingStatus.BOOKED and not train.onward
        if to_come and waiting_for(booking, train, late) - booking.held >= _NOTICEABLE:
            self._wait_or_tell(booking, train, late, now)

    def note(self, booking: Booking, event: Event) -> None:
        """Note what happened to a ride that is not over; its owner is told by that.

        That a train does not come, or comes after all, is noted once, whoever else looked as well.
        """

        def act(plan: DayPlan) -> Outcome[None]:
            news = booking.code in plan.bookings
            if isinstance(event, TrainCancelled | TrainRunsAgain):
                trainless = booking.code in trains_cancelled(self._dispatcher.events(plan.day))
                news = news and trainless is isinstance(event, TrainRunsAgain)
            return Outcome(None, plan, events=(event,) if news else ())

        self._dispatcher.act(booking.ride.day, event.time, act)

    def _wait_or_tell(self, booking: Booking, train: Train, late: int, now: int) -> None:
        day, code, wait = booking.ride.day, booking.code, waiting_for(booking, train, late)
        if wait <= self._most:
            waits = self._dispatcher.act(day, now, lambda plan: held(plan, code, wait, now))
            if waits:
                return
        told = [each for each in self._dispatcher.events(day) if isinstance(each, NotHeldForTrain)]
        before = [each.seconds for each in told if each.code == code]
        if before and wait - before[-1] < TELL_AGAIN:
            return
        ready = train.time + late + train.margin + walking_seconds(booking.ride_now.walk_to_pickup)
        ends, party = self._ends(booking), booking.ride_now.party
        asked = RideRequest(*ends, When.DEPART_AT, max(now, ready), party)
        event = NotHeldForTrain(now, code, wait, *self._free(booking, asked, now))
        self.note(booking, event)

    def _instead(
        self, booking: Booking, train: Train, now: int
    ) -> tuple[int | None, int | None, int | None]:
        """Return when the next train goes the same way, and which window is free for it."""
        ends, day = self._ends(booking), self._dispatcher.region.config.local_day(train.time)
        trains = self._stations.trains(*ends, day)
        same = (
            each for each in trains if (each.onward, each.towards) == (train.onward, train.towards)
        )
        following = next((each for each in same if each.time > max(now, train.time)), None)
        if following is None:
            return None, None, None
        if booking.status is BookingStatus.ON_BOARD:
            return following.time, None, None
        asked = RideRequest.for_train(*ends, following, booking.ride_now.party)
        begin, end = self._free(booking, asked, now)
        return (None, None, None) if begin is None else (following.time, begin, end)

    def _ends(self, booking: Booking) -> tuple[Location, Location]:
        region, ride = self._dispatcher.region, booking.ride_now
        pickup, dropoff = region.stop(ride.pickup_stop), region.stop(ride.dropoff_stop)
        return (
            Location(pickup.lat, pickup.lon, pickup.label, pickup.id),
            Location(dropoff.lat, dropoff.lon, dropoff.label, dropoff.id),
        )

    def _free(
        self, booking: Booking, asked: RideRequest, now: int
    ) -> tuple[int, int] | tuple[None, None]:
        """Return the first pickup window on offer for whoever changes their ride to another."""
        try:
            answer = quote_change(self._dispatcher, booking.code, asked, now)
        except (RequestError, ShuttleError):
            return None, None
        if answer.refusal is not None or not answer.offers:
            return None, None
        promise = answer.offers[0].ride.promise
        return promise.pickup_earliest, promise.pickup_latest


def _may_miss(booking: Booking, train: Train) -> bool:
    """Whether a train still matters to a ride: to one on board only if it leads there."""
    if booking.status is BookingStatus.ON_BOARD:
        return train.onward
    return booking.status is BookingStatus.BOOKED


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

    Of several processes on one database each knows which trains come, and the one that is
    `on_duty` sees to the rides.
    """
    stations = dispatcher.region.stations
    if stations is None or not stations.rule.realtime:
        yield
        return
    rule, stopped = stations.rule, threading.Event()
    http = httpx2.Client(timeout=_ANSWER_SECONDS, trust_env=False)
    late = LateTrains(dispatcher, stations, reader(rule.realtime, dispatcher.region.folder, http))

    def run() -> None:
        while not stopped.is_set():
            try:
                late.look(clock(), on_duty=on_duty())
            except Exception as error:  # noqa: BLE001 -- whatever it is, trains will be late again
                _log.error("late_trains_failed", error=type(error).__name__)
            stopped.wait(rule.realtime_seconds)

    thread = threading.Thread(target=run, name="late trains")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        http.close()
