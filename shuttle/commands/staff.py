"""``shuttle staff``: who may come in besides residents, and the keys of partner systems."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shuttle.commands.options import Database, Region

if TYPE_CHECKING:
    from shuttle.people.sign_in import SignIn

Word = TypeVar("Word", bound=StrEnum)

staff = typer.Typer(
    help="Accounts of those who work here, and keys of partner systems.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
keys = typer.Typer(help="Keys of partner systems.", no_args_is_help=True, rich_markup_mode=None)
staff.add_typer(keys, name="key")

Name = Annotated[str, typer.Argument(help="Such as petersen; upper and lower case are alike.")]


@staff.command("add")
def add(
    name: Name,
    *,
    role: Annotated[
        list[str], typer.Option(help="dispatcher, driver, planner or admin; may be repeated.")
    ],
    region: Region = None,
    database: Database = None,
) -> None:
    """Make an account; the password is asked for, or read from standard input."""
    from shuttle.people.accounts import Role

    roles = [_one_of(Role, each, "--role") for each in role]
    with _door(region, database) as door:
        account = door.add(name, _password(), roles, int(time.time()))
        typer.echo(f"{account.name} may sign in as {', '.join(sorted(account.roles))}.")


@staff.command("list")
def list_accounts(*, region: Region = None, database: Database = None) -> None:
    """Show all accounts, their roles and open sessions."""
    now = int(time.time())
    with _door(region, database) as door:
        for account in door.store.accounts():
            open_ones = sum(each.open_at(now) for each in door.store.sessions(account.name))
            roles = ", ".join(sorted(account.roles))
            made = f"since {datetime.fromtimestamp(account.made_at, UTC):%Y-%m-%d}"
            typer.echo(f"{account.name:24} {roles:30} {made}  open sessions: {open_ones}")


@staff.command("password")
def password(name: Name, *, region: Region = None, database: Database = None) -> None:
    """Set another password; all sessions of the account end."""
    with _door(region, database) as door:
        door.set_password(name, _password())
        typer.echo(f"{name} has a new password; its sessions have ended.")


@staff.command("remove")
def remove(name: Name, *, region: Region = None, database: Database = None) -> None:
    """Delete an account; all its sessions end."""
    from shuttle.people.accounts import proper_name

    with _door(region, database) as door:
        door.store.remove_account(proper_name(name))
        typer.echo(f"{name} may no longer sign in.")


@keys.command("add")
def add_key(
    name: Name,
    *,
    scope: Annotated[
        list[str], typer.Option(help="offers, bookings, unmet or metrics; may be repeated.")
    ],
    region: Region = None,
    database: Database = None,
) -> None:
    """Make a key for a partner system and show it, now and never again."""
    from shuttle.people.accounts import Scope

    scopes = [_one_of(Scope, each, "--scope") for each in scope]
    with _door(region, database) as door:
        typer.echo(door.add_api_key(name, scopes, int(time.time())))
        typer.echo("Send it as: Authorization: Bearer KEY. It is not shown again.", err=True)


@keys.command("list")
def list_keys(*, region: Region = None, database: Database = None) -> None:
    """Show which partner systems have a key."""
    with _door(region, database) as door:
        for key in door.store.api_keys():
            made = f"since {datetime.fromtimestamp(key.made_at, UTC):%Y-%m-%d}"
            told = f"  told at {key.webhook}" if key.webhook else ""
            typer.echo(f"{key.name:24} {', '.join(sorted(key.scopes)):40} {made}{told}")


@keys.command("webhook")
def set_webhook(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where bookings are told; empty ends it.")],
    *,
    region: Region = None,
    database: Database = None,
) -> None:
    """Tell a partner system of bookings at a URL, and show the secret that signs what it gets."""
    with _door(region, database) as door:
        secret = door.set_webhook(name, url)
        typer.echo(secret or f"{name} is told nothing any more.")
        if secret:
            typer.echo("The partner checks signatures with it: docs/webhooks.md.", err=True)


@keys.command("remove")
def remove_key(name: Name, *, region: Region = None, database: Database = None) -> None:
    """End the key of a partner system."""
    from shuttle.people.accounts import proper_name

    with _door(region, database) as door:
        door.store.remove_api_key(proper_name(name))
        typer.echo(f"{name} has no key any more.")


@contextmanager
def _door(region: Path | None, database: str | None) -> Iterator[SignIn]:
    """Open the accounts of a region; its map is not loaded for that."""
    from shuttle.keeping.sql_store import SqlStore
    from shuttle.keyed import Keyed
    from shuttle.people.sign_in import SignIn
    from shuttle.region_config import read_config
    from shuttle.settings import database_url, read_settings, signing_key

    settings = read_settings()
    url = database_url(database or settings.database)
    config = read_config((region or settings.region) / "region.toml")
    with closing(SqlStore(url, config.id)) as store:
        yield SignIn(store.accounts, Keyed(signing_key(settings, url)))


def _password() -> str:
    """Return a password as typed twice on a terminal, or as the first line that comes in."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _one_of(kind: type[Word], word: str, option: str) -> Word:
    try:
        return kind(word)
    except ValueError as error:
        words = ", ".join(kind)
        raise typer.BadParameter(f"{option} is one of {words}, not {word!r}.") from error
