"""A partner system sets its webhook itself, with its key, and nobody else does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shuttle.people.accounts import Scope
from shuttle.region import Region
from tests.staff import Office, office

PATH = "/api/v1/webhook"
URL = "https://partner.example/shuttle?in=1"


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        yield made


def told(here: Office) -> list[tuple[str, str]]:
    """What waits in the outbox for partners: whom, and of what."""
    entries = here.store.outbox.entries(here.dispatcher.region.config.local_day(here.clock()))
    return [
        (str(each.notice.facts["partner"]), str(each.notice.facts["event"]))
        for each in entries
        if each.notice.kind == "webhook"
    ]


def test_a_partner_is_told_from_when_it_says_where_until_it_ends_that(here: Office) -> None:
    key = here.key(Scope.BOOKINGS)
    assert here.http.get(PATH, headers=key).json() == {"url": None}
    here.book("key-before")
    answer = here.http.put(PATH, json={"url": URL}, headers=key)
    assert answer.status_code == 200
    assert answer.json()["url"] == URL
    secret = answer.json()["secret"]
    assert secret.startswith("whsec_")
    assert secret == here.door.set_webhook("partner-bookings", URL), "as the command shows it"
    assert here.http.put(PATH, json={"url": URL}, headers=key).json()["secret"] == secret
    assert here.http.get(PATH, headers=key).json() == {"url": URL}
    here.book("key-meanwhile", when={"depart_at": "2027-03-22T10:00:00+01:00"})
    assert told(here) == [("partner-bookings", "booking.created")]
    assert here.http.delete(PATH, headers=key).status_code == 204
    assert here.http.delete(PATH, headers=key).status_code == 204
    here.book("key-afterwards", when={"depart_at": "2027-03-22T11:00:00+01:00"})
    assert len(told(here)) == 1
    assert here.http.get(PATH, headers=key).json() == {"url": None}


@pytest.mark.parametrize(
    "url",
    [
        *("http://partner.example/", "https://user@partner.example/", "https://a/#b", "ftp://a/"),
        *("http://127.0.0.1:8080/in", "https://127.0.0.1/", "http://localhost/", "https://[::1]/"),
        *("https://[::1/", " https://a/", "https://a/\n"),
    ],
)
def test_a_url_that_is_not_https_elsewhere_is_refused(here: Office, url: str) -> None:
    key = here.key(Scope.BOOKINGS)
    answer = here.http.put(PATH, json={"url": url}, headers=key)
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "improper_url", "url")
    assert here.http.get(PATH, headers=key).json() == {"url": None}


def test_each_partner_has_its_own_and_the_others_are_not_told_of_it(here: Office) -> None:
    one, two = here.key(Scope.BOOKINGS), here.key(Scope.BOOKINGS, Scope.OFFERS)
    here.http.put(PATH, json={"url": URL}, headers=one)
    assert here.http.get(PATH, headers=two).json() == {"url": None}


def test_keys_for_other_work_and_staff_set_none(here: Office) -> None:
    for scope in (Scope.OFFERS, Scope.UNMET):
        answer = here.http.put(PATH, json={"url": URL}, headers=here.key(scope))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert here.http.put(PATH, json={"url": URL}).status_code == 401
    here.sign_in("admin")
    assert here.http.put(PATH, json={"url": URL}, headers=here.csrf).status_code == 403
