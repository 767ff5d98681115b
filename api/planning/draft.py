"""A scenario as a form: what it says is shown, and only what was changed is written into it.

The form knows names of keys and no rules: whether the scenario can be is for whoever runs it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shuttle.planning.figures import Named
from shuttle.region import Region
from shuttle.region_config import WEEKDAYS

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Slider:
    """A number of a scenario.

    Attributes
    ----------
    name
        Of the field.
    path
        Of the key; what has no value there is as in the region, or as `otherwise` says.
    least, most, step
        Of the slider; the field beside it takes what the scenario takes.
    """

    name: str
    path: str
    least: int
    most: int
    step: int
    otherwise: float = 0


SLIDERS = (
    Slider("vehicles", "fleet.vehicles", 1, 10, 1),
    Slider("window", "rules.window_minutes", 5, 60, 5),
    Slider("lead", "rules.lead_minutes", 0, 120, 5),
    Slider("walk", "rules.max_walk_metres", 0, 1500, 50),
    Slider("rides", "demand.rides", 0, 300, 5, 45),
    Slider("repetitions", "repetitions", 1, 100, 1, 20),
    Slider("seed", "seed", 0, 100, 1, 1),
)

_LONGEST_NUMBER = 12
"""Digits; more are no number that anybody means."""

SPANS = ("hours", "shifts")
"""Tables with times of day; each row has two fields."""


class NotANumber(ValueError):
    """A field holds no number, or no date; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Draft:
    """A scenario that is being changed.

    Parameters
    ----------
    raw
        What its TOML says; changed in place.
    region
        Says what the scenario leaves open.
    left_out
        How many requests of a recording could not be taken into it.
    """

    def __init__(self, raw: Raw, region: Region, left_out: int = 0) -> None:
        self.left_out = left_out
        self.raw = {key: value for key, value in raw.items() if key != "region"}
        self._region: Raw = tomllib.loads(
            (region.folder / "region.toml").read_text(encoding="utf-8")
        )
        self._rules = region.config.rules.model_dump()

    # ------------------------------------------------------------------------------------ showing

    def title(self, language: str) -> str:
        """Return what it is called in a language, or in the nearest there is."""
        return title_in(self.raw["title"], language)

    @property
    def replayed(self) -> int | None:
        """How many recorded requests it replays; None if its demand is made up."""
        table: str = self.raw.get("demand", {}).get("table", "")
        return table.count("\n") - 1 if table else None

    def fields(self, language: str) -> dict[str, str]:
        """Return the fields of the form as text."""
        first, last = self._days()
        extra: Raw = next(iter(self.raw.get("fleet", {}).get("extra", [])), {})
        return {
            "name": self.title(language),
            "first": first.isoformat(),
            "last": last.isoformat(),
            **{each.name: _text(self._number(each)) for each in SLIDERS},
            "extra_like": extra.get("like", ""),
            "extra_from": extra.get("from", "07:00"),
            "extra_to": extra.get("to", "09:00"),
            **dict(self._span_fields()),
        }

    def spans(self, name: str) -> list[Raw]:
        """Return the rows of a table with times: the scenario's, or the region's."""
        rows: list[Raw] = self.raw.get(name) or self._region[name]
        return rows

    def _span_fields(self) -> Iterator[tuple[str, str]]:
        for table in SPANS:
            for number, row in enumerate(self.spans(table)):
                yield f"{table}_{number}_from", row["from"]
                yield f"{table}_{number}_to", row["to"]

    def _number(self, slider: Slider) -> float:
        found = _at(self.raw, slider.path)
        if found is None and slider.path == "fleet.vehicles":
            found = len(self.raw.get("vehicles") or self._region["vehicles"])
        if found is None and slider.path.startswith("rules."):
            found = self._rules[slider.path.removeprefix("rules.")]
        return slider.otherwise if found is None else found

    def _days(self) -> tuple[date, date]:
        dates = self.raw["dates"]
        listed = [
            *dates.get("days", ()),
            *(dates[key] for key in ("first", "last") if key in dates),
        ]
        return min(listed), max(listed)

    # ----------------------------------------------------------------------------------- changing

    def change(self, sent: Mapping[str, str], language: str) -> None:
        """Take over what differs from what was shown.

        Raises
        ------
        NotANumber
            Names the first field that holds none.
        """
        shown = self.fields(language)
        changed = {
            name: value
            for name, value in ((name, sent.get(name, was).strip()) for name, was in shown.items())
            if value != shown[name]
        }
        if "name" in changed:
            self.raw["title"] = {"de": changed["name"], "en": changed["name"]}
        if {"first", "last"} & changed.keys():
            dates = {key: _date(key, changed.get(key, shown[key])) for key in ("first", "last")}
            kept = self.raw["dates"].get("weekdays")
            self.raw["dates"] = dates if kept is None else {**dates, "weekdays": kept}
        for slider in SLIDERS:
            if slider.name in changed:
                _set(self.raw, slider.path, _whole_or_real(slider, changed[slider.name]))
        self._change_extra(changed, shown)
        for table in SPANS:
            self._change_spans(table, changed)
        for name in ("seed", "repetitions"):  # the record says them even where nobody changed them
            self.raw.setdefault(name, int(shown[name]))

    def _change_extra(self, changed: Mapping[str, str], shown: Mapping[str, str]) -> None:
        names = ("extra_like", "extra_from", "extra_to")
        like, begin, end = (changed.get(name, shown[name]) for name in names)
        if not any(name in changed for name in names) or not (like or shown["extra_like"]):
            return
        fleet = self.raw.setdefault("fleet", {})
        first, *others = fleet.get("extra", []) or [{"days": list(WEEKDAYS)}]
        extra = [{**first, "like": like, "from": begin, "to": end}] if like else []
        fleet["extra"] = [*extra, *others]

    def _change_spans(self, table: str, changed: Mapping[str, str]) -> None:
        if not any(name.startswith(f"{table}_") for name in changed):
            return
        self.raw[table] = [
            {
                **row,
                **{
                    end: changed[f"{table}_{number}_{end}"]
                    for end in ("from", "to")
                    if f"{table}_{number}_{end}" in changed
                },
            }
            for number, row in enumerate(self.spans(table))
        ]


def title_in(title: Mapping[str, str], language: str) -> str:
    """Return a title in a language; whoever reads neither German nor English gets English."""
    return title.get(language) or title["en"]


def field_meant(message: str) -> str:
    """Return the name of the field that a mistake's sentence names; empty if it is none."""
    for part in message.replace(":", " ").split():
        keys = part.split(".")
        if keys[0] in SPANS and len(keys) > 1 and keys[1].isdecimal():
            return f"{keys[0]}_{int(keys[1]) - 1}_{'to' if keys[-1] == 'to' else 'from'}"
        if part.startswith("fleet.extra."):
            return "extra_to" if keys[-1] == "to" else "extra_from"
        if keys[0] == "dates":
            return "last" if keys[-1] == "last" else "first"
        found = next((each.name for each in SLIDERS if each.path == part), "")
        if found:
            return found
    return ""


def month_of(base: str) -> date | None:
    """Return the first day of a month that is written as ``2027-02``; None if it is none."""
    try:
        return date.fromisoformat(f"{base}-01")
    except ValueError:
        return None


def named(library: tuple[Named, ...], name: str) -> Named | None:
    """Return a scenario of the library, None if there is none of this name."""
    return next((each for each in library if each.name == name), None)


def _at(raw: Raw, path: str) -> Any:
    found: Any = raw
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _set(raw: Raw, path: str, value: float) -> None:
    *tables, key = path.split(".")
    for table in tables:
        raw = raw.setdefault(table, {})
    raw[key] = value


def _text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _whole_or_real(slider: Slider, text: str) -> float:
    """Return a number as TOML wants it: whole, but for rides a day."""
    text = text.replace(",", ".")
    if len(text) > _LONGEST_NUMBER:
        raise NotANumber(slider.name)
    try:
        return float(text) if slider.name == "rides" and "." in text else int(text)
    except ValueError as error:
        raise NotANumber(slider.name) from error


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotANumber(name) from error
