"""The real anchors of the land, read from ``anchors.toml``, and the plane it is drawn on."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""Points of the plane in metres east and north of the origin, shape ``(n, 2)``."""

METRES_PER_DEGREE = 111_320.0
ANCHORS = Path(__file__).with_name("anchors.toml")


@dataclass(frozen=True, slots=True)
class Plane:
    """A local plane in metres around an origin; good to a few metres over an Amt."""

    lat: float
    lon: float

    def to_metres(self, latlon: Points) -> Points:
        """Project latitudes and longitudes, shape ``(n, 2)``, to metres."""
        latlon = np.asarray(latlon, dtype=np.float64).reshape(-1, 2)
        scale = METRES_PER_DEGREE * np.cos(np.radians(self.lat))
        east = (latlon[:, 1] - self.lon) * scale
        north = (latlon[:, 0] - self.lat) * METRES_PER_DEGREE
        return np.round(np.column_stack([east, north]), 2)

    def to_latlon(self, metres: Points) -> Points:
        """Bring points in metres back to latitudes and longitudes."""
        metres = np.asarray(metres, dtype=np.float64).reshape(-1, 2)
        scale = METRES_PER_DEGREE * np.cos(np.radians(self.lat))
        lat = self.lat + metres[:, 1] / METRES_PER_DEGREE
        return np.round(np.column_stack([lat, self.lon + metres[:, 0] / scale]), 7)


@dataclass(frozen=True, slots=True)
class Place:
    """A settlement with a name: a municipality's centre, a village in it, or a neighbour."""

    name: str
    x: float
    y: float
    municipality: str = ""  # "" for a neighbour outside of the Amt
    population: int = 0
    people: float = 0.0  # who live in the place itself, villages of the municipality taken off
    postcode: str = ""
    rank: str = "village"


@dataclass(frozen=True, slots=True)
class Trunk:
    """A classified road whose course is known in outline."""

    ref: str
    highway: str
    toward: tuple[str, str]
    via: tuple[str | tuple[float, float], ...]  # names of places, or points in metres


@dataclass(frozen=True, slots=True)
class Landmark:
    """A named thing at its real coordinates."""

    name: str
    x: float
    y: float
    tags: dict[str, str]
    street: str = ""  # what the nearest street is called


@dataclass(frozen=True, slots=True)
class Quarter:
    """A round piece of land of one use."""

    name: str
    x: float
    y: float
    radius: float
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Anchors:
    """All that is real."""

    plane: Plane
    municipalities: tuple[Place, ...]
    villages: tuple[Place, ...]
    neighbours: tuple[Place, ...]
    trunks: tuple[Trunk, ...]
    landmarks: tuple[Landmark, ...]
    quarters: tuple[Quarter, ...]
    railway: Points
    railway_name: str
    schlei: Points
    schlei_width: npt.NDArray[np.float64]
    noors: tuple[tuple[Points, npt.NDArray[np.float64]], ...]
    streams: tuple[tuple[str, Points], ...]

    @property
    def settlements(self) -> tuple[Place, ...]:
        """The places of the Amt."""
        return self.municipalities + self.villages


def read_anchors(path: Path = ANCHORS) -> Anchors:
    """Read the anchors and project them to the plane."""
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    plane = Plane(**raw["origin"])

    def metres(lat: float, lon: float) -> tuple[float, float]:
        x, y = plane.to_metres(np.array([[lat, lon]]))[0]
        return float(x), float(y)

    def at(entry: dict[str, Any]) -> dict[str, float]:
        return dict(zip("xy", metres(entry["lat"], entry["lon"]), strict=True))

    municipalities, villages = _settlements(raw, at)

    def course(via: list[list[float]]) -> tuple[Points, npt.NDArray[np.float64]]:
        table = np.array(via)
        return plane.to_metres(table[:, :2]), table[:, 2]

    schlei, width = course(raw["schlei"]["via"])
    return Anchors(
        plane=plane,
        municipalities=municipalities,
        villages=villages,
        neighbours=tuple(
            Place(name=n["name"], rank=n["rank"], **at(n))  # type: ignore[arg-type]
            for n in raw["neighbour"]
        ),
        trunks=tuple(
            Trunk(
                ref=t["ref"],
                highway=t["highway"],
                toward=(t["toward"][0], t["toward"][1]),
                via=tuple(v if isinstance(v, str) else metres(*v) for v in t["via"]),
            )
            for t in raw["trunk"]
        ),
        landmarks=tuple(
            Landmark(f["name"], *metres(f["lat"], f["lon"]), f["tags"], f.get("street", ""))
            for f in raw["feature"]
        ),
        quarters=tuple(
            Quarter(q["name"], *metres(q["lat"], q["lon"]), q["radius"], q["tags"])
            for q in raw["quarter"]
        ),
        railway=plane.to_metres(np.array(raw["railway"]["via"])),
        railway_name=raw["railway"]["name"],
        schlei=schlei,
        schlei_width=width,
        noors=tuple(course(via) for via in raw["schlei"]["noors"]),
        streams=tuple((s["name"], plane.to_metres(np.array(s["via"]))) for s in raw["stream"]),
    )


def _settlements(raw: dict[str, Any], at: Any) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    by_name = {m["name"]: m for m in raw["municipality"]}
    elsewhere = dict.fromkeys(by_name, 0.0)
    villages = []
    for v in raw["village"]:
        home = by_name[v["municipality"]]
        elsewhere[home["name"]] += v["share"]
        villages.append(
            Place(
                name=v["name"],
                municipality=home["name"],
                people=v["share"] * home["population"],
                postcode=home["postcode"],
                **at(v),
            )
        )
    municipalities = tuple(
        Place(
            name=m["name"],
            municipality=m["name"],
            population=m["population"],
            people=m["population"] * (1.0 - elsewhere[m["name"]]),
            postcode=m["postcode"],
            rank="town" if m["population"] > 4000 else "village",
            **at(m),
        )
        for m in raw["municipality"]
    )
    return municipalities, tuple(villages)
