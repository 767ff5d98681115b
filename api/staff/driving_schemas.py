"""What drivers send and get: reports with the time at which things happened."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.languages import Language
from api.staff.driving_words import rejection_message
from api.times import Wire, WithOffset
from shuttle.driving.reports import Answer, Rejection, Report, ReportKind, Sighting, Taken

POSITION = "position"

_OF_VEHICLE = frozenset({ReportKind.STARTED, ReportKind.ENDED})

_WITHOUT_BOOKING = _OF_VEHICLE | {ReportKind.BREAK_STARTED, ReportKind.BREAK_ENDED}

MOST_REPORTS = 200


class ReportWire(Wire):
    """Something that happened on a shift."""

    id: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
        description="Made up by the phone, once for each report; repeat it when in doubt.",
        examples=["7f3a9c52-1"],
    )
    kind: str = Field(
        examples=["picked_up"],
        json_schema_extra={"enum": [*ReportKind, POSITION]},
        pattern=f"^({'|'.join([*ReportKind, POSITION])})$",
    )
    happened_at: WithOffset
    booking: str | None = Field(
        default=None,
        pattern=r"^[A-Z0-9]{1,16}$",
        description="The party's code, for all that is about a party.",
        examples=["K7MX2Q9A"],
    )
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)

    takes_back: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
        description="With `taken_back`: the id of the report about this party that was a mistake. "
        "Within three minutes; arrivals, pickups, no-shows and drop-offs can be taken back.",
    )
    odometer: int | None = Field(
        default=None, ge=0, le=9_999_999, description="Kilometres, when a shift begins or ends."
    )
    charge: int | None = Field(
        default=None, ge=0, le=100, description="Of the battery, in per cent; likewise."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        located = self.lat is not None and self.lon is not None
        if (self.kind == POSITION) != located or (self.lat is None) != (self.lon is None):
            raise ValueError("Give lat and lon with a position, and only there")
        if (self.booking is not None) != self.about_a_party:
            raise ValueError("Give booking with all that is about a party, and only there")
        if (self.takes_back is not None) != (self.kind == ReportKind.TAKEN_BACK):
            raise ValueError("Give takes_back with taken_back, and only there")
        shown = self.odometer is not None or self.charge is not None
        if shown and self.kind not in _OF_VEHICLE:
            raise ValueError("Give odometer and charge when a shift begins or ends, and only there")
        return self

    @property
    def about_a_party(self) -> bool:
        """Whether it needs a booking."""
        return self.kind != POSITION and ReportKind(self.kind) not in _WITHOUT_BOOKING

    @property
    def time(self) -> int:
        """Epoch seconds."""
        return int(datetime.fromisoformat(self.happened_at).timestamp())

    def report(self, shift: str) -> Report:
        """Return the same as a value of the service."""
        return Report(
            self.id,
            shift,
            ReportKind(self.kind),
            self.time,
            self.booking or "",
            self.odometer,
            self.charge,
            self.takes_back or "",
        )

    def sighting(self) -> Sighting:
        """Return a position as a value of the service."""
        assert self.lat is not None
        assert self.lon is not None
        return Sighting(self.time, self.lat, self.lon)


class ReportsIn(Wire):
    """All that a phone has gathered, in any order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reports": [
                        {
                            "id": "7f3a9c52-1",
                            "kind": "arrived",
                            "happened_at": "2027-03-27T10:29:10+01:00",
                            "booking": "K7MX2Q9A",
                        },
                        {
                            "id": "7f3a9c52-2",
                            "kind": "position",
                            "happened_at": "2027-03-27T10:29:30+01:00",
                            "lat": 54.636,
                            "lon": 9.775,
                        },
                    ]
                }
            ]
        }
    )

    reports: Annotated[list[ReportWire], Field(min_length=1, max_length=MOST_REPORTS)]


class AnswerOut(BaseModel):
    """What became of one report."""

    id: str
    taken: Taken = Field(description="`known`: it had been taken in before; nothing changed.")
    reason: Rejection | None = Field(default=None, description="Why it was rejected.")
    message: str | None = Field(default=None, description="The same for people.")

    @classmethod
    def of(cls, answer: Answer, language: Language) -> Self:
        """Return an answer with its sentence."""
        why = answer.rejection
        message = None if why is None else rejection_message(language, why)
        return cls(id=answer.id, taken=answer.taken, reason=why, message=message)


class ReportsOut(BaseModel):
    """What became of all reports, in the order in which they were sent."""

    day: date
    shift: str
    reports: list[AnswerOut]
