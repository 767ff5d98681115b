"""What a driver calls people: no more of the name than that needs."""

_TITLES = frozenset({"frau", "herr", "familie", "fam.", "fru", "hr.", "dr.", "mrs", "mr", "ms"})


def first_name(name: str) -> str:
    """Return the first name; of "Frau Petersen", where there is none, all of it."""
    family, comma, first = name.partition(",")
    words = (first if comma and first.strip() else family).split()
    if not words:
        return ""
    known = next((k for k, word in enumerate(words) if word.casefold() not in _TITLES), 0)
    return " ".join(words[: known + 1])
