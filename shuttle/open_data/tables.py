"""A GTFS feed as tables of text: read from a folder or a zip, written as a zip.

The same tables always make the same bytes, so that a feed that has not changed is seen to be so.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shuttle.errors import ShuttleError

Row = Mapping[str, str]

LARGEST = 512 * 2**20
"""Bytes of one table; what unpacks to more is no timetable of a region."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can say; a real one would make each file another."""


class FeedError(ShuttleError):
    """A feed cannot be read; the message names the file and the fix."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The files of a feed.

    Attributes
    ----------
    tables
        Rows of each ``.txt`` file by its name without the ending; the first row is on line 2.
    columns
        The header of each of these.
    other
        Contents of the other files by name, such as ``locations.geojson``.
    """

    tables: Mapping[str, Sequence[Row]]
    columns: Mapping[str, tuple[str, ...]]
    other: Mapping[str, bytes]

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of a table; none if it is not there."""
        return self.tables.get(table, ())


def read_feed(path: Path, only: Iterable[str] | None = None) -> Feed:
    """Read a feed, or of it `only` some tables.

    Raises
    ------
    FeedError
        If the path is neither a folder nor a zip, or a file of it is no table in UTF-8.
    """
    wanted = None if only is None else {f"{name}.txt" for name in only}
    tables: dict[str, Sequence[Row]] = {}
    columns: dict[str, tuple[str, ...]] = {}
    other: dict[str, bytes] = {}
    for name, content in _files(path, wanted):
        if name.endswith(".txt"):
            columns[name[:-4]], tables[name[:-4]] = _table(f"{path}: {name}", content)
        else:
            other[name] = content
    return Feed(tables, columns, other)


def _files(path: Path, wanted: set[str] | None) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.iterdir()):
                if file.is_file() and (wanted is None or file.name in wanted):
                    yield file.name, file.read_bytes()
        else:
            yield from _unpacked(path, wanted)
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise FeedError(f"{path} is neither a folder nor a zip: {error}.") from error


def _unpacked(path: Path, wanted: set[str] | None) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir() or (wanted is not None and info.filename not in wanted):
                continue
            if info.file_size > LARGEST:
                raise FeedError(f"{path}: {info.filename} is larger than {LARGEST // 2**20} MB.")
            yield info.filename, archive.read(info)


def _table(name: str, content: bytes) -> tuple[tuple[str, ...], list[Row]]:
    try:
        text = content.decode("utf-8-sig")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = tuple(field.strip() for field in next(lines, []))
        rows: list[Row] = []
        for line in lines:
            if len(line) > len(header):
                raise FeedError(f"{name}, line {len(rows) + 2} has more fields than the header.")
            if any(line):
                rows.append(dict(zip(header, (each.strip() for each in line), strict=False)))
    except UnicodeDecodeError as error:
        raise FeedError(f"{name} is not in UTF-8; save it so.") from error
    except csv.Error as error:
        raise FeedError(f"{name} is no table with commas: {error}.") from error
    return header, rows


def zipped(tables: Mapping[str, Sequence[Row]]) -> bytes:
    """Return a feed as a zip; columns are those of a table's first row."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, rows in sorted(tables.items()):
            info = zipfile.ZipInfo(f"{name}.txt", _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # else it says on which system it was made
            archive.writestr(info, text_of(rows))
    return packed.getvalue()


def text_of(rows: Sequence[Row]) -> str:
    """Return a table as comma-separated text with a header."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
