"""A whole database in one file, and back: the same file for SQLite and for PostgreSQL.

The file is gzip over JSON, one object a line: a head, the rows table by table, and an end that
counts them. It is written from one snapshot while the service goes on. Restoring gives every day
a revision that no server has seen, so a running server notices, lets go of what it had in memory
and goes on with what was restored.

The service's secret key is not in it: whoever finds a backup cannot sign with it.
"""

import base64
import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from shuttle.errors import ShuttleError
from shuttle.keeping.database import newest_schema, reading, schema_of, table_of, writing
from shuttle.keeping.tables import ServiceDay, all_tables

FORMAT = "dorfshuttle backup 1"

_BATCH = 1000

_DAY = table_of(ServiceDay)


class BackupError(ShuttleError):
    """A backup cannot be made or restored; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: when it was made (epoch seconds), and how many rows by table."""

    made: int
    rows: Mapping[str, int]


def back_up(engine: Engine, path: Path, now: int) -> Contents:
    """Write a backup, read it again, and only then give it its name.

    Raises
    ------
    BackupError
        If the database is damaged or of another version, or the file cannot be written.
    StoreError
        If the database cannot be used.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with reading(engine) as connection, _writing_to(draft) as file:
            _check(connection)
            rows = _write(connection, file, now)
        contents = read_contents(draft)
        if contents.rows != rows:
            raise BackupError(f"{path}: the file does not hold what was written; try another disk.")
        draft.replace(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return contents


def read_contents(path: Path) -> Contents:
    """Read a backup to its end and return what it holds.

    Raises
    ------
    BackupError
        If it is no backup, cut short or damaged.
    """
    rows: Counter[str] = Counter()
    made = 0
    for line in _lines(path):
        if "format" in line:
            made = line["made"]
        elif "table" in line:
            rows[line["table"]] += 1
    return Contents(made, dict(rows))


def restore(engine: Engine, path: Path, *, replace: bool = False) -> Contents:
    """Put a backup into a database in one transaction: all of it or nothing.

    Parameters
    ----------
    engine
        Of a database whose tables are up to date.
    path
        The backup.
    replace
        Do away with what the database holds.

    Raises
    ------
    BackupError
        If the file is no whole backup, of another version, or the database is not empty.
    StoreError
        If the database cannot be used.
    """
    contents = read_contents(path)  # to the end, before anything is touched
    lines = _lines(path)
    head = next(lines)
    if head["schema"] != newest_schema():
        raise BackupError(
            f"{path} was made at schema {head['schema']}, this version works with "
            f"{newest_schema()}; restore it with the version that made it, then update."
        )
    try:
        with writing(engine) as connection:
            _replace(connection, lines, replace=replace)
    except IntegrityError as error:
        raise BackupError(f"{path} holds a row that cannot be; use another backup.") from error
    return contents


def _replace(connection: Connection, lines: Iterator[dict[str, Any]], *, replace: bool) -> None:
    """Put rows in the place of what a database holds."""
    seen = _revisions(connection)
    holding = [table.name for table in all_tables() if _is_held(connection, table)]
    if holding and not replace:
        raise BackupError(
            f"The database is not empty ({', '.join(holding)}); "
            "restore into a new one, or give --replace to do away with what it holds."
        )
    for table in reversed(all_tables()):
        connection.execute(sa.delete(table))
    _insert(connection, lines)
    _renumber(connection, seen)


def _is_held(connection: Connection, table: sa.Table) -> bool:
    anything = sa.select(sa.literal(1)).select_from(table).limit(1)
    return connection.execute(anything).first() is not None


def _check(connection: Connection) -> None:
    """Refuse to back up what could not be restored."""
    if schema_of(connection) != newest_schema():
        raise BackupError(
            f"The database is at schema {schema_of(connection)}, this version works with "
            f"{newest_schema()}; start the service once, it brings the database up to date."
        )
    strange = _names(connection) ^ {table.name for table in all_tables()}
    if strange:
        raise BackupError(
            f"The database has other tables than this version knows ({', '.join(sorted(strange))})"
            "; use the version that made it, and give other programs a database of their own."
        )
    if connection.dialect.name == "sqlite":
        said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if said != "ok":
            raise BackupError(f"The database is damaged ({said}); restore an earlier backup.")


def _names(connection: Connection) -> set[str]:
    """Return the names of the tables that a database has, but for the note of its schema."""
    return set(sa.inspect(connection).get_table_names()) - {"alembic_version"}


@contextmanager
def _writing_to(path: Path) -> Iterator[gzip.GzipFile]:
    """Give a compressed file for its owner alone; what was written is on the disk at the end."""
    path.touch(mode=0o600)
    with path.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6) as file:
            yield file
        raw.flush()
        os.fsync(raw.fileno())


def _write(connection: Connection, file: gzip.GzipFile, now: int) -> dict[str, int]:
    rows: dict[str, int] = {}
    _line(file, {"format": FORMAT, "schema": schema_of(connection), "made": now})
    for table in all_tables():
        query = sa.select(table).order_by(*table.primary_key)
        for row in connection.execution_options(yield_per=_BATCH).execute(query).mappings():
            _line(file, {"table": table.name, "row": {key: _out(row[key]) for key in row}})
            rows[table.name] = rows.get(table.name, 0) + 1
    _line(file, {"end": sum(rows.values())})
    return rows


def _line(file: gzip.GzipFile, content: Mapping[str, Any]) -> None:
    file.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _out(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    return value


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read a backup line by line; the end must count what came before."""
    count, ended = 0, False
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, text in enumerate(file):
                line = json.loads(text)
                if number == 0 and line.get("format") != FORMAT:
                    raise BackupError(f"{path} is no backup of this service.")
                count += "table" in line
                ended = line.get("end") == count
                yield line
    except FileNotFoundError as error:
        raise BackupError(f"{path} is missing.") from error
    except (OSError, EOFError, zlib.error, ValueError, AttributeError) as error:
        raise BackupError(f"{path} cannot be read as a backup: {error}.") from error
    if not ended:
        raise BackupError(f"{path} was cut short; use another backup.")


def _insert(connection: Connection, lines: Iterator[dict[str, Any]]) -> None:
    tables = {table.name: table for table in all_tables()}
    waiting: list[dict[str, Any]] = []
    name = ""
    for line in lines:
        if waiting and (line.get("table") != name or len(waiting) == _BATCH):
            connection.execute(sa.insert(tables[name]), waiting)
            waiting = []
        if "table" in line:
            name = line["table"]
            waiting.append(_in(tables[name], line["row"]))


def _in(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: base64.b64decode(value["base64"])
        if isinstance(table.c[key].type, sa.LargeBinary) and value is not None
        else value
        for key, value in row.items()
    }


def _revisions(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the revisions that running servers may have in memory, by region and day."""
    return {(row.region, row.day): row.revision for row in connection.execute(sa.select(_DAY))}


def _renumber(connection: Connection, seen: Mapping[tuple[str, str], int]) -> None:
    """Give days revisions that no server has seen, and new rows numbers that no row has."""
    restored = _revisions(connection)
    for region, day in seen.keys() | restored.keys():
        key = {"region": region, "day": day}
        revision = 1 + max(seen.get((region, day), 0), restored.get((region, day), 0))
        own = (_DAY.c.region == region, _DAY.c.day == day)
        if (region, day) in restored:
            connection.execute(sa.update(_DAY).where(*own).values(revision=revision))
        else:
            connection.execute(sa.insert(_DAY), {**key, "revision": revision})
    if connection.dialect.name == "postgresql":
        for table in all_tables():
            _count_on(connection, table)


def _count_on(connection: Connection, table: sa.Table) -> None:
    """Let PostgreSQL number new rows after the restored ones, as SQLite does by itself."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
    if connection.scalar(sa.select(sequence)) is None:
        return
    highest = sa.select(sa.func.max(column)).scalar_subquery()
    connection.execute(
        sa.select(sa.func.setval(sequence, sa.func.coalesce(highest, 0) + 1, sa.false()))
    )


def move(source: Engine, target: Engine, now: int) -> Contents:
    """Put all that a database holds into another one that is empty, by way of a backup.

    Raises
    ------
    BackupError
        If a service still writes to the source, or the target is not empty; both stay as they are.
    StoreError
        If one of the databases cannot be used.
    """
    if source.url == target.url:
        raise BackupError("--to names the database itself; name the one that is to take it over.")
    _check_that_nobody_writes(source)
    with TemporaryDirectory(prefix="shuttle-move-") as folder:  # for its owner alone
        file = Path(folder) / "all"
        back_up(source, file, now)
        return restore(target, file)


def _check_that_nobody_writes(engine: Engine) -> None:
    """Refuse while another process has an SQLite file open: what it wrote now would stay behind."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
            # Only who is alone may; whoever opens the file next sets it back.
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    except OperationalError as error:
        raise BackupError(
            f"{engine.url.database} is in use; end the service first, then move."
        ) from error
