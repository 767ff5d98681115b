"""Changing a booking and booking a return ride through the API."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import Api, berlin, request, serving
from tests.staff import at_the_desk

CONTACT = {"phone": "04641 78123", "notify": "sms"}


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Api]:
    with at_the_desk(toy_region, tmp_path) as desk:
        yield desk


def post(api: Api, path: str, body: dict[str, Any], key: str = "key-of-a-test") -> Any:
    return api.http.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})


def change(api: Api, code: str, offer: str, key: str = "key-change") -> Any:
    return post(api, f"/bookings/{code}/change", {"offer": offer}, key)


def status(api: Api, code: str) -> str:
    found: str = api.http.get(f"/api/v1/bookings/{code}").json()["status"]
    return found


def test_a_booking_is_changed_with_an_offer_made_without_it(api: Api) -> None:
    old = api.book()
    later = {"depart_at": berlin("2027-03-22T11:00")}
    offer = api.offer(when=later, changing=old["code"].lower())
    answer = change(api, old["code"], offer["offer"])
    assert answer.status_code == 201
    new = answer.json()
    assert new["pickup_window"] == offer["pickup_window"]
    assert answer.headers["location"] == f"/api/v1/bookings/{new['code']}"
    assert (status(api, old["code"]), status(api, new["code"])) == ("cancelled", "booked")
    assert change(api, old["code"], offer["offer"]).json() == new
    gone = change(api, old["code"], api.offer()["offer"], "key-another")
    assert (gone.status_code, gone.json()["code"]) == (409, "already_cancelled")


def test_a_ride_that_has_begun_is_not_changed(api: Api) -> None:
    old = api.book()
    api.clock.set("2027-03-22T09:20")
    later = {"depart_at": berlin("2027-03-22T11:00")}
    offer = api.offer(when=later)
    for answer in (
        api.ask(when=later, changing=old["code"]),
        change(api, old["code"], offer["offer"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert status(api, old["code"]) != "cancelled"


def test_an_unknown_booking_is_not_changed(api: Api) -> None:
    offer = api.offer()["offer"]
    for answer in (api.ask(changing="ABCD1234"), change(api, "ABCD1234", offer)):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_booking")


def ask_back(api: Api, outward: str, **wish: Any) -> Any:
    wish = {"when": {"depart_at": berlin("2027-03-22T12:00")}, **wish}
    return api.http.post("/api/v1/offers/return", json={"outward": outward, "return": wish})


def test_a_return_is_the_outward_ride_turned_round_and_both_are_linked(api: Api) -> None:
    there = api.offer(party={"passengers": 2})
    asked = ask_back(api, there["offer"])
    assert asked.status_code == 200, asked.text
    assert (asked.json()["from"], asked.json()["to"]) == ("Bahnhof, Niederdorf", "Kirche, Oberdorf")
    back = asked.json()["offers"][0]
    assert back["pickup_window"]["earliest"] >= there["dropoff_latest"]
    body = {"outward": there["offer"], "return": back["offer"], "contact": CONTACT}
    answer = post(api, "/bookings/return", body)
    assert answer.status_code == 201
    both = answer.json()
    assert both["outward"]["linked"] == both["return"]["code"]
    assert both["return"]["linked"] == both["outward"]["code"]
    assert both["return"]["party"]["passengers"] == 2
    assert post(api, "/bookings/return", body).json() == both
    api.http.delete(f"/api/v1/bookings/{both['outward']['code']}")
    left = api.http.get(f"/api/v1/bookings/{both['return']['code']}").json()
    assert (left["status"], left["linked"]) == ("booked", None)


def test_a_way_back_may_differ_from_the_way_there(api: Api) -> None:
    there = api.offer()["offer"]
    asked = ask_back(api, there, to={"stop": "mitte"}, party={"passengers": 3}).json()
    assert asked["to"] == "Mitte, Oberdorf"
    assert asked["offers"][0]["fare"]["cents"] == 3 * api.offer()["fare"]["cents"]


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"when": {"depart_at": berlin("2027-03-22T08:30")}}, "return_too_early", "return.when."),
        ({"when": {"depart_at": {"local": "2027-03-28T02:30"}}}, "no_such_hour", "return.when."),
        ({"from": {"stop": "nowhere"}}, "unknown_stop", "return.from.stop"),
        ({"when": {}}, "invalid", "return.when"),
    ],
)
def test_what_is_wrong_with_a_way_back_is_named(
    api: Api, wish: dict[str, Any], code: str, field: str
) -> None:
    answer = ask_back(api, api.offer()["offer"], **wish)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"].startswith(field)


def test_a_return_that_is_gone_comes_back_with_fresh_offers(api: Api) -> None:
    crowd = {"party": {"passengers": 8}}
    there = api.offer(**crowd)["offer"]
    back = ask_back(api, there).json()["offers"][0]["offer"]
    way_back = {**request(**crowd), "from": {"stop": "bahnhof"}, "to": {"stop": "kirche"}}
    way_back["when"] = {"depart_at": berlin("2027-03-22T12:00")}
    for number in range(12):
        rival = api.http.post("/api/v1/offers", json=way_back).json()
        if rival["refusal"] is not None:
            break
        api.confirm(rival["offers"][0]["offer"], f"rival-{number}")
    body = {"outward": there, "return": back}
    answer = post(api, "/bookings/return", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "return_gone")
    assert answer.json()["field"] == "return"
    fresh = answer.json()["offers"][0]["offer"]
    assert post(api, "/bookings/return", {**body, "return": fresh}).status_code == 201


@pytest.mark.parametrize(("language", "word"), [("de", "Telefonnummer"), ("en", "phone number")])
def test_a_phone_number_with_too_many_bookings_is_told_so(
    toy_region: Region, language: str, word: str
) -> None:
    rules = toy_region.config.rules.model_copy(update={"most_open_bookings": 1})
    config = toy_region.config.model_copy(update={"rules": rules})
    region = replace(toy_region, config=config)
    with closing(Dispatcher(region, MemoryStore())) as dispatcher, serving(dispatcher) as api:
        api.http.headers["Accept-Language"] = language
        body = {"offer": api.offer()["offer"], "contact": CONTACT}
        assert post(api, "/bookings", body).status_code == 201
        answer = post(api, "/bookings", {**body, "offer": api.offer()["offer"]}, "key-another")
        assert answer.status_code == 409
        assert answer.json()["code"] == "too_many_open_bookings"
        assert answer.json()["field"] == "contact.phone"
        assert word in answer.json()["title"]
        assert api.book("key-without-phone")["status"] == "booked"
