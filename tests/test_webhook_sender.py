"""The way to a partner: its certificate is looked at, and its name servers may hang."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme

from shuttle.region import Region
from shuttle.telling.outbox import Fate
from tests.receivers import Gateway
from tests.telling import NOW
from tests.test_webhooks import entry, telling, verified

NAME = "partner.example"


@contextmanager
def partner(authority: trustme.CA, name: str) -> Iterator[tuple[Gateway, str, list[str | None]]]:
    """Give a partner on loopback with a certificate, its URL, and the names it was called by."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    called: list[str | None] = []
    context.sni_callback = lambda _socket, said, _context: called.append(said)
    with Gateway(context).open() as gateway:
        yield gateway, f"https://{NAME}:{gateway.url.rpartition(':')[2]}/in", called


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_partner_is_told_over_tls_under_the_name_of_its_url(toy_region: Region) -> None:
    authority = trustme.CA()
    with partner(authority, NAME) as (gateway, url, called):
        how = {"private": True, "resolve": loopback, "verify": trusting(authority)}
        with telling(toy_region, gateway, url, **how) as (store, sender):
            assert sender.deliver_one(NOW)
            assert entry(store).fate is Fate.SENT
        (asked,) = gateway.accepted
        assert called == [NAME]
        assert asked.headers["Host"] == url.removeprefix("https://").removesuffix("/in")
        assert verified(asked)["type"] == "booking.created"


@pytest.mark.parametrize(
    ("name", "trusted"), [("another.example", True), ("127.0.0.1", True), (NAME, False)]
)
def test_a_certificate_of_another_name_or_of_nobody_we_trust_is_told_nothing(
    toy_region: Region, name: str, trusted: bool
) -> None:
    authority = trustme.CA()
    with partner(authority, name) as (gateway, url, _):
        verify = trusting(authority if trusted else trustme.CA())
        how = {"private": True, "resolve": loopback, "verify": verify}
        with telling(toy_region, gateway, url, **how) as (store, sender):
            sender.deliver_one(NOW)
            assert entry(store).reason == "webhook connection"
        assert gateway.asked == []


def test_name_servers_that_hang_hold_up_nobody_for_longer_than_a_partner_may(
    toy_region: Region, gateway: Gateway
) -> None:
    answered, gateway.moods = threading.Event(), ["hang"]  # so that only moments are waited
    asked: list[str] = []

    def hangs(host: str, _port: int) -> list[str]:
        asked.append(host)
        answered.wait(60)
        return ["127.0.0.1"]

    with telling(toy_region, gateway, f"https://{NAME}/in", resolve=hangs) as (store, sender):
        try:
            assert sender.deliver_one(NOW)
            assert (entry(store).fate, entry(store).reason) == (Fate.WAITING, "webhook timeout")
            assert not answered.is_set()
        finally:
            answered.set()
    assert (asked, gateway.asked) == ([NAME], [])


def test_a_name_that_nobody_knows_is_a_connection_that_fails(
    toy_region: Region, gateway: Gateway
) -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    with telling(toy_region, gateway, f"https://{NAME}/in", resolve=unknown) as (store, sender):
        assert sender.deliver_one(NOW)
        assert entry(store).reason == "webhook connection"


@pytest.mark.parametrize("host", ["a..b", "010.8.8.8"])
def test_a_host_that_is_none_is_tried_again_in_case_it_is_mended(
    toy_region: Region, host: str
) -> None:
    with telling(toy_region, None, f"https://{host}/in") as (store, sender):
        assert sender.deliver_one(NOW)
        assert (entry(store).fate, entry(store).reason) == (Fate.WAITING, "webhook connection")


def test_a_partner_that_answers_drop_by_drop_holds_up_nobody_either(toy_region: Region) -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/in"
        try:
            with telling(toy_region, None, url, timeout=0.5) as (store, sender):
                assert sender.deliver_one(NOW)
                assert (entry(store).fate, entry(store).reason) == (Fate.WAITING, "webhook timeout")
        finally:
            ended.set()
            dripping.join(20)
