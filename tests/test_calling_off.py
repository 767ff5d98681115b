"""The service gives up a ride: from a tour or from none; who may, and who is told."""

from pathlib import Path

import pytest

from shuttle.booking.calling_off import call_off, called_off
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Cause
from shuttle.errors import NotCancellable
from shuttle.events import CancelledByService, PromiseBroken
from shuttle.region import Region
from tests.receivers import Letterbox
from tests.staff import at_the_desk, office
from tests.telling import by_mail
from tests.test_dispatcher import MONDAY, assert_sound, at, ride
from tests.test_notices import told
from tests.test_reminding import book


def test_a_ride_that_the_service_gives_up_is_told_and_leaves_the_calendar(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking = book(dispatcher, ride())
    for _ in range(2):
        assert call_off(dispatcher, booking.code, at("08:10")).status is BookingStatus.CANCELLED
    assert told(dispatcher) == ["booked", "cancelled_by_service"]
    assert_sound(toy_region, dispatcher.plan(MONDAY, at("08:10")))
    sender = by_mail(toy_region, dispatcher.store, letterbox)
    while sender.deliver_one(at("08:10")):
        pass
    (letter,) = letterbox.letters
    assert "fällt leider aus" in letter["Subject"]
    assert list(letter.iter_parts())[1].get_param("method") == "CANCEL"


def test_a_ride_that_no_tour_carries_can_still_be_called_off(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    plan = dispatcher.plan(MONDAY, at("08:10"))
    number = plan.tour_of(booking.code)
    assert number is not None
    stranded = plan.removed(number, booking.code)
    outcome = called_off(stranded, booking, at("08:10"))
    assert outcome.events == (
        CancelledByService(at("08:10"), booking.code, ""),
        PromiseBroken(at("08:10"), booking.code, 0, Cause.NO_VEHICLE),
    )
    assert booking.code not in outcome.plan.bookings
    with pytest.raises(NotCancellable):
        called_off(stranded, booking.with_status(BookingStatus.SERVED), at("08:10"))


def test_a_ride_whose_vehicle_is_on_its_way_cannot_be_called_off(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    with pytest.raises(NotCancellable):
        call_off(dispatcher, booking.code, at("10:01"))


def test_a_dispatcher_may_call_a_ride_off_and_nobody_else(
    toy_region: Region, tmp_path: Path
) -> None:
    with at_the_desk(toy_region, tmp_path) as desk:
        code = desk.book()["code"]
        for _ in range(2):
            answer = desk.http.post(f"/api/v1/bookings/{code}/call-off")
            assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert desk.http.post("/api/v1/bookings/ZZZZ9999/call-off").status_code == 404


def test_a_resident_may_not_call_a_ride_off(toy_region: Region, tmp_path: Path) -> None:
    with office(toy_region, tmp_path) as here:
        code = here.book()["code"]
        assert here.http.post(f"/api/v1/bookings/{code}/call-off").status_code == 401
        assert here.dispatcher.booking(code).status is BookingStatus.BOOKED
