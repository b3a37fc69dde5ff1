"""The private predictors of scikit-learn that go down our trees, many rows at once."""

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.serving.scoring.compiled.columns import (
    ColumnBatch,
    Lookup,
    NotCompilable,
    Number,
)
from mlops_platform.serving.scoring.compiled.ensemble import CATEGORIES, Ensemble, Tree
from mlops_platform.serving.scoring.compiled.tree_code import compile_reader, compile_trees
from mlops_platform.serving.scoring.compiled.tree_predictors import TreePredictors

PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor"
CODES: dict[str | float | bool | None, float] = {
    f"c{code}": float(code) for code in range(CATEGORIES)
}


def stump(feature: int, *, missing_left: bool, codes: frozenset[int] | None = None) -> Tree:
    """A tree of one split at 0.5, or by category."""
    return Tree(
        feature=np.array([feature, 0, 0]),
        threshold=np.array([0.5, 0.0, 0.0]),
        missing_left=np.array([missing_left, False, False]),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        value=np.array([0.0, 0.1, 0.7]),
        cover=np.ones(3),
        categories={} if codes is None else {0: codes},
    )


def ensemble() -> Ensemble:
    """Splits of every kind; one column is not split by."""
    trees = [
        stump(at, missing_left=missing_left, codes=codes)
        for missing_left in (False, True)
        for at, codes in ((0, None), (1, frozenset({0, 31, 32, 255})), (1, frozenset()), (2, None))
    ]
    columns = (Number(0), Lookup(1, CODES, np.nan), Number(0, 2.0, (("*", 0.3),)), Number(0))
    return Ensemble(columns, 0.2, tuple(trees), single_precision=False)


ENSEMBLE = ensemble()
PREDICTORS = TreePredictors(ENSEMBLE)
VALUES = st.none() | st.floats(-1e30, 1e30) | st.sampled_from([0.5, -0.0, 0.5 / 0.3, 5e-324])
KEYS = st.none() | st.sampled_from([*CODES, "never seen"])


@given(st.lists(st.tuples(VALUES, KEYS), min_size=1, max_size=20))
def test_every_row_takes_the_ways_that_it_takes_alone(rows: list[tuple[Any, Any]]) -> None:
    read = compile_reader(ENSEMBLE.columns)
    (part,) = compile_trees(ENSEMBLE.trees, len(ENSEMBLE.columns))
    alone = [part(ENSEMBLE.base, *read(row)) for row in rows]
    columns = list(zip(*rows, strict=True))
    raws = PREDICTORS.raws(ENSEMBLE.columns, ColumnBatch(columns, len(rows)))
    assert raws.tolist() == alone


def test_they_are_made_by_the_first_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    predictors = TreePredictors(ENSEMBLE)
    batch = ColumnBatch([[1.0], ["c1"]], 1)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, PREDICTOR, None)
        with pytest.raises(NotCompilable, match="other predictors of trees"):
            predictors.raws(ENSEMBLE.columns, batch)
    assert len(predictors.raws(ENSEMBLE.columns, batch)) == 1


class Turned:
    """A predictor that takes something else."""

    def __init__(self, *arrays: Any) -> None:
        """As scikit-learn's is made."""

    def predict(self, features: Any) -> Any:
        """Without what ours gives."""


def test_predictors_that_take_something_else_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{PREDICTOR}.TreePredictor", Turned)
    batch = ColumnBatch([[1.0], ["c1"]], 1)
    with pytest.raises(NotCompilable, match="predict"):
        TreePredictors(ENSEMBLE).raws(ENSEMBLE.columns, batch)
