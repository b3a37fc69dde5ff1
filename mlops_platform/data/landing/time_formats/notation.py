"""Formats as other tools write them, in the notation of strptime."""

from __future__ import annotations

import re
from typing import Final

_OF_LETTERS: Final = (
    *(("YYYY", "%Y"), ("YY", "%y"), ("MMMM", "%B"), ("MMM", "%b"), ("MON", "%b")),
    *(("DD", "%d"), ("D", "%d"), ("HH24", "%H"), ("HH12", "%I"), ("SS", "%S")),
    *(("AM", "%p"), ("PM", "%p"), ("A", "%p"), ("TZ", "%z")),
)
"""Of SQL, Java and spreadsheets, of any case; MM and HH say several things."""
_OF_STRPTIME: Final = {
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%F": "%Y-%m-%d",
    "%D": "%m/%d/%y",
    "%h": "%b",
    "%e": "%d",
    "%k": "%H",
    "%l": "%I",
    "%n": "%f",
    "%Z": "%z",
}
_TOKEN: Final = re.compile(
    r"YYYY|YY|MMMM|MMM|MM|MON|MI|M|DD|D|HH24|HH12|HH|H|SS|AM|PM|TZ|A(?![A-Z])|[^A-Z]+|.", re.I
)


def translated(text: str) -> str | None:
    """The same format in strptime's notation; None where it is in it, or in none that is known."""
    if "%" in text:
        plain = re.sub("%-(?=[dmHIMSy])", "%", text)
        for short, long in _OF_STRPTIME.items():
            plain = plain.replace(short, long)
        return plain if plain != text else None
    tokens = _TOKEN.findall(text)
    upper = [token.upper() for token in tokens]
    written = [_written(token, at, upper, dict(_OF_LETTERS)) for at, token in enumerate(upper)]
    return "".join(way or token for way, token in zip(written, tokens, strict=True))


def _written(letters: str, at: int, others: list[str], directives: dict[str, str]) -> str | None:
    if letters in ("MM", "M", "MI"):
        hour_before = any(other.startswith("H") for other in others[:at])
        return "%M" if letters == "MI" or hour_before else "%m"
    if letters in ("HH", "H"):
        return "%I" if {"AM", "PM", "A"} & {*others} else "%H"
    return directives.get(letters)
