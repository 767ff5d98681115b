"""Small maps, drawn on the server from the region's own roads: no tiles, nobody else is asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from math import cos, pi, sin
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from markupsafe import Markup, escape

from api.residents.ground import Ground, Metres, Point, ground
from shuttle.region import Region

MarkKind = Literal["stop", "other", "address", "vehicle"]

Pixels = npt.NDArray[np.int64]

AREAS = ("meadow", "park", "wood", "water")
"""From the bottom to the top."""

LINES = ("stream", "rail", "road-path", "road-track", "road-service")

ROADS = ("street", "minor", "tertiary", "secondary", "primary", "trunk")
"""With an edge on both sides; the most important one is on top."""

_INNER = 0.9
"""Part of the paper that the frame takes: marks at its edge reach beyond it."""

_COARSE = 0.7
"""Pixels that a line may be off: half of what rounding takes anyway."""

_HOUSES_UP_TO = 4.0
"""Metres a pixel from which on houses are left out: they would be a grey mass."""

_MOST_HOUSES = 700
"""In a town those close together are drawn as one, so that a sketch stays small."""

_FAR = 4.0
"""Metres a pixel from which on roads are thin."""

_TRACKS_UP_TO = 8.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What a sketch shows at least; it grows in one direction to fit the paper."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, point: Point, metres: float) -> "Frame":
        """Return a frame that reaches so far from a point."""
        return cls.holding([point], metres)

    @classmethod
    def holding(cls, points: Iterable[Point], margin: float) -> "Frame":
        """Return a frame that holds points and so many metres around them."""
        lats, lons = zip(*points, strict=True)
        north = margin / 111_195
        east = north / np.cos(np.radians(max(lats)))
        sides = (min(lats) - north, min(lons) - east, max(lats) + north, max(lons) + east)
        return cls(*(round(float(side), 6) for side in sides))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something a sketch points at.

    Attributes
    ----------
    kind
        A stop has a pin, another stop a small sign, an address a dot, a vehicle a disc.
    label
        Written beside it if there is room.
    number
        Stands in the sign; 0 is none.
    """

    kind: MarkKind
    lat: float
    lon: float
    label: str = ""
    number: int = 0


def sketch(
    region: Region,
    frame: Frame,
    marks: Sequence[Mark],
    *,
    label: str,
    walk: Sequence[Point] | None = None,
    route: Sequence[Point] | None = None,
    width: int = 560,
    height: int = 400,
) -> Markup:
    """Return a map as an SVG element; colours come from the style sheet.

    Parameters
    ----------
    region
        Whose roads are drawn.
    frame
        What is to be seen.
    marks
        What is pointed at; the first ones are on top and get their labels first. What lies outside
        of the frame is left out.
    label
        What the map shows, for those who do not see it.
    walk
        A way on foot, dotted.
    route
        A drive, as a line.
    width, height
        Of the paper, in units of the drawing; on the page it is as wide as there is room.
    """
    lines = (tuple(walk or ()), tuple(route or ()))
    return _sketch(region, frame, tuple(marks), label, *lines, width, height)


@lru_cache(maxsize=256)
def _sketch(
    region: Region,
    frame: Frame,
    marks: tuple[Mark, ...],
    label: str,
    walk: tuple[Point, ...],
    route: tuple[Point, ...],
    width: int,
    height: int,
) -> Markup:
    below = ground(region)
    paper = _Paper.showing(frame, below, width, height)
    drawn = _placed(marks, paper)
    parts = [
        *_landscape(below, paper),
        *_way("route", route, paper),
        *_way("walk", walk, paper),
        *(each.leader for each in drawn),
        *(_sign(each) for each in reversed(drawn)),
        *_labels(drawn, below, paper),
    ]
    name = escape(label)
    far = " far" if paper.scale > _FAR else ""
    return Markup(  # noqa: S704 -- names are escaped, the rest are numbers
        f'<svg class="sketch{far}" viewBox="0 0 {width} {height}" role="img" aria-label="{name}">'
        f"<title>{name}</title>{''.join(parts)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Paper:
    """A sheet of whole pixels and the piece of ground it shows.

    Attributes
    ----------
    west, north
        Metres, of the upper left corner.
    scale
        Metres a pixel.
    """

    ground: Ground
    west: float
    north: float
    scale: float
    width: int
    height: int

    @classmethod
    def showing(cls, frame: Frame, below: Ground, width: int, height: int) -> "_Paper":
        corners = [(frame.south, frame.west), (frame.north, frame.east)]
        (west, south), (east, north) = below.flat.metres(corners).tolist()
        inner_width, inner_height = width * _INNER, height * _INNER
        scale = max((east - west) / inner_width, (north - south) / inner_height, 0.1)
        middle_east, middle_north = (west + east) / 2, (south + north) / 2
        left, top = middle_east - scale * width / 2, middle_north + scale * height / 2
        return cls(below, left, top, scale, width, height)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Metres: west, south, east, north."""
        right, bottom = self.west + self.scale * self.width, self.north - self.scale * self.height
        return self.west, bottom, right, self.north

    def pixels(self, metres: Metres) -> Metres:
        """Return where metres lie on the paper, not yet rounded."""
        return (metres - (self.west, self.north)) / (self.scale, -self.scale)

    def at(self, lat: float, lon: float) -> tuple[int, int]:
        """Return the pixel of a point."""
        x, y = np.rint(self.pixels(self.ground.flat.metres([(lat, lon)])))[0]
        return int(x), int(y)

    def holds(self, x: int, y: int) -> bool:
        """Whether a pixel is on the paper."""
        return 0 <= x <= self.width and 0 <= y <= self.height

    @property
    def key(self) -> str:
        """A name for parts of the drawing: pages hold several sketches."""
        shown = f"{self.west:.1f} {self.north:.1f} {self.scale:.4f} {self.width} {self.height}"
        return "s" + blake2b(shown.encode(), digest_size=4).hexdigest()


def _landscape(below: Ground, paper: _Paper) -> Iterator[str]:
    """Yield everything beneath marks and ways."""
    shapes = _clipped(below, paper)
    for kind in AREAS:
        if found := "".join(_area(shape) for shape in shapes.get(kind, ())):
            yield f'<path class="{kind}" d="{found}"/>'
    yield from _houses(below, paper)
    for kind in LINES:
        if kind == "road-track" and paper.scale > _TRACKS_UP_TO:
            continue
        if found := "".join(_line(shape) for shape in shapes.get(kind, ())):
            yield f'<path class="{kind}" d="{found}"/>'
    yield from _roads(shapes, paper)


def _roads(shapes: dict[str, list[shapely.Geometry]], paper: _Paper) -> Iterator[str]:
    """Yield roads: all their edges, then all their surfaces, so that crossings are open."""
    lines = {
        kind: "".join(_line(shape) for shape in shapes.get(f"road-{kind}", ())) for kind in ROADS
    }
    seen = [kind for kind in ROADS if lines[kind]]
    ids = {kind: f"{paper.key}-{kind}" for kind in seen}
    if seen:
        paths = "".join(f'<path id="{ids[kind]}" d="{lines[kind]}"/>' for kind in seen)
        yield f"<defs>{paths}</defs>"
    for part in ("edge", "road"):
        for kind in seen:
            yield f'<use class="{part} {kind}" href="#{ids[kind]}"/>'


def _clipped(below: Ground, paper: _Paper) -> dict[str, list[shapely.Geometry]]:
    """Return what lies on the paper, in pixels, by kind."""
    rows = np.sort(below.index.query(shapely.box(*paper.box)))
    cut = shapely.clip_by_rect(below.shapes[rows], *paper.box)
    whole = shapely.transform(cut, paper.pixels)
    parts, origin = shapely.get_parts(shapely.simplify(whole, _COARSE), return_index=True)
    found: dict[str, list[shapely.Geometry]] = {}
    for kind, part in zip(below.kinds[rows][origin].tolist(), parts.tolist(), strict=True):
        found.setdefault(kind, []).append(part)
    return found


def _houses(below: Ground, paper: _Paper) -> Iterator[str]:
    if paper.scale > _HOUSES_UP_TO:
        return
    rows = np.sort(below.house_index.query(shapely.box(*paper.box)))
    if len(rows):
        large = " large" if paper.scale < _HOUSES_UP_TO / 2 else ""
        points = _thinned(_rounded(paper.pixels(below.houses[rows])))
        yield f'<path class="houses{large}" d="{_dots(points)}"/>'


def _thinned(points: Pixels) -> Pixels:
    close = 4
    while len(kept := np.unique(points // close * close, axis=0)) > _MOST_HOUSES:
        close += 2
    return kept


def _rounded(points: Metres) -> Pixels:
    return np.rint(points).astype(np.int64)


def _area(shape: shapely.Geometry) -> str:
    if not isinstance(shape, shapely.Polygon):
        return ""
    return "".join(f"{_steps(ring, closed=True)}" for ring in (shape.exterior, *shape.interiors))


def _line(shape: shapely.Geometry) -> str:
    return _steps(shape) if isinstance(shape, shapely.LineString) else ""


def _steps(line: shapely.LineString, *, closed: bool = False) -> str:
    """Return a line as path data: one point, then steps in whole pixels."""
    points = _rounded(shapely.get_coordinates(line)).tolist()
    kept = points[:1] + [b for a, b in pairwise(points) if a != b]
    if closed:
        kept = kept[:-1]  # z leads back to the first
    if len(kept) < (3 if closed else 2):
        return ""
    steps = "".join(_pair(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(kept))
    return f"M{_pair(*kept[0]).lstrip()}l{steps.lstrip()}{'z' if closed else ''}"


def _dots(points: Pixels) -> str:
    """Return points as path data: lines without length, which caps make squares."""
    rows = points.tolist()
    steps = "".join(f"m{_pair(b[0] - a[0], b[1] - a[1]).lstrip()}h0" for a, b in pairwise(rows))
    return f"M{_pair(*rows[0]).lstrip()}h0{steps}"


def _pair(x: int, y: int) -> str:
    """Return two numbers with as few signs between as the path grammar lets."""
    return f"{x if x < 0 else f' {x}'}{y if y < 0 else f' {y}'}"


def _way(kind: str, points: tuple[Point, ...], paper: _Paper) -> Iterator[str]:
    if len(points) < 2:
        return
    line = shapely.LineString(paper.pixels(paper.ground.flat.metres(points)))
    cut = shapely.clip_by_rect(shapely.simplify(line, _COARSE), 0, 0, paper.width, paper.height)
    if found := "".join(_line(part) for part in shapely.get_parts(cut).tolist()):
        yield f'<path class="{kind}-edge" d="{found}"/><path class="{kind}" d="{found}"/>'


_PIN = "M0 0c-3-7-14-13-14-24a14 14 0 1 1 28 0c0 11-11 17-14 24z"
_BUS = "M-7-31h14v11h-14zm0 6h14m-11 5v3m8-3v3"
"""Drawn into the head of the pin."""


def _sign(each: "_Placed") -> str:
    """Return a mark; its place is where its drawing has its origin."""
    mark = each.mark
    below = -18 if mark.kind == "stop" else 5
    number = f'<text y="{below}">{mark.number}</text>' if mark.number else ""
    bus = f'<path class="bus" d="{_BUS}"/>'
    drawn = {
        "stop": f'<path d="{_PIN}"/>{number or bus}',
        "other": f'<circle r="{13 if mark.number else 7}"/>{number}',
        "vehicle": f'<circle r="14"/><g transform="translate(0 25)">{bus}</g>',
        "address": '<circle r="8"/>',
    }[mark.kind]
    return f'<g class="mark mark-{mark.kind}" transform="translate({each.x} {each.y})">{drawn}</g>'


_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_REACH: dict[MarkKind, _Box] = {
    "stop": (-15, -39, 15, 1),
    "other": (-8, -8, 8, 8),
    "address": (-9, -9, 9, 9),
    "vehicle": (-15, -15, 15, 15),
}

_NUMBERED: _Box = (-13, -13, 13, 13)

_RINGS = (0, 27, 48, 70, 92)
"""How far a number may be moved aside for another, in pixels."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A mark, where it is drawn, and the pixel it is about."""

    mark: Mark
    x: int
    y: int
    at: tuple[int, int]

    @property
    def box(self) -> _Box:
        """What it covers."""
        numbered = self.mark.kind == "other" and self.mark.number
        left, top, right, bottom = _NUMBERED if numbered else _REACH[self.mark.kind]
        return left + self.x, top + self.y, right + self.x, bottom + self.y

    @property
    def leader(self) -> str:
        """A line from what was moved aside to where it belongs."""
        if (self.x, self.y) == self.at:
            return ""
        step = _pair(self.at[0] - self.x, self.at[1] - self.y).lstrip()
        return f'<path class="leader" d="M{_pair(self.x, self.y).lstrip()}l{step}"/>'


def _placed(marks: Sequence[Mark], paper: _Paper) -> list[_Placed]:
    """Return the marks on the paper; numbers that would hide each other are moved aside."""
    placed: list[_Placed] = []
    for mark in marks:
        x, y = paper.at(mark.lat, mark.lon)
        if paper.holds(x, y):
            here = _Placed(mark, x, y, (x, y))
            placed.append(_aside(here, placed, paper) if mark.number else here)
    return placed


def _aside(here: _Placed, others: Sequence[_Placed], paper: _Paper) -> _Placed:
    for ring in _RINGS:
        spots = max(1, round(ring / 5))
        for turn in (2 * pi * spot / spots for spot in range(spots)):
            x, y = here.x + round(ring * cos(turn)), here.y + round(ring * sin(turn))
            moved = _Placed(here.mark, x, y, here.at)
            free = not any(_touch(moved.box, other.box) for other in others)
            if free and paper.holds(x, y):
                return moved
    return here


_NAME = 20
"""Height of names: a phone shows the drawing at little more than half its size."""

_LETTER = 0.6
"""Width of a letter, as part of its height: rather too much, so that nothing touches."""


def _labels(drawn: Sequence[_Placed], below: Ground, paper: _Paper) -> Iterator[str]:
    """Yield names: of marks first, then of places, each only where nothing is in its way."""
    taken = [each.box for each in drawn]
    for each in drawn:
        if each.mark.label:
            yield from _label(each.mark.label, "mark-name", _beside(each.box), taken, paper)
    for place in below.places:
        x, y = paper.at(place.lat, place.lon)
        if paper.holds(x, y):
            yield from _label(place.name, "place-name", [(x, y, "middle")], taken, paper)


def _beside(own: _Box) -> list[tuple[float, float, str]]:
    """Return where a name may stand: right, left, below, above."""
    left, top, right, bottom = own
    middle = (left + right) / 2
    return [
        (right + 5, (top + bottom) / 2, "start"),
        (left - 5, (top + bottom) / 2, "end"),
        (middle, bottom + 13, "middle"),
        (middle, top - 13, "middle"),
    ]


def _label(
    text: str,
    look: str,
    places: Iterable[tuple[float, float, str]],
    taken: list[_Box],
    paper: _Paper,
) -> Iterator[str]:
    long = _LETTER * _NAME * len(text)
    for x, y, anchor in places:
        left = x - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
        box = (left, y - _NAME / 2, left + long, y + _NAME / 2)
        inside = box[0] >= 2 and box[1] >= 2
        if inside and box[2] <= paper.width - 2 and box[3] <= paper.height - 2:
            if any(_touch(box, other) for other in taken):
                continue
            taken.append(box)
            baseline = round(y + _NAME / 3)
            yield (
                f'<text class="{look} {anchor}" x="{round(x)}" y="{baseline}">{escape(text)}</text>'
            )
            return


def _touch(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
