"""Colours of a region's pages: its accent and its vehicles, readable on light and on dark.

Contrast is that of WCAG 2.2: 4.5 for text, 3 for lines and signs on the map. Whatever accent an
Amt chooses, it is darkened or lightened until it is readable.
"""

from collections.abc import Iterator

Colour = tuple[int, int, int]

TEXT_CONTRAST = 4.5

LIGHT: Colour = (226, 217, 195)
DARK: Colour = (45, 50, 45)
"""Where accents stand out least: on the villages of the map (``--village`` in shuttle.css)."""

VEHICLES: tuple[str, ...] = (
    "#c2410c",
    "#1d4ed8",
    "#7e22ce",
    "#15803d",
    "#be185d",
    "#a16207",
    "#0e7490",
    "#4d4d4d",
)
"""Told apart by most people with a colour vision deficiency too; a number says the same."""


def theme_css(accent: str) -> str:
    """Return the style sheet that sets the colours of one region.

    Parameters
    ----------
    accent
        As ``#rrggbb``.
    """
    light = "\n".join(_variables(accent, LIGHT))
    dark = "\n".join(_variables(accent, DARK))
    return (
        f":root {{\n{light}\n}}\n"
        f"@media (prefers-color-scheme: dark) {{\n:root {{\n{dark}\n}}\n}}\n"
        + "".join(
            f".vehicle-{number} {{ --vehicle: var(--vehicle-{number}); }}\n"
            for number in range(1, len(VEHICLES) + 1)
        )
    )


def _variables(accent: str, ground: Colour) -> Iterator[str]:
    yield f"  --accent: {_hex(readable(_colour(accent), ground))};"
    for number, colour in enumerate(VEHICLES, start=1):
        yield f"  --vehicle-{number}: {_hex(readable(_colour(colour), ground))};"


def readable(colour: Colour, ground: Colour) -> Colour:
    """Return the colour nearest to the wanted one that is readable as text on a ground."""
    towards = (0, 0, 0) if _luminance(ground) > 0.5 else (255, 255, 255)
    for percent in range(0, 101, 2):
        mixed = _mixed(colour, towards, percent)
        if contrast(mixed, ground) >= TEXT_CONTRAST:
            return mixed
    return towards


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2), from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.2)."""
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(colour: Colour, towards: Colour, percent: int) -> Colour:
    red, green, blue = (
        round(a + (b - a) * percent / 100) for a, b in zip(colour, towards, strict=True)
    )
    return red, green, blue


def _colour(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
