"""``shuttle staff``: accounts and keys from the command line, for a service that is running."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from shuttle.cli import app
from tests.server_process import ServerProcess
from tests.staff import PASSWORD


@pytest.fixture
def options(toy_folder: Path, tmp_path: Path) -> list[str]:
    return ["--region", str(toy_folder), "--database", str(tmp_path / "shuttle.sqlite3")]


def staff(options: list[str], *words: str, typed: str | None = None) -> Any:
    return CliRunner().invoke(app, ["staff", *words, *options], input=typed)


def test_an_account_is_made_listed_changed_and_removed(options: list[str]) -> None:
    roles = ["--role", "dispatcher", "--role", "planner"]
    made = staff(options, "add", "Petersen", *roles, typed=f"{PASSWORD}\n")
    assert made.output == "petersen may sign in as dispatcher, planner.\n"
    assert PASSWORD not in made.output
    listed = staff(options, "list").output
    assert "petersen " in listed
    assert "open sessions: 0" in listed
    changed = staff(options, "password", "petersen", typed="vier andere grosse Woerter\n")
    assert "its sessions have ended" in changed.output
    assert staff(options, "remove", "Petersen").exit_code == 0
    assert staff(options, "list").output == ""


def test_a_key_is_shown_once(options: list[str]) -> None:
    made = staff(options, "key", "add", "motis", "--scope", "offers", "--scope", "unmet")
    key = made.stdout.strip()
    assert len(key) == 43
    listed = staff(options, "key", "list").output
    assert "motis " in listed
    assert "offers, unmet" in listed
    assert key not in listed
    assert staff(options, "key", "remove", "motis").exit_code == 0
    assert staff(options, "key", "list").output == ""


@pytest.mark.parametrize(
    ("words", "typed", "sentence"),
    [
        (["add", "petersen", "--role", "driver"], "short\n", "A password has 12 to 200 signs"),
        (["add", "petersen", "--role", "driver"], "", "A password has 12 to 200 signs"),
        (["add", " ", "--role", "driver"], f"{PASSWORD}\n", "A name has 1 to 64 visible signs"),
        (["add", "jansen", "--role", "driver"], f"{PASSWORD}\n", "jansen has an account"),
        (["password", "nobody"], f"{PASSWORD}\n", "Nobody is called 'nobody'"),
        (["remove", "nobody"], None, "Nobody is called 'nobody'"),
        (["key", "remove", "nobody"], None, "No key is called 'nobody'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    options: list[str], words: list[str], typed: str | None, sentence: str
) -> None:
    staff(options, "add", "jansen", "--role", "driver", typed=f"{PASSWORD}\n")
    result = staff(options, *words, typed=typed)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["add", "petersen"],
        ["add", "petersen", "--role", "king"],
        ["key", "add", "motis"],
        ["key", "add", "motis", "--scope", "everything"],
        ["dance"],
    ],
)
def test_a_role_or_scope_that_there_is_not_is_exit_code_2(
    options: list[str], words: list[str]
) -> None:
    result = staff(options, *words)
    assert result.exit_code == 2
    if "king" in words:
        assert "dispatcher, driver, planner, admin" in result.stderr


@pytest.mark.slow
def test_an_account_made_while_the_service_runs_gets_in_and_a_new_password_throws_it_out(
    toy_folder: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'shuttle.sqlite3'}"

    def shuttle(*words: str, typed: str | None = None) -> str:
        command = [sys.executable, "-m", "shuttle", "staff", *words]
        place = ["--region", str(toy_folder), "--database", database]
        done = subprocess.run(
            [*command, *place],
            input=typed,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    with (
        ServerProcess(toy_folder, database, tmp_path) as server,
        httpx2.Client(base_url=server.address, trust_env=False) as http,
    ):
        shuttle("add", "petersen", "--role", "admin", typed=f"{PASSWORD}\n")
        given = {"name": "petersen", "password": PASSWORD}
        assert http.post("/api/v1/session", json=given).status_code == 201
        assert http.get("/api/v1/session").json()["roles"] == ["admin"]
        shuttle("password", "petersen", typed="vier andere grosse Woerter\n")
        assert http.get("/api/v1/session").status_code == 401
        assert http.post("/api/v1/session", json=given).status_code == 401
        key = shuttle("key", "add", "motis", "--scope", "bookings").strip()
        headers = {"Authorization": f"Bearer {key}"}
        assert http.get("/api/v1/bookings/ABCD1234", headers=headers).status_code == 404
        assert http.get("/api/v1/session", headers=headers).status_code == 403
