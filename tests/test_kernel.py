"""Compiled kernels never outlive the sources they were compiled from."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import routing.kernel

CALLEE = """
from routing.kernel import {kind}

@{kind}
def inner(x: int) -> int:
    return x + {more}
"""

CALLER = """
from routing.inner import inner
from routing.kernel import kernel

@kernel
def outer(x: int) -> int:
    return inner(x)

print(outer(1))
"""


@pytest.mark.parametrize("kind", ["kernel", "lean_kernel", "inline_kernel", "merged_kernel"])
def test_a_kernel_follows_a_change_of_a_kernel_it_calls(kind: str, tmp_path: Path) -> None:
    package = tmp_path / "routing"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(routing.kernel.__file__, package / "kernel.py")
    (package / "outer.py").write_text(CALLER)
    said = []
    for more in (1, 10):
        (package / "inner.py").write_text(CALLEE.format(kind=kind, more=more))
        ran = subprocess.run(
            [sys.executable, "-m", "routing.outer"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(ran.stdout.strip())
    assert said == ["2", "11"]
