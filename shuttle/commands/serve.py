"""``shuttle serve``: one region or several, each with a dispatcher of its own, in one process."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from shuttle.commands.serving import address, listen, serve_until_signalled
from shuttle.commands.start_up import compile_search, load_region
from shuttle.commands.whole_service import WholeService, whole_service
from shuttle.errors import RegionError, ShuttleError
from shuttle.improving.solver_process import SolverProcess
from shuttle.keeping.sql_store import SqlStore
from shuttle.logs import RequestLog, configure_logs
from shuttle.neighbours import beside_each_other
from shuttle.planning.workbench import Scenarios
from shuttle.region import Region
from shuttle.settings import Settings
from shuttle.telling.channels import told_of

_Given = TypeVar("_Given")
_Built = TypeVar("_Built")


@dataclass(frozen=True, slots=True)
class Faces:
    """What the service does not know, and the front door hands in.

    Attributes
    ----------
    create_app
        ``api.app.create_app``.
    front
        ``api.front.front``: one application from those of several regions.
    scenarios
        Gives what planners ask, of a region and its store.
    """

    create_app: Callable[..., Any]
    front: Callable[[Mapping[str, Any], str], Any]
    scenarios: Callable[[SqlStore, Region], Scenarios]


def serve_regions(
    folders: Sequence[Path], settings: Settings, faces: Faces, console: Console, *, improve: bool
) -> None:
    """Serve regions until a signal comes.

    Of several, those that cannot be served are told of, and the others are served.

    Raises
    ------
    ShuttleError
        If none can be served.
    """
    configure_logs(settings.log_format)
    several = len(folders) > 1
    if several:
        settings = settings.for_several()
    with listen(settings.host, settings.port) as listener, ExitStack() as opened:
        loaded = _each(folders, lambda folder: load_region(folder, console), console)
        _check_ids(loaded)

        def opened_service(region: Region) -> WholeService:
            own = settings.of_region(region.config.id)
            built = whole_service(region, own, faces.create_app, faces.scenarios)
            return opened.enter_context(built)

        services = _each(beside_each_other(loaded), opened_service, console)
        for service in services:
            compile_search(service.dispatcher.region, console)
        for words in dict.fromkeys(told_of(each.channels) for each in services):
            console.print(words)
        web = services[0].web
        if several:
            apps = {each.dispatcher.region.config.id: each.web for each in services}
            web = faces.front(apps, settings.public_url)
            console.print(f"Chosen by the first part of the host name: {', '.join(apps)}")
        # What has been built stays: the collector need not look through it again and again, which
        # takes a hundredth of a second for each region, and holds up every thread.
        gc.collect()
        gc.freeze()
        names = ", ".join(each.dispatcher.region.config.name for each in services)
        console.print(f"{names} {_IS[several]} served at {address(listener)}", soft_wrap=True)
        try:
            with _running(services, improve=improve):
                serve_until_signalled(RequestLog(web), listener, settings.trusted_proxies)
        except KeyboardInterrupt:
            console.print("Ended.")


_IS = {False: "is", True: "are"}


def _each(
    given: Sequence[_Given], build: Callable[[_Given], _Built], console: Console
) -> list[_Built]:
    """Build something of each; tell of those of which nothing can be, if others are left."""
    built, errors = [], []
    for each in given:
        try:
            built.append(build(each))
        except ShuttleError as error:
            errors.append(error)
    if not built:
        raise errors[0]
    for failure in errors:
        console.print(f"A region is not served: {failure}", style="red", soft_wrap=True)
    return built


def _check_ids(regions: Sequence[Region]) -> None:
    known: dict[str, Region] = {}
    for region in regions:
        other = known.setdefault(region.config.id, region)
        if other is not region:
            raise RegionError(
                f"{region.folder} and {other.folder} both have the id {region.config.id!r}; "
                "give one of them another."
            )


@contextmanager
def _running(services: Sequence[WholeService], *, improve: bool) -> Iterator[None]:
    """Do what is done beside the pages; one solver's process improves the days of all in turn."""
    with ExitStack() as stack:
        solver = stack.enter_context(closing(SolverProcess())) if improve else None
        for service in services:
            stack.enter_context(service.running(solver))
        yield
