"""Refresh the catalogues from the sources: ``python -m api.catalogues``.

New messages come in without a translation, those that are gone go out, and one whose English has
changed a little keeps its translation, marked fuzzy: look at it, mend it, take the mark away. What
is fuzzy is not shown. ``tests/test_languages.py`` fails until every message is translated.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from api.languages import CATALOGUES, LANGUAGES, SOURCE, Language

HERE = Path(__file__).parent

KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "mark": None,
    "ngettext": (1, 2),
    "tell": (1,),
    "tell_number": (1, 2),
}
"""What takes messages, and as which of its arguments."""

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.svg", "jinja2")]

_OPTIONS = {
    "templates/**": {
        "extensions": "jinja2.ext.i18n",
        "newstyle_gettext": "true",
        "lstrip_blocks": "true",
        "trim_blocks": "true",
        "silent": "false",
    }
}


def messages() -> Catalog:
    """Return all messages of code and templates, without translations."""
    found = Catalog(project="Dorfshuttle", charset="utf-8")
    for file, message, comments, context in _extracted():
        # A line number would change with every edit; the file is enough to find the place.
        found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    return found


def _extracted() -> Iterator[tuple[str, Any, list[str], str | None]]:
    for name, _line, message, comments, context in extract_from_dir(
        HERE, METHODS, _OPTIONS, KEYWORDS
    ):
        yield Path(name).as_posix(), message, comments, context


def written(language: Language) -> Catalog:
    """Return the catalogue of a language as its file has it; an empty one if there is none."""
    path = _path(language)
    if not path.exists():
        return Catalog(locale=language, project="Dorfshuttle", charset="utf-8")
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def refreshed(language: Language) -> Catalog:
    """Return the catalogue of a language with just the messages that there are now."""
    catalogue = written(language)
    catalogue.update(messages(), update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def write(language: Language, catalogue: Catalog) -> None:
    """Write a catalogue, sorted so that two people's new messages seldom meet."""
    _path(language).parent.mkdir(exist_ok=True)
    with _path(language).open("wb") as stream:
        write_po(stream, catalogue, width=100, sort_output=True, include_lineno=False)


def _path(language: Language) -> Path:
    return CATALOGUES / f"{language}.po"


def main() -> None:
    """Refresh the catalogues of all languages but that of the messages."""
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        catalogue = refreshed(language)
        write(language, catalogue)
        left = sum(1 for each in catalogue if each.id and (each.fuzzy or not _said(each.string)))
        sys.stdout.write(f"{language}.po: {len(catalogue)} messages, {left} to translate\n")


def _said(translation: Any) -> bool:
    forms = translation if isinstance(translation, list | tuple) else [translation]
    return all(forms)


if __name__ == "__main__":
    main()
