"""The classes that a model's YAML declares."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

FEWEST, MOST, LONGEST = 3, 100, 200
MOST_LISTED: Final = 5


def _text(name: Any) -> Any:
    if isinstance(name, str):
        if not name:
            raise ValueError("an empty text is no class; publish what is not known as NULL")
        return name
    raise ValueError(f"{name!r} is no text; write it in quotes, as the label table has it")


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(map(repr, repeated))} is there twice; name each class once")
    return names


def _enough(names: Any) -> Any:
    if isinstance(names, list | tuple) and not FEWEST <= len(names) <= MOST:
        raise ValueError(
            f"there are {len(names)}, and {FEWEST} to {MOST} are needed; two classes are the task "
            "binary_classification"
        )
    return names


ClassName = Annotated[str, BeforeValidator(_text), Field(max_length=LONGEST)]
Classes = Annotated[tuple[ClassName, ...], AfterValidator(_distinct), BeforeValidator(_enough)]


def listed(names: list[str]) -> str:
    """A few names, and how many more there are."""
    shown = ", ".join(map(repr, names[:MOST_LISTED]))
    more = len(names) - MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown
