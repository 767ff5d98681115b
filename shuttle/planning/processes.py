"""A command in a process of its own, which goes on whatever becomes of the one that began it.

A lock on a file says whether it still runs: the process holds it until its end, whatever that is,
and unlike its number it cannot be taken for another's.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

_LOCK, _NUMBER, LOG = "process.lock", "process.pid", "log.txt"

_KINDER = 10
"""Added to the process's niceness: whoever books a ride comes first."""


def start(command: Sequence[str], folder: Path) -> None:
    """Start a command in a folder; what it complains about goes into :data:`LOG` there."""
    with (folder / _LOCK).open("w") as lock, (folder / LOG).open("w", encoding="utf-8") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(  # noqa: S603 -- our own command
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            pass_fds=[lock.fileno()],
            start_new_session=True,  # Ctrl-C on the server is not meant for it
        )
    (folder / _NUMBER).write_text(f"{process.pid}\n", encoding="ascii")
    os.setpriority(os.PRIO_PROCESS, process.pid, _KINDER)
    threading.Thread(target=process.wait, daemon=True).start()


def is_running(folder: Path) -> bool:
    """Whether the process that was started in a folder has not ended."""
    try:
        with (folder / _LOCK).open("r") as lock:  # shared: two that look do not see each other
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def interrupt(folder: Path) -> None:
    """Press Ctrl-C for the process of a folder, if it still runs."""
    try:
        number = int((folder / _NUMBER).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return
    if is_running(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT)


def complaint(folder: Path) -> str:
    """Return the last line that a process said about what went wrong; empty if it said nothing."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].removeprefix("Error: ") if said else ""
