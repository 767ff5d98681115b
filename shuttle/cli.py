"""The front door: wires the rooms together and starts them.

Heavy rooms are entered only by the command that needs them, so that ``shuttle --help`` answers at
once.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from scenarios.commands import scenario
from shuttle.commands.care import add_commands
from shuttle.commands.open_data import open_data
from shuttle.commands.options import Database, Region, Regions
from shuttle.commands.regions import regions
from shuttle.commands.staff import staff
from shuttle.errors import ShuttleError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="shuttle",
    help="Village shuttles on demand: no timetable, shared rides, promises that are kept.\n\n"
    "Begin with: shuttle demo. It plays a made-up day on a map in your browser.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help takes twice as long to appear
)


class _Plainly(TyperGroup):
    """Commands of another file, whose expected errors are told as those here."""

    def invoke(self, ctx: Any) -> Any:
        with _plainly():
            return super().invoke(ctx)


app.add_typer(staff, name="staff", cls=_Plainly)
app.add_typer(open_data, name="open-data", cls=_Plainly)
app.add_typer(scenario, name="scenario", cls=_Plainly)
app.add_typer(regions, name="region", cls=_Plainly)

DEMO_DAY = "2027-03-02"
"""An ordinary Tuesday; fixed, so that the demo shows the same figures tomorrow."""


def _minutes(text: str) -> int:
    """Return minutes after midnight of HH:MM."""
    found = re.fullmatch(r"(\d{1,2}):([0-5]\d)", text)
    if found is None or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        raise typer.BadParameter(f"write a time of day such as 06:30, not {text!r}.")
    return int(found[1]) * 60 + int(found[2])


Until = Annotated[
    int | None,
    typer.Option(parser=_minutes, metavar="HH:MM", help="When to end; else with the last shift."),
]


def main() -> None:
    """Run the command line. SIGTERM is taken like Ctrl-C, so that every end is a clean one.

    So is SIGINT where a shell that started this in the background has it ignored.
    """
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, signal.default_int_handler)
    app()


@app.command()
def demo(
    *,
    headless: Annotated[
        bool, typer.Option("--headless", help="No map page; as fast as it goes.")
    ] = False,
    until: Until = None,
    start: Annotated[
        int | None,
        typer.Option(
            parser=_minutes,
            metavar="HH:MM",
            help="Earlier requests are booked before it begins.",
            show_default="06:00",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds of the demo in a real one.")
    ] = 60,
    rides: Annotated[int, typer.Option(min=0, max=5000, help="Ride requests in the day.")] = 45,
    seed: Annotated[int, typer.Option(min=0, help="Another number is another day.")] = 1,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The day.", show_default=DEMO_DAY
        ),
    ] = None,
    region: Region = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the map page; 0 is any free one.")
    ] = 0,
    database: Database = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the map page in a browser.")] = False,
) -> None:
    """Play a made-up day; watch it on a map page.

    Residents ask for rides and book them through the real API of a real service, and vehicles
    follow the plan, all on a clock that runs faster.
    """
    with _plainly():
        from api.app import create_app
        from scenarios.demo import Demo, play
        from shuttle.settings import database_url, read_settings

        settings = read_settings()
        played = Demo(
            region=region or settings.region,
            day=(date or datetime.fromisoformat(DEMO_DAY)).date(),
            start=6 * 60 if start is None else start,
            until=until,
            rides=rides,
            seed=seed,
            speed=None if headless else speed,
            port=port,
            database=None if database is None else database_url(database),
            browse=browse and not headless,
        )
        play(played, create_app, _console())


@app.command()
def serve(
    *,
    region: Regions = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
    database: Database = None,
    improve: Annotated[
        bool, typer.Option("--improve/--no-improve", help="Plan the days better meanwhile.")
    ] = True,
) -> None:
    """Run the service: real clock, real bookings.

    What is not given comes from the environment: SHUTTLE_REGION, SHUTTLE_HOST, SHUTTLE_PORT,
    SHUTTLE_DATABASE, SHUTTLE_SIGNING_KEY, SHUTTLE_LOG_FORMAT (console or json),
    SHUTTLE_TRUSTED_PROXIES (addresses), SHUTTLE_LIMITS (JSON), SHUTTLE_RUNS_FOLDER and
    SHUTTLE_RUNS_AT_ONCE (simulations of planners). Without those it listens at 127.0.0.1:8000 and
    keeps its bookings in ./shuttle.sqlite3.

    Residents are told by e-mail with SHUTTLE_SMTP_HOST, _PORT, _SECURITY (starttls, tls or none),
    _USER, _PASSWORD and _FROM, by SMS with [sms] in region.toml and SHUTTLE_SMS_SECRET.
    SHUTTLE_PUBLIC_URL is for links to bookings and codes on printed sheets.

    Several --region are served by host name, amt.bus.example.org being the region with the id amt;
    {region} in SHUTTLE_PUBLIC_URL, SHUTTLE_DATABASE and other paths stands for the id of each.
    """
    with _plainly():
        from api.app import create_app
        from api.front import front
        from scenarios.workbench import scenarios_of
        from shuttle.commands.serve import Faces, serve_regions
        from shuttle.settings import read_settings

        settings = read_settings()
        given = {"host": host, "port": port, "database": database}
        serve_regions(
            region or [settings.region],
            settings.model_copy(update={k: v for k, v in given.items() if v is not None}),
            Faces(create_app, front, scenarios_of),
            _console(),
            improve=improve,
        )


@app.command()
def version() -> None:
    """Show the version."""
    from importlib.metadata import version

    typer.echo(version("dorfshuttle"))


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn an expected error into one sentence and exit code 1, Ctrl-C into exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None
    except _expected_errors() as error:
        typer.secho("Error: ", err=True, fg="red", bold=True, nl=False)
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _expected_errors() -> tuple[type[Exception], ...]:
    """Return what is raised on purpose; asked for only when something was raised."""
    from routing.osm_import import ExtractError
    from routing.stops import StopsError
    from scenarios.demand import DemandError

    return (ShuttleError, ExtractError, StopsError, DemandError)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


add_commands(app, _plainly)
