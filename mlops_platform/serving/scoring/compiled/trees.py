"""Trees for one row at a time: compiled to Python, or through Treelite where there are many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs

from mlops_platform.serving.scoring.compiled.columns import (
    ColumnBatch,
    CompiledColumn,
    CompiledRow,
    NotCompilable,
)
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble
from mlops_platform.serving.scoring.compiled.tree_code import Reader, compile_reader, compile_trees
from mlops_platform.serving.scoring.compiled.tree_predictors import TreePredictors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_NODES = 20_000
"""More take longer to compile than a start should; Treelite is as quick from there on."""
MAX_NODES_OF_CLASSES = 60_000
"""Of all classes together."""
MAX_DEPTH = 80
"""Python's parser nests no deeper than 200 brackets."""


@dataclass(frozen=True)
class TreeSum:
    """The raw score of an ensemble whose columns and trees are functions already.

    Args:
        read: from a row to the values of the columns.
        parts: each adds the leaves of some trees to a total.
    """

    read: Reader
    base: float
    parts: tuple[Callable[..., float], ...]

    def raw(self, row: CompiledRow) -> float:
        """The raw score of one row."""
        values, total = self.read(row), self.base
        for part in self.parts:
            total = part(total, *values)
        return total

    def raws(self, rows: Sequence[CompiledRow]) -> list[float]:
        """The raw scores of some rows."""
        return [self.raw(row) for row in rows]


@dataclass(frozen=True)
class CompiledTrees(TreeSum):
    """An ensemble as conditional expressions: 6x quicker for 60 trees than calling a library.

    Args:
        used: positions of the columns that a tree splits by.
        predictors: the same trees for many rows.
        best_rows: more at once are quicker by columns.
        columns_need_pipeline: whether those need what loads it, scikit-learn.
    """

    columns: tuple[CompiledColumn, ...]
    used: frozenset[int]
    predictors: TreePredictors
    best_rows: ClassVar[int] = 500
    columns_need_pipeline: ClassVar[bool] = True

    def by_position(self, positions: Mapping[str, int]) -> CompiledTrees:
        """The same of the values of a row."""
        columns = _placed(self.columns, positions)
        return replace(self, columns=columns, read=compile_reader(columns, self.used))

    def raws_of(self, batch: ColumnBatch) -> NDArray[np.float64]:
        """The raw scores of the rows of a batch."""
        return self.predictors.raws(self.columns, batch)


@dataclass(frozen=True)
class TreeliteTrees:
    """An ensemble in Treelite's General Tree Inference Library, in float64.

    Args:
        predictors: the same trees for many rows.
        best_rows: more at once are quicker by columns.
        columns_need_pipeline: whether those need what loads it, scikit-learn.
    """

    columns: tuple[CompiledColumn, ...]
    read: Reader
    model: Any
    single_precision: bool
    predictors: TreePredictors
    best_rows: ClassVar[int] = 200
    columns_need_pipeline: ClassVar[bool] = True

    def by_position(self, positions: Mapping[str, int]) -> TreeliteTrees:
        """The same of the values of a row."""
        columns = _placed(self.columns, positions)
        return replace(self, columns=columns, read=compile_reader(columns))

    def raw(self, row: CompiledRow) -> float:
        """The raw score of one row."""
        return self.raws([row])[0]

    def raws(self, rows: Sequence[CompiledRow]) -> list[float]:
        """The raw scores of some rows."""
        import numpy as np
        from treelite.gtil import predict

        values = np.array([self.read(row) for row in rows], dtype=np.float64)
        if self.single_precision:
            values = values.astype(np.float32).astype(np.float64)
        scores = predict(self.model, values, nthread=1, pred_margin=True)
        return [float(score) for score in scores[:, 0, -1]]

    def raws_of(self, batch: ColumnBatch) -> NDArray[np.float64]:
        """The raw scores of the rows of a batch."""
        return self.predictors.raws(self.columns, batch)


def compile_ensemble(
    ensemble: Ensemble, stored: bytes | None = None
) -> CompiledTrees | TreeliteTrees:
    """The quickest form of an ensemble for single rows.

    Args:
        stored: the same trees as Treelite keeps them, where they are too many to be compiled.
    """
    columns, predictors = tuple(ensemble.columns), TreePredictors(ensemble)
    if stored is not None:
        from treelite import Model

        model, rounded = Model.deserialize_bytes(stored), ensemble.single_precision
        return TreeliteTrees(columns, compile_reader(columns), model, rounded, predictors)
    used, parts = ensemble.used, compile_trees(ensemble.trees, len(columns))
    read = compile_reader(columns, used)
    return CompiledTrees(read, ensemble.base, parts, columns, used, predictors)


def stored_by_treelite(ensemble: Ensemble, estimator: Any) -> bytes | None:
    """The trees of an estimator as Treelite keeps them; None where they are few enough without it.

    Raises:
        NotCompilable: Treelite does not take what is too large to be compiled.
    """
    if ensemble.nodes <= MAX_NODES and ensemble.depth <= MAX_DEPTH:
        return None
    from treelite.sklearn import import_model

    try:
        stored: bytes = import_model(estimator).serialize_bytes()
    except Exception as error:
        # Of any kind: Treelite reads private parts of scikit-learn, which a release may change.
        raise NotCompilable(
            f"Treelite does not take {type(estimator).__name__}: {error}"
        ) from error
    return stored


def require_few_nodes(ensemble: Ensemble, classes: int) -> None:
    """Refuse the trees of one of some classes that are too large to be compiled.

    Raises:
        NotCompilable: those of all classes are.
    """
    most = MAX_NODES_OF_CLASSES // classes
    if ensemble.nodes > most or ensemble.depth > MAX_DEPTH:
        raise NotCompilable(
            f"{ensemble.nodes:,} nodes of one of {classes} classes are too many to be compiled."
        )


def _placed(
    columns: Sequence[CompiledColumn], positions: Mapping[Any, int]
) -> tuple[CompiledColumn, ...]:
    """Columns that find their values by position."""
    return tuple(structs.replace(column, source=positions[column.source]) for column in columns)
