"""Stops, and their list as a file that a spreadsheet can edit."""

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

KINDS = ("physical", "virtual")


class StopsError(Exception):
    """A list of stops cannot be used; one sentence names the file, line and column.

    Attributes
    ----------
    path, line, column
        Where; line 0 and an empty column mean the whole file.
    """

    def __init__(self, path: Path, problem: str, line: int = 0, column: str = "") -> None:
        self.path, self.line, self.column = path, line, column
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(
            f"{where}, column {column}: {problem}" if column else f"{where}: {problem}"
        )


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where a vehicle may halt.

    Attributes
    ----------
    id
        Unique, and the same after the next import of the map.
    name
        Unique within its village: "Dorfstraße 12", "Dorfstraße / Mühlenweg".
    village
        Empty where the map knows none.
    lat, lon
        Degrees, on the road.
    kind
        "physical" if passengers already find a sign or a platform there, else "virtual".
    """

    id: str
    name: str
    village: str
    lat: float
    lon: float
    kind: str

    @property
    def label(self) -> str:
        """Name and village: "Dorfstraße 12, Rügge", but "Bahnhof Süderbrarup"."""
        return place_label(self.name, self.village)


def place_label(name: str, village: str) -> str:
    """Return a name with its village, unless it says the village itself."""
    if not village or re.search(rf"\b{re.escape(village)}\b", name):
        return name
    return f"{name}, {village}"


COLUMNS = tuple(field.name for field in fields(Stop))


def write_stops(path: Path, stops: Iterable[Stop]) -> None:
    """Write stops as CSV; the file is complete or unchanged.

    UTF-8 with a byte order mark, without which Excel garbles "Süderbrarup".
    """
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(astuple(stop) for stop in stops)
    unfinished.replace(path)


def read_stops(path: Path) -> tuple[Stop, ...]:
    """Read stops from CSV, also as a German spreadsheet saves it: semicolons, decimal commas.

    Further columns are ignored.

    Raises
    ------
    StopsError
        At the first thing that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StopsError(path, "there is no such file.") from None
    except UnicodeDecodeError:
        raise StopsError(path, "this is not UTF-8; save it as “CSV UTF-8”.") from None
    header, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        expected = ",".join(COLUMNS)
        raise StopsError(path, f"it is missing; the header must be {expected}.", 1, missing[0])
    stops: dict[str, Stop] = {}
    for row in rows:
        stop = _read_stop(path, rows.line_num, row)
        if stop.id in stops:
            raise StopsError(path, f"{stop.id!r} is there twice.", rows.line_num, "id")
        stops[stop.id] = stop
    if not stops:
        raise StopsError(path, "it lists no stops.")
    return tuple(stops.values())


def _read_stop(path: Path, line: int, row: dict[str, str | None]) -> Stop:
    cells = {column: (row[column] or "").strip() for column in COLUMNS}
    for column in ("id", "name"):
        if not cells[column]:
            raise StopsError(path, "it is empty.", line, column)
    if cells["kind"] not in KINDS:
        problem = f"{cells['kind']!r} is neither {KINDS[0]!r} nor {KINDS[1]!r}."
        raise StopsError(path, problem, line, "kind")
    lat, lon = (
        _read_degrees(path, line, column, cells[column], limit)
        for column, limit in (("lat", 90), ("lon", 180))
    )
    return Stop(cells["id"], cells["name"], cells["village"], lat, lon, cells["kind"])


def _read_degrees(path: Path, line: int, column: str, cell: str, limit: int) -> float:
    try:
        degrees = float(cell.replace(",", "."))
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= limit:
        problem = f"{cell!r} is not a number of degrees from -{limit} to {limit}."
        raise StopsError(path, problem, line, column)
    return degrees
