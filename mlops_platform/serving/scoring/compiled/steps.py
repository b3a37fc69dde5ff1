"""Fitted preprocessing as transformed columns, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlops_platform.serving.schema import FeatureColumn, FeatureSchema, TextColumn
from mlops_platform.serving.scoring.compiled.columns import (
    CompiledColumn,
    Lookup,
    NotCompilable,
    Number,
    Operation,
    Text,
    applied,
    sklearn_name,
)
from mlops_platform.serving.scoring.compiled.encoders import compile_encoder

Columns = tuple[CompiledColumn, ...]


def feature_columns(schema: FeatureSchema) -> Columns:
    """The features as the pipeline takes them; true and false calculate as 1 and 0.

    Raises:
        NotCompilable: one of them is free text.
    """
    return tuple(map(_feature_column, schema.columns))


def _feature_column(column: FeatureColumn) -> CompiledColumn:
    if isinstance(column, TextColumn):
        raise NotCompilable(f"{column.name}: is free text, which only the pipeline itself reads.")
    return Number(column.name) if column.column_kind.is_number else Text(column.name)


def compile_step(step: Any, columns: Columns) -> Columns:
    """What a fitted transformer makes of `columns`.

    Raises:
        NotCompilable: a transformer that is not known, or known in another use.
    """
    if isinstance(step, str):
        return columns if step == "passthrough" else ()
    compiler = _COMPILERS.get(sklearn_name(step))
    if compiler is None:
        raise NotCompilable(f"{type(step).__name__} has no compiled form.")
    return compiler(step, columns)


def _pipeline(step: Any, columns: Columns) -> Columns:
    for _, part in step.steps:
        columns = compile_step(part, columns)
    return columns


def _frozen(step: Any, columns: Columns) -> Columns:
    return compile_step(step.estimator, columns)


def _column_transformer(step: Any, columns: Columns) -> Columns:
    names = list(getattr(step, "feature_names_in_", range(len(columns))))
    outputs: Columns = ()
    for _, part, chosen in step.transformers_:
        outputs += compile_step(part, tuple(columns[at] for at in _positions(chosen, names)))
    return outputs


def _positions(chosen: Any, names: list[Any]) -> list[int]:
    """Positions that a column specification of `ColumnTransformer` means."""
    import numpy as np

    if isinstance(chosen, slice) and not isinstance(chosen.start or chosen.stop, str):
        return list(range(len(names)))[chosen]
    keys = np.atleast_1d(np.asarray(chosen))
    if keys.dtype == bool:
        return [int(at) for at in np.flatnonzero(keys)]
    if keys.size == 0 or keys.dtype.kind in "iu":
        return [int(at) for at in keys]
    return [names.index(name) for name in keys.tolist()]


def _imputer(step: Any, columns: Columns) -> Columns:
    if step.missing_values is not None and step.missing_values == step.missing_values:
        raise NotCompilable(
            f"SimpleImputer replaces {step.missing_values!r}, which is not missing."
        )
    filled = tuple(
        _filled(column, value)
        for column, value in zip(columns, step.statistics_.tolist(), strict=True)
        # Columns that were always missing are dropped.
        if step.keep_empty_features or value == value
    )
    if step.indicator_ is None:
        return filled
    return filled + _indicators(step.indicator_, columns)


def _filled(column: CompiledColumn, value: Any) -> CompiledColumn:
    if isinstance(column, Number) and column.missing != column.missing:
        return Number(column.source, float(value), column.operations)
    if isinstance(column, Text) and column.missing is None:
        return Text(column.source, str(value))
    raise NotCompilable(f"{column.source}: imputed after it was imputed or encoded.")


def _indicators(step: Any, columns: Columns) -> Columns:
    """One column for each feature in which training saw missing values: 1 where missing."""
    return tuple(Lookup(columns[at].source, {None: 1.0}, 0.0) for at in step.features_.tolist())


def _subtract_and_divide(centre: str) -> Callable[[Any, Columns], Columns]:
    def compiler(step: Any, columns: Columns) -> Columns:
        columns = _each(columns, "-", getattr(step, centre, None))
        return _each(columns, "/", step.scale_)

    return compiler


def _min_max(step: Any, columns: Columns) -> Columns:
    if step.clip:
        raise NotCompilable("MinMaxScaler(clip=True) has no compiled form.")
    return _each(_each(columns, "*", step.scale_), "+", step.min_)


def _each(columns: Columns, symbol: Any, operands: Any) -> Columns:
    """One operation per column; None for none at all."""
    if operands is None:
        return columns
    operations: Sequence[Operation] = [(symbol, float(operand)) for operand in operands]
    return tuple(applied(*pair) for pair in zip(columns, operations, strict=True))


def _function(step: Any, columns: Columns) -> Columns:
    if step.func is not None:
        raise NotCompilable("FunctionTransformer with a function has no compiled form.")
    return columns


def _selector(step: Any, columns: Columns) -> Columns:
    return tuple(c for c, kept in zip(columns, step.get_support(), strict=True) if kept)


_COMPILERS: dict[str, Callable[[Any, Columns], Columns]] = {
    "Pipeline": _pipeline,
    "FrozenEstimator": _frozen,
    "ColumnTransformer": _column_transformer,
    "SimpleImputer": _imputer,
    "MissingIndicator": _indicators,
    "StandardScaler": _subtract_and_divide("mean_"),
    "RobustScaler": _subtract_and_divide("center_"),
    "MaxAbsScaler": _subtract_and_divide("no centre"),
    "MinMaxScaler": _min_max,
    "OneHotEncoder": compile_encoder,
    "OrdinalEncoder": compile_encoder,
    "TargetEncoder": compile_encoder,
    "FunctionTransformer": _function,
    "VarianceThreshold": _selector,
    "SelectKBest": _selector,
    "SelectPercentile": _selector,
}
