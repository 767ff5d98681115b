"""Whatever residents change, link, repeat and wait for, every day stays sound."""

import random
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date, timedelta

import pytest

from shuttle.booking.changing import change, quote_change
from shuttle.booking.returning import book_both, quote_return
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Contact, Party, RideRequest, When
from shuttle.errors import AlreadyCancelled, NotCancellable, OfferGone, RequestError
from shuttle.region import Region
from shuttle.rounds import Rounds
from shuttle.standing.series import begin_series
from shuttle.standing.standing_requests import Series
from shuttle.standing.waiting import join
from shuttle.store import MemoryStore
from tests.test_dispatcher import MONDAY, assert_sound, at, stop

CONTACT = Contact(phone="+49464178123")
STOPS = ("hauptstrasse", "gaensegasse", "kirche", "mitte", "landstrasse", "west", "bach", "bahnhof")


class Residents:
    """Some who do this and that, and who remember which rides they should have."""

    def __init__(self, dispatcher: Dispatcher, seed: int) -> None:
        self.dispatcher = dispatcher
        self.rng = random.Random(seed)
        self.own: set[str] = set()
        self.number = 0

    def act(self, now: int) -> None:
        self.number += 1
        acts = (self.book, self.go_and_return, self.change, self.cancel, self.wait, self.repeat)
        act: Callable[[int], None] = self.rng.choices(acts, (6, 3, 5, 3, 1, 1))[0]
        # what cannot be done changes nothing, and the checks below see that
        with suppress(OfferGone, NotCancellable, AlreadyCancelled, RequestError):
            act(now)

    def wish(self, now: int) -> RideRequest:
        origin, destination = self.rng.sample(STOPS, 2)
        time = now + self.rng.randrange(1200, 2 * 86_400)
        party = self.rng.choice([Party(), Party(2), Party(1, 1), Party(3, 0, 1), Party(6)])
        return RideRequest(
            stop(origin), stop(destination), self.rng.choice(list(When)), time, party
        )

    def book(self, now: int) -> None:
        for offer in self.dispatcher.quote(self.wish(now), now).offers[-1:]:
            self.own.add(self.dispatcher.book(offer, f"key-{self.number}", now, CONTACT).code)

    def go_and_return(self, now: int) -> None:
        for there in self.dispatcher.quote(self.wish(now), now).offers[:1]:
            wish = RideRequest(
                there.request.destination,
                there.request.origin,
                self.rng.choice(list(When)),
                there.ride.promise.dropoff_latest + self.rng.randrange(60, 86_400),
                there.request.party,
            )
            for back in quote_return(self.dispatcher, there, wish, now).offers[-1:]:
                both = book_both(self.dispatcher, there, back, f"key-{self.number}", now, CONTACT)
                assert both[1].ride.promise.pickup_earliest >= both[0].ride.promise.dropoff_latest
                self.own |= {each.code for each in both}

    def change(self, now: int) -> None:
        if self.own:
            code = self.rng.choice(sorted(self.own))
            for offer in quote_change(self.dispatcher, code, self.wish(now), now).offers[-1:]:
                new = change(self.dispatcher, code, offer, f"key-{self.number}", now)
                self.own ^= {code, new.code}

    def cancel(self, now: int) -> None:
        if self.own:
            code = self.rng.choice(sorted(self.own))
            self.dispatcher.cancel(code, now)
            self.own.remove(code)

    def wait(self, now: int) -> None:
        join(self.dispatcher, self.wish(now), CONTACT, f"key-{self.number}", now)

    def repeat(self, now: int) -> None:
        wish = self.wish(now)
        today = self.dispatcher.region.config.local_day(now)
        days = tuple(sorted(self.rng.sample(range(6), 2)))
        series = Series(
            self.dispatcher.new_code(),
            wish.origin,
            wish.destination,
            wish.when,
            60 * self.rng.randrange(8, 18),
            wish.party,
            days,
            today,
            today + timedelta(14),
            skip_school_holidays=False,
            skip_public_holidays=True,
            made_at=now,
        )
        begin_series(self.dispatcher, series, CONTACT, f"key-{self.number}", now)


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 30))]
)
def test_whatever_residents_do_nobody_has_a_ride_too_many_or_too_few(
    toy_region: Region, seed: int
) -> None:
    store = MemoryStore()
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        residents, rounds = Residents(dispatcher, seed), Rounds(dispatcher)
        now = at("07:00")
        for _ in range(60):
            now += residents.rng.randrange(30, 1200)
            dispatcher.advance(now)
            residents.act(now)
            rounds.go(now)
            check(dispatcher, store, residents.own, now)


def check(dispatcher: Dispatcher, store: MemoryStore, own: set[str], now: int) -> None:
    days = [MONDAY + timedelta(number) for number in range(10)]
    planned: set[str] = set()
    for day in days:
        plan = dispatcher.plan(day, now)
        assert_sound(dispatcher.region, plan)
        planned |= {code for code in plan.bookings if plan.tour_of(code) is not None}
        planned |= set(plan.bookings)
    repeated = {
        instance.booking
        for series in store.standing.series_until(date.min)
        for instance in store.standing.instances(series.code)
        if instance.booking
    }
    assert planned == own | repeated
    assert all(store.contact(code) == CONTACT for code in planned)
    assert all(dispatcher.booking(c).status is not BookingStatus.CANCELLED for c in planned)
