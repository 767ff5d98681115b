"""Structured logs that hold no person: neither phone nor token, booking code or client address.

Requests are logged with the *pattern* of their path, because paths carry booking codes, and
without query, headers, body or client.
"""

import logging
import re
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, TextIO

import structlog

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NEVER_LOGGED = frozenset(
    {"phone", "email", "name", "token", "code", "offer", "key", "client", "ip", "address"}
)
"""Fields that are left out of every entry, whoever logs them."""


_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+"  # e-mail address
    r"|\+\d[\d ()/-]{6,}\d|(?<![\w-])0\d[\d ()/-]{5,}\d\b"  # phone number
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # address of a client
    r"|\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJKMNP-TV-Z0-9]{8}\b"  # booking code
    r"|\b(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{22,}(?![A-Za-z0-9_-])"  # token
)
"""What names somebody or opens something, by its looks: masked in texts, in messages of errors."""


_OURS = frozenset({"timestamp", "level", "method", "path"})
"""Texts that the service itself writes into every entry."""


def configure_logs(form: Literal["console", "json"], stream: TextIO = sys.stderr) -> None:
    """Send all logs, our own and those of libraries, to one stream.

    Parameters
    ----------
    form
        Lines for people, or one JSON object a line.
    stream
        Where to.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            # The default shows local variables, and with them what residents sent.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_people,
                renderer,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("shuttle").setLevel(logging.INFO)


def without_people(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out the fields of :data:`NEVER_LOGGED`, and mask what texts say about people."""
    for field in NEVER_LOGGED & entry.keys():
        del entry[field]
    for field in entry.keys() - _OURS:
        if isinstance(entry[field], str):
            entry[field] = _PERSONAL.sub("…", entry[field])
    return entry


class RequestLog:
    """Logs each answered HTTP request: method, pattern of the path, status, milliseconds."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.log = structlog.get_logger("shuttle.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 500

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self.log.info(
                "request",
                method=scope["method"],
                path=getattr(scope.get("route"), "path", "unmatched"),
                status=status,
                ms=round((time.perf_counter() - begun) * 1000, 1),
            )
