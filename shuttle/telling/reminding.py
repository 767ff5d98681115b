"""What the time brings: reminders with the sharpened time, the vehicle arriving, lateness.

A pure function says what is due on a plan; :class:`Reminder` asks it every second without taking
the writer's time, and only if something is due does an act put it into the outbox.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from routing.problem import HaltKind, Tour
from shuttle.acts import Outcome
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Promise
from shuttle.plan import DayPlan
from shuttle.telling.notices import (
    AHEAD_SECONDS,
    LATE_SECONDS,
    TIMED,
    Key,
    Notice,
    NoticeKind,
    wants,
)

ARRIVING = 120
"""The vehicle is told to arrive so many seconds before."""

SHARPENED = 180
"""The sharpened time is the expected one, give or take so many seconds."""

GRACE = 60
"""A promise missed by less is not worth one: messages speak of minutes."""

QUIET = 300
"""After being told of a booking or of lateness nobody is reminded for so many seconds."""


@dataclass(frozen=True, slots=True)
class _Coming:
    """A pickup to come."""

    booking: Booking
    expected: int
    is_next: bool


def due(plan: DayPlan, told: Mapping[str, Sequence[Notice]], now: int) -> tuple[Notice, ...]:
    """Return what is to be told now, at most one notice a booking.

    Parameters
    ----------
    plan
        As it stands now.
    told
        What was told before, by booking code.
    now
        Epoch seconds.
    """
    found = (_due(each, told.get(each.booking.code, ()), now) for each in _coming(plan, now))
    return tuple(each for each in found if each is not None)


def sharpened(promise: Promise, expected: int) -> tuple[int, int]:
    """Return the time around the expected pickup, within the promise as long as that holds."""
    earliest, latest = expected - SHARPENED, expected + SHARPENED
    if expected > promise.pickup_latest:
        return max(earliest, promise.pickup_latest), latest
    return max(earliest, promise.pickup_earliest), min(latest, promise.pickup_latest)


def told_earliest(told: Iterable[Notice]) -> int:
    """Return from when on somebody expects their vehicle by what they were told last; 0 if not."""
    timed = [each for each in told if each.kind in TIMED]
    last = max(timed, key=lambda each: each.time, default=None)
    return 0 if last is None else int(last.facts["earliest"])


def by_code(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    """Return notices by booking code."""
    found: dict[str, list[Notice]] = {}
    for each in notices:
        found.setdefault(each.code, []).append(each)
    return found


def _due(coming: _Coming, told: Sequence[Notice], now: int) -> Notice | None:
    """Return what is due for one pickup, the most pressing first."""
    kinds = {each.kind for each in told}
    left = coming.expected - now
    if _is_late(coming, told):
        return _timed(NoticeKind.LATE, coming, now, sum(e.kind is NoticeKind.LATE for e in told))
    if left <= ARRIVING:
        said = sum(each.kind is NoticeKind.ARRIVING for each in told)
        mistaken = sum(each.kind is NoticeKind.NOT_ARRIVED for each in told)
        if coming.is_next and said <= mistaken:
            return _timed(NoticeKind.ARRIVING, coming, now, said)
        return None
    just_told = any(each.kind is NoticeKind.LATE and now - each.time < QUIET for each in told)
    if left <= 10 * 60:
        kind, minutes = NoticeKind.IN_10_MINUTES, 10
    else:
        kind, minutes = NoticeKind.IN_30_MINUTES, 30
        booked_since = coming.expected - minutes * 60 - coming.booking.booked_at
        just_told = just_told or booked_since < QUIET
    if left > minutes * 60 or just_told or kind in kinds:
        return None
    return _timed(kind, coming, now)


def _is_late(coming: _Coming, told: Sequence[Notice]) -> bool:
    """Whether a pickup is later than owed, or much later than its owner was last told."""
    promise = coming.booking.ride_now.promise
    # What was said of a time that holds no longer misleads nobody: they were told the new one.
    anew = (
        NoticeKind.POSTPONED,
        NoticeKind.RESCUED,
        NoticeKind.HELD_FOR_TRAIN,
        NoticeKind.NOT_ARRIVED,
    )
    moved = max((each.time for each in told if each.kind in anew), default=0)
    said = [each for each in told if each.kind in TIMED and each.time >= moved]
    if not said:
        return coming.expected > promise.pickup_latest + GRACE
    last = int(max(said, key=lambda each: each.time).facts["expected"])
    # Nobody is picked up before the window begins, however early the vehicle stands there.
    last = max(last, promise.pickup_earliest)
    limit = last + LATE_SECONDS
    if last <= promise.pickup_latest:
        limit = min(limit, promise.pickup_latest + GRACE)
    return coming.expected > limit


def _timed(kind: NoticeKind, coming: _Coming, now: int, ordinal: int = 0) -> Notice:
    earliest, latest = sharpened(coming.booking.ride_now.promise, coming.expected)
    grace = ARRIVING if kind is NoticeKind.ARRIVING else 0
    return Notice(
        code=coming.booking.code,
        kind=kind,
        time=now,
        valid_until=max(coming.expected, now) + grace,
        ordinal=ordinal,
        facts={"expected": coming.expected, "earliest": earliest, "latest": latest},
    )


def _coming(plan: DayPlan, now: int) -> Iterator[_Coming]:
    """Give the pickups within the hour to come, in the order of the tours."""
    for number, tour in enumerate(plan.tours):
        begins = plan.compiled.halts[number]["soonest"]
        after_next = _end_of_next_stand(tour)
        for index in range(tour.served, len(tour.halts)):
            if begins[index] > now + AHEAD_SECONDS:
                break
            halt = tour.halts[index]
            if halt.kind is not HaltKind.PICKUP:
                continue
            booking = plan.bookings[halt.trip]
            if booking.status is BookingStatus.BOOKED:
                yield _Coming(booking, int(begins[index]), index < after_next)


def _end_of_next_stand(tour: Tour) -> int:
    """Return the number of the first halt behind the place where the vehicle halts next."""
    end = tour.served
    while end < len(tour.halts) and tour.halts[end].place == tour.halts[tour.served].place:
        end += 1
    return end


class Reminder:
    """Puts what is due into the outbox; whatever happens, each notice once.

    Parameters
    ----------
    dispatcher
        Whose bookings are reminded of.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._told: dict[date, dict[Key, Notice]] = {}
        self._read: dict[date, int] = {}
        """The revision of each day at which the outbox was read: acts tell things, too."""

    def remind(self, now: int) -> None:
        """Tell what is due now.

        Raises
        ------
        ShuttleError
            If the plan cannot be written; the next call tries again.
        """
        local_day = self._dispatcher.region.config.local_day
        days = (local_day(now), local_day(now + AHEAD_SECONDS))
        self._told = {day: self._told.get(day, {}) for day in days}
        self._read = {day: self._read[day] for day in days if day in self._read}
        for day in self._told:
            plan = self._dispatcher.plan(day, now)
            if self._read.get(day) != plan.revision:
                self._told[day] |= self._stored(day)
                self._read[day] = plan.revision
            if due(plan, by_code(self._told[day].values()), now):
                self._tell(day, now)

    def _stored(self, day: date) -> dict[Key, Notice]:
        entries = self._dispatcher.store.outbox.entries(day)
        return {each.notice.key: each.notice for each in entries}

    def _tell(self, day: date, now: int) -> None:
        """Look again, on the writer and at the stored outbox: another server may have told it."""
        store, settled = self._dispatcher.store, self._told[day]

        def act(plan: DayPlan) -> Outcome[dict[Key, Notice]]:
            told = settled | self._stored(day)
            wanted = due(plan, by_code(told.values()), now)
            heard = tuple(each for each in wanted if wants(store.contact(each.code)))
            return Outcome(told | {each.key: each for each in wanted}, plan, notices=heard)

        self._told[day] = self._dispatcher.act(day, now, act)
