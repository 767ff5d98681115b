"""The one way this package compiles: numba, cached on disk, without the interpreter lock."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a function with numba and keep its type for the checker.

    Compiled code is cached on disk beside the source, releases the interpreter lock and follows
    NumPy's rules for division, so that a kernel never raises.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("F", compiled)
