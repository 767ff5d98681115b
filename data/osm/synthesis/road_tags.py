"""How wide, how smooth and how fast the roads are."""

from math import hypot

import numpy as np

from data.osm.synthesis.network import Network
from data.osm.synthesis.streets import Piece, length

GRADES = {
    "grade1": ("concrete:lanes", "asphalt", "concrete:plates"),
    "grade2": ("gravel", "compacted", "fine_gravel"),
    "grade3": ("ground", "gravel", "compacted"),
    "grade4": ("grass", "ground"),
}
ONE_WAYS = 6
"""Streets of the town that are open in one direction only."""


def tag_roads(network: Network, pieces: list[Piece], rng: np.random.Generator) -> None:
    """Give every piece of road its limits and its surface, in place."""
    calmed: dict[str, bool] = {}  # by village: has it a zone of 30 km/h?
    for piece in pieces:
        tags = piece.tags
        if piece.kind == "track":
            _tag_track(tags, rng)
        elif piece.kind == "drive":
            tags |= {"service": "driveway", "access": "private"}
        elif piece.kind == "street":
            calmed.setdefault(piece.place, bool(rng.random() < 0.6))
            tags |= _of_street(calmed[piece.place])
        elif piece.kind in ("country", "ring"):
            tags |= _of_country_road(piece, rng)
        elif piece.kind == "lane":
            tags |= _of_lane(piece, rng)
    _close_one_ways(network, pieces, rng)


def _tag_track(tags: dict[str, str], rng: np.random.Generator) -> None:
    grade = str(rng.choice(list(GRADES), p=[0.28, 0.36, 0.24, 0.12]))
    tags |= {"tracktype": grade, "surface": str(rng.choice(GRADES[grade]))}
    if rng.random() < 0.18:
        tags["motor_vehicle"] = "agricultural"


def _of_street(calmed: bool) -> dict[str, str]:
    if calmed:
        return {"maxspeed": "30", "source:maxspeed": "DE:zone:30", "surface": "asphalt"}
    return {"maxspeed": "50", "source:maxspeed": "DE:urban", "surface": "asphalt"}


def _of_country_road(piece: Piece, rng: np.random.Generator) -> dict[str, str]:
    tags = {"surface": "asphalt"}
    if piece.highway in ("primary", "secondary"):
        tags["lanes"] = "2"
    if piece.kind == "ring":
        return tags | {"maxspeed": "50"}
    if piece.place and piece.settled:
        return tags | {"maxspeed": "50", "source:maxspeed": "DE:urban"}
    if piece.place and piece.highway != "unclassified":
        return tags | {"maxspeed": "70", "source:maxspeed": "sign"}
    if piece.highway in ("primary", "secondary"):
        return tags | {"maxspeed": "100", "source:maxspeed": "DE:rural"}
    if piece.highway == "tertiary":
        limit = str(rng.choice(["100", "70", ""], p=[0.45, 0.15, 0.40]))
        return tags | ({"maxspeed": limit} if limit else {})
    return tags | ({"width": "4"} if rng.random() < 0.4 else {})


def _of_lane(piece: Piece, rng: np.random.Generator) -> dict[str, str]:
    tags = {"surface": "asphalt" if rng.random() < 0.85 else "compacted"}
    if piece.place and piece.settled:
        tags["maxspeed"] = "50"
    elif rng.random() < 0.5:
        tags["width"] = "3"
    return tags


def _close_one_ways(network: Network, pieces: list[Piece], rng: np.random.Generator) -> None:
    """Make a few streets of the town one-way: far from each other, open at both ends."""
    through = [
        p
        for p in pieces
        if p.kind == "street"
        and p.place == "Süderbrarup"
        and p.nodes[0] != p.nodes[-1]
        and all(network.degree(v) > 2 for v in (p.nodes[0], p.nodes[-1]))
        and all(network.degree(v) == 2 for v in p.nodes[1:-1])
        and 90.0 < length(network, p.nodes) < 320.0
    ]
    chosen: list[tuple[float, float]] = []
    for index in rng.permutation(len(through)):
        x, y = network.points[through[index].nodes[0]]
        if len(chosen) < ONE_WAYS and all(hypot(x - cx, y - cy) > 260.0 for cx, cy in chosen):
            chosen.append((x, y))
            through[index].tags["oneway"] = "yes"
