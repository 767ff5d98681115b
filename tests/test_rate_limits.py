"""Rate limits: how much is let through, whom it is counted by, and what is said to the rest."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.limits import address_prefix
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.errors import TooManyRequests
from shuttle.people import rate_limits
from shuttle.people.accounts import Scope
from shuttle.people.rate_limits import GENEROUS, LIMITS, Limit, Rate, RateLimiter
from shuttle.region import Region
from shuttle.settings import SettingsError, limits_of, read_settings
from tests.api_client import KEY, Clock, berlin, request, secret_of
from tests.staff import Office, office

NOW = 1_800_000_000

AWAY = "192.0.2.77"


def let_through(limiter: RateLimiter, limit: Limit, whose: str, now: int, tries: int) -> int:
    """Return how many of so many tries succeed."""
    passed = 0
    for _ in range(tries):
        try:
            limiter.take(limit, whose, now)
        except TooManyRequests:
            continue
        passed += 1
    return passed


# The bucket


def test_so_many_pass_at_once_and_the_same_again_spread_over_the_time() -> None:
    limiter = RateLimiter({"offers_by_address": Rate(10, 60)})
    assert let_through(limiter, "offers_by_address", "a", NOW, 25) == 10
    assert let_through(limiter, "offers_by_address", "a", NOW + 6, 25) == 1
    assert let_through(limiter, "offers_by_address", "a", NOW + 36, 25) == 5
    assert let_through(limiter, "offers_by_address", "a", NOW + 9999, 25) == 10


def test_everybody_has_a_bucket_and_everything_has_its_own() -> None:
    limiter = RateLimiter({"offers_by_address": Rate(1, 60), "bookings_by_address": Rate(2, 60)})
    assert let_through(limiter, "offers_by_address", "a", NOW, 5) == 1
    assert let_through(limiter, "offers_by_address", "b", NOW, 5) == 1
    assert let_through(limiter, "bookings_by_address", "a", NOW, 5) == 2
    assert let_through(limiter, "logins_by_address", "a", NOW, 5) == 5


def test_knocking_while_waiting_does_not_make_it_longer() -> None:
    limiter = RateLimiter({"logins_by_name": Rate(1, 30)})
    passed = [let_through(limiter, "logins_by_name", "a", NOW + each, 1) for each in range(91)]
    assert [second for second, times in enumerate(passed) if times] == [0, 30, 60, 90]


@pytest.mark.parametrize("rate", [Rate(1, 3600), Rate(3, 7), Rate(7, 3), Rate(120, 60)])
def test_whoever_waits_as_long_as_said_gets_through_and_no_sooner(rate: Rate) -> None:
    limiter = RateLimiter({"logins_by_name": rate})
    let_through(limiter, "logins_by_name", "a", NOW, rate.number)
    with pytest.raises(TooManyRequests) as caught:
        limiter.take("logins_by_name", "a", NOW)
    assert caught.value.seconds >= 1
    if caught.value.seconds > 1:
        assert let_through(limiter, "logins_by_name", "a", NOW + caught.value.seconds - 1, 1) == 0
    assert let_through(limiter, "logins_by_name", "a", NOW + caught.value.seconds, 1) == 1


def test_a_clock_that_is_set_back_gives_nothing_and_locks_nobody_out() -> None:
    limiter = RateLimiter({"logins_by_name": Rate(2, 60)})
    assert let_through(limiter, "logins_by_name", "a", NOW, 2) == 2
    assert let_through(limiter, "logins_by_name", "a", NOW - 86_400, 2) == 0
    assert let_through(limiter, "logins_by_name", "a", NOW - 86_400 + 60, 3) == 2


def test_what_is_given_back_is_there_again_but_never_more_than_all() -> None:
    limiter = RateLimiter({"guesses_by_code": Rate(2, 60)})
    for _ in range(50):
        limiter.take("guesses_by_code", "a", NOW)
        limiter.give_back("guesses_by_code", "a", NOW)
        limiter.give_back("guesses_by_code", "b", NOW)
    assert let_through(limiter, "guesses_by_code", "a", NOW, 5) == 2
    assert let_through(limiter, "guesses_by_code", "b", NOW, 5) == 2


def test_threads_take_no_more_than_there_is() -> None:
    limiter = RateLimiter({"offers_in_total": Rate(100, 3600)})
    with ThreadPoolExecutor(8) as pool:
        tries = [
            pool.submit(let_through, limiter, "offers_in_total", "", NOW, 50) for _ in range(8)
        ]
    assert sum(each.result() for each in tries) == 100


def test_memory_stays_bounded_and_forgets_who_came_longest_ago() -> None:
    limiter, most = RateLimiter({"guesses_by_code": Rate(1, 3600)}), rate_limits.MOST_BUCKETS
    for number in range(most + 10):
        limiter.take("guesses_by_code", f"code-{number}", NOW)
    assert len(limiter._buckets) == most
    assert let_through(limiter, "guesses_by_code", f"code-{most + 9}", NOW, 1) == 0
    assert let_through(limiter, "guesses_by_code", "code-0", NOW, 1) == 1


@pytest.mark.parametrize(
    ("host", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.99", "192.0.2.0/24"),
        ("2001:db8:1:2ff:5::1", "2001:db8:1:200::/56"),
        ("2001:db8:1:300::1", "2001:db8:1:300::/56"),
        ("127.0.0.1", None),
        ("127.8.8.8", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("testclient", None),
        ("", None),
    ],
)
def test_an_address_is_counted_by_its_network(host: str, prefix: str | None) -> None:
    assert address_prefix(host) == prefix


# Through the API


@contextmanager
def limited(
    region: Region, folder: Path, limits: Mapping[Limit, Rate], client: str = AWAY
) -> Iterator[Office]:
    with office(region, folder, limits=limits, client=client) as made:
        yield made


def refused(answer: Any) -> bool:
    """Whether an answer says to wait; then it says so completely."""
    if answer.status_code != 429:
        return False
    assert answer.json()["code"] == "too_many_requests"
    assert answer.json()["title"] == "Das waren zu viele Anfragen. Bitte warten Sie etwas."
    assert int(answer.headers["retry-after"]) >= 1
    return True


def book(here: Office, key: str, phone: str = "") -> Any:
    body = {"offer": here.offer()["offer"], "contact": {"phone": phone}}
    return here.http.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("limit", ["offers_by_address", "offers_in_total"])
def test_offers_are_limited(toy_region: Region, tmp_path: Path, limit: Limit) -> None:
    with limited(toy_region, tmp_path, {limit: Rate(2, 60)}) as here:
        assert [here.ask().status_code for _ in range(3)] == [200, 200, 429]
        answer = here.ask()
        assert refused(answer)
        here.clock.now += int(answer.headers["retry-after"])
        assert here.ask().status_code == 200


def test_bookings_are_limited_by_phone_number_however_it_is_written(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"bookings_by_phone": Rate(2, 3600)}) as here:
        written = ("04641 78123", "+49 4641 78123", "0049 4641 78123", "04641 78124", "")
        answers = [book(here, f"key-number-{n}", phone) for n, phone in enumerate(written)]
        assert [each.status_code for each in answers] == [201, 201, 429, 201, 201]
        assert refused(answers[2])


def test_repeats_places_on_the_list_and_returns_count_as_bookings_of_a_phone_number(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"bookings_by_phone": Rate(1, 3600)}) as here:
        contact = {"phone": "04641 78123", "notify": "sms"}
        wait = {"request": request(), "contact": contact}
        series = {
            **{name: part for name, part in request().items() if name != "when"},
            "when": {"depart_at": "11:00"},
            "weekdays": ["mon"],
            "first_day": "2027-03-22",
            "last_day": "2027-03-30",
            "contact": contact,
        }
        there = here.offer()["offer"]
        wish = {"when": {"depart_at": berlin("2027-03-22T12:00")}}
        back = here.http.post("/api/v1/offers/return", json={"outward": there, "return": wish})
        both = {
            "outward": there,
            "return": back.json()["offers"][0]["offer"],
            "contact": contact,
        }
        assert book(here, "key-number-1", "04641 78123").status_code == 201
        for path, body in (("waiting", wait), ("series", series), ("bookings/return", both)):
            headers = {"Idempotency-Key": f"key-of-{path}"}
            assert refused(here.http.post(f"/api/v1/{path}", json=body, headers=headers)), path


def test_a_change_counts_as_a_booking_of_the_old_rides_phone_number(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"bookings_by_phone": Rate(2, 3600)}) as here:
        booking = book(here, "key-number-1", "04641 78123").json()
        answers = []
        for number in range(2):
            asked = {**request(), "changing": booking["code"]}
            secret = secret_of(booking)
            offers = here.http.post("/api/v1/offers", json=asked, headers=secret).json()["offers"]
            answer = here.http.post(
                f"/api/v1/bookings/{booking['code']}/change",
                json={"offer": offers[0]["offer"]},
                headers={**secret, "Idempotency-Key": f"key-change-{number}"},
            )
            answers.append(answer)
            booking = answer.json()
        assert answers[0].status_code == 201
        assert refused(answers[1])


@pytest.mark.parametrize("limit", ["bookings_by_address", "bookings_in_total"])
def test_bookings_are_limited(toy_region: Region, tmp_path: Path, limit: Limit) -> None:
    with limited(toy_region, tmp_path, {limit: Rate(1, 3600)}) as here:
        assert book(here, "key-number-1").status_code == 201
        assert refused(book(here, "key-number-2"))


def test_a_refused_request_by_address_takes_nothing_from_the_others(
    toy_region: Region, tmp_path: Path
) -> None:
    limits: dict[Limit, Rate] = {
        "offers_by_address": Rate(1, 60),
        "offers_in_total": Rate(2, 86_400),
    }
    with limited(toy_region, tmp_path, limits) as here:
        assert [here.ask().status_code for _ in range(9)] == [200] + [429] * 8
        here.clock.now += 60
        assert here.ask().status_code == 200


def test_this_machine_itself_is_counted_in_total_only(toy_region: Region, tmp_path: Path) -> None:
    limits: dict[Limit, Rate] = {
        "offers_by_address": Rate(1, 3600),
        "offers_in_total": Rate(3, 3600),
    }
    with limited(toy_region, tmp_path, limits, client="127.0.0.1") as here:
        assert [here.ask().status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_partner_is_counted_under_its_own_name(toy_region: Region, tmp_path: Path) -> None:
    limits: dict[Limit, Rate] = {
        "offers_by_address": Rate(1, 3600),
        "offers_by_partner": Rate(3, 3600),
    }
    with limited(toy_region, tmp_path, limits) as here:
        offers, bookings = here.key(Scope.OFFERS), here.key(Scope.BOOKINGS)

        def asked(headers: dict[str, str]) -> int:
            answer = here.http.post("/api/v1/offers", json=request(), headers=headers)
            return int(answer.status_code)

        assert [asked(offers) for _ in range(4)] == [200, 200, 200, 429]
        assert [asked(bookings), asked({})] == [200, 429]


def test_four_digits_may_be_guessed_a_few_times_a_day_even_if_right_in_the_end(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"guesses_by_code": GENEROUS["guesses_by_code"]}) as here:
        booking = book(here, "key-number-1", "04641 78123").json()
        path = f"/api/v1/bookings/{booking['code']}"
        seen = [
            here.http.get(path, headers={"Booking-Secret": f"{guess:04}"}).status_code
            for guess in range(20)
        ]
        assert seen == [404] * 10 + [429] * 10
        assert refused(here.http.get(path, headers={"Booking-Secret": "8123"}))
        assert here.look_up(booking).status_code == 200
        here.clock.now += 86_400 // 10
        assert here.http.get(path, headers={"Booking-Secret": "8123"}).status_code == 200


def test_a_code_that_there_is_not_is_limited_just_the_same(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"guesses_by_code": Rate(2, 3600)}) as here:
        booking = book(here, "key-number-1", "04641 78123").json()
        answers = {
            code: [
                here.http.delete(f"/api/v1/bookings/{code}", headers={"Booking-Secret": "0000"})
                for _ in range(4)
            ]
            for code in (booking["code"], "ABCD1234")
        }
        real, made_up = ([(a.status_code, a.text) for a in each] for each in answers.values())
        assert [status for status, _ in real] == [404, 404, 429, 429]
        assert real == made_up


def test_whoever_knows_the_secret_may_look_as_often_as_they_like(
    toy_region: Region, tmp_path: Path
) -> None:
    limits: dict[Limit, Rate] = {
        "guesses_by_code": Rate(1, 3600),
        "guesses_by_address": Rate(1, 3600),
        "guesses_in_total": Rate(1, 3600),
    }
    with limited(toy_region, tmp_path, limits) as here:
        booking = book(here, "key-number-1", "04641 78123").json()
        path = f"/api/v1/bookings/{booking['code']}"
        for secret in ("8123", booking["link"]):
            seen = [here.http.get(path, headers={"Booking-Secret": secret}) for _ in range(5)]
            assert {each.status_code for each in seen} == {200}


@pytest.mark.parametrize("limit", ["guesses_by_address", "guesses_in_total"])
def test_guessing_codes_is_limited(toy_region: Region, tmp_path: Path, limit: Limit) -> None:
    with limited(toy_region, tmp_path, {limit: Rate(3, 3600)}) as here:
        codes = [f"ABCD123{each}" for each in range(5)]
        seen = [here.http.get(f"/api/v1/bookings/{code}").status_code for code in codes]
        assert seen == [404, 404, 404, 429, 429]


@pytest.mark.parametrize("limit", ["logins_by_name", "logins_by_address", "logins_in_total"])
def test_signing_in_is_limited_by_wrong_and_right_tries_alike(
    toy_region: Region, tmp_path: Path, limit: Limit
) -> None:
    with limited(toy_region, tmp_path, {limit: Rate(2, 600)}) as here:
        assert here.sign_in("planner", "wrong").status_code == 401
        assert here.sign_in("Planner").status_code == 201
        assert refused(here.sign_in(" planner"))
        page = here.http.post("/login", data={"name": "planner", "password": "x"})
        assert page.status_code == 429
        assert "zu viele Anfragen" in page.text
        assert page.headers["retry-after"]


def test_all_ways_to_write_one_accounts_name_share_its_attempts(
    toy_region: Region, tmp_path: Path
) -> None:
    with limited(toy_region, tmp_path, {"logins_by_name": Rate(2, 600)}) as here:
        assert here.sign_in("ｐlanner", "wrong").status_code == 401
        assert here.sign_in("pｌanner").status_code == 201
        assert refused(here.sign_in("planner"))
        no_name = "\u200b"  # no account can have it; it is counted all the same
        assert [here.sign_in(no_name, "x").status_code for _ in range(3)] == [401, 401, 429]


def test_guessing_a_shifts_code_is_limited(toy_region: Region, tmp_path: Path) -> None:
    with limited(toy_region, tmp_path, {"logins_by_address": Rate(2, 600)}) as here:
        answers = [
            here.http.post("/api/v1/session/driver", json={"code": f"ABCDE1234{each}"})
            for each in range(4)
        ]
        assert [each.status_code for each in answers] == [401, 401, 429, 429]


# Settings


def test_a_person_at_a_screen_meets_no_limit() -> None:
    assert set(GENEROUS) == set(LIMITS)
    for limit, rate in GENEROUS.items():
        assert rate.number >= 10, limit


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits_of(read_settings()) == GENEROUS
    monkeypatch.setenv("SHUTTLE_LIMITS", '{"offers_by_address": "5/60"}')
    changed = limits_of(read_settings())
    assert changed == {**GENEROUS, "offers_by_address": Rate(5, 60)}


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SHUTTLE_LIMITS", '{"offers_by_address": "many"}', "write number/seconds"),
        ("SHUTTLE_LIMITS", '{"offers_by_address": "0/60"}', "offers_by_address"),
        ("SHUTTLE_LIMITS", '{"offers": "5/60"}', "offers"),
        ("SHUTTLE_LIMITS", "lots", "is no JSON"),
        ("SHUTTLE_TRUSTED_PROXIES", "127.0.0.1, proxy.local", "'proxy.local' is no address"),
    ],
)
def test_a_setting_that_cannot_be_read_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=words) as caught:
        read_settings()
    assert str(caught.value).startswith(variable)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("trusted", "seen"), [("", [200] * 3), ("127.0.0.1", [200, 429, 200])])
def test_a_proxy_is_believed_only_if_it_was_declared(
    dispatcher: Dispatcher, trusted: str, seen: list[int]
) -> None:
    limits: dict[Limit, Rate] = {"offers_by_address": Rate(1, 3600)}
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None, limits=limits)
    with (
        listen("127.0.0.1", 0) as listener,
        serving_beside(app, listener, trusted),
        httpx2.Client(base_url=address(listener), trust_env=False) as http,
    ):
        answers = [
            http.post(
                "/api/v1/offers",
                json=request(),
                headers={"X-Forwarded-For": client, "X-Forwarded-Proto": "https"},
            )
            for client in ("192.0.2.1", "192.0.2.2", "198.51.100.1")
        ]
    assert [each.status_code for each in answers] == seen
    https = ["strict-transport-security" in each.headers for each in answers]
    assert https == [bool(trusted)] * 3


def test_no_address_is_kept(toy_region: Region, tmp_path: Path) -> None:
    with limited(toy_region, tmp_path, GENEROUS) as here:
        here.ask()
        book(here, "key-number-1", "04641 78123")
        here.sign_in("planner", "wrong")
        limiter = here.http.app.state.service.limiter  # type: ignore[attr-defined]
        kept = repr(list(limiter._buckets))
        assert "offers_by_address" in kept
        for part in (AWAY, "192.0.2", "78123"):
            assert part not in kept
        for file in tmp_path.iterdir():
            assert b"192.0.2" not in file.read_bytes()
