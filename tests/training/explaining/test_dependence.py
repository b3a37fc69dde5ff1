"""Curves are scikit-learn's partial dependence; what has none says why."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.inspection import partial_dependence

from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.training.explaining.dependence import PartialDependence, partial_dependences
from mlops_platform.training.explaining.importance import Importance
from mlops_platform.training.rows import features_of


def dependences(explained: Any, *names: str, **declared: Any) -> list[PartialDependence]:
    """Of these features, whatever the model leans on."""
    plain = explained.spec.model_dump(mode="json")
    plain["evaluation"]["partial_dependence"] = {"features": 9, "rows": 100_000, **declared}
    spec = type(explained.spec).model_validate(plain)
    leading = [Importance(feature=name, mean=1.0, standard_deviation=0.0) for name in names]
    of = explained._replace(spec=spec)
    return list(partial_dependences(of.spec, of.candidate, of.rows, of.predictions, leading))


@pytest.mark.parametrize("model", ["tiny", "line"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_means_are_those_of_scikit_learn(
    model: str, is_weighted: bool, request: pytest.FixtureRequest
) -> None:
    explained = request.getfixturevalue(model)
    if is_weighted:
        explained = explained.weighted()
    weights = explained.predictions.weights
    features = features_of(explained.rows, explained.spec)
    for found in dependences(explained, "signal", "noise", "shape"):
        [curve] = found.curves
        estimator = explained.candidate.model
        if model == "line":
            # Its first number is the prediction; scikit-learn takes no estimator of many.
            estimator = _First(estimator).fit(features)
        expected = partial_dependence(
            estimator,
            features,
            [found.feature],
            sample_weight=weights,
            custom_values={
                found.feature: np.array(
                    found.values, dtype=object if found.kind == "categorical" else float
                )
            },
            categorical_features=[found.feature] if found.kind == "categorical" else None,
            response_method="predict_proba" if model == "tiny" else "auto",
            method="brute",
            kind="average",
        )["average"][0]
        assert curve.mean == pytest.approx(expected, abs=1e-12)


class _First:
    """The first number of a model of many, as a regressor."""

    _estimator_type = "regressor"

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, features: pd.DataFrame) -> "_First":
        self.fitted_ = True
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.linear_model import LinearRegression

        return LinearRegression().__sklearn_tags__()

    def predict(self, features: pd.DataFrame) -> Any:
        return self.model.predict(features)[:, 0]


def test_the_band_is_as_narrow_as_the_mean_where_all_rows_are_told_the_same(line: Any) -> None:
    for found in dependences(line, "signal", "colour"):
        [curve] = found.curves
        assert curve.output == "prediction"
        assert curve.lower == pytest.approx(curve.mean, abs=1e-9)
        assert curve.upper == pytest.approx(curve.mean, abs=1e-9)
    steps = np.diff(found_values := dependences(line, "signal")[0].values)
    rises = np.diff(dependences(line, "signal")[0].curves[0].mean)
    assert rises / steps == pytest.approx(np.full(len(found_values) - 1, rises[0] / steps[0]))


def test_rows_that_are_told_otherwise_widen_the_band(tiny: Any) -> None:
    [found] = dependences(tiny, "signal")
    [curve] = found.curves
    assert curve.output == "score"
    assert max(np.subtract(curve.upper, curve.lower)) > 0.01
    assert all(np.less_equal(curve.lower, np.add(curve.upper, 1e-12)))


def test_numbers_go_along_values_that_rows_have(tiny: Any) -> None:
    [found] = dependences(tiny, "signal", values=10)
    known = tiny.rows["signal"].dropna()
    assert len(found.values) == 10
    assert set(found.values) <= set(known)
    outside = ((known < found.values[0]) | (known > found.values[-1])).mean()
    assert found.outside == pytest.approx(outside)
    assert 0 < found.outside < 0.05
    assert sum(found.shares) + found.outside == pytest.approx(1.0)
    assert found.missing == pytest.approx(tiny.rows["signal"].isna().mean())
    lacking = features_of(tiny.rows, tiny.spec).assign(signal=np.nan)
    said = tiny.spec.task.predict(tiny.candidate.model, tiny.candidate.constants, lacking)
    assert found.curves[0].at_missing == pytest.approx(said["score"].mean())


def test_categories_are_those_of_most_rows(tiny: Any) -> None:
    [found] = dependences(tiny, "colour", values=2)
    counts = tiny.rows["colour"].value_counts()
    assert found.values == tuple(counts.index[:2])
    assert found.shares == pytest.approx((counts / counts.sum()).to_list()[:2])
    assert found.outside == pytest.approx(1 - sum(found.shares))


def test_flags_are_false_and_true(rows: Any, explain: Any) -> None:
    def flagged(plain: dict[str, Any]) -> None:
        plain["features"]["boolean"] = ["is_red"]
        plain["training"]["candidates"][1]["preprocessing"].append({"columns": "boolean"})

    is_red = (rows["colour"] == "red").astype(float)
    explained = explain(rows.assign(is_red=is_red, colour="grey"), flagged)
    [found] = dependences(explained, "is_red")
    assert found.values == (0.0, 1.0)
    assert [found.shown(value) for value in found.values] == ["false", "true"]
    [curve] = found.curves
    assert curve.mean[1] > curve.mean[0] + 0.05
    assert curve.at_missing is None


BAD_INPUT = {
    "a constant column": ("noise", 2.5, "noise is always 2.5 in the test rows"),
    "a column that is all NULL": ("noise", np.nan, "noise has no value in the test rows"),
    "a category that is all NULL": ("shape", None, "shape has no value in the test rows"),
    "infinite values only": ("noise", np.inf, "noise has no value in the test rows"),
}


@pytest.mark.parametrize("given_", BAD_INPUT)
def test_what_has_no_curve_says_why(tiny: Any, given_: str) -> None:
    name, value, reason = BAD_INPUT[given_]
    [found] = dependences(tiny._replace(rows=tiny.rows.assign(**{name: value})), name)
    assert (found.reason, found.curves) == (reason, ())


def test_text_has_no_curve(rows: Any, explain: Any) -> None:
    def with_text(plain: dict[str, Any]) -> None:
        plain["features"]["text"] = ["note"]
        plain["training"]["candidates"][0]["preprocessing"].append(
            {
                "columns": "text",
                "steps": [{"type": "sklearn.feature_extraction.text.TfidfVectorizer"}],
            }
        )

    note = np.where(rows["colour"] == "red", "quite red", "of some colour")
    explained = explain(rows.assign(note=note), with_text, "linear")
    [found] = dependences(explained, "note")
    assert found.reason == "note is free text, of which there are no values to go along"
    assert found.curves == ()


def test_one_row_has_a_constant(tiny: Any) -> None:
    one = tiny._replace(rows=tiny.rows[:1], predictions=tiny.predictions.rows(np.array([0])))
    [found] = dependences(one, "shape")
    assert found.reason == f"shape is always {tiny.rows['shape'][0]} in the test rows"


def test_infinite_values_are_outside(tiny: Any) -> None:
    noise = tiny.rows["noise"].where(np.arange(len(tiny.rows)) % 4 > 0, np.inf)
    [found] = dependences(tiny._replace(rows=tiny.rows.assign(noise=noise)), "noise")
    assert np.isfinite(found.values).all()
    assert 0.25 <= found.outside <= 0.3


def test_only_leading_features_with_importance_are_shown(tiny: Any) -> None:
    spec, candidate, rows, predictions, _ = tiny
    leading = [
        Importance(feature=name, mean=mean, standard_deviation=0.0)
        for name, mean in {"signal": 0.3, "colour": 0.1, "noise": 0.0, "shape": -0.1}.items()
    ]
    shown = partial_dependences(spec, candidate, rows, predictions, leading)
    assert [found.feature for found in shown] == ["signal", "colour"]
    assert spec.evaluation.partial_dependence.features == 6
    evaluation = spec.evaluation.model_copy(
        update={
            "partial_dependence": spec.evaluation.partial_dependence.model_copy(
                update={"features": 0}
            )
        }
    )
    none = spec.model_copy(update={"evaluation": evaluation})
    assert partial_dependences(none, candidate, rows, predictions, leading) == ()


@given(
    values=st.lists(
        st.one_of(st.floats(-1e6, 1e6), st.integers(0, 3).map(float), st.just(float("nan"))),
        min_size=1,
        max_size=60,
    ),
    most=st.integers(2, 20),
)
@settings(max_examples=60, deadline=None)
def test_a_grid_is_of_values_that_are_there(values: list[float], most: int) -> None:
    from mlops_platform.training.explaining.dependence import _grid, _outside, _shares

    known = pd.Series(values, dtype=float).dropna()
    if known.nunique() < 2:
        return
    grid = _grid(known, most)
    assert 2 <= len(grid) <= most
    assert (np.diff(grid) > 0).all()
    assert set(grid) <= set(known)
    total = sum(_shares(known, grid, "numeric")) + _outside(known, grid, "numeric")
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("given_", BAD_INPUT)
def test_the_document_shows_what_is_said_of_bad_input(given_: str) -> None:
    *_, reason = BAD_INPUT[given_]
    document = (PROJECT_ROOT / "docs" / "explanations.md").read_text(encoding="utf-8")
    assert f"| {given_} | `{reason}` |" in document
