"""Trouble: look at what it would change, confirm it, lift it; and the list of the stranded."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response

from api.mapping.tours import plan_of
from api.problems import answers
from api.rides.booking_owner import Code, written
from api.schemas import BookingOut
from api.service import Service, ServiceHere
from api.staff.trouble_answers import (
    ConditionOut,
    ConditionsOut,
    ConsequencesOut,
    MovingOut,
    UnservedListOut,
    UnservedOut,
)
from api.staff.trouble_schemas import TroubleWire
from api.times import Day
from shuttle.acts import Act
from shuttle.booking.moving import Moving
from shuttle.errors import RequestError, UnknownCondition
from shuttle.events import Stranded
from shuttle.trouble.conditions import Disturbance
from shuttle.trouble.consequences import Consequences
from shuttle.trouble.entering import entered, if_still, lifted
from shuttle.trouble.listing import postponed, relisted, waiting

router = APIRouter(prefix="/api/v1/trouble", tags=["dispatch"])

DayQuery = Annotated[Day | None, Query(alias="day", description="Service day; today if left out.")]
Expected = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9a-f]{16}$",
        description="`expected` of the preview: nothing else is done than what it showed.",
    ),
]
ConditionId = Annotated[
    str, Path(pattern=r"^\d{4}-\d{2}-\d{2}-\d{1,6}$", examples=["2027-03-22-1"])
]

_MOVING = answers(400, 404, 413, 422, 503) | answers(409, schema="MovingChangedProblem")


@router.post("/preview", responses=answers(400, 413, 422, 503))
def preview(
    trouble: Annotated[TroubleWire, Body()], service: ServiceHere, response: Response
) -> ConsequencesOut:
    """Say what trouble would change and for whom. Nothing is changed."""
    day, act = _entering(service, trouble)
    return _shown(service, day, act, response)


@router.post(
    "",
    status_code=201,
    responses=answers(400, 413, 422, 503) | answers(409, schema="PlanChangedProblem"),
)
def confirm(
    trouble: Annotated[TroubleWire, Body()],
    service: ServiceHere,
    response: Response,
    expected: Expected = None,
) -> ConsequencesOut:
    """Enter trouble: the day is replanned, and whom no plan can keep goes onto the list.

    With `expected` from the preview, 409 `plan_changed` comes with a fresh `preview` if something
    else would change by now.
    """
    day, act = _entering(service, trouble)
    return _done(service, day, if_still(act, expected), response)


@router.get("", responses=answers(422, 503))
def conditions(service: ServiceHere, response: Response, day: DayQuery = None) -> ConditionsOut:
    """Return what disturbs a day, or did."""
    response.headers["Cache-Control"] = "no-store"
    plan = plan_of(service, day)
    known = [ConditionOut.of(service.region, each) for each in plan.conditions]
    return ConditionsOut(day=plan.day, conditions=known)


@router.get("/list", responses=answers(422, 503))
def stranded(service: ServiceHere, response: Response, day: DayQuery = None) -> UnservedListOut:
    """Return the rides that no tour carries, each with the least late way to serve it, if any."""
    response.headers["Cache-Control"] = "no-store"
    plan = plan_of(service, day)
    rides = waiting(plan, service.clock())
    causes = _causes(service, plan.day) if rides else {}
    return UnservedListOut(
        day=plan.day,
        rides=[
            UnservedOut.of(service.region, each, causes.get(each.booking.code)) for each in rides
        ],
    )


@router.post("/list/{code}/preview", responses=answers(400, 404, 409, 413, 422, 503))
def preview_serving_late(code: Code, service: ServiceHere, response: Response) -> MovingOut:
    """Say what it means to serve a stranded ride late, in its best way. Nothing is changed."""
    day, act = _serving_late(service, written(code))
    return _moving_shown(service, day, act, response)


@router.post("/list/{code}", responses=_MOVING)
def accept(
    code: Code, service: ServiceHere, response: Response, expected: Expected = None
) -> BookingOut:
    """Serve a stranded ride late, in its best way. Its promise is broken, and stays as it was."""
    day, act = _serving_late(service, written(code))
    _moving_done(service, day, if_still(act, expected), response)
    return BookingOut.of(service.region, service.dispatcher.booking(written(code)))


@router.post("/list/{code}/return/preview", responses=answers(400, 404, 409, 413, 422, 503))
def preview_putting_back(code: Code, service: ServiceHere, response: Response) -> MovingOut:
    """Say what it means to put a ride back onto the list. Nothing is changed."""
    day, act = _putting_back(service, written(code))
    return _moving_shown(service, day, act, response)


@router.post("/list/{code}/return", responses=_MOVING)
def put_back(
    code: Code, service: ServiceHere, response: Response, expected: Expected = None
) -> MovingOut:
    """Put a ride back onto the list from which it was taken by hand: that is undone."""
    day, act = _putting_back(service, written(code))
    return _moving_done(service, day, if_still(act, expected), response)


@router.post("/{condition}/preview", responses=answers(400, 404, 413, 422, 503))
def preview_lifting(
    condition: ConditionId, service: ServiceHere, response: Response
) -> ConsequencesOut:
    """Say what would change if this was over now. Nothing is changed."""
    day, act = _lifting(service, condition)
    return _shown(service, day, act, response)


@router.delete(
    "/{condition}", responses=answers(404, 422, 503) | answers(409, schema="PlanChangedProblem")
)
def lift(
    condition: ConditionId, service: ServiceHere, response: Response, expected: Expected = None
) -> ConsequencesOut:
    """End trouble now: the day is replanned without it, and the stranded are tried again."""
    day, act = _lifting(service, condition)
    return _done(service, day, if_still(act, expected), response)


def fresh_preview(request: Request, consequences: Consequences | Moving) -> dict[str, Any]:
    """Return what the problem `plan_changed` says besides: what would change now."""
    service: Service = request.app.state.service
    if isinstance(consequences, Moving):
        moving = MovingOut.of(service.region, consequences)
        return {"preview": moving.model_dump(mode="json", by_alias=True)}
    shown = ConsequencesOut.of(service.region, consequences)
    return {"preview": shown.model_dump(mode="json", by_alias=True)}


def _entering(service: Service, trouble: TroubleWire) -> tuple[date, Act[Consequences]]:
    now, region = service.clock(), service.region
    disturbance: Disturbance = trouble.disturbance(region, now)
    day = _known_day(service, region.config.local_day(disturbance.begin), "from")
    return day, lambda plan: entered(region, plan, disturbance, now)


def _lifting(service: Service, condition: str) -> tuple[date, Act[Consequences]]:
    now, region = service.clock(), service.region
    try:
        day = _known_day(service, date.fromisoformat(condition[:10]), "id")
    except (ValueError, RequestError) as error:
        raise UnknownCondition(condition) from error
    return day, lambda plan: lifted(region, plan, condition, now)


def _serving_late(service: Service, code: str) -> tuple[date, Act[Moving]]:
    now, day = service.clock(), service.dispatcher.booking(code).ride.day
    cause = _causes(service, day).get(code, "")
    return day, lambda plan: postponed(plan, code, cause, now)


def _putting_back(service: Service, code: str) -> tuple[date, Act[Moving]]:
    now, day = service.clock(), service.dispatcher.booking(code).ride.day
    store = service.dispatcher.store
    return day, lambda plan: relisted(plan, code, store.events(day), now)


def _moving_shown(service: Service, day: date, act: Act[Moving], response: Response) -> MovingOut:
    response.headers["Cache-Control"] = "no-store"
    outcome = service.dispatcher.preview(day, service.clock(), act)
    return MovingOut.of(service.region, outcome.result)


def _moving_done(service: Service, day: date, act: Act[Moving], response: Response) -> MovingOut:
    response.headers["Cache-Control"] = "no-store"
    return MovingOut.of(service.region, service.dispatcher.act(day, service.clock(), act))


def _known_day(service: Service, day: date, field: str) -> date:
    """Return a day on which something can still be changed; else raise RequestError."""
    today = service.today()
    last = service.region.config.rules.horizon_days
    if not 0 <= (day - today).days <= last:
        raise RequestError(
            "out_of_range", field, f"Choose a time from today, {today}, to {last} days ahead."
        )
    return day


def _shown(
    service: Service, day: date, act: Act[Consequences], response: Response
) -> ConsequencesOut:
    response.headers["Cache-Control"] = "no-store"
    outcome = service.dispatcher.preview(day, service.clock(), act)
    return ConsequencesOut.of(service.region, outcome.result)


def _done(
    service: Service, day: date, act: Act[Consequences], response: Response
) -> ConsequencesOut:
    response.headers["Cache-Control"] = "no-store"
    result = service.dispatcher.act(day, service.clock(), act)
    return ConsequencesOut.of(service.region, result)


def _causes(service: Service, day: date) -> dict[str, str]:
    """Return which condition stranded whom, by booking code."""
    events = service.dispatcher.events(day)
    return {each.code: each.cause for each in events if isinstance(each, Stranded)}
