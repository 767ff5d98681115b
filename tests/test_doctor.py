"""The doctor finds what is wrong and says what to do."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.commands.doctor import CHECKS, Surroundings, Unwell, examine, mail_server
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.kept_rides import DAY, keeping
from tests.toy_region import write_toy_region


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A key file that nobody else can read."""
    file = tmp_path / "secret.key"
    file.write_bytes(b"k" * 32)
    file.chmod(0o600)
    monkeypatch.setenv("SHUTTLE_KEY_FILE", str(file))
    return file


def found(folder: Path, url: str, now: int | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """What is well and what is not, with the doctor's words."""
    findings = examine(Surroundings(folder, url, int(time.time()) if now is None else now))
    assert [each.check for each in findings] == list(CHECKS)
    well = {each.check: each.words for each in findings if each.ok}
    return well, {each.check: each.words for each in findings if not each.ok}


def test_nothing_is_wrong_with_a_service_that_works(
    toy_folder: Path, database_url: str, key: Path
) -> None:
    SqlStore(database_url, "toy-town").close()
    well, unwell = found(toy_folder, database_url)
    assert unwell == {}
    assert well["region"] == "Toy Town: 8 stops, 2 vehicles"
    assert "for its owner alone" in well["secret key"]
    assert "Europe/Berlin" in well["clock"]


def test_the_doctor_leaves_no_trace(toy_folder: Path, database_url: str, key: Path) -> None:
    SqlStore(database_url, "toy-town").close()
    found(toy_folder, database_url)
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        days = sa.select(sa.func.count()).select_from(sa.table("service_day"))
        assert connection.execute(days).scalar_one() == 0
    engine.dispose()


def test_a_database_that_is_missing_is_not_made(
    toy_folder: Path, tmp_path: Path, key: Path
) -> None:
    file = tmp_path / "missing.sqlite3"
    _, unwell = found(toy_folder, f"sqlite:///{file}")
    assert f"There is no database at {file}" in unwell["database"]
    assert "SHUTTLE_DATABASE" in unwell["database"]
    assert not file.exists()


def test_a_database_that_does_not_answer_is_named(toy_folder: Path, key: Path) -> None:
    well, unwell = found(toy_folder, "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert "The database cannot be used" in unwell["database"]
    assert "region" in well


def test_tables_of_an_earlier_version_are_named(
    toy_folder: Path, database_url: str, key: Path
) -> None:
    SqlStore(database_url, "toy-town").close()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    _, unwell = found(toy_folder, database_url)
    assert "The tables are at schema 0001" in unwell["database schema"]
    assert "start the service" in unwell["database schema"]


def test_a_database_that_takes_no_rows_is_named(
    toy_folder: Path, postgres_url: str, key: Path
) -> None:
    SqlStore(postgres_url, "toy-town").close()
    name = sa.make_url(postgres_url).database
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    engine.dispose()
    _, unwell = found(toy_folder, postgres_url)
    assert list(unwell) == ["database writable"]
    assert "read-only transaction" in unwell["database writable"]


def test_a_region_that_cannot_be_used_is_named(
    tmp_path: Path, database_url: str, key: Path
) -> None:
    SqlStore(database_url, "toy-town").close()
    folder = write_toy_region(tmp_path / "region")
    (folder / "stops.csv").unlink()
    _, unwell = found(folder, database_url)
    assert list(unwell) == ["region"]
    assert "stops.csv" in unwell["region"]


def test_a_key_that_others_can_read_is_named(
    toy_folder: Path, database_url: str, key: Path
) -> None:
    SqlStore(database_url, "toy-town").close()
    key.chmod(0o644)
    _, unwell = found(toy_folder, database_url)
    assert unwell == {"secret key": f"Others can read the secret key; run: chmod 600 {key}"}


def test_a_clock_behind_the_program_or_behind_what_was_stored_is_named(
    toy_region: Region, toy_folder: Path, database_url: str, key: Path
) -> None:
    with keeping(toy_region, database_url) as kept:
        kept.served()
    _, unwell = found(toy_folder, database_url, now=1_000_000_000)
    assert "but the program was installed at" in unwell["clock"]
    _, unwell = found(toy_folder, database_url)
    assert "but something was stored at 2027-03-22" in unwell["clock"]
    assert "timedatectl" in unwell["clock"]
    well, _ = found(toy_folder, database_url, now=int(time.time()) + 365 * DAY)
    assert "clock" in well


def test_an_unusable_setting_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, toy_folder: Path
) -> None:
    monkeypatch.setenv("SHUTTLE_PORT", "many")
    _, unwell = found(toy_folder, "sqlite:///nothing.sqlite3")
    assert "SHUTTLE_PORT" in unwell["settings"]


@contextmanager
def mail(*answers: bytes) -> Iterator[int]:
    """A port behind which somebody says these lines, one after each that it hears."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            for answer in answers:
                stream.write(answer + b"\r\n")
                if not stream.readline():
                    return

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(10)
    listener.close()


BYE = b"221 bye"


@pytest.mark.parametrize(("security", "extension"), [("none", b"HELP"), ("starttls", b"STARTTLS")])
def test_a_mail_server_that_greets_is_well(security: str, extension: bytes) -> None:
    with mail(b"220 hello", b"250-mail\r\n250 " + extension, BYE) as port:
        assert mail_server("127.0.0.1", port, security) == f"127.0.0.1:{port} greets"


def test_a_mail_server_without_starttls_is_named() -> None:
    with mail(b"220 hello", b"250 mail", BYE) as port, pytest.raises(Unwell, match="no STARTTLS"):
        mail_server("127.0.0.1", port, "starttls")


def test_a_mail_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unwell, match=r"does not answer .*SHUTTLE_SMTP_HOST"):
        mail_server("127.0.0.1", port, "none")


def test_what_is_no_mail_server_is_named() -> None:
    with mail(b"HTTP/1.1 400 Bad Request") as port, pytest.raises(Unwell, match="does not answer"):
        mail_server("127.0.0.1", port, "none")


def test_the_command_ends_with_1_if_anything_fails_and_with_0_otherwise(
    toy_folder: Path, tmp_path: Path, key: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'shuttle.sqlite3'}"
    words = ["doctor", "--region", str(toy_folder), "--database", url]
    missing = CliRunner().invoke(app, words)
    assert missing.exit_code == 1
    assert "not ok" in missing.output
    SqlStore(url, "toy-town").close()
    assert CliRunner().invoke(app, words).exit_code == 0
