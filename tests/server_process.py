"""The ``shuttle`` command as a process of its own, the way an operator runs it."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


class ServerProcess:
    """A running server; ends with the ``with`` block whatever happens.

    Parameters
    ----------
    region
        The region's folder; or those of several.
    database
        A database URL.
    folder
        Where the process runs and keeps its signing key.
    environment
        Further variables.
    """

    def __init__(
        self,
        region: Path | Sequence[Path],
        database: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        command = [sys.executable, "-u", "-m", "shuttle", "serve", "--port", "0"]
        regions = [region] if isinstance(region, Path) else region
        for each in regions:
            command += ["--region", str(each)]
        self._process = subprocess.Popen(
            [*command, "--database", database],
            cwd=folder,
            env={
                **os.environ,
                "COLUMNS": "200",
                "SHUTTLE_LOG_FORMAT": "json",
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self.address = self._wait_for_address()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _wait_for_address(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                return found[0]
        raise AssertionError(f"the server ended before it served:\n{self.said}")

    def _listen(self) -> None:
        """Take what the server says, lest it wait for somebody to listen."""
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)

    @property
    def said(self) -> str:
        """What it has said so far, its log included; all of it after the ``with`` block."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self._process.kill()
        self._process.wait()

    def interrupt(self, timeout: float) -> int:
        """Press Ctrl-C and return the exit code."""
        self._process.send_signal(2)
        return self._process.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.kill()
        self._listener.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def run_alone(*words: str) -> str:
    """Run a command to its end, without what a test has imported; return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "shuttle", *words],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
