"""Whether the service works, for whoever watches over it."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.problems import answers, problem
from api.service import ServiceHere

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
    heartbeat = request.app.state.heartbeat
    if heartbeat is not None and heartbeat.done():
        return problem(request, 503, "internal", "The vehicles' timetable is not followed.")
    plan = service.dispatcher.plan(service.today(), service.clock())
    return Health(
        region=service.region.config.id,
        revision=plan.revision,
        on_duty=request.app.state.on_duty(),
    )
