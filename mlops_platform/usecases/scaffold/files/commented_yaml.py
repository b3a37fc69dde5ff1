"""YAML for people: each value with the reason for it as a comment above it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from textwrap import wrap
from typing import Any, Final

WIDTH: Final = 98
INDENT: Final = "  "
_PLAIN: Final = re.compile(r"[\w/.][\w./ ()=<>+*-]*")
_PLAIN_ON_ITS_LINE: Final = re.compile(r"[\w/.`(][^\n{}\[\]]*")
_PROSE: Final = re.compile(r"[^\s{}&*!|>'\"%@`#\[\]:?-][^\n]*", re.UNICODE)


# Line breaks of Unicode among them, which YAML takes for its own.
_UNPRINTABLE: Final = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def commented_yaml(document: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    """Write a document.

    Args:
        document: of mappings, lists, texts, numbers, booleans, days and None.
        reasons: by the dotted path of what they explain; positions of lists are numbers.
    """
    return "\n".join(_mapping(document, "", 0, reasons)) + "\n"


def neutral(text: str) -> str:
    """A text of which no template engine takes anything for a template."""
    return re.sub(r"\{(?=[{%#])", "{ ", text)


def _mapping(
    document: Mapping[str, Any], path: str, depth: int, reasons: Mapping[str, str]
) -> Iterator[str]:
    spaced = False
    for key, value in document.items():
        child = f"{path}.{key}" if path else key
        lines = [*_comment(child, depth, reasons), *_entry(key, value, child, depth, reasons)]
        # What is more than a line stands apart, in the outermost levels.
        if depth <= 1 and path != "" and (spaced or len(lines) > 1) and key != next(iter(document)):
            yield ""
        spaced = len(lines) > 1
        yield from lines


def _entry(
    key: str, value: Any, path: str, depth: int, reasons: Mapping[str, str]
) -> Iterator[str]:
    name = f"{INDENT * depth}{_scalar(key)}:"
    if isinstance(value, Mapping | list | tuple) and value:
        short = f"{name} {_flow(value)}"
        if len(short) <= WIDTH and _is_leaf(value) and not _explained_below(path, reasons):
            yield short
            return
        yield name
        if isinstance(value, Mapping):
            yield from _mapping(value, path, depth + 1, reasons)
        else:
            yield from _items(value, path, depth + 1, reasons)
    elif _is_long_prose(name, value):
        yield f"{name} >-"
        indent = INDENT * (depth + 1)
        yield from wrap(
            value,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    else:
        yield f"{name} {_on_its_line(value)}"


def _items(
    values: Sequence[Any], path: str, depth: int, reasons: Mapping[str, str]
) -> Iterator[str]:
    indent = INDENT * depth
    for position, value in enumerate(values):
        child = f"{path}.{position}"
        yield from _comment(child, depth, reasons)
        if isinstance(value, Mapping) and value and not _fits(indent, value, child, reasons):
            first, *rest = [*_mapping(value, child, depth + 1, reasons)]
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {_on_its_line(value)}"


def _fits(indent: str, value: Any, path: str, reasons: Mapping[str, str]) -> bool:
    short = len(indent) + len(_flow(value)) + 2 <= WIDTH
    return short and _is_leaf(value) and not _explained_below(path, reasons)


def _comment(path: str, depth: int, reasons: Mapping[str, str]) -> Iterator[str]:
    lead = f"{INDENT * depth}# "
    for line in neutral(reasons.get(path, "")).splitlines():
        paragraph = _UNPRINTABLE.sub(" ", line)
        yield from wrap(
            paragraph, WIDTH, initial_indent=lead, subsequent_indent=lead, break_long_words=False
        )


def _explained_below(path: str, reasons: Mapping[str, str]) -> bool:
    return any(explained.startswith(f"{path}.") for explained in reasons)


def _is_leaf(value: Any) -> bool:
    """Whether a person reads it on one line: values, or one level of them more."""
    parts = value.values() if isinstance(value, Mapping) else value
    return all(not isinstance(part, Mapping | list | tuple) or _is_flat(part) for part in parts)


def _is_flat(value: Any) -> bool:
    parts = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(part, Mapping | list | tuple) for part in parts)


def _is_long_prose(name: str, value: Any) -> bool:
    if not isinstance(value, str) or len(name) + len(_scalar(value)) < WIDTH:
        return False
    is_plain = _PROSE.fullmatch(value) and not _UNPRINTABLE.search(value)
    return bool(is_plain) and value == " ".join(value.split())


def _on_its_line(value: Any) -> str:
    """A value outside brackets, where more texts need no quotes."""
    if isinstance(value, str) and _means_itself(value, _PLAIN_ON_ITS_LINE):
        return value
    return _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (f"{_scalar(key)}: {_flow(part)}" for key, part in value.items())
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _means_itself(value) else _in_quotes(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value)
    return str(value)


def _in_quotes(text: str) -> str:
    """As JSON has it, but for what YAML cannot hold as it is."""
    return _UNPRINTABLE.sub(
        lambda found: f"\\u{ord(found.group()):04x}", json.dumps(text, ensure_ascii=False)
    )


def _number(value: float) -> str:
    """A number that every reader of YAML takes for one: with a point, also before an exponent."""
    text = repr(value)
    mantissa, letter, exponent = text.partition("e")
    if not letter:
        return text
    sign = "" if exponent.startswith("-") else "+"
    point = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{point}e{sign}{exponent.lstrip('+')}"


def _means_itself(text: str, plain: re.Pattern[str] = _PLAIN) -> bool:
    import yaml

    if not plain.fullmatch(text) or text != text.strip() or _UNPRINTABLE.search(text):
        return False
    try:
        return bool(yaml.safe_load(text) == text)
    except yaml.YAMLError:
        return False
