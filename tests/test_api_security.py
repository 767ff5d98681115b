"""Who may do what through the API, and that nobody else can make them do it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from api.security import CallerHere, DriverOfShift, Staff, local_or, partner
from shuttle.dispatcher import Dispatcher
from shuttle.people.accounts import IDLE_SECONDS, Role, Scope
from shuttle.region import Region
from tests.api_client import request, serving
from tests.staff import PASSWORD, SHIFT, Office, office

PHONE = "04641 78123"

WRONG_SECRETS = (None, "", "8124", "78123", "123", " 8123", "x" * 22, "0000")

FROM_ELSEWHERE: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://testserver"},
    {"Origin": "http://testserver:81"},
    {"Origin": "null"},
)


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        yield made


def code_of(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def booked(here: Office, **contact: str) -> dict[str, Any]:
    """Return a booking with a phone number."""
    answer = here.http.post(
        "/api/v1/bookings",
        json={"offer": here.offer()["offer"], "contact": {"phone": PHONE, **contact}},
        headers={"Idempotency-Key": "key-of-a-test"},
    )
    assert answer.status_code == 201
    booking: dict[str, Any] = answer.json()
    return booking


def things_to_read(here: Office) -> tuple[dict[str, str], dict[str, str]]:
    """Make one of each thing that an address can name; return them, and all their secrets."""
    booking = booked(here)
    contact = {"phone": PHONE, "notify": "sms"}
    series = {
        **{name: part for name, part in request().items() if name != "when"},
        "when": {"depart_at": "11:00"},
        "weekdays": ["mon"],
        "first_day": "2027-03-22",
        "last_day": "2027-03-30",
        "contact": contact,
    }
    made = {"/api/v1/bookings/": booking, "/api/v1/plan/explain/": booking}
    for path, body in (
        ("/api/v1/series", series),
        ("/api/v1/waiting", {"request": request(), "contact": contact}),
    ):
        answer = here.http.post(path, json=body, headers={"Idempotency-Key": f"key-of-{path}"})
        assert answer.status_code == 201, answer.text
        made[f"{path}/"] = answer.json()
    codes = {path: each["code"] for path, each in made.items()}
    return codes, {path: each["link"] for path, each in made.items()}


# Residents


def test_the_last_four_digits_or_the_link_open_a_booking(here: Office) -> None:
    booking = booked(here)
    address = f"/api/v1/bookings/{booking['code']}"
    assert re.fullmatch(r"[\w-]{22}", booking["link"])
    for secret in ("8123", booking["link"]):
        answer = here.http.get(address, headers={"Booking-Secret": secret})
        assert (answer.status_code, answer.json()["code"]) == (200, booking["code"])
        assert answer.json()["link"] is None
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_wrong_secret_and_an_unknown_code_get_the_same_answer(here: Office, method: str) -> None:
    booking = booked(here)
    answers = set()
    for code in (booking["code"], "ABCD1234"):
        for secret in WRONG_SECRETS:
            headers = {} if secret is None else {"Booking-Secret": secret}
            answer = here.http.request(method, f"/api/v1/bookings/{code}", headers=headers)
            assert code_of(answer) == (404, "unknown_booking")
            answers.add(answer.text)
    assert len(answers) == 1
    assert here.look_up(booking).json()["status"] == "booked"


def test_a_secret_opens_its_own_booking_only(here: Office) -> None:
    booking, other = booked(here), here.book("key-of-another")
    for secret in (booking["link"], "8123"):
        address = f"/api/v1/bookings/{other['code']}"
        answer = here.http.get(address, headers={"Booking-Secret": secret})
        assert code_of(answer) == (404, "unknown_booking")


def test_a_booking_without_a_phone_is_opened_by_its_link_alone(here: Office) -> None:
    booking = here.book()
    for secret in ("", "0000"):
        address = f"/api/v1/bookings/{booking['code']}"
        answer = here.http.get(address, headers={"Booking-Secret": secret})
        assert code_of(answer) == (404, "unknown_booking")
    assert here.look_up(booking).status_code == 200


def test_a_secret_in_the_address_opens_nothing(here: Office) -> None:
    booking = booked(here)
    for name in ("Booking-Secret", "secret", "link", "phone"):
        answer = here.http.get(f"/api/v1/bookings/{booking['code']}?{name}={booking['link']}")
        assert code_of(answer) == (404, "unknown_booking")


def test_a_booking_is_changed_by_its_owner_only(here: Office) -> None:
    booking = booked(here)
    offer, key = here.offer()["offer"], {"Idempotency-Key": "key-change"}
    for secret in WRONG_SECRETS:
        headers = {} if secret is None else {"Booking-Secret": secret}
        asked = here.http.post(
            "/api/v1/offers", json=request(changing=booking["code"]), headers=headers
        )
        answer = here.http.post(
            f"/api/v1/bookings/{booking['code']}/change",
            json={"offer": offer},
            headers=key | headers,
        )
        assert code_of(asked) == code_of(answer) == (404, "unknown_booking")
    changed = here.http.post(
        f"/api/v1/bookings/{booking['code']}/change",
        json={"offer": offer},
        headers=key | {"Booking-Secret": "8123"},
    ).json()
    assert here.look_up(changed).json()["status"] == "booked"
    assert here.look_up(booking).json()["status"] == "cancelled"


def test_a_repeat_and_a_place_on_the_list_open_for_their_owner_only(here: Office) -> None:
    codes, links = things_to_read(here)
    for stem in ("/api/v1/series/", "/api/v1/waiting/"):
        for method in ("GET", "DELETE"):
            answers = set()
            for code in (codes[stem], "ABCD1234"):
                for secret in WRONG_SECRETS:
                    headers = {} if secret is None else {"Booking-Secret": secret}
                    answer = here.http.request(method, f"{stem}{code}", headers=headers)
                    assert code_of(answer) == (404, "unknown_code")
                    answers.add(answer.text)
            assert len(answers) == 1
        for secret in ("8123", links[stem]):
            answer = here.http.get(f"{stem}{codes[stem]}", headers={"Booking-Secret": secret})
            assert (answer.status_code, answer.json()["link"]) == (200, None)


def test_who_owns_a_repeat_owns_the_bookings_of_its_days(here: Office) -> None:
    codes, links = things_to_read(here)
    stem = "/api/v1/series/"
    own = {"Booking-Secret": links[stem]}
    day = here.http.get(f"{stem}{codes[stem]}", headers=own).json()["days"][0]
    seen = here.http.get(
        f"/api/v1/bookings/{day['booking']}", headers={"Booking-Secret": day["link"]}
    )
    assert seen.json()["day"] == day["day"] == "2027-03-22"


def test_nobody_takes_anothers_place_on_the_list(here: Office) -> None:
    codes, links = things_to_read(here)
    stem = "/api/v1/waiting/"
    body = {"offer": here.offer()["offer"], "waiting": codes[stem]}
    for secret, status in ((None, 404), ("0000", 404), (links[stem], 201)):
        headers = {"Idempotency-Key": "key-taken"}
        headers |= {} if secret is None else {"Booking-Secret": secret}
        answer = here.http.post("/api/v1/bookings", json=body, headers=headers)
        assert answer.status_code == status


# Staff


@pytest.mark.parametrize("role", ["dispatcher", "admin"])
def test_dispatchers_see_and_cancel_any_booking(here: Office, role: str) -> None:
    address = f"/api/v1/bookings/{booked(here)['code']}"
    here.sign_in(role)
    assert here.http.get(address).json()["status"] == "booked"
    assert here.http.delete(address, headers=here.csrf).json()["status"] == "cancelled"
    assert code_of(here.http.get("/api/v1/bookings/ABCD1234")) == (404, "unknown_booking")


@pytest.mark.parametrize("role", ["driver", "planner"])
def test_other_staff_need_a_bookings_secret_like_everybody(here: Office, role: str) -> None:
    booking = booked(here)
    here.sign_in(role)
    answer = here.http.get(f"/api/v1/bookings/{booking['code']}")
    assert code_of(answer) == (404, "unknown_booking")
    assert here.look_up(booking).status_code == 200


def test_a_partner_sees_bookings_if_its_key_says_so(here: Office) -> None:
    address = f"/api/v1/bookings/{booked(here)['code']}"
    assert here.http.get(address, headers=here.key(Scope.BOOKINGS)).status_code == 200
    answer = here.http.get(address, headers=here.key(Scope.OFFERS, Scope.UNMET))
    assert code_of(answer) == (404, "unknown_booking")
    answer = here.http.get(address, headers={"Authorization": "Bearer made-up"})
    assert code_of(answer) == (401, "not_signed_in")
    assert here.http.delete(address, headers={"Authorization": "Bearer x"}).status_code == 401


def test_signing_in_says_who_it_is_and_how_long(here: Office) -> None:
    answer = here.sign_in("Dispatcher")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["roles"], body["shift"]) == ("dispatcher", ["dispatcher"], None)
    assert body["ends_at"] == "2027-03-22T20:00:00+01:00"
    assert here.http.get("/api/v1/session").json() == body
    assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(here: Office) -> None:
    answers = [here.sign_in(name, "wrong password") for name in ("dispatcher", "nobody", "\t")]
    assert {code_of(answer) for answer in answers} == {(401, "wrong_credentials")}
    assert len({answer.text for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("https", [False, True])
def test_the_cookie_stays_away_from_scripts_and_other_sites(
    toy_region: Region, tmp_path: Path, https: bool
) -> None:
    with office(toy_region, tmp_path, https=https) as here:
        cookie = here.sign_in("driver").headers["set-cookie"]
        name, _, rest = cookie.partition("=")
        assert name == ("__Host-session" if https else "session")
        for attribute in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
            assert attribute in rest
        assert ("Secure" in rest) == https
        assert "Domain" not in rest
        assert here.http.get("/api/v1/session").status_code == 200


@pytest.mark.parametrize("https", [False, True])
def test_over_https_browsers_are_told_to_stay_there(
    toy_region: Region, tmp_path: Path, https: bool
) -> None:
    with office(toy_region, tmp_path, https=https) as here:
        headers = here.http.get("/login").headers
        assert ("strict-transport-security" in headers) == https


def test_signing_in_ends_the_session_that_the_browser_had(here: Office) -> None:
    here.sign_in("dispatcher")
    old = here.http.cookies["session"]
    here.sign_in("planner")
    assert here.http.cookies["session"] != old
    here.http.cookies.set("session", old, domain="testserver.local", path="/")
    assert code_of(here.http.get("/api/v1/session")) == (401, "not_signed_in")


def test_signing_out_ends_the_session_wherever_its_cookie_is(here: Office) -> None:
    here.sign_in("dispatcher")
    cookie = {"Cookie": f"session={here.http.cookies['session']}"}
    assert here.http.delete("/api/v1/session", headers=here.csrf).status_code == 204
    assert "session" not in here.http.cookies
    assert code_of(here.http.get("/api/v1/session", headers=cookie)) == (401, "not_signed_in")


def test_a_session_that_nobody_used_is_over(here: Office) -> None:
    here.sign_in("dispatcher")
    here.clock.now += IDLE_SECONDS
    assert code_of(here.http.get("/api/v1/session")) == (401, "not_signed_in")


def test_sessions_are_listed_and_all_but_this_one_ended(here: Office) -> None:
    here.sign_in("dispatcher")
    here.sign_out()
    here.sign_in("dispatcher")
    listed = here.http.get("/api/v1/sessions").json()
    assert sorted(each["current"] for each in listed) == [False, True]
    assert here.http.delete("/api/v1/sessions", headers=here.csrf).status_code == 204
    assert [each["current"] for each in here.http.get("/api/v1/sessions").json()] == [True]


def test_a_service_without_accounts_lets_in_nobody(dispatcher: Dispatcher) -> None:
    with serving(dispatcher) as api:
        given = {"name": "dispatcher", "password": PASSWORD}
        answer = api.http.post("/api/v1/session", json=given)
        assert code_of(answer) == (401, "wrong_credentials")
        answer = api.http.post("/api/v1/session/driver", json={"code": "ABCDE-12345"})
        assert code_of(answer) == (401, "wrong_credentials")
        for headers in ({}, {"Cookie": "session=x"}, {"Authorization": "Bearer x"}):
            answer = api.http.post(f"/api/v1/shifts/2027-03-22/{SHIFT}/code", headers=headers)
            assert code_of(answer) == (401, "not_signed_in")


OPEN_TO_ALL = {
    "POST /api/v1/offers",
    "POST /api/v1/bookings",
    "GET /api/v1/bookings/{code}",
    "DELETE /api/v1/bookings/{code}",
    "POST /api/v1/bookings/{code}/change",
    "POST /api/v1/offers/return",
    "POST /api/v1/bookings/return",
    "POST /api/v1/series",
    "GET /api/v1/series/{code}",
    "DELETE /api/v1/series/{code}",
    "POST /api/v1/waiting",
    "GET /api/v1/waiting/{code}",
    "DELETE /api/v1/waiting/{code}",
    "POST /api/v1/session",
    "POST /api/v1/session/driver",
    "GET /api/v1/places",
    "GET /api/v1/regions/current",
    "GET /api/v1/roads",
    "GET /api/v1/tours",
    "GET /api/v1/trains",
    "GET /api/v1/figures",
    "GET /api/v1/promises/{day}",
    "GET /api/v1/vehicles",
    "GET /healthz",
    "GET /open-data/alerts.pb",
    "GET /open-data/figures.json",
    "GET /open-data/gtfs-flex.zip",
    "GET /open-data/realtime_booking",
    "GET /open-data/vehicle-positions.pb",
    "GET /open-data/wait_time",
}
"""What residents and the map page need; whatever is not listed here asks who it is."""


def test_what_is_not_open_to_all_on_purpose_asks_who_it_is(dispatcher: Dispatcher) -> None:
    with serving(dispatcher) as api:
        document = api.http.get("/api/v1/openapi.json").json()
        open_ones = set()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if {} in operation.get("security", [{}]):
                    open_ones.add(f"{method.upper()} {path}")
                    continue
                assert {"401", "403"} <= set(operation["responses"]), path
                address = path.replace("{day}", "2027-03-22").replace("{shift}", SHIFT)
                answer = api.http.request(method, re.sub(r"\{\w+\}", "ABCD1234", address))
                assert code_of(answer) == (401, "not_signed_in"), path
        assert open_ones == OPEN_TO_ALL


# Forgery


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": "0" * 32}, {"X-CSRF-Token": "é"}])
def test_a_cookie_alone_changes_nothing(here: Office, headers: dict[str, str]) -> None:
    address = f"/api/v1/bookings/{booked(here)['code']}"
    here.sign_in("dispatcher")
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    for method, path in (
        ("DELETE", address),
        ("DELETE", "/api/v1/session"),
        ("DELETE", "/api/v1/sessions"),
        ("POST", f"/api/v1/shifts/2027-03-22/{SHIFT}/code"),
        ("POST", "/logout"),
    ):
        answer = here.http.request(method, path, headers=raw)
        assert code_of(answer) == (403, "forged_request")
    assert here.http.get(address).json()["status"] == "booked"


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_page_of_another_site_changes_nothing_even_with_the_token(
    here: Office, headers: dict[str, str]
) -> None:
    address = f"/api/v1/bookings/{booked(here)['code']}"
    here.sign_in("dispatcher")
    answer = here.http.delete(address, headers=here.csrf | headers)
    assert code_of(answer) == (403, "forged_request")
    assert here.http.get(address, headers=headers).json()["status"] == "booked"


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_page_of_another_site_signs_nobody_in(here: Office, headers: dict[str, str]) -> None:
    given = {"name": "dispatcher", "password": PASSWORD}
    answer = here.http.post("/api/v1/session", json=given, headers=headers)
    assert code_of(answer) == (403, "forged_request")
    answer = here.http.post("/login", data=given, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert "session" not in here.http.cookies


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}]
)
def test_a_page_of_this_service_changes_what_it_may(here: Office, headers: dict[str, str]) -> None:
    address = f"/api/v1/bookings/{booked(here)['code']}"
    here.sign_in("dispatcher")
    assert here.http.delete(address, headers=here.csrf | headers).status_code == 200


def test_the_token_of_another_session_is_of_no_use(here: Office) -> None:
    here.sign_in("planner")
    stolen = here.csrf
    here.sign_out()
    here.sign_in("dispatcher")
    answer = here.http.delete("/api/v1/session", headers=stolen)
    assert code_of(answer) == (403, "forged_request")


# Drivers


def test_a_driver_opens_a_shift_with_its_code_once(here: Office) -> None:
    code = here.code_of()
    assert re.fullmatch(r"[A-Z0-9]{5}-[A-Z0-9]{5}", code)
    answer = here.http.post("/api/v1/session/driver", json={"code": code.lower()})
    assert answer.status_code == 201
    assert answer.json()["shift"] == {"day": "2027-03-22", "shift": SHIFT}
    assert (answer.json()["name"], answer.json()["roles"]) == ("", [])
    assert here.http.get("/api/v1/session").json()["shift"]["shift"] == SHIFT
    again = here.http.post("/api/v1/session/driver", json={"code": code})
    assert code_of(again) == (401, "wrong_credentials")


def test_a_code_is_for_a_shift_that_is_still_to_be_driven(here: Office) -> None:
    here.sign_in("dispatcher")
    for path in ("2027-03-22/bus-9@06:00", "2027-03-28/bus-1@06:00"):
        answer = here.http.post(f"/api/v1/shifts/{path}/code", headers=here.csrf)
        assert code_of(answer) == (404, "unknown_shift")
    answer = here.http.post(f"/api/v1/shifts/2099-01-01/{SHIFT}/code", headers=here.csrf)
    assert code_of(answer) == (422, "out_of_range")
    here.clock.set("2027-03-22T20:00")
    here.sign_in("dispatcher")
    answer = here.http.post(f"/api/v1/shifts/2027-03-22/{SHIFT}/code", headers=here.csrf)
    assert code_of(answer) == (404, "unknown_shift")


@pytest.mark.parametrize("role", ["driver", "planner"])
def test_only_dispatchers_make_codes(here: Office, role: str) -> None:
    address = f"/api/v1/shifts/2027-03-22/{SHIFT}/code"
    assert code_of(here.http.post(address)) == (401, "not_signed_in")
    here.sign_in(role)
    assert code_of(here.http.post(address, headers=here.csrf)) == (403, "not_allowed")


# The dependencies that other rooms take


@pytest.fixture
def doors(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    """The office with endpoints behind each kind of door."""
    with office(toy_region, tmp_path) as made:
        app = made.http.app
        assert isinstance(app, FastAPI)

        @app.get("/trouble", dependencies=[Depends(Staff("dispatcher"))])
        @app.post("/trouble", dependencies=[Depends(Staff("dispatcher"))])
        def trouble() -> str:
            return "done"

        @app.get("/unmet")
        def unmet(
            caller: Annotated[CallerHere, Depends(Staff("planner", "dispatcher", scope="unmet"))],
        ) -> str:
            return caller.name

        @app.get("/feed", dependencies=[Depends(partner("offers"))])
        def feed() -> str:
            return "feed"

        @app.get("/metrics", dependencies=[Depends(local_or("metrics"))])
        def metrics() -> str:
            return "figures"

        @app.post("/shifts/{day}/{shift}/reports")
        def report(driver: DriverOfShift) -> str:
            return driver.name or "by code"

        yield made


@pytest.mark.parametrize(
    ("path", "let_in"),
    [
        ("/trouble", {"dispatcher", "admin"}),
        ("/unmet", {"planner", "dispatcher", "admin"}),
        ("/feed", {"admin"}),
        ("/metrics", {"admin"}),
    ],
)
def test_each_door_opens_for_its_roles(doors: Office, path: str, let_in: set[str]) -> None:
    assert code_of(doors.http.get(path)) == (401, "not_signed_in")
    assert 'Bearer realm="shuttle"' in doors.http.get(path).headers["www-authenticate"]
    for role in Role:
        doors.sign_out()
        doors.sign_in(role)
        answer = doors.http.get(path)
        if role in let_in:
            assert answer.status_code == 200
        else:
            assert code_of(answer) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("path", "scope"), [("/unmet", "unmet"), ("/feed", "offers"), ("/metrics", "metrics")]
)
def test_each_door_opens_for_its_scope_only(doors: Office, path: str, scope: str) -> None:
    for each in Scope:
        answer = doors.http.get(path, headers=doors.key(each))
        if each == scope:
            assert answer.status_code == 200
        else:
            assert code_of(answer) == (403, "not_allowed")
    every = doors.key(*Scope)
    assert code_of(doors.http.post("/trouble", headers=every)) == (403, "not_allowed")


def test_a_key_needs_no_csrf_token_but_a_cookie_does(doors: Office) -> None:
    doors.sign_in("dispatcher")
    assert code_of(doors.http.post("/trouble")) == (403, "forged_request")
    assert doors.http.post("/trouble", headers=doors.csrf).json() == "done"


def test_a_form_may_carry_the_csrf_token_in_a_field(doors: Office) -> None:
    doors.sign_in("dispatcher")
    right = {"csrf_token": doors.csrf["X-CSRF-Token"]}
    assert doors.http.post("/trouble", data=right).json() == "done"
    assert code_of(doors.http.post("/trouble", data={"csrf_token": "x"})) == (403, "forged_request")


def test_reports_come_from_the_driver_of_the_shift_or_whoever_may_drive_any(
    doors: Office,
) -> None:
    own, other = f"/shifts/2027-03-22/{SHIFT}/reports", "/shifts/2027-03-22/bus-2@07:00/reports"
    tomorrow = f"/shifts/2027-03-23/{SHIFT}/reports"
    assert code_of(doors.http.post(own)) == (401, "not_signed_in")
    code = doors.code_of()
    entered = doors.http.post("/api/v1/session/driver", json={"code": code}).json()
    csrf = {"X-CSRF-Token": entered["csrf_token"]}
    assert doors.http.post(own, headers=csrf).json() == "by code"
    assert code_of(doors.http.post(own)) == (403, "forged_request")
    for path in (other, tomorrow, "/trouble"):
        assert code_of(doors.http.post(path, headers=csrf)) == (403, "not_allowed")
    for role, status in (("driver", 200), ("dispatcher", 200), ("admin", 200), ("planner", 403)):
        doors.sign_out()
        doors.sign_in(role)
        assert doors.http.post(other, headers=doors.csrf).status_code == status


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 401),
        ("192.0.2.1", {}, 401),
    ],
)
def test_figures_are_read_on_this_machine_but_not_through_a_proxy(
    toy_region: Region, tmp_path: Path, client: str, headers: dict[str, str], status: int
) -> None:
    with office(toy_region, tmp_path, client=client) as here:
        app = here.http.app
        assert isinstance(app, FastAPI)

        @app.get("/metrics", dependencies=[Depends(local_or("metrics"))])
        def metrics() -> str:
            return "figures"

        assert here.http.get("/metrics", headers=headers).status_code == status


# Reading


def everything(folder: Path) -> dict[str, list[Any]]:
    """Return all rows of all tables."""
    connection = sqlite3.connect(folder / "office.sqlite3")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}
    connection.close()
    return rows


CHURCH = {"pickup_lat": 54.63, "pickup_lon": 9.77}

SOUGHT: dict[str, dict[str, Any]] = {
    "/api/v1/places": {"q": "Kirche"},
    "/api/v1/trains": {"stop": "kirche", "day": "2027-03-22"},
    "/open-data/wait_time": CHURCH,
    "/open-data/realtime_booking": CHURCH,
}
"""What is asked for, where nothing is answered without."""


def test_reading_never_changes_anything(toy_region: Region, tmp_path: Path) -> None:
    with office(toy_region, tmp_path) as here:
        codes, links = things_to_read(here)
        key = here.key(*Scope)
        here.sign_in("admin")
        here.clock.set("2027-03-22T09:30")
        document = here.http.get("/api/v1/openapi.json").json()
        paths = [path for path, methods in document["paths"].items() if "get" in methods]
        pages = ["/map", "/table", "/about", "/problems", "/login", "/anmelden", "/theme.css"]
        before = everything(tmp_path)
        for path in [*paths, *pages]:
            stem, _, _ = path.partition("{")
            address = path.replace("{day}", "2027-03-22").replace("{shift}", SHIFT)
            address = address.replace("{code}", codes.get(stem, "")).replace("{revision}", "1")
            own = {"Booking-Secret": links.get(stem, "")}
            sought = SOUGHT.get(path, {})
            answers = [
                here.http.get(address, params=sought, headers=each) for each in ({}, own, key)
            ]
            assert max(answer.status_code for answer in answers) < 500, path
            assert 200 in [answer.status_code for answer in answers], path
        assert everything(tmp_path) == before


# The page


def test_staff_sign_in_and_out_on_a_page_without_scripts(here: Office) -> None:
    page = here.http.get("/anmelden")
    assert page.url.path == "/login"
    assert "<script" not in page.text
    assert "<h1>Anmelden</h1>" in page.text
    given = {"name": "dispatcher", "password": PASSWORD}
    page = here.http.post("/login", data=given)
    assert "<h1>Angemeldet</h1>" in page.text
    assert "Disposition" in page.text
    assert page.headers["cache-control"] == "no-store"
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token is not None
    page = here.http.post("/logout", data={"csrf_token": token[1]})
    assert "<h1>Anmelden</h1>" in page.text
    assert "session" not in here.http.cookies


def test_signing_in_and_out_keeps_the_language_that_was_chosen(here: Office) -> None:
    form = {"name": "dispatcher", "password": PASSWORD}
    page = here.http.post("/login?lang=da", data=form)
    assert str(page.url).endswith("/login?lang=da")
    assert "Logget ind" in page.text
    assert 'action="/logout?lang=da"' in page.text


def test_a_driver_opens_a_shift_on_the_page(here: Office) -> None:
    page = here.http.post("/login", data={"code": here.code_of()})
    assert f"{SHIFT}, Montag, 22. März 2027" in page.text
    assert here.http.get("/api/v1/session").json()["shift"]["shift"] == SHIFT


@pytest.mark.parametrize(
    "given", [{"name": "dispatcher", "password": "wrong"}, {"code": "ABCDE12345"}, {}]
)
def test_the_page_says_what_was_wrong_beside_the_fields(
    here: Office, given: dict[str, str]
) -> None:
    page = here.http.post("/login?lang=en", data=given)
    assert page.status_code == 401
    assert page.text.count('role="alert"') == 1
    assert "This is not right." in page.text
    assert 'aria-describedby="wrong"' in page.text or "code-hint wrong" in page.text


def test_what_was_typed_comes_back_as_text(here: Office) -> None:
    page = here.http.post("/login", data={"name": '"><script>x</script>', "password": "secret-1"})
    assert "<script>" not in page.text
    assert "secret-1" not in page.text
