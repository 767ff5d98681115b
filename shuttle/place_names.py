"""What places are called, whatever row of the travel times they stand in on a troubled day."""

from shuttle.region import Region


def place_name(region: Region, place: int) -> str:
    """Return what a stop or depot is called."""
    stop = region.stop_at(place)
    if stop is not None:
        return stop.label
    depots = list(region.config.depots.values())
    return depots[region.number_of(place) - len(region.stops)].name


def whereabouts(region: Region, place: int) -> str:
    """Return where a place is, as people say it: the village, else the stop or the depot."""
    stop = region.stop_at(place)
    return (stop.village if stop else "") or place_name(region, place)
