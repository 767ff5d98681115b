"""A folder takes the place of another in one step: killed at any time, one of them is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from shuttle.commands.whole_folder import whole_or_nothing
from shuttle.errors import RegionError

KILLED_BEFORE_A_STEP = """
import os, sys
from pathlib import Path
from shuttle.commands.whole_folder import whole_or_nothing

out, last = Path(sys.argv[1]), int(sys.argv[2])
steps = 0

def watch(event, args):
    # Whatever may move or remove something; ctypes is how folders are exchanged.
    global steps
    if event in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "ctypes.get_errno"):
        steps += 1
        if steps == last:
            os._exit(9)

with whole_or_nothing(out, replace=True) as folder:
    for name in ("region.toml", "stops.csv"):
        (folder / name).write_text("new")
    sys.addaudithook(watch)
"""


def written(folder: Path, text: str) -> None:
    folder.mkdir(parents=True)
    for name in ("region.toml", "stops.csv"):
        (folder / name).write_text(text)


def test_whenever_it_is_killed_there_is_the_old_region_or_the_new_one(tmp_path: Path) -> None:
    for step in range(1, 30):
        out = tmp_path / str(step) / "amt"
        written(out, "old")
        command = [sys.executable, "-c", KILLED_BEFORE_A_STEP, str(out), str(step)]
        code = subprocess.run(command, check=False).returncode
        found = {each.name: each.read_text() for each in out.iterdir()}
        assert found in [
            dict.fromkeys(("region.toml", "stops.csv"), text) for text in ("old", "new")
        ]
        if code == 0:
            assert set(found.values()) == {"new"}
            assert step > 2, "it was killed at all"
            return
        assert code == 9
    raise AssertionError("it never came to its end")


def test_where_folders_cannot_be_exchanged_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "amt"
    written(out, "old")
    monkeypatch.setattr("ctypes.CDLL", lambda *_args, **_more: object())
    with whole_or_nothing(out, replace=True) as folder:
        (folder / "region.toml").write_text("new")
    assert [each.name for each in out.iterdir()] == ["region.toml"]
    assert [each.name for each in tmp_path.iterdir()] == ["amt"]


def test_what_goes_wrong_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "amt"
    written(out, "old")

    def fail() -> None:
        with whole_or_nothing(out, replace=True) as folder:
            (folder / "region.toml").write_text("half")
            raise RegionError("no map")

    with pytest.raises(RegionError):
        fail()
    assert (out / "region.toml").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["amt"]
