"""The one way this package compiles: numba, cached on disk, without the interpreter lock."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.extending import register_jitable

try:
    import fcntl
except ImportError:  # not a Unix
    fcntl = None  # type: ignore[assignment,unused-ignore]

F = TypeVar("F", bound=Callable[..., object])

_config: Any = numba.config  # fills itself from the environment, unseen by the type checker


def _cache_folder() -> Path:
    """Return the folder for the compiled kernels of exactly these sources.

    Numba notices that a kernel's own file has changed, but not that a kernel it calls has, in
    another file. So every state of the sources has a folder of its own.
    """
    package = Path(__file__).parent
    sources = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        sources.update(path.read_bytes())
    beside = package / "__pycache__"
    writable = os.access(beside if beside.exists() else package, os.W_OK)
    root = Path(_config.CACHE_DIR or (beside if writable else Path.home() / ".cache/shuttle"))
    return root / f"kernels-{sources.hexdigest()[:12]}"


CACHE = _cache_folder()
_config.CACHE_DIR = str(CACHE)


# Nobody calls a kernel from C. The names are numba's own; its types leave some of them out.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}
_LEAN: dict[str, Any] = {"_nrt": False}


def compiled_before() -> bool:
    """Whether kernels of these sources have been compiled on this machine."""
    return any(CACHE.rglob("*.nbi"))


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Let one process compile while others that want the same wait, and load it afterwards.

    Parameters
    ----------
    what
        A name for what is compiled, as a file can have it.

    Notes
    -----
    Where there are no file locks, or the folder cannot be written to, each compiles for itself.
    """
    with ExitStack() as held:
        with suppress(OSError):
            CACHE.mkdir(parents=True, exist_ok=True)
            if fcntl is not None:
                fcntl.flock(held.enter_context((CACHE / f"{what}.lock").open("w")), fcntl.LOCK_EX)
        yield


def kernel(function: F) -> F:
    """Compile a function that Python calls, and keep its type for the checker.

    Compiled code is cached on disk, releases the interpreter lock and follows NumPy's rules for
    division, so that a kernel never raises.
    """
    return cast("F", numba.njit(**_OPTIONS)(function))


def entry_kernel(function: F) -> F:
    """Compile a function that Python calls and that allocates no arrays; see `lean_kernel`."""
    return cast("F", numba.njit(**_OPTIONS, **_LEAN)(function))


def lean_kernel(function: F) -> F:
    """Compile a function that allocates no arrays, for kernels that call it.

    What it works with, its caller brings: then numba need not count who holds which array. For
    small kernels that are handed many arrays counting takes longer than the work: 0.25 µs a call
    against 0.014 µs, measured on a lookup.

    For Python it stays what it was. The code by which Python would call it takes a quarter of the
    time of compiling, so only an `entry_kernel` has that.
    """
    return register_jitable(**_OPTIONS, **_LEAN)(function)


def inline_kernel(function: F) -> F:
    """Compile a small function into every kernel that calls it; see `lean_kernel`."""
    return register_jitable(**_OPTIONS, **_LEAN, forceinline=True)(function)


def merged_kernel(function: F) -> F:
    """Compile a large function with few callers as a piece of each of them.

    Numba compiles whatever a kernel calls a second time with it. Where kernels that hold most of
    the search lie in one another, a floor less saves that once.
    """
    return cast("F", numba.njit(**_OPTIONS, **_LEAN, inline="always")(function))
