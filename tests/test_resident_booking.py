"""Booking without script: from the form to a ride, and what is said when something is wrong."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from api.residents.codes import code
from shuttle.domain import BookingStatus, Channel
from shuttle.region import Region
from tests.api_client import Api
from tests.resident_pages import (
    HTML,
    PHONE,
    Page,
    at_my_position,
    booked,
    offers,
    serving_residents,
)


@pytest.fixture
def api(toy_region: Region) -> Iterator[Api]:
    with serving_residents(toy_region, Channel.SMS, Channel.EMAIL) as served:
        yield served


def test_a_ride_is_booked_in_three_pages_without_script_cookie_or_account(api: Api) -> None:
    page = booked(api)
    assert page.status == 200
    assert "Gebucht. Wir kommen." in page.words
    booking = api.dispatcher.booking(page.code)
    assert booking.status is BookingStatus.BOOKED
    contact = api.dispatcher.store.contact(page.code)
    assert contact is not None
    assert (contact.phone, contact.channel, contact.language) == (
        "+49464178123",
        Channel.NONE,
        "de",
    )
    assert not api.http.cookies


def test_nothing_personal_stands_in_an_address(api: Api) -> None:
    page = booked(api)
    opened = Page.get(api, "/my-ride").send("Meine Fahrt zeigen", code=page.code, secret="8123")
    for each in (page, opened):
        assert each.headers["cache-control"] == "no-store"
        assert not [form.action for form in each.forms if page.code in form.action]
        assert "location" not in each.headers


def test_the_code_on_a_booked_ride_leads_to_where_residents_find_the_service(api: Api) -> None:
    api.http.app.state.public_url = "https://bus.example.org/"  # type: ignore[attr-defined]
    page = booked(api)
    secret = page.forms[0].fields["secret"]
    link = api.dispatcher.keyed.link(page.code)
    assert secret == link
    assert code(f"https://bus.example.org/b/{page.code}#{link}") in page.html


def test_a_page_sent_twice_books_once(api: Api) -> None:
    contact = offers(api).send("Diese Fahrt nehmen")
    first, second = (contact.send("Diese Fahrt buchen", phone=PHONE) for _ in range(2))
    assert first.code == second.code


@pytest.mark.parametrize(
    ("filled", "field", "sentence"),
    [
        ({"from_": ""}, "from", "wo wir Sie abholen sollen"),
        ({"to": "Xyzzyqq"}, "to", "„Xyzzyqq“ finden wir nicht"),
        ({"time": "neun"}, "time", "Uhrzeit wie 08:15"),
        ({"day": "morgen"}, "day", "einen Tag aus der Liste"),
        ({"people": "-1"}, "people", "eine Zahl aus der Liste"),
        ({"people": "1" + "0" * 5000}, "people", "eine Zahl aus der Liste"),
        ({"people": "1", "wheelchairs": "2"}, "people", "passen nicht zusammen"),
        ({"people": "1", "prams": "1"}, "people", "Zählen Sie das Kind im Kinderwagen mit"),
    ],
)
def test_a_mistake_is_named_beside_its_field_and_in_a_list_that_leads_there(
    api: Api, filled: dict[str, str], field: str, sentence: str
) -> None:
    page = offers(api, **filled)
    assert page.status == 422
    assert page.title.startswith("Fehler:")
    assert page.words.count(sentence) == 2
    assert f'<a href="#{field}">' in page.html
    assert f'aria-describedby="{field}-wrong' in page.html
    form = page.forms[0]
    kept = {"from": "Kirche", "to": "Bahnhof", **{k.rstrip("_"): v for k, v in filled.items()}}
    assert {name: form.fields[name] for name in ("from", "to")} == {
        name: kept[name] for name in ("from", "to")
    }


def test_a_text_that_could_mean_several_places_is_asked_about(api: Api) -> None:
    page = offers(api, from_="straße")
    assert "kann mehrere Orte bedeuten" in page.words
    assert 'name="from_meant"' in page.html
    chosen = page.send("Fahrten zeigen", from_meant="Kirche")
    assert chosen.status == 200


def test_a_refusal_says_why_and_its_fixes_can_be_booked_at_once(api: Api) -> None:
    page = offers(api, time="23:00")
    assert "In dieser Zeit fährt der Shuttle nicht." in page.words
    ride = page.send("Diese Fahrt nehmen").send("Diese Fahrt buchen", phone=PHONE)
    assert "Gebucht" in ride.title


def test_a_phone_number_is_asked_for_by_name_and_format(api: Api) -> None:
    contact = offers(api).send("Diese Fahrt nehmen")
    for number, sentence in (
        ("", "damit wir Sie zu dieser Fahrt erreichen"),
        ("12", "gibt es nicht"),
    ):
        page = contact.send("Diese Fahrt buchen", phone=number)
        assert page.status == 422
        assert page.words.count(sentence) == 2
    page = contact.send("Diese Fahrt buchen", phone=PHONE, notify="email", email="")
    assert "an die wir schreiben sollen" in page.words


def test_ways_to_be_told_are_offered_only_if_there_are_some(toy_region: Region) -> None:
    with serving_residents(toy_region) as api:
        page = offers(api).send("Diese Fahrt nehmen")
        assert "SMS" not in page.words
        assert "Gebucht" in page.send("Diese Fahrt buchen", phone=PHONE, notify="sms").title


def test_whoever_was_too_slow_sees_what_is_possible_now(api: Api) -> None:
    contact = offers(api).send("Diese Fahrt nehmen")
    api.clock.now += 3600
    page = contact.send("Diese Fahrt buchen", phone=PHONE)
    assert page.status in (200, 422)
    assert "galt nur wenige Minuten" in page.words or "schon vorbei" in page.words


def test_whoever_was_too_slow_at_their_position_goes_on_from_there(
    api: Api, toy_region: Region
) -> None:
    contact = offers(api, **at_my_position(toy_region)).send("Diese Fahrt nehmen")
    api.clock.now += 1800
    page = contact.send("Diese Fahrt buchen", phone=PHONE)
    assert "galt nur wenige Minuten" in page.words
    again = page.send("Ändern").send("Fahrten zeigen", time="11:00")
    assert "Diese Fahrt nehmen" in again.words


def test_an_address_fills_the_form_in(api: Api) -> None:
    page = Page.get(api, "/?from=Kirche&to=Bahnhof&when=arrive&time=10:00&people=2&secret=x")
    fields = page.forms[0].fields
    assert (fields["from"], fields["to"], fields["when"], fields["people"]) == (
        "Kirche",
        "Bahnhof",
        "arrive",
        "2",
    )
    assert "secret" not in fields


def test_a_pram_is_still_one_when_the_wish_is_changed(api: Api) -> None:
    fields = offers(api, people="2", prams="1").send("Ändern").forms[0].fields
    assert (fields["people"], fields["wheelchairs"], fields["prams"]) == ("2", "0", "1")


def test_a_large_party_is_not_made_small_by_a_list_that_ends_before(api: Api) -> None:
    fields = Page.get(api, "/?people=11&child_seats=4").forms[0].fields
    assert (fields["people"], fields["child_seats"]) == ("11", "4")


def test_a_position_is_a_place_too(api: Api, toy_region: Region) -> None:
    page = offers(api, **at_my_position(toy_region))
    assert "Mein Standort" in page.words
    assert page.status == 200


def test_a_ride_from_a_position_is_changed_and_turned_round_at_its_stop(
    api: Api, toy_region: Region
) -> None:
    page = booked(api, **at_my_position(toy_region))
    stop = toy_region.stop(api.dispatcher.booking(page.code).ride.pickup_stop).label
    change = page.send("Ändern")
    assert change.forms[0].fields["from"] == stop
    assert "Auf diese Fahrt ändern" in change.send("Fahrten zeigen", time="11:00").words
    back = page.send("Rückfahrt buchen")
    assert back.forms[0].fields["to"] == stop
    assert "Diese Fahrt nehmen" in back.send("Fahrten zeigen", time="12:00").words


def test_signs_that_no_store_keeps_are_left_out(api: Api, toy_region: Region) -> None:
    church = toy_region.stop("kirche")
    point = f"{church.lat} {church.lon}"
    page = offers(api, from_="Bei\x00 mir", from_point=point).send("Diese Fahrt nehmen")
    code = page.send("Diese Fahrt buchen", phone=PHONE, name="Petra\x00\x07Jensen").code
    assert api.dispatcher.booking(code).origin == "Bei mir"
    contact = api.dispatcher.store.contact(code)
    assert contact is not None
    assert contact.name == "Petra Jensen"


def test_whoever_is_refused_can_be_put_on_the_waiting_list(api: Api) -> None:
    chairs = {"people": "1", "wheelchairs": "1"}
    while "Auf die Liste setzen" not in (page := offers(api, **chairs)).html:
        page.send("Diese Fahrt nehmen").send("Diese Fahrt buchen", phone=PHONE)
    asked = page.send("Auf die Liste setzen")
    page = asked.send("Auf die Liste setzen", phone=PHONE, notify="sms")
    assert "Sie stehen auf der Liste" in page.words
    (waiting,) = api.dispatcher.store.standing.waiting_list()
    assert waiting.request.party.wheelchairs == 1
    assert waiting.code == page.code
    other = asked.send("Auf die Liste setzen", phone="04641 99999", notify="sms")
    assert other.code != page.code
    other.send("Von der Liste nehmen")
    seen = opened(api, waiting.code)
    assert "Sie stehen auf der Liste" in seen.words
    assert "So geht es leider nicht" in seen.send("Fahrten zeigen").title
    assert "nicht mehr auf der Liste" in seen.send("Von der Liste nehmen").words
    assert api.dispatcher.store.standing.waiting_list() == ()
    assert "nicht mehr auf der Liste" in opened(api, waiting.code).words


def test_a_ride_is_opened_with_its_code_and_four_digits(api: Api) -> None:
    code = booked(api).code
    form = Page.get(api, "/my-ride")
    page = form.send("Meine Fahrt zeigen", code=f"{code[:4].lower()} {code[4:]}", secret="8123")
    assert "In dieser Zeit holen wir Sie ab" in page.words
    for wrong in ({"code": code, "secret": "0000"}, {"code": "ZZZZ9999", "secret": "8123"}):
        page = form.send("Meine Fahrt zeigen", **wrong)
        assert page.status == 422
        assert "Zu diesem Code mit diesen Ziffern gibt es keine Buchung." in page.words


def test_a_link_leads_to_the_page_and_tells_nobody_its_secret(api: Api) -> None:
    page = Page.get(api, "/b/K7MX2Q9A")
    assert page.forms[0].fields["code"] == "K7MX2Q9A"
    assert page.forms[0].fields["secret"] == ""


def opened(api: Api, code: str) -> Page:
    return Page.get(api, "/my-ride").send("Meine Fahrt zeigen", code=code, secret="8123")


def test_a_ride_is_cancelled_after_being_asked(api: Api) -> None:
    code = booked(api).code
    asked = opened(api, code).send("Stornieren")
    assert api.dispatcher.booking(code).status is BookingStatus.BOOKED
    assert "In dieser Zeit" in asked.send("Nein, behalten").words
    assert "Diese Fahrt ist storniert." in asked.send("Ja, stornieren").words
    assert api.dispatcher.booking(code).status is BookingStatus.CANCELLED


def test_a_ride_is_changed_and_the_old_one_given_up_with_it(api: Api) -> None:
    code = booked(api).code
    form = opened(api, code).send("Ändern")
    assert "bis Sie eine andere gewählt haben" in form.words
    page = form.send("Fahrten zeigen", time="11:00").send("Auf diese Fahrt ändern")
    assert "Gebucht" in page.title
    assert page.code != code
    assert api.dispatcher.booking(code).status is BookingStatus.CANCELLED


def test_the_way_back_is_the_ride_turned_round(api: Api) -> None:
    form = opened(api, booked(api).code).send("Rückfahrt buchen")
    assert "Bahnhof" in form.forms[0].fields["from"]
    assert "Kirche" in form.forms[0].fields["to"]
    assert form.forms[0].fields["when"] == "depart"


def test_the_way_back_begins_when_the_ride_has_arrived(api: Api, toy_region: Region) -> None:
    page = booked(api, day="2027-03-23", time="15:00")
    arrives_at = api.dispatcher.booking(page.code).ride.promise.dropoff_latest
    fields = page.send("Rückfahrt buchen").forms[0].fields
    begins_at = datetime.fromisoformat(f"{fields['day']}T{fields['time']}")
    begins_at = begins_at.replace(tzinfo=toy_region.config.zone)
    assert 0 <= begins_at.timestamp() - arrives_at < 15 * 60


def test_a_ride_is_repeated_every_week(api: Api) -> None:
    assert repeated(api)


def repeated(api: Api) -> str:
    form = opened(api, booked(api).code).send("Jede Woche wiederholen")
    assert "mindestens einen Wochentag" not in form.words
    wrong = form.send("Diese Fahrt wiederholen", last_day="2020-01-01")
    assert "Wählen Sie einen letzten Tag" in wrong.words
    page = form.send("Diese Fahrt wiederholen", last_day="2027-04-30")
    assert "Jede Woche wiederholt" in page.words
    series = api.dispatcher.store.standing.series(page.code)
    assert series is not None
    assert series.weekdays == (0,)
    assert page.send("Zurück zu meiner Fahrt").status == 200
    return page.code


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_repeat_is_looked_up_and_ended_with_its_code(api: Api, *, cancelled: bool) -> None:
    code = repeated(api)
    page = opened(api, code)
    assert "Montag, 10:00, bis Freitag, 30. April 2027" in page.words
    ride = next(e.booking for e in api.dispatcher.store.standing.instances(code) if e.booking)
    ended = page.send("Wiederholung beenden", **({"cancel_booked": "yes"} if cancelled else {}))
    assert "Diese Wiederholung ist beendet" in ended.words
    series = api.dispatcher.store.standing.series(code)
    assert series is not None
    assert series.ended
    assert (api.dispatcher.booking(ride).status is BookingStatus.CANCELLED) == cancelled
    wrong = api.http.post("/my-ride/end", data={"code": code, "secret": "0000"}, headers=HTML)
    assert wrong.status_code == 404


def test_a_ride_goes_into_a_calendar(api: Api) -> None:
    page = opened(api, booked(api).code)
    form = next(each for each in page.forms if "Kalender" in each.words)
    answer = api.http.post(form.action, data=form.fields, headers=HTML)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in answer.text


def test_the_time_sharpens_and_the_vehicle_is_told_of_exactly_only_when_it_is_near(
    api: Api,
) -> None:
    code = booked(api).code
    pickup = api.dispatcher.booking(code).ride.promise.pickup_earliest
    seen = {}
    for minutes in (90, 40, 5):
        api.clock.now = pickup - minutes * 60
        seen[minutes] = opened(api, code).words
    assert "In dieser Zeit holen wir Sie ab" in seen[90]
    assert "Der Bus kommt zwischen" in seen[40]
    assert "in der Nähe von" in seen[40]
    assert "Der Bus kommt zwischen" in seen[5]


def test_what_goes_wrong_on_a_page_is_said_on_a_page(api: Api) -> None:
    answer = api.http.post("/booked", data={"offer": "x", "phone": PHONE}, headers=HTML)
    assert answer.status_code == 422
    assert "Dieses Angebot stammt nicht von uns." in answer.text
    assert "<h1>" in answer.text


def test_staff_who_are_signed_in_open_no_ride_without_its_secret(api: Api) -> None:
    code = booked(api).code
    page = Page.get(api, "/my-ride").send("Meine Fahrt zeigen", code=code, secret="")
    assert page.status == 422
