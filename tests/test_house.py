"""The house as the README draws it: every room is on the map, and says at its door what it is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

README = (ROOT / "README.md").read_text(encoding="utf-8")

MAP = README[README.index("## The house") : README.index("## The way of one booking")]

ROOMS = sorted(
    door.parent
    for floor in ("shuttle", "api")
    for door in (ROOT / floor).rglob("__init__.py")
    if "migrations" not in door.parts
)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_every_room_is_on_the_map_and_says_what_it_is(room: Path) -> None:
    assert f"`{room.name}/`" in MAP or f"`{room.relative_to(ROOT)}/`" in MAP
    files = list(room.glob("*.py"))
    for file in files:
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file


def test_every_file_of_the_flat_floor_is_on_the_map() -> None:
    files = {each.stem for each in (ROOT / "routing").glob("*.py")} - {"__init__"}
    assert {name for name in files if f"`{name}`" not in MAP} == set()
