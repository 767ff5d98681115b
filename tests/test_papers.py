"""The papers with which the project is taken over: each is there, and says what is so."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.keeping.processing_record import PROCESSING, processing_record
from shuttle.keeping.retention import KINDS
from shuttle.region import Region

ROOT = Path(__file__).parents[1]

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md")),
    ],
)
def test_links_between_papers_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text_of(name)):
        assert ((ROOT / name).parent / target).exists(), target


REQUIRED: dict[str, type] = {
    "publiccodeYmlVersion": str,
    "name": str,
    "url": str,
    "platforms": list,
    "developmentStatus": str,
    "softwareType": str,
    "description": dict,
    "legal": dict,
    "maintenance": dict,
    "localisation": dict,
}
"""The keys that publiccode.yml has to have, and what they hold."""


@pytest.fixture(scope="module")
def publiccode() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of("publiccode.yml"))
    return loaded


def test_publiccode_has_all_required_keys(publiccode: dict[str, Any]) -> None:
    for key, kind in REQUIRED.items():
        assert isinstance(publiccode.get(key), kind), key
    assert publiccode["developmentStatus"] in ("concept", "development", "beta", "stable")
    assert publiccode["url"].endswith(".git")
    assert isinstance(publiccode["localisation"]["localisationReady"], bool)
    assert publiccode["maintenance"]["type"] in ("internal", "contract", "community", "none")
    assert all(each["name"] for each in publiccode["maintenance"]["contacts"])


def test_publiccode_describes_at_the_length_that_is_asked_for(publiccode: dict[str, Any]) -> None:
    assert set(publiccode["description"]) == {"de", "en"}
    for told in publiccode["description"].values():
        assert 0 < len(told["shortDescription"]) <= 150
        assert 150 <= len(told["longDescription"]) <= 10_000
        assert told["features"]


def test_version_and_licence_are_the_same_everywhere(publiccode: dict[str, Any]) -> None:
    reuse = tomllib.loads(text_of("REUSE.toml"))
    [everything] = reuse["annotations"]
    assert (reuse["version"], everything["path"]) == (1, "**")
    assert (
        publiccode["legal"]["license"]
        == everything["SPDX-License-Identifier"]
        == PROJECT["license"]
    )
    assert publiccode["softwareVersion"] == PROJECT["version"]
    assert f"## {PROJECT['version']}" in text_of("CHANGELOG.md")


def test_the_contribution_guide_names_what_the_checks_run() -> None:
    guide, checks = text_of("CONTRIBUTING.md"), text_of(".ci/run")
    for command in ("uv run pytest -m slow", "uv run mypy", "uv run lint-imports"):
        assert command in guide
        assert command in checks


# ------------------------------------------------------------------ record of processing activities


def test_every_kind_of_data_is_in_the_record_with_its_days_and_purpose(toy_region: Region) -> None:
    assert set(PROCESSING) == set(KINDS)
    record = processing_record(toy_region.config)
    for number, rule in enumerate(toy_region.config.retention_rules, start=1):
        assert f"### {number}. {PROCESSING[rule.data].data}" in record
        assert f"- Zweck: {rule.purpose.de}" in record
        assert f"- Frist: {rule.days} Tag" in record


def test_the_record_says_what_region_toml_lacks(toy_region: Region) -> None:
    record = processing_record(toy_region.config)
    assert "- Verantwortlicher: Toy Town" in record
    assert "- Anschrift: fehlt; in region.toml unter [contact] als address einzutragen" in record


def test_the_command_prints_the_record_or_writes_it(toy_folder: Path, tmp_path: Path) -> None:
    words = ["privacy", "record", "--region", str(toy_folder)]
    printed = CliRunner().invoke(app, words)
    assert printed.output.startswith("# Verzeichnis der Verarbeitungstätigkeiten")
    file = tmp_path / "record.md"
    CliRunner().invoke(app, [*words, "--out", str(file)])
    assert file.read_text(encoding="utf-8").strip() == printed.output.strip()
