"""What is sent and got to change a booking, and to book a return ride with the outward one."""

from typing import Self

from pydantic import BaseModel, Field

from api.contacts import ContactWire
from api.schemas import BookingOut, OfferToken, PartyWire, Place
from api.staff.trouble_schemas import ShiftId
from api.times import RideTime, Wire
from shuttle.domain import Offer, RideRequest
from shuttle.region import Region


class ChangeRequest(Wire):
    """Take an offer in the place of a booking."""

    offer: OfferToken
    shift: ShiftId | None = Field(
        default=None,
        description="Whose tour is to carry it, if it fits there. Heeded from dispatchers alone.",
        examples=["bus-1@06:00"],
    )


class ReturnWish(Wire):
    """The way back: when; and what differs from the outward ride turned round."""

    when: RideTime
    origin: Place | None = Field(default=None, alias="from")
    to: Place | None = None
    party: PartyWire | None = None

    def ride_request(self, region: Region, outward: Offer) -> RideRequest:
        """Return the request of the domain; RequestError if a place or hour does not exist."""
        there = outward.request
        return self.when.request(
            region,
            origin=self.origin.locate(region, "return.from") if self.origin else there.destination,
            destination=self.to.locate(region, "return.to") if self.to else there.origin,
            party=self.party.party() if self.party else there.party,
            field="return.when",
        )


class ReturnRequest(Wire):
    """Ask for a way back that fits with an outward offer."""

    outward: OfferToken
    back: ReturnWish = Field(alias="return")


class BothRequest(Wire):
    """Confirm an outward ride and its return."""

    outward: OfferToken
    back: OfferToken = Field(alias="return")
    contact: ContactWire | None = None


class BothOut(BaseModel):
    """Both rides; each can be changed or cancelled by itself."""

    outward: BookingOut
    back: BookingOut = Field(serialization_alias="return")

    @classmethod
    def of(cls, outward: BookingOut, back: BookingOut) -> Self:
        """Return both."""
        return cls(outward=outward, back=back)
