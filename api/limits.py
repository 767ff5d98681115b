"""Whom a rate limit counts: the client's address prefix, a partner, everybody together.

An address is never kept: only a keyed print of its prefix, in memory. An IPv4 /24 or an IPv6 /56 is
about one household or one small network. Requests of this machine itself, and of a proxy on it
that was not declared with ``SHUTTLE_TRUSTED_PROXIES``, are counted in total only: one prefix would
stand for everybody.
"""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Literal

from fastapi import Depends, Request

from api.security import CallerHere
from api.service import Service, ServiceHere
from shuttle.domain import Contact
from shuttle.people.accounts import Scope
from shuttle.people.rate_limits import Limit

_BY_PREFIX: dict[str, tuple[Limit, Limit, Limit]] = {
    "offers": ("offers_by_address", "offers_by_partner", "offers_in_total"),
    "bookings": ("bookings_by_address", "bookings_by_partner", "bookings_in_total"),
}


class Limited:
    """A dependency: takes one of what the caller may have of something, or raises.

    A partner whose key has the scope of that name is counted under its own name.
    """

    def __init__(self, what: Literal["offers", "bookings"]) -> None:
        self._scope = Scope(what)
        self._by_address, self._by_partner, self._in_total = _BY_PREFIX[what]

    async def __call__(self, request: Request, service: ServiceHere, caller: CallerHere) -> None:
        """Raise TooManyRequests if there is none left."""
        now = service.clock()
        if self._scope in caller.scopes:
            service.limiter.take(self._by_partner, caller.name, now)
        else:
            take_by_address(service, self._by_address, client_print(request, service), now)
        service.limiter.take(self._in_total, "", now)


def take_by_address(service: Service, limit: Limit, client: str | None, now: int) -> None:
    """Take one from the bucket of an address prefix, if there is one."""
    if client is not None:
        service.limiter.take(limit, client, now)


def take_by_phone(service: Service, contact: Contact | None) -> None:
    """Take one booking, repeat or place on the list from the bucket of a phone number."""
    if contact is not None and contact.phone:
        whose = service.dispatcher.keyed.phone(contact.phone)
        service.limiter.take("bookings_by_phone", whose, service.clock())


def client_print(request: Request, service: ServiceHere) -> str | None:
    """Return the keyed print of the client's address prefix; None for this machine itself."""
    prefix = None if request.client is None else address_prefix(request.client.host)
    return None if prefix is None else service.dispatcher.keyed.client(prefix)


ClientPrint = Annotated[str | None, Depends(client_print)]


def address_prefix(host: str) -> str | None:
    """Return the network that an address is counted by; None for loopback and what is no address.

    Examples
    --------
    >>> address_prefix("192.0.2.77"), address_prefix("2001:db8:1:2ff::5")
    ('192.0.2.0/24', '2001:db8:1:200::/56')
    """
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return None
    return str(ip_network((int(address), 24 if address.version == 4 else 56), strict=False))
