"""A new map under an old list of stops: what people edited stays, the rest follows the map.

A merge of three lists by the stops' ids, which are those of the things on the map: what was
proposed from the old map, what people made of it, and what the new map would propose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from routing.stops import Stop
from routing.villages import plane


@dataclass(frozen=True, slots=True)
class Renewed:
    """A list of stops after a new map, and what changed.

    Attributes
    ----------
    stops
        In the order of the old list, new ones behind.
    added, removed
        What the new map has more, and what it lacks; nobody had edited those.
    changed
        Before and after, of stops that follow the map.
    kept
        Edited by people, though the new map proposes something else, or nothing.
    """

    stops: tuple[Stop, ...]
    added: tuple[Stop, ...]
    removed: tuple[Stop, ...]
    changed: tuple[tuple[Stop, Stop], ...]
    kept: tuple[Stop, ...]


def renew_stops(
    before: Iterable[Stop], edited: Sequence[Stop], after: Sequence[Stop], apart_metres: float
) -> Renewed:
    """Merge stops.

    Parameters
    ----------
    before
        As proposed from the old map.
    edited
        As they are now.
    after
        As proposed from the new map. What people removed does not come back.
    apart_metres
        A new stop is left out if one that stays is nearer than this.
    """
    old = {stop.id: stop for stop in before}
    new = {stop.id: stop for stop in after}
    stays: list[Stop] = []
    removed: list[Stop] = []
    kept: list[Stop] = []
    changed: list[tuple[Stop, Stop]] = []
    for stop in edited:
        proposed = new.get(stop.id)
        if stop != old.get(stop.id):  # by hand
            stays.append(stop)
            if proposed != old.get(stop.id):
                kept.append(stop)
        elif proposed is None:
            removed.append(stop)
        else:
            stays.append(proposed)
            if proposed != stop:
                changed.append((stop, proposed))
    known = {stop.id for stop in edited} | set(old)
    added = _apart([stop for stop in after if stop.id not in known], stays, apart_metres)
    return Renewed((*stays, *added), tuple(added), tuple(removed), tuple(changed), tuple(kept))


def _apart(new: list[Stop], stays: Sequence[Stop], metres: float) -> list[Stop]:
    """Return the new stops that are not beside one that stays."""
    if not new or not stays:
        return new
    middle = stays[0].lat
    tree = cKDTree(plane([each.lat for each in stays], [each.lon for each in stays], middle))
    distance, _ = tree.query(plane([each.lat for each in new], [each.lon for each in new], middle))
    return [stop for stop, far in zip(new, np.atleast_1d(distance), strict=True) if far >= metres]
