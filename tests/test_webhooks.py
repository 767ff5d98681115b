"""Partner systems are told of bookings: signed, again after a failure, and nothing about people."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.domain import BookingStatus
from shuttle.events import Booked, Changed
from shuttle.keeping.sql_store import SqlStore
from shuttle.people.accounts import AccountError, ApiKey, Scope
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.telling.delivery import Delivery, pause
from shuttle.telling.outbox import Entry, Fate
from shuttle.telling.webhook_sender import WebhookSender, signing_secret
from shuttle.telling.webhooks import WORTH_SECONDS, proper_webhook, webhooks_of
from tests.kept_rides import Kept, keeping
from tests.receivers import PATIENT, TIMEOUT, Asked, Gateway
from tests.telling import KEYED, NOW
from tests.test_stores import BOOKING, CHANGE, DAY

PARTNER = ApiKey("hospital", frozenset({Scope.BOOKINGS}), NOW - 9)


@contextmanager
def telling(
    region: Region, gateway: Gateway | None, url: str = "", **how: Any
) -> Iterator[tuple[MemoryStore, Delivery]]:
    """Give a store in which a booking waits to be told to a partner, and what tells it."""
    store = MemoryStore()
    partner = replace(PARTNER, webhook=url or f"{gateway.url if gateway else ''}/in?x=1")
    store.told = (partner,)
    told = webhooks_of(CHANGE.events, store.booking, store.told)
    store.commit(replace(CHANGE, notices=tuple(told)))
    hangs = gateway is not None and "hang" in gateway.moods
    how = {"timeout": TIMEOUT if hangs else PATIENT, **how}
    sender = WebhookSender("toy-town", KEYED, **how)
    yield store, Delivery(region, store, KEYED, {}, webhooks=sender)
    sender.close()


def entry(store: MemoryStore) -> Entry:
    (only,) = store.outbox.entries(DAY)
    return only


def verified(asked: Asked) -> dict[str, Any]:
    """Check a webhook as docs/webhooks.md tells partners to, and return what it says."""
    secret = base64.b64decode(signing_secret(KEYED, PARTNER).removeprefix("whsec_"))
    signed = f"{asked.headers['Webhook-Id']}.{asked.headers['Webhook-Timestamp']}.{asked.body}"
    expected = base64.b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).decode()
    assert hmac.compare_digest(asked.headers["Webhook-Signature"], f"v1,{expected}")
    said: dict[str, Any] = json.loads(asked.body)
    assert said["id"] == asked.headers["Webhook-Id"]
    return said


def test_the_guide_for_partners_checks_signatures_as_they_are_made(
    toy_region: Region, gateway: Gateway
) -> None:
    guide = (Path(__file__).parents[1] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(example, names)  # the example of the guide is what is tested
    with telling(toy_region, gateway) as (_, sender):
        sender.deliver_one(NOW)
    (asked,) = gateway.accepted
    secret, body = signing_secret(KEYED, PARTNER), asked.body.encode()
    assert names["verified"](secret, asked.headers, body, NOW + 60)["type"] == "booking.created"
    late_forged = [(body, NOW + 301), (body.replace(b"created", b"removed"), NOW)]
    for other, time in late_forged:
        with pytest.raises(ValueError, match="webhook"):
            names["verified"](secret, asked.headers, other, time)


def test_a_booking_is_told_with_code_and_status_and_a_signature(
    toy_region: Region, gateway: Gateway
) -> None:
    with telling(toy_region, gateway) as (store, sender):
        assert sender.deliver_one(NOW + 7)
        assert not sender.deliver_one(NOW + 9999)
        assert entry(store).fate is Fate.SENT
    (asked,) = gateway.accepted
    assert (asked.method, asked.path) == ("POST", "/in?x=1")
    assert asked.headers["Webhook-Timestamp"] == str(NOW + 7)
    assert asked.headers["Host"] == gateway.url.removeprefix("http://")
    said = verified(asked)
    assert said["type"] == "booking.created"
    assert datetime.fromisoformat(said["timestamp"]).timestamp() == NOW
    assert set(said["data"]) == {"region", "code", "status"}
    assert said["data"]["code"] == BOOKING.code


@pytest.mark.parametrize(
    ("mood", "reason"),
    [("503", "webhook 503"), ("302", "webhook 302"), ("hang", "webhook timeout")],
)
def test_a_partner_that_fails_is_told_again_with_the_same_id(
    toy_region: Region, gateway: Gateway, mood: str, reason: str
) -> None:
    gateway.moods = [mood, mood]
    with telling(toy_region, gateway) as (store, sender):
        assert sender.deliver_one(NOW)
        assert (entry(store).fate, entry(store).reason) == (Fate.WAITING, reason)
        assert not sender.deliver_one(NOW + pause(1) - 1)
        assert sender.deliver_one(NOW + pause(1))
        assert sender.deliver_one(NOW + pause(1) + pause(2))
        assert entry(store).fate is Fate.SENT
    assert len({verified(each)["id"] for each in gateway.asked}) == 1
    assert len({each.headers["Webhook-Timestamp"] for each in gateway.asked}) == 3


def test_a_partner_that_is_down_is_told_when_it_is_back_and_given_up_in_the_end(
    toy_region: Region,
) -> None:
    gateway = Gateway()
    with gateway.open(), telling(toy_region, gateway) as (store, sender):
        pass
    with telling(toy_region, gateway) as (store, sender):  # its port is closed now
        assert sender.deliver_one(NOW)
        assert entry(store).reason == "webhook connection"
        assert sender.deliver_one(NOW + WORTH_SECONDS)
        assert (entry(store).fate, entry(store).reason) == (Fate.GIVEN_UP, "stale")


def test_a_partner_that_says_gone_or_has_no_key_any_more_is_not_told_again(
    toy_region: Region, gateway: Gateway
) -> None:
    gateway.moods = ["410"]
    with telling(toy_region, gateway) as (store, sender):
        sender.deliver_one(NOW)
        assert entry(store).fate is Fate.GIVEN_UP
    with telling(toy_region, gateway) as (store, sender):
        store.told = ()
        sender.deliver_one(NOW)
        assert entry(store).fate is Fate.UNSENT
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::1"),
        *("64:ff9b::a00:1", "2002:a00:1::", "::10.0.0.1", "fec0::1", "224.0.0.1"),
    ],
)
def test_a_name_that_leads_into_a_private_network_is_not_asked(
    toy_region: Region, gateway: Gateway, address: str
) -> None:
    port = gateway.url.rpartition(":")[2]
    how = {"resolve": lambda _host, _port: [address]}
    url = f"https://partner.example:{port}/in"
    with telling(toy_region, gateway, url, **how) as (store, sender):
        sender.deliver_one(NOW)
        assert entry(store).reason == "webhook private address"
    assert gateway.asked == []


def test_where_private_addresses_are_allowed_the_name_keeps_standing_in_the_request(
    toy_region: Region, gateway: Gateway
) -> None:
    port = gateway.url.rpartition(":")[2]
    how = {"private": True, "resolve": lambda _host, _port: ["127.0.0.1"]}
    url = f"http://partner.example:{port}/in"
    with telling(toy_region, gateway, url, **how) as (store, sender):
        sender.deliver_one(NOW)
        assert entry(store).fate is Fate.SENT
    assert gateway.asked[0].headers["Host"] == f"partner.example:{port}"


@pytest.mark.parametrize(
    "url",
    [
        *("https://partner.example/hooks?a=b", "https://10.0.0.7:8443/", "http://localhost:9/x"),
        *("http://127.0.0.1:8080/in", "http://[::1]/in"),
    ],
)
def test_a_url_is_https_or_on_this_machine(url: str) -> None:
    assert proper_webhook(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://partner.example/",
            "ftp://127.0.0.1/",
            "partner.example",
            "https://",
            "https:///x",
        ),
        *(
            "https://user:pass@partner.example/",
            "https://a/#b",
            "https://a:99999/",
            "https://ä.de/",
        ),
        *("https://[::1/", "https://a/" + "x" * 500, "https://a/ b", "https://a/\n"),
    ],
)
def test_any_other_url_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(AccountError, match=r"\.$"):
        proper_webhook(url)


def test_a_changed_booking_names_the_one_it_replaces(toy_region: Region) -> None:
    booked = replace(BOOKING, code="NEWC2345", status=BookingStatus.BOOKED)
    (notice,) = webhooks_of(
        [Changed(NOW, BOOKING.code, booked.code, "bus-1@06:00")], lambda _code: booked, [PARTNER]
    )
    assert notice.code == "NEWC2345"
    assert notice.facts["event"] == "booking.changed"
    assert notice.facts["replaces"] == BOOKING.code


def test_each_partner_is_told_of_each_event_once() -> None:
    others = [replace(PARTNER, name=name) for name in ("a", "b")]
    events = [Booked(NOW, BOOKING.code, "s"), Booked(NOW + 1, BOOKING.code, "s")]
    told = list(webhooks_of(events, lambda _code: BOOKING, others))
    assert len({each.key for each in told}) == 4


@pytest.fixture
def kept(toy_region: Region, database_url: str) -> Iterator[Kept]:
    with keeping(toy_region, database_url) as made:
        yield made


def test_a_webhook_is_written_with_its_cause(kept: Kept) -> None:
    store = kept.dispatcher.store
    assert isinstance(store, SqlStore)
    store.accounts.add_api_key(PARTNER, "a-print")
    first = kept.book(ahead=3607)
    store.accounts.set_webhook("hospital", "https://partner.example/in")
    second = kept.book(ahead=7207)
    kept.dispatcher.cancel(second.code, second.booked_at + 5)
    told = [
        (each.notice.code, each.notice.facts["event"], each.notice.facts["status"])
        for each in store.outbox.entries(second.ride.day)
        if each.notice.kind == "webhook"
    ]
    assert told == [
        (second.code, "booking.created", "booked"),
        (second.code, "booking.cancelled", "cancelled"),
    ]
    assert first.code not in str(told)


def test_the_command_shows_the_secret_and_ends_the_webhook(
    toy_folder: Path, tmp_path: Path
) -> None:
    options = ["--region", str(toy_folder), "--database", str(tmp_path / "shuttle.sqlite3")]

    def key(*words: str) -> Any:
        return CliRunner().invoke(app, ["staff", "key", *words, *options])

    key("add", "hospital", "--scope", "bookings")
    key("add", "motis", "--scope", "offers")
    made = key("webhook", "hospital", "https://partner.example/in")
    assert made.stdout.startswith("whsec_")
    assert "told at https://partner.example/in" in key("list").output
    assert key("webhook", "hospital", "https://partner.example/in").stdout == made.stdout
    assert "told nothing any more" in key("webhook", "hospital", "").output
    assert "told at" not in key("list").output
    refused = key("webhook", "motis", "https://partner.example/in")
    assert (refused.exit_code, "scope bookings" in refused.output) == (1, True)
    unknown = key("webhook", "nobody", "https://partner.example/in")
    assert (unknown.exit_code, "No key is called 'nobody'" in unknown.output) == (1, True)
