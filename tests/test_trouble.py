"""Trouble in Toy Town: what it does, what is made of it, and that nobody is dropped."""

from datetime import datetime
from pathlib import Path

import pytest

from routing.check import check_tour
from shuttle.answers import RefusalReason
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Cause, Party, When
from shuttle.driving.reports import ReportKind, Sighting
from shuttle.errors import NotStranded, OfferGone, PlanChanged, RequestError, UnknownCondition
from shuttle.events import Postponed, PromiseBroken, PromiseKept, StopMoved, Stranded, TakenOver
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import vehicle_of
from shuttle.region import Region
from shuttle.trouble.conditions import RoadClosed, ShiftSet, Slower, StopClosed, VehicleOut
from shuttle.trouble.consequences import planned
from shuttle.trouble.entering import entered, if_still
from shuttle.trouble.listing import postponed, waiting
from tests.reporting import BUS, send, told
from tests.test_dispatcher import MONDAY, ZONE, at, ride
from tests.toy_town import coordinates
from tests.troubled_days import booked, confirm, effect_on, faults_of, lift

LANDSTRASSE = coordinates((800, 250))
HAUPTSTRASSE = coordinates((100, 0))


def events(dispatcher: Dispatcher, kind: type) -> list[object]:
    return [each for each in dispatcher.events(MONDAY) if isinstance(each, kind)]


# ------------------------------------------------------------------------------- a vehicle is out


def test_the_rides_of_a_vehicle_that_is_out_go_to_the_other_one(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    rides = booked(dispatcher, now, {"clock": "10:00"}, {"clock": "11:00"})
    shift = (
        dispatcher.plan(MONDAY, now)
        .tours[dispatcher.plan(MONDAY, now).tour_of(rides[0].code) or 0]
        .shift.id
    )
    vehicle = shift.partition("@")[0]
    result = confirm(dispatcher, VehicleOut(vehicle, at("09:30"), at("20:00")), now)
    plan = dispatcher.plan(MONDAY, now)
    assert faults_of(plan) == []
    assert plan.stranded == ()
    moved = effect_on(result, rides[0])
    assert moved.other_vehicle
    assert moved.after is not None
    assert moved.after.shift != shift
    assert moved.late == 0
    assert TakenOver(now, rides[0].code, result.condition.id, moved.after.shift) in events(
        dispatcher, TakenOver
    )


def test_without_any_vehicle_rides_are_stranded_and_nobody_is_dropped(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    (only,) = booked(dispatcher, now, {"clock": "10:00"})
    confirm(dispatcher, VehicleOut("bus-1", at("09:30"), at("20:00")), now)
    result = confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("20:00")), now)
    assert effect_on(result, only).stranded
    assert effect_on(result, only).late_ride is None
    (listed,) = waiting(dispatcher.plan(MONDAY, now), now)
    assert listed.booking.code == only.code
    assert events(dispatcher, Stranded) == [Stranded(now, only.code, result.condition.id, None)]
    assert dispatcher.cancel(only.code, now).status is BookingStatus.CANCELLED


def test_people_in_a_vehicle_that_breaks_down_are_taken_on_by_another_from_where_it_stands(
    dispatcher: Dispatcher,
) -> None:
    (aboard,) = booked(dispatcher, at("09:00"), {"origin": "mitte", "clock": "10:00"})
    plan = dispatcher.plan(MONDAY, at("09:00"))
    number = plan.tour_of(aboard.code)
    assert number is not None
    vehicle = plan.tours[number].shift.id.partition("@")[0]
    pickup = next(
        int(row["soonest"])
        for halt, row in zip(plan.tours[number].halts, plan.compiled.halts[number], strict=False)
        if halt.trip == aboard.code
    )
    now = pickup + 90
    dispatcher.advance(now)
    assert dispatcher.booking(aboard.code).status is BookingStatus.ON_BOARD
    result = confirm(dispatcher, VehicleOut(vehicle, now, at("20:00"), "landstrasse"), now)
    assert result.effects[0].code == aboard.code
    assert result.effects[0].on_board
    taken_on = effect_on(result, aboard)
    assert taken_on.other_vehicle
    now_booked = dispatcher.booking(aboard.code)
    assert now_booked.ride_now.pickup_stop == "landstrasse"
    assert now_booked.ride.pickup_stop == "mitte"
    assert now_booked.status is BookingStatus.BOOKED
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    dispatcher.advance(at("13:00"))
    assert dispatcher.booking(aboard.code).status is BookingStatus.SERVED
    verdicts = [each for each in dispatcher.events(MONDAY) if each.kind.startswith("promise_")]
    assert [each.kind for each in verdicts] == ["promise_kept"]  # on time, on the first vehicle


def test_whoever_sits_in_a_vehicle_that_stands_at_their_stop_has_arrived(
    dispatcher: Dispatcher,
) -> None:
    (aboard,) = booked(dispatcher, at("09:00"), {"clock": "10:00"})
    plan = dispatcher.plan(MONDAY, at("09:00"))
    number = plan.tour_of(aboard.code) or 0
    vehicle = plan.tours[number].shift.id.partition("@")[0]
    now = at("10:02")
    dispatcher.advance(now)
    assert dispatcher.booking(aboard.code).status is BookingStatus.ON_BOARD
    confirm(dispatcher, VehicleOut(vehicle, now, at("20:00"), "bahnhof"), now)
    assert dispatcher.booking(aboard.code).status is BookingStatus.SERVED
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    assert events(dispatcher, PromiseKept) == [PromiseKept(now, aboard.code)]


def test_a_vehicle_that_breaks_down_while_its_driver_rests_stands_where_people_got_on(
    dispatcher: Dispatcher,
) -> None:
    (aboard,) = booked(dispatcher, at("09:00"), {"clock": "10:00", "party": Party(6)})
    send(dispatcher, "10:06", told(ReportKind.STARTED, "09:30"))
    send(dispatcher, "10:06", told(ReportKind.PICKED_UP, "10:05", aboard))
    send(dispatcher, "10:20", told(ReportKind.BREAK_STARTED, "10:20"))
    confirm(dispatcher, VehicleOut("bus-1", at("10:30"), at("20:00")), at("10:30"))
    (left,) = dispatcher.plan(MONDAY, at("10:30")).stranded
    assert left.ride_now.pickup_stop == aboard.ride.pickup_stop


def test_a_vehicle_that_comes_back_works_on(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("20:00")), now)
    out = confirm(dispatcher, VehicleOut("bus-1", at("08:30"), at("20:00")), now)
    assert refused(dispatcher, "10:00", now)
    lift(dispatcher, out.condition.id, at("11:00"))
    plan = dispatcher.plan(MONDAY, at("11:00"))
    assert [tour.shift.id for tour in plan.tours] == ["bus-1@06:00", "bus-2@07:00", "bus-1@11:00"]
    (again,) = booked(dispatcher, at("11:00"), {"clock": "12:00"})
    assert dispatcher.plan(MONDAY, at("11:00")).tour_of(again.code) == 2
    dispatcher.advance(at("20:00"))
    assert dispatcher.booking(again.code).status is BookingStatus.SERVED
    assert faults_of(dispatcher.plan(MONDAY, at("20:00"))) == []


def refused(dispatcher: Dispatcher, clock: str, now: int) -> bool:
    return dispatcher.quote(ride(clock=clock), now).refusal is not None


def test_an_outage_that_is_called_off_before_it_begins_leaves_no_trace(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    rides = booked(dispatcher, now, {"clock": "10:00"}, {"clock": "15:00"})
    before = dispatcher.plan(MONDAY, now).tours
    out = confirm(dispatcher, VehicleOut("bus-1", at("12:00"), at("14:00")), now)
    lift(dispatcher, out.condition.id, at("09:00"))
    after = dispatcher.plan(MONDAY, now)
    assert [tour.shift for tour in after.tours[:2]] == [tour.shift for tour in before]
    assert after.tours[2].shift.start == after.tours[2].shift.end
    assert after.stranded == ()
    assert faults_of(after) == []
    assert all(after.tour_of(each.code) is not None for each in rides)


def test_lifting_one_outage_leaves_the_other_in_force(dispatcher: Dispatcher) -> None:
    now = at("08:00")
    morning = confirm(dispatcher, VehicleOut("bus-2", at("09:00"), at("10:00")), now)
    confirm(dispatcher, VehicleOut("bus-2", at("11:00"), at("12:00")), now)
    lift(dispatcher, morning.condition.id, now)
    assert hours(dispatcher, "bus-2", now) == [("07:00", "11:00"), ("12:00", "19:00")]


def test_of_two_outages_that_overlap_lifting_one_gives_back_the_hours_of_it_alone(
    dispatcher: Dispatcher,
) -> None:
    first = confirm(dispatcher, VehicleOut("bus-2", at("08:00"), at("10:00")), at("08:00"))
    confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("12:00")), at("08:00"))
    now = at("08:30")
    lift(dispatcher, first.condition.id, now)
    assert hours(dispatcher, "bus-2", now) == [
        ("07:00", "08:00"),
        ("08:30", "09:30"),
        ("12:00", "19:00"),
    ]


def test_the_hours_entered_for_a_part_of_a_shift_outlive_the_outage_that_made_it(
    dispatcher: Dispatcher,
) -> None:
    now = at("08:00")
    out = confirm(dispatcher, VehicleOut("bus-2", at("10:00"), at("12:00")), now)
    confirm(dispatcher, ShiftSet("bus-2", at("12:00"), at("20:00"), None, "bus-2@12:00"), now)
    lift(dispatcher, out.condition.id, now)
    assert hours(dispatcher, "bus-2", now) == [("07:00", "12:00"), ("12:00", "20:00")]


@pytest.mark.parametrize(("begin", "left"), [("12:00", 1), ("12:40", 0)])
def test_a_vehicle_that_comes_back_has_the_breaks_that_were_not_taken(
    dispatcher: Dispatcher, begin: str, left: int
) -> None:
    out = confirm(dispatcher, VehicleOut("bus-1", at(begin), at("13:30")), at("09:00"))
    back = at("12:45")
    lift(dispatcher, out.condition.id, back)
    shifts = [tour.shift for tour in dispatcher.plan(MONDAY, back).tours]
    assert sum(len(each.breaks) for each in shifts if each.start == back) == left


def test_nobody_is_to_work_with_a_vehicle_while_it_is_out(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    confirm(dispatcher, VehicleOut("bus-2", at("10:00"), at("12:00")), now)
    longer = ShiftSet("bus-2", at("07:00"), at("11:00"), None, "bus-2@07:00")
    for wanted in (longer, ShiftSet("bus-2", at("10:30"), at("11:30"))):
        with pytest.raises(RequestError) as caught:
            confirm(dispatcher, wanted, now)
        assert (caught.value.code, caught.value.field) == ("out_of_service", "vehicle")


def test_a_vehicle_that_stands_until_its_break_is_over_does_not_work_before(
    dispatcher: Dispatcher,
) -> None:
    now = at("12:10")
    confirm(dispatcher, VehicleOut("bus-1", now, at("12:20")), now)
    assert hours(dispatcher, "bus-1", now) == [("06:00", "12:30"), ("12:30", "20:00")]


def test_a_break_reported_before_its_shift_outlives_that_its_vehicle_is_out(
    dispatcher: Dispatcher,
) -> None:
    now = at("05:30")
    send(dispatcher, "05:30", told(ReportKind.BREAK_STARTED, "05:20"))
    out = confirm(dispatcher, VehicleOut("bus-1", at("05:00"), at("20:00")), now)
    assert hours(dispatcher, "bus-1", now) == []
    lift(dispatcher, out.condition.id, now)
    assert hours(dispatcher, "bus-1", now) == [("06:00", "20:00")]


def hours(dispatcher: Dispatcher, vehicle: str, now: int) -> list[tuple[str, str]]:
    """From when until when a vehicle has shifts that are not empty."""
    shifts = (
        each.shift for each in dispatcher.plan(MONDAY, now).tours if vehicle_of(each) == vehicle
    )
    clocks = (
        tuple(f"{datetime.fromtimestamp(time, ZONE):%H:%M}" for time in (each.start, each.end))
        for each in shifts
        if each.start < each.end
    )
    return sorted((begin, end) for begin, end in clocks)


# ----------------------------------------------------------------------------------------- shifts


def test_a_shift_more_is_used_at_once(dispatcher: Dispatcher) -> None:
    confirm(dispatcher, VehicleOut("bus-1", at("19:00"), at("23:59")), at("18:00"))
    assert refused(dispatcher, "19:20", at("18:00"))
    confirm(dispatcher, ShiftSet("bus-2", at("19:00"), at("20:00")), at("18:00"))
    (late,) = booked(dispatcher, at("18:00"), {"clock": "19:20"})
    plan = dispatcher.plan(MONDAY, at("18:00"))
    assert plan.tours[plan.tour_of(late.code) or 0].shift.id == "bus-2@19:00"
    assert faults_of(plan) == []


def test_a_shortened_shift_gives_its_late_rides_away_and_gets_them_back_when_lengthened(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("23:59")), now)
    (evening,) = booked(dispatcher, now, {"clock": "18:00"})
    short = confirm(
        dispatcher, ShiftSet("bus-1", at("06:00"), at("16:00"), None, "bus-1@06:00"), now
    )
    assert effect_on(short, evening).stranded
    assert dispatcher.plan(MONDAY, now).tours[0].shift.end == at("16:00")
    longer = confirm(
        dispatcher, ShiftSet("bus-1", at("06:00"), at("19:00"), None, "bus-1@06:00"), now
    )
    assert effect_on(longer, evening).after is not None
    assert faults_of(dispatcher.plan(MONDAY, now)) == []


def test_breaks_follow_the_hours_of_a_shift(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    booked(dispatcher, now, {"clock": "12:00"}, {"clock": "12:30"}, {"clock": "13:00"})
    rest = (at("14:00"), at("14:30"), 1800)
    confirm(
        dispatcher,
        ShiftSet(
            "bus-1",
            at("06:00"),
            at("20:00"),
            ((at("10:00"), at("10:30"), 900), rest),
            "bus-1@06:00",
        ),
        now,
    )
    plan = dispatcher.plan(MONDAY, now)
    assert len(plan.tours[0].shift.breaks) == 2
    assert faults_of(plan) == []


@pytest.mark.parametrize("rests", [None, ((at("19:10"), at("19:40"), 900),)])
def test_a_vehicle_whose_shift_gets_longer_while_it_drives_home_works_on(
    dispatcher: Dispatcher, rests: tuple[tuple[int, int, int], ...] | None
) -> None:
    confirm(dispatcher, VehicleOut("bus-1", at("18:00"), at("20:00")), at("18:00"))
    booked(dispatcher, at("18:00"), {"clock": "18:20"})
    now = at("18:57")
    tour = dispatcher.plan(MONDAY, now).tours[1]
    assert tour.fixed == len(tour.halts), "it drives home"
    longer = ShiftSet("bus-2", tour.shift.start, at("20:00"), rests, tour.shift.id)
    confirm(dispatcher, longer, now)
    (late,) = booked(
        dispatcher, now, {"origin": "bahnhof", "destination": "mitte", "clock": "19:15"}
    )
    dispatcher.advance(at("20:00"))
    assert dispatcher.booking(late.code).status is BookingStatus.SERVED
    tour = dispatcher.plan(MONDAY, at("20:00")).tours[1]
    assert len(tour.shift.breaks) == (0 if rests is None else 1)
    assert [
        str(each) for each in check_tour(tour, dispatcher.plan(MONDAY, at("20:00")).travel)
    ] == []


@pytest.mark.parametrize(
    ("disturbance", "code", "field"),
    [
        (VehicleOut("bus-9", at("10:00"), at("11:00")), "unknown_vehicle", "vehicle"),
        (VehicleOut("bus-1", at("10:00"), at("10:00")), "times_reversed", "until"),
        (VehicleOut("bus-1", at("07:00"), at("08:00")), "already_over", "until"),
        (VehicleOut("bus-2", at("19:30"), at("20:00")), "nothing_to_change", "vehicle"),
        (VehicleOut("bus-1", at("10:00"), at("11:00"), "nowhere"), "unknown_stop", "stop"),
        (ShiftSet("bus-1", at("10:00"), at("12:00")), "shift_overlaps", "vehicle"),
        (ShiftSet("bus-1", at("07:00"), at("12:00"), None, "bus-1@06:00"), "shift_begun", "from"),
        (ShiftSet("bus-1", at("08:00"), at("12:00")), "already_over", "from"),
        (
            ShiftSet("bus-1", at("10:00"), at("12:00"), None, "bus-2@07:00"),
            "unknown_shift",
            "shift",
        ),
        (RoadClosed(((54.0, 9.0),), at("10:00"), at("11:00")), "no_road_near", "points.0"),
        (StopClosed("nowhere", at("10:00"), at("11:00")), "unknown_stop", "stop"),
        (Slower(1.5, at("10:00") + 86400, at("11:00") + 86400), "other_day", "from"),
        (StopClosed("mitte", at("10:00"), at("11:00") + 86400), "other_day", "until"),
        (ShiftSet("bus-1", at("20:00"), at("20:00") + 365 * 86400), "other_day", "until"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    dispatcher: Dispatcher, disturbance: VehicleOut, code: str, field: str
) -> None:
    with pytest.raises(RequestError) as caught:
        confirm(dispatcher, disturbance, at("09:00"))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert dispatcher.plan(MONDAY, at("09:00")).conditions == ()


# ---------------------------------------------------------------------------- roads, snow, stops


def test_a_closed_road_sends_running_tours_round_only_while_it_is_closed(
    dispatcher: Dispatcher,
) -> None:
    """The Hauptstraße is closed in Oberdorf; the way round leads over the Anger."""
    now, region = at("09:00"), dispatcher.region
    ends = {"origin": "hauptstrasse", "destination": "mitte"}
    morning, afternoon = booked(
        dispatcher, now, {**ends, "clock": "10:00"}, {**ends, "clock": "15:00"}
    )
    result = confirm(dispatcher, RoadClosed((HAUPTSTRASSE,), at("09:30"), at("11:30")), now)
    plan = dispatcher.plan(MONDAY, now)
    assert faults_of(plan) == []
    assert [each.code for each in result.effects] == [morning.code]
    direct = int(region.travel.seconds[region.place_of("hauptstrasse"), region.place_of("mitte")])

    def ride_seconds(code: str) -> tuple[int, float]:
        tour = plan.tours[plan.tour_of(code) or 0]
        first, last = (halt.place for halt in tour.halts if halt.trip == code)
        assert plan.region.number_of(last) == region.place_of("mitte")
        return int(plan.travel.seconds[first, last]), plan.region.path(first, last).seconds

    assert ride_seconds(afternoon.code)[0] == direct, "by then it is open again"
    longer, along = ride_seconds(morning.code)
    assert longer > direct + 60
    assert abs(longer - along) <= 1, "the way shown is the way round"


def test_villages_cut_off_are_told_so_and_their_people_are_on_the_list(
    dispatcher: Dispatcher,
) -> None:
    """The Landstraße is the only road between the villages."""
    now = at("09:00")
    cut, later, same = booked(
        dispatcher,
        now,
        {"clock": "10:00"},
        {"clock": "15:00"},
        {"origin": "kirche", "destination": "hauptstrasse", "clock": "10:00"},
    )
    result = confirm(dispatcher, RoadClosed((LANDSTRASSE,), at("09:30"), at("11:30")), now)
    assert effect_on(result, cut).stranded
    best = effect_on(result, cut).late_ride
    assert best is not None
    assert best.planned.pickup >= at("11:30")
    plan = dispatcher.plan(MONDAY, now)
    assert [each.code for each in plan.stranded] == [cut.code]
    assert plan.tour_of(later.code) is not None
    assert plan.tour_of(same.code) is not None
    assert faults_of(plan) == []
    again = lift(dispatcher, result.condition.id, at("09:10"))
    assert effect_on(again, cut).after is not None


def test_slow_roads_break_what_cannot_be_kept_and_say_for_whom(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    rides = booked(dispatcher, now, *[{"clock": "10:00"}] * 3)
    result = confirm(dispatcher, Slower(4.0, at("09:30"), at("20:00")), now)
    plan = dispatcher.plan(MONDAY, now)
    assert faults_of(plan) == []
    for each in rides:
        assert plan.tour_of(each.code) is not None or effect_on(result, each).stranded


@pytest.mark.parametrize("when", list(When))
def test_on_slow_roads_a_ride_may_take_as_long_as_the_roads_do(
    dispatcher: Dispatcher, when: When
) -> None:
    """Nobody is refused for a limit that no vehicle could keep, not even one by itself."""
    now, wish = at("09:00"), ride(when=when, clock="12:00")
    (usual, *_) = dispatcher.quote(wish, now).offers
    confirm(dispatcher, Slower(5.0, at("09:30"), at("20:00")), now)
    (slow, *_) = dispatcher.quote(wish, now).offers
    rules = dispatcher.region.config.rules
    assert usual.ride.promise.max_ride == rules.max_ride(usual.ride.direct_seconds)
    assert slow.ride.promise.max_ride >= rules.max_ride(5 * slow.ride.direct_seconds - 5)
    if when is When.ARRIVE_BY:
        assert slow.ride.promise.dropoff_latest <= at("12:00")
    booking = dispatcher.book(slow, "key-slow", now)
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    dispatcher.advance(at("19:00"))
    assert dispatcher.booking(booking.code).status is BookingStatus.SERVED
    assert len(events(dispatcher, PromiseKept)) == 1


def test_a_ride_can_be_given_up_although_that_makes_another_late_on_paper_where_snow_begins(
    dispatcher: Dispatcher,
) -> None:
    now = at("08:00")
    confirm(dispatcher, VehicleOut("bus-2", now, at("20:00")), now)
    confirm(dispatcher, Slower(5.0, at("11:35"), at("12:30")), now)
    other, between, _ = booked(
        dispatcher,
        now,
        {"origin": "kirche", "destination": "landstrasse", "clock": "11:05"},
        {"origin": "bach", "destination": "west", "clock": "10:40"},
        {"origin": "hauptstrasse", "destination": "west", "clock": "10:45"},
    )
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    dispatcher.cancel(between.code, now)
    assert dispatcher.booking(between.code).status is BookingStatus.CANCELLED
    (fault,) = faults_of(dispatcher.plan(MONDAY, now))
    assert other.code in fault, "the case that is meant"


@pytest.mark.parametrize(
    "trouble",
    [
        Slower(3.0, at("09:30"), at("20:00")),
        RoadClosed((HAUPTSTRASSE,), at("09:30"), at("20:00")),
    ],
)
def test_a_vehicle_that_is_seen_needs_as_long_as_the_roads_of_the_day_take(
    dispatcher: Dispatcher, trouble: Slower | RoadClosed
) -> None:
    ends = {"origin": "hauptstrasse", "destination": "mitte", "party": Party(6)}
    (rider,) = booked(dispatcher, at("09:00"), {**ends, "clock": "10:00"})
    confirm(dispatcher, trouble, at("09:30"))
    send(dispatcher, "10:06", told(ReportKind.STARTED, "09:30"))
    send(dispatcher, "10:06", told(ReportKind.PICKED_UP, "10:05", rider))
    now, stop = at("10:20"), dispatcher.region.stop("hauptstrasse")
    dispatcher.see(MONDAY, BUS, Sighting(now, stop.lat, stop.lon), now)
    plan = dispatcher.plan(MONDAY, now)
    first, last = (halt.place for halt in plan.tours[0].halts if halt.trip == rider.code)
    drive, usual = (
        int(each.travel.seconds[plan.region.number_of(first), row])
        for each, row in ((plan.region, last), (dispatcher.region, plan.region.number_of(last)))
    )
    assert drive > usual + 60
    arrives = next(each.dropoff for code, each in planned(plan).items() if code == rider.code)
    assert abs(arrives - (now + drive)) <= 2


def test_the_rides_of_a_closed_stop_move_to_the_nearest_open_one_and_keep_their_times(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    here, there, later = booked(
        dispatcher,
        now,
        {"origin": "mitte", "clock": "10:00"},
        {"origin": "bahnhof", "destination": "mitte", "clock": "10:30"},
        {"origin": "mitte", "clock": "15:00"},
    )
    result = confirm(dispatcher, StopClosed("mitte", at("09:30"), at("12:00")), now)
    stop = dispatcher.region.stop("mitte")
    near = dispatcher.region.walkable_stops(stop.lat, stop.lon, 5)
    nearest = dispatcher.region.stops[near[1][0]].id
    (move,) = effect_on(result, here).moves
    assert (move.end, move.from_stop, move.to_stop) == ("pickup", "mitte", nearest)
    assert move.metres == near[1][1] > 0
    assert effect_on(result, there).moves[0].end == "dropoff"
    assert later.code not in {each.code for each in result.effects}
    assert dispatcher.booking(here.code).ride_now.promise == here.ride.promise
    assert {each.code for each in events(dispatcher, StopMoved)} == {here.code, there.code}  # type: ignore[attr-defined]
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    offers = dispatcher.quote(ride(clock="13:00"), now).offers
    assert offers, "it opens again"
    refusal = dispatcher.quote(ride(clock="10:00"), now).refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.STOP_CLOSED


def test_an_offer_whose_stop_closes_meanwhile_is_gone(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    offer = dispatcher.quote(ride(clock="10:00"), now).offers[0]
    confirm(dispatcher, StopClosed("mitte", at("09:30"), at("10:20")), now)
    with pytest.raises(OfferGone) as caught:
        dispatcher.book(offer, "key-0001", now)
    fresh = [each.ride.promise.pickup_earliest for each in caught.value.quote.offers]
    assert fresh
    assert min(fresh) >= at("10:20")


# --------------------------------------------------------------------------------- the list, late


def test_a_stranded_ride_can_be_served_late_and_its_promise_stays_as_it_was(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    (wheelchair,) = booked(dispatcher, now, {"clock": "10:00", "party": Party(1, wheelchairs=1)})
    out = confirm(dispatcher, VehicleOut("bus-1", at("09:30"), at("11:00")), now)
    best = effect_on(out, wheelchair).late_ride
    assert best is not None
    assert best.planned.shift == "bus-1@11:00"
    assert best.seconds == best.planned.pickup - wheelchair.ride.promise.pickup_latest
    assert at("11:00") <= best.planned.pickup <= at("11:10")
    (listed,) = waiting(dispatcher.plan(MONDAY, now), now)
    assert listed.late_ride == best
    dispatcher.act(
        MONDAY, now, lambda plan: postponed(plan, wheelchair.code, out.condition.id, now)
    )
    done = dispatcher.booking(wheelchair.code)
    assert done.ride == wheelchair.ride
    assert done.ride_now.promise.pickup_earliest > wheelchair.ride.promise.pickup_latest
    plan = dispatcher.plan(MONDAY, now)
    assert plan.stranded == ()
    assert faults_of(plan) == []
    assert events(dispatcher, Postponed) == [
        Postponed(now, wheelchair.code, out.condition.id, best.seconds, "bus-1@11:00")
    ]
    dispatcher.advance(at("12:30"))
    assert dispatcher.booking(wheelchair.code).status is BookingStatus.SERVED
    broken = [each for each in events(dispatcher, PromiseBroken) if isinstance(each, PromiseBroken)]
    assert [(each.code, each.cause) for each in broken] == [(wheelchair.code, Cause.LATE_VEHICLE)]
    with pytest.raises(NotStranded):
        dispatcher.act(MONDAY, now, lambda plan: postponed(plan, wheelchair.code, "", now))


def test_what_is_no_longer_as_shown_is_not_done(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    out = VehicleOut("bus-1", at("09:30"), at("20:00"))
    region = dispatcher.region
    shown = dispatcher.preview(MONDAY, now, lambda plan: entered(region, plan, out, now)).result
    booked(dispatcher, now, {"clock": "10:00", "party": Party(1, wheelchairs=1)})
    with pytest.raises(PlanChanged) as caught:
        dispatcher.act(
            MONDAY,
            now,
            if_still(lambda plan: entered(region, plan, out, now), shown.digest),
        )
    assert len(caught.value.consequences.effects) == 1
    assert dispatcher.plan(MONDAY, now).conditions == ()
    fresh = caught.value.consequences.digest
    dispatcher.act(MONDAY, now, if_still(lambda plan: entered(region, plan, out, now), fresh))
    assert len(dispatcher.plan(MONDAY, now).conditions) == 1


def test_only_what_is_in_force_can_be_lifted(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    snow = confirm(dispatcher, Slower(1.5, at("09:30"), at("10:30")), now)
    with pytest.raises(UnknownCondition):
        lift(dispatcher, "2027-03-01-9", now)
    with pytest.raises(UnknownCondition):
        lift(dispatcher, snow.condition.id, at("11:00"))
    lift(dispatcher, snow.condition.id, at("10:00"))
    with pytest.raises(UnknownCondition):
        lift(dispatcher, snow.condition.id, at("10:01"))
    (known,) = dispatcher.plan(MONDAY, now).conditions
    assert known.span == (at("09:30"), at("10:00"))


def test_a_day_without_conditions_uses_the_very_matrix_of_the_region(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booked(dispatcher, at("09:00"), {"clock": "10:00"})
    plan = dispatcher.plan(MONDAY, at("09:00"))
    assert plan.travel is toy_region.travel
    assert plan.region is toy_region


def test_trouble_outlives_a_restart(toy_region: Region, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'day.sqlite3'}"
    now = at("09:00")
    first = Dispatcher(toy_region, SqlStore(url, "toy-town"))
    rides = booked(first, now, {"clock": "10:00"}, {"clock": "10:30"}, {"clock": "14:00"})
    confirm(first, RoadClosed((LANDSTRASSE,), at("09:30"), at("11:30")), now)
    confirm(first, Slower(1.5, at("10:00"), at("12:00")), now)
    confirm(first, StopClosed("mitte", at("09:30"), at("10:20")), now)
    confirm(first, VehicleOut("bus-2", at("13:00"), at("15:00")), now)
    before = first.plan(MONDAY, now)
    logged = first.events(MONDAY)
    first.close()
    second = Dispatcher(toy_region, SqlStore(url, "toy-town"))
    after = second.plan(MONDAY, now)
    assert after.tours == before.tours
    assert after.conditions == before.conditions
    assert dict(after.bookings) == dict(before.bookings)
    assert second.events(MONDAY) == logged
    assert faults_of(after) == []
    second.advance(at("20:00"))
    served = {second.booking(each.code).status for each in rides}
    assert served <= {BookingStatus.SERVED, BookingStatus.LET_DOWN}
    second.close()
