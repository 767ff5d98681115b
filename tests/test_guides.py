"""The guides in docs/: every command in them is run, in a folder of its own, without a network.

``sh`` blocks are what a reader types. Two things are put in place of what they say: the port, since
8000 may be taken, and for `shuttle serve`, which does not end, the lines after it are typed in a
second terminal.
"""

import configparser
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shuttle.region import BUNDLED
from shuttle.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"

PAIRS = {
    # English: German
    "operating.md": "betrieb.md",
    "amt-in-an-afternoon.md": "amt-an-einem-nachmittag.md",
}

PATIENCE = 600


def blocks(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(name: str) -> list[str]:
    return [line for block in blocks(name, "sh") for line in block.splitlines() if line]


class Terminal:
    """Types commands in a folder, where `shuttle` is on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = folder / ".bin"
        tools.mkdir()
        program = tools / "shuttle"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m shuttle "$@"\n')
        program.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = {name: value for name, value in os.environ.items() if not name.startswith("SHUTTLE_")}
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**own, "PATH": path, "SHUTTLE_PORT": str(self.port)}

    def type(self, command: str) -> str:
        """Run a command and return what it said."""
        if command.startswith("export "):
            name, value = command.removeprefix("export ").split("=")
            self.environment[name] = value
            return ""
        done = subprocess.run(
            ["bash", "-ec", command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def serving(self, command: str) -> Iterator[None]:
        """Leave a command running, once it answers."""
        server = subprocess.Popen(
            ["bash", "-ec", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait(server)
            yield
        finally:
            server.terminate()
            server.wait(30)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + PATIENCE
        while server.poll() is None and time.monotonic() < until:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)
        raise AssertionError("the service did not start")


def follow(guide: str, terminal: Terminal) -> dict[str, str]:
    """Type a guide's commands in order; return what each said."""
    typed = commands(guide)
    before, after = typed[: typed.index("shuttle serve")], typed[typed.index("shuttle serve") + 1 :]
    said = {command: terminal.type(command) for command in before}
    with terminal.serving("shuttle serve"):
        said |= {command: terminal.type(command) for command in after}
    return said


@pytest.mark.parametrize("english", PAIRS)
def test_both_languages_say_the_same_commands_and_files(english: str) -> None:
    assert commands(english) == commands(PAIRS[english])
    assert len(commands(english)) >= 8
    for language in ("ini", "nginx"):
        without_comments = [
            [re.sub(r" *#.*", "", each) for each in blocks(name, language)]
            for name in (english, PAIRS[english])
        ]
        assert without_comments[0] == without_comments[1]


@pytest.mark.slow
def test_the_operating_guide_works_as_it_is_written(toy_folder: Path, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.environment["SHUTTLE_REGION"] = str(toy_folder)  # as the unit does
    said = follow("operating.md", terminal)
    assert '"status":"ok"' in said["curl --fail --silent http://127.0.0.1:8000/healthz"]
    assert "shuttle_" in said["curl --fail --silent http://127.0.0.1:8000/metrics"]
    assert "petersen" in said["shuttle staff list"]
    assert "keeps the rules" in said["shuttle open-data check feed.zip"]
    assert "not ok" not in said["shuttle doctor"]


@pytest.mark.slow
def test_an_amt_is_there_in_an_afternoon(tmp_path: Path) -> None:
    """With the bundled map in place of one that is downloaded."""
    terminal = Terminal(tmp_path)
    shutil.copy(BUNDLED / "suederbrarup.osm.pbf", tmp_path / "map.osm.pbf")
    said = follow("amt-in-an-afternoon.md", terminal)
    created, demo = (
        commands("amt-in-an-afternoon.md")[0],
        said[next(c for c in said if "demo" in c)],
    )
    assert "Amt Süderbrarup is ready" in said[created]
    assert re.search(r"Booked +[1-9]", demo)
    assert "Dorfshuttle" in said["curl --fail --silent http://127.0.0.1:8000/about"]


def test_the_unit_starts_the_service_with_settings_that_there_are() -> None:
    unit, *templates = blocks("operating.md", "ini")
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    assert parser["Service"]["ExecStart"].endswith("/bin/shuttle serve")
    names = re.findall(r"^Environment=SHUTTLE_(\w+)=", unit, re.MULTILINE)
    assert len(names) == 5
    names += re.findall(r"^Environment=SHUTTLE_(\w+)=", "\n".join(templates), re.MULTILINE)
    assert {name.lower() for name in names} <= set(Settings.model_fields)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    unit, *_ = blocks("operating.md", "ini")
    file = tmp_path / "dorfshuttle.service"
    there = unit.replace("/opt/dorfshuttle/bin/shuttle", "/bin/true").replace(
        "User=shuttle", "User=root"
    )
    file.write_text(there)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert "dorfshuttle.service" not in done.stderr, done.stderr


def test_the_proxy_tells_the_service_who_asks_and_how() -> None:
    nginx, *_ = blocks("operating.md", "nginx")
    for header in ("Host $host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto https"):
        assert f"proxy_set_header {header};" in nginx
    assert nginx.count("{") == nginx.count("}")
