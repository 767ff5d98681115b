"""Drivers report what happens on their shift."""

from datetime import date

from fastapi import APIRouter, Response

from api.languages import ReaderLanguage
from api.mapping.tours import plan_of
from api.problems import answers
from api.security import DayOfShift, ShiftId
from api.service import Service, ServiceHere
from api.staff.driving_schemas import POSITION, AnswerOut, ReportsIn, ReportsOut, ReportWire
from shuttle.driving.reports import Answer, Rejection, Taken
from shuttle.errors import UnknownShift

router = APIRouter(prefix="/api/v1", tags=["driving"])


@router.post("/shifts/{day}/{shift}/reports", responses=answers(400, 404, 413, 422, 503))
def report(
    asked: ReportsIn,
    day: DayOfShift,
    shift: ShiftId,
    service: ServiceHere,
    language: ReaderLanguage,
    response: Response,
) -> ReportsOut:
    """Report what happened, when it happened. A batch may be late, out of order, and sent twice.

    With the first report that is no position the tour follows the reports alone: halts happen
    when they are reported, and what is overdue is expected later and later. A report that
    arrives after its successors corrects the record. Each report is answered by itself.
    """
    response.headers["Cache-Control"] = "no-store"
    if all(tour.shift.id != shift for tour in plan_of(service, day).tours):
        raise UnknownShift(day, shift)
    now = service.clock()
    facts = [each.report(shift) for each in asked.reports if each.kind != POSITION]
    told = iter(service.dispatcher.report(day, shift, facts, now))
    answered = [
        _position(service, day, shift, each, now) if each.kind == POSITION else next(told)
        for each in asked.reports
    ]
    return ReportsOut(
        day=day, shift=shift, reports=[AnswerOut.of(each, language) for each in answered]
    )


def _position(service: Service, day: date, shift: str, sent: ReportWire, now: int) -> Answer:
    sighting = sent.sighting()
    if sighting.time > now:
        return Answer(sent.id, Taken.REJECTED, Rejection.IN_THE_FUTURE)
    service.dispatcher.see(day, shift, sighting, now)
    return Answer(sent.id, Taken.APPLIED)
