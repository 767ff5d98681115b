"""Backups: one file for both databases, whole or refused, made and put back while serving."""

import gzip
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.domain import BookingStatus
from shuttle.errors import StoreError
from shuttle.keeping.backup import BackupError, back_up, read_contents, restore
from shuttle.keeping.database import migrate, newest_schema, open_engine, writing
from shuttle.region import Region
from tests.full_tables import fill, tables_of
from tests.kept_rides import DAY, MONDAY_EIGHT, MONDAY_EVENING, Kept, keeping
from tests.server_process import ServerProcess, run_alone
from tests.test_faults import confirm, eventually, look_up
from tests.test_kill import next_service_day


@pytest.fixture
def kept(toy_region: Region, database_url: str) -> Iterator[Kept]:
    with keeping(toy_region, database_url) as made:
        yield made


@pytest.fixture(params=["to_sqlite", "to_postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """Another database, with its tables and without rows."""
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    if request.param == "to_postgresql":
        url = request.getfixturevalue("postgres_server_url")
    engine = open_engine(url)
    with writing(engine) as connection:
        migrate(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_server_url(postgres_server: str) -> str:
    """A second empty database on the PostgreSQL server."""
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        connection.exec_driver_sql("CREATE DATABASE restored")
    engine.dispose()
    return sa.make_url(postgres_server).set(database="restored").render_as_string(False)


def rows(kept: Kept, engine: sa.Engine | None = None) -> list[str]:
    """All rows in order, days without their revision, which a restored day has anew."""
    text = Kept(kept.region, kept.dispatcher, engine or kept.engine).dump()
    return sorted(line.partition(", 'revision'")[0] for line in text.splitlines())


def test_a_backup_of_either_database_is_restored_into_either(
    kept: Kept, empty: sa.Engine, tmp_path: Path
) -> None:
    kept.served()
    kept.book(now=MONDAY_EVENING, ahead=14 * 3600)
    file = tmp_path / "backup.gz"
    made = back_up(kept.engine, file, MONDAY_EVENING)
    assert restore(empty, file) == made == read_contents(file)
    assert made.made == MONDAY_EVENING
    assert made.rows["booking"] == made.rows["contact"] == made.rows["receipt"] == 2
    assert rows(kept, empty) == rows(kept)
    with keeping(kept.region, url_of(empty)) as restored:
        restored.book(now=MONDAY_EVENING + 60, ahead=15 * 3600)
        assert restored.count("booking") == 3
        assert len(restored.dispatcher.events(kept.region.config.local_day(MONDAY_EIGHT))) == 4


@pytest.mark.slow
def test_the_commands_save_and_restore_every_table_of_the_database(
    kept: Kept, tmp_path: Path
) -> None:
    """As processes of their own: nothing that a test imported helps them to know a table."""
    fill(kept)
    file = tmp_path / "backup.gz"
    run_alone("backup", str(file), "--database", url_of(kept.engine))
    assert set(read_contents(file).rows) == tables_of(kept)
    other = open_engine(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    run_alone("restore", str(file), "--database", url_of(other))
    assert rows(kept, other) == rows(kept)
    assert revisions(other) == {day: 1 + seen for day, seen in revisions(kept.engine).items()}
    other.dispose()


def url_of(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def revisions(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as connection:
        days = connection.execute(sa.text("SELECT day, revision FROM service_day"))
        return {row.day: row.revision for row in days}


def test_a_restored_day_has_a_revision_that_no_server_has_seen(kept: Kept, tmp_path: Path) -> None:
    """Neither one that was backed up, nor one that was given to a day since then."""
    first, file = kept.book(), tmp_path / "backup.gz"
    back_up(kept.engine, file, MONDAY_EIGHT)
    kept.dispatcher.cancel(first.code, MONDAY_EIGHT)
    tomorrow = kept.book(ahead=DAY)
    restore(kept.engine, file, replace=True)
    expected = {str(first.ride.day): 3, str(tomorrow.ride.day): 2}
    assert revisions(kept.engine) == expected


def test_a_database_with_a_table_that_is_not_known_is_not_backed_up(
    kept: Kept, tmp_path: Path
) -> None:
    for change, table in (
        ("CREATE TABLE diary (page INTEGER)", "diary"),
        ("ALTER TABLE waiting RENAME TO queue", "diary, queue, waiting"),
    ):
        with kept.engine.begin() as connection:
            connection.exec_driver_sql(change)
        with pytest.raises(BackupError, match=f"other tables than this version knows .{table}."):
            back_up(kept.engine, tmp_path / "backup.gz", MONDAY_EIGHT)
    assert not (tmp_path / "backup.gz").exists()


def test_a_backup_is_for_its_owner_alone_and_leaves_no_draft(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(kept.engine, folder / "backup.gz", MONDAY_EIGHT)
    assert [each.name for each in folder.iterdir()] == ["backup.gz"]
    assert stat.S_IMODE((folder / "backup.gz").stat().st_mode) == 0o600


def test_a_backup_that_cannot_be_written_says_so(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written: No such file or directory"):
        back_up(kept.engine, tmp_path / "no-such-folder" / "backup.gz", MONDAY_EIGHT)


def test_a_restore_into_a_database_that_is_not_empty_has_to_be_asked_for(
    kept: Kept, tmp_path: Path
) -> None:
    kept.book()
    file = tmp_path / "backup.gz"
    back_up(kept.engine, file, MONDAY_EIGHT)
    kept.served()
    before = kept.dump()
    with pytest.raises(BackupError, match="The database is not empty"):
        restore(kept.engine, file)
    assert kept.dump() == before
    restore(kept.engine, file, replace=True)
    assert kept.count("booking") == 1
    assert kept.count("event") == 1


def test_a_dispatcher_notices_that_another_state_was_restored_and_goes_on(
    kept: Kept, tmp_path: Path
) -> None:
    first, file = kept.book(), tmp_path / "backup.gz"
    back_up(kept.engine, file, MONDAY_EIGHT)
    second = kept.book(ahead=2 * 3600)
    tomorrow = kept.book(ahead=DAY)
    restore(kept.engine, file, replace=True)
    days = {first.ride.day, tomorrow.ride.day}
    assert kept.dispatcher.refresh() == days
    plans = [kept.dispatcher.plan(day, MONDAY_EIGHT) for day in sorted(days)]
    assert [set(plan.bookings) for plan in plans] == [{first.code}, set()]
    assert kept.dispatcher.store.booking(second.code) is None
    assert kept.book(ahead=DAY).status is BookingStatus.BOOKED


def test_a_writer_that_did_not_notice_is_fenced_off(kept: Kept, tmp_path: Path) -> None:
    """Restored days have revisions that nobody has in memory, whatever was booked meanwhile."""
    first, file = kept.book(), tmp_path / "backup.gz"
    kept.book(ahead=DAY)
    back_up(kept.engine, file, MONDAY_EIGHT)
    kept.dispatcher.cancel(first.code, MONDAY_EIGHT)
    restore(kept.engine, file, replace=True)
    booking = kept.book(ahead=2 * 3600)
    plan = kept.dispatcher.plan(first.ride.day, MONDAY_EIGHT)
    assert set(plan.bookings) == {first.code, booking.code}


def test_a_restore_that_fails_halfway_leaves_the_database_as_it_was(
    kept: Kept, tmp_path: Path
) -> None:
    kept.book()
    file = tmp_path / "backup.gz"
    back_up(kept.engine, file, MONDAY_EIGHT)
    head, *between, end = lines_of(file)
    contact = next(line for line in between if line["table"] == "contact")
    contact["row"]["name"] = None
    write_lines(file, [head, *between, end])
    before = kept.dump()
    with pytest.raises(BackupError, match="holds a row that cannot be"):
        restore(kept.engine, file, replace=True)
    assert kept.dump() == before


def lines_of(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as text:
        return [json.loads(line) for line in text]


def write_lines(file: Path, lines: list[dict[str, Any]]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as text:
        text.writelines(json.dumps(line) + "\n" for line in lines)


def test_a_file_that_is_no_whole_backup_is_refused_before_anything_is_touched(
    kept: Kept, tmp_path: Path
) -> None:
    kept.book()
    file = tmp_path / "backup.gz"
    back_up(kept.engine, file, MONDAY_EIGHT)
    whole, lines = file.read_bytes(), lines_of(file)
    before = kept.dump()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    for content in (b"", b"no backup", whole[: len(whole) // 2], bytes(damaged)):
        file.write_bytes(content)
        with pytest.raises(BackupError):
            restore(kept.engine, file, replace=True)
    for wrong, words in (
        (lines[:-1], "was cut short"),
        ([*lines[:2], *lines[3:]], "was cut short"),
        ([{**lines[0], "format": "a diary"}, *lines[1:]], "is no backup of this service"),
        ([{**lines[0], "schema": "0000"}, *lines[1:]], "was made at schema 0000"),
    ):
        write_lines(file, wrong)
        with pytest.raises(BackupError, match=words):
            restore(kept.engine, file, replace=True)
    with pytest.raises(BackupError, match="is missing"):
        restore(kept.engine, tmp_path / "nothing.gz", replace=True)
    assert kept.dump() == before


def test_a_damaged_database_is_not_backed_up(toy_region: Region, tmp_path: Path) -> None:
    path = tmp_path / "damaged.sqlite3"
    with keeping(toy_region, f"sqlite:///{path}") as kept:
        kept.served()
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\x5a" * 8192
    path.write_bytes(bytes(content))
    engine = open_engine(f"sqlite:///{path}")
    with pytest.raises((BackupError, StoreError), match=r"damaged|malformed"):
        back_up(engine, tmp_path / "backup.gz", MONDAY_EIGHT)
    assert not (tmp_path / "backup.gz").exists()
    engine.dispose()


def test_a_backup_knows_the_schema_it_was_made_at(kept: Kept, tmp_path: Path) -> None:
    back_up(kept.engine, tmp_path / "backup.gz", MONDAY_EIGHT)
    assert lines_of(tmp_path / "backup.gz")[0]["schema"] == newest_schema()


@pytest.mark.slow
def test_a_running_server_is_backed_up_and_goes_on_with_what_is_restored(
    toy_folder: Path, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup.gz"
    with (
        ServerProcess(toy_folder, database_url, tmp_path) as server,
        httpx2.Client(base_url=server.address, timeout=60) as http,
    ):
        first = confirm(http, "key-number-1").json()
        done = shuttle("backup", str(file), "--database", database_url)
        assert "The key file (SHUTTLE_KEY_FILE) is not in it" in done
        second = confirm(http, "key-number-2").json()
        refused = shuttle("restore", str(file), "--database", database_url, code=1)
        assert "The database is not empty" in refused
        assert "rows of" in shuttle("restore", str(file), "--replace", "--database", database_url)
        assert look_up(http, first).status_code == 200
        assert look_up(http, second).status_code == 404
        assert eventually(lambda: getting_on(http) == 1)
        assert confirm(http, "key-number-3").status_code == 201
        assert getting_on(http) == 2


def getting_on(http: httpx2.Client) -> int:
    """How many the server's plan picks up."""
    tours = http.get("/api/v1/tours", params={"date": str(next_service_day())}).json()["tours"]
    return sum(stand["getting_on"] for tour in tours for stand in tour["stands"])


def shuttle(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def test_moving_to_postgresql_takes_every_row_of_every_table_and_the_service_goes_on(
    toy_region: Region, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shuttle.sqlite3"
    monkeypatch.setenv("SHUTTLE_DATABASE", str(file))
    with keeping(toy_region, f"sqlite:///{file}") as kept:
        booking = fill(kept)
        held = rows(kept)
        refused = CliRunner().invoke(app, ("database", "move", "--to", postgres_url))
        assert refused.exit_code == 1
        assert "is in use; end the service first" in refused.output
    moved = CliRunner().invoke(app, ("database", "move", "--to", postgres_url))
    assert moved.exit_code == 0, moved.output
    assert f"SHUTTLE_KEY_FILE to {file}.key" in moved.output.replace("\n", "")
    with keeping(toy_region, postgres_url) as kept:
        assert rows(kept) == held
        assert kept.dispatcher.booking(booking.code) == booking
        kept.book(now=MONDAY_EIGHT + 2 * DAY, ahead=4 * 3600)
    again = CliRunner().invoke(app, ("database", "move", "--to", postgres_url))
    assert again.exit_code == 1
    assert "The database is not empty" in again.output
