"""A folder that is made whole or not at all, and takes another's place in one step."""

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shuttle.errors import RegionError

_HERE = -100
"""``AT_FDCWD``: paths are those of this process."""

_EXCHANGE = 2
"""``RENAME_EXCHANGE`` of Linux."""


@contextmanager
def whole_or_nothing(out: Path, replace: bool) -> Iterator[Path]:
    """Give a folder to fill; it takes the place of `out` only if all went well.

    Whenever the process is killed, `out` is what it was before or what was made, and nothing else.

    Raises
    ------
    RegionError
        If something is at `out` that may not be replaced.
    """
    occupied = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if occupied and not replace:
        raise RegionError(f"{out} exists; choose another --out, or --force to replace it.")
    if occupied and not (out / "region.toml").is_file():
        raise RegionError(f"{out} exists and is no region folder, so it is not replaced.")
    nearest = next(each for each in out.absolute().parents if each.is_dir())
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=nearest))
    try:
        folder = work / "new"
        folder.mkdir()
        yield folder
        out.parent.mkdir(parents=True, exist_ok=True)
        if occupied:
            _exchange(folder, out)
        else:
            folder.replace(out)
    finally:
        shutil.rmtree(work)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders take each other's place; on Linux nobody ever finds one of them missing."""
    paths = os.fsencode(one), os.fsencode(other)
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        if rename(_HERE, paths[0], _HERE, paths[1], _EXCHANGE) == 0:
            return
        if (number := ctypes.get_errno()) not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(number, os.strerror(number), str(other))
    # Other systems, and a few file systems, cannot: for a moment nothing is at `other`.
    aside = one.with_name("old")
    other.rename(aside)
    try:
        one.replace(other)
    except BaseException:
        aside.rename(other)
        raise
    aside.rename(one)
