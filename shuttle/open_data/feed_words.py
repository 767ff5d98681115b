"""The few words of feeds in the languages of their readers."""

from dataclasses import dataclass
from typing import Literal, get_args

FeedLanguage = Literal["de", "en", "da"]

FEED_LANGUAGES: tuple[FeedLanguage, ...] = get_args(FeedLanguage)

TRANSLATED_TO: tuple[FeedLanguage, ...] = ("en", "da")
"""The feed itself is in German; stops have no other names."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text in all languages."""

    de: str
    en: str
    da: str

    def said(self, language: FeedLanguage, place: str) -> str:
        """Return the text in a language; ``{place}`` in it is a stop or the region."""
        text: str = getattr(self, language)
        return text.format(place=place)


ROUTE = Words(
    de="Kleinbus auf Bestellung im {place}: ohne Fahrplan, von Haltestelle zu Haltestelle.",
    en="Minibus on demand in {place}: no timetable, from stop to stop.",
    da="Minibus efter behov i {place}: uden køreplan, fra stoppested til stoppested.",
)

GROUP = Words(
    de="Alle Haltestellen im {place}",
    en="All stops in {place}",
    da="Alle stoppesteder i {place}",
)

MESSAGE = Words(
    de="Bitte vorher buchen, im Netz oder telefonisch. Sie bekommen ein festes Zeitfenster "
    "für die Abholung.",
    en="Please book beforehand, online or by phone. You are promised a time window for your "
    "pickup.",
    da="Bestil venligst på forhånd, på nettet eller pr. telefon. Du får lovet et tidsrum for "
    "afhentningen.",
)

STOP_CLOSED = Words(
    de="Haltestelle {place} gesperrt",
    en="Stop {place} closed",
    da="Stoppestedet {place} er lukket",
)

ROAD_CLOSED = Words(
    de="Straße nahe {place} gesperrt: Fahrten dort dauern länger",
    en="Road near {place} closed: rides there take longer",
    da="Vej nær {place} er spærret: ture der tager længere tid",
)

VEHICLE_OUT = Words(
    de="Ein Fahrzeug fällt aus: es fahren weniger Busse als sonst",
    en="A vehicle is out of service: fewer buses run than usual",
    da="Et køretøj er ude af drift: der kører færre busser end normalt",
)

SLOWER = Words(
    de="Alle Fahrten dauern länger als sonst",
    en="All rides take longer than usual",
    da="Alle ture tager længere tid end normalt",
)
