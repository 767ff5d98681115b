"""How residents are told on this machine: settings, the gateway's template, logs."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, time
from pathlib import Path

import httpx2
import pytest

from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.errors import RegionError
from shuttle.logs import configure_logs
from shuttle.region import Region
from shuttle.region_config import read_config
from shuttle.settings import Settings, SettingsError
from shuttle.store import MemoryStore
from shuttle.telling.channels import carriers, told_of
from shuttle.telling.delivery import Delivery
from shuttle.telling.outbox import Fate
from shuttle.telling.sms_template import SmsTemplate, places
from tests.receivers import Letterbox
from tests.server_process import ServerProcess
from tests.telling import BY_MAIL, mail
from tests.test_dispatcher import MONDAY, ZONE, at, ride
from tests.test_kill import next_service_day
from tests.test_reminding import book

VALUES = places("+494641123", 'Bus "Süd" & {mehr}\n', "ref-1", "user:word")


@pytest.mark.parametrize(
    ("kind", "body", "filled"),
    [
        (
            "application/json",
            '{"to": "{to}", "text": "{text}"}',
            r'{"to": "+494641123", "text": "Bus \"S\u00fcd\" & {mehr}\n"}',
        ),
        (
            "application/x-www-form-urlencoded",
            "to={digits}&text={text}&ref={id}",
            "to=494641123&text=Bus+%22S%C3%BCd%22+%26+%7Bmehr%7D%0A&ref=ref-1",
        ),
    ],
)
def test_what_fills_a_request_is_written_as_its_place_wants_it(
    kind: str, body: str, filled: str
) -> None:
    template = SmsTemplate(
        url="https://sms.example/?u={secret}",
        headers={"Content-Type": kind, "Authorization": "Basic {secret_base64}"},
        body=body,
    )
    assert template.filled_body(VALUES) == filled
    assert template.filled_url(VALUES) == "https://sms.example/?u=user%3Aword"
    assert template.filled_headers(VALUES)["Authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('url = "https://sms.example"', "sms: url or body must hold {text}"),
        ('url = "ftp://sms.example/{to}{text}"', "sms.url: "),
        (
            'url = "https://sms.example/{to}{text}"\nheaders = { X = "{text}" }',
            "sms: headers may hold only",
        ),
        (
            (
                'url = "https://sms.example"\nheaders = { Content-Type = "application/json" }\n'
                'body = \'{"to": {to}, "text": {text}}\''
            ),
            "sms: body is no JSON",
        ),
        ('url = "https://sms.example/{to}{text}"\naccepted = "("', "sms: accepted is no"),
    ],
)
def test_a_gateway_that_cannot_be_asked_like_that_is_said_in_one_sentence(
    toy_folder: Path, tmp_path: Path, table: str, sentence: str
) -> None:
    file = tmp_path / "region.toml"
    region = (toy_folder / "region.toml").read_text(encoding="utf-8")
    file.write_text(f"{region}\n[sms]\n{table}\n", encoding="utf-8")
    with pytest.raises(RegionError) as caught:
        read_config(file)
    assert sentence in str(caught.value)


def test_channels_come_from_the_settings(toy_region: Region) -> None:
    none = carriers(Settings(), toy_region.config)
    assert none == {}
    assert told_of(none).startswith("Residents are told nothing")
    found = carriers(
        Settings(smtp_host="mail.example", smtp_from="bus@toy-town.example"), toy_region.config
    )
    assert set(found) == {Channel.EMAIL}
    assert told_of(found) == "Residents are told by e-mail."


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (Settings(smtp_host="mail.example"), "SHUTTLE_SMTP_FROM"),
        (
            Settings(smtp_host="mail.example", smtp_from="bus@x.example", smtp_user="bus"),
            "SHUTTLE_SMTP_PASSWORD",
        ),
    ],
)
def test_mail_that_is_set_up_halfway_is_said_at_the_start(
    toy_region: Region, settings: Settings, variable: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        carriers(settings, toy_region.config)


def test_a_gateway_without_its_secret_is_said_at_the_start(toy_region: Region) -> None:
    sms = SmsTemplate(url="https://sms.example/{secret}/{to}/{text}")
    config = toy_region.config.model_copy(update={"sms": sms})
    with pytest.raises(SettingsError, match="SHUTTLE_SMS_SECRET"):
        carriers(Settings(), config)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as lines of JSON; afterwards logs go where they went."""
    root = logging.getLogger()
    before, stream = root.handlers[:], io.StringIO()
    configure_logs("json", stream)
    yield stream
    root.handlers[:] = before


def test_logs_carry_neither_address_nor_code_nor_text(toy_region: Region, log: io.StringIO) -> None:
    letterbox, store = Letterbox(moods=["451 petersen@example.org busy"]), MemoryStore()
    with letterbox.open(), closing(Dispatcher(toy_region, store)) as dispatcher:
        booking = book(dispatcher, ride(), contact=BY_MAIL)
        channels = {Channel.EMAIL: mail(letterbox)}
        delivery = Delivery(toy_region, store, dispatcher.keyed, channels)
        delivery.deliver_one(at("08:00"))
        delivery.deliver_one(at("08:10"))
        (entry,) = store.outbox.entries(MONDAY)
    assert entry.fate is Fate.SENT
    happened = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert happened == ["notice_delayed", "notice_sent"]
    for secret in ("petersen", "Petersen", booking.code, "Bahnhof", "bahnhof"):
        assert secret not in log.getvalue()


@pytest.mark.slow
def test_whoever_books_at_a_running_service_is_told_by_mail(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Event()
    letterbox = Letterbox(on_letter=arrived.set)
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(letterbox.port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "bus@toy-town.example",
        "PUBLIC_URL": "https://bus.example",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SHUTTLE_{name}", value)
    database = f"sqlite:///{tmp_path / 'shuttle.sqlite3'}"
    with letterbox.open(), ServerProcess(toy_folder, database, tmp_path) as server:
        with httpx2.Client(base_url=server.address, trust_env=False, timeout=30) as http:
            when = datetime.combine(next_service_day(), time(10), ZONE).isoformat()
            ends = {"from": {"stop": "kirche"}, "to": {"stop": "bahnhof"}}
            asked = http.post("/api/v1/offers", json={**ends, "when": {"depart_at": when}})
            contact = {"name": "Frau Petersen", "email": "petersen@example.org", "notify": "email"}
            booked = http.post(
                "/api/v1/bookings",
                json={"offer": asked.json()["offers"][0]["offer"], "contact": contact},
                headers={"Idempotency-Key": "key-of-a-test"},
            )
            assert booked.status_code == 201, booked.text
        assert arrived.wait(20)
    (letter,) = letterbox.letters
    assert f"https://bus.example/b/{booked.json()['code']}#" in letter.as_string()
