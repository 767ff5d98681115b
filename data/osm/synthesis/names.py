"""Names: of hamlets, streets and country roads, as they sound in Angeln; all invented but plain."""

from collections.abc import Iterator
from itertools import product

import numpy as np

ADJECTIVES = {
    "Süderbrarup": "Süderbraruper", "Boren": "Borener", "Mohrkirch": "Mohrkircher",
    "Steinfeld": "Steinfelder", "Böel": "Böeler", "Ulsnis": "Ulsnisser",
    "Norderbrarup": "Norderbraruper", "Scheggerott": "Scheggerotter", "Loit": "Loiter",
    "Rügge": "Rügger", "Wagersrott": "Wagersrotter", "Saustrup": "Saustruper",
    "Nottfeld": "Nottfelder", "Ekenis": "Ekeniser", "Kiesby": "Kiesbyer", "Brebel": "Brebeler",
    "Dollrottfeld": "Dollrottfelder", "Lindaunis": "Lindaunisser",
    "Kappeln": "Kappelner", "Rabenkirchen": "Rabenkirchener", "Faulück": "Faulücker",
    "Oersberg": "Oersberger", "Stoltebüll": "Stoltebüller",
    "Esgrus": "Esgruser", "Sterup": "Steruper", "Sörup": "Söruper",
    "Schnarup-Thumby": "Thumbyer", "Struxdorf": "Struxdorfer", "Twedt": "Twedter",
    "Taarstedt": "Taarstedter", "Goltoft": "Goltofter", "Missunde": "Missunder",
    "Rieseby": "Riesebyer", "Schleswig": "Schleswiger", "Eckernförde": "Eckernförder",
    "Flensburg": "Flensburger",
}  # fmt: skip
"""What a street is called that leads to a place."""

MAIN_STREETS = ("Dorfstraße", "Hauptstraße", "Lindenallee", "Große Straße")

VILLAGE_STREETS = (
    "Mühlenweg", "Schulstraße", "Zum Pastorat", "Kirchenweg", "Norderstraße", "Süderstraße",
    "Osterstraße", "Westerstraße", "Am Sportplatz", "Am Teich", "Wiesenweg", "Feldstraße",
    "Birkenweg", "Lindenweg", "Am Gutshof", "Meiereiweg", "Schmiedestraße", "Zur Au", "Hökerberg",
    "Amselweg", "Eichenweg", "Gartenweg", "Holmweg", "Moorweg", "Alte Landstraße", "Bergstraße",
    "Neuer Weg", "Knickweg", "Zum Dorfteich", "Rosenweg", "Buchenring", "Schwalbenweg", "Koppelweg",
    "Am Hang", "Bäckerstraße", "Dreiangel", "Kastanienweg", "Steinkamp", "Norderfeld", "Süderfeld",
    "Heckenweg", "Lerchenweg", "Osterkoppel", "Wiedüppel", "Toft", "Am Anger", "Reiherweg",
)  # fmt: skip

TOWN_STREETS = (
    "Bahnhofstraße", "Mühlenstraße", "Teichstraße", "Holmer Straße", "Raiffeisenstraße",
    "Schulstraße", "Marktstraße", "Königstraße", "Norderstraße", "Süderstraße", "Große Straße",
    "Bismarckstraße", "Goethestraße", "Schillerstraße", "Theodor-Storm-Straße", "Hebbelstraße",
    "Klaus-Groth-Straße", "Matthias-Claudius-Weg", "Emil-Nolde-Straße", "Fritz-Reuter-Weg",
    "Jacobiring", "Am Thorsberger Moor", "Moorweg", "Am Markt", "Am Bahnhof", "Gartenstraße",
    "Ahornweg", "Birkenweg", "Buchenweg", "Eichenweg", "Erlenweg", "Eschenweg", "Fliederweg",
    "Haselweg", "Kastanienweg", "Kiefernweg", "Lindenweg", "Pappelweg", "Tannenweg", "Ulmenweg",
    "Weidenweg", "Schlehenweg", "Holunderweg", "Ginsterweg", "Rosenweg", "Asternweg", "Dahlienweg",
    "Tulpenweg", "Nelkenweg", "Heideweg", "Amselweg", "Drosselweg", "Finkenweg", "Lerchenweg",
    "Meisenweg", "Schwalbenweg", "Starenweg", "Zeisigweg", "Kiebitzweg", "Möwenweg", "Reiherweg",
    "Storchenweg", "Habichtweg", "Bussardweg", "Falkenweg", "Rotkehlchenweg", "Angelner Weg",
    "Schleiweg", "Ostseering", "Fördestraße", "Danziger Straße", "Königsberger Straße",
    "Stettiner Straße", "Breslauer Straße", "Pommernweg", "Ostpreußenring", "Kolberger Straße",
    "Feldstraße", "Wiesengrund", "Koppelheck", "Knickweg", "Achtern Diek", "Op de Loh", "Ossenweg",
    "Schatzkamp", "Mühlenholz", "Südangeln-Ring", "Nordring", "Ziegeleiweg", "Meiereistraße",
    "Industriestraße", "Gewerbestraße", "Am Sportplatz", "Jahnstraße", "Schützenstraße",
    "Bergstraße", "Hügelweg", "Am Wasserturm", "Kirchenstraße", "Pastoratsweg", "Propsteiweg",
    "Küsterweg", "Alte Schulstraße", "Brunnenweg", "Neue Straße", "Kurze Straße", "Lange Reihe",
    "Westerkoppel", "Osterkoppel", "Norderkoppel", "Süderkoppel", "Steenkamp", "Sandkamp",
    "Heidkamp", "Grönkamp", "Rapsweg", "Gerstenweg", "Haferweg", "Roggenweg", "Weizenkamp",
    "Kleeweg", "Distelweg", "Mohnweg", "Kornblumenweg", "Wikingerring", "Thorweg", "Odinweg",
    "Runenweg", "Hügelgrab", "Am Urnenfeld", "Jütenweg", "Sachsenweg", "Angelbogen",
)  # fmt: skip

STEMS = (
    "Arn", "Bögel", "Dam", "Eller", "Flint", "Gamme", "Grim", "Hader", "Have", "Hasel", "Jörl",
    "Kalle", "Kolle", "Lang", "Made", "Norder", "Oster", "Wester", "Süder", "Rade", "Rave", "Skov",
    "Steen", "Sur", "Thor", "Top", "Ulve", "Watt", "Wiede", "Birke", "Brun", "Fris", "Hest",
    "Kraven", "Marke", "Pug", "Quast", "Schold", "Tram", "Vogel",
)  # fmt: skip
ENDINGS = (
    "toft", "lund", "holz", "feld", "rott", "gaard", "kjer", "moor", "hof", "schau", "kamp", "lück",
    "mühle", "heck", "balle", "watt", "raade", "koppel",
)  # fmt: skip


def hamlet_names(rng: np.random.Generator) -> Iterator[str]:
    """Make names of hamlets and lanes, each once."""
    names = [stem + ending for stem, ending in product(STEMS, ENDINGS)]
    return iter([names[i] for i in rng.permutation(len(names))])


def street_names(rng: np.random.Generator, rank: str) -> Iterator[str]:
    """Shuffle the street names of a settlement; in a town the first few stay near the centre."""
    if rank != "town":
        return iter([VILLAGE_STREETS[i] for i in rng.permutation(len(VILLAGE_STREETS))])
    rest = [TOWN_STREETS[11:][i] for i in rng.permutation(len(TOWN_STREETS) - 11)]
    return iter([*TOWN_STREETS[:11], *rest])
