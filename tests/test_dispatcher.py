"""The dispatcher on Toy Town: offers, bookings, promises, and who may change what."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from routing.check import check_plan
from routing.problem import HaltKind
from routing.schedule import timetable
from shuttle.answers import RefusalReason
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import (
    Booking,
    BookingStatus,
    Location,
    Offer,
    Party,
    RideRequest,
    When,
)
from shuttle.errors import (
    IdempotencyConflict,
    NotCancellable,
    OfferExpired,
    OfferGone,
    OfferTaken,
    RequestError,
    UnknownBooking,
)
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.toy_town import coordinates

ZONE = ZoneInfo("Europe/Berlin")
MONDAY = date(2027, 3, 1)
ALONE = Party()
SLOW = pytest.mark.slow


def at(clock: str, day: date = MONDAY) -> int:
    """The epoch second of a time of day in Toy Town."""
    hours, minutes = map(int, clock.split(":"))
    return int(datetime(day.year, day.month, day.day, hours, minutes, tzinfo=ZONE).timestamp())


def stop(name: str) -> Location:
    return Location(0.0, 0.0, name, stop=name)


def spot(east: float, north: float) -> Location:
    return Location(*coordinates((east, north)), f"{east} {north}")


def ride(
    origin: str | Location = "mitte",
    destination: str | Location = "bahnhof",
    when: When = When.DEPART_AT,
    clock: str = "10:00",
    party: Party = ALONE,
    day: date = MONDAY,
) -> RideRequest:
    ends = [stop(end) if isinstance(end, str) else end for end in (origin, destination)]
    return RideRequest(ends[0], ends[1], when, at(clock, day), party)


def assert_sound(region: Region, plan: DayPlan) -> None:
    """The independent checker finds every promise of the plan in its tours, and no fault."""
    trips = {code: exact_trip(region, each.ride, code) for code, each in plan.bookings.items()}
    faults = check_plan(plan.tours, region.travel, trips)
    assert [str(each) for each in faults] == []


def book(dispatcher: Dispatcher, request: RideRequest, now: int, key: str = "key-0001") -> Booking:
    return dispatcher.book(dispatcher.quote(request, now).offers[0], key, now)


def test_a_free_service_offers_three_windows_from_the_wanted_departure(
    dispatcher: Dispatcher,
) -> None:
    quote = dispatcher.quote(ride(clock="10:00"), at("09:00"))
    windows = [
        (offer.ride.promise.pickup_earliest, offer.ride.promise.pickup_latest)
        for offer in quote.offers
    ]
    assert windows == [
        (at("10:00"), at("10:15")),
        (at("10:15"), at("10:30")),
        (at("10:30"), at("10:45")),
    ]
    assert quote.refusal is None


def test_an_arrival_is_offered_before_its_time_and_as_late_as_possible(
    dispatcher: Dispatcher,
) -> None:
    quote = dispatcher.quote(ride(when=When.ARRIVE_BY, clock="10:00"), at("08:00"))
    assert all(offer.ride.promise.dropoff_latest <= at("10:00") for offer in quote.offers)
    assert all(offer.expected_dropoff <= at("10:00") for offer in quote.offers)
    first = quote.offers[0].ride.promise
    assert first.pickup_latest + 60 + quote.offers[0].ride.direct_seconds > at("09:58")


def test_a_ride_for_now_leaves_time_to_come(dispatcher: Dispatcher) -> None:
    quote = dispatcher.quote(ride(clock="10:00"), at("10:00"))
    assert quote.offers[0].ride.promise.pickup_earliest >= at("10:10")


def test_the_promise_lies_within_the_rules_of_the_region(dispatcher: Dispatcher) -> None:
    for offer in dispatcher.quote(ride(), at("09:00")).offers:
        promise, direct = offer.ride.promise, offer.ride.direct_seconds
        assert promise.max_ride == round(1.5 * direct) + 20 * 60
        assert promise.pickup_latest - promise.pickup_earliest == 15 * 60
        assert promise.dropoff_latest == promise.pickup_latest + 60 + promise.max_ride
        assert promise.pickup_earliest <= offer.expected_pickup <= promise.pickup_latest
        assert offer.expected_dropoff <= promise.dropoff_latest


def test_an_address_is_served_from_the_stops_around_it(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    offer = dispatcher.quote(ride(spot(10, 200), spot(3000, 600)), at("09:00")).offers[0]
    near = dict(toy_region.walkable_stops(*coordinates((10, 200))))
    assert offer.ride.walk_to_pickup == near[toy_region.place_of(offer.ride.pickup_stop)]
    assert offer.ride.promise.pickup_earliest >= at("10:00") + offer.ride.walk_to_pickup / 1.25


def test_every_pair_of_nearby_stops_is_examined(dispatcher: Dispatcher) -> None:
    """A vehicle that passes a farther stop anyway makes the better offer there."""
    now = at("09:00")
    for number in range(3):
        book(dispatcher, ride("mitte", "bahnhof"), now, f"key-{number:04}")
    alone = Dispatcher(dispatcher.region, MemoryStore())
    request = ride(spot(150, 120), spot(3010, 330))
    pooled = dispatcher.quote(request, now).offers[0].ride
    free = alone.quote(request, now).offers[0].ride
    alone.close()
    assert pooled.pickup_stop == "mitte"
    assert {pooled.pickup_stop, free.pickup_stop} <= {"mitte", "kirche", "gaensegasse"}


def test_a_booking_becomes_part_of_a_tour_with_its_promise_as_the_window(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking = book(dispatcher, ride(), at("09:00"))
    plan = dispatcher.plan(MONDAY, at("09:00"))
    number = plan.tour_of(booking.code)
    assert number is not None
    pickup = next(halt for halt in plan.tours[number].halts if halt.trip == booking.code)
    assert pickup.kind is HaltKind.PICKUP
    assert (pickup.earliest, pickup.latest) == (
        booking.ride.promise.pickup_earliest,
        booking.ride.promise.pickup_latest,
    )
    assert_sound(toy_region, plan)


def test_booking_twice_with_one_key_is_one_booking(dispatcher: Dispatcher) -> None:
    offer = dispatcher.quote(ride(), at("09:00")).offers[0]
    first = dispatcher.book(offer, "key-0001", at("09:00"))
    assert dispatcher.book(offer, "key-0001", at("09:04")) == first
    assert len(dispatcher.plan(MONDAY, at("09:00")).bookings) == 1


def test_a_key_that_was_used_for_another_offer_is_refused(dispatcher: Dispatcher) -> None:
    first, second = dispatcher.quote(ride(), at("09:00")).offers[:2]
    dispatcher.book(first, "key-0001", at("09:00"))
    with pytest.raises(IdempotencyConflict):
        dispatcher.book(second, "key-0001", at("09:00"))


def test_an_offer_is_booked_only_once(dispatcher: Dispatcher) -> None:
    offer = dispatcher.quote(ride(), at("09:00")).offers[0]
    dispatcher.book(offer, "key-0001", at("09:00"))
    with pytest.raises(OfferTaken):
        dispatcher.book(offer, "key-0002", at("09:00"))


def test_an_offer_lasts_five_minutes(dispatcher: Dispatcher) -> None:
    offer = dispatcher.quote(ride(), at("09:00")).offers[0]
    with pytest.raises(OfferExpired):
        dispatcher.book(offer, "key-0001", at("09:06"))


def test_an_offer_that_no_longer_fits_comes_back_with_fresh_ones(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    request = ride(party=Party(8))  # only bus 1 holds it
    offers = [dispatcher.quote(request, now).offers[0] for _ in range(8)]
    for number, offer in enumerate(offers[:2]):
        dispatcher.book(offer, f"key-{number:04}", now)
    with pytest.raises(OfferGone) as caught:
        dispatcher.book(offers[2], "key-1000", now)
    fresh = caught.value.quote.offers[0]
    assert dispatcher.book(fresh, "key-2000", now).ride == fresh.ride


def test_a_full_service_says_why_and_offers_the_nearest_that_works(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    now = at("09:00")
    wheelchair = Party(1, 1)
    quote = dispatcher.quote(ride(party=wheelchair), now)
    for number in range(60):
        if quote.refusal is not None:
            break
        dispatcher.book(quote.offers[0], f"key-{number:04}", now)
        quote = dispatcher.quote(ride(party=wheelchair), now)
    refusal = quote.refusal
    assert refusal is not None
    assert refusal.reason in (RefusalReason.NO_WHEELCHAIR_PLACE, RefusalReason.OTHER_PROMISES)
    assert quote.offers
    wanted = range(at("10:00"), at("11:00"))
    assert all(offer.ride.promise.pickup_earliest not in wanted for offer in quote.offers)
    for number, offer in enumerate(quote.offers):
        dispatcher.book(offer, f"fix-{number:04}", now)
    assert_sound(toy_region, dispatcher.plan(MONDAY, now))
    kept = dispatcher.store.unmet(MONDAY, MONDAY)
    assert [(each.id, each.reason) for each in kept] == [(refusal.id, refusal.reason)]


def test_nobody_is_planned_over_the_drivers_break(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    for number, clock in enumerate(["11:50", "12:00", "12:10", "12:25", "12:40", "12:50", "13:05"]):
        quote = dispatcher.quote(ride(clock=clock, party=Party(5)), at("09:00"))
        if quote.refusal is None:
            dispatcher.book(quote.offers[0], f"key-{number:04}", at("09:00"))
    plan = dispatcher.plan(MONDAY, at("09:00"))
    assert len(plan.bookings) >= 5
    assert any(halt.kind is HaltKind.BREAK for halt in plan.tours[0].halts)
    assert_sound(toy_region, plan)


def test_a_cancelled_ride_leaves_the_tour_and_can_be_cancelled_again(
    dispatcher: Dispatcher,
) -> None:
    booking = book(dispatcher, ride(), at("09:00"))
    assert dispatcher.cancel(booking.code, at("09:10")).status is BookingStatus.CANCELLED
    assert dispatcher.cancel(booking.code, at("09:11")).status is BookingStatus.CANCELLED
    assert dispatcher.plan(MONDAY, at("09:11")).tour_of(booking.code) is None
    assert dispatcher.booking(booking.code).status is BookingStatus.CANCELLED


def test_a_ride_whose_vehicle_is_on_its_way_cannot_be_cancelled(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(), at("09:00"))
    with pytest.raises(NotCancellable):
        dispatcher.cancel(booking.code, at("10:00"))
    dispatcher.advance(at("11:00"))
    with pytest.raises(NotCancellable):
        dispatcher.cancel(booking.code, at("11:00"))


def test_unknown_codes_are_said_to_be_unknown(dispatcher: Dispatcher) -> None:
    with pytest.raises(UnknownBooking):
        dispatcher.booking("NOSUCH22")
    with pytest.raises(UnknownBooking):
        dispatcher.cancel("NOSUCH22", at("09:00"))


def test_vehicles_follow_their_timetable_and_keep_their_promises(dispatcher: Dispatcher) -> None:
    bookings = [
        book(dispatcher, ride(clock=clock), at("09:00"), f"key-{clock}")
        for clock in ("10:00", "10:05", "11:00")
    ]
    dispatcher.advance(at("10:30"))
    states = [dispatcher.booking(each.code).status for each in bookings]
    assert states == [BookingStatus.SERVED, BookingStatus.SERVED, BookingStatus.BOOKED]
    dispatcher.advance(at("13:00"))
    kinds = [event.kind for event in dispatcher.events(MONDAY)]
    assert (
        kinds.count("picked_up") == kinds.count("dropped_off") == kinds.count("promise_kept") == 3
    )
    assert "promise_broken" not in kinds


def test_nobody_is_picked_up_before_the_time_at_which_a_waiting_vehicle_can_leave(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    """A vehicle that has waited since the morning still has to drive."""
    now = at("18:00")
    offer = dispatcher.quote(ride("bach", "mitte", clock="18:00"), now).offers[0]
    depot = len(toy_region.stops)
    drive = int(toy_region.travel.seconds[depot, toy_region.place_of("bach")])
    assert offer.expected_pickup >= now + drive


@pytest.mark.parametrize(
    ("request_", "now", "code", "field"),
    [
        (ride(spot(9000, 0)), "09:00", "outside_area", "from"),
        (ride("mitte", spot(1600, 700)), "09:00", "no_stop_near", "to"),
        (ride("mitte", "nowhere"), "09:00", "unknown_stop", "to.stop"),
        (ride("mitte", "mitte"), "09:00", "same_stop", "to"),
        (ride(clock="08:00"), "09:00", "in_the_past", "when.depart_at"),
        (ride(day=date(2027, 3, 9)), "09:00", "beyond_horizon", "when.depart_at"),
        (ride(day=date(2927, 3, 9)), "09:00", "beyond_horizon", "when.depart_at"),
        (ride(clock="21:00"), "09:00", "outside_hours", "when.depart_at"),
        (ride(day=date(2027, 3, 7)), "09:00", "outside_hours", "when.depart_at"),
        (ride(clock="06:00", when=When.ARRIVE_BY), "05:00", "outside_hours", "when.arrive_by"),
        (ride(party=Party(9)), "09:00", "party_too_large", "party.passengers"),
        (ride(party=Party(2, 2)), "09:00", "party_too_large", "party.wheelchairs"),
        (ride(party=Party(3, 0, 2)), "09:00", "party_too_large", "party.child_seats"),
        (ride(party=Party(8, 1)), "09:00", "party_too_large", "party"),
        (ride(party=Party(1, 1, 1)), "09:00", "party_mismatch", "party.passengers"),
        (ride(party=Party(0)), "09:00", "party_empty", "party.passengers"),
    ],
)
def test_what_no_plan_could_serve_names_the_field(
    dispatcher: Dispatcher, request_: RideRequest, now: str, code: str, field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        dispatcher.quote(request_, at(now))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value).endswith(".")


def _act(
    rng: random.Random, dispatcher: Dispatcher, now: int, offers: list[Offer], codes: list[str]
) -> None:
    """One random act of a resident."""
    stops = [each.id for each in dispatcher.region.stops]
    dice = rng.random()
    if dice < 0.5:
        origin, destination = rng.sample(stops, 2)
        party = rng.choice([Party(), Party(2), Party(1, 1), Party(3, 0, 1), Party(6)])
        when = rng.choice(list(When))
        asked = RideRequest(
            stop(origin), stop(destination), when, now + rng.randrange(1200, 9000), party
        )
        offers.extend(dispatcher.quote(asked, now).offers)
    elif dice < 0.85 and offers:
        offer = offers.pop(-rng.randrange(1, min(4, len(offers) + 1)))
        with suppress(OfferGone, OfferExpired):
            codes.append(dispatcher.book(offer, f"key-{offer.id}", now).code)
    elif codes:
        with suppress(NotCancellable):
            dispatcher.cancel(rng.choice(codes), now)


def assert_rolls_smoothly(region: Region, plan: DayPlan, now: int) -> None:
    """As time goes by and nobody calls, no halt moves by a second."""
    before = [[each.begin for each in timetable(tour, region.travel)] for tour in plan.tours]
    for later in range(now, now + 3600, 97):
        plan = plan.at(later)
        after = [[each.begin for each in timetable(tour, region.travel)] for tour in plan.tours]
        assert after == before


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(n, marks=SLOW) for n in range(4, 40))])
def test_whatever_residents_do_the_checker_finds_every_promise_kept(
    toy_region: Region, seed: int
) -> None:
    rng = random.Random(seed)
    store = MemoryStore()
    dispatcher = Dispatcher(toy_region, store)
    now, offers, codes = at("07:00"), list[Offer](), list[str]()
    for _ in range(150):
        now += rng.randrange(0, 240)
        if rng.random() < 0.03:  # a restart in between
            dispatcher.close()
            dispatcher = Dispatcher(toy_region, store)
        _act(rng, dispatcher, now, offers, codes)
        dispatcher.advance(now)
        assert_sound(toy_region, dispatcher.plan(MONDAY, now))
        assert_rolls_smoothly(toy_region, dispatcher.plan(MONDAY, now), now)
    dispatcher.advance(at("20:00"))
    kinds = [event.kind for event in dispatcher.events(MONDAY)]
    dispatcher.close()
    assert len(codes) > 20
    assert kinds.count("promise_kept") == kinds.count("booked") - kinds.count("cancelled")
    assert "promise_broken" not in kinds


@pytest.mark.parametrize("each", [10, pytest.param(100, marks=SLOW)])
def test_eight_clients_at_once_lose_nothing_and_double_nothing(
    toy_region: Region, database_url: str, each: int
) -> None:
    dispatcher = Dispatcher(toy_region, SqlStore(database_url, "toy-town"))
    now = at("07:00")

    def client(number: int) -> list[Booking]:
        rng = random.Random(number)
        return [
            booking
            for step in range(each)
            if (booking := _try_to_book(dispatcher, rng, now, f"key-{number}-{step}")) is not None
        ]

    with ThreadPoolExecutor(8) as pool:
        confirmed = [booking for made in pool.map(client, range(8)) for booking in made]
    dispatcher.close()
    again = Dispatcher(toy_region, SqlStore(database_url, "toy-town"))
    plan = again.plan(MONDAY, now)
    assert len(confirmed) > 50
    assert plan.bookings == {booking.code: booking for booking in confirmed}
    assert_sound(toy_region, plan)
    again.close()


def test_who_acts_waits_for_their_turn_and_after_the_end_nobody_has_one(
    toy_region: Region,
) -> None:
    dispatcher = Dispatcher(toy_region, MemoryStore())
    inside, most = 0, 0

    def act() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(dispatcher.write, [act] * 40))
    assert most == 1
    dispatcher.close()
    with pytest.raises(RuntimeError, match="closed"):
        dispatcher.write(act)


def _try_to_book(dispatcher: Dispatcher, rng: random.Random, now: int, key: str) -> Booking | None:
    origin, destination = rng.sample([each.id for each in dispatcher.region.stops], 2)
    wanted = now + rng.randrange(1200, 11 * 3600)
    offers = dispatcher.quote(
        RideRequest(stop(origin), stop(destination), When.DEPART_AT, wanted), now
    ).offers
    if not offers:
        return None
    try:
        return dispatcher.book(rng.choice(offers), key, now)
    except OfferGone:
        return None


def test_two_dispatchers_on_one_database_fence_each_other(
    toy_region: Region, database_url: str
) -> None:
    one, two, third = (Dispatcher(toy_region, SqlStore(database_url, "toy-town")) for _ in range(3))
    now = at("09:00")
    booked = [
        book(server, ride(clock=f"{10 + number}:00"), now, f"key-{number:04}")
        for number, server in enumerate((one, two, two, one, two))
    ]
    one.close()
    two.close()
    assert third.plan(MONDAY, now).bookings == {each.code: each for each in booked}
    assert_sound(toy_region, third.plan(MONDAY, now))
    third.close()


def test_a_restart_in_the_middle_of_a_tour_changes_nothing(toy_region: Region) -> None:
    store = MemoryStore()
    first = Dispatcher(toy_region, store)
    for number, clock in enumerate(["10:00", "10:10", "10:40", "11:00"]):
        book(first, ride(clock=clock), at("09:00"), f"key-{number:04}")
    first.advance(at("10:12"))
    before = first.plan(MONDAY, at("10:12"))
    first.close()
    second = Dispatcher(toy_region, store)
    after = second.plan(MONDAY, at("10:12"))
    assert [replace(tour, ready=0) for tour in after.tours] == [
        replace(tour, ready=0) for tour in before.tours
    ]
    assert after.bookings == before.bookings
    second.close()


def test_events_at_hand_are_those_that_are_stored(dispatcher: Dispatcher) -> None:
    store, other = dispatcher.store, Dispatcher(dispatcher.region, dispatcher.store)
    booking = book(dispatcher, ride(clock="08:30"), at("08:00"), "key-first")
    for number, clock in enumerate(("09:00", "10:00", "11:00")):
        booking = book(dispatcher, ride(clock=clock), at("08:00"), f"key-{number:04}")
        assert dispatcher.events(MONDAY) == store.events(MONDAY)
    dispatcher.cancel(booking.code, at("08:01"))
    assert dispatcher.events(MONDAY) == store.events(MONDAY)
    book(other, ride(clock="13:00"), at("08:02"), "key-of-another")
    dispatcher.refresh()
    assert dispatcher.events(MONDAY) == store.events(MONDAY)
    book(dispatcher, ride(clock="14:00"), at("08:03"), "key-of-mine")
    assert dispatcher.events(MONDAY) == store.events(MONDAY)
