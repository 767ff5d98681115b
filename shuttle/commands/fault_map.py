"""A map page of what is wrong with a region: one file, drawn from its own roads."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise

import numpy as np
import shapely

from routing.faults import Fault, Point
from routing.road_network import RoadNetwork
from routing.villages import plane
from shuttle.commands.fault_words import Language, sentence, word
from shuttle.commands.region_check import Checked

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:64rem;margin:1rem auto;padding:0 1rem;
 color:#1b2529;background:#fff}
svg{width:100%;height:auto;background:#f4f2ec;border:1px solid #9aa5a9}
.road{fill:none;stroke:#8d979b;stroke-linecap:round;stroke-linejoin:round}
.stop{fill:#0b5c6b}.line{fill:none;stroke-width:4;stroke-dasharray:9 5}
.grave{fill:#b3261e}.slight{fill:#8a5000}.line.grave{fill:none;stroke:#b3261e}
.line.slight{fill:none;stroke:#8a5000}.mark text{fill:#fff;font:700 13px system-ui,sans-serif;
 text-anchor:middle}.mark circle{stroke:#fff;stroke-width:2}
ol{padding:0;list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));
 gap:1rem}li{border-top:3px solid #9aa5a9;padding-top:.5rem}li.grave-one{border-color:#b3261e}
p{margin:.3rem 0}.where{color:#4a5559;font-size:.9rem}
"""

_MOST_CLOSE_UPS = 100
"""More drawings would not open on an old computer; what is wrong is told all the same."""

_CLOSE_UP_METRES = 350.0


def fault_page(checked: Checked, language: Language) -> str:
    """Return the page: what was found, a map of all, and a close-up of each."""
    faults = list(enumerate(checked.faults, start=1))
    facts = {"faults": len(faults), "stops": len(checked.stops), "grave": checked.grave}
    title = escape(word("title", language, name=checked.name))
    atlas = _Atlas(checked)
    whole = atlas.drawing(atlas.whole, (960, 720), faults, word("overview", language))
    items = "".join(_item(atlas, number, fault, language) for number, fault in faults)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f"<p>{escape(word('found' if faults else 'sound', language, **facts))}</p>"
        f"{whole}<p>{escape(word('legend', language))}</p>"
        f"{f'<ol>{items}</ol>' if faults else ''}</main></body></html>\n"
    )


def _item(atlas: "_Atlas", number: int, fault: Fault, language: Language) -> str:
    weight = "grave" if fault.grave else "slight"
    drawn = ""
    if number <= _MOST_CLOSE_UPS:
        label = word("detail", language, number=number)
        drawn = atlas.drawing(atlas.around(fault), (480, 360), [(number, fault)], label)
    where = f"{fault.lat:.5f}, {fault.lon:.5f}" + (f" · {fault.stop}" if fault.stop else "")
    return (
        f'<li class="{weight}-one"><p><strong>{number} · {escape(word(weight, language))}</strong> '
        f"{escape(sentence(fault, language))}</p>{drawn}"
        f'<p class="where">{escape(where)}</p></li>'
    )


_Box = tuple[float, float, float, float]


class _Atlas:
    """Draws pieces of a region; everything is in metres on a plane."""

    def __init__(self, checked: Checked) -> None:
        drive = checked.extract.drive
        self._middle = float(drive.node_lat.mean())
        self._roads = _lines(drive, self._middle)
        self._tree = shapely.STRtree(self._roads)
        self._stops = self._flat((stop.lat, stop.lon) for stop in checked.stops)
        marks = self._flat((fault.lat, fault.lon) for fault in checked.faults)
        shown = np.concatenate((self._stops, marks))
        west, south = shown.min(axis=0) - _CLOSE_UP_METRES
        east, north = shown.max(axis=0) + _CLOSE_UP_METRES
        self.whole: _Box = (float(west), float(south), float(east), float(north))

    def around(self, fault: Fault) -> _Box:
        """Return the surroundings of a fault."""
        ((east, north),) = self._flat([(fault.lat, fault.lon)]).tolist()
        reach = _CLOSE_UP_METRES
        return (east - reach, north - reach, east + reach, north + reach)

    def drawing(
        self, box: _Box, size: tuple[int, int], faults: list[tuple[int, Fault]], label: str
    ) -> str:
        """Return an SVG element that shows a box, and what is wrong in it."""
        paper = _Paper(box, size)
        roads = shapely.clip_by_rect(
            self._roads[self._tree.query(shapely.box(*paper.box))], *paper.box
        )
        path = "".join(paper.path(road) for road in shapely.get_parts(roads))
        width = 3 if paper.scale < 4 else 1
        dots = "".join(
            f'<circle class="stop" cx="{x}" cy="{y}" r="{2 + width}"/>'
            for x, y in paper.pixels(self._stops).tolist()
            if 0 <= x <= size[0] and 0 <= y <= size[1]
        )
        marks = "".join(self._mark(paper, number, fault) for number, fault in reversed(faults))
        return (
            f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{escape(label)}">'
            f'<path class="road" stroke-width="{width}" d="{path}"/>{dots}{marks}</svg>'
        )

    def _mark(self, paper: "_Paper", number: int, fault: Fault) -> str:
        weight = "grave" if fault.grave else "slight"
        lines = (shapely.LineString(self._flat(line)) for line in fault.lines)
        road = "".join(paper.path(line) for line in lines)
        drawn = f'<path class="line {weight}" d="{road}"/>' if road else ""
        ((x, y),) = paper.pixels(self._flat([(fault.lat, fault.lon)])).tolist()
        return (
            f'{drawn}<g class="mark" transform="translate({x} {y})">'
            f'<circle class="{weight}" r="12"/><text y="5">{number}</text></g>'
        )

    def _flat(self, points: Iterable[Point]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        rows = np.array(list(points), dtype=np.float64).reshape(-1, 2)
        return plane(rows[:, 0], rows[:, 1], self._middle)


class _Paper:
    """A sheet of pixels that shows a box, and more on two sides to fill it."""

    def __init__(self, box: _Box, size: tuple[int, int]) -> None:
        west, south, east, north = box
        self.scale = max((east - west) / size[0], (north - south) / size[1])
        width, height = self.scale * size[0] / 2, self.scale * size[1] / 2
        x, y = (west + east) / 2, (south + north) / 2
        self.box: _Box = (x - width, y - height, x + width, y + height)

    def pixels(
        self, points: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Return where points lie on the paper."""
        corner = (self.box[0], self.box[3])
        return np.rint((points - corner) / (self.scale, -self.scale)).astype(np.int64)

    def path(self, line: shapely.Geometry) -> str:
        """Return a line as path data, without steps that nobody sees."""
        simple = shapely.simplify(line, 0.7 * self.scale)
        points = self.pixels(shapely.get_coordinates(simple)).tolist()
        kept = points[:1] + [there for here, there in pairwise(points) if here != there]
        return "M" + "L".join(f"{x} {y}" for x, y in kept) if len(kept) > 1 else ""


def _lines(drive: RoadNetwork, middle: float) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """Return every road once, as a line on the plane."""

    def each() -> Iterator[shapely.LineString]:
        flat = plane(drive.shape_lat, drive.shape_lon, middle)
        for edge, other in enumerate(drive.reverse_edge.tolist()):
            if other < 0 or edge < other:
                yield shapely.LineString(
                    flat[drive.first_point[edge] : drive.first_point[edge + 1]]
                )

    return np.array(list(each()), dtype=np.object_)
