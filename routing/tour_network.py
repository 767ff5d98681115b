"""All tours that one kind of vehicle can make, as a network of halts: the ground of a lower bound.

A tour is a way through the network, from the last halt that is fixed to the end of the shift. The
halts that stay (breaks, trips that cannot move, the end) form its chain, passed in their order;
the halts of trips that can move come in between.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.schedule import Layouts
from routing.search_state import Numbers


class Network(NamedTuple):
    """The tours of one kind of vehicle: T trips with O options, N = 2 O + C nodes, the chain last.

    Node 2 o is the pickup of option o and 2 o + 1 its drop-off; nodes 2 O to N - 1 are the chain,
    from the last fixed halt to the end. Times are seconds from the origin of :class:`Ground`, costs
    are in its `scale`.

    Attributes
    ----------
    trip_of
        int64[O].
    near
        int64[T]: the trips that are not forgotten when one is picked up.
    bit
        int64[T]: how a trip is marked in a set of trips. Two trips may share a bit if the first is
        over, whatever happens, before the second can begin.
    renewed_at, renewed_bit
        int64[R]: when a bit begins to mean another trip, in order of time.
    gap
        int64[N, N]: least time between begins of service.
    leave
        int64[N]: earliest begin of a halt right behind the root.
    opens, closes, asked
        int64[N]: when service may begin, and by when it was asked for.
    fare
        int64[N, N]: cost of a leg.
    slope, constant
        int64[N]: a halt at time t costs `slope * t + constant`.
    lateness, excess, vehicle, per_rider
        Cost of a second late, of a second on board beyond what `slope` counts, of using the
        vehicle, and of a second on board that `slope` counts.
    load
        int64[O, 3].
    goal, ride
        int64[N]: where a ride ends that begins at a halt, -1 if none does; and the longest time
        between the begins of service.
    held
        int64[S, 3]: rides that have begun at the root, one of them perhaps the driver's own: where
        they end; by how much longer than the time and by when at the latest.
    layouts
        int64[Y, 3].
    chain_load, chain_riders
        int64[C, 3] and int64[C]: what stays on board behind a halt of the chain.
    empty_only
        bool[C]: whether nobody may be on board there.
    reach_time, reach_set
        int64[N, T + 1]: in order of time, from when on which trips can still be picked up behind a
        halt.
    by_opening
        int64[O]: options by the opening of the pickup.
    """

    trip_of: Numbers
    near: Numbers
    bit: Numbers
    renewed_at: Numbers
    renewed_bit: Numbers
    gap: Numbers
    leave: Numbers
    opens: Numbers
    closes: Numbers
    asked: Numbers
    fare: Numbers
    slope: Numbers
    constant: Numbers
    lateness: int
    excess: int
    vehicle: int
    per_rider: int
    load: Numbers
    goal: Numbers
    ride: Numbers
    held: Numbers
    layouts: Layouts
    chain_load: Numbers
    chain_riders: Numbers
    empty_only: npt.NDArray[np.bool_]
    reach_time: Numbers
    reach_set: Numbers
    by_opening: Numbers
