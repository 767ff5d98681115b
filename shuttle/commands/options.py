"""Options that many commands have."""

from pathlib import Path
from typing import Annotated

import typer

Region = Annotated[
    Path | None,
    typer.Option(
        "--region", metavar="DIR", help="Region folder; else SHUTTLE_REGION, or the bundled one."
    ),
]
Regions = Annotated[
    list[Path] | None,
    typer.Option(
        "--region",
        metavar="DIR",
        help="Region folder, several times for several regions; else SHUTTLE_REGION, or the "
        "bundled one.",
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="SQLite file, or postgresql+psycopg://…; else SHUTTLE_DATABASE.",
    ),
]
