"""RowAnswer: how one row is answered, by functions that can leave the platform.

They need the standard library alone, so that an exported scorer is made of the very functions that
a service calls: `mlops_platform.exporting` copies them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mlops_platform.tasks.finished import Constants

COVERAGE: Final = "coverage"
"""Field of answers beside the outputs: it is that of all rows, and no row is stored with it."""

Options = Mapping[str, Any]
"""What the section of a task says of its answers: numbers, texts, and tuples of them, by name."""


class RowAnswer(NamedTuple):
    """How the numbers of a model become what a client is told.

    Attributes:
        usable: whether numbers can be answered, by the options.
        answer: the outputs by their field, of numbers under constants, by the options.
        shown: what a client is told of these, by the options.
    """

    usable: Callable[[Sequence[float], Options], bool]
    answer: Callable[[Sequence[float], Constants, Options], dict[str, float | bool | str]]
    shown: Callable[[dict[str, float | bool | str], Options], Mapping[str, Any]]
    options: Options


def shown_as_it_is(
    answer: dict[str, float | bool | str], options: Options
) -> Mapping[str, float | bool | str]:
    """What is answered is what a client is told."""
    return answer


def shown_with_coverage(
    answer: dict[str, float | bool | str], options: Options
) -> Mapping[str, float | bool | str]:
    """What is answered, and what its interval promises.

    Args:
        options: `coverage`, the share of outcomes that intervals hold.
    """
    return {**answer, COVERAGE: options[COVERAGE]}
