"""What has to be asked of a table: each question with what is proposed, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.proposing.answers import LANDING

_LABEL_NAMES: Final = re.compile(
    r"(^|_)(label|target|outcome|churn(ed)?|default(ed)?|fraud|late|delay(ed)?|returned|cancel"
    r"(l?ed)?|converted|survived|won|y)(_|$)|^(is|has|was|will)_",
    re.IGNORECASE,
)


_FEWEST_CLASSES, _MOST_CLASSES = 3, 20


class Suggestion(NamedTuple):
    """An answer that would do, and why."""

    answer: str
    reason: str


def label_suggestions(profile: TableProfile) -> list[Suggestion]:
    """Columns that could be what is predicted, the likeliest first."""
    named = [column for column in profile.columns if _could_be_label(column)]
    ranked = sorted(named, key=lambda column: -_label_rank(profile, column))
    return [Suggestion(column.name, _label_reason(column)) for column in ranked[:5]]


def known_at_suggestions(profile: TableProfile, time: Sequence[str]) -> list[Suggestion]:
    """What could be said of when the label becomes known. None of it is taken unless it is said."""
    later = [
        Suggestion(moment.column, "a column of times beside the event time")
        for moment in profile.times
        if moment.column not in time
    ]
    if time:
        event = time[0]
        name = event if re.fullmatch(r"[A-Za-z_]\w*", event) else f'"{event}"'
        later.append(Suggestion(f"{name} + interval 1 day", "so long after the event time"))
    return [*later, Suggestion(LANDING, "only when the row lands: the past cannot be replayed")]


def require_known_at(said: str | None, profile: TableProfile, time: Sequence[str]) -> None:
    """Refuse to guess when the label becomes known.

    Raises:
        DataError: nothing was said.
    """
    if said is not None:
        return
    *others, landing = known_at_suggestions(profile, time)
    ways = ", ".join(f"`{suggestion.answer}`" for suggestion in others)
    raise DataError(
        "When the label becomes known is never guessed, for a feature that knows it would look "
        f"perfect. Say --known-at with a column or SQL, such as {ways}, or "
        f"`{landing.answer}` if it is known no earlier than its row arrives.",
    )


def require_label(said: str | None, profile: TableProfile) -> None:
    """Refuse to guess what is predicted.

    Raises:
        DataError: nothing was said.
    """
    if said is not None:
        return
    likely = [suggestion.answer for suggestion in label_suggestions(profile)]
    hint = f" It may be one of: {', '.join(likely)}." if likely else ""
    raise DataError(
        "Nothing says what is predicted. Add --label with a column, or SQL such as "
        f"`delay > 15`.{hint}"
    )


def _could_be_label(column: ColumnProfile) -> bool:
    is_outcome = column.kind in {"boolean", "number"} or column.distinct == 2
    is_outcome = is_outcome or _has_classes(column)
    return is_outcome and not column.is_constant and not column.is_monotone


def _has_classes(column: ColumnProfile) -> bool:
    return column.kind == "category" and _FEWEST_CLASSES <= column.distinct <= _MOST_CLASSES


def _label_rank(profile: TableProfile, column: ColumnProfile) -> float:
    last = profile.columns[-1].name == column.name
    named = bool(_LABEL_NAMES.search(column.name))
    return 4.0 * named + 2.0 * (column.distinct == 2 or column.kind == "boolean") + 1.0 * last


def _label_reason(column: ColumnProfile) -> str:
    if column.distinct == 2 or column.kind == "boolean":
        return f"two values, {100 * column.top_share:.0f} % of rows have the more frequent one"
    if _has_classes(column):
        return f"one of {column.distinct} texts"
    return f"a number, from {column.minimum} to {column.maximum}"
