"""Every figure of a scenario with its name, unit and definition: no figure without one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """What a figure is.

    Attributes
    ----------
    de, en
        Its name.
    unit
        Empty for plain numbers; "%" is printed of a share from 0 to 1.
    meaning
        How it is counted.
    """

    de: str
    en: str
    unit: str
    meaning: str


def _spread(name: str, de: str, en: str, unit: str, meaning: str) -> dict[str, Term]:
    """Return a distribution's three terms: mean, median, and what 95 of 100 do not exceed."""
    return {
        f"{name}_mean": Term(f"{de}, Mittel", f"{en}, mean", unit, meaning),
        f"{name}_p50": Term(f"{de}, Median", f"{en}, median", unit, f"Half have less: {meaning}"),
        f"{name}_p95": Term(f"{de}, 95 %", f"{en}, 95 %", unit, f"95 of 100 have less: {meaning}"),
    }


GLOSSARY: dict[str, Term] = {
    "requests": Term("Anfragen je Tag", "requests a day", "", "Wishes put to the service; a way "
                     "back is not asked for by whoever did not get there."),
    "served": Term("Fahrten je Tag", "rides a day", "", "Bookings that were driven to the end."),
    "passengers": Term("Fahrgäste je Tag", "passengers a day", "", "People in the rides."),
    "served_share": Term("bedient", "served", "%", "Rides divided by requests."),
    "refused_share": Term("abgelehnt", "refused", "%", "Requests without an offer at the wanted "
                          "time that took no other time either, divided by requests."),
    "declined_share": Term("ausgeschlagen", "declined", "%", "Requests with offers of which none "
                           "was taken, divided by requests."),
    "called_off_share": Term("storniert", "called off", "%", "Bookings given up by their owners, "
                             "divided by requests."),
    "no_show_share": Term("nicht erschienen", "no-shows", "%", "Bookings nobody came for, divided "
                          "by requests."),
    "moved_share": Term("zu anderer Zeit", "at another time", "%", "Rides that took another time "
                        "after a refusal, divided by rides."),
    **_spread("waiting", "Wartezeit", "waiting", "min",
              "from the begin of the promised window to getting on."),
    **_spread("riding", "Fahrzeit", "on board", "min", "from getting on to getting off."),
    **_spread("detour", "Umwegfaktor", "detour factor", "",
              "time on board divided by the drive without others."),
    **_spread("walking", "Fußweg", "walking", "m", "both walks of a ride together."),
    "kept_rate": Term("Versprechen gehalten", "promises kept", "%", "Promises kept divided by "
                      "those with a verdict: the window, the latest drop-off, the longest ride."),
    "passengers_per_booking": Term("Fahrgäste je Buchung", "passengers a booking", "",
                                   "Pooling, first figure: people divided by rides."),
    "bookings_on_board": Term("Buchungen an Bord", "bookings on board", "", "Pooling, second "
                              "figure: bookings times kilometres, divided by occupied kilometres."),
    "shared_share": Term("geteilte Fahrten", "shared rides", "%", "Pooling, third figure: rides "
                         "with another booking on board on the way, divided by rides."),
    "km": Term("Kilometer je Tag", "kilometres a day", "km", "All vehicles, from depot to depot."),
    "km_empty": Term("leere Kilometer", "empty kilometres", "km", "Nobody on board."),
    "km_occupied": Term("besetzte Kilometer", "occupied kilometres", "km", "Somebody on board."),
    "empty_share": Term("Leerfahrtanteil", "share of empty kilometres", "%",
                        "Empty kilometres divided by all."),
    "hours": Term("Fahrzeugstunden", "vehicle hours a day", "h", "Drivers' working time."),
    "breakdowns": Term("Ausfälle je Tag", "breakdowns a day", "",
                       "By chance, on duty; trouble that the scenario names is not counted."),
    "hours_empty": Term("leere Fahrstunden", "hours driven empty", "h",
                        "Driving, nobody on board."),
    "hours_occupied": Term("besetzte Fahrstunden", "hours driven occupied", "h",
                           "Driving, somebody on board."),
    "km_a_ride": Term("Kilometer je Fahrt", "kilometres a ride", "km",
                      "All kilometres divided by rides."),
    "rides_an_hour": Term("Fahrten je Fahrzeugstunde", "rides a vehicle hour", "",
                          "Rides divided by vehicle hours."),
    "passengers_an_hour": Term("Fahrgäste je Fahrzeugstunde", "passengers a vehicle hour", "",
                               "Passengers divided by vehicle hours."),
    "kwh": Term("Strom je Tag", "electricity a day", "kWh",
                "Kilometres of electric vehicles times what they take."),
    "kwh_charged": Term("zwischendurch geladen", "charged in between", "kWh",
                        "A day, at the depot between two tours; nights are not counted."),
    "lowest_charge": Term("tiefster Ladestand", "lowest charge", "%",
                          "The least of all batteries on all days, in whole per cents."),
    "under_reserve": Term("Touren unter der Reserve", "tours under the reserve", "",
                          "A day: the battery held less at the end than the plan keeps back, since "
                          "the vehicle took more than planned."),
    "litres": Term("Kraftstoff je Tag", "fuel a day", "l",
                   "Kilometres of the other vehicles times what they take."),
    "co2": Term("CO₂ je Tag", "CO₂ a day", "kg", "Electricity and fuel times what they emit."),
    "co2_by_car": Term("CO₂ derselben Fahrten im Pkw", "CO₂ of the same rides by car", "kg",
                       "Direct kilometres of the rides, a car each, times what a car emits."),
    "cost": Term("Kosten je Tag", "cost a day", "€",
                 "Vehicle hours, kilometres and vehicle days by the scenario's cost table."),
    "fares": Term("Fahrgeld je Tag", "fares a day", "€", "By the region's tariff, of rides."),
    "cost_a_ride": Term("Kosten je Fahrt", "cost a ride", "€", "Cost divided by rides."),
    "subsidy": Term("Zuschuss je Fahrgast", "subsidy a passenger", "€",
                    "Cost less fares, divided by passengers."),
    "served_share_wheelchair": Term("bedient, Rollstuhl", "served, wheelchair", "%",
                                    "The served share of parties with a wheelchair."),
    "served_share_child_seat": Term("bedient, Kindersitz", "served, child seat", "%",
                                    "The served share of parties with a child seat."),
    "served_share_three_and_more": Term("bedient, drei und mehr", "served, three and more", "%",
                                        "The served share of other parties of three and more."),
    "served_share_one_or_two": Term("bedient, eine oder zwei", "served, one or two", "%",
                                    "The served share of all others."),
    "spread": Term("Abstand der Gruppen", "spread between groups", "%",
                   "Largest less smallest served share of groups with at least one request."),
}  # fmt: skip
"""In the order of printing."""


def shown(name: str, value: float) -> str:
    """Return a value of a figure as people read it."""
    if GLOSSARY[name].unit == "%":
        return f"{100 * value:.1f} %"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    unit = GLOSSARY[name].unit
    return f"{value:,.{digits}f} {unit}".rstrip()
