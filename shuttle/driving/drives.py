"""What each report makes of a drive: one shift's tour, its bookings, and what has come of them.

Facts stay consistent: nobody gets off before they got on. Whatever contradicts them is rejected.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from routing.problem import HaltKind, Tour
from shuttle.domain import Booking, BookingStatus, Cause
from shuttle.driving.driving_events import (
    BreakEnded,
    BreakStarted,
    HaltSkipped,
    NoShow,
    RideAcknowledged,
    ShiftEnded,
    TimeCorrected,
    VehicleArrived,
)
from shuttle.driving.facts import RIDES, find, promise_of, stood_at, unboarded, with_fact, without
from shuttle.driving.ledger import entered, seconds_over, verdict
from shuttle.driving.reports import Rejection, Report, ReportKind
from shuttle.driving.rolling import arrival
from shuttle.events import Event, PromiseBroken, VerdictCorrected
from shuttle.region import Region


class RejectedError(Exception):
    """A report contradicts the facts; turned into an answer."""

    def __init__(self, why: Rejection) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Drive:
    """A tour on which reports are being taken in, and what has come of them so far.

    `wait` is for how many seconds a driver waits for somebody who does not come; `region` is that
    of the day; `changed` are the bookings that reports have changed.
    """

    tour: Tour
    bookings: Mapping[str, Booking]
    reports: tuple[Report, ...]
    region: Region
    wait: int = 0
    events: tuple[Event, ...] = ()
    changed: Mapping[str, Booking] = field(default_factory=dict)

    def then(self, tour: Tour, *events: Event, booking: Booking | None = None) -> "Drive":
        """Return what it has come to after one thing more."""
        happened = (*self.events, *events)
        if booking is None:
            return replace(self, tour=tour, events=happened)
        return replace(
            self,
            tour=tour,
            bookings={**self.bookings, booking.code: booking},
            events=happened,
            changed={**self.changed, booking.code: booking},
        )

    def where(self, kind: HaltKind, code: str) -> int:
        """Return the position of a party's halt; it is rejected if it is in another tour."""
        index = find(self.tour, kind, code) if code else None
        if index is None:
            raise RejectedError(Rejection.NO_SUCH_RIDE)
        return index

    def begin(self, index: int, done: int) -> int:
        """Return when service began at a halt that was done with at a time.

        No later than the promised window if the vehicle was there: who lets it wait is owed
        nothing more.
        """
        there = arrival(self.tour, index, self.reports)
        if there is None or there > done:
            return done
        halt = self.tour.halts[index]
        promise = promise_of(self.bookings[halt.trip])
        pickup = halt.kind is HaltKind.PICKUP
        return min(done, max(there, promise.pickup_latest if pickup else promise.dropoff_latest))


def _nothing_more(drive: Drive, _report: Report) -> Drive:
    return drive


def _ended(drive: Drive, report: Report) -> Drive:
    """End a driver's work; whoever is on board has to get off before."""
    riding = (drive.bookings[code].status == BookingStatus.ON_BOARD for code in _parties(drive))
    if any(riding):
        raise RejectedError(Rejection.ON_BOARD)
    return drive.then(drive.tour, ShiftEnded(report.time, drive.tour.shift.id))


def _parties(drive: Drive) -> set[str]:
    return {halt.trip for halt in drive.tour.halts} - {""}


def _acknowledged(drive: Drive, report: Report) -> Drive:
    drive.where(HaltKind.PICKUP, report.code)
    event = RideAcknowledged(report.time, report.code, drive.tour.shift.id)
    return drive.then(drive.tour, event)


def _same_word(one: Report, other: Report) -> bool:
    return (one.kind, one.code) == (other.kind, other.code)


def _arrived(drive: Drive, report: Report) -> Drive:
    """Note that the vehicle stands at a party's next halt, or stood there: that is learned late."""
    pickup = drive.where(HaltKind.PICKUP, report.code)
    dropoff = drive.where(HaltKind.DROPOFF, report.code)
    got_on = drive.tour.halts[pickup].earliest if pickup < drive.tour.served else None
    index = pickup if got_on is None or report.time <= got_on else dropoff
    wrong = {each.takes_back for each in drive.reports}
    said = (each.id for each in drive.reports if _same_word(each, report))
    mistaken = sum(each in wrong for each in said)
    event = VehicleArrived(report.time, report.code, drive.tour.shift.id, mistaken)
    if index >= drive.tour.served:
        return drive.then(stood_at(drive.tour, index), event)
    if _status(drive, report) is BookingStatus.NO_SHOW:
        raise RejectedError(Rejection.RIDE_OVER)
    done = drive.tour.halts[index].earliest
    return _corrected(drive.then(drive.tour, event), report.code, index, drive.begin(index, done))


def _picked_up(drive: Drive, report: Report) -> Drive:
    index = drive.where(HaltKind.PICKUP, report.code)
    if _status(drive, report) is BookingStatus.NO_SHOW:
        raise RejectedError(Rejection.RIDE_OVER)
    begin = drive.begin(index, report.time)
    if index < drive.tour.served:
        return _corrected(drive, report.code, index, begin)
    return _entered(drive, report.code, HaltKind.PICKUP, begin)


def _dropped_off(drive: Drive, report: Report) -> Drive:
    """Let a party get off. If nobody said when they got on, it was in time, so far as possible."""
    pickup = drive.where(HaltKind.PICKUP, report.code)
    if _status(drive, report) is BookingStatus.NO_SHOW:
        raise RejectedError(Rejection.RIDE_OVER)
    if pickup >= drive.tour.served:
        drive = _entered(drive, report.code, HaltKind.PICKUP, _guess(drive, pickup, report))
    index = drive.where(HaltKind.DROPOFF, report.code)
    begin = drive.begin(index, report.time)
    if index < drive.tour.served:
        return _corrected(drive, report.code, index, begin)
    if begin < drive.tour.halts[drive.where(HaltKind.PICKUP, report.code)].earliest:
        raise RejectedError(Rejection.BEFORE_PICKUP)
    return _entered(drive, report.code, HaltKind.DROPOFF, begin)


def _guess(drive: Drive, pickup: int, report: Report) -> int:
    """Return when a party got on that got off at a time, if nobody said so."""
    halt, booking = drive.tour.halts[pickup], drive.bookings[report.code]
    soonest = report.time - booking.ride.direct_seconds - halt.service
    return min(halt.earliest, soonest, promise_of(booking).pickup_latest)


def _no_show(drive: Drive, report: Report) -> Drive:
    """Note that nobody came: where the vehicle stands, and has waited in the promised window."""
    index = drive.where(HaltKind.PICKUP, report.code)
    if index < drive.tour.served:
        over = _status(drive, report) is not BookingStatus.ON_BOARD
        raise RejectedError(Rejection.RIDE_OVER if over else Rejection.ON_BOARD)
    booking, shift = drive.bookings[report.code], drive.tour.shift.id
    promise = promise_of(booking)
    there = arrival(drive.tour, index, drive.reports)
    if there is None or there > report.time:
        raise RejectedError(Rejection.NOT_ARRIVED)
    if report.time < promise.pickup_earliest:
        raise RejectedError(Rejection.BEFORE_WINDOW)
    if report.time < max(there, promise.pickup_earliest) + drive.wait:
        raise RejectedError(Rejection.STILL_WAITING)
    late = max(0, there - promise.pickup_latest)
    begin = drive.begin(index, report.time)
    halts = list(drive.tour.halts)
    dropoff = drive.where(HaltKind.DROPOFF, report.code)
    halts[index], halts[dropoff] = unboarded(halts[index], halts[dropoff])
    tour = with_fact(replace(drive.tour, halts=tuple(halts)), index, begin)
    tour = with_fact(tour, _found(tour, HaltKind.DROPOFF, report.code), report.time)
    return drive.then(
        tour,
        NoShow(report.time, report.code, shift, late),
        verdict(report.code, late, report.time, Cause.LATE_VEHICLE),
        booking=booking.with_status(BookingStatus.NO_SHOW),
    )


def _skipped(drive: Drive, report: Report) -> Drive:
    """Leave a party behind: their ride is in no tour, and the promise broken."""
    index = drive.where(HaltKind.PICKUP, report.code)
    if index < drive.tour.served:
        over = _status(drive, report) is not BookingStatus.ON_BOARD
        raise RejectedError(Rejection.RIDE_OVER if over else Rejection.ON_BOARD)
    return drive.then(
        without(drive.tour, report.code),
        HaltSkipped(report.time, report.code, drive.tour.shift.id),
        PromiseBroken(report.time, report.code, 0, Cause.SKIPPED),
    )


def _break_started(drive: Drive, report: Report) -> Drive:
    """Begin the next break; one told of after a later one cannot be told apart."""
    tour = drive.tour
    breaks = [k for k, halt in enumerate(tour.halts) if halt.kind is HaltKind.BREAK]
    ahead = [k for k in breaks if k >= tour.served]
    if not ahead or any(tour.halts[k].earliest > report.time for k in breaks if k < tour.served):
        raise RejectedError(Rejection.NO_BREAK)
    event = BreakStarted(report.time, tour.shift.id)
    return drive.then(with_fact(tour, ahead[0], report.time), event)


def _break_ended(drive: Drive, report: Report) -> Drive:
    begun = drive.tour.halts[: drive.tour.served]
    if not any(each.kind is HaltKind.BREAK and each.earliest <= report.time for each in begun):
        raise RejectedError(Rejection.NO_BREAK)
    return drive.then(drive.tour, BreakEnded(report.time, drive.tour.shift.id))


def _entered(drive: Drive, code: str, kind: HaltKind, begin: int) -> Drive:
    """Enter a halt that was not known to have happened."""
    tour = with_fact(drive.tour, _found(drive.tour, kind, code), begin)
    fact = tour.halts[_found(tour, kind, code)]
    booking, events = entered(drive.bookings[code], fact, tour, Cause.LATE_VEHICLE)
    return drive.then(tour, *events, booking=booking)


def _corrected(drive: Drive, code: str, index: int, begin: int) -> Drive:
    """Give a known fact another time, and the ride another verdict if that follows."""
    tour, was = drive.tour, drive.tour.halts[index].earliest
    if begin == was:
        return drive
    pickup, dropoff = (_found(tour, kind, code) for kind in RIDES)
    if index == dropoff and begin < tour.halts[pickup].earliest:
        raise RejectedError(Rejection.BEFORE_PICKUP)
    over = dropoff < tour.served
    if index == pickup and over and begin > tour.halts[dropoff].earliest:
        raise RejectedError(Rejection.AFTER_DROPOFF)
    after = with_fact(tour, index, begin)
    drive = drive.then(after, TimeCorrected(begin, code, tour.shift.id, was))
    booking = drive.bookings[code]
    if not over or seconds_over(booking, tour) == (now_over := seconds_over(booking, after)):
        return drive
    time = after.halts[_found(after, HaltKind.DROPOFF, code)].earliest
    return drive.then(after, VerdictCorrected(time, code, now_over, Cause.LATE_VEHICLE))


def _found(tour: Tour, kind: HaltKind, code: str) -> int:
    index = find(tour, kind, code)
    assert index is not None, "a tour carries both halts of a ride"
    return index


def _status(drive: Drive, report: Report) -> BookingStatus:
    return drive.bookings[report.code].status


APPLY: Mapping[ReportKind, Callable[[Drive, Report], Drive]] = {
    ReportKind.STARTED: _nothing_more,
    ReportKind.ENDED: _ended,
    ReportKind.ACKNOWLEDGED: _acknowledged,
    ReportKind.ARRIVED: _arrived,
    ReportKind.PICKED_UP: _picked_up,
    ReportKind.NO_SHOW: _no_show,
    ReportKind.DROPPED_OFF: _dropped_off,
    ReportKind.SKIPPED: _skipped,
    ReportKind.BREAK_STARTED: _break_started,
    ReportKind.BREAK_ENDED: _break_ended,
}
"""What each kind of report does; all raise RejectedError."""
