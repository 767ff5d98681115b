"""The map of a place as an extract on the disk, through osmnx from Nominatim and Overpass."""

from collections import OrderedDict
from pathlib import Path

from routing.map_survey import Shape
from routing.osm_import import ExtractError, _overpass_query, _write_elements


def fetch_place(
    name: str,
    path: Path,
    *,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
) -> Shape:
    """Write the map of a place as ``.osm.pbf`` and return the place's boundary.

    Parameters
    ----------
    name
        As Nominatim understands it; it must have a boundary.
    path
        The file to write.
    overpass_url, nominatim_url
        Own servers instead of the public ones. An own Overpass server is not asked for its load.

    Raises
    ------
    ExtractError
        If the place is unknown or has no boundary, or a server does not answer.
    """
    import osmnx  # takes seconds
    from osmnx import _overpass

    settings = osmnx.settings
    settings.use_cache = False
    settings.doh_url_template = None  # no third server
    settings.overpass_url = overpass_url or settings.overpass_url
    settings.overpass_rate_limit = overpass_url is None
    settings.nominatim_url = nominatim_url or settings.nominatim_url
    try:
        boundary: Shape = osmnx.geocode_to_gdf(name).geometry.iloc[0]
        query = _overpass_query(boundary, int(settings.requests_timeout))
        answer = _overpass._overpass_request(OrderedDict(data=query))
    except (OSError, TypeError, ValueError) as error:  # what osmnx and requests raise
        raise ExtractError(
            f"{name!r} cannot be fetched ({error}); check the name and the servers, or give an "
            "extract with --pbf."
        ) from error
    _write_elements(answer.get("elements", []), path)
    return boundary
