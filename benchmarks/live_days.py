"""Days played through the dispatcher, with and without improvement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from statistics import mean

from benchmarks.live_noise import EARLY, kept_under_noise, promised_tours
from routing.budget import Budget
from scenarios.demand import Wish, wishes
from scenarios.demo_day import FLEXIBLE_SECONDS
from scenarios.figures import driven
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Offer, When
from shuttle.errors import RequestError
from shuttle.events import DroppedOff, PickedUp
from shuttle.improving.aim import AIM, Aim
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.improving.solver_process import improved
from shuttle.region import Region
from shuttle.store import MemoryStore

DAY = date(2027, 3, 2)
"""An ordinary Tuesday, as in the demo."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to plan a day.

    Attributes
    ----------
    name
        For the table.
    aim
        What improvement aims at; None is insertion alone.
    """

    name: str
    aim: Aim | None = None


WAYS = (
    Way("insertion alone"),
    Way("improved, no margin", replace(AIM, margin=0)),
    Way("improved", AIM),
)


@dataclass(frozen=True, slots=True)
class Came:
    """What a day came to: rides served, kilometres, minutes, and shares of promises kept."""

    served: float
    refused: float
    km: float
    waiting: float
    riding: float
    kept: float
    kept_early: float

    @classmethod
    def mean_of(cls, days: Sequence["Came"]) -> "Came":
        """Return the mean of some days."""
        return cls(*(mean(getattr(day, name) for day in days) for name in cls.__slots__))


def played(region: Region, rides: int, seed: int, way: Way, iterations: int) -> Came:
    """Return what a day of wishes comes to; one try to improve follows each booking."""
    codes = (f"{number:05}" for number in count())
    dispatcher = Dispatcher(region, MemoryStore(), new_code=lambda: next(codes))
    loop = None
    if way.aim is not None:
        loop = Reoptimiser(dispatcher, improved, Budget(iterations=iterations), aim=way.aim)
    asked = wishes(region, DAY, rides, seed)
    booked: set[int] = set()
    for wish in asked:
        dispatcher.advance(wish.asked_at)
        if wish.there is not None and wish.there not in booked:
            continue
        if _booked(dispatcher, wish):
            booked.add(wish.number)
            if loop is not None:
                loop.step(wish.asked_at)
    end = region.config.instant(DAY, 24 * 60)
    dispatcher.advance(end)
    came = _came(dispatcher, end, len(asked))
    dispatcher.close()
    return came


def _booked(dispatcher: Dispatcher, wish: Wish) -> bool:
    """Book the first offer, or the nearest alternative if it is near enough."""
    try:
        quote = dispatcher.quote(wish.request, wish.asked_at)
    except RequestError:
        return False
    offers = sorted(quote.offers, key=_moved_by(wish)) if quote.refusal else list(quote.offers)
    if not offers or (quote.refusal and _moved_by(wish)(offers[0]) > FLEXIBLE_SECONDS):
        return False
    dispatcher.book(offers[0], f"key-{wish.number:05}", wish.asked_at)
    return True


def _moved_by(wish: Wish) -> Callable[[Offer], int]:
    def seconds(offer: Offer) -> int:
        promise = offer.ride.promise
        arrives = wish.request.when is When.ARRIVE_BY
        promised = promise.dropoff_latest if arrives else promise.pickup_earliest
        return abs(promised - wish.request.time)

    return seconds


def _came(dispatcher: Dispatcher, end: int, asked: int) -> Came:
    plan, events = dispatcher.plan(DAY, end), dispatcher.events(DAY)
    on = {each.code: each.time for each in events if isinstance(each, PickedUp)}
    off = {each.code: each.time for each in events if isinstance(each, DroppedOff)}
    opened = {code: each.ride.promise.pickup_earliest for code, each in plan.bookings.items()}
    travel, rules = dispatcher.region.travel, dispatcher.region.config.rules
    tours = promised_tours(dispatcher.region, plan)
    return Came(
        served=len(off),
        refused=1 - len(off) / asked,
        km=driven(plan.tours, travel).driven,
        waiting=mean(on[code] - opened[code] for code in on) / 60,
        riding=mean(off[code] - on[code] - rules.halt_seconds for code in off) / 60,
        kept=kept_under_noise(tours, travel, 0.0),
        kept_early=kept_under_noise(tours, travel, EARLY),
    )
