"""The board's data and its events, for dispatchers."""

import gzip
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.board.board_schemas import BoardOut
from api.board.feed import Feed
from api.board.snapshots import Snapshots
from api.mapping.tours import plan_of
from api.problems import answers
from api.security import CallerHere
from api.service import ServiceHere
from api.times import Day
from shuttle.people.accounts import Role, may

router = APIRouter(prefix="/api/v1/board", tags=["dispatch"])

_LARGE = 20_000
"""Bytes from which compressing is worth its time."""

BoardDay = Annotated[Day, Path(description="Service day.", examples=["2027-03-22"])]


@router.get("/{day}", responses=answers(422, 503), response_model=BoardOut)
def board(
    day: BoardDay,
    service: ServiceHere,
    request: Request,
    since: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=r"^[0-9a-f-]*$",
            description="The `tag` of a board: only what is different since is told.",
        ),
    ] = None,
) -> Response:
    """Return a day as the board shows it: tours halt by halt, rides, promises, what is wrong."""
    snapshots: Snapshots = request.app.state.snapshots
    told = snapshots.board(plan_of(service, day), since)
    # A day of a thousand rides would be checked once more on its way out.
    return _packed(request, told.model_dump_json(by_alias=True).encode())


def _packed(request: Request, body: bytes) -> Response:
    """Return JSON, compressed if it is large and whoever asks can unpack it."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if len(body) > _LARGE and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


@router.get("/{day}/events", include_in_schema=False)
def events(
    day: BoardDay,
    service: ServiceHere,
    request: Request,
    caller: CallerHere,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
    since: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Tell by server-sent events when a day changes: `plan` with what is different, `clock` else.

    It stays open, so it is not in the OpenAPI document, whose readers wait for an end. `since` is
    the `tag` of the board that is known; a browser that comes back by itself sends
    ``Last-Event-ID``. Whose session ends is told nothing more.
    """
    feed: Feed = request.app.state.feed
    plan_of(service, day)
    door, who = service.sign_in, frozenset({Role.DISPATCHER})

    def may_look() -> bool:
        if door is None:
            return False
        session = door.session(caller.token, service.clock(), reading=True)
        return session is not None and may(session.roles, who)

    stream = feed.events(day, last_event_id or since or "", may_look)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
