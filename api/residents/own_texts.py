"""Texts of an Amt's own, in place of ours: ``texts/<page>.<language>.html`` beside region.toml.

Such a file is a piece of HTML from the heading on. It may name ``region``, ``hours`` and the other
facts that our own page has (``{{ region.contact.phone }}``). It is rendered in a sandbox: it
cannot reach Python or files outside of its folder, and whatever it prints is escaped. A file with
a mistake is logged and our own text is shown, so that no mistake takes a page away.
"""

from pathlib import Path
from typing import Any, Literal

import structlog
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from api.languages import Language

Replaceable = Literal["about", "fares", "imprint"]

FOLDER = "texts"

_MISTAKES = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_log = structlog.get_logger("api")


def own_text(
    region_folder: Path, name: Replaceable, language: Language, facts: dict[str, Any]
) -> Markup | None:
    """Return a text of the Amt's own, None if it has none in this language."""
    file = f"{name}.{language}.html"
    try:
        template = _sandbox(region_folder / FOLDER).get_template(file)
        return Markup(template.render(facts))  # noqa: S704 -- HTML of the operator, facts escaped
    except TemplateNotFound as error:
        if error.name != file:  # an include is missing
            _log.warning("own_text_broken", file=file, error=str(error))
    except _MISTAKES as error:
        _log.warning("own_text_broken", file=file, error=str(error))
    return None


def _sandbox(folder: Path) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    )
