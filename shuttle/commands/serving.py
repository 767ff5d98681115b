"""Runs a web application on a port: until a signal comes, or beside something else."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from shuttle.errors import ShuttleError

SECONDS_TO_FINISH = 2
"""How long open requests, such as a map page's stream, are waited for when the service ends."""


class PortTaken(ShuttleError):
    """Nothing can listen at this address; names it and the fix."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 takes a free one.

    Raises
    ------
    PortTaken
        If another program listens there, or the address is not of this machine.
    """
    try:
        family, *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio turns Nagle's algorithm off, which costs 40 ms an answer, only where it reads
        # that the protocol is TCP.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _port_taken(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # from here on a browser waits rather than being turned away
    except OSError as error:
        listener.close()
        raise _port_taken(host, port, error) from error
    return listener


def _port_taken(host: str, port: int, error: OSError) -> PortTaken:
    return PortTaken(
        f"Cannot listen at {host} port {port} ({error.strerror}); choose another with --port."
    )


def address(listener: socket.socket) -> str:
    """Return the address under which a browser on this machine finds a socket."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- asked, not bound
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_until_signalled(app: Any, listener: socket.socket, trusted_proxies: str = "") -> None:
    """Answer requests until SIGINT or SIGTERM; open requests get :data:`SECONDS_TO_FINISH`.

    The signal then takes its usual course: KeyboardInterrupt, or the handler of SIGTERM. Who the
    client is and whether it speaks https is believed of `trusted_proxies` only: addresses and
    networks, with commas.
    """
    _server(app, trusted_proxies).run(sockets=[listener])


@contextmanager
def serving_beside(app: Any, listener: socket.socket, trusted_proxies: str = "") -> Iterator[None]:
    """Answer requests on a thread while the body runs."""
    server = _server(app, trusted_proxies)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True
    )
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(SECONDS_TO_FINISH + 1)


_HANDOVER = 0.0005
"""Seconds until a thread that computes hands over the interpreter; Python's own are ten times that.

An answer passes through several threads, and each time waits for whoever computes just then: for
the writer that adopts a better plan, mostly.
"""


def _server(app: Any, trusted_proxies: str = "") -> uvicorn.Server:
    sys.setswitchinterval(_HANDOVER)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),  # uvicorn would believe whatever loopback says
            forwarded_allow_ips=trusted_proxies or None,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )
    )
