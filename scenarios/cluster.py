"""A sweep on a Dask cluster: the same runs, on the workers of several machines.

Workers need this project at the same version, and the scenario's file and region at the same path.
What a run came to travels back and is kept by whoever started the sweep, so no folder is shared.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scenarios.measures import Repetition
from scenarios.scenario import ScenarioError
from scenarios.sweep import Failure, Job, done, keep

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10
"""Seconds that the scheduler is waited for."""


def swept_on(scheduler: str, jobs: Sequence[Job]) -> Iterator[Repetition | Failure]:
    """Do runs on a cluster; yield what each came to, in the order in which they end.

    What a worker that dies had under way, the scheduler gives to another one.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://10.0.0.5:8786``.
    jobs
        Runs that have not been done.

    Raises
    ------
    ScenarioError
        If ``distributed`` is not installed, or no scheduler answers.
    """
    with _client(scheduler) as client:
        from distributed import as_completed

        job_of = {client.submit(done, job, pure=False): job for job in jobs}
        for future in as_completed(list(job_of), raise_errors=False):
            job = job_of.pop(future)
            error = future.exception()
            if error is not None:
                yield Failure(job, f"{type(error).__name__}: {error}")
            else:
                yield keep(job, future.result())


def _client(scheduler: str) -> "Client":
    try:
        from distributed import Client
    except ImportError as error:
        raise ScenarioError(
            "--scheduler needs Dask; install it with uv sync --extra cluster."
        ) from error
    try:
        return Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise ScenarioError(
            f"No Dask scheduler answers at {scheduler}; start one with dask scheduler, and workers "
            "with dask worker, and give its address such as tcp://10.0.0.5:8786."
        ) from error
