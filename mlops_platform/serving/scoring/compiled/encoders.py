"""Fitted encoders as lookup tables, read off the encoder by asking it every key once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    Key,
    Lookup,
    NotCompilable,
    Number,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNSEEN = "\u2047 never seen in training \u2047"
"""Stands for every category that training did not see."""

CHUNK = 1000
"""Keys encoded at once: a dense one-hot block of 10,000 categories stays small."""


def compile_encoder(encoder: Any, columns: Sequence[CompiledColumn]) -> tuple[CompiledColumn, ...]:
    """The outputs of a fitted one-hot, ordinal or target encoder over `columns`.

    Nothing of scikit-learn's handling of rare, missing and unknown categories is repeated here:
    the encoder itself says what it makes of each key.

    Raises:
        NotCompilable: it refuses unseen categories, or encodes a number after arithmetic.
    """
    asked = [_EncoderKeys.of(*pair) for pair in zip(columns, encoder.categories_, strict=True)]
    try:
        answers = _answers(encoder, [keys.values for keys in asked])
    except ValueError as error:
        raise NotCompilable(f"{type(encoder).__name__} refuses unseen values: {error}") from error
    return tuple(_lookups(asked, _widths(encoder, len(asked)), answers))


class _EncoderKeys:
    """The keys of one column, and what the encoder sees of each; unseen comes last."""

    def __init__(self, column: CompiledColumn, seen: dict[Key, Any], unseen: Any) -> None:
        self.source = column.source
        self.keys = list(seen)
        self.values = [*seen.values(), unseen]
        self.is_text = isinstance(unseen, str)

    @classmethod
    def of(cls, column: CompiledColumn, categories: Any) -> _EncoderKeys:
        if isinstance(column, Lookup):
            return cls(column, dict(column.table), column.default)
        if isinstance(column, Number):
            if column.operations:
                raise NotCompilable(f"{column.source}: encoded after arithmetic.")
            known = [value for value in categories.tolist() if value == value]
            seen = {**{value: value for value in known}, None: column.missing}
            return cls(column, seen, max(known, default=0.0) + 1.0)
        known = [value for value in categories.tolist() if isinstance(value, str)]
        return cls(column, {**{value: value for value in known}, None: column.missing}, UNSEEN)


def _answers(encoder: Any, values: list[list[Any]]) -> NDArray[np.float64]:
    import numpy as np

    count = max(map(len, values))
    padded = [column + column[-1:] * (count - len(column)) for column in values]
    blocks = []
    for start in range(0, count, CHUNK):
        block = encoder.transform(_table(encoder, [c[start : start + CHUNK] for c in padded]))
        blocks.append(block.toarray() if hasattr(block, "toarray") else np.asarray(block))
    answers: NDArray[np.float64] = np.concatenate(blocks).astype(np.float64)
    return answers


def _table(encoder: Any, columns: list[list[Any]]) -> Any:
    """Columns as the encoder was fitted on them: named or not, text or numbers."""
    import numpy as np
    import pandas as pd

    text = [any(isinstance(value, str) for value in column) for column in columns]
    arrays = [
        np.array(column, dtype=object if is_text else np.float64)
        for column, is_text in zip(columns, text, strict=True)
    ]
    if hasattr(encoder, "feature_names_in_"):
        return pd.DataFrame(dict(zip(encoder.feature_names_in_, arrays, strict=True)))
    return np.column_stack(arrays)


def _widths(encoder: Any, count: int) -> list[int]:
    """Number of outputs of each input."""
    if type(encoder).__name__ != "OneHotEncoder":
        return [1] * count
    dropped = encoder.drop_idx_ if encoder.drop_idx_ is not None else [None] * count
    rare = getattr(encoder, "infrequent_categories_", None) or [None] * count
    return [
        len(categories) - (0 if few is None else len(few) - 1) - (drop is not None)
        for categories, few, drop in zip(encoder.categories_, rare, dropped, strict=True)
    ]


def _lookups(
    asked: list[_EncoderKeys], widths: list[int], answers: NDArray[np.float64]
) -> Iterator[Lookup]:
    if sum(widths) != answers.shape[1]:
        raise NotCompilable(
            f"{answers.shape[1]} encoded columns where {sum(widths)} were expected."
        )
    start = 0
    for column, width in zip(asked, widths, strict=True):
        block = answers[: len(column.keys) + 1, start : start + width]
        start += width
        for output in block.T:
            default = float(output[-1])
            changed = (output[:-1] != default).nonzero()[0]
            table = {column.keys[at]: float(output[at]) for at in changed}
            yield Lookup(column.source, table, default)
