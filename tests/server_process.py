"""``shuttle serve`` as a process of its own, the way an operator runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class ServerProcess:
    """A running server; ends with the ``with`` block whatever happens.

    Parameters
    ----------
    region
        The region's folder.
    database
        A database URL.
    folder
        Where the process runs and keeps its signing key.
    """

    def __init__(self, region: Path, database: str, folder: Path) -> None:
        command = [sys.executable, "-u", "-m", "shuttle", "serve", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--region", str(region), "--database", database],
            cwd=folder,
            env={**os.environ, "COLUMNS": "200", "SHUTTLE_LOG_FORMAT": "json"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.address = self._wait_for_address()

    def _wait_for_address(self) -> str:
        said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said += line
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                return found[0]
        raise AssertionError(f"the server ended before it served:\n{said}")

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
        assert self._process.stdout is not None
        self._process.stdout.close()
