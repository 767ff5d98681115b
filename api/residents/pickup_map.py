"""The small map on a card: the stop, the way there on foot, and the vehicle once it is near."""

from markupsafe import Markup

from api.languages import Language, mark, tell
from api.residents.ground import Point
from api.residents.on_foot import way_on_foot
from api.residents.sketch import Frame, Mark, sketch
from routing.stops import Stop
from shuttle.region import Region

_AROUND = 120
"""Metres beyond what is shown."""

_HEIGHT = 230


def pickup_map(
    region: Region,
    stop: Stop,
    language: Language,
    *,
    begin: Point | None = None,
    vehicle: Point | None = None,
) -> Markup:
    """Return a map of a pickup.

    Parameters
    ----------
    region
        Whose roads are drawn.
    stop
        Where the vehicle halts.
    language
        Of the words for those who do not see it.
    begin
        Where people walk from, if that is known and is not the stop.
    vehicle
        Where it is, if that is to be told.
    """
    there = (stop.lat, stop.lon)
    marks = [Mark("stop", *there, stop.name)]
    if begin is not None:
        marks.append(Mark("address", *begin))
    if vehicle is not None:
        marks.insert(0, Mark("vehicle", *vehicle))
    points = [(each.lat, each.lon) for each in marks]
    said = tell(_WITH_VEHICLE if vehicle else _WAY if begin else _STOP, language, stop=stop.label)
    return sketch(
        region,
        Frame.holding(points, _AROUND),
        marks,
        label=said,
        walk=way_on_foot(region, begin, stop) if begin else None,
        height=_HEIGHT,
    )


_STOP = mark("Map: the stop {stop}")
_WAY = mark("Map: the way on foot to the stop {stop}")
_WITH_VEHICLE = mark("Map: the stop {stop}, and where the bus is")
