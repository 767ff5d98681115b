"""One region's whole service: all that is built for it, and what runs beside its pages."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.duty import Duty
from shuttle.improving.reoptimiser import improving
from shuttle.improving.solver_process import SolverProcess
from shuttle.keeping.purge import purge
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.people.sign_in import SignIn
from shuttle.planning.workbench import Scenarios, Workbench
from shuttle.region import Region
from shuttle.settings import Settings, database_url, limits_of, runs_path, signing_key
from shuttle.standing.waiting import still_possible
from shuttle.telling.carriers import Carrier
from shuttle.telling.channels import carriers
from shuttle.telling.delivery import Delivery
from shuttle.telling.reminding import Reminder
from shuttle.telling.webhook_sender import WebhookSender
from shuttle.timetables.late_trains import watching_trains


@dataclass(frozen=True, slots=True)
class WholeService:
    """A region that can be served.

    Attributes
    ----------
    web
        Its pages and its API.
    dispatcher
        The one writer of its plan.
    channels
        How its residents can be told.
    duty
        Whether this process does what is to be done once.
    delivery
        Sends what is in its outbox.
    """

    web: Any
    dispatcher: Dispatcher
    channels: Mapping[Channel, Carrier]
    duty: Duty
    delivery: Delivery

    @contextmanager
    def running(self, solver: SolverProcess | None) -> Iterator[None]:
        """Do beside the pages whatever is to be done, while the body runs.

        `solver` makes the days better; None leaves them as they are.
        """
        dispatcher, duty = self.dispatcher, self.duty
        better = (
            nullcontext()
            if solver is None
            else improving(dispatcher, now, on_duty=duty, solver=solver)
        )
        trains = watching_trains(dispatcher, now, duty)
        with duty.running(), self.delivery.running(now, duty), better, trains:
            yield


@contextmanager
def whole_service(
    region: Region,
    settings: Settings,
    create_app: Callable[..., Any],
    scenarios: Callable[[SqlStore, Region], Scenarios],
) -> Iterator[WholeService]:
    """Build a region's service on its database; nothing runs yet.

    Parameters
    ----------
    region
        Loaded.
    settings
        Of this machine, for this region: :meth:`shuttle.settings.Settings.of_region`.
    create_app, scenarios
        Its web face and its simulations, which the service does not know.

    Raises
    ------
    StoreError, SettingsError
        If its database or its key cannot be used.
    """
    url = database_url(settings.database)
    ways, key = carriers(settings, region.config), signing_key(settings, url)
    store, keyed = SqlStore(url, region.config.id), Keyed(key)
    with closing(Dispatcher(region, store, keyed=keyed)) as dispatcher:
        duty = Duty(dispatcher, store.engine, store.word)
        possible = partial(still_possible, dispatcher)
        webhooks = WebhookSender(region.config.id, keyed, private=settings.webhook_private)
        delivery = Delivery(region, store, keyed, ways, settings.public_url, possible, webhooks)
        runs = runs_path(settings, url)
        asked = scenarios(store, region)
        planning = Workbench(region, store.runs, runs, asked, settings.runs_at_once)
        web = create_app(
            dispatcher,
            now,
            key,
            sign_in=SignIn(store.accounts, keyed),
            limits=limits_of(settings),
            every_tick=(Reminder(dispatcher).remind, planning.go_on),
            nightly=lambda time: purge(store.engine, region.config, time),
            channels=ways,
            on_duty=duty,
            planning=planning,
        )
        web.state.public_url = settings.public_url
        yield WholeService(web, dispatcher, ways, duty, delivery)


def now() -> int:
    """Return the time of the real clock, in epoch seconds."""
    return int(time.time())
