"""Houses along the streets, with their numbers: odd on the left, even on the right."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import atan2, floor, hypot

import numpy as np
import shapely

from data.osm.synthesis.boundaries import Borders
from data.osm.synthesis.network import Network
from data.osm.synthesis.settlements import ADDRESSES_PER_PERSON, Settlement
from data.osm.synthesis.streets import Piece, line

ROOM, WORKS_ROOM = 15.0, 46.0
"""Least distance of two houses, and of two works, in metres."""


@dataclass(frozen=True, slots=True)
class House:
    """A house with its address."""

    x: float
    y: float
    angle: float  # along the street, in radians
    side: int  # 1 left, -1 right
    street: str
    place: str  # the settlement, "" in the fields
    order: float  # how far along its street
    municipality: str = ""
    postcode: str = ""
    number: str = ""
    farm: bool = False
    facility: dict[str, str] | None = None  # tags of the shop, doctor, hall in it
    works: bool = False  # on a trading estate
    by_place: bool = False  # numbered by its place, as where the road has no name


@dataclass(frozen=True, slots=True)
class HousePlan:
    """Who needs a house where."""

    homes: tuple[Settlement, ...]
    people: Mapping[str, int]  # by municipality
    works: shapely.Geometry  # trading estates, with few and large plots
    taken: shapely.Geometry  # where no house can stand


def build_houses(
    network: Network,
    pieces: list[Piece],
    borders: Borders,
    plan: HousePlan,
    rng: np.random.Generator,
) -> list[House]:
    """Set houses along all roads, as many in each place as there are people for."""
    postcodes = {home.municipality: home.postcode for home in plan.homes}
    ranks = {home.name: home.rank for home in plan.homes}
    plots = _clear_of_roads(network, pieces, _plots(network, pieces, ranks, rng))
    for shape in (plan.taken, plan.works):
        shapely.prepare(shape)
    plots = [p for p in plots if not shapely.contains_xy(plan.taken, p.x, p.y)]
    plots = [replace(p, works=bool(shapely.contains_xy(plan.works, p.x, p.y))) for p in plots]
    plots = [
        replace(p, municipality=m, postcode=postcodes[m])
        for p in _apart(plots)
        if (m := borders.municipality(p.x, p.y))
    ]
    plots = [_named(p, plan.homes) for p in plots]
    return _numbered(list(_as_many_as_needed(plots, plan, rng)), rng)


def _named(plot: House, homes: tuple[Settlement, ...]) -> House:
    """Call a house on a road without a name by its hamlet, or the nearest one."""
    if plot.street:
        return plot
    nearest = min(homes, key=lambda h: (hypot(h.x - plot.x, h.y - plot.y), h.name))
    return replace(plot, street=plot.place or nearest.name, by_place=True)


def _plots(
    network: Network, pieces: list[Piece], ranks: dict[str, str], rng: np.random.Generator
) -> list[House]:
    """Walk along both sides of every road and peg out plots."""
    plots: list[House] = []
    along_name: dict[tuple[str, str], float] = defaultdict(float)
    for piece in pieces:
        axis = line(network, piece.nodes)
        base = along_name[piece.place, piece.name]
        along_name[piece.place, piece.name] += axis.length
        gaps = _frontage(piece, ranks)
        for side in (1, -1):
            at = float(rng.uniform(8.0, 16.0) if piece.place else rng.uniform(20.0, 400.0))
            while gaps is not None and at < axis.length - 6.0:
                plots.append(_plot(axis, at, side, _setback(piece, rng), piece, base))
                at += float(rng.uniform(*gaps))
        if network.degree(piece.nodes[-1]) == 1 and piece.kind in ("lane", "street", "drive"):
            end = _plot(axis, axis.length, 0, 18.0, piece, base)
            plots.append(replace(end, farm=piece.kind != "street" and not piece.place))
    return plots


def _frontage(piece: Piece, ranks: dict[str, str]) -> tuple[float, float] | None:
    if piece.kind == "street":
        return (17.0, 25.0)
    if piece.place:
        return {"town": (18.0, 28.0), "village": (20.0, 34.0), "hamlet": (32.0, 75.0)}[
            ranks[piece.place]
        ]
    if piece.kind == "lane":
        return (110.0, 420.0)
    return (320.0, 1100.0) if piece.kind == "country" and piece.highway != "primary" else None


def _setback(piece: Piece, rng: np.random.Generator) -> float:
    return float(rng.uniform(11.0, 19.9) if piece.kind != "street" else rng.uniform(10.0, 16.0))


def _plot(
    axis: shapely.LineString, at: float, side: int, setback: float, piece: Piece, base: float
) -> House:
    a, b = axis.interpolate(max(0.0, at - 3.0)), axis.interpolate(min(axis.length, at + 3.0))
    foot = axis.interpolate(at)
    dx, dy = b.x - a.x, b.y - a.y
    norm = hypot(dx, dy) or 1.0
    dx, dy = dx / norm, dy / norm
    if side:
        x, y = foot.x - side * setback * dy, foot.y + side * setback * dx
    else:  # beyond the end
        x, y = foot.x + setback * dx, foot.y + setback * dy
    return House(
        round(x, 2),
        round(y, 2),
        atan2(dy, dx),
        side or 1,
        piece.name,
        piece.place,
        base + at,
    )


def _clear_of_roads(network: Network, pieces: list[Piece], plots: list[House]) -> list[House]:
    """Drop plots that would stand on, or too near to, any road."""
    tree = shapely.STRtree([line(network, p.nodes) for p in pieces])
    spots = shapely.points([(p.x, p.y) for p in plots])
    (index, _), distance = tree.query_nearest(spots, return_distance=True, all_matches=False)
    clear = {int(i) for i, d in zip(index, distance, strict=True) if d >= 9.9}
    return [plot for n, plot in enumerate(plots) if n in clear]


def _apart(plots: list[House]) -> list[House]:
    """Drop plots that lie too near to an earlier one."""
    taken: dict[tuple[int, int], list[House]] = defaultdict(list)
    kept = []
    for plot in plots:
        column, row = floor(plot.x / WORKS_ROOM), floor(plot.y / WORKS_ROOM)
        around = (h for i in (-1, 0, 1) for j in (-1, 0, 1) for h in taken[column + i, row + j])
        room = WORKS_ROOM if plot.works else ROOM
        if all(hypot(h.x - plot.x, h.y - plot.y) >= room for h in around):
            taken[column, row].append(plot)
            kept.append(plot)
    return kept


def _as_many_as_needed(
    plots: list[House], plan: HousePlan, rng: np.random.Generator
) -> Iterable[House]:
    """Thin the plots: settlements first, the rest of a municipality in hamlets and fields."""
    wanted = {home.name: home.addresses for home in plan.homes if home.rank != "hamlet"}
    groups: dict[tuple[str, str], list[House]] = defaultdict(list)
    for plot in plots:
        inside = plot.place if plot.place in wanted else ""
        groups[plot.municipality if not inside else "", inside].append(plot)
    settled: dict[str, int] = defaultdict(int)
    homes_of = {home.name: home.municipality for home in plan.homes}
    for (municipality, place), group in sorted(groups.items(), key=lambda g: (g[0][1] == "", g[0])):
        need = wanted.get(place)
        if need is None:
            need = round(plan.people[municipality] * ADDRESSES_PER_PERSON) - settled[municipality]
        order = np.argsort(rng.random(len(group)) * [_rarity(p) for p in group], kind="stable")
        keep = sorted(order[: max(0, need)].tolist())
        if place:
            settled[homes_of[place]] += len(keep)
        yield from (group[i] for i in keep)


def _rarity(plot: House) -> float:
    """Say how readily a plot is left empty: a farm hardly, a lone house between hamlets first."""
    if plot.farm:
        return 0.3
    return 0.25 if plot.place else 1.0


def _numbered(houses: list[House], rng: np.random.Generator) -> list[House]:
    """Give the houses of each street their numbers, with the gaps and letters of real streets."""
    streets: dict[tuple[str, str], list[House]] = defaultdict(list)
    for house in houses:
        streets[house.municipality, house.street].append(house)
    numbered: list[House] = []
    for key in sorted(streets):
        last, letter = {1: -1, -1: 0}, {1: "c", -1: "c"}
        for house in sorted(streets[key], key=lambda h: (h.place, h.order, h.side)):
            side = house.side
            if letter[side] < "c" and rng.random() < 0.04:
                letter[side] = "a" if not letter[side] else chr(ord(letter[side]) + 1)
            else:
                last[side] += 2 if rng.random() < 0.93 else 4
                letter[side] = ""
            numbered.append(replace(house, number=f"{last[side]}{letter[side]}"))
    return numbered
