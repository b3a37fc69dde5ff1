"""FeatureSchema: what one row of a model's input looks like, as declared and as trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mlops_platform.column_kind import KINDS, LARGEST_NUMBER, ColumnKind, KindName
from mlops_platform.errors import ServingError
from mlops_platform.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from mlops_platform.spec import ModelSpec

MAX_CATEGORIES = 10_000
MAX_TEXT = 256
"""Characters of a category or a key that a service takes."""


def unknown_text(field: str, value: str | None) -> str:
    """What is told of a category that training never saw, or that is not there; exported as is."""
    if value is None:
        return f"{field}: null names none that was seen in training."
    return f"{field}: {value!r} was never seen in training."


def known_categories(seen: Iterable[str], told_if_missing: bool) -> frozenset[str | None]:
    """Of which nothing is told; exported as is."""
    return frozenset(seen) if told_if_missing else frozenset((None, *seen))


class _Column(Record):
    """What every column says; the kind tells the classes apart."""

    kind: KindName
    name: str
    missing_allowed: bool

    @property
    def column_kind(self) -> ColumnKind:
        """How its values are held."""
        return KINDS[self.kind]


class NumericColumn(_Column):
    """A number: whether it may be missing, and the range seen in training (null where none was)."""

    kind: Literal["numeric"] = "numeric"
    minimum: float | None
    maximum: float | None


class CategoricalColumn(_Column):
    """A string: whether it may be missing, and the categories seen in training, sorted.

    `categories` is null where training saw more than `MAX_CATEGORIES`: too many to list, so that
    no value of the column is reported as unknown.
    """

    kind: Literal["categorical"] = "categorical"
    categories: tuple[str, ...] | None


class BooleanColumn(_Column):
    """True or false, and whether it may be missing."""

    kind: Literal["boolean"] = "boolean"


class TextColumn(_Column):
    """Free text: whether it may be missing, and the characters that the service takes at most."""

    kind: Literal["text"] = "text"
    max_characters: int


FeatureColumn = Annotated[
    NumericColumn | CategoricalColumn | BooleanColumn | TextColumn, Field(discriminator="kind")
]


class FeatureSchema(Record):
    """The input of one model: its key, its feature columns in order, and the label it predicts."""

    model: str
    entity: str
    label: str
    columns: tuple[FeatureColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Feature columns in the order in which the pipeline sees them."""
        return tuple(column.name for column in self.columns)

    @property
    def schema_hash(self) -> str:
        """SHA-256 of what a client must know to send a row.

        Ranges and categories are left out: they move with every training set, while versions of
        one hash can replace each other behind the same endpoint.
        """
        contract = {
            "model": self.model,
            "entity": self.entity,
            "label": self.label,
            "columns": [
                {"name": c.name, "kind": c.kind, "missing_allowed": c.missing_allowed}
                for c in self.columns
            ],
        }
        canonical = json.dumps(contract, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def describe_features(spec: ModelSpec, rows: pd.DataFrame, model: Any = None) -> FeatureSchema:
    """What is declared of the features, with what the rows of the released model hold of them.

    A value may be missing where it is not declared as required and the model scores a row without
    it: what the rows happen to lack is no contract with clients.

    Args:
        rows: those that the released model was fitted on.
        model: a fitted pipeline; None is one that scores whatever is missing.

    Raises:
        ServingError: no rows, a column is absent, holds the wrong type or too large a number.
    """
    if rows.empty:
        raise ServingError(f"{spec.name}: no rows to describe; give the rows of the training set.")
    absent = [name for name in spec.features.names if name not in rows.columns]
    if absent:
        raise ServingError(f"{spec.name}: columns {absent} are not in the rows; add them.")
    nullable = [name for name in spec.features.names if name not in spec.features.required]
    if model is not None:
        nullable = _scored_without(spec, rows, model, nullable)
    longest = spec.serving.max_text_characters
    describe: dict[KindName, Callable[[pd.Series, bool], FeatureColumn]] = {
        "numeric": _numeric,
        "categorical": _categorical,
        "boolean": _boolean,
        "text": lambda values, missing_allowed: _text(values, missing_allowed, longest),
    }
    return FeatureSchema(
        model=spec.name,
        entity=spec.features.entity,
        label=spec.label.column,
        columns=tuple(
            describe[kind.name](rows[name], name in nullable)
            for name, kind in spec.features.kinds.items()
        ),
    )


def _scored_without(
    spec: ModelSpec, rows: pd.DataFrame, model: Any, columns: list[str]
) -> list[str]:
    """Columns without a value of which a model scores a row."""
    import numpy as np

    def scores(missing: list[str]) -> bool:
        lacking = rows.head(1)[list(spec.features.names)]
        lacking = lacking.loc[lacking.index.repeat(len(missing))].reset_index(drop=True)
        for row, column in enumerate(missing):
            lacking.loc[row, column] = None
        try:
            return bool(np.isfinite(spec.task.numbers(model, lacking)).all())
        except ValueError:
            return False

    if not columns or scores(columns):
        return columns
    return [column for column in columns if scores([column])]


def _numeric(values: pd.Series, missing_allowed: bool) -> NumericColumn:
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(values.dtype):
        raise ServingError(
            f"{values.name}: declared numeric, but holds {values.dtype}; "
            "declare it under `features.categorical` or publish it as a number."
        )
    known = values.dropna().to_numpy(dtype="float64")
    largest = float(np.abs(known).max(initial=0.0))
    if largest > LARGEST_NUMBER:
        raise ServingError(
            f"{values.name}: holds {largest:g}, more than {LARGEST_NUMBER:g}; publish what is not "
            "known as NULL, and large numbers in a larger unit."
        )
    return NumericColumn(
        name=str(values.name),
        missing_allowed=missing_allowed,
        minimum=float(known.min()) if known.size else None,
        maximum=float(known.max()) if known.size else None,
    )


def _categorical(values: pd.Series, missing_allowed: bool) -> CategoricalColumn:
    known = values.dropna().unique()
    _require_strings(values.name, known, "categorical")
    return CategoricalColumn(
        name=str(values.name),
        missing_allowed=missing_allowed,
        categories=tuple(sorted(known)) if len(known) <= MAX_CATEGORIES else None,
    )


def _boolean(values: pd.Series, missing_allowed: bool) -> BooleanColumn:
    stranger = next((value for value in values.dropna().unique() if value not in (0, 1)), None)
    if stranger is not None:
        raise ServingError(
            f"{values.name}: declared boolean, but holds {stranger}; declare it under another kind "
            "or publish it as BOOLEAN."
        )
    return BooleanColumn(name=str(values.name), missing_allowed=missing_allowed)


def _text(values: pd.Series, missing_allowed: bool, max_characters: int) -> TextColumn:
    _require_strings(values.name, values.dropna(), "text")
    return TextColumn(
        name=str(values.name),
        missing_allowed=missing_allowed,
        max_characters=max_characters,
    )


def _require_strings(name: object, known: Iterable[object], kind: str) -> None:
    stranger = next((value for value in known if not isinstance(value, str)), None)
    if stranger is not None:
        raise ServingError(
            f"{name}: declared {kind}, but holds {stranger}, which is no string; "
            "declare it under `features.numeric` or publish it as a string."
        )
