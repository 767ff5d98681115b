"""The phone desk without script: a caller's rides, a booking, a change, a refusal, a slip."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shuttle.domain import BookingStatus, Channel
from shuttle.events import Booked, Changed
from shuttle.people.rate_limits import LIMITS, Rate
from shuttle.region import Region
from tests.resident_pages import HTML, Page, at_my_position
from tests.staff import Office, office

NUMBER = "04641 78123"
LINE = "kirche bahnhof 10:00"
DAY = "2027-03-22"


@pytest.fixture
def desk(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    # Whoever is limited gets one of everything: none of that is for the desk.
    limits = {each: Rate(1, 86_400) for each in LIMITS}
    with office(toy_region, tmp_path, limits=limits, client="192.0.2.7") as here:
        here.sign_in("dispatcher")
        yield here


def called(desk: Office, number: str = NUMBER) -> Page:
    return Page.get(desk, "/desk").send("Nachsehen", phone=number)


def offers(desk: Office, line: str = LINE, number: str = NUMBER) -> Page:
    return called(desk, number).send("Fahrten zeigen", line=line)


def take(page: Page, choice: int = 0) -> Page:
    """Press the button of an offer: unlike others it has a value of its own."""
    tokens = page.html.split('name="offer" value="')[1:]
    token = tokens[choice].partition('"')[0]
    form = next(each for each in page.forms if each.action.startswith("/desk/book"))
    answer = page.api.http.post(form.action, data={**form.fields, "offer": token}, headers=HTML)
    return Page(page.api, answer.status_code, answer.text, answer.headers)


def booked(desk: Office, line: str = LINE) -> str:
    return take(offers(desk, line)).code


def test_whoever_is_not_signed_in_is_led_to_the_door(desk: Office) -> None:
    desk.sign_out()
    for answer in (
        desk.http.get("/desk", headers=HTML, follow_redirects=False),
        desk.http.post("/desk/offers", headers=HTML, follow_redirects=False),
    ):
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("role", ["driver", "planner"])
def test_the_desk_is_for_dispatchers(toy_region: Region, tmp_path: Path, role: str) -> None:
    with office(toy_region, tmp_path) as here:
        here.sign_in(role)
        page = Page.get(here, "/desk")
        assert page.status == 403
        assert "<h1>" in page.html


def test_a_german_address_leads_to_the_desk(desk: Office) -> None:
    answer = desk.http.get("/telefon", headers=HTML, follow_redirects=False)
    assert answer.headers["location"] == "/desk"
    assert 'href="/desk"' in Page.get(desk, "/login").html


@pytest.mark.parametrize(
    "path",
    [
        *("/desk", "/desk/offers", "/desk/read", "/desk/book"),
        *("/desk/ride", "/desk/cancel", "/desk/wait", "/desk/slip"),
    ],
)
def test_what_comes_from_another_page_is_turned_away(desk: Office, path: str) -> None:
    answer = desk.http.post(path, data={"phone": NUMBER, "line": LINE}, headers=HTML)
    assert answer.status_code == 403


def test_a_ride_is_booked_with_a_number_a_line_and_a_choice(desk: Office) -> None:
    page = take(offers(desk))
    assert "Gebucht. Bitte vorlesen:" in page.words
    booking = desk.dispatcher.booking(page.code)
    assert booking.status is BookingStatus.BOOKED
    contact = desk.dispatcher.store.contact(page.code)
    assert contact is not None
    assert contact.phone == "+49464178123"
    assert "cache-control" in page.headers
    assert page.headers["cache-control"] == "no-store"


def test_a_code_is_spelled_as_it_is_said(desk: Office) -> None:
    page = take(offers(desk))
    names = page.html.partition('class="told-spelled"')[2].partition("</p>")[0]
    signs = [each.partition("</span>")[0] for each in names.split("<span>")[1:]]
    assert "".join(each[0] for each in signs) == page.code
    assert all(len(each) > 1 or each.isdecimal() for each in signs)


def test_a_booking_says_that_it_came_by_phone_but_not_who_took_it(desk: Office) -> None:
    code = booked(desk)
    booking = desk.dispatcher.booking(code)
    events = [each for each in desk.dispatcher.events(booking.ride.day) if isinstance(each, Booked)]
    assert [(each.code, each.by_phone) for each in events] == [(code, True)]
    assert "dispatcher" not in repr(events)


def test_residents_who_book_themselves_are_not_counted_as_callers(
    toy_region: Region, tmp_path: Path
) -> None:
    with office(toy_region, tmp_path) as here:
        code = here.book()["code"]
        day = here.dispatcher.booking(code).ride.day
        booked_events = [e for e in here.dispatcher.events(day) if isinstance(e, Booked)]
        assert [each.by_phone for each in booked_events] == [False]


def test_a_caller_is_known_by_the_rides_under_their_number(desk: Office) -> None:
    code = booked(desk)
    page = called(desk, "+49 4641 78123")
    assert "Nächste Fahrten" in page.words
    assert f'value="{code}"' in page.html
    assert "Kirche, Oberdorf" in page.words
    assert "nichts (mehr) bekannt" in called(desk, "04641 99999").words


def test_a_favourite_goes_into_the_line(desk: Office) -> None:
    booked(desk)
    page = called(desk)
    favourite = next(each for each in page.forms if "->" in each.fields.get("line", ""))
    page = page.send(favourite.words)
    line = next(each for each in page.forms if each.action == "/desk/offers").fields["line"]
    assert line.startswith("Kirche, Oberdorf -> ")
    assert "10:30" in page.send("Fahrten zeigen", line=f"{line}10:30").html


def test_a_ride_from_a_position_is_changed_and_turned_round_at_its_stop(
    desk: Office, toy_region: Region
) -> None:
    wish = {"to": "Bahnhof", "when": "depart", "time": "10:00"}
    page = Page.get(desk, "/").send("Fahrten zeigen", **at_my_position(toy_region), **wish)
    code = page.send("Diese Fahrt nehmen").send("Diese Fahrt buchen", phone=NUMBER).code
    stop = toy_region.stop(desk.dispatcher.booking(code).ride.pickup_stop).label
    ride = called(desk).send(stop)
    change = ride.send("Ändern").send("Fahrten zeigen", line="11:00")
    assert change.html.count('name="offer"') > 0
    back = ride.send("Rückfahrt")
    line = next(each for each in back.forms if each.action == "/desk/offers").fields["line"]
    assert line.endswith(f"-> {stop} ")


def test_a_line_and_its_doubts_are_shown_as_they_were_understood(desk: Office) -> None:
    page = offers(desk, "kirche bahnhof 10:00 2p rolli quatsch")
    assert "Nicht verstanden: quatsch" in page.words
    fields = next(
        each for each in page.forms if "people" in each.fields and "line" not in each.fields
    )
    assert fields.fields["people"] == "2"
    assert fields.fields["wheelchairs"] == "1"
    assert fields.fields["from"] == "Kirche, Oberdorf"
    assert 'name="offer"' in page.html


def test_separate_fields_do_the_same(desk: Office) -> None:
    page = offers(desk, "kirche")
    form = next(
        each for each in page.forms if "line" not in each.fields and "people" in each.fields
    )
    data = {**form.fields, "from": "Kirche", "to": "Bahnhof", "when": "now", "time": "10:00"}
    answer = desk.http.post(form.action, data=data, headers=HTML)
    page = Page(desk, answer.status_code, answer.text, answer.headers)
    assert "Gebucht" in take(page).words


def test_a_place_that_lacks_or_is_not_known_is_asked_for(desk: Office) -> None:
    page = offers(desk, "bahnhof 10:00")
    assert page.status == 422
    assert "wo wir Sie abholen sollen" in page.words
    page = offers(desk, "xyzzyqq -> bahnhof 10:00")
    assert "Nicht verstanden: xyzzyqq" in page.words


def test_a_number_is_needed_to_book_but_not_to_ask(desk: Office) -> None:
    page = offers(desk, number="")
    assert page.status == 200
    page = take(page)
    assert page.status == 422
    assert "zuerst die Nummer" in page.words
    assert 'name="offer"' in page.html


def test_a_refusal_says_why_and_its_fixes_can_be_taken(desk: Office) -> None:
    page = offers(desk, "kirche bahnhof 23:00")
    assert "Nicht wie gewünscht" in page.words
    assert "Gebucht" in take(page).words


def test_a_ride_is_changed_by_saying_only_what_is_different(desk: Office) -> None:
    code = booked(desk, "kirche bahnhof morgen 10:00 2p")
    ride = called(desk).send("Oberdorf")
    assert code[:4] in ride.words
    page = ride.send("Ändern").send("Fahrten zeigen", line="11:00")
    done = take(page)
    assert done.code != code
    new = desk.dispatcher.booking(done.code)
    old = desk.dispatcher.booking(code)
    assert old.status is BookingStatus.CANCELLED
    assert (new.ride.day, new.ride.party) == (old.ride.day, old.ride.party)
    assert new.ride.promise.pickup_earliest > old.ride.promise.pickup_earliest
    changes = [e for e in desk.dispatcher.events(new.ride.day) if isinstance(e, Changed)]
    assert [each.by_phone for each in changes] == [True]


def test_a_ride_is_cancelled_after_being_asked(desk: Office) -> None:
    code = booked(desk)
    asked = called(desk).send("Oberdorf").send("Stornieren")
    assert desk.dispatcher.booking(code).status is BookingStatus.BOOKED
    assert "Diese Fahrt ist storniert." in asked.send("Ja, stornieren").words
    assert desk.dispatcher.booking(code).status is BookingStatus.CANCELLED


def test_whoever_is_refused_can_be_put_on_the_waiting_list(desk: Office) -> None:
    state = desk.http.app.state  # type: ignore[attr-defined]
    state.service = replace(state.service, channels=frozenset({Channel.SMS}))
    page, line = called(desk), "kirche bahnhof 10:00 rolli"
    while "Auf die Warteliste" not in (page := page.send("Fahrten zeigen", line=line)).html:
        page = take(page)
    form = next(each for each in page.forms if each.action.startswith("/desk/book"))
    for notify, said in (("none", "wie wir Ihnen Bescheid geben"), ("sms", "Auf der Warteliste")):
        data = {**form.fields, "notify": notify}
        answer = desk.http.post("/desk/wait", data=data, headers=HTML)
        assert said in answer.text
    (waiting,) = desk.dispatcher.store.standing.waiting_list()
    assert waiting.request.party.wheelchairs == 1


def test_the_way_back_is_the_ride_turned_round(desk: Office) -> None:
    page = take(offers(desk)).send("Rückfahrt")
    line = next(each for each in page.forms if each.action == "/desk/offers").fields["line"]
    assert line.endswith("-> Kirche, Oberdorf ")
    assert "Gebucht" in take(page.send("Fahrten zeigen", line=f"{line}15:00")).words


def test_a_slip_has_code_window_stop_and_number(desk: Office) -> None:
    page = take(offers(desk))
    slip = page.send("Zettel")
    for said in (f"{page.code[:4]} {page.code[4:]}", "Kirche, Oberdorf", "+49 4641 0000", "–"):
        assert said in slip.words
    assert "slip-a6" in slip.html
    assert "slip-a4" in slip.send("A4").html


def test_a_page_sent_twice_books_once(desk: Office) -> None:
    page = offers(desk)
    assert take(page).code == take(page).code


def test_whoever_was_too_slow_sees_what_is_possible_now(desk: Office) -> None:
    page = offers(desk)
    desk.clock.now += 1800
    page = take(page)
    assert "galt nur wenige Minuten" in page.words
    assert "Gebucht" in take(page).words


def test_the_desk_is_not_held_up_by_the_limits_of_residents(desk: Office) -> None:
    assert len({booked(desk, f"kirche bahnhof {hour}:00") for hour in (9, 11, 13, 15)}) == 4


def test_a_line_is_understood_while_it_is_typed(desk: Office) -> None:
    form = called(desk).forms[-2]
    answer = desk.http.post(
        "/desk/read", data={**form.fields, "line": "kirche bahn 10:00"}, headers=HTML
    )
    assert answer.status_code == 200
    assert "Kirche, Oberdorf" in answer.text
    assert "<html" not in answer.text
