"""A booking whose owner is told, and senders to the servers of :mod:`tests.receivers`."""

from collections.abc import Mapping
from dataclasses import replace

from shuttle.domain import Channel, Contact
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.store import ContactRecord, Store
from shuttle.telling.carriers import Carrier
from shuttle.telling.delivery import Delivery
from shuttle.telling.mail import Mail
from shuttle.telling.notices import Notice, NoticeKind
from shuttle.telling.outbox import Entry
from shuttle.telling.sms import Sms
from shuttle.telling.sms_template import SmsTemplate
from tests.receivers import PATIENT, Gateway, Letterbox
from tests.test_stores import BOOKING, CHANGE, DAY

KEYED = Keyed(b"k" * 32)
NOW = BOOKING.booked_at
BY_MAIL = Contact("Frau Petersen", "", "petersen@example.org", Channel.EMAIL, "de")
BY_SMS = Contact("Frau Petersen", "+494641123", "", Channel.SMS, "de")
NOTICE = Notice("ABCD2345", NoticeKind.BOOKED, NOW, BOOKING.ride.promise.dropoff_latest)


def mail(letterbox: Letterbox, timeout: float = PATIENT) -> Mail:
    return Mail(
        host="127.0.0.1",
        port=letterbox.port,
        security="none",
        sender="bus@toy-town.example",
        sender_name="Toy Town",
        reply_to="amt@toy-town.example",
        timeout=timeout,
    )


def sms(gateway: Gateway, **changes: object) -> Sms:
    fields = {
        "url": f"{gateway.url}/sms",
        "headers": {"Content-Type": "application/json", "Authorization": "Bearer {secret}"},
        "body": '{"to": "{to}", "text": "{text}", "reference": "{id}"}',
        "timeout_seconds": PATIENT,
        **changes,
    }
    return Sms(SmsTemplate.model_validate(fields), "se-cret")


def delivery(region: Region, store: Store, carriers: Mapping[Channel, Carrier]) -> Delivery:
    return Delivery(region, store, KEYED, carriers, "https://bus.example")


def by_mail(
    region: Region, store: Store, letterbox: Letterbox, timeout: float = PATIENT
) -> Delivery:
    return delivery(region, store, {Channel.EMAIL: mail(letterbox, timeout)})


def keep(store: Store, contact: Contact | None, *notices: Notice) -> None:
    """Put a booking, whom it belongs to, and notices about it into a store, in one change."""
    contacts = () if contact is None else (ContactRecord("ABCD2345", contact, "f" * 32),)
    store.commit(replace(CHANGE, contacts=contacts, notices=notices or (NOTICE,)))


def entry(store: Store) -> Entry:
    (only,) = store.outbox.entries(DAY)
    return only
