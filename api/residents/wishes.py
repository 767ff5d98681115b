"""What a resident typed into the booking form, and the ride request it means.

Every field is text, as browsers send it; whatever is wrong becomes one sentence beside its field.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, hypot, radians
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from api.languages import Language, mark, tell
from api.problem_words import request_problem
from api.residents.trains import TrainWish, train_in_words, train_meant
from api.times import WallClock, local_time
from routing.gazetteer import Match
from shuttle.domain import Booking, Location, Party, RideRequest, Train, When
from shuttle.errors import RequestError
from shuttle.region import Region

_SURE = 0.9
_AS_GOOD = 0.02
_ROUND_THE_CORNER = 300
_METRES_A_DEGREE = 111_195
_MOST_MEANT = 5
_QUARTER = 15 * 60

NOW, DEPART, ARRIVE, TRAIN = "now", "depart", "arrive", "train"

NUMBER = re.compile(r"[0-9]{1,2}")
"""People or aids, as a form says how many."""


class WishForm(BaseModel):
    """The fields of the booking form, and of an address that leads to it filled in."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    origin: str = Field(default="", alias="from")
    to: str = ""
    from_point: str = ""
    to_point: str = ""
    from_meant: str = ""
    to_meant: str = ""
    when: str = NOW
    day: str = ""
    time: str = ""
    fold: str = ""
    train: str = ""
    people: str = "1"
    wheelchairs: str = "0"
    child_seats: str = "0"
    prams: str = "0"
    changing: str = ""
    secret: str = ""

    @classmethod
    def again(cls, region: Region, booking: Booking) -> Self:
        """Return the form that asks for a booked ride again."""
        ride = booking.ride_now
        origin = place_again(region, booking.origin, ride.pickup_stop)
        destination = place_again(region, booking.destination, ride.dropoff_stop)
        train, time = booking.train_now, ride.promise.pickup_earliest
        if train is not None:
            return cls.of(region, RideRequest.for_train(origin, destination, train, ride.party))
        return cls.of(region, RideRequest(origin, destination, When.DEPART_AT, time, ride.party))

    @classmethod
    def of(cls, region: Region, request: RideRequest) -> Self:
        """Return the form that asks for a request."""
        train, party = request.train, request.party
        shown = local_time(region, request.time if train is None else train.time)
        when = DEPART if request.when is When.DEPART_AT else ARRIVE
        return cls.model_validate(
            {
                "from": request.origin.label,
                "to": request.destination.label,
                "from_point": _point(region, request.origin),
                "to_point": _point(region, request.destination),
                "when": when if train is None else TRAIN,
                "train": "" if train is None else train.name,
                "day": f"{shown:%Y-%m-%d}",
                "time": f"{shown:%H:%M}",
                "people": str(party.passengers),
                "wheelchairs": str(party.wheelchairs),
                "child_seats": str(party.child_seats),
            }
        )

    def filled(self, region: Region, now: int) -> Self:
        """Return the form with a day and a time to begin from."""
        soon = local_time(region, (now + 2 * _QUARTER) // _QUARTER * _QUARTER)
        known = (NOW, DEPART, ARRIVE, TRAIN) if trains_known(region) else (NOW, DEPART, ARRIVE)
        when = self.when if self.when in known else NOW
        return self.model_copy(
            update={
                "day": self.day or f"{soon:%Y-%m-%d}",
                "time": self.time or f"{soon:%H:%M}",
                "when": DEPART if when == NOW and self.time else when,
            }
        )

    @classmethod
    def back(cls, region: Region, booking: Booking, now: int) -> Self:
        """Return the form of the way back, from when the ride has arrived."""
        there = cls.again(region, booking)
        arrived = max(booking.ride_now.promise.dropoff_latest, now)
        shown = local_time(region, -(-arrived // _QUARTER) * _QUARTER)
        return there.model_copy(
            update={
                "origin": there.to,
                "to": there.origin,
                "when": DEPART,
                "train": "",
                "day": f"{shown:%Y-%m-%d}",
                "time": f"{shown:%H:%M}",
            }
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field, and what to do.

    Attributes
    ----------
    field
        The id of the field on the page.
    sentence
        In the reader's language.
    meant
        Places that may have been meant, to choose from.
    trains
        Trains that may have been meant, by name and in words.
    """

    field: str
    sentence: str
    meant: tuple[str, ...] = ()
    trains: tuple[tuple[str, str], ...] = ()


class Faulty(Exception):
    """A form cannot be answered; `faults` say why, in the order of the fields."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(each.sentence for each in faults))
        self.faults = tuple(faults)


def days_ahead(region: Region, now: int) -> list[date]:
    """Return the days that can be booked."""
    today = region.config.local_day(now)
    return [today + timedelta(days=each) for each in range(region.config.rules.horizon_days + 1)]


def ride_request(form: WishForm, region: Region, now: int, language: Language) -> RideRequest:
    """Return the request that a form means.

    Raises
    ------
    Faulty
        If a place is unknown or could be several, or a day, time or number is none.
    """
    faults: list[Fault] = []
    ends = []
    for field, text, point, meant in (
        ("from", form.origin, form.from_point, form.from_meant),
        ("to", form.to, form.to_point, form.to_meant),
    ):
        found = _place(region, meant or text, point, language, field)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            ends.append(found)
    moment: tuple[When, int] | Train | Fault | None = None
    if form.when != TRAIN:
        moment = _moment(form, region, now, language)
    elif len(ends) == 2:
        moment = _train(form, region, (ends[0], ends[1]), now, language)
    if isinstance(moment, Fault):
        faults.append(moment)
    party = _party(form, language)
    if isinstance(party, Fault):
        faults.append(party)
    if faults or isinstance(moment, Fault | None) or isinstance(party, Fault):
        raise Faulty(faults)
    if isinstance(moment, Train):
        return RideRequest.for_train(ends[0], ends[1], moment, party)
    return RideRequest(ends[0], ends[1], *moment, party)


def trains_known(region: Region) -> bool:
    """Whether a timetable is loaded that has trains in the region."""
    return region.stations is not None and region.stations.known


def one_line(text: str) -> str:
    """Return a text as it can be kept: with single blanks, without control characters, cut."""
    return " ".join(_CONTROL.sub(" ", text).split())[:_LONGEST]


_LONGEST = 200
"""Characters of a place or a name."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def place_again(region: Region, label: str, stop_id: str) -> Location:
    """Return the place that a ride began or ended at: as it was called, else its stop.

    A position of a device, for one, is not kept and cannot be found by what it was called.
    """
    known = _called(region, label)
    if known is not None:
        return _location(known)
    stop = region.stop(stop_id)
    return Location(stop.lat, stop.lon, stop.label, stop.id)


def _called(region: Region, label: str) -> Match | None:
    """Return the place that has this very name, if there is one."""
    matches = region.gazetteer.search(label, limit=1) if label else []
    return matches[0] if matches and matches[0].label == label else None


def _point(region: Region, place: Location) -> str:
    """Return the degrees of a place that cannot be found by its name, as a script writes them."""
    found = place.stop is not None or _called(region, place.label) is not None
    return "" if found else f"{place.lat:.5f} {place.lon:.5f}"


def fault_of(error: RequestError, language: Language) -> Fault:
    """Return what a resident is told of a request that no plan could serve."""
    return Fault(_field_of(error.field), request_problem(language, error))


def _field_of(member: str) -> str:
    """Return the field of the form that a member of the request comes from."""
    return next((name for begin, name in _FIELDS.items() if member.startswith(begin)), "from")


_FIELDS: Mapping[str, str] = {
    "from": "from",
    "to": "to",
    "when": "time",
    "party.wheelchairs": "wheelchairs",
    "party.child_seats": "child_seats",
    "party": "people",
}


def _place(
    region: Region, text: str, point: str, language: Language, field: str
) -> Location | Fault:
    """Return the place that a text means, if it means one."""
    text = one_line(text)
    spot = _spot(point)
    if spot is not None:
        return Location(*spot, text or tell(_MY_POSITION, language))
    if not text:
        lacking = _NO_ORIGIN if field == "from" else _NO_DESTINATION
        return Fault(field, tell(lacking, language))
    matches = region.gazetteer.search(text, limit=_MOST_MEANT)
    if not matches:
        return Fault(field, tell(_UNKNOWN, language, text=text))
    best = next((each for each in matches if each.label == text), matches[0])
    scores = [each.score for each in matches]
    if best.label != text and could_be_several(matches, scores):
        meant = tuple(each.label for each in matches)
        return Fault(field, tell(_WHICH, language, text=text), meant)
    return _location(best)


def could_be_several(matches: Sequence[Match], scores: Sequence[float]) -> bool:
    """Whether the best match is no sure one, or another fits nearly as well.

    What is just round the corner is no other place.
    """
    best = matches[0]
    return scores[0] < _SURE or any(
        scores[0] - score < _AS_GOOD and _metres(best, each) > _ROUND_THE_CORNER
        for score, each in zip(scores[1:], matches[1:], strict=True)
    )


def _metres(one: Match, other: Match) -> float:
    east = (one.lon - other.lon) * cos(radians(one.lat))
    return hypot(one.lat - other.lat, east) * _METRES_A_DEGREE


def _location(match: Match) -> Location:
    return Location(match.lat, match.lon, match.label, match.stop_id)


def _spot(point: str) -> tuple[float, float] | None:
    """Return the degrees that a script wrote: "54.63560 9.77540"."""
    try:
        lat, lon = (float(each) for each in point.split(" "))
    except ValueError:
        return None
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def _moment(
    form: WishForm, region: Region, now: int, language: Language
) -> tuple[When, int] | Fault:
    if form.when not in (DEPART, ARRIVE):
        return When.DEPART_AT, now
    when = When.DEPART_AT if form.when == DEPART else When.ARRIVE_BY
    day, time = _day_and_time(form)
    if day is None:
        return Fault("day", tell(_NO_DAY, language))
    fold = {"0": 0, "1": 1}.get(form.fold)
    try:
        shown = WallClock.model_validate({"local": f"{day}T{time}", "fold": fold})
        return when, shown.epoch(region, "when")
    except RequestError as error:
        return fault_of(error, language)
    except ValueError:
        return Fault("time", tell(_NO_TIME, language))


def _day_and_time(form: WishForm) -> tuple[date | None, str]:
    """Return the day, None if it is none, and the time with two digits for the hour."""
    time = form.time.strip().replace(".", ":")
    if len(time.partition(":")[0]) == 1:
        time = f"0{time}"
    try:
        return date.fromisoformat(form.day), time
    except ValueError:
        return None, time


def _train(
    form: WishForm, region: Region, ends: tuple[Location, Location], now: int, language: Language
) -> Train | Fault:
    """Return the train that a form means, if it means one."""
    if region.stations is None:
        return Fault("time", tell(_NO_TIMETABLE, language))
    day, time = _day_and_time(form)
    if day is None:
        return Fault("day", tell(_NO_DAY, language))
    meant = train_meant(region, region.stations, TrainWish(*ends, day, time, form.train), now)
    if isinstance(meant, Train):
        return meant
    if not meant:
        return Fault("to", tell(_NO_TRAIN, language))
    trains = tuple((each.name, train_in_words(region, each, language)) for each in meant)
    return Fault("time", tell(_WHICH_TRAIN, language), trains=trains)


def _party(form: WishForm, language: Language) -> Party | Fault:
    numbers = {}
    for field in ("people", "wheelchairs", "child_seats", "prams"):
        text = getattr(form, field).strip() or "0"
        if not NUMBER.fullmatch(text):
            return Fault(field, tell(_NO_NUMBER, language))
        numbers[field] = int(text)
    if numbers["prams"] and numbers["prams"] >= numbers["people"]:
        return Fault("people", tell(_PRAM_ALONE, language))
    # A child that stays in its pram rides where a wheelchair would stand.
    standing = numbers["wheelchairs"] + numbers["prams"]
    return Party(numbers["people"], standing, numbers["child_seats"])


_MY_POSITION = mark("My position")
_NO_ORIGIN = mark("Say where you want to be picked up.")
_NO_DESTINATION = mark("Say where you want to go.")
_UNKNOWN = mark("We do not find “{text}”. Try another spelling, a street, or a stop.")
_WHICH = mark("“{text}” could be several places. Choose one.")
_NO_DAY = mark("Choose a day from the list.")
_NO_TIME = mark("Write the time like 08:15.")
_NO_TIMETABLE = mark("No trains are known here. Choose a time instead.")
_NO_TRAIN = mark("No train stops at either place then. Name the station as start or destination.")
_WHICH_TRAIN = mark("Choose your train.")
_NO_NUMBER = mark("Choose a number from the list.")
_PRAM_ALONE = mark("Count the child in the pram too, and whoever is with it.")
