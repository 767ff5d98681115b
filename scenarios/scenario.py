"""A scenario: one TOML file that says what is to be tried, checked whole before anything runs.

What a file does not say is as in the region, or as the defaults here say; each constant names its
source, or that it is a judgement. Every mistake becomes one sentence that names the key.
"""

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scenarios.mistakes import sentence_of
from scenarios.purposes import (
    CHILD_SEAT,
    COMES_BACK,
    DECAY_KM,
    LEADS,
    ONLY_BACK,
    PARTY_SIZES,
    PURPOSES,
    WALKED_KM,
    WHEELCHAIR,
    Habits,
    Purpose,
)
from shuttle.errors import ShuttleError
from shuttle.region_config import WEEKDAYS, Clock, Weekday, minutes_of

LIBRARY = Path(__file__).parent
"""Scenarios that come with the project: a bare name such as ``first_year`` is looked for here."""


class ScenarioError(ShuttleError):
    """A scenario cannot be run; the message names the file, the key and the fix."""


Share = Annotated[float, Field(ge=0, le=1)]
"""From 0 to 1."""


class Table(BaseModel):
    """A table of a scenario: no other keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dates(Table):
    """Service days: single ones, or the given weekdays from one day to another."""

    days: list[date] = Field(default_factory=list)
    first: date | None = None
    last: date | None = None
    weekdays: list[Weekday] = Field(default_factory=lambda: list(WEEKDAYS))

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("first and last belong together; give both")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"first {self.first} must not be after last {self.last}")
        if not self.all():
            raise ValueError("there is no day in it; list days, or give first and last")
        return self

    def all(self) -> tuple[date, ...]:
        """Return the days in order, each once."""
        found = set(self.days)
        if self.first is not None and self.last is not None:
            span = (self.last - self.first).days + 1
            between = (self.first + timedelta(days=n) for n in range(span))
            found |= {day for day in between if WEEKDAYS[day.weekday()] in self.weekdays}
        return tuple(sorted(found))


class Span(Table):
    """A time of day."""

    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if minutes_of(self.begin) >= minutes_of(self.end):
            raise ValueError(f"from {self.begin} must be before to {self.end}")
        return self


class ExtraShift(Span):
    """One vehicle more, like one of the region's, for some hours."""

    like: str
    days: list[Weekday] = Field(default_factory=lambda: list(WEEKDAYS), min_length=1)


class Fleet(Table):
    """How many vehicles: the first of the region's, then copies of them with their shifts."""

    vehicles: int | None = Field(default=None, ge=1, le=300)
    extra: list[ExtraShift] = Field(default_factory=list)


class Trouble(Span):
    """What goes wrong on every day, entered as a dispatcher would when it becomes known."""

    kind: Literal["vehicle_out", "slower", "stop_closed"]
    vehicle: str = ""
    stop: str = ""
    factor: float = Field(default=1.0, ge=1, le=5)
    known: Clock | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wanted = {"vehicle_out": self.vehicle, "stop_closed": self.stop, "slower": self.factor > 1}
        missing = {"vehicle_out": "vehicle", "stop_closed": "stop", "slower": "factor above 1"}
        if not wanted[self.kind]:
            raise ValueError(f"trouble of kind {self.kind} needs a {missing[self.kind]}")
        return self


class Bell(Table):
    """When people arrive: around an hour of the day, with a standard deviation in hours."""

    weight: float = Field(default=1.0, gt=0)
    hour: float = Field(ge=0, le=24)
    spread: float = Field(default=0.5, ge=0, le=6)


class Goal(Table):
    """A purpose more: to one stop, such as a market or a beach."""

    name: str
    stop: str
    share: float = Field(gt=0, le=100)
    arrivals: list[Bell] = Field(min_length=1)
    stay_hours: float = Field(default=2.0, gt=0, le=14)
    stay_spread: float = Field(default=0.5, ge=0, le=6)

    def purpose(self) -> Purpose:
        """Return it as the demand model wants it."""
        bells = tuple((each.weight, each.hour, each.spread) for each in self.arrivals)
        stay = (self.stay_hours, self.stay_spread)
        return Purpose(self.name, self.share, {}, 6, bells, stay, stop=self.stop)


def _purposes(shares: dict[str, float]) -> dict[str, float]:
    known = [each.name for each in PURPOSES]
    for name, share in shares.items():
        if name not in known:
            raise ValueError(f"{name!r} is no purpose; use {', '.join(known)}, or [[demand.goals]]")
        if not 0 <= share <= 100:
            raise ValueError(f"the share of {name!r} must be from 0 to 100")
    return shares


class Demand(Table):
    """Who wants to ride: the model of :mod:`scenarios.demand` with what differs, or a replay.

    A `kind` of ``replay`` asks what stands in a `file` (:mod:`scenarios.replay`), and nothing
    else; its path is seen from the scenario's own file. Or in a `table`, which is the same text
    within the scenario. `rides` are requests a day before anybody
    is refused; they are exact, or scatter around it from day to day as independent calls do
    (Poisson). `shares` replace the weights of purposes.
    """

    kind: Literal["model", "replay"] = "model"
    file: str = ""
    table: str = ""
    rides: float = Field(default=45, ge=0, le=20_000)
    scatter: Literal["exact", "poisson"] = "exact"
    by_weekday: dict[Weekday, Annotated[float, Field(ge=0, le=10)]] = Field(default_factory=dict)
    shares: Annotated[dict[str, float], AfterValidator(_purposes)] = Field(default_factory=dict)
    goals: list[Goal] = Field(default_factory=list)
    decay_km: float = Field(default=DECAY_KM, gt=0, le=100)
    walked_km: float = Field(default=WALKED_KM, gt=0, le=10)
    comes_back: Share = COMES_BACK
    only_back: Share = ONLY_BACK
    party_sizes: list[Annotated[float, Field(ge=0)]] = Field(
        default_factory=lambda: [float(each) for each in PARTY_SIZES], min_length=1, max_length=8
    )
    wheelchair: Share = WHEELCHAIR
    child_seat: Share = CHILD_SEAT
    soon: Share = LEADS[0][0]
    same_day: Share = LEADS[1][0]
    day_before: Share = LEADS[2][0]
    trains: list[Annotated[int, Field(ge=0, le=59)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        others = sorted(self.model_fields_set - {"kind", "file", "table"})
        given = [name for name in ("file", "table") if getattr(self, name)]
        if self.kind == "model" and given:
            raise ValueError(f'{given[0]} belongs to kind = "replay"; add that, or drop {given[0]}')
        if self.kind == "replay" and not given:
            raise ValueError("kind replay needs a file, a CSV of who asked for what")
        if len(given) > 1:
            raise ValueError("a replay has either a file or a table; drop one")
        if self.kind == "replay" and others:
            raise ValueError(f"a replay asks what is in its file; drop {others[0]}")
        return self

    @model_validator(mode="after")
    def _sums(self) -> Self:
        if self.soon + self.same_day + self.day_before > 1:
            raise ValueError("soon, same_day and day_before are shares; together at most 1")
        if self.comes_back + self.only_back > 1:
            raise ValueError("comes_back and only_back are shares; together at most 1")
        if not any(self.party_sizes):
            raise ValueError("party_sizes needs a weight above 0")
        return self

    def habits(self) -> Habits:
        """Return how people ride, as the demand model wants it."""
        known = (_with_share(each, self.shares.get(each.name)) for each in PURPOSES)
        shares = (self.soon, self.same_day, self.day_before)
        return Habits(
            purposes=tuple(
                each
                for each in (*known, *(goal.purpose() for goal in self.goals))
                if each.share > 0
            ),
            decay_km=self.decay_km,
            walked_km=self.walked_km,
            comes_back=self.comes_back,
            only_back=self.only_back,
            party_sizes=tuple(self.party_sizes),
            wheelchair=self.wheelchair,
            child_seat=self.child_seat,
            leads=tuple((share, a, b) for share, (_, a, b) in zip(shares, LEADS, strict=True)),
            trains=tuple(self.trains),
        )


def _with_share(purpose: Purpose, share: float | None) -> Purpose:
    """Return a purpose with another share, if one is given."""
    return purpose if share is None else replace(purpose, share=share)


class Behaviour(Table):
    """What people make of an offer: a multinomial logit, and what they do later.

    The utility of an offer is ``prompt - moved*min - detour*min - walk*min``; that of riding not
    at all is 0. `moved` counts minutes between the wanted and the offered time, `detour` those on
    board beyond the direct ride, `walk` those on foot. Walking and waiting count 1.7 times as
    much as a minute on board (Abrantes and Wardman, *Meta-analysis of UK values of travel time:
    an update*, Transportation Research Part A 45, 2011). That a minute on board is 0.04, and an
    offer without any drawback is taken by 98 of 100 (`prompt` 4), are judgements; no village
    service has published an estimate.
    """

    prompt: float = Field(default=4.0, ge=-20, le=50)
    moved: float = Field(default=0.068, ge=0, le=10)
    detour: float = Field(default=0.04, ge=0, le=10)
    walk: float = Field(default=0.068, ge=0, le=10)
    cancels: Share = 0.05
    no_show: Share = 0.02


class Reality(Table):
    """How the world differs from the plan; all log-normal with the mean 1.

    `legs`, `hours` and `roads` are the standard deviations of the logarithm: of each leg by itself,
    of all legs of one hour together, and of those in one hour on one class of roads, told apart by
    the planned speed of a leg (:func:`scenarios.chance.road_class`). `halts` is that of standing
    times. Vehicles break down so many times in 100 hours of duty, at a halt, for the given time on
    average; intervals and times are exponential. Electric vehicles take `consumption` times as much
    as is planned, by `consumption_spread` more or less from vehicle to vehicle and day to day. All
    of them are judgements.
    """

    legs: float = Field(default=0.1, ge=0, le=1)
    hours: float = Field(default=0.05, ge=0, le=1)
    roads: float = Field(default=0.0, ge=0, le=1)
    halts: float = Field(default=0.2, ge=0, le=1)
    slower: float = Field(default=1.0, ge=0.5, le=3)
    no_show_wait_minutes: int = Field(default=2, ge=0, le=30)
    breakdowns_in_100_hours: float = Field(default=0.0, ge=0, le=100)
    breakdown_minutes: float = Field(default=90.0, ge=5, le=24 * 60)
    consumption: float = Field(default=1.0, ge=0.5, le=3)
    consumption_spread: float = Field(default=0.0, ge=0, le=1)


class Improvement(Table):
    """The live loop in simulated time: the same search, with a budget of iterations.

    One try at such marks of the service day, and as it begins, if anything was booked, given up
    or disturbed since the last; with ``every_minutes = 0`` one after each booking. It has so many
    iterations, or so many for each ride that may still move, whichever are more.
    """

    on: bool = True
    iterations: int = Field(default=200, ge=1, le=1_000_000)
    iterations_a_ride: int = Field(default=5, ge=0, le=1_000_000)
    every_minutes: int = Field(default=15, ge=0, le=24 * 60)


class Costs(Table):
    """The cost table, in euros: judgements that a planner replaces by the Amt's own figures."""

    per_vehicle_hour: float = Field(default=32.0, ge=0)
    per_km: float = Field(default=0.45, ge=0)
    per_vehicle_day: float = Field(default=40.0, ge=0)


class Energy(Table):
    """What driving takes, and what it emits; a vehicle whose battery is told takes what that says.

    30 kWh per 100 km are ErzMobil's; burnt diesel gives 2.65 kg a litre; the other three are
    judgements: a minibus's 10 l, 0.38 kg for a kilowatt-hour of the German mix, a car's 150 g a
    kilometre.
    """

    kwh_per_100_km: float = Field(default=30.0, ge=0)
    litres_per_100_km: float = Field(default=10.0, ge=0)
    kg_per_litre: float = Field(default=2.65, ge=0)
    kg_per_kwh: float = Field(default=0.38, ge=0)
    car_kg_per_km: float = Field(default=0.15, ge=0)


class Title(Table):
    """What a scenario is called, in the languages of the report, and perhaps in Danish."""

    de: str
    en: str
    da: str | None = None


class Scenario(Table):
    """The whole file. `rules`, `hours`, `vehicles` and `shifts` are as in ``region.toml``."""

    title: Title
    region: str = ""
    dates: Dates
    repetitions: int = Field(default=20, ge=1, le=10_000)
    seed: int = Field(default=1, ge=0)
    rules: dict[str, Any] = Field(default_factory=dict)
    hours: list[dict[str, Any]] = Field(default_factory=list)
    vehicles: list[dict[str, Any]] = Field(default_factory=list)
    shifts: list[dict[str, Any]] = Field(default_factory=list)
    fleet: Fleet = Fleet()
    trouble: list[Trouble] = Field(default_factory=list)
    demand: Demand = Demand()
    behaviour: Behaviour = Behaviour()
    reality: Reality = Reality()
    improvement: Improvement = Improvement()
    costs: Costs = Costs()
    energy: Energy = Energy()


def read_scenario(path: Path) -> Scenario:
    """Read and check a scenario: a file, or a name of the library.

    Raises
    ------
    ScenarioError
        With one sentence that names the file, the key and the fix.
    """
    return scenario_of(read_toml(path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a scenario's file says, unchecked.

    Raises
    ------
    ScenarioError
        If there is no such file or it is no TOML.
    """
    try:
        return tomllib.loads(found(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not valid TOML: {error}.") from error


def found(path: Path) -> Path:
    """Return a scenario's file; a bare name is one of the library.

    Raises
    ------
    ScenarioError
        If there is none; names what there is.
    """
    if path.is_file():
        return path
    inside = LIBRARY / path.with_suffix(".toml").name
    if path.parent == Path() and inside.is_file():
        return inside
    known = ", ".join(sorted(each.stem for each in LIBRARY.glob("*.toml")))
    raise ScenarioError(f"There is no scenario {path}; give a file, or one of {known}.")


def scenario_of(raw: dict[str, Any], where: str) -> Scenario:
    """Return a checked scenario.

    Raises
    ------
    ScenarioError
        With one sentence; `where` says where it was written.
    """
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {sentence_of(error, Scenario)}") from error
    return _with_its_file(scenario, where) if scenario.demand.file else scenario


def _with_its_file(scenario: Scenario, where: str) -> Scenario:
    """Return a replay that knows where its table is, wherever it is run."""
    file = str((Path(where).parent / scenario.demand.file).resolve())
    return scenario.model_copy(update={"demand": Demand(kind="replay", file=file)})
