"""``shuttle region``: another Amt, from its map to a region that can be driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from shuttle.commands.options import Region

regions = typer.Typer(
    help="Bring the shuttle to another Amt.", no_args_is_help=True, rich_markup_mode=None
)

Out = Annotated[Path, typer.Option(metavar="DIR", help="The region folder to make.")]
Pbf = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="OpenStreetMap extract: .osm.pbf, .osm, .osm.gz or .osm.bz2."
    ),
]
Boundary = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|NAME",
        help="GeoJSON file, or the name of a boundary on the map; else the region's name.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace DIR if it is a region.")]


@regions.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Such as “Amt Süderbrarup”.")],
    *,
    out: Out,
    pbf: Pbf = None,
    boundary: Boundary = None,
    force: Force = False,
) -> None:
    """Make a region folder from a map: of --pbf, else fetched from OpenStreetMap by NAME.

    It holds roads, stops, fleet, hours and rules, ready to be edited. Nothing is
    left behind if it fails or is stopped.
    """
    from shuttle.commands.region_create import MapServers, create_region
    from shuttle.settings import read_settings

    settings = read_settings()
    servers = MapServers(settings.overpass_url, settings.nominatim_url)
    with _progress() as tell:
        created = create_region(
            name, out, pbf or servers, boundary=boundary, replace=force, tell=tell
        )
    typer.echo(created.report())


@regions.command("update")
def update(
    *,
    pbf: Pbf = None,
    boundary: Boundary = None,
    keep_stops: Annotated[
        bool, typer.Option("--keep-stops", help="Leave stops.csv as it is.")
    ] = False,
    region: Region = None,
) -> None:
    """Bring a region up to date: with a new map, a new boundary, or the stops alone.

    Stops that you edited, added or removed stay so; the others follow the map. What changed is
    listed. Nothing is changed if it fails or is stopped.
    """
    from shuttle.commands.region_update import update_region
    from shuttle.settings import read_settings

    with _progress() as tell:
        updated = update_region(
            region or read_settings().region,
            pbf,
            boundary=boundary,
            keep_stops=keep_stops,
            tell=tell,
        )
    typer.echo(updated.report())


@regions.command("matsim")
def matsim(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="network.xml or network.xml.gz.")],
    *,
    out: Out,
    name: Annotated[str, typer.Option(help="Such as “Vulkaneifel”; else the file's.")] = "",
    crs: Annotated[
        str | None,
        typer.Option(metavar="EPSG:…", help="Coordinate system, if the file does not name it."),
    ] = None,
    spacing: Annotated[
        float, typer.Option(min=50, max=20_000, help="Metres between stops at least.")
    ] = 1000,
    force: Force = False,
) -> None:
    """Make a region folder from a MATSim network, for planning a whole Landkreis.

    It has the network's roads, limits and lengths, and stops at its junctions.
    """
    from shuttle.commands.region_matsim import create_from_matsim

    with _progress() as tell:
        made = create_from_matsim(
            name or file.name.partition(".")[0],
            out,
            file,
            crs=crs,
            spacing_metres=spacing,
            replace=force,
            tell=tell,
        )
    typer.echo(made.report())


@regions.command("check")
def check(
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="A map page of what was found; it asks nobody."),
    ] = None,
    language: Annotated[
        Literal["de", "en"], typer.Option(help="Of the map page and of what is printed.")
    ] = "en",
    region: Region = None,
) -> None:
    """Look for stops that no bus reaches or may reach, one-way traps, villages without a stop.

    Exit code 1 says that residents would notice something of it.
    """
    from shuttle.commands.fault_map import fault_page
    from shuttle.commands.fault_words import sentence, word
    from shuttle.commands.region_check import check_region
    from shuttle.settings import read_settings

    with _progress() as tell:
        checked = check_region(region or read_settings().region, tell)
    for number, fault in enumerate(checked.faults, start=1):
        weight = word("grave" if fault.grave else "slight", language)
        typer.echo(f"{number} ({weight}) {sentence(fault, language)}")
    facts = {"faults": len(checked.faults), "stops": len(checked.stops), "grave": checked.grave}
    typer.echo(word("found" if checked.faults else "sound", language, **facts))
    if out is not None:
        out.write_text(fault_page(checked, language), encoding="utf-8")
        typer.echo(str(out))
    if checked.grave:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Give somebody to tell of each step; on a terminal a bar shows them."""
    from rich.console import Console

    from shuttle.commands.start_up import bar

    with bar(Console(highlight=False)) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda step, share: progress.update(task, description=step, completed=share)
