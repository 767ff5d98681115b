"""Whom a booking belongs to: what comes in with it, and what is made of it."""

from collections.abc import Iterator

import pytest

from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel, Contact
from shuttle.keyed import Keyed
from tests.api_client import Api, serving


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as made:
        yield made


def book(api: Api, contact: dict[str, str]) -> str:
    answer = api.http.post(
        "/api/v1/bookings",
        json={"offer": api.offer()["offer"], "contact": contact},
        headers={"Idempotency-Key": "key-of-a-test"},
    )
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


@pytest.mark.parametrize("phone", ["04641 78123", "+49 4641 78123", "0049-4641/78123"])
def test_a_phone_number_is_kept_in_its_international_form(api: Api, phone: str) -> None:
    code = book(api, {"name": " Frau Petersen ", "phone": phone, "notify": "sms"})
    contact = api.dispatcher.store.contact(code)
    assert contact == Contact("Frau Petersen", "+49464178123", "", Channel.SMS, "de")


def test_bookings_are_found_by_phone_number_without_the_number(api: Api) -> None:
    code = book(api, {"phone": "04641 78123"})
    pseudonym = api.dispatcher.keyed.phone("+49464178123")
    assert [each.code for each in api.dispatcher.store.bookings_of(pseudonym)] == [code]


def test_a_booking_without_a_contact_has_none(api: Api) -> None:
    assert api.dispatcher.store.contact(api.book()["code"]) is None


@pytest.mark.parametrize(
    ("contact", "code", "field"),
    [
        ({"phone": "12"}, "invalid_phone", "contact.phone"),
        ({"phone": "call me"}, "invalid", "contact.phone"),
        ({"email": "nobody"}, "invalid", "contact.email"),
        ({"email": "a@[x.y"}, "invalid", "contact.email"),
        ({"email": "a..b@example.org"}, "invalid", "contact.email"),
        ({"notify": "sms"}, "invalid", "contact"),
        ({"notify": "email", "phone": "04641 78123"}, "invalid", "contact"),
        ({"language": "fr"}, "invalid", "contact.language"),
    ],
)
def test_a_contact_that_cannot_be_reached_is_refused_and_nothing_booked(
    api: Api, contact: dict[str, str], code: str, field: str
) -> None:
    answer = api.http.post(
        "/api/v1/bookings",
        json={"offer": api.offer()["offer"], "contact": contact},
        headers={"Idempotency-Key": "key-of-a-test"},
    )
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
    assert api.dispatcher.store.receipt("key-of-a-test") is None


def test_pseudonyms_links_and_prints_depend_on_the_key_and_on_their_purpose() -> None:
    one, other = Keyed(b"k" * 32), Keyed(b"l" * 32)
    text = "+49464178123"
    values = {each.phone(text) for each in (one, other)} | {one.digest(text), one.link(text)}
    assert len(values) == 4
    assert len(one.link(text)) == 22
    with pytest.raises(ValueError, match="16 bytes"):
        Keyed(b"short")
