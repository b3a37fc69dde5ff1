import pytest

from mlops_platform.spec import CandidateSpec, EstimatorSpec
from mlops_platform.training.pipelines.space import chosen_for, defaults_of, dimensions_of


def searching(type_, search):
    return CandidateSpec(
        name="one",
        preprocessing=({"columns": "numeric"},),
        estimator=EstimatorSpec(type=type_, search=search),
    )


@pytest.mark.parametrize(
    ("search", "default"),
    [
        ({"C": {"low": 0.1, "high": 10}}, 1.0),  # scikit-learn's own
        ({"C": {"low": 2, "high": 10}}, 6.0),
        ({"C": {"low": 4, "high": 16, "log": True}}, 8.0),
        ({"max_iter": {"low": 1, "high": 200, "integer": True}}, 100),
        ({"max_iter": {"low": 200, "high": 301, "integer": True}}, 250),
        ({"solver": ["saga", "lbfgs"]}, "lbfgs"),
        ({"solver": ["saga", "liblinear"]}, "saga"),
        ({"fit_intercept": [1, True]}, True),
        ({"verbose": [False, 0]}, 0),
        ({"class_weight": ["balanced", None]}, None),
    ],
)
def test_a_dimension_starts_at_the_estimators_own_default_or_in_the_middle(search, default):
    (found,) = defaults_of(searching("sklearn.linear_model.LogisticRegression", search)).values()

    assert (found, type(found)) == (default, type(default))


def test_dimensions_are_named_by_their_place_in_the_candidate():
    candidate = CandidateSpec(
        name="one",
        preprocessing=(
            {"columns": "numeric", "steps": [{"type": "a.B", "search": {"x": [1]}}]},
            {
                "columns": "categorical",
                "steps": [{"type": "a.B"}, {"type": "a.B", "search": {"x": [2]}}],
            },
        ),
        steps=({"type": "a.C", "search": {"k": [3]}},),
        estimator={"type": "a.D", "search": {"inner__depth": [4]}},
    )

    assert dimensions_of(candidate) == {
        "preprocessing.0.steps.0.x": [1],
        "preprocessing.1.steps.1.x": [2],
        "steps.0.k": [3],
        "estimator.inner__depth": [4],
    }


def test_a_step_gets_its_own_parameters_only():
    params = {"steps.1.k": 1, "steps.10.k": 10, "preprocessing.0.steps.1.k": 0}

    assert chosen_for("steps.1", params) == {"k": 1}
