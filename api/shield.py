"""What stands before every endpoint: a limit on bodies, and headers that keep pages safe."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

LARGEST_BODY = 64 * 1024
"""Bytes. The largest honest request has about 5 KiB."""

_NOBODY = "'none'"

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; "
        f"frame-ancestors {_NOBODY}"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

HSTS = "max-age=31536000"
"""Over https: a year of nothing else. Other hosts of the domain are not ours to promise for."""


def framed_by(sites: Sequence[str]) -> dict[str, str]:
    """Return the headers that let some sites show a page in a frame."""
    policy = SECURITY_HEADERS["Content-Security-Policy"].removesuffix(_NOBODY)
    return {"Content-Security-Policy": policy + " ".join(sites)} if sites else {}


def with_images_of(tiles: str) -> dict[str, str]:
    """Return the headers that let a page show images of one more host; `tiles` is an address."""
    host = "/".join(tiles.split("/")[:3])
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    return {"Content-Security-Policy": policy.replace("img-src 'self'", f"img-src 'self' {host}")}


class SecurityHeaders:
    """Adds :data:`SECURITY_HEADERS` to every response, and :data:`HSTS` over https."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """Reads at most :data:`LARGEST_BODY` bytes of a body, before anything else looks at it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        body = await _body(scope, receive)
        if body is None:
            request = Request(scope)
            detail = f"The body has more than {LARGEST_BODY} bytes."
            answer = problem(
                request, 413, "body_too_large", detail, headers={"Connection": "close"}
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the whole body, or None if it is too large."""
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > LARGEST_BODY:
        return None
    body = b""
    while len(body) <= LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body if len(body) <= LARGEST_BODY else None
    return None


def _replayed(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that gives the body first and then whatever comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
