"""Unmet demand: what was asked for and refused, and what became of it. Nobody is named."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.paging import Next, PagingHere
from api.problems import answers
from api.schemas import PartyWire
from api.service import ServiceHere
from api.times import Day, local_time
from shuttle.booking.unmet import Fate, Unmet
from shuttle.domain import FixKind
from shuttle.errors import RequestError
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["planning"])

MOST_DAYS = 400
"""So many days are told at once."""

FirstDay = Annotated[
    Day | None, Query(alias="from", description="First service day; today if left out.")
]
LastDay = Annotated[
    Day | None, Query(alias="to", description="Last service day; the first one if left out.")
]


class UnmetPlace(BaseModel):
    """A stop; where there is none, a point on a grid of about a kilometre."""

    stop: str | None = None
    lat: float | None = None
    lon: float | None = None

    @classmethod
    def of(cls, text: str, stops: frozenset[str]) -> Self:
        """Return a place as it is stored."""
        lat, comma, lon = text.partition(",")
        if text in stops or not comma:
            return cls(stop=text)
        return cls(lat=float(lat), lon=float(lon))


class UnmetOut(BaseModel):
    """A refused request, coarsened."""

    day: date
    asked: datetime = Field(description="The begin of the quarter hour.")
    wanted: datetime = Field(description="The begin of the quarter hour.")
    origin: UnmetPlace = Field(serialization_alias="from")
    to: UnmetPlace
    party: PartyWire
    reason: str = Field(description="The reason of a refusal, or the code of a problem.")
    fate: Fate = Field(description="Gone: nothing was taken until the end of the wanted day.")
    taken: FixKind | None = Field(description="What was changed in the ride that was booked.")


class UnmetSum(BaseModel):
    """How many requests, for how many people, had one reason and one fate."""

    reason: str
    fate: Fate
    requests: int
    passengers: int


class UnmetDays(BaseModel):
    """The refused requests of some days, page by page, and the sums of all."""

    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    requests: int
    sums: list[UnmetSum]
    rows: list[UnmetOut]
    next: Next


@router.get("/unmet", responses=answers(422, 503))
def unmet(
    service: ServiceHere,
    response: Response,
    paging: PagingHere,
    first: FirstDay = None,
    last: LastDay = None,
) -> UnmetDays:
    """Return unmet demand by wanted day: rows by time, and sums by reason and fate.

    Whoever asks twice is counted twice: nothing is kept by which they could be recognised.
    """
    begin = first or service.today()
    end = last or begin
    if not 0 <= (end - begin).days < MOST_DAYS:
        raise RequestError(
            "out_of_range", "to", f"Choose a day from {begin} on, at most {MOST_DAYS} days."
        )
    response.headers["Cache-Control"] = "no-store"
    kept = service.dispatcher.store.unmet(begin, end)
    today = service.today()
    shown, following = paging.page(kept, lambda each: each.id)
    return UnmetDays(
        first=begin,
        last=end,
        requests=len(kept),
        sums=_sums(kept, today),
        rows=_rows(service.region, shown, today),
        next=following,
    )


def _sums(kept: Sequence[Unmet], today: date) -> list[UnmetSum]:
    requests, passengers = Counter[tuple[str, Fate]](), Counter[tuple[str, Fate]]()
    for each in kept:
        group = (each.reason, each.fate(today))
        requests[group] += 1
        passengers[group] += each.party.passengers
    return [
        UnmetSum(reason=group[0], fate=group[1], requests=number, passengers=passengers[group])
        for group, number in sorted(requests.items())
    ]


def _rows(region: Region, kept: Sequence[Unmet], today: date) -> list[UnmetOut]:
    stops = frozenset(stop.id for stop in region.stops)
    return [
        UnmetOut(
            day=each.day,
            asked=local_time(region, each.asked),
            wanted=local_time(region, each.wanted),
            origin=UnmetPlace.of(each.origin, stops),
            to=UnmetPlace.of(each.destination, stops),
            party=PartyWire(
                passengers=each.party.passengers,
                wheelchairs=each.party.wheelchairs,
                child_seats=each.party.child_seats,
            ),
            reason=each.reason,
            fate=each.fate(today),
            taken=each.taken,
        )
        for each in kept
    ]
