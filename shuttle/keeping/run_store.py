"""The planner's runs in the database, and what they taught."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from shuttle.keeping.database import table_of
from shuttle.keeping.planning_tables import CalibrationRow, PlanningRunRow
from shuttle.open_data.durations import SafeDuration
from shuttle.open_data.waiting import ExpectedWaiting
from shuttle.planning.calibrating import Calibration
from shuttle.planning.runs import Run, RunState, UnknownRun

Transaction = Callable[[], AbstractContextManager[Connection]]

_RUN, _CALIBRATION = table_of(PlanningRunRow), table_of(CalibrationRow)


class RunStore:
    """Keeps the runs of one region.

    Parameters
    ----------
    region
        The region's id.
    reading, writing
        Begin a transaction on the store's database.
    mark
        Returns what stays the same as long as nothing is written.
    """

    def __init__(
        self,
        region: str,
        reading: Transaction,
        writing: Transaction,
        mark: Callable[[], object],
    ) -> None:
        self._region, self._reading, self._writing = region, reading, writing
        self.mark = mark

    def add(self, run: Run) -> Run:
        """Keep a new run; return it with its number."""
        row = {**asdict(run), "region": self._region}
        del row["number"]
        with self._writing() as connection:
            made = connection.execute(sa.insert(_RUN), row).inserted_primary_key
        assert made is not None
        return replace(run, number=made[0])

    def run(self, number: int) -> Run:
        """Return a run; UnknownRun if there is none."""
        query = sa.select(_RUN).where(_RUN.c.region == self._region, _RUN.c.number == number)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownRun(number)
        return _run(row)

    def runs(self, *states: RunState) -> tuple[Run, ...]:
        """Return the runs in some states, or all, those that were made first in front."""
        query = sa.select(_RUN).where(_RUN.c.region == self._region).order_by(_RUN.c.number)
        if states:
            query = query.where(_RUN.c.state.in_(states))
        with self._reading() as connection:
            return tuple(_run(row) for row in connection.execute(query).mappings())

    def move(self, before: Run, after: Run) -> bool:
        """Replace a run if it still is as it was; of two that try, one succeeds."""
        same = (
            _RUN.c.region == self._region,
            _RUN.c.number == before.number,
            _RUN.c.state == before.state,
            _RUN.c.attempt == before.attempt,
        )
        with self._writing() as connection:
            moved = connection.execute(sa.update(_RUN).where(*same).values(asdict(after)))
            return moved.rowcount == 1

    def remove(self, number: int) -> None:
        """Forget a run."""
        own = (_RUN.c.region == self._region, _RUN.c.number == number)
        with self._writing() as connection:
            connection.execute(sa.delete(_RUN).where(*own))

    def calibration(self) -> Calibration | None:
        """Return how long rides take by simulation, None if nobody wrote it back."""
        query = sa.select(_CALIBRATION).where(_CALIBRATION.c.region == self._region)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        safe = SafeDuration(row["factor"], row["offset"])
        waiting = ExpectedWaiting.read(row["waiting"])
        return Calibration(row["run"], row["title"], safe, row["rides"], row["made_at"], waiting)

    def calibrate(self, found: Calibration | None) -> None:
        """Replace how long rides take by simulation; None forgets it."""
        with self._writing() as connection:
            own = _CALIBRATION.c.region == self._region
            connection.execute(sa.delete(_CALIBRATION).where(own))
            if found is not None:
                row = {
                    "region": self._region,
                    "run": found.run,
                    "title": found.title,
                    **asdict(found.safe),
                    "rides": found.rides,
                    "made_at": found.made_at,
                    "waiting": found.waiting.text(),
                }
                connection.execute(sa.insert(_CALIBRATION), row)


def _run(row: sa.RowMapping) -> Run:
    values = {name: row[name] for name in row if name != "region"}
    return Run(**{**values, "state": RunState(row["state"])})
