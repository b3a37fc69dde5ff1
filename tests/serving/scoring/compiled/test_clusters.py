"""Clusters whose centres are compiled answer what their pipeline answers, or say why not."""

from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from mlops_platform.serving.explaining.additive_score import additive_score
from mlops_platform.serving.explaining.explainer import NotExplainable
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.packing.parity import check_parity
from mlops_platform.serving.scoring.compiled.columns import NotCompilable
from mlops_platform.serving.scoring.compiled.model import compile_model, compile_plain
from mlops_platform.serving.scoring.compiled.plain_model import plain_model
from mlops_platform.serving.scoring.compiled.stored_form import read_form, stored_form
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.tasks import Finished, Rows
from tests.serving.scoring.compiled.test_model import NAMES, ROWS, SCHEMA, one_hot, scaled, strange
from tests.tasks.clustering.conftest import TASK

ESTIMATORS: dict[str, Any] = {
    "centres": KMeans(4, n_init=2, random_state=0),
    "centres of batches": MiniBatchKMeans(3, n_init=2, random_state=0),
}
FEATURES = ROWS[NAMES]


def pipeline_of(estimator: Any, scaler: Any = None) -> Pipeline:
    columns = scaled(scaler or StandardScaler(), one_hot(sparse_output=False))
    return Pipeline([("columns", columns), ("estimator", estimator)])


def fitted(estimator: Any, scaler: Any = None) -> Any:
    return pipeline_of(estimator, scaler).fit(FEATURES)


@cache
def finished(estimator: Any) -> Finished:
    rows = Rows(FEATURES, np.zeros(len(FEATURES)))
    return TASK.fit(pipeline_of(estimator), rows, rows)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_row_belongs_to_the_centre_that_the_pipeline_names(name: str) -> None:
    model = finished(ESTIMATORS[name]).model
    compiled = compile_model(model, SCHEMA)

    rows = [*rows_of(SCHEMA, FEATURES.head(300)), *strange()]
    expected = TASK.numbers(model, frame_of(SCHEMA, rows))

    np.testing.assert_allclose(compiled.numbers_of(rows), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_packaging_serves_the_compiled_centres(name: str) -> None:
    parity = check_parity(SCHEMA, TASK, finished(ESTIMATORS[name]).model, FEATURES)

    assert parity.compiled, parity
    assert Scorer(SCHEMA, TASK, finished(ESTIMATORS[name]).model).compiled


def test_what_is_packed_says_the_same_row_by_row_and_by_columns() -> None:
    model = finished(ESTIMATORS["centres"]).model
    stored = stored_form(plain_model(model, SCHEMA))
    packed = read_form(stored)
    assert packed is not None
    compiled = compile_plain(packed).by_position(SCHEMA.names)

    rows = [tuple(row[name] for name in SCHEMA.names) for row in strange()]
    by_row = compiled.numbers_of(rows)

    assert by_row == compiled.numbers_by_column(list(zip(*rows, strict=True)), len(rows))
    assert stored == stored_form(plain_model(model, SCHEMA))


def test_services_that_know_no_distances_leave_such_a_form_to_the_pipeline() -> None:
    """They read forms of format 1, and compile another one from the pipeline."""
    stored = stored_form(plain_model(finished(ESTIMATORS["centres"]).model, SCHEMA))

    assert msgspec.msgpack.decode(stored)["format"] == 2


@pytest.mark.parametrize(
    ("estimator", "scaler", "reason"),
    [
        (GaussianMixture(3, random_state=0), None, "GaussianMixture has no compiled form"),
        (BisectingKMeans(3, random_state=0), None, "BisectingKMeans has no compiled form"),
        (
            KMeans(3, n_init=1, random_state=0),
            QuantileTransformer(n_quantiles=50),
            "QuantileTransformer has no compiled form",
        ),
    ],
)
def test_other_clusters_are_served_by_their_pipeline(
    estimator: Any, scaler: Any, reason: str
) -> None:
    with pytest.raises(NotCompilable, match=reason):
        compile_model(fitted(estimator, scaler), SCHEMA)


def test_centres_in_single_precision_are_left_to_the_pipeline() -> None:
    model = fitted(KMeans(3, n_init=1, random_state=0))
    model[-1].cluster_centers_ = model[-1].cluster_centers_.astype(np.float32)

    with pytest.raises(NotCompilable, match="KMeans has centres in float32"):
        compile_model(model, SCHEMA)


def test_a_distance_is_explained_by_no_sum() -> None:
    [head, *_] = plain_model(finished(ESTIMATORS["centres"]).model, SCHEMA).heads

    with pytest.raises(NotExplainable, match="no sum over features"):
        additive_score(head, [])
