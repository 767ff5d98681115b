"""Toy Town: two villages three kilometres apart, small enough to know by heart.

Everything is drawn in metres east and north of the crossroads of Oberdorf and written as an
ordinary OSM XML file::

    Oberdorf (0, 0)                                             Niederdorf (3000, 550)

             Am Anger                                              Am Bach
        +----------------+                                        +--------+
        |   Kirchstraße  |   Mühlenweg                            |        |
     one-way    |        +------gate                              |        |
        |       |        |                  Landstraße            |        |
    ----+-------+--------+---- ~ ~ ~ ~ ~ bends ~ ~ ~ ~ ~ ~ -------+--------+---
           Hauptstraße                                            |   Dorfstraße
                 :                                                | Bahnhofstraße
                 ......................Feldweg (track)............+---- station
"""

import math
from pathlib import Path
from xml.etree import ElementTree as ET

LAT, LON = 54.63, 9.77
METRES_PER_DEGREE = 111_195.0

Point = tuple[float, float]

OBERDORF: Point = (0, 0)
NIEDERDORF: Point = (3000, 550)

STREETS: tuple[tuple[str, str, tuple[Point, ...], dict[str, str]], ...] = (
    # name, highway, points, further tags
    (
        "Hauptstraße",
        "secondary",
        ((-500, 0), (-200, 0), (0, 0), (200, 0), (400, 0)),
        {"maxspeed": "50", "ref": "L 1"},
    ),
    ("Kirchstraße", "residential", ((0, 0), (0, 150), (0, 300)), {"maxspeed": "DE:zone:30"}),
    ("Am Anger", "residential", ((0, 300), (200, 300), (200, 150), (200, 0)), {}),
    ("Gänsegasse", "residential", ((-200, 0), (-200, 300), (0, 300)), {"oneway": "yes"}),
    ("Mühlenweg", "unclassified", ((200, 150), (350, 160), (500, 200)), {}),
    ("", "service", ((-500, 0), (-520, 120)), {"service": "driveway", "access": "private"}),
    (
        "Landstraße",
        "secondary",
        ((400, 0), (800, 250), (1300, -100), (1900, 150), (2400, 480), (2700, 500)),
        {"maxspeed": "DE:rural", "ref": "L 1"},
    ),
    (
        "Dorfstraße",
        "secondary",
        ((2700, 500), (3000, 550), (3250, 500), (3500, 500)),
        {"maxspeed": "50", "ref": "L 1"},
    ),
    ("Am Bach", "residential", ((3000, 550), (3000, 800), (3250, 800), (3250, 500)), {}),
    ("Bahnhofstraße", "tertiary", ((3000, 550), (3010, 400), (3000, 250)), {"maxspeed": "30"}),
    ("Feldweg", "track", ((0, 0), (400, -400), (2000, -300), (3000, 250)), {"tracktype": "grade3"}),
    ("", "footway", ((0, 300), (100, 360), (200, 300)), {}),
    ("", "steps", ((3000, 250), (3030, 240)), {}),
    ("Inselweg", "residential", ((1000, 1000), (1100, 1000)), {}),  # reached by no road
)

BARRIERS: tuple[tuple[Point, dict[str, str]], ...] = (
    ((350, 160), {"barrier": "gate", "access": "private"}),
)

PLACES: tuple[tuple[Point, dict[str, str]], ...] = (
    ((20, 60), {"place": "village", "name": "Oberdorf", "population": "400"}),
    ((3020, 560), {"place": "hamlet", "name": "Niederdorf", "population": "90"}),
    ((3040, 245), {"railway": "station", "name": "Toy Town Bahnhof"}),
    ((190, 8), {"highway": "bus_stop", "name": "Oberdorf, Mitte"}),
    ((2720, 510), {"highway": "bus_stop", "name": "Niederdorf, West"}),
    ((-60, 12), {"shop": "supermarket", "name": "Dorfladen Jöns"}),
    ((3100, 520), {"shop": "bakery", "name": "Bäckerei Süß"}),
    ((60, 310), {"amenity": "place_of_worship", "name": "St. Jürgen"}),
    ((-150, 15), {"amenity": "doctors", "name": "Praxis Dr. Möller"}),
    ((150, -20), {"amenity": "pharmacy", "name": "Löwen-Apotheke"}),
    ((3060, 790), {"amenity": "kindergarten", "name": "Kita Bachstelze"}),
    ((-30, 20), {"amenity": "townhall", "name": "Amtshaus"}),
)

SCHOOL: tuple[Point, ...] = ((80, 100), (140, 100), (140, 160), (80, 160), (80, 100))
"""The school is an area, as most are."""

HOUSES: tuple[tuple[str, str, tuple[Point, ...]], ...] = (
    # street, city ("" where the mapper left it out), houses in order: number 1, 2, ...
    ("Hauptstraße", "Oberdorf", tuple((-450 + 80 * n, 15 - 30 * (n % 2)) for n in range(10))),
    ("Kirchstraße", "", tuple((12 - 24 * (n % 2), 40 + 30 * n) for n in range(8))),
    ("Am Anger", "Oberdorf", tuple((20 + 30 * n, 288 + 24 * (n % 2)) for n in range(6))),
    ("Dorfstraße", "Niederdorf", tuple((3050 + 50 * n, 510 + 36 * (n % 2)) for n in range(8))),
    ("Am Bach", "", tuple((2988 + 24 * (n % 2), 600 + 25 * n) for n in range(7))),
    ("Bahnhofstraße", "Niederdorf", tuple((3025 - 40 * (n % 2), 300 + 40 * n) for n in range(5))),
)

BOUNDARY: tuple[Point, ...] = ((-1000, -1000), (4500, -1000), (4500, 1600), (-1000, 1600))


def coordinates(point: Point) -> tuple[float, float]:
    """Return latitude and longitude of a point in metres from the crossroads of Oberdorf."""
    east, north = point
    metres_per_degree_east = METRES_PER_DEGREE * math.cos(math.radians(LAT))
    return round(LAT + north / METRES_PER_DEGREE, 7), round(LON + east / metres_per_degree_east, 7)


def write_toy_town(path: Path) -> Path:
    """Write Toy Town as OSM XML (``.osm``, uncompressed) and return the path."""
    drawing = _Drawing()
    for point, tags in BARRIERS:
        drawing.node(point, tags)
    for name, highway, points, tags in STREETS:
        named = {"name": name} if name else {}
        drawing.way(points, {"highway": highway, **named, **tags})
    for point, tags in PLACES:
        drawing.node(point, tags)
    drawing.way(SCHOOL, {"amenity": "school", "building": "yes", "name": "Schule am Anger"})
    for street, city, houses in HOUSES:
        for number, point in enumerate(houses, start=1):
            address = {
                "addr:street": street,
                "addr:housenumber": str(number),
                "addr:postcode": "24999",
            }
            drawing.house(point, address | ({"addr:city": city} if city else {}), number)
    west = drawing.way((BOUNDARY[0], BOUNDARY[3], BOUNDARY[2]), {})
    east = drawing.way((BOUNDARY[0], BOUNDARY[1], BOUNDARY[2]), {})
    drawing.relation(
        (west, east),
        {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": "Toy Town"},
    )
    drawing.save(path)
    return path


class _Drawing:
    """Collects nodes, ways and relations; equal points become the same node."""

    def __init__(self) -> None:
        self.nodes: list[ET.Element] = []
        self.ways: list[ET.Element] = []
        self.relations: list[ET.Element] = []
        self.node_of: dict[Point, int] = {}

    def node(self, point: Point, tags: dict[str, str] | None = None) -> int:
        if point in self.node_of and not tags:
            return self.node_of[point]
        lat, lon = coordinates(point)
        element = ET.Element("node", id=str(len(self.nodes) + 1), lat=str(lat), lon=str(lon))
        _tag(element, tags or {})
        self.nodes.append(element)
        self.node_of[point] = len(self.nodes)
        return len(self.nodes)

    def way(self, points: tuple[Point, ...], tags: dict[str, str]) -> int:
        element = ET.Element("way", id=str(len(self.ways) + 1))
        for point in points:
            ET.SubElement(element, "nd", ref=str(self.node(point)))
        _tag(element, tags)
        self.ways.append(element)
        return len(self.ways)

    def house(self, point: Point, address: dict[str, str], number: int) -> None:
        """Draw every third house as a building of four corners, the others as a node."""
        if number % 3:
            self.node(point, address)
            return
        east, north = point
        corners = ((-5.0, -4.0), (5.0, -4.0), (5.0, 4.0), (-5.0, 4.0), (-5.0, -4.0))
        self.way(tuple((east + x, north + y) for x, y in corners), {"building": "yes", **address})

    def relation(self, ways: tuple[int, ...], tags: dict[str, str]) -> None:
        element = ET.Element("relation", id=str(len(self.relations) + 1))
        for way in ways:
            ET.SubElement(element, "member", type="way", ref=str(way), role="outer")
        _tag(element, tags)
        self.relations.append(element)

    def save(self, path: Path) -> None:
        root = ET.Element("osm", version="0.6", generator="toy town")
        root.extend(self.nodes + self.ways + self.relations)
        for element in root:
            element.set("version", "1")
        ET.indent(root)
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _tag(element: ET.Element, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        ET.SubElement(element, "tag", k=key, v=value)
