"""Formats that a text could be written in, by its shape: whether they hold, its values say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from mlops_platform.data.landing.time_formats.time_format import TimeFormat

_NUMBERS: Final = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{4}|\d{1,2})(?!\d)")
_NAMED: Final = re.compile(r"(\d{1,2})(\W{0,2})([A-Za-z]{3,9})(\W{0,2})(\d{4}|\d{2})(?!\d)")
_NAME_FIRST: Final = re.compile(r"([A-Za-z]{3,9})( )(\d{1,2})(,? )(\d{4})(?!\d)")
_COMPACT: Final = re.compile(r"(?:19|20)\d{6}(?!\d)")
_RUN: Final = re.compile(r"(?:19|20)\d{10}(\d\d)?$")
_CLOCK: Final = re.compile(
    r"(?P<before>T|:|,? {1,2})\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>[.,]\d{1,9})?)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<offset> ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
)
_SECONDS: Final = re.compile(r"(?:9|1\d)\d{8}(\d{3}|\d{6})?(?:\.\d+)?")
_LEAST_OF_YEAR: Final = 3
"""Digits from which a first number is a year."""


def possible_formats(text: str) -> list[TimeFormat]:
    """Formats of a time, if a text looks like one.

    The likelier one first: of days with dots the day is first, of those with strokes the month.
    """
    text = text.strip()
    if run := _RUN.fullmatch(text):
        return [TimeFormat(f"%Y%m%d%H%M{'%S' if run[1] else ''}")]
    return [
        TimeFormat(f"{day}{clock}")
        for day, length in _days(text)
        for clock in _clocks(text[length:])
    ]


def epoch_format(text: str) -> TimeFormat | None:
    """As what a number counts the time since 1970, if its size is that of the present."""
    match = _SECONDS.fullmatch(text.strip())
    if match is None:
        return None
    return TimeFormat({0: "epoch", 3: "epoch_ms", 6: "epoch_us"}[len(match[1] or "")])


def _days(text: str) -> Iterator[tuple[str, int]]:
    """Formats of the day with which a text begins, and the length of it."""
    if match := _NUMBERS.match(text):
        sign = match[2]
        for order in _orders(match):
            yield sign.join(order), match.end()
    if match := _NAMED.match(text):
        for name, year in product(_names(match[3]), _year(match[5])):
            yield f"%d{match[2]}{name}{match[4]}{year}", match.end()
    if match := _NAME_FIRST.match(text):
        for name in _names(match[1]):
            yield f"{name}{match[2]}%d{match[4]}%Y", match.end()
    if match := _COMPACT.match(text):
        yield "%Y%m%d", match.end()


def _orders(match: re.Match[str]) -> Iterator[tuple[str, str, str]]:
    first, sign, last = match[1], match[2], match[4]
    if len(first) >= _LEAST_OF_YEAR:
        if len(first) == len("2024") and len(last) < _LEAST_OF_YEAR:
            yield "%Y", "%m", "%d"
        return
    for year in _year(last):
        orders = [("%d", "%m", year), ("%m", "%d", year)]
        yield from orders if sign != "/" else reversed(orders)
    if len(first) == len(last) == len("24") and sign != ".":
        yield "%y", "%m", "%d"


def _names(word: str) -> Iterator[str]:
    yield from ("%b",) if len(word) == len("Jan") else ("%B",)


def _year(digits: str) -> Iterator[str]:
    if len(digits) in (2, 4):
        yield "%Y" if len(digits) == len("2024") else "%y"


def _clocks(text: str) -> Iterator[str]:
    if not text:
        yield ""
    elif match := _CLOCK.fullmatch(text):
        fraction = match["fraction"]
        half, offset = match["half"], match["offset"]
        yield "".join(
            (
                match["before"],
                "%I:%M" if half else "%H:%M",
                ":%S" if match["seconds"] else "",
                f"{fraction[0]}%f" if fraction else "",
                f"{half[:-2]}%p" if half else "",
                f"{' ' if offset.startswith(' ') else ''}%z" if offset else "",
            )
        )
