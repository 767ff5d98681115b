"""Tells partner systems over HTTP, signed as https://www.standardwebhooks.com describes.

A partner's URL must not become a way into the operator's own network: its name is resolved here,
private addresses are refused, and the connection goes to the very address that was looked at. No
redirect is followed and no proxy of the environment is used.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2

from shuttle.keyed import Keyed
from shuttle.people.accounts import ApiKey
from shuttle.telling.carriers import Undelivered
from shuttle.telling.notices import Notice
from shuttle.telling.webhooks import is_loopback

TIMEOUT_SECONDS = 3.0
"""Short, because mail and SMS wait behind a partner that hangs."""

GONE = 410
"""The one answer that says that nobody wants to be told any more."""

Resolve = Callable[[str, int], list[str]]


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def signing_secret(keyed: Keyed, partner: ApiKey) -> str:
    """Return a partner's secret as it is shown to it; nothing of it is stored."""
    secret = keyed.webhook(partner.name, partner.made_at)
    return f"whsec_{base64.b64encode(secret).decode()}"


def signature(secret: bytes, reference: str, timestamp: int, body: bytes) -> str:
    """Return the signature over reference, timestamp and body, joined by full stops."""
    signed = f"{reference}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class WebhookSender:
    """Posts events to partners.

    Parameters
    ----------
    region
        Its id.
    keyed
        Makes references and the partners' secrets.
    private
        Whether URLs may lead to private addresses.
    verify, resolve, timeout
        Other certificates, another resolver and seconds, for tests.
    """

    def __init__(
        self,
        region: str,
        keyed: Keyed,
        *,
        private: bool = False,
        verify: ssl.SSLContext | bool = True,
        resolve: Resolve = addresses_of,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._region, self._keyed = region, keyed
        self._private, self._resolve, self._timeout = private, resolve, timeout
        # A connection is never used again: two partners may have one address, and each name is to
        # be verified.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(timeout=timeout, trust_env=False, verify=verify, limits=limits)

    def send(self, notice: Notice, partner: ApiKey, now: int) -> None:
        """Tell a partner; returns when it has said that it has taken it.

        Raises
        ------
        Undelivered
            If it has not; for good if it says 410 Gone.
        """
        reference = self._keyed.digest(f"webhook {notice.code} {notice.ordinal}")
        body = self._body(notice, reference)
        secret = self._keyed.webhook(partner.name, partner.made_at)
        headers = {
            "Content-Type": "application/json",
            "Webhook-Id": reference,
            "Webhook-Timestamp": str(now),
            "Webhook-Signature": signature(secret, reference, now, body),
        }
        try:
            until = time.monotonic() + _STEPS * self._timeout
            status = self._in_time(lambda: self._post(partner.webhook, headers, body, until), until)
        except httpx2.TimeoutException as error:
            raise Undelivered("webhook timeout") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
            raise Undelivered("webhook connection") from error
        if not 200 <= status < 300:
            raise Undelivered(f"webhook {status}", for_good=status == GONE)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _body(self, notice: Notice, reference: str) -> bytes:
        said = dict(notice.facts)
        del said["partner"]
        document = {
            "id": reference,
            "type": said.pop("event"),
            "timestamp": datetime.fromtimestamp(notice.time, UTC).isoformat(),
            "data": {"region": self._region, "code": notice.code, **said},
        }
        return json.dumps(document).encode()

    def _post(self, url: str, headers: Mapping[str, str], body: bytes, until: float) -> int:
        """Post to the address that was looked at, under the name asked for, while it counts."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._looked_at(host, port)
        if time.monotonic() > until:
            raise Undelivered("webhook timeout")  # nobody waits for it any more
        there = httpx2.URL(url).copy_with(host=address)
        with self._http.stream(  # what else it answers is not read, however much it is
            "POST",
            there,
            headers={**headers, "Host": parts.netloc},
            content=body,
            extensions={"sni_hostname": host},
        ) as answer:
            return answer.status_code

    def _looked_at(self, host: str, port: int) -> str:
        """Return an address of a host that may be connected to."""
        found = self._resolve(host, port)
        for address in found:
            if is_loopback(host) or self._private or _is_public(address):
                return address
        raise Undelivered("webhook private address" if found else "webhook unknown host")

    def _in_time(self, work: Callable[[], int], until: float) -> int:
        """Do work on a thread that nobody has to wait for, and wait no longer than for a partner.

        The system's resolver knows no time limit of ours, and a partner's name server may hang;
        and what its server says byte by byte keeps within the limit of each.
        """
        answer = Future[int]()

        def do() -> None:
            try:
                answer.set_result(work())
            except Exception as error:  # noqa: BLE001 -- whoever waits is told of it
                answer.set_exception(error)

        threading.Thread(target=do, name="webhook", daemon=True).start()
        try:
            return answer.result(max(0.0, until - time.monotonic()))
        except TimeoutError as error:
            raise Undelivered("webhook timeout") from error


_STEPS = 2
"""Times its limit a partner may take in all: to be found, and to answer."""

_INWARD = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))
"""IPv6 networks in which an IPv4 address is hidden, perhaps a private one."""


def _is_public(address: str) -> bool:
    """Whether an address leads to nowhere but the open internet."""
    found = ipaddress.ip_address(address)
    if found.is_multicast or not found.is_global:
        return False
    return found.version == 4 or not (found.is_site_local or any(found in net for net in _INWARD))
