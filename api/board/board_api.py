"""The board's data and its events, for dispatchers."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.board.board_schemas import BoardOut
from api.board.feed import Feed
from api.board.snapshots import Snapshots
from api.mapping.tours import plan_of
from api.problems import answers
from api.service import ServiceHere
from api.times import Day

router = APIRouter(prefix="/api/v1/board", tags=["dispatch"])

BoardDay = Annotated[Day, Path(description="Service day.", examples=["2027-03-22"])]


@router.get("/{day}", responses=answers(422, 503))
def board(
    day: BoardDay,
    service: ServiceHere,
    request: Request,
    response: Response,
    since: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=r"^[0-9a-f-]*$",
            description="The `tag` of a board: only what is different since is told.",
        ),
    ] = None,
) -> BoardOut:
    """Return a day as the board shows it: tours halt by halt, rides, promises, what is wrong."""
    response.headers["Cache-Control"] = "no-store"
    snapshots: Snapshots = request.app.state.snapshots
    return snapshots.board(plan_of(service, day), since)


@router.get("/{day}/events", include_in_schema=False)
def events(
    day: BoardDay,
    service: ServiceHere,
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    since: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Tell by server-sent events when a day changes: `plan` with its revision, `clock` else.

    It stays open, so it is not in the OpenAPI document, whose readers wait for an end. `since` is
    for scripts: a browser sends ``Last-Event-ID`` only if it comes back by itself.
    """
    feed: Feed = request.app.state.feed
    plan_of(service, day)
    seen = last_event_id or since or ""
    stream = feed.events(day, int(seen) if seen.isdecimal() else None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
