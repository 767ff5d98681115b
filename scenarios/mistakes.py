"""What pydantic finds wrong with a file, as one sentence that names the key and the fix."""

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def sentence_of(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first mistake in a file that should have been a `model`."""
    first = error.errors()[0]
    loc, reason = first["loc"], first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = _unknown(str(loc[-1]), _keys(model, loc[:-1]))
    elif first["type"] == "missing":
        reason = "this key is missing"
    return f"{_name(loc)}: {reason[:1].lower()}{reason[1:]}."


def _name(loc: tuple[int | str, ...]) -> str:
    """Return a place in a file as people write it; items of lists are counted from 1."""
    parts = [str(each + 1) if isinstance(each, int) else each for each in loc]
    return ".".join(parts) or "the file"


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    if near:
        return f"there is no such key; perhaps {near[0]} is meant"
    return f"there is no such key; there are {', '.join(known)}"


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table at a place."""
    for part in loc:
        if isinstance(part, int):
            continue
        inner = _model_in(_annotation(model, part))
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _annotation(model: type[BaseModel], key: str) -> Any:
    fields = model.model_fields
    named = (field for name, field in fields.items() if key in (name, field.alias))
    field = next(named, None)
    return None if field is None else field.annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the table that a type holds: itself, or in a list, a dict or an option."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in get_args(annotation))
    return next((each for each in inner if each is not None), None)
