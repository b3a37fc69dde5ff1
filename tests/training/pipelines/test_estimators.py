import pytest

from mlops_platform.errors import SpecError
from mlops_platform.spec import EstimatorSpec
from mlops_platform.training.pipelines.estimators import build_estimator, load_class


def built(type_, params=None, chosen=None, seed=5):
    return build_estimator(EstimatorSpec(type=type_, params=params or {}), chosen or {}, seed)


def test_the_seed_reaches_every_estimator_that_takes_one():
    found = built(
        "sklearn.ensemble.BaggingClassifier",
        {"estimator": {"type": "sklearn.tree.DecisionTreeClassifier", "params": {"max_depth": 2}}},
    )

    assert (found.random_state, found.estimator.random_state) == (5, 5)
    assert found.estimator.max_depth == 2


def test_a_random_state_of_the_yaml_stays():
    found = built("sklearn.tree.DecisionTreeClassifier", {"random_state": 11})

    assert found.random_state == 11


def test_an_estimator_without_a_random_state_gets_none():
    assert "random_state" not in built("sklearn.naive_bayes.GaussianNB").get_params()


def test_lists_of_named_estimators_are_built():
    found = built(
        "sklearn.ensemble.VotingClassifier",
        {
            "voting": "soft",
            "estimators": [
                ["a", {"type": "sklearn.naive_bayes.GaussianNB"}],
                ["b", {"type": "sklearn.linear_model.LogisticRegression", "params": {"C": 0.5}}],
            ],
        },
    )
    found.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])

    assert found.predict_proba([[3.0]])[0, 1] > 0.5
    assert found.named_estimators_["b"].C == 0.5


def test_a_list_becomes_a_tuple_where_scikit_learn_insists_on_one():
    scaler = built("sklearn.preprocessing.RobustScaler", {"quantile_range": [10, 90]})

    assert scaler.quantile_range == (10, 90)
    scaler.fit([[1.0], [2.0]])


def test_a_search_reaches_into_a_nested_estimator():
    found = built(
        "sklearn.ensemble.BaggingClassifier",
        {"estimator": {"type": "sklearn.tree.DecisionTreeClassifier"}},
        chosen={"estimator__max_depth": 4, "n_estimators": 3},
    )

    assert (found.estimator.max_depth, found.n_estimators) == (4, 3)


def test_a_choice_may_be_an_estimator():
    found = built(
        "sklearn.ensemble.BaggingClassifier",
        chosen={"estimator": {"type": "sklearn.naive_bayes.GaussianNB"}},
    )

    assert type(found.estimator).__name__ == "GaussianNB"


@pytest.mark.parametrize(
    ("type_", "params", "field", "fix"),
    [
        (
            "sklearn.linear_model.LogisticRegresion",
            {},
            "estimator.type",
            r"sklearn\.linear_model\.LogisticRegression,",
        ),
        ("sklearn.linear_modle.Ridge", {}, "estimator.type", r"sklearn\.linear_model\.Ridge"),
        ("sklearn.pipeline.make_pipeline", {}, "estimator.type", "no scikit-learn estimator"),
        ("collections.OrderedDict", {}, "estimator.type", "no scikit-learn estimator"),
        (
            "sklearn.ensemble.HistGradientBoostingClassifier",
            {"max_itr": 3},
            "estimator.params.max_itr",
            "closest: max_iter",
        ),
        (
            "sklearn.ensemble.BaggingClassifier",
            {"estimator": {"type": "sklearn.tree.DecisionTreeClassifier", "params": {"depth": 1}}},
            "estimator.params.estimator.params.depth",
            "max_depth",
        ),
        (
            "sklearn.ensemble.BaggingClassifier",
            {"estimator": {"type": "sklearn.tree.DecisionTreeClassifier", "parms": {}}},
            "estimator.params.estimator",
            "parms",
        ),
        (
            "sklearn.ensemble.BaggingClassifier",
            {
                "estimator": {"type": "sklearn.tree.DecisionTreeClassifier"},
                "estimator__max_dept": 3,
            },
            "estimator.params.estimator__max_dept",
            "estimator__max_depth",
        ),
        (
            "sklearn.ensemble.BaggingClassifier",
            {"estimator": {"type": "sklearn.svm.SVC", "search": {"C": [1]}}},
            "estimator.params.estimator.search",
            "outer__inner",
        ),
    ],
)
def test_what_cannot_be_built_names_the_field_and_the_fix(type_, params, field, fix):
    with pytest.raises(SpecError, match=fix) as refused:
        built(type_, params)

    assert refused.value.field == field


def test_importing_a_class_needs_an_existing_module():
    with pytest.raises(SpecError, match="cannot be imported"):
        load_class("sklearn.no_such_module.Thing", "here")
