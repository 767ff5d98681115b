"""Why a booking rides in this vehicle and at this time; what the next best would cost."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.languages import Language, ReaderLanguage
from api.problems import answers
from api.rides.booking_owner import Code, written
from api.rides.explain_words import obstacle_sentence, summary
from api.schemas import WindowOut
from api.service import ServiceHere
from api.times import local_time
from shuttle.booking.explaining import Candidate, Cost, Explanation, Timing, explanation
from shuttle.place_names import place_name
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["planning"])


class CostOut(BaseModel):
    """Driving more than without the booking."""

    seconds: int
    metres: int

    @classmethod
    def of(cls, cost: Cost | None) -> Self | None:
        """Return a cost, if there is one."""
        return None if cost is None else cls(seconds=cost.seconds, metres=cost.metres)


class CandidateOut(BaseModel):
    """Another tour: what the booking would cost there, or why it does not fit."""

    shift: str
    vehicle: str
    added: CostOut | None
    obstacle: str | None = Field(description="Stable, for programs; null if the booking fits.")
    message: str | None = Field(description="The obstacle for people.")

    @classmethod
    def of(cls, region: Region, language: Language, candidate: Candidate) -> Self:
        """Return a candidate in words."""
        fits = candidate.cost is not None
        return cls(
            shift=candidate.shift,
            vehicle=_name(region, candidate.vehicle),
            added=CostOut.of(candidate.cost),
            obstacle=None if fits else candidate.obstacle.name.lower(),
            message=None if fits else obstacle_sentence(language, candidate),
        )


class ExplanationOut(BaseModel):
    """Why this vehicle and this time."""

    code: str
    shift: str
    vehicle: str
    pickup_window: WindowOut
    expected_pickup: datetime
    expected_dropoff: datetime
    timing: Timing = Field(description="What the time of the pickup follows from.")
    comes_from: str = Field(description="The stop or depot before.")
    leaves_there: datetime
    drive_seconds: int = Field(description="From there.")
    begun: bool = Field(description="The vehicle is under way; nothing is compared any more.")
    added: CostOut | None = Field(description="What the booking costs where it is.")
    best_in_own_tour: CostOut | None
    next_best: CandidateOut | None = Field(description="The cheapest other tour.")
    others: list[CandidateOut] = Field(description="All other tours, the cheapest first.")
    message: str = Field(description="For people, in the language asked for.")

    @classmethod
    def of(cls, region: Region, language: Language, found: Explanation) -> Self:
        """Return an explanation in words."""
        promise = found.booking.ride.promise
        best = found.next_best
        comes_from = place_name(region, found.before)
        return cls(
            code=found.booking.code,
            shift=found.shift,
            vehicle=_name(region, found.vehicle),
            pickup_window=WindowOut(
                earliest=local_time(region, promise.pickup_earliest),
                latest=local_time(region, promise.pickup_latest),
            ),
            expected_pickup=local_time(region, found.pickup),
            expected_dropoff=local_time(region, found.dropoff),
            timing=found.timing,
            comes_from=comes_from,
            leaves_there=local_time(region, found.leaves),
            drive_seconds=found.drive,
            begun=found.begun,
            added=CostOut.of(found.planned),
            best_in_own_tour=CostOut.of(found.own),
            next_best=None if best is None else CandidateOut.of(region, language, best),
            others=[CandidateOut.of(region, language, each) for each in found.others],
            message=summary(
                language,
                found,
                _name(region, found.vehicle),
                None if best is None else _name(region, best.vehicle),
                comes_from,
                local_time(region, found.pickup),
            ),
        )


def _name(region: Region, vehicle: str) -> str:
    return next((each.name for each in region.config.vehicles if each.id == vehicle), vehicle)


@router.get("/plan/explain/{code}", responses=answers(404, 409, 503))
def explain(
    code: Code, service: ServiceHere, language: ReaderLanguage, response: Response
) -> ExplanationOut:
    """Say why a booking rides in this vehicle and at this time, and what the next best would cost.

    The booking is taken out of the plan as it is now and tried in every tour again, so later
    bookings count: `next_best` may meanwhile cost less than `added`.
    """
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.booking(written(code))
    plan = service.dispatcher.plan(booking.ride.day, service.clock())
    found = explanation(plan, booking)
    return ExplanationOut.of(service.region, language, found)
