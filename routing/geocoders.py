"""Geocoders on the network, Nominatim or Photon, and the embedded one that stands in for them."""

import logging
import queue
import threading
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import shapely

from routing.gazetteer import Geocoder, Match
from routing.map_features import KINDS
from routing.stops import place_label

logger = logging.getLogger(__name__)

Service = Literal["nominatim", "photon"]

_VILLAGE = ("village", "town", "city", "hamlet", "municipality", "suburb", "district", "locality")
"""Where the two services say what we call the village, the best first."""


class GeocoderDownError(Exception):
    """A geocoder did not answer, or not in time, or not sensibly."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint, self.reason = endpoint, reason
        super().__init__(f"The geocoder at {endpoint} is of no use now: {reason}.")


class NetworkGeocoder:
    """Nominatim or Photon behind the same face as the gazetteer, through geopy.

    Parameters
    ----------
    service
        What runs at the endpoint.
    endpoint
        Its address, such as ``https://photon.example.org``. The public Nominatim forbids
        suggestions while typing; run your own.
    boundary
        Results outside of it are dropped, (lon, lat) in degrees.
    timeout_seconds
        After which the answer is no longer waited for, however slowly it trickles.
    user_agent
        Who asks; operators of public geocoders want to know.

    Raises
    ------
    ValueError
        If the endpoint is not an http or https address.
    """

    def __init__(
        self,
        service: Service,
        endpoint: str,
        boundary: shapely.Polygon | shapely.MultiPolygon,
        timeout_seconds: float = 2.0,
        user_agent: str = "dorfshuttle",
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.netloc:
            raise ValueError(f"The geocoder's endpoint {endpoint!r} must begin with https://.")
        self._service, self._endpoint = service, endpoint
        self._boundary = boundary
        self._timeout = timeout_seconds
        self._settings = {
            "scheme": address.scheme,
            "domain": f"{address.netloc}{address.path}".rstrip("/"),
            "timeout": timeout_seconds,
            "user_agent": user_agent,
        }

    def search(self, text: str, limit: int = 5) -> list[Match]:
        """Return what the service finds within the boundary.

        Raises
        ------
        GeocoderDownError
            If it fails, takes too long or answers nonsense.
        """
        answer: queue.SimpleQueue[list[Match] | str] = queue.SimpleQueue()
        threading.Thread(target=self._answer, args=(text, limit, answer), daemon=True).start()
        try:
            matches = answer.get(timeout=self._timeout)
        except queue.Empty:
            raise GeocoderDownError(
                self._endpoint, f"no answer within {self._timeout:g} s"
            ) from None
        if isinstance(matches, str):
            raise GeocoderDownError(self._endpoint, matches)
        return matches

    def _answer(
        self, text: str, limit: int, answer: "queue.SimpleQueue[list[Match] | str]"
    ) -> None:
        """Put the matches, or what is wrong, where the one who asked may still be waiting."""
        from geopy.exc import GeopyError  # half a second that most never need

        try:
            answer.put(self._matches(self._ask(text, limit), limit))
        except GeopyError as error:
            answer.put(f"{type(error).__name__}, {error}")
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            answer.put(f"its answer is not that of {self._service} ({error!r})")

    def _ask(self, text: str, limit: int) -> list[Any]:
        from geopy.geocoders import Nominatim, Photon

        west, south, east, north = self._boundary.bounds
        box = [(south, west), (north, east)]
        wanted = {"exactly_one": False, "limit": limit, "language": "de"}
        if self._service == "photon":
            with Photon(**self._settings) as photon:
                return photon.geocode(text, bbox=box, **wanted) or []
        with Nominatim(**self._settings) as nominatim:
            found = nominatim.geocode(
                text, viewbox=box, bounded=True, addressdetails=True, **wanted
            )
            return found or []

    def _matches(self, locations: list[Any], limit: int) -> list[Match]:
        matches: dict[str, Match] = {}
        for rank, location in enumerate(locations):
            if not shapely.contains_xy(self._boundary, location.longitude, location.latitude):
                continue
            kind, title, village = _read(self._service, location.raw)
            match = Match(
                kind,
                place_label(title, village),
                village,
                location.latitude,
                location.longitude,
                None,
                1 - rank / 100,
            )
            matches.setdefault(match.label, match)
        return list(matches.values())[:limit]


class WithFallback:
    """A geocoder on the network while it works, the embedded one otherwise.

    After a failure it is left alone for a number of searches, so that its silence does not slow
    down every letter that somebody types; then it is tried again.

    Parameters
    ----------
    network
        Asked first.
    embedded
        Answers when the other is down, and when it finds nothing: it knows no virtual stops.
    searches_to_rest
        How many searches after a failure are answered without the network.
    """

    def __init__(
        self, network: NetworkGeocoder, embedded: Geocoder, searches_to_rest: int = 50
    ) -> None:
        self._network, self._embedded = network, embedded
        self._searches_to_rest = searches_to_rest
        self._resting = 0

    def search(self, text: str, limit: int = 5) -> list[Match]:
        """Return the places that were most likely meant, best first."""
        if self._resting > 0:
            self._resting -= 1
            return self._embedded.search(text, limit)
        try:
            matches = self._network.search(text, limit)
        except GeocoderDownError as error:
            logger.warning("%s The embedded gazetteer answers.", error)
            self._resting = self._searches_to_rest
            matches = []
        return matches or self._embedded.search(text, limit)


def _read(service: Service, raw: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return kind, title and village of what a service found."""
    if service == "photon":
        said = raw["properties"]
        key, value, name = said["osm_key"], said["osm_value"], said.get("name")
        street, number = said.get("street"), said.get("housenumber")
    else:
        said = raw["address"]
        key, value, name = raw.get("class", raw.get("category")), raw["type"], raw.get("name")
        street, number = said.get("road"), said.get("house_number")
    village = next((said[area] for area in _VILLAGE if said.get(area)), "")
    address = f"{street or village} {number}" if number else street
    kind = "address" if number else {"highway": "street", "shop": "shop"}.get(key, "place")
    return KINDS.get(key, {}).get(value, kind), name or address or village, village
