"""Tables of a run as Parquet files beside the CSV, for analysts; ``pyarrow`` is an extra."""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import get_type_hints

from scenarios.glossary import GLOSSARY
from scenarios.records import LegRow, RideRow
from shuttle.errors import ShuttleError

_TYPES = {"int": "int64", "float": "float64", "bool": "bool", "date": "date32"}
"""Of a column, by that of the field; text is what is left."""


class NoParquet(ShuttleError):
    """Parquet was asked for, and what writes it is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs pyarrow: uv sync --extra parquet; or leave --format away.")


def check_parquet() -> None:
    """Make sure that Parquet can be written, before a run takes its time.

    Raises
    ------
    NoParquet
        If it cannot.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise NoParquet from error


def write_parquet(out: Path) -> None:
    """Write each table of a run that is in a folder once more, as a Parquet file.

    It is read piece by piece, so that memory does not grow with the days. Columns have the types
    of :mod:`scenarios.records`; an empty cell is null, and an empty text stays one.
    """
    from pyarrow import csv, parquet

    for name, types in _tables().items():
        given = csv.ConvertOptions(column_types=types)
        as_written = csv.ParseOptions(newlines_in_values=True)
        table = out / f"{name}.csv"
        with csv.open_csv(table, parse_options=as_written, convert_options=given) as pieces:
            target = out / f"{name}.parquet"
            with parquet.ParquetWriter(target, pieces.schema) as writer:
                for piece in pieces:
                    writer.write_batch(piece)


def _tables() -> dict[str, dict[str, str]]:
    """Return the types of the columns by table."""
    figures = dict.fromkeys(GLOSSARY, "float64")
    return {
        "rides": {"seed": "int64", **_columns(RideRow)},
        "legs": {"seed": "int64", "day": "date32", **_columns(LegRow)},
        "repetitions": {"seed": "int64", "days": "int64", **figures},
        "figures": {
            **dict.fromkeys(("figure", "unit", "meaning"), "string"),
            "mean": "float64",
            "half of 95 %": "float64",
            "repetitions": "int64",
        },
    }


def _columns(row: type[RideRow] | type[LegRow]) -> dict[str, str]:
    hints = get_type_hints(row)
    return {each.name: _type_of(hints[each.name]) for each in fields(row)}


def _type_of(hint: object) -> str:
    """Return the type of a column; of a field that may be None, that of what else it may be."""
    for known in (bool, int, float, date):
        if hint in (known, known | None):
            return _TYPES[known.__name__]
    return "string"
