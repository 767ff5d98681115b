"""A real SMTP server and an SMS gateway on loopback, which fail, hang and come back."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TIMEOUT = 0.3
PATIENT = 20.0
"""How long the carriers under test wait, in real seconds."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Session(SMTP):
    """Hangs up in the middle of DATA where that is the mood."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- the library's name
        if self.event_handler.next_mood("data") == "drop":
            await self.push("354 go on")
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


@dataclass
class Letterbox:
    """An SMTP server; `moods` are what it does to the messages to come, then it accepts.

    A mood is an answer such as ``451 later``, or ``hang``, or ``drop``; ``rcpt 550 unknown``
    answers the recipient so. Who logs in needs its `password`; with a `certificate` it can
    encrypt, and if `encrypted` does so from the start.
    """

    moods: list[str] = field(default_factory=list)
    letters: list[EmailMessage] = field(default_factory=list)
    on_letter: Callable[[], None] = lambda: None
    port: int = field(default_factory=free_port)
    password: str = ""
    certificate: ssl.SSLContext | None = None
    encrypted: bool = False

    def next_mood(self, step: str) -> str:
        """Return the mood if it is for this step, and be done with it."""
        here = bool(self.moods) and (self.moods[0] == "drop") == (step == "data")
        here = here and self.moods[0].startswith("rcpt ") == (step == "rcpt")
        return self.moods.pop(0) if here else ""

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: Any
    ) -> AuthResult:
        return AuthResult(success=login.password.decode() == self.password, handled=False)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: Any
    ) -> str:
        envelope.rcpt_tos.append(to)
        return self.next_mood("rcpt").removeprefix("rcpt ") or "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        mood = self.next_mood("message")
        if mood == "hang":
            await asyncio.sleep(60)
        if mood:
            return mood
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        self.on_letter()
        return "250 OK"

    @contextmanager
    def open(self) -> Iterator["Letterbox"]:
        """Listen while the body runs; before and after, connections are refused."""
        box = self

        class Listening(Controller):
            def factory(self) -> SMTP:
                return _Session(
                    box,
                    enable_SMTPUTF8=True,
                    tls_context=None if box.encrypted else box.certificate,
                    authenticator=box.authenticate,
                    auth_require_tls=False,
                )

        sealed = self.certificate if self.encrypted else None
        listening = Listening(self, hostname="127.0.0.1", port=self.port, ssl_context=sealed)
        listening.start()
        try:
            yield self
        finally:
            listening.stop()


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Gateway:
    """An SMS gateway; `moods` are statuses that it answers with, or ``hang``; then it says 200.

    With a `certificate` it is asked over TLS.
    """

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.moods: list[str] = []
        self.asked: list[Asked] = []
        self.accepted: list[Asked] = []
        self.answer = "ok"
        self._closing = threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                gateway.take(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length).decode()
        assert handler.command is not None
        asked = Asked(handler.command, handler.path, dict(handler.headers), body)
        self.asked.append(asked)
        mood = self.moods.pop(0) if self.moods else "200"
        if mood == "hang":
            self._closing.wait(10)
            return
        if mood == "200":
            self.accepted.append(asked)
        content = self.answer.encode()
        handler.send_response(int(mood))
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    @contextmanager
    def open(self) -> Iterator["Gateway"]:
        """Answer while the body runs."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    """An SMTP server that accepts everything until it is told otherwise."""
    with Letterbox().open() as made:
        yield made


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """An SMS gateway that accepts everything until it is told otherwise."""
    with Gateway().open() as made:
        yield made
