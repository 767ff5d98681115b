"""``shuttle open-data``: feeds for journey planners, and a check of such feeds."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shuttle.commands.options import Database, Region

if TYPE_CHECKING:
    from shuttle.keeping.sql_store import SqlStore

open_data = typer.Typer(
    help="Feeds for journey planners.", no_args_is_help=True, rich_markup_mode=None
)

Home = Annotated[
    str | None,
    typer.Option("--url", help="Where residents find the service; else SHUTTLE_PUBLIC_URL."),
]


@open_data.command("gtfs-flex")
def write_gtfs_flex(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.zip")],
    url: Home = None,
    date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The feed begins with its month and holds for a year; else today.",
        ),
    ] = None,
    measured: Annotated[
        str | None,
        typer.Option(
            "--measured",
            metavar="URL",
            help="A database, also one of shuttle demo --database: how long its rides of the "
            "14 days before --date took is told; else what is promised.",
        ),
    ] = None,
    region: Region = None,
) -> None:
    """Write stops, hours and rules of booking as a GTFS-Flex feed.

    The running service has the same feed at /open-data/gtfs-flex.zip.
    """
    from shuttle.commands.start_up import open_store
    from shuttle.open_data.durations import last_days, ride_times, safe_duration
    from shuttle.open_data.gtfs_flex import gtfs_flex
    from shuttle.region import Region as LoadedRegion
    from shuttle.settings import SettingsError, read_settings

    settings = read_settings()
    home = url or settings.public_url
    if not home:
        raise SettingsError(
            "A feed names the address of the service; give it with --url or SHUTTLE_PUBLIC_URL."
        )
    loaded = LoadedRegion.load(region or settings.region)
    day = (date or datetime.now(loaded.config.zone)).date()
    rides = []
    if measured is not None:
        with closing(open_store(measured, loaded.config.id)) as store:
            rides = ride_times(store, last_days(day))
    out.write_bytes(gtfs_flex(loaded, home, day, safe_duration(loaded.config.rules, rides)))
    typer.echo(f"{out} describes {len(loaded.stops)} stops of {loaded.config.name}.")


@open_data.command("calibrate")
def calibrate(
    results: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where shuttle scenario run wrote.")
    ],
    *,
    database: Database = None,
    region: Region = None,
) -> None:
    """Tell journey planners how long simulated rides took, until enough are driven.

    And them and residents how long people waited, by hour and village.

    A planner does the same at /planning with the button of a run.
    """
    from shuttle.planning.calibrating import calibrated
    from shuttle.region_config import read_config
    from shuttle.settings import read_settings

    settings = read_settings()
    config = read_config((region or settings.region) / "region.toml")
    found = calibrated(config.rules, results, 0, results.name, int(time.time()))
    with closing(_store(database or settings.database, config.id)) as store:
        store.runs.calibrate(found)
    typer.echo(
        f"95 of 100 of {found.rides} rides take at most {found.safe.factor:g} times the direct "
        f"drive and {found.safe.offset // 60} minutes; journey planners are told so."
    )
    overall = found.waiting.overall
    if overall is not None:
        typer.echo(
            f"Half of {overall.rides} who asked within the hour waited at most "
            f"{overall.half // 60} minutes, nine of ten at most {overall.most // 60}; the pages of "
            f"the stops tell it by hour and village."
        )


def _store(database: str, region: str) -> SqlStore:
    """Open a database; an SQLite file that is missing is not made."""
    from shuttle.errors import StoreError
    from shuttle.keeping.sql_store import SqlStore
    from shuttle.settings import database_url

    if "://" not in database and not Path(database).exists():
        raise StoreError(f"There is no database at {database}; name the right one.")
    return SqlStore(database_url(database), region)


@open_data.command("check")
def check_feed(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip or a folder.")],
) -> None:
    """Look whether a GTFS-Flex feed keeps the rules, the conditional ones included."""
    from shuttle.open_data.flex_check import check
    from shuttle.open_data.tables import read_feed

    feed = read_feed(file)
    faults = check(feed)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{file} keeps the rules: {len(feed.tables)} tables were looked at.")
