"""The region and its base map, and search for places in it."""

from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.documents import Document
from api.mapping.base_map import base_map
from api.mapping.open_schemas import PlaceOut, PlacesOut, RegionOut, RoadsOut, region_out
from api.problems import answers
from api.service import ServiceHere
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["region"])

_MOST_SUGGESTIONS = 5


@router.get("/regions/current", response_model=RegionOut, responses=answers(422))
def current_region(request: Request, service: ServiceHere) -> Response:
    """Return the region: boundary, stops, hours, rules, fares and who answers."""
    return _region_document(service.region).answer(request)


@router.get("/roads", response_model=RoadsOut, responses=answers(422))
def roads(request: Request, service: ServiceHere) -> Response:
    """Return the base map: roads by class, houses, names."""
    return _roads_document(service.region).answer(request)


@router.get("/places", responses=answers(422))
def places(
    service: ServiceHere,
    q: Annotated[
        str,
        Query(
            min_length=2,
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="What was typed so far.",
            examples=["Bahnhofstr"],
        ),
    ],
) -> PlacesOut:
    """Suggest stops, addresses and places by name; typing errors are forgiven."""
    matches = service.region.gazetteer.search(q, limit=_MOST_SUGGESTIONS)
    return PlacesOut(places=[PlaceOut.of(match) for match in matches])


@lru_cache(maxsize=2)
def _region_document(region: Region) -> Document:
    return Document.of(region_out(region))


@lru_cache(maxsize=2)
def _roads_document(region: Region) -> Document:
    return Document.of(base_map(region))
