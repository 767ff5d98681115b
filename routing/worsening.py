"""Whether a change makes a late tour worse: the judgement "violated or worsened", exactly.

A tour that cannot keep everything any more may break one promise or another: be late at a pickup,
or on time there and too long on board. So two lists of violations, each by its own times, cannot
be compared one by one. A change is no worse if there are times at which nothing is violated by
more than it was before; with those violations granted, that is the checker's own question.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from routing.check import Breach, Violation, check_tour, worsened
from routing.problem import Tour
from routing.travel_times import TravelTimes

_OF_TIME = frozenset({Breach.LATE, Breach.RIDE, Breach.DURATION})

Subject = tuple[str, ...]


def made_worse(
    before: Sequence[Tour],
    travel_before: TravelTimes,
    after: Sequence[Tour],
    travel_after: TravelTimes,
    begins: Sequence[Sequence[int]] = (),
) -> list[Violation]:
    """Return what is violated now that was not, or by more than it was, whatever the times.

    A late tour has more than one best timetable: the checker finds one, the plan may follow
    another. No worse than either is no worse.

    Parameters
    ----------
    before, travel_before
        The tours as they were; a trip may have been in any of them.
    after, travel_after
        The tours as they are.
    begins
        When service was planned to begin at the halts of each tour before, in seconds. Nothing is
        taken on trust: what these times violate is judged here, and times that no vehicle could
        keep do not count.
    """
    found = [each for tour in after for each in check_tour(tour, travel_after)]
    if not found:
        return []
    known = [check_tour(tour, travel_before) for tour in before]
    timeless = [each for each in worsened(chain(*known), found) if each.what not in _OF_TIME]
    late = _late(_granted(before, known), after, travel_after)
    if late and begins:
        given = zip(before, begins, strict=True)
        planned = [_by_times(tour, travel_before, times) for tour, times in given]
        late = late if _late(_granted(before, planned), after, travel_after) else []
    return [*timeless, *late]


def _by_times(tour: Tour, travel: TravelTimes, begins: Sequence[int]) -> list[Violation]:
    """Return what a tour violates at given times; at any, if those are impossible."""
    found = check_tour(tour, travel, begins)
    possible = all(each.what is not Breach.EARLY for each in found)
    return found if possible else check_tour(tour, travel)


def _granted(
    tours: Sequence[Tour], known: Sequence[Sequence[Violation]]
) -> defaultdict[Subject, int]:
    """Return by how much each subject is violated in tours of which this is known."""
    granted: defaultdict[Subject, int] = defaultdict(int)
    for tour, violations in zip(tours, known, strict=True):
        for each in violations:
            subject = _subject(tour, each)
            granted[subject] = max(granted[subject], each.by)
    return granted


def _late(
    granted: Mapping[Subject, int], tours: Sequence[Tour], travel: TravelTimes
) -> list[Violation]:
    """Return what about their times tours violate beyond what is granted."""
    return [
        each
        for tour in tours
        for each in check_tour(_with_granted(tour, granted), travel)
        if each.what in _OF_TIME
    ]


def _subject(tour: Tour, each: Violation) -> Subject:
    if each.what is Breach.LATE and each.trip:
        return (each.what, each.trip, tour.halts[each.halt].kind.name)
    return (each.what, each.trip) if each.trip else (each.what, each.shift, str(each.own))


def _with_granted(tour: Tour, granted: Mapping[Subject, int]) -> Tour:
    """Return a tour whose windows and limits are wider by what was violated already."""
    shift = tour.shift
    halts, own = [], 0
    for halt in tour.halts:
        name: Subject = (halt.trip, halt.kind.name) if halt.trip else (shift.id, str(own))
        own += not halt.trip
        late, long = granted.get((Breach.LATE, *name), 0), granted.get((Breach.RIDE, halt.trip), 0)
        halts.append(replace(halt, latest=halt.latest + late, max_ride=halt.max_ride + long))
    end = str(own - 1)  # the duration is that of the last of the shift's own halts
    longer = granted.get((Breach.DURATION, shift.id, end), 0)
    wider = replace(shift, max_duration=shift.max_duration + longer)
    return replace(tour, shift=wider, halts=tuple(halts))
