"""The train that somebody rides to or comes from, as it is named on a form, and in words."""

from dataclasses import dataclass
from datetime import date

from api.languages import Language, clock, mark, tell
from api.times import local_time
from shuttle.domain import Location, Train
from shuttle.region import Region
from shuttle.timetables.stations import Stations

MOST_TRAINS = 8
"""So many are listed to choose from."""


@dataclass(frozen=True, slots=True)
class TrainWish:
    """What a form says of a train.

    Attributes
    ----------
    origin, destination
        Where the ride begins and ends.
    day
        On which day the train leaves or arrives.
    time
        By its timetable, like ``08:07``.
    name
        Of the one that was chosen from a list; empty if none was.
    """

    origin: Location
    destination: Location
    day: date
    time: str
    name: str = ""


def train_meant(
    region: Region, stations: Stations, wish: TrainWish, now: int
) -> Train | tuple[Train, ...]:
    """Return the one train that is meant, or those to choose from; none if no train stops there."""
    chosen = stations.train(wish.origin, wish.destination, wish.name) if wish.name else None
    if chosen is not None and not stations.cancelled(chosen):
        return chosen
    trains = stations.trains(wish.origin, wish.destination, wish.day)
    ahead = [each for each in trains if each.time > now]
    exact = [each for each in ahead if _shown(region, each) == wish.time]
    if len(exact) == 1:
        return exact[0]
    later = [each for each in ahead if _shown(region, each) >= wish.time]
    return tuple(exact or later[:MOST_TRAINS] or ahead[-MOST_TRAINS:])


def _shown(region: Region, train: Train) -> str:
    return f"{local_time(region, train.time):%H:%M}"


def train_in_words(region: Region, train: Train, language: Language) -> str:
    """Return a train as it is chosen from a list: when, what it is called, where it goes."""
    return tell(
        _LEAVING if train.onward else _ARRIVING,
        language,
        clock=clock(local_time(region, train.time), language),
        line=train.line,
        towards=train.towards,
    )


_LEAVING = mark("{clock}, {line} to {towards}")
_ARRIVING = mark("arriving {clock}, {line} to {towards}")
