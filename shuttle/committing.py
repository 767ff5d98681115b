"""What is stored of an act: its outcome as one change, with all that residents are told of it."""

from typing import Any

from shuttle.acts import Outcome
from shuttle.domain import Booking, Contact
from shuttle.keeping.records import record_of
from shuttle.keyed import Keyed
from shuttle.store import Change, ContactRecord, Store, owner_of
from shuttle.telling.notices import Notice, notices_of
from shuttle.telling.webhooks import webhooks_of


def change_of(outcome: Outcome[Any], expected: int, store: Store, keyed: Keyed, now: int) -> Change:
    """Return an outcome as a store takes it.

    Parameters
    ----------
    outcome
        Of an act.
    expected
        The revision at which the day has to be.
    store
        Knows whom older bookings belong to.
    keyed
        Gives phone numbers their pseudonyms.
    now
        Epoch seconds.
    """
    after = outcome.plan
    moved = sorted(outcome.planned | outcome.happened)
    return Change(
        after.day,
        expected,
        bookings=outcome.bookings,
        tours=tuple(record_of(after.tours[number]) for number in moved),
        events=outcome.events,
        receipt=outcome.receipt,
        contacts=tuple(_record(code, each, keyed) for code, each in outcome.contacts.items()),
        reports=outcome.reports,
        alternative=outcome.alternative,
        instances=outcome.instances,
        waiting=outcome.waiting,
        notices=_notices(outcome, store),
        conditions=outcome.conditions,
        time=now,
    )


def _notices(outcome: Outcome[Any], store: Store) -> tuple[Notice, ...]:
    changed = {each.code: each for each in outcome.bookings}

    def booking_of(code: str) -> Booking | None:
        return changed.get(code) or outcome.plan.bookings.get(code)

    def contact_of(code: str) -> Contact | None:
        return outcome.contacts.get(code) or owner_of(store, code)

    return (
        *outcome.notices,
        *notices_of(outcome.events, booking_of, contact_of),
        *webhooks_of(outcome.events, booking_of, store.partners()),
    )


def _record(code: str, contact: Contact, keyed: Keyed) -> ContactRecord:
    return ContactRecord(code, contact, keyed.phone(contact.phone) if contact.phone else "")
