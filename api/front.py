"""Several regions on one server: the host name says whose application answers.

Its first part is the region's id: ``amt.bus.example.org``. So each region is an origin of its own
to browsers, with its own sessions, storage and service worker. Whoever comes by another name is
shown a list of the regions.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.health import is_well
from api.languages import ReaderLanguage
from api.pages import link_in, mount_static, templates_in
from api.shield import SecurityHeaders
from api.theme import theme_css
from shuttle.region_config import Contact

MOST_AT_ONCE = 2
"""So many requests of one region are worked on; further ones wait, whoever asks another does not.

All share the threads and the cores of one process. Neither a request that is still arriving counts
nor an answer that has begun, so that a board which listens holds up nobody.
"""

TURN_SECONDS = 0.1
"""The second one is begun when the first has taken so long.

All regions share one interpreter as well, which gives each thread the same time: the fewer threads
compute for one region, the more is left to the others. Most requests are done sooner than this; one
that waits for a database keeps out nobody for longer.
"""


def front(regions: Mapping[str, FastAPI], public_url: str = "") -> "Front":
    """Return one application from those of several regions.

    Parameters
    ----------
    regions
        By the region's id.
    public_url
        Where residents find a region, ``{region}`` standing for its id.
    """
    return Front(regions, public_url)


class Front:
    """Passes a request on to the region that its host name is of."""

    def __init__(self, regions: Mapping[str, FastAPI], public_url: str = "") -> None:
        self._regions, self._public_url = dict(regions), public_url
        self._rooms = {each: _Room() for each in regions}
        self._list = FastAPI(
            lifespan=self._lifespan, openapi_url=None, docs_url=None, redoc_url=None
        )
        self._list.add_api_route("/", self._start_page, response_class=HTMLResponse)
        self._list.add_api_route("/theme.css", _theme)
        self._list.add_api_route("/healthz", self._health)
        mount_static(self._list)
        self._list.add_middleware(SecurityHeaders)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        region = None if scope["type"] == "lifespan" else self._region_of(scope)
        if region is None:
            await self._list(scope, receive, send)
            return
        place = _Place(self._rooms[region], receive, send)
        await place.take()
        try:
            await self._regions[region](scope, place.receive, place.send)
        finally:
            place.end()

    def _region_of(self, scope: Scope) -> str | None:
        name = Headers(scope=scope).get("host", "").partition(".")[0].lower()
        return name if name in self._regions else None

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Let each region's application begin and end with this one."""
        async with AsyncExitStack() as stack:
            for app in self._regions.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    def _health(self) -> Response:
        """Say how each region is, for whoever watches the server; 503 if one is not well."""
        regions = {each: is_well(app) for each, app in self._regions.items()}
        return JSONResponse({"well": regions}, 200 if all(regions.values()) else 503)

    def _start_page(self, request: Request, language: ReaderLanguage) -> Response:
        """List the regions."""
        names = {each: app.state.service.region.config.name for each, app in self._regions.items()}
        html = (
            templates_in(language)
            .get_template("regions.html")
            .render(
                regions={
                    name: self._address(request, each)
                    for each, name in sorted(names.items(), key=lambda pair: pair[1])
                },
            )
        )
        return HTMLResponse(html, headers={"Content-Language": language, "Vary": "Accept-Language"})

    def _address(self, request: Request, region: str) -> str:
        """Return where a region is found; from the name asked for, if it is written nowhere."""
        if self._public_url:
            return link_in(request, self._public_url.replace("{region}", region).rstrip("/") + "/")
        host = request.headers.get("host", "")
        return link_in(request, f"{request.url.scheme}://{region}.{host}/")


class _Room:
    """Where the requests of a region are worked on: one after the other, unless one takes long."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(MOST_AT_ONCE)
        self.turn = asyncio.Semaphore(1)


class _Place:
    """The place of one request among those of its region that are worked on.

    Whoever sends slowly holds none meanwhile, or two such would keep out everybody.
    """

    def __init__(self, room: _Room, receive: Receive, send: Send) -> None:
        self._room, self._receive, self._send = room, receive, send
        self._waits = self._held = self._ended = False
        self._turn: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for a place; of a request that listens more than once at a time it is one."""
        if self._held or self._waits or self._answered():
            return
        self._waits = True
        try:
            await self._room.places.acquire()
            try:
                await self._room.turn.acquire()
            except asyncio.CancelledError:
                self._room.places.release()
                raise
        finally:
            self._waits = False
        self._held = True
        self._turn = asyncio.get_running_loop().call_later(TURN_SECONDS, self._end_turn)
        if self._answered():  # meanwhile
            self.leave()

    def leave(self) -> None:
        self._end_turn()
        if self._held:
            self._held = False
            self._room.places.release()

    def end(self) -> None:
        self._ended = True
        self.leave()

    def _answered(self) -> bool:
        """Whether the answer has begun, or there is none: no place is needed any more."""
        return self._ended

    def _end_turn(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
            self._room.turn.release()

    async def receive(self) -> Message:
        self.leave()
        message = await self._receive()
        await self.take()
        return message

    async def send(self, message: Message) -> None:
        self.end()
        await self._send(message)


def _theme() -> Response:
    """Return the colours of a region that has chosen none."""
    return Response(theme_css(Contact.model_fields["accent"].default), media_type="text/css")
