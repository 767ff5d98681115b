"""What differs from one machine to another: settings from ``SHUTTLE_*`` in the environment.

An option on the command line wins over the environment. What differs from one Amt to another
stands in its ``region.toml`` instead.
"""

import os
import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from shuttle.errors import ShuttleError
from shuttle.people.rate_limits import GENEROUS, Limit, Rate
from shuttle.region import BUNDLED


class SettingsError(ShuttleError):
    """A setting cannot be used; the message names the variable and the fix."""


def _networks(text: str) -> str:
    for each in filter(None, text.split(",")):
        try:
            ip_network(each.strip())
        except ValueError as error:
            raise ValueError(
                f"{each.strip()!r} is no address or network; write 127.0.0.1 or 10.0.0.0/8"
            ) from error
    return text


def _rate(text: object) -> object:
    if isinstance(text, Rate):
        return text
    found = re.fullmatch(r"([1-9]\d{0,6})/([1-9]\d{0,6})", str(text))
    if found is None:
        raise ValueError(f'write number/seconds such as "60/900", not {text!r}')
    return Rate(int(found[1]), int(found[2]))


_REGION = "{region}"
_BY_REGION = ("database", "key_file", "runs_folder", "public_url")


class Settings(BaseSettings):
    """The settings of one machine.

    Attributes
    ----------
    region
        The folder of the region.
    database
        A database URL, or the path of an SQLite file.
    host, port
        Where to listen.
    signing_key
        Signs offers; None takes the one in `key_file`, which is made on the first start.
    key_file
        None is beside the SQLite file, or ``shuttle.key`` with another database.
    log_format
        "console" for people, "json" for machines, one object a line.
    trusted_proxies
        Addresses or networks, with commas, of the proxies whose X-Forwarded-For and
        X-Forwarded-Proto are believed; none if empty.
    limits
        Rate limits that differ from :data:`shuttle.people.rate_limits.GENEROUS`, as a JSON object:
        ``{"offers_by_address": "60/60"}`` is sixty at once and sixty a minute.
    overpass_url, nominatim_url
        Map services that `region create` asks where no extract is given.
    runs_folder
        Where the planner's runs write; None is beside the SQLite file, or ``shuttle.runs`` with
        another database.
    runs_at_once
        So many of them are simulated at the same time; others wait.
    public_url
        Where residents find the service, for links in messages; without it they have none.
    smtp_host, smtp_port, smtp_security, smtp_user, smtp_password
        The server that takes e-mail; without a host none is sent.
    smtp_from
        The address that e-mail comes from.
    smtp_timeout_seconds
        How long the server may take for each of the dozen steps of a session.
    sms_secret
        What the SMS gateway of ``region.toml`` wants to see.
    webhook_private
        Whether the webhooks of partner systems may lead into a private network.
    """

    model_config = SettingsConfigDict(env_prefix="SHUTTLE_", extra="ignore", frozen=True)

    region: Path = BUNDLED
    database: str = "shuttle.sqlite3"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    signing_key: SecretBytes | None = Field(default=None, min_length=16)
    key_file: Path | None = None
    log_format: Literal["console", "json"] = "console"
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    limits: dict[Limit, Annotated[Rate, BeforeValidator(_rate)]] = Field(default_factory=dict)
    overpass_url: str | None = None
    nominatim_url: str | None = None
    runs_folder: Path | None = None
    runs_at_once: int = Field(default=1, ge=1, le=64)
    public_url: str = Field(default="", pattern=r"^(https?://[^\s#?]+)?$")
    smtp_host: str | None = None
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = Field(default="", pattern=r"^([^@\s<>]+@[^@\s<>]+)?$")
    smtp_timeout_seconds: float = Field(default=10.0, gt=0, le=20)
    sms_secret: SecretStr = SecretStr("")
    webhook_private: bool = False

    def of_region(self, region: str) -> Self:
        """Return the settings of one region: its id in place of ``{region}``."""
        own = {
            name: type(value)(str(value).replace(_REGION, region))
            for name in _BY_REGION
            if (value := getattr(self, name)) is not None
        }
        return self.model_copy(update=own)

    def for_several(self) -> Self:
        """Return the settings of several regions, which share nothing that each needs for itself.

        The planner's runs of regions that share a database are each in a folder of their own.

        Raises
        ------
        SettingsError
            If an address or a folder lacks ``{region}``.
        """
        for name in ("public_url", "runs_folder"):
            if (value := getattr(self, name)) and _REGION not in str(value):
                raise SettingsError(
                    f"SHUTTLE_{name.upper()}: with several regions write {_REGION} for the id of "
                    "each, as in https://{region}.bus.example.org or /var/lib/{region}.runs."
                )
        if self.runs_folder is not None or _REGION in self.database:
            return self
        own = runs_path(self, database_url(self.database)) / _REGION
        return self.model_copy(update={"runs_folder": own})


def limits_of(settings: Settings) -> dict[Limit, Rate]:
    """Return the rate limits of a machine."""
    return {**GENEROUS, **settings.limits}


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    SettingsError
        With one sentence that names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable, *within = (str(part) for part in first["loc"])
        where = "".join(f" {part}:" for part in within if part != "[key]")
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"SHUTTLE_{variable.upper()}:{where} {message}.") from error
    except UnreadableSetting as error:
        raise SettingsError(
            'SHUTTLE_LIMITS is no JSON; write {"offers_by_address": "60/60"}.'
        ) from error


def database_url(database: str) -> str:
    """Return a database URL; a path becomes one of SQLite.

    Raises
    ------
    SettingsError
        If it is that of no region in particular.
    """
    if _REGION in database:
        raise SettingsError(f"{database} is one for each region; name one of them by --database.")
    return database if "://" in database else f"sqlite:///{database}"


def signing_key(settings: Settings, url: str) -> bytes:
    """Return the key that signs offers; the first time it is made and kept for its owner alone.

    Parameters
    ----------
    settings
        Of this machine.
    url
        Of the database that the key belongs to.

    Raises
    ------
    SettingsError
        If the key file cannot be read or made, or holds too little.
    """
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value()
    path = key_path(settings, url)
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{path}: the key that signs offers cannot be kept here ({error.strerror}); "
            "set SHUTTLE_KEY_FILE to another path or SHUTTLE_SIGNING_KEY to 32 random bytes."
        ) from error
    if len(key) < 16:
        raise SettingsError(f"{path} holds fewer than 16 bytes; delete it and a new key is made.")
    return key


def key_path(settings: Settings, url: str) -> Path:
    """Return where the key of a database is kept if it does not come from the environment."""
    return settings.key_file or _beside(url, "key")


def runs_path(settings: Settings, url: str) -> Path:
    """Return the folder of the planner's runs whose records a database keeps."""
    return settings.runs_folder or _beside(url, "runs")


def _beside(url: str, ending: str) -> Path:
    """Return a path beside a database's file; another database has none."""
    sqlite = url.startswith("sqlite:///")
    return Path(f"{url.removeprefix('sqlite:///') if sqlite else 'shuttle'}.{ending}")


def _make_key(path: Path) -> None:
    """Write a new key; of two processes that try at once, one wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.touch(mode=0o600)
    try:
        draft.write_text(secrets.token_urlsafe(32) + "\n", encoding="ascii")
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
