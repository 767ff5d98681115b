"""What people call the things on a map: "Kita" and "Kindergarten" are the same door."""

from routing.map_features import Feature

SAID = {
    "station": ("Bahnhof", "Zug", "Bahn", "Haltepunkt"),
    "bus_stop": ("Bushaltestelle", "Haltestelle"),
    "school": ("Schule", "Grundschule", "Gemeinschaftsschule"),
    "kindergarten": ("Kindergarten", "Kita", "Kindertagesstätte", "Krippe"),
    "doctor": ("Arztpraxis", "Arzt", "Ärztin", "Hausarzt", "Praxis", "Doktor"),
    "dentist": ("Zahnarztpraxis", "Zahnarzt", "Zahnärztin"),
    "physiotherapist": ("Physiotherapie", "Krankengymnastik"),
    "pharmacy": ("Apotheke",),
    "hospital": ("Krankenhaus", "Klinik"),
    "care": ("Pflegeheim", "Seniorenheim", "Altenheim", "Tagespflege"),
    "townhall": ("Rathaus", "Amt", "Amtsverwaltung", "Gemeindeverwaltung", "Bürgerbüro"),
    "hall": ("Gemeindehaus", "Dorfgemeinschaftshaus", "Bürgerhaus", "Dorfhaus"),
    "worship": ("Kirche",),
    "restaurant": ("Gasthof", "Restaurant", "Gaststätte", "Wirtschaft"),
    "cafe": ("Café",),
    "fast_food": ("Imbiss",),
    "pub": ("Kneipe", "Gasthof", "Gaststätte"),
    "lodging": ("Unterkunft", "Hotel", "Pension"),
    "bank": ("Bank", "Sparkasse", "Geldautomat"),
    "post": ("Post", "Postfiliale"),
    "library": ("Bücherei", "Bibliothek"),
    "sport": ("Sportplatz", "Sporthalle", "Turnhalle"),
    "fire_station": ("Feuerwehr",),
    "cemetery": ("Friedhof",),
    "supermarket": ("Supermarkt", "Einkaufen", "Lebensmittel"),
    "convenience": ("Dorfladen", "Laden"),
    "farm": ("Hofladen",),
    "bakery": ("Bäckerei", "Bäcker"),
    "butcher": ("Fleischerei", "Metzger", "Fleischer", "Schlachter"),
    "hairdresser": ("Friseur",),
    "chemist": ("Drogerie",),
}
"""By the kind of a feature, or by its rank where that says more: what a shop sells. The first is
the title of a feature without a name.
"""


def words_for(feature: Feature) -> tuple[str, ...]:
    """Return what people call a feature besides its name."""
    if feature.kind == "place":
        return ()
    return SAID.get(feature.rank) or SAID.get(feature.kind, ())


def title_of(feature: Feature) -> str:
    """Return what a feature is called; without a name what it is; else an empty string."""
    if feature.kind == "station" and "bahnhof" not in feature.name.casefold():
        return f"Bahnhof {feature.name}".strip()
    if feature.kind == "doctor" and feature.name.startswith("Dr"):
        return f"Praxis {feature.name}"
    return feature.name or next(iter(words_for(feature)), "")
