"""Long lists come in pages, and what comes in between two neither repeats a row nor hides one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.paging import Paging
from shuttle.errors import RequestError
from shuttle.region import Region
from tests.api_client import berlin
from tests.staff import Office, at_the_desk

DAY = "2027-03-22"


def pages(rows: list[str], limit: int) -> list[list[str]]:
    """Return all pages of a list, as somebody asks for them who follows `next`."""
    found, after = [], ""
    while True:
        page, following = Paging(limit, after).page(rows, str)
        found.append(list(page))
        if following is None:
            return found
        after = following


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_all_pages_are_the_whole_list_and_none_is_empty_or_too_long(limit: int) -> None:
    rows = list("abcde")
    found = pages(rows, limit)
    assert [row for page in found for row in page] == rows
    assert all(0 < len(page) <= limit for page in found)


def test_an_empty_list_is_one_page() -> None:
    assert pages([], 3) == [[]]


def test_a_row_that_comes_in_before_the_place_is_no_matter_to_the_next_page() -> None:
    _, following = Paging(2, "").page(["b", "c", "d"], str)
    assert following == "c"
    assert Paging(2, following).page(["a", "b", "c", "d"], str) == (["d"], None)


def test_a_place_that_is_gone_is_told() -> None:
    with pytest.raises(RequestError) as caught:
        Paging(2, "c").page(["a", "b"], str)
    assert (caught.value.code, caught.value.field) == ("page_gone", "after")


@pytest.fixture
def desk(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with at_the_desk(toy_region, tmp_path) as here:
        yield here


def followed(desk: Office, path: str, rows: str, limit: int) -> list[Any]:
    """Return the rows of all pages of a list."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        answer = desk.http.get(path, params={"limit": limit, **after})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page[rows]) <= limit
        found += page[rows]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def test_promises_of_bookings_come_in_pages(desk: Office) -> None:
    booked = {
        desk.book(f"key-number-{clock}", when={"depart_at": berlin(f"{DAY}T{clock}")})["code"]
        for clock in ("09:00", "10:00", "11:00", "12:00", "13:00")
    }
    path = f"/api/v1/promises/{DAY}/bookings"
    rows = followed(desk, path, "promises", limit=2)
    assert rows == desk.http.get(path).json()["promises"]
    assert {each["booking"] for each in rows} == booked


def test_refused_requests_come_in_pages_with_the_sums_of_all(desk: Office) -> None:
    for minute in range(5):
        desk.ask(when={"depart_at": berlin(f"{DAY}T21:{minute:02}")})
    rows = followed(desk, "/api/v1/unmet", "rows", limit=2)
    whole = desk.http.get("/api/v1/unmet").json()
    assert (rows, whole["next"]) == (whole["rows"], None)
    assert len(rows) == 5
    first = desk.http.get("/api/v1/unmet", params={"limit": 2}).json()
    assert (first["requests"], first["sums"]) == (5, whole["sums"])


def test_a_page_that_is_not_there_and_a_limit_that_is_none_are_problems(desk: Office) -> None:
    gone = desk.http.get("/api/v1/unmet", params={"after": "nowhere"})
    assert (gone.status_code, gone.json()["code"], gone.json()["field"]) == (
        422,
        "page_gone",
        "after",
    )
    for limit in (0, 1001, "many"):
        assert desk.http.get("/api/v1/unmet", params={"limit": limit}).status_code == 422
