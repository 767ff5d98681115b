"""Whether the service works, for whoever watches over it."""

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from api.problems import answers, problem
from api.service import Service, ServiceHere
from shuttle.errors import ShuttleError

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """All is well."""

    status: str = "ok"
    region: str
    revision: int
    on_duty: bool


@router.get("/healthz", response_model=Health, responses=answers(503))
def health(request: Request, service: ServiceHere) -> Health | Response:
    """Return 200 if the plan can be read and the vehicles are being followed."""
    if stands_still(request.app):
        return problem(request, 503, "internal", "The vehicles' timetable is not followed.")
    plan = service.dispatcher.plan(service.today(), service.clock())
    return Health(
        region=service.region.config.id,
        revision=plan.revision,
        on_duty=request.app.state.on_duty(),
    )


def stands_still(app: FastAPI) -> bool:
    """Whether what time brings is not done any more, or fails in a way that nobody foresaw."""
    heartbeat = app.state.heartbeat
    return not app.state.ticks_well or (heartbeat is not None and heartbeat.done())


def is_well(app: FastAPI) -> bool:
    """Whether a region's application would say that all is well."""
    service: Service = app.state.service
    try:
        service.dispatcher.plan(service.today(), service.clock())
    except ShuttleError:
        return False
    return not stands_still(app)
