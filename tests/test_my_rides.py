"""All rides of a phone number: only for whoever gets the SMS that is sent to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from shuttle.domain import Channel
from shuttle.region import Region
from shuttle.telling.carriers import Message
from shuttle.telling.delivery import Delivery
from shuttle.telling.opening import SPAN
from tests.api_client import Api
from tests.resident_pages import PHONE, Page, booked, serving_residents


@dataclass
class Phones:
    """What arrived on phones."""

    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message, now: int) -> None:
        assert now > 0
        self.messages.append(message)

    def close(self) -> None:
        pass


@pytest.fixture
def api(toy_region: Region) -> Iterator[Api]:
    with serving_residents(toy_region, Channel.SMS, Channel.EMAIL) as served:
        yield served


def delivered(api: Api) -> list[Message]:
    """Send what is due; return what arrived by SMS."""
    phones = Phones()
    dispatcher = api.dispatcher
    sender = Delivery(dispatcher.region, dispatcher.store, dispatcher.keyed, {Channel.SMS: phones})
    while sender.deliver_one(api.clock.now):
        pass
    return phones.messages


def asked(api: Api, phone: str = PHONE) -> Page:
    return Page.get(api, "/my-rides").send("Ziffern schicken", phone=phone)


def digits_in(messages: list[Message]) -> str:
    (message,) = messages
    found = re.search(r"\b\d{6}\b", message.words.sms)
    assert found
    return found[0]


def test_whoever_gets_the_sms_sees_all_rides_of_the_number(api: Api) -> None:
    first, second = booked(api).code, booked(api, time="15:00").code
    page = asked(api)
    rides = page.send("Meine Fahrten zeigen", digits=digits_in(delivered(api)))
    assert {form.fields["code"] for form in rides.forms} == {first, second}
    assert rides.headers["cache-control"] == "no-store"
    assert "Meine Fahrt" in rides.send("Zeigen").title


def test_the_digits_go_by_sms_although_the_ride_is_told_by_nothing_or_by_mail(api: Api) -> None:
    booked(api)  # told by nothing
    asked(api)
    (message,) = delivered(api)
    assert message.contact.phone == "+49464178123"


def test_wrong_digits_open_nothing_and_neither_do_those_of_another_number(api: Api) -> None:
    booked(api)
    page = asked(api)
    right = digits_in(delivered(api))
    wrong = page.send("Meine Fahrten zeigen", digits=f"{(int(right) + 1) % 10**6:06}")
    assert "nicht die Ziffern" in wrong.words
    other = page.send("Meine Fahrten zeigen", digits=right, phone="04641 78199")
    assert "nicht die Ziffern" in other.words


def test_digits_are_over_after_twenty_minutes(api: Api) -> None:
    booked(api)
    page = asked(api)
    right = digits_in(delivered(api))
    api.clock.now += 2 * SPAN
    assert "nicht die Ziffern" in page.send("Meine Fahrten zeigen", digits=right).words


def test_a_number_without_rides_gets_the_same_answer_and_no_sms(api: Api) -> None:
    booked(api)
    known, unknown = asked(api).words, asked(api, "04641 78199").words
    assert known.replace("78123", "") == unknown.replace("78199", "")
    assert len(delivered(api)) == 1


def test_asking_twice_sends_one_sms(api: Api) -> None:
    booked(api)
    asked(api)
    asked(api)
    assert len(delivered(api)) == 1


def test_no_digits_stand_in_what_is_stored(api: Api) -> None:
    code = booked(api).code
    asked(api)
    day = api.dispatcher.booking(code).ride.day
    kept = [str(each.notice.facts) for each in api.dispatcher.store.outbox.entries(day)]
    assert not [each for each in kept if re.search(r"\d{6}", each)]


def test_without_a_gateway_people_are_asked_to_call(toy_region: Region) -> None:
    with serving_residents(toy_region) as api:
        assert "Bitte rufen Sie an" in Page.get(api, "/my-rides").words
        assert "Alle Fahrten Ihrer Telefonnummer" not in Page.get(api, "/my-ride").words
