"""Why this vehicle and this time: known answers on Toy Town, and what holds for every plan."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing.insertion import Obstacle
from shuttle.booking.explaining import Explanation, Timing, explanation
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Party, When
from shuttle.errors import NotPlanned, OfferGone
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import Api, berlin
from tests.staff import at_the_desk
from tests.test_dispatcher import MONDAY, at, book, ride


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Api]:
    with at_the_desk(toy_region, tmp_path) as desk:
        yield desk


def explained(dispatcher: Dispatcher, booking: Booking, now: int) -> Explanation:
    return explanation(dispatcher.plan(booking.ride.day, now), booking)


def test_the_first_ride_of_a_day_costs_the_way_there_and_back_in_every_vehicle(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    now = at("09:00")
    booking = book(dispatcher, ride("mitte", "bahnhof"), now)
    found = explained(dispatcher, booking, now)
    seconds = toy_region.travel.seconds
    depot, mitte, station = (
        len(toy_region.stops),
        toy_region.place_of("mitte"),
        toy_region.place_of("bahnhof"),
    )
    round_trip = int(seconds[depot, mitte] + seconds[mitte, station] + seconds[station, depot])
    assert found.planned is not None
    assert found.planned == found.own
    assert found.planned.seconds == round_trip
    assert found.next_best is not None
    assert found.next_best.cost == found.planned
    assert found.timing is Timing.WINDOW
    assert (found.before, found.drive) == (depot, int(seconds[depot, mitte]))
    assert found.pickup == booking.ride.promise.pickup_earliest
    assert found.leaves == found.pickup - found.drive


def test_who_comes_from_the_ride_before_arrives_when_the_vehicle_does(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    """Two crowds in a row, in the one vehicle that holds them: the later waits for the earlier."""
    now = at("09:00")
    crowd = Party(8)
    first = book(dispatcher, ride("mitte", "bahnhof", party=crowd), now, "key-0001")
    second = book(dispatcher, ride("mitte", "bahnhof", party=crowd), now, "key-0002")
    before, found = sorted(
        (explained(dispatcher, each, now) for each in (first, second)),
        key=lambda each: each.pickup,
    )
    there = toy_region.place_of("bahnhof")
    back = int(toy_region.travel.seconds[there, toy_region.place_of("mitte")])
    assert before.vehicle == found.vehicle == "bus-1"
    assert found.timing is Timing.ARRIVAL
    assert (found.before, found.drive) == (there, back)
    assert found.pickup == before.dropoff + 60 + back
    [other] = found.others
    assert (other.vehicle, other.cost, other.obstacle) == ("bus-2", None, Obstacle.CAPACITY)
    assert other.missing == "seats"


def test_a_wheelchair_does_not_fit_into_the_small_bus(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    booking = book(dispatcher, ride(party=Party(1, 1)), now)
    [other] = explained(dispatcher, booking, now).others
    assert (other.vehicle, other.missing) == ("bus-2", "wheelchairs")


def test_a_ride_that_has_begun_is_told_but_not_compared(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(), at("09:00"))
    now = at("10:02")
    dispatcher.advance(now)
    found = explained(dispatcher, booking, now)
    assert found.begun
    assert (found.planned, found.own, found.others, found.next_best) == (None, None, (), None)
    assert found.pickup <= now < found.dropoff


def test_a_cancelled_ride_has_nothing_to_explain(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(), at("09:00"))
    cancelled = dispatcher.cancel(booking.code, at("09:01"))
    with pytest.raises(NotPlanned):
        explained(dispatcher, cancelled, at("09:01"))


@pytest.mark.parametrize("seed", range(6))
def test_at_booking_no_other_vehicle_costs_less_and_later_the_own_place_is_no_worse_than_planned(
    toy_region: Region, seed: int
) -> None:
    rng = random.Random(seed)
    dispatcher = Dispatcher(toy_region, MemoryStore())
    now, stops, booked = at("09:00"), [each.id for each in toy_region.stops], list[Booking]()
    for number in range(25):
        origin, destination = rng.sample(stops, 2)
        clock = f"{rng.randrange(10, 12)}:{rng.randrange(60):02}"
        party = rng.choice([Party(), Party(2), Party(1, 1)])
        wish = ride(origin, destination, rng.choice(list(When)), clock, party)
        quote = dispatcher.quote(wish, now)
        if quote.refusal is not None:
            continue
        try:
            booking = dispatcher.book(rng.choice(quote.offers), f"key-{number:04}", now)
        except OfferGone:
            continue
        booked.append(booking)
        fresh = explained(dispatcher, booking, now)
        assert fresh.planned is not None
        assert fresh.planned == fresh.own
        best = fresh.next_best
        assert best is None or best.cost is None or best.cost.seconds >= fresh.planned.seconds
    assert len(booked) > 10
    for booking in booked:
        later = explained(dispatcher, booking, now)
        assert later.own is not None
        assert later.planned is not None
        assert later.own.seconds <= later.planned.seconds
        promise = booking.ride.promise
        assert promise.pickup_earliest <= later.pickup <= promise.pickup_latest
        assert all((each.cost is None) == (each.obstacle != Obstacle.NONE) for each in later.others)
    assert dispatcher.plan(MONDAY, now).bookings.keys() == {each.code for each in booked}
    dispatcher.close()


# ------------------------------------------------------------------------------------ on the wire


def test_the_answer_says_in_words_what_its_numbers_say(api: Api) -> None:
    booking = api.book(party={"passengers": 1, "wheelchairs": 1})
    address = f"/api/v1/plan/explain/{booking['code']}"
    told = api.http.get(address).json()
    assert (told["code"], told["vehicle"], told["shift"]) == (
        booking["code"],
        "Bus 1",
        "bus-1@06:00",
    )
    assert told["expected_pickup"] == booking["pickup_window"]["earliest"]
    assert told["timing"] == "window"
    assert told["comes_from"] == "Amtshaus"
    assert told["added"] == told["best_in_own_tour"]
    assert told["next_best"] is None
    assert told["others"] == [
        {
            "shift": "bus-2@07:00",
            "vehicle": "Bus 2",
            "added": None,
            "obstacle": "capacity",
            "message": "Es ist kein Rollstuhlplatz frei.",
        }
    ]
    minutes = round(told["added"]["seconds"] / 60)
    assert told["message"] == (
        "Bus 1 kommt von Amtshaus und ist um 09:00 Uhr da: Dann beginnt das zugesagte Zeitfenster. "
        f"Das sind {minutes} min Fahrzeit mehr; in kein anderes Fahrzeug passt die Fahrt."
    )
    english = api.http.get(address, headers={"Accept-Language": "en"}).json()
    assert english["message"] == (
        "Bus 1 comes from Amtshaus and is there at 09:00: the promised window opens then. "
        f"That is {minutes} min more driving; the ride fits into no other vehicle."
    )


def test_the_next_best_vehicle_is_named_with_its_cost(api: Api) -> None:
    told = api.http.get(f"/api/v1/plan/explain/{api.book()['code']}").json()
    assert told["next_best"]["vehicle"] == "Bus 2"
    assert told["next_best"]["added"] == told["added"]
    assert f"mit Bus 2 wären es {round(told['added']['seconds'] / 60)} min." in told["message"]


def test_what_is_not_in_the_plan_is_a_problem(api: Api) -> None:
    unknown = api.http.get("/api/v1/plan/explain/ABCD1234")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_booking")
    code = api.book()["code"]
    api.http.delete(f"/api/v1/bookings/{code}")
    cancelled = api.http.get(f"/api/v1/plan/explain/{code}")
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "not_planned")


def test_a_ride_under_way_says_where_it_comes_from(api: Api) -> None:
    booking = api.book()
    api.clock.set("2027-03-22T09:03")
    api.dispatcher.advance(api.clock())
    told = api.http.get(f"/api/v1/plan/explain/{booking['code']}").json()
    assert told["begun"] is True
    assert told["added"] is None
    assert told["expected_pickup"] == berlin("2027-03-22T09:00")
