"""The front door's commands for whoever looks after the service: privacy, backups, the doctor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shuttle.commands.options import Database, Region

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from shuttle.region_config import RegionConfig

Phone = Annotated[str, typer.Option("--phone", metavar="NUMBER", help="Such as “04641 78123”.")]


def add_commands(app: typer.Typer, plainly: Callable[[], AbstractContextManager[None]]) -> None:
    """Add the commands to the command line; `plainly` says expected errors in one sentence."""

    def added(to: typer.Typer, name: str, command: Callable[..., None]) -> None:
        to.command(name)(_within(plainly, command))

    privacy = typer.Typer(
        help="Show, erase and purge what is held about people.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    added(privacy, "export", export)
    added(privacy, "erase", erase)
    added(privacy, "purge", purge)
    added(privacy, "record", record)
    app.add_typer(privacy, name="privacy")
    added(app, "backup", backup)
    added(app, "restore", restore)
    databases = typer.Typer(
        help="Take an installation to another database.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    added(databases, "move", move)
    app.add_typer(databases, name="database")
    added(app, "doctor", doctor)


def _within(
    plainly: Callable[[], AbstractContextManager[None]], command: Callable[..., None]
) -> Callable[..., None]:
    from functools import wraps

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        with plainly():
            command(*args, **options)

    return run


def export(
    *,
    phone: Phone,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Else it is printed.")
    ] = None,
    region: Region = None,
    database: Database = None,
) -> None:
    """Write everything that is held under a phone number, as JSON."""
    from shuttle.keeping import privacy

    with _opened(region, database) as here:
        number, pseudonym = here.person(phone)
        held = privacy.export(here.engine, here.config, number, pseudonym)
    text = json.dumps(held, ensure_ascii=False, indent=2)
    if out is None:
        typer.echo(text)
    else:
        out.touch(mode=0o600)
        out.write_text(text + "\n", encoding="utf-8")
        typer.echo(f"Written to {out}.")


def erase(
    *,
    phone: Phone,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="First cancel the rides that are still to come.")
    ] = False,
    region: Region = None,
    database: Database = None,
) -> None:
    """Delete what is held under a phone number; rides that are over then name nobody.

    Refuses while a ride is still to come. Backups made before still hold it: delete them in time.
    """
    from shuttle.keeping import privacy

    with _opened(region, database) as here:
        number, pseudonym = here.person(phone)
        if cancel:
            here.cancel(privacy.still_to_come(here.engine, here.config, pseudonym, _now()))
        done = privacy.erase(here.engine, here.config, number, pseudonym, _now())
    typer.echo(f"{_rides(done.rides)} under this number now name nobody.")
    for table, rows in done.rows.items():
        typer.echo(f"{table}: {rows} deleted")


def purge(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be deleted or coarsened.")
    ] = False,
    region: Region = None,
    database: Database = None,
) -> None:
    """Keep the rules of retention now; the running service does so every night."""
    from shuttle.keeping import purge as jobs

    with _opened(region, database) as here:
        done = jobs.purge(here.engine, here.config, _now(), dry_run=dry_run)
        for each in done:
            what = "would go" if dry_run else "gone"
            until = here.config.local_day(each.before)
            typer.echo(f"{each.data}: {each.rows} {what}, from before {until}")


def record(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Else it is printed.")
    ] = None,
    region: Region = None,
) -> None:
    """Write the record of processing activities (Art. 30 GDPR), in German, as Markdown."""
    from shuttle.keeping.processing_record import processing_record
    from shuttle.region_config import read_config
    from shuttle.settings import read_settings

    folder = region or read_settings().region
    text = processing_record(read_config(folder / "region.toml"))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Written to {out}.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE")], *, database: Database = None
) -> None:
    """Write the whole database into one file while the service runs.

    It holds personal data: keep it as long as the rules of retention allow, and encrypted.
    """
    from shuttle.keeping.backup import back_up

    with _database(database) as engine:
        contents = back_up(engine, file, _now())
    typer.echo(f"{file} holds {sum(contents.rows.values())} rows; it was read again and is whole.")
    typer.echo("The key file (SHUTTLE_KEY_FILE) is not in it: keep a copy of it in another place.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Do away with what the database holds.")
    ] = False,
    database: Database = None,
) -> None:
    """Put a backup into a database, SQLite or PostgreSQL; a running service goes on with it.

    Then run “shuttle privacy purge”: what was deleted since the backup was made is back.
    """
    from datetime import UTC, datetime

    from shuttle.keeping.backup import restore as restored

    with _database(database, new=True) as engine:
        contents = restored(engine, file, replace=replace)
    made = datetime.fromtimestamp(contents.made, UTC)
    typer.echo(f"{sum(contents.rows.values())} rows of {made:%Y-%m-%d %H:%M} UTC are restored.")
    typer.echo("Links and pseudonyms need the key file of that time; it is not in a backup.")


def move(
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database: postgresql+psycopg://…")
    ],
    database: Database = None,
) -> None:
    """Take everything over into another, empty database, mostly from SQLite to PostgreSQL.

    End the service first. The old database stays as it is; the key file has to be kept.
    """
    from shuttle.keeping.backup import move as moved
    from shuttle.settings import database_url, key_path, read_settings

    settings = read_settings()
    with _database(database) as source, _database(to, new=True) as target:
        contents = moved(source, target, _now())
    typer.echo(f"{sum(contents.rows.values())} rows are in the new database.")
    typer.echo("Start the service with SHUTTLE_DATABASE set to it.")
    if settings.signing_key is None:
        key = key_path(settings, database_url(database or settings.database)).resolve()
        typer.echo(f"Links and pseudonyms need the same key: set SHUTTLE_KEY_FILE to {key}.")


def doctor(*, region: Region = None, database: Database = None) -> None:
    """Look at settings, region, database, clock and mail, and say what to do."""
    from rich.console import Console
    from rich.table import Table

    from shuttle.commands.doctor import Surroundings, examine

    found = examine(Surroundings(region, database, _now()))
    table = Table("check", "", "what to do", box=None, pad_edge=False)
    for each in found:
        table.add_row(each.check, "[green]ok" if each.ok else "[red]not ok", each.words)
    Console(highlight=False).print(table)
    if not all(each.ok for each in found):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Here:
    """A region's database, and the key that belongs to it."""

    engine: Engine
    config: RegionConfig
    folder: Path
    url: str
    key: bytes

    def person(self, phone: str) -> tuple[str, str]:
        """Return a phone number in the international form, and its pseudonym."""
        from shuttle.keyed import Keyed
        from shuttle.phone import international

        number = international(phone, self.config.contact.country, "--phone")
        return number, Keyed(self.key).phone(number)

    def cancel(self, codes: tuple[str, ...]) -> None:
        """Cancel rides as the service does; one that runs beside this notices."""
        from contextlib import closing

        from shuttle.dispatcher import Dispatcher
        from shuttle.keeping.sql_store import SqlStore
        from shuttle.keyed import Keyed
        from shuttle.region import Region as LoadedRegion

        if not codes:
            return
        store = SqlStore(self.url, self.config.id)
        with closing(
            Dispatcher(LoadedRegion.load(self.folder), store, keyed=Keyed(self.key))
        ) as dispatcher:
            for code in codes:
                dispatcher.cancel(code, _now())
        typer.echo(f"{_rides(len(codes))} cancelled.")


@contextmanager
def _opened(region: Path | None, database: str | None) -> Iterator[_Here]:
    from shuttle.region_config import read_config
    from shuttle.settings import (
        SettingsError,
        database_url,
        key_path,
        read_settings,
        signing_key,
    )

    settings = read_settings()
    folder = region or settings.region
    config = read_config(folder / "region.toml")
    url = database_url(database or settings.database)
    if settings.signing_key is None and not key_path(settings, url).exists():
        raise SettingsError(
            f"{key_path(settings, url)} is missing; without it nobody is found by their "
            "number: name the service's key with SHUTTLE_KEY_FILE or SHUTTLE_SIGNING_KEY."
        )
    with _database(database) as engine:
        yield _Here(engine, config, folder, url, signing_key(settings, url))


@contextmanager
def _database(database: str | None, *, new: bool = False) -> Iterator[Engine]:
    """Give a database whose tables are up to date; an SQLite file that is missing only if `new`."""
    from shuttle.errors import StoreError
    from shuttle.keeping.database import migrate, open_engine, writing
    from shuttle.settings import database_url, read_settings

    engine = open_engine(database_url(database or read_settings().database))
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and not new and not Path(file).exists():
        raise StoreError(f"There is no database at {file}; name the right one with --database.")
    try:
        with writing(engine) as connection:
            migrate(connection)
        yield engine
    finally:
        engine.dispose()


def _rides(number: int) -> str:
    return "1 ride" if number == 1 else f"{number} rides"


def _now() -> int:
    return int(time.time())
