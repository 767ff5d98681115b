"""Taking in what drivers report: an act on the tour of one shift.

A batch is applied in the order in which things happened; what comes later than its successors
corrects the record. Nothing happens in the future, and a report that contradicts the facts is
rejected alone.
"""

from collections.abc import Iterable
from dataclasses import replace

from routing.problem import HaltKind, Tour
from shuttle.acts import Outcome
from shuttle.domain import BookingStatus
from shuttle.driving.drives import APPLY, Drive, RejectedError
from shuttle.driving.driving_events import ShiftStarted, TakenBack
from shuttle.driving.facts import find, not_yet_begun, resettled, with_fact
from shuttle.driving.ledger import newly_served
from shuttle.driving.reports import Answer, Rejection, Report, ReportKind, Taken
from shuttle.driving.rolling import GRACE
from shuttle.driving.taking_back import taken_back
from shuttle.errors import UnknownShift
from shuttle.plan import DayPlan

SKEW = 60
"""A phone's clock may be fast by so many seconds; what it reports then happens now."""

EARLY = 2 * 3600
"""Nothing is reported longer than this before the shift begins."""


def reported(
    plan: DayPlan, shift: str, reports: Iterable[Report], now: int
) -> Outcome[tuple[Answer, ...]]:
    """Return the day with reports taken in, and an answer to each in the order given.

    Raises
    ------
    UnknownShift
        If the day has no such shift.
    """
    number = next((n for n, each in enumerate(plan.tours) if each.shift.id == shift), None)
    if number is None:
        raise UnknownShift(plan.day, shift)
    reports = list(reports)
    wait = plan.region.config.rules.wait_minutes * 60
    known = plan.reports.get(shift, ())
    before = Drive(plan.tours[number], plan.bookings, known, plan.region, wait)
    drive, answers = before, dict[int, Answer]()
    for place in sorted(range(len(reports)), key=lambda each: reports[each].time):
        drive, answers[place] = _taken_in(drive, reports[place], now)
    new = drive.reports[len(before.reports) :]
    told = tuple(answers[place] for place in range(len(reports)))
    if not new:
        return Outcome(told, plan)
    tour = resettled(drive.tour, drive.reports, drive.bookings, plan.compiled.travel)
    changed = tuple(drive.changed.values())
    after = plan.with_tours({number: tour}).with_bookings(*changed).with_reports(*new)
    return Outcome(
        told,
        after.at(now),
        happened=frozenset({number}),
        bookings=changed,
        events=drive.events,
        reports=new,
    )


def _taken_in(drive: Drive, report: Report, now: int) -> tuple[Drive, Answer]:
    if any(each.id == report.id for each in drive.reports):
        return drive, Answer(report.id, Taken.KNOWN)
    why = _impossible(drive.tour, report, now)
    if why is not None:
        return drive, Answer(report.id, Taken.REJECTED, why)
    report = replace(report, time=min(report.time, now))
    try:
        known = drive if drive.reports else _started(drive, report)
        act = taken_back if report.kind is ReportKind.TAKEN_BACK else APPLY[report.kind]
        applied = act(replace(known, reports=(*known.reports, report)), report)
    except RejectedError as error:
        return drive, Answer(report.id, Taken.REJECTED, error.why)
    return applied, Answer(report.id, Taken.APPLIED)


def _impossible(tour: Tour, report: Report, now: int) -> Rejection | None:
    if report.time > now + SKEW:
        return Rejection.IN_THE_FUTURE
    if not tour.shift.start - EARLY <= report.time <= tour.shift.end + GRACE:
        return Rejection.NOT_IN_SHIFT
    return None


def _started(drive: Drive, report: Report) -> Drive:
    """Begin to follow the reports; what the timetable entered for later has not happened."""
    tour = drive.tour if drive.tour.served else with_fact(drive.tour, 0, _departure(drive, report))
    back = not_yet_begun(tour, report.time, drive.bookings)
    drive = drive.then(back, ShiftStarted(report.time, back.shift.id))
    for halt in newly_served(back, tour):
        boarded = halt.kind is HaltKind.DROPOFF and _has_happened(back, HaltKind.PICKUP, halt.trip)
        status = BookingStatus.ON_BOARD if boarded else BookingStatus.BOOKED
        booking = drive.bookings[halt.trip].with_status(status)
        event = TakenBack(report.time, halt.trip, back.shift.id)
        drive = drive.then(drive.tour, event, booking=booking)
    return drive


def _departure(drive: Drive, report: Report) -> int:
    return min(max(drive.tour.shift.start, drive.tour.halts[0].earliest), report.time)


def _has_happened(tour: Tour, kind: HaltKind, code: str) -> bool:
    index = find(tour, kind, code)
    return index is not None and index < tour.served
