"""The front door: quick to answer, plain about mistakes, quiet about people."""

import io
import json
import logging
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretBytes
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.logs import RequestLog, configure_logs
from shuttle.settings import (
    Settings,
    SettingsError,
    database_url,
    read_settings,
    runs_path,
    signing_key,
)
from tests.toy_town import write_toy_town

HEAVY = ("numba", "osmnx", "ortools", "scipy", "fastapi", "shapely", "osmium", "pydantic")


def shuttle(*words: str) -> Any:
    return CliRunner().invoke(app, words)


def test_help_lists_what_can_be_done() -> None:
    result = shuttle("--help")
    assert result.exit_code == 0
    for command in ("demo", "serve", "region", "version"):
        assert re.search(rf"^  {command}  +[A-Z].*\.$", result.output, re.MULTILINE), command


@pytest.mark.parametrize("command", [["demo"], ["serve"], ["region", "create"]])
def test_every_command_explains_its_options(command: list[str]) -> None:
    result = shuttle(*command, "--help")
    assert result.exit_code == 0
    assert "--region" in result.output or "--out" in result.output


def test_the_front_door_enters_no_heavy_room() -> None:
    code = f"import shuttle.cli, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_that_of_the_package() -> None:
    result = shuttle("version")
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", result.output)


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--until", "25:00"],
        ["demo", "--until", "noon"],
        ["demo", "--date", "tomorrow"],
        ["demo", "--speed", "0"],
        ["serve", "--port", "99999"],
        ["region", "create", "Toy Town"],
        ["dance"],
    ],
)
def test_a_mistake_in_the_command_is_exit_code_2(words: list[str]) -> None:
    assert shuttle(*words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["demo", "--region", "/nowhere"], "region.toml is missing"),
        (["serve", "--region", "/nowhere", "--port", "0"], "region.toml is missing"),
        (["serve", "--host", "256.0.0.1"], "Cannot listen at 256.0.0.1"),
        (["region", "create", "X", "--pbf", "no.osm.pbf", "--out", "x"], "no.osm.pbf does not"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(
    words: list[str], sentence: str
) -> None:
    result = shuttle(*words)
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert result.output.count("\n") == 1


def test_an_unusable_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUTTLE_PORT", "many")
    with pytest.raises(SettingsError, match=r"^SHUTTLE_PORT: "):
        read_settings()
    result = shuttle("demo", "--headless")
    assert result.exit_code == 1
    assert "SHUTTLE_PORT" in result.output


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUTTLE_DATABASE", "postgresql+psycopg://shuttle@db/shuttle")
    monkeypatch.setenv("SHUTTLE_LOG_FORMAT", "json")
    settings = read_settings()
    assert settings.database == "postgresql+psycopg://shuttle@db/shuttle"
    assert settings.log_format == "json"


def test_a_path_is_an_sqlite_database() -> None:
    assert database_url("shuttle.sqlite3") == "sqlite:///shuttle.sqlite3"
    assert database_url("/var/lib/a.db") == "sqlite:////var/lib/a.db"
    assert database_url("postgresql+psycopg://db/x") == "postgresql+psycopg://db/x"


def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    url = database_url(str(tmp_path / "a.sqlite3"))
    key = signing_key(Settings(), url)
    assert len(key) >= 32
    assert signing_key(Settings(), url) == key
    (file,) = tmp_path.iterdir()
    assert file.name == "a.sqlite3.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_signing_key_can_be_given(tmp_path: Path) -> None:
    given = Settings(signing_key=SecretBytes(b"k" * 32))
    assert signing_key(given, database_url(str(tmp_path / "a.sqlite3"))) == b"k" * 32
    assert list(tmp_path.iterdir()) == []
    assert "kkk" not in repr(given)


def test_runs_of_regions_that_share_a_database_are_in_a_folder_of_each(tmp_path: Path) -> None:
    for database in ("postgresql+psycopg://host/name", str(tmp_path / "all.sqlite3")):
        several = Settings(database=database).for_several()
        one, two = (several.of_region(each) for each in ("one", "two"))
        assert runs_path(one, database_url(one.database)).name == "one"
        assert runs_path(two, database_url(two.database)).name == "two"
    alone = Settings(database=str(tmp_path / "{region}.sqlite3")).for_several().of_region("one")
    assert runs_path(alone, database_url(alone.database)) == tmp_path / "one.sqlite3.runs"


def test_a_key_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    nowhere = Settings(key_file=tmp_path / "missing" / "key")
    with pytest.raises(SettingsError, match="SHUTTLE_KEY_FILE"):
        signing_key(nowhere, "sqlite:///a.sqlite3")
    short = tmp_path / "short.key"
    short.write_bytes(b"abc")
    with pytest.raises(SettingsError, match="fewer than 16 bytes"):
        signing_key(Settings(key_file=short), "sqlite:///a.sqlite3")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root, shuttles = logging.getLogger(), logging.getLogger("shuttle")
    before = (root.handlers[:], root.level, shuttles.level)
    configure_logs("json", stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    shuttles.setLevel(before[2])
    structlog.reset_defaults()


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_logged_without_the_person_who_made_it(log: io.StringIO) -> None:
    web = FastAPI()

    @web.get("/bookings/{code}")
    def booking(code: str) -> str:
        return code

    with TestClient(RequestLog(web), client=("203.0.113.7", 5000)) as client:
        client.get("/bookings/K7MX2Q9A?phone=0461123", headers={"Authorization": "Bearer s3cret"})
        client.get("/nothing/K7MX2Q9A")
    first, second = entries(log)
    assert first["path"] == "/bookings/{code}"
    assert (first["method"], first["status"], second["status"]) == ("GET", 200, 404)
    for private in ("203.0.113.7", "K7MX2Q9A", "0461123", "s3cret"):
        assert private not in log.getvalue()


def test_personal_fields_are_left_out_whoever_logs_them(log: io.StringIO) -> None:
    structlog.get_logger("shuttle.test").warning("called", phone="0461123", token="t", stop="x")
    (entry,) = entries(log)
    assert entry["stop"] == "x"
    assert not {"phone", "token"} & entry.keys()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(log: io.StringIO, form: Any) -> None:
    configure_logs(form, log)

    def fail(phone: str) -> None:
        raise ValueError(f"went wrong after {len(phone)} digits")

    try:
        fail("4" * 9)
    except ValueError:
        structlog.get_logger("shuttle.test").exception("failed")
        logging.getLogger("uvicorn.error").exception("failed too")
    assert log.getvalue().count("ValueError: went wrong") == 2
    assert "444444444" not in log.getvalue()


@pytest.fixture
def served(toy_folder: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real service in another process, in an empty folder, and its address."""
    command = [sys.executable, "-m", "shuttle", "serve", "--region", str(toy_folder), "--port", "0"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "SHUTTLE_LOG_FORMAT": "json"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | environment,
    ) as process:
        try:
            assert process.stdout is not None
            address = re.compile(r"http://127\.0\.0\.1:\d+")
            yield (
                process,
                next(found[0] for line in process.stdout if (found := address.search(line))),
            )
        finally:
            process.kill()


@pytest.mark.parametrize(
    "end", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_the_service_answers_and_ends_cleanly(
    served: tuple[subprocess.Popen[str], str], tmp_path: Path, end: signal.Signals
) -> None:
    process, address = served
    with httpx2.Client(base_url=address, trust_env=False) as http:
        assert http.get("/healthz").json()["region"] == "toy-town"
    process.send_signal(end)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out.endswith("Ended.\n")
    assert [json.loads(line)["path"] for line in err.splitlines()] == ["/healthz"]
    assert "127.0.0.1" not in err
    assert {each.name for each in tmp_path.iterdir()} == {"shuttle.sqlite3", "shuttle.sqlite3.key"}


def test_an_interrupted_region_is_exit_code_130_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = write_toy_town(tmp_path / "toy.osm")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shuttle.commands.region_create.propose_stops", interrupted)
    result = shuttle("region", "create", "Toy", "--pbf", str(town), "--out", str(tmp_path / "toy"))
    assert result.exit_code == 130
    assert result.output == "Stopped.\n"
    assert [each.name for each in tmp_path.iterdir()] == ["toy.osm"]
