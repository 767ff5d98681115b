"""Why people ride: the constants of the demand model, each with where it comes from.

They are judgements, set so that a day looks like the first year of the real service (Smartes
DorfSHUTTLE, 2022: 45 rides a service day with 1.27 people each; station, kindergartens, school
and village centres as hot spots; peaks in the morning and from the afternoon).
"""

from collections.abc import Mapping
from dataclasses import dataclass

PARTY_SIZES = (16517, 2084, 532, 163, 20, 5)
"""Bookings of 1, 2, ... 6 passengers at KEXI Kelheim. Their mean is 1.19; the adults who take a
child to the kindergarten lift it to the 1.27 of the Dorfshuttle."""

SHORTEST_METRES = 500.0
"""Beeline below which nobody calls a vehicle."""

DECAY_KM = 5.0
"""Beeline over which a place loses the factor e of its pull; remo, Rendsburg: 5.7 km a ride."""

WALKED_KM = 1.2
"""Around this beeline most people still walk or cycle."""

COMES_BACK, ONLY_BACK = 0.65, 0.15
"""Share of outings with both rides, and with the ride home alone: somebody took them there."""

NAMES_A_STOP = 0.25
"""Share of places that are named by their stop rather than by their address."""

WHEELCHAIR = 0.02
"""Share of parties with one wheelchair."""

CHILD_SEAT = 0.1
"""Share of parties of two and more with a child small enough for a child seat."""

ESCORT_CHILD_SEAT = 0.6
"""The same share of the adults who take a child to the kindergarten."""

MINUTE, HOUR, DAY = 60, 3600, 86_400

LEADS = ((0.45, 10 * MINUTE, 25 * MINUTE), (0.25, 1 * HOUR, 6 * HOUR), (0.20, 14 * HOUR, 1 * DAY))
"""How long ahead people ask, as (share, from, to); the others ask days ahead, to the horizon.
EcoBus and the Dorfshuttle both report mostly spontaneous rides, some 20 minutes after the call."""

FIRST_CALL, LAST_CALL = 6, 22
"""Hours between which people ask for rides that are not due at once."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A reason to go somewhere.

    Attributes
    ----------
    name
        For people.
    share
        Of all outings, on a day on which every purpose is possible.
    pulls
        Attraction by kind of map feature.
    last_weekday
        Last day of the week on which it is possible: 4 is Friday.
    arrivals
        Bells of the time of arrival: (weight, hour of day, standard deviation in hours).
    stay
        Mean and standard deviation in hours.
    escort
        Whether an adult takes a small child along.
    stop
        Id of the one stop where it leads; empty where places of the map pull.
    """

    name: str
    share: float
    pulls: Mapping[str, float]
    last_weekday: int
    arrivals: tuple[tuple[float, float, float], ...]
    stay: tuple[float, float]
    escort: bool = False
    stop: str = ""


PURPOSES = (
    Purpose(
        name="train",
        share=0.28,
        pulls={"station": 1.0},
        last_weekday=6,
        arrivals=((3, 7.0, 0.8), (2, 10.0, 1.5), (1, 14.0, 2.0)),
        stay=(7.5, 2.5),
    ),
    Purpose(
        name="school",
        share=0.12,
        pulls={"school": 1.0},
        last_weekday=4,
        arrivals=((1, 7.7, 0.1),),
        stay=(6.2, 1.0),
    ),
    Purpose(
        name="kindergarten",
        share=0.08,
        pulls={"kindergarten": 1.0},
        last_weekday=4,
        arrivals=((1, 8.0, 0.4),),
        stay=(6.0, 1.2),
        escort=True,
    ),
    Purpose(
        name="doctor",
        share=0.12,
        pulls={"doctor": 1.0, "dentist": 0.6, "hospital": 2.0, "pharmacy": 0.4, "care": 0.4},
        last_weekday=4,
        arrivals=((3, 9.0, 1.0), (2, 15.2, 1.0)),
        stay=(1.3, 0.4),
    ),
    Purpose(
        name="shopping",
        share=0.17,
        pulls={"shop": 1.0},
        last_weekday=5,
        arrivals=((2, 9.8, 1.2), (3, 15.8, 1.4)),
        stay=(1.1, 0.4),
    ),
    Purpose(
        name="errand",
        share=0.03,
        pulls={"townhall": 2.0, "bank": 1.0, "post": 1.0, "library": 0.5},
        last_weekday=4,
        arrivals=((2, 9.5, 1.0), (1, 15.0, 0.8)),
        stay=(0.7, 0.2),
    ),
    Purpose(
        name="visit",
        share=0.20,
        pulls={
            "place": 1.0,
            "hall": 1.0,
            "restaurant": 1.0,
            "cafe": 1.0,
            "sport": 1.0,
            "worship": 0.5,
            "cemetery": 0.5,
            "care": 1.0,
        },
        last_weekday=6,
        arrivals=((1, 11.0, 2.0), (3, 15.5, 1.6), (1, 18.0, 0.8)),
        stay=(2.3, 0.8),
    ),
)
"""The station leads, as it does wherever boardings are published: over half of them at flitsaar."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How people of a region ride: what a scenario may change of the demand model.

    Attributes
    ----------
    purposes
        Why they go.
    decay_km, walked_km
        Beelines over which pull is lost, and around which most people still walk.
    comes_back, only_back
        Shares of outings with both rides, and with the ride home alone.
    party_sizes
        Weights of parties of 1, 2, ... passengers.
    wheelchair, child_seat
        Shares of parties with one.
    leads
        How long ahead people ask, as (share, from, to) in seconds; the others ask days ahead.
    trains
        Minutes past the hour at which trains leave; with some, whoever goes to the station is
        there five minutes before one, and leaves it five minutes after.
    """

    purposes: tuple[Purpose, ...] = PURPOSES
    decay_km: float = DECAY_KM
    walked_km: float = WALKED_KM
    comes_back: float = COMES_BACK
    only_back: float = ONLY_BACK
    party_sizes: tuple[float, ...] = PARTY_SIZES
    wheelchair: float = WHEELCHAIR
    child_seat: float = CHILD_SEAT
    leads: tuple[tuple[float, float, float], ...] = LEADS
    trains: tuple[int, ...] = ()


HABITS = Habits()
"""Of the demo's residents."""

RANKS = {"supermarket": 4.0, "town": 2.0, "village": 1.0, "hamlet": 0.3}
"""How much stronger some features pull than others of their kind; other places hardly do."""
