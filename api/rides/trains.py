"""The trains at a stop, for which rides can be asked."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.problems import answers
from api.schemas import Place, Text, TrainOut
from api.service import ServiceHere
from api.times import Day

router = APIRouter(prefix="/api/v1", tags=["rides"])


class TrainsOut(BaseModel):
    """The trains at a stop on a day, by time; none where no timetable is loaded."""

    leaving: list[TrainOut] = Field(description="For rides to the stop.")
    arriving: list[TrainOut] = Field(description="For rides from the stop.")


@router.get("/trains", responses=answers(422))
def trains(
    service: ServiceHere,
    stop: Annotated[Text, Query(examples=["s17"])],
    day: Annotated[Day, Query(examples=["2027-03-27"])],
) -> TrainsOut:
    """List the trains at a stop, as their timetable has them."""
    region, here = service.region, Place(stop=stop).locate(service.region, "stop")
    stations = region.stations
    if stations is None:
        return TrainsOut(leaving=[], arriving=[])
    return TrainsOut(
        leaving=[TrainOut.of(region, each) for each in stations.leaving(here, day)],
        arriving=[TrainOut.of(region, each) for each in stations.arriving(here, day)],
    )
