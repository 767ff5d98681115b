"""What the batteries of a simulated day really hold, whatever the plan reckons with.

A vehicle takes what ``region.toml`` says, times what cold and heavy feet make of it; the plan does
not know that factor and learns of it by what drivers read when they begin. So a battery may fall
under its reserve after all: that is counted, and the vehicle drives on.
"""

from dataclasses import dataclass

from scenarios.chance import About, Chance
from scenarios.records import ShiftCharge
from scenarios.scenario import Reality
from shuttle.charging import Battery
from shuttle.region import Region


@dataclass
class _Held:
    """What a battery holds, in kilowatt-hours.

    Attributes
    ----------
    battery, a_metre
        Which, and what it really gives for a metre.
    kwh
        What is in it.
    since
        From when on it is charged; None while the vehicle is out, or stands elsewhere.
    used, charged
        Since the tour began, and before it.
    """

    battery: Battery
    a_metre: float
    kwh: float
    since: int | None = None
    used: float = 0.0
    charged: float = 0.0

    @property
    def percent(self) -> float:
        return 100 * self.kwh / self.battery.kwh


class Batteries:
    """The batteries of all vehicles that have one.

    Parameters
    ----------
    region
        With the fleet.
    chance, reality
        What vehicles take more than is planned.
    """

    def __init__(self, region: Region, chance: Chance, reality: Reality) -> None:
        self._region = region
        self._held: dict[str, _Held] = {}
        numbers = {each.id: n for n, each in enumerate(region.config.vehicles)}
        for vehicle, battery in region.batteries.items():
            factor = reality.consumption
            factor *= chance.factor(reality.consumption_spread, About.CONSUMPTION, numbers[vehicle])
            kwh = battery.kwh * battery.start_percent / 100
            a_metre = factor * battery.kwh_per_100_km / 100_000
            self._held[vehicle] = _Held(battery, a_metre, kwh)

    def begin(self, vehicle: str, now: int) -> int | None:
        """Unplug a vehicle; return what its display shows in per cent, None without a battery."""
        held = self._held.get(vehicle)
        if held is None:
            return None
        held.used = held.charged = 0.0
        if held.since is not None:
            given = held.battery.charging_kw * (now - held.since) / 3600
            held.charged = min(given, held.battery.kwh - held.kwh)
            held.kwh += held.charged
            held.since = None
        return round(min(max(held.percent, 0.0), 100.0))

    def drive(self, vehicle: str, metres: int) -> None:
        """Take what a way takes."""
        held = self._held.get(vehicle)
        if held is not None:
            held.kwh -= metres * held.a_metre
            held.used += metres * held.a_metre

    def end(self, vehicle: str, place: int, now: int) -> ShiftCharge | None:
        """Plug a vehicle in if it is at its depot; return what its tour came to."""
        held = self._held.get(vehicle)
        if held is None:
            return None
        held.since = now if place == self._region.depot_of(vehicle) else None
        under = held.percent < held.battery.reserve_percent
        return ShiftCharge(held.used, held.charged, held.percent, under)
