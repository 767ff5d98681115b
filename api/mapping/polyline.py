"""Lines of (latitude, longitude) as short text: the encoded polyline algorithm.

Source: Google, Encoded Polyline Algorithm Format. Every coordinate is the difference from the one
before in units of 1e-5 degrees (about a metre), in groups of five bits from the lowest on.
"""

from collections.abc import Iterable, Iterator

_UNIT = 1e5


def encode(points: Iterable[tuple[float, float]]) -> str:
    """Return the points as an encoded polyline."""
    text: list[str] = []
    before = (0, 0)
    for point in points:
        rounded = (round(point[0] * _UNIT), round(point[1] * _UNIT))
        for now, then in zip(rounded, before, strict=True):
            _append(text, now - then)
        before = rounded
    return "".join(text)


def _append(text: list[str], difference: int) -> None:
    bits = difference << 1 if difference >= 0 else ~(difference << 1)
    while bits >= 0x20:
        text.append(chr((0x20 | (bits & 0x1F)) + 63))
        bits >>= 5
    text.append(chr(bits + 63))


def decode(text: str) -> list[tuple[float, float]]:
    """Return the points of an encoded polyline."""
    points: list[tuple[float, float]] = []
    numbers = _numbers(text)
    lat = lon = 0
    for north, east in zip(numbers, numbers, strict=True):
        lat, lon = lat + north, lon + east
        points.append((lat / _UNIT, lon / _UNIT))
    return points


def _numbers(text: str) -> Iterator[int]:
    bits = shift = 0
    for character in text:
        group = ord(character) - 63
        bits |= (group & 0x1F) << shift
        shift += 5
        if group < 0x20:
            yield ~(bits >> 1) if bits & 1 else bits >> 1
            bits = shift = 0
