"""Arguments of the benchmarks: a mistake is told in one sentence, and the exit status is 2."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn


class Arguments(argparse.ArgumentParser):
    """A parser that says what is wrong without repeating how it is called."""

    def error(self, message: str) -> NoReturn:
        """End with the sentence and status 2."""
        refuse(f"{message}; --help shows what there is.")


def refuse(sentence: str) -> NoReturn:
    """End with a sentence and status 2."""
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(2)


def count(text: str) -> int:
    """Return a whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """Return whole numbers above 0, separated by commas."""
    return tuple(count(word.strip()) for word in text.split(","))


def duration(text: str) -> float:
    """Return seconds above 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def present_file(text: str) -> Path:
    """Return the path of a file that exists."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return path


def new_file(text: str) -> Path:
    """Return a path that can be written."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no file in a folder that exists")
    return path
