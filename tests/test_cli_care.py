"""Commands for whoever looks after the service: what is held about people."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.keeping.retention import KINDS
from shuttle.region import Region
from tests.full_tables import SERIES, WAITING, fill
from tests.kept_rides import KEYED, NAME, PERSONAL_WORDS, Kept, keeping
from tests.server_process import run_alone
from tests.test_kill import next_service_day


@pytest.fixture
def kept(toy_region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setenv("SHUTTLE_DATABASE", str(tmp_path / "shuttle.sqlite3"))
    monkeypatch.setenv("SHUTTLE_REGION", str(toy_region.folder))
    monkeypatch.setenv("SHUTTLE_SIGNING_KEY", "k" * 32)
    with keeping(toy_region, f"sqlite:///{tmp_path / 'shuttle.sqlite3'}") as made:
        assert made.dispatcher.keyed is KEYED
        yield made


def privacy(*words: str) -> Any:
    result = CliRunner().invoke(app, ("privacy", *words))
    assert "Traceback" not in result.output
    return result


def book_ahead(kept: Kept) -> str:
    """Book a ride that is still to come by the real clock, which commands read."""
    now, day = int(time.time()), next_service_day()
    wanted = int(datetime(day.year, day.month, day.day, 11, tzinfo=UTC).timestamp())
    return kept.book(now=now, ahead=wanted - now).code


def test_an_export_is_json_and_finds_a_number_in_any_usual_form(kept: Kept) -> None:
    code = book_ahead(kept)
    for number in ("04641 78123", "+49 4641 78123"):
        held = json.loads(privacy("export", "--phone", number).output)
        assert held["booking"][0]["code"] == code
        assert held["contact"][0]["name"] == NAME


def test_an_export_into_a_file_is_for_its_owner_alone(kept: Kept, tmp_path: Path) -> None:
    book_ahead(kept)
    file = tmp_path / "export.json"
    privacy("export", "--phone", "04641 78123", "--out", str(file))
    assert json.loads(file.read_text(encoding="utf-8"))["contact"][0]["name"] == NAME
    assert file.stat().st_mode & 0o077 == 0


def test_erasing_refuses_in_one_sentence_while_a_ride_is_to_come(kept: Kept) -> None:
    code = book_ahead(kept)
    before = kept.dump()
    result = privacy("erase", "--phone", "04641 78123")
    assert result.exit_code == 1
    assert f"a ride is still to come ({code}); cancel first" in result.output
    assert result.output.count("\n") == 1
    assert kept.dump() == before


def test_erasing_with_cancel_cancels_first(kept: Kept) -> None:
    code = book_ahead(kept)
    result = privacy("erase", "--phone", "04641 78123", "--cancel")
    assert result.exit_code == 0
    assert "1 ride cancelled." in result.output
    assert "contact: 1 deleted" in result.output
    left = kept.dump()
    for word in (*PERSONAL_WORDS, code):
        assert word not in left
    assert "'status': 'cancelled'" in left
    assert kept.dispatcher.refresh() == {next_service_day()}


@pytest.mark.slow
def test_the_commands_know_every_table_when_they_run_alone(kept: Kept) -> None:
    fill(kept)
    held = json.loads(run_alone("privacy", "export", "--phone", "04641 78123"))
    assert [len(held[table]) for table in ("series", "series_day", "waiting")] == [1, 3, 1]
    said = run_alone("privacy", "erase", "--phone", "04641 78123")
    assert "series_day: 3 deleted" in said
    left = kept.dump()
    for word in (*PERSONAL_WORDS, SERIES, WAITING):
        assert word not in left


def test_a_dry_run_says_what_would_go(kept: Kept) -> None:
    book_ahead(kept)
    before = kept.dump()
    result = privacy("purge", "--dry-run")
    assert result.output.count("0 would go") == len(KINDS)
    assert privacy("purge").output.count("0 gone") == len(KINDS)
    assert kept.dump() == before


def test_without_the_key_nobody_is_looked_for(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SHUTTLE_SIGNING_KEY")
    result = privacy("erase", "--phone", "04641 78123")
    assert result.exit_code == 1
    assert "shuttle.sqlite3.key is missing" in result.output
    assert not (tmp_path / "shuttle.sqlite3.key").exists()


def test_a_database_that_is_missing_is_not_made(kept: Kept, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nothing.sqlite3'}"
    result = privacy("purge", "--database", url)
    assert result.exit_code == 1
    assert "There is no database at" in result.output
    assert not (tmp_path / "nothing.sqlite3").exists()
