"""Long lists in pages: so many rows, and the name of the place where the next page begins.

A place is the name of the last row that was told, so that rows which come in meanwhile neither
repeat nor leave out any.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import Field

from shuttle.errors import RequestError

T = TypeVar("T")

MOST_ROWS = 1000

Next = Annotated[
    str | None,
    Field(description="Send it as `after` for the next page; None if this is the last one."),
]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for.

    Attributes
    ----------
    limit
        So many rows at most.
    after
        The name of the last row of the page before; empty for the first page.
    """

    limit: int
    after: str

    def page(self, rows: Sequence[T], name: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
        """Return the rows of the page, and where the next one begins.

        Parameters
        ----------
        rows
            All, in their order.
        name
            Tells the rows apart, now and later.

        Raises
        ------
        RequestError
            If the row that `after` names is not there.
        """
        begin = 0
        if self.after:
            names = [name(each) for each in rows]
            if self.after not in names:
                raise RequestError("page_gone", "after", "There is no such page; begin anew.")
            begin = names.index(self.after) + 1
        end = begin + self.limit
        return rows[begin:end], name(rows[end - 1]) if end < len(rows) else None


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows on a page.")] = MOST_ROWS,
    after: Annotated[
        str, Query(max_length=64, description="`next` of the page before; without, the first one.")
    ] = "",
) -> Paging:
    return Paging(limit, after)


PagingHere = Annotated[Paging, Depends(_paging)]
"""An endpoint's parameter: which page is asked for."""
