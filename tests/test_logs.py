"""A real server is told of people, and its log knows nothing of them."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shuttle.logs import without_people
from shuttle.region import Region
from tests.server_process import ServerProcess
from tests.test_kill import next_service_day

PHONE, INTERNATIONAL, EMAIL = "04641 78123", "+49464178123", "petersen@example.org"
TOKEN = "s3cretTokenOfSomebodyWhoRides"


def test_the_log_of_a_server_holds_no_phone_token_code_or_address_of_a_client(
    toy_folder: Path, toy_region: Region, tmp_path: Path
) -> None:
    with ServerProcess(toy_folder, f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path) as server:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        with httpx2.Client(base_url=server.address, timeout=60, headers=headers) as http:
            secrets = _ride_of_somebody(http)
        server.interrupt(20)
    assert '"request"' in server.said
    assert "/api/v1/bookings/{code}" in server.said
    log = "\n".join(line for line in server.said.splitlines() if line.startswith("{"))
    for secret in (*secrets, PHONE, INTERNATIONAL, "78123", EMAIL, "Petersen", TOKEN):
        assert secret not in log
    for address in ("127.0.0.1", "203.0.113.7", "Am Anger"):
        assert address not in log


def _ride_of_somebody(http: httpx2.Client) -> list[str]:
    """Book, look up, fail and cancel in every way that could be logged; return what is secret."""
    asked = {
        "from": {"stop": "kirche"},
        "to": {"stop": "bahnhof"},
        "when": {"depart_at": f"{next_service_day()}T10:00:00+00:00"},
    }
    offers = http.post("/api/v1/offers", json=asked).json()["offers"]
    contact = {"name": "Frau Petersen", "phone": PHONE, "email": EMAIL, "notify": "sms"}
    body: dict[str, Any] = {"offer": offers[0]["offer"], "contact": contact}
    key = {"Idempotency-Key": "key-of-frau-petersen"}
    booked = http.post("/api/v1/bookings", json=body, headers=key)
    assert booked.status_code == 201, booked.text
    code, link = str(booked.json()["code"]), str(booked.json()["link"])
    opened = {"Booking-Secret": link}
    asked_for = {"phone": PHONE, "token": TOKEN}
    there = http.get(f"/api/v1/bookings/{code}", params=asked_for, headers=opened)
    assert there.status_code == 200
    http.get(f"/api/v1/bookings/{code}", headers={"Booking-Secret": "8123"})
    http.get(f"/nowhere/{code}/{TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
    refused = http.post("/api/v1/offers", json=asked, headers={"Authorization": f"Bearer {TOKEN}"})
    assert refused.status_code == 401
    http.post("/api/v1/bookings", json={**body, "contact": {**contact, "phone": "12"}}, headers=key)
    http.post("/api/v1/bookings", content=f"{PHONE} is no JSON", headers=key)
    assert http.delete(f"/api/v1/bookings/{code}", headers=opened).status_code == 200
    return [code, link, key["Idempotency-Key"], str(body["offer"])]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("trip K7MX2Q9A late by 40", "trip … late by 40"),
        ("call +49 4641 78123 now", "call … now"),
        ("call 04641/78123 now", "call … now"),
        ("to petersen@example.org", "to …"),
        ("from 203.0.113.7:5000", "from …:5000"),
        ("link 3q2-7wAbCdEfGhIjKlMnOp", "link …"),
        ("database or disk is full", "database or disk is full"),
        (
            "the plan of 2027-03-22 at revision 1234567",
            "the plan of 2027-03-22 at revision 1234567",
        ),
        ("test_a_function_with_a_long_name", "test_a_function_with_a_long_name"),
        ("SHUTTLE_DATABASE is not set", "SHUTTLE_DATABASE is not set"),
    ],
)
def test_what_names_somebody_is_masked_in_texts(text: str, masked: str) -> None:
    assert without_people(None, "", {"event": text}) == {"event": masked}


def test_messages_of_errors_are_masked_and_figures_stay() -> None:
    trace = "File \"plan.py\", line 12, in tour_of\nKeyError: 'K7MX2Q9A'"
    entry = without_people(None, "", {"exception": trace, "ms": 3.5, "token": "t"})
    assert entry == {"exception": trace.replace("K7MX2Q9A", "…"), "ms": 3.5}
    assert json.dumps(entry)
