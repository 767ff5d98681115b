"""A simulated day as tours, in the form in which the map draws those of a real one."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from api.mapping.polyline import encode
from api.mapping.tracks import track
from api.times import local_time
from shuttle.place_names import place_name
from shuttle.planning.results import Row
from shuttle.region import Region


def tours_of(region: Region, legs: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the tours of a day.

    Parameters
    ----------
    region
        Knows the places; drives between places that it has no more are left out.
    legs
        Drives of one day, as ``legs.csv`` has them.

    Returns
    -------
    list of dict
        By vehicle: its number and name, and its stands with arrival, departure, place, who gets
        on and off, who is on board after it, and the way that leads to it.
    """
    places = _places(region)
    names = {each.id: each.name for each in region.config.vehicles}
    known = [each for each in legs if {each["origin"], each["destination"]} <= places.keys()]
    known.sort(key=lambda each: (_order(names, each["vehicle"]), int(each["begin"])))
    return [
        {
            "number": number,
            "id": vehicle,
            "name": names.get(vehicle, vehicle),
            "stands": _stands(region, places, list(own)),
        }
        for number, (vehicle, own) in enumerate(
            groupby(known, key=lambda each: each["vehicle"]), start=1
        )
    ]


def _order(names: Mapping[str, str], vehicle: str) -> tuple[int, str]:
    """Return where a vehicle stands: those of the region first, in its order."""
    return (list(names).index(vehicle) if vehicle in names else len(names), vehicle)


def _places(region: Region) -> dict[str, int]:
    """Return the number of each stop and depot by its id."""
    depots = enumerate(region.config.depots, start=len(region.stops))
    return {
        **{name: number for number, name in depots},
        **{stop.id: number for number, stop in enumerate(region.stops)},
    }


def _stands(region: Region, places: Mapping[str, int], legs: Sequence[Row]) -> list[dict[str, Any]]:
    """Return where a vehicle stood, from its first departure to its last arrival."""
    first = legs[0]
    found = [_stand(region, places[first["origin"]], int(first["begin"]), first, "")]
    for leg, following in zip(legs, [*legs[1:], None], strict=True):
        here, there = places[leg["origin"]], places[leg["destination"]]
        way = encode(track(region, here, there).points)
        found.append(_stand(region, there, int(leg["end"]), following, way))
    return found


def _stand(
    region: Region, place: int, arrival: int, following: Row | None, way: str
) -> dict[str, Any]:
    """Return a stand; what happened there is told by the drive that follows it."""
    snap = region.places[place]
    departure = arrival if following is None else int(following["begin"])
    return {
        "arrival": local_time(region, arrival).isoformat(),
        "departure": local_time(region, departure).isoformat(),
        "name": place_name(region, place),
        "lat": snap.lat,
        "lon": snap.lon,
        "getting_on": 0 if following is None else int(following["got_on"]),
        "getting_off": 0 if following is None else int(following["got_off"]),
        "on_board": 0 if following is None else int(following["passengers"]),
        "path": way,
    }
