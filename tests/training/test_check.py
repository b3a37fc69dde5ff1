import pytest

from mlops_platform.training.check import check_candidates


def candidates_of(plain):
    return plain["training"]["candidates"]


def test_a_sound_spec_has_no_errors(spec):
    assert check_candidates(spec) == []


def test_every_broken_candidate_is_told_at_once(declare):
    def edit(plain):
        candidates_of(plain)[0]["estimator"]["type"] = "sklearn.linear_model.LogisticRegresion"
        candidates_of(plain)[0]["preprocessing"][0]["steps"][1]["type"] = "sklearn.svm.SVC"
        candidates_of(plain)[1]["estimator"]["params"] = {"max_itr": 3, "seed": 1}

    errors = check_candidates(declare(edit))

    assert [error.field for error in errors] == [
        "training.candidates.0.preprocessing.0.steps.1.type",
        "training.candidates.0.estimator.type",
        "training.candidates.1.estimator.params.max_itr",
        "training.candidates.1.estimator.params.seed",
    ]
    assert "`transform`" in errors[0].fix
    assert "sklearn.linear_model.LogisticRegression" in errors[1].fix
    assert errors[2].value == 3
    assert "max_iter" in errors[2].fix


def break_imputation(candidates):
    candidates[0]["preprocessing"][0]["steps"].pop(0)


def break_unknown_categories(candidates):
    candidates[0]["preprocessing"][1]["steps"][0]["params"] = {}


def name_no_classifier(candidates):
    candidates[0]["estimator"] = {"type": "sklearn.linear_model.Ridge"}


def forget_a_required_parameter(candidates):
    candidates[0]["estimator"] = {"type": "sklearn.multiclass.OneVsRestClassifier"}


def search_too_low(candidates):
    candidates[0]["estimator"]["search"] = {"C": {"low": -1, "high": 2}}


def search_a_wrong_choice(candidates):
    candidates[0]["estimator"]["search"] = {"solver": ["lbfgs", "lbgfs"]}


def search_an_unknown_parameter(candidates):
    candidates[0]["estimator"]["search"] = {"c": [1.0]}


def choose_a_broken_estimator(candidates):
    candidates[0]["estimator"] = {
        "type": "sklearn.ensemble.BaggingClassifier",
        "params": {"n_estimators": 2},
        "search": {"estimator": [None, {"type": "sklearn.tree.Tree"}]},
    }


def move_the_categories(candidates):
    candidates[1]["preprocessing"].reverse()


@pytest.mark.parametrize(
    ("edit", "field", "fix"),
    [
        (break_imputation, "", "contains NaN"),
        (break_unknown_categories, "", "unknown categories"),
        (name_no_classifier, ".estimator.type", "`predict_proba`"),
        (forget_a_required_parameter, ".estimator.params", "'estimator'"),
        (search_too_low, ".estimator.search.C", "must be a float in the range"),
        (search_a_wrong_choice, ".estimator.search.solver", "'solver' parameter"),
        (search_an_unknown_parameter, ".estimator.search.c", "closest: C"),
        (choose_a_broken_estimator, ".estimator.params.estimator.type", "cannot be imported"),
    ],
)
def test_a_broken_candidate_is_refused_with_its_field(declare, edit, field, fix):
    errors = check_candidates(declare(lambda plain: edit(candidates_of(plain))))

    assert [error.field for error in errors] == [f"training.candidates.0{field}"]
    assert fix in errors[0].fix


def test_categories_that_moved_to_other_positions_are_refused(declare):
    errors = check_candidates(declare(lambda plain: move_the_categories(candidates_of(plain))))

    assert [error.field for error in errors] == ["training.candidates.1"]
    assert "points at noise, signal; the categorical columns stand at [2, 3]" in errors[0].fix


def test_categories_may_also_be_named_by_a_mask(declare):
    def edit(plain):
        params = candidates_of(plain)[1]["estimator"]["params"]
        params["categorical_features"] = [True, True, False, False]

    assert check_candidates(declare(edit)) == []


def regress(plain):
    plain["task"] = "regression"
    linear, boosting = candidates_of(plain)
    linear["estimator"] = {"type": "sklearn.linear_model.Ridge"}
    boosting["estimator"]["type"] = "sklearn.ensemble.HistGradientBoostingRegressor"


def test_candidates_of_another_task_are_checked_by_it(declare):
    (classifier, *_) = check_candidates(declare(lambda plain: plain.update(task="regression")))

    assert classifier.field == "training.candidates.0.estimator.type"
    assert "regressor with `predict`" in classifier.fix
    assert check_candidates(declare(regress)) == []


def test_a_candidate_that_the_task_cannot_finish_is_refused(declare):
    def edit(plain):
        regress(plain)
        with_text(0, TFIDF)(plain)

    errors = check_candidates(declare(edit))

    assert [error.field for error in errors] == ["training.candidates.0"]
    assert "takes models that need dense columns" in errors[0].fix


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_model_may_have_features_of_one_kind_only(declare, kind):
    def edit(plain):
        other = "categorical" if kind == "numeric" else "numeric"
        plain["features"][other] = []
        plain["evaluation"]["subgroups"] = ["region"]
        candidates_of(plain)[1]["estimator"]["params"] = {"max_iter": 2}

    assert check_candidates(declare(edit)) == []


def with_text(candidate, *steps):
    """One candidate, with a boolean and two text columns beside the others."""

    def edit(plain):
        plain["features"] |= {"boolean": ["is_round"], "text": ["title", "remark"]}
        chosen = plain["training"]["candidates"][candidate]
        imputer = {"type": "sklearn.impute.SimpleImputer", "params": {"add_indicator": True}}
        chosen["preprocessing"] += [
            {"columns": "boolean", "steps": [imputer]},
            {"columns": "text", "steps": [{"type": step, "params": p} for step, p in steps]},
        ]
        plain["training"]["candidates"] = [chosen]

    return edit


TFIDF = ("sklearn.feature_extraction.text.TfidfVectorizer", {})
HASHING = ("sklearn.feature_extraction.text.HashingVectorizer", {"n_features": 256})
SVD = ("sklearn.decomposition.TruncatedSVD", {"n_components": 4})


@pytest.mark.parametrize("steps", [(TFIDF,), (HASHING,), (TFIDF, SVD)])
def test_texts_enter_a_linear_model_by_any_vectorizer(declare, steps):
    assert check_candidates(declare(with_text(0, *steps))) == []


OF_TASKS = {
    "several classes": (
        {"type": "multiclass_classification", "classes": ["a", "b", "c"]},
        "sklearn.linear_model.LogisticRegression",
        (),
    ),
    "a number": ("regression", "sklearn.linear_model.Ridge", (SVD,)),
    "unusual rows": (
        {"type": "anomaly_detection", "budget": {"share": 0.1}},
        "sklearn.ensemble.IsolationForest",
        (SVD,),
    ),
}


@pytest.mark.parametrize("vectorizer", [TFIDF, HASHING])
@pytest.mark.parametrize(("task", "estimator", "reduced"), OF_TASKS.values(), ids=OF_TASKS)
def test_texts_enter_models_of_other_tasks(declare, task, estimator, reduced, vectorizer):
    def edit(plain):
        with_text(0, vectorizer, *reduced)(plain)
        plain["task"] = task
        plain["gate"] = {}
        linear = candidates_of(plain)[0]
        linear["estimator"] = {"type": estimator}
        encoder = linear["preprocessing"][1]["steps"][0]
        encoder["params"] = encoder["params"] | {"sparse_output": not reduced}

    assert check_candidates(declare(edit)) == []


@pytest.mark.parametrize("vectorizer", [TFIDF, HASHING])
def test_an_estimator_that_takes_no_sparse_input_is_told_the_way_out(declare, vectorizer):
    error, *_ = check_candidates(declare(with_text(1, vectorizer)))

    assert (error.field, error.value) == ("training.candidates.0", "boosting")
    assert "sklearn.decomposition.TruncatedSVD" in error.fix
    assert "takes sparse input" in error.fix
    assert check_candidates(declare(with_text(1, vectorizer, SVD))) == []


def test_a_step_that_takes_no_texts_is_refused(declare):
    scaler = ("sklearn.preprocessing.StandardScaler", {})
    error, *_ = check_candidates(declare(with_text(0, scaler)))

    assert "fails on a tiny sample" in error.fix


def test_a_model_may_have_booleans_only(declare):
    def edit(plain):
        plain["features"] = {"table": "t", "entity": "e", "boolean": ["is_round", "is_red"]}
        plain["evaluation"] = {}
        boosting = plain["training"]["candidates"][1]
        boosting["preprocessing"] = [{"columns": "boolean"}]
        boosting["estimator"]["params"] = {"max_iter": 5}
        plain["training"]["candidates"] = [boosting]

    assert check_candidates(declare(edit)) == []
