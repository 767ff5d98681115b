"""``region.toml``: everything that makes one Amt different from another, validated.

Every mistake in the file becomes one sentence that names the key and the fix.
"""

import re
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from shuttle.booking.limits import NoShows
from shuttle.charging import Battery
from shuttle.errors import RegionError
from shuttle.keeping.retention import Rule, all_rules
from shuttle.standing.holiday_calendar import HolidayCalendar, SchoolHolidays, check_subdivision
from shuttle.telling.sms_template import SmsTemplate
from shuttle.timetables.stations import TimetableRule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock(text: str) -> str:
    hours, separator, minutes = text.partition(":")
    right = separator == ":" and len(hours) == 2 and len(minutes) == 2 and text.isascii()
    if not (right and hours.isdigit() and minutes.isdigit()):
        raise ValueError(f"write the time as HH:MM, not {text!r}")
    if not (int(minutes) < 60 and int(hours) * 60 + int(minutes) <= 24 * 60):
        raise ValueError(f"{text!r} is no time of day; 00:00 to 24:00 are")
    return text


def _weekday(text: str) -> str:
    if text not in WEEKDAYS:
        raise ValueError(f"{text!r} is no weekday; use one of {', '.join(WEEKDAYS)}")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{text!r} is no time zone; write one such as Europe/Berlin") from error
    return text


def _origin(text: str) -> str:
    if re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", text) is None:
        raise ValueError(f"{text!r} is no site; write one such as https://www.example.org")
    return text


Clock = Annotated[str, AfterValidator(_clock)]
Origin = Annotated[str, AfterValidator(_origin)]
Weekday = Annotated[str, AfterValidator(_weekday)]


def minutes_of(clock: str) -> int:
    """Return minutes after midnight of a validated ``HH:MM``."""
    return int(clock[:2]) * 60 + int(clock[3:])


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Span(_Table):
    """Weekdays and a time span on each of them."""

    days: list[Weekday] = Field(min_length=1)
    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if minutes_of(self.begin) >= minutes_of(self.end):
            raise ValueError(f"from {self.begin} must be before to {self.end}")
        return self

    def covers(self, day: date) -> bool:
        """Whether the span holds on this day."""
        return WEEKDAYS[day.weekday()] in self.days


class Hours(_Span):
    """When the service can be ridden."""


class Depot(_Table):
    """Where a vehicle's shifts begin and end."""

    name: str
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Layout(_Table):
    """One way to set up a vehicle: folding seats give way to a wheelchair."""

    seats: int = Field(ge=0, le=100)
    wheelchairs: int = Field(default=0, ge=0, le=20)
    child_seats: int = Field(default=0, ge=0, le=20)


class Vehicle(_Table):
    """A vehicle of the fleet; an electric one whose battery is told is planned to last."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    name: str
    depot: str
    layouts: list[Layout] = Field(min_length=1)
    electric: bool = False
    battery: Battery | None = None

    @model_validator(mode="after")
    def _battery_of_an_electric_one(self) -> Self:
        if self.battery is not None and not self.electric:
            raise ValueError("a battery belongs to electric = true; add that, or drop the battery")
        return self


class BreakRule(_Table):
    """A driver's break: so many minutes, begun within a window, at the depot."""

    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    minutes: int = Field(ge=1, le=240)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if minutes_of(self.begin) + self.minutes > minutes_of(self.end):
            raise ValueError(
                f"a break of {self.minutes} min does not fit between {self.begin} and {self.end}"
            )
        return self


class ShiftRule(_Span):
    """A vehicle's working time on some weekdays."""

    vehicle: str
    breaks: list[BreakRule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _breaks_inside(self) -> Self:
        for rest in self.breaks:
            inside = minutes_of(self.begin) <= minutes_of(rest.begin)
            if not (inside and minutes_of(rest.end) <= minutes_of(self.end)):
                raise ValueError(f"the break from {rest.begin} to {rest.end} leaves the shift")
        return self


class Rules(_Table):
    """What is promised, and how far ahead."""

    window_minutes: int = Field(default=15, ge=1, le=120)
    lead_minutes: int = Field(default=10, ge=0, le=24 * 60)
    horizon_days: int = Field(default=7, ge=0, le=60)
    search_minutes: int = Field(default=60, ge=15, le=12 * 60)
    max_walk_metres: int = Field(default=400, ge=0, le=5000)
    ride_factor: float = Field(default=1.5, ge=1.0, le=10.0)
    ride_extra_minutes: int = Field(default=20, ge=0, le=240)
    halt_seconds: int = Field(default=60, ge=0, le=1800)
    wait_minutes: int = Field(default=2, ge=0, le=60)
    offer_valid_minutes: int = Field(default=5, ge=1, le=60)
    most_open_bookings: int = Field(default=0, ge=0, le=1000)
    series_flexible_minutes: int = Field(default=15, ge=0, le=240)
    waiting_hold_minutes: int = Field(default=15, ge=1, le=24 * 60)
    freeze_minutes: int = Field(default=0, ge=0, le=240)

    def max_ride(self, direct: int) -> int:
        """Return the longest time on board for a direct ride of so many seconds."""
        return round(self.ride_factor * direct) + self.ride_extra_minutes * 60


class Fares(_Table):
    """The tariff: so much a person, so much for each kilometre of the direct ride, at most so much.

    Children under six ride free with an adult and are not counted by the resident as paying.
    """

    base_cents: int = Field(default=200, ge=0)
    per_km_cents: int = Field(default=10, ge=0)
    maximum_cents: int = Field(default=600, ge=0)

    def fare(self, passengers: int, metres: int) -> int:
        """Return what a party pays for a direct ride of so many metres, in cents.

        The kilometre price is counted in begun kilometres and the fare rounded to 10 cents.
        """
        kilometres = -(-metres // 1000)
        one = min(self.base_cents + kilometres * self.per_km_cents, self.maximum_cents)
        return passengers * (one // 10 * 10)


class Contact(_Table):
    """Who answers.

    Attributes
    ----------
    operator, phone, email
        On every page.
    address
        For the imprint; lines are kept.
    represented_by
        Who acts for the operator, for the imprint.
    accessibility_office
        Who settles complaints about barriers where the region lies: name, and how to reach it.
    country, subdivision
        Whose holidays are kept.
    accent
        The colour of pages.
    """

    operator: str
    phone: str
    email: str
    address: str = ""
    represented_by: str = ""
    accessibility_office: str = ""
    country: str = Field(default="DE", pattern=r"^[A-Z]{2}$")
    accent: str = Field(default="#0b5c6b", pattern=r"^#[0-9a-fA-F]{6}$")
    subdivision: str | None = None

    @model_validator(mode="after")
    def _subdivided(self) -> Self:
        if self.subdivision is not None:
            check_subdivision(self.country, self.subdivision)
        return self


class GeocoderRule(_Table):
    """A geocoder on the network that is asked before the embedded gazetteer.

    What residents type then leaves the house; without this table nothing does.
    """

    service: Literal["nominatim", "photon"]
    url: str = Field(pattern=r"^https?://[^\s/]+")
    timeout_seconds: float = Field(default=2.0, gt=0, le=30)


class MapRule(_Table):
    """Map tiles of somebody else, shown on the dispatcher's board over our own roads.

    Whoever gives them out learns who looks at the board, and where; without this table nobody does.
    """

    tiles: str = Field(pattern=r"^https://[^\s/{}]+/\S*$")
    attribution: str = Field(min_length=1)

    @field_validator("tiles")
    @classmethod
    def _names_a_tile(cls, tiles: str) -> str:
        for each in ("{z}", "{x}", "{y}"):
            if each not in tiles:
                raise ValueError(f"there is no {each} in it; write https://…/{{z}}/{{x}}/{{y}}.png")
        return tiles


class RegionConfig(_Table):
    """The whole of ``region.toml``."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    name: str
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Berlin"
    synthetic: bool = False
    attribution: str
    extract: str
    boundary: str | None = None
    stops: str = "stops.csv"
    hours: list[Hours] = Field(min_length=1)
    rules: Rules = Rules()
    fares: Fares = Fares()
    contact: Contact
    geocoder: GeocoderRule | None = None
    map: MapRule | None = None
    sms: SmsTemplate | None = None
    timetable: TimetableRule | None = None
    depots: dict[str, Depot]
    vehicles: list[Vehicle] = Field(min_length=1)
    shifts: list[ShiftRule] = Field(min_length=1)
    no_shows: NoShows = NoShows()
    school_holidays: list[SchoolHolidays] = Field(default_factory=list)
    embed_on: list[Origin] = Field(default_factory=list)
    retention: list[Rule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _kept_as_the_law_lets(self) -> Self:
        all_rules(self.retention)
        return self

    @model_validator(mode="after")
    def _references(self) -> Self:
        names = [vehicle.id for vehicle in self.vehicles]
        if len(set(names)) < len(names):
            raise ValueError("two vehicles have the same id; give each its own")
        for vehicle in self.vehicles:
            if vehicle.depot not in self.depots:
                raise ValueError(f"vehicle {vehicle.id}: there is no depot {vehicle.depot!r}")
        for shift in self.shifts:
            if shift.vehicle not in names:
                raise ValueError(f"a shift names vehicle {shift.vehicle!r}, which is not listed")
        return self

    @property
    def retention_rules(self) -> tuple[Rule, ...]:
        """How long each kind of data is kept, in the order of the jobs."""
        return all_rules(self.retention)

    @property
    def zone(self) -> ZoneInfo:
        """The region's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def holidays(self) -> HolidayCalendar:
        """Public and school holidays where the region lies."""
        spans = tuple(self.school_holidays)
        return HolidayCalendar(self.contact.country, self.contact.subdivision, spans)

    def local_day(self, time: int) -> date:
        """Return the service day of an epoch second."""
        return datetime.fromtimestamp(time, self.zone).date()

    def instant(self, day: date, minutes: int) -> int:
        """Return the epoch second of so many minutes on the wall clock of a day.

        24:00 is midnight of the next day. At the change to summer time an hour that does not
        exist is read as the one after it.
        """
        shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 -- wall clock, zone follows
        return int(shown.replace(tzinfo=self.zone).timestamp())

    def opening(self, day: date) -> list[tuple[int, int]]:
        """Return the spans in which rides may be ridden on a day, as epoch seconds."""
        return [
            (self.instant(day, minutes_of(hours.begin)), self.instant(day, minutes_of(hours.end)))
            for hours in self.hours
            if hours.covers(day)
        ]


def read_config(path: Path) -> RegionConfig:
    """Read and check a ``region.toml``.

    Raises
    ------
    RegionError
        With one sentence that names the file, the key and the fix.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegionError(f"{path} is missing; create it with: shuttle region create") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RegionError(f"{path} is not valid TOML: {error}.") from error
    try:
        return RegionConfig.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise RegionError(f"{path}: {key}: {reason}.") from error
