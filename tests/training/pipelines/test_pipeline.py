import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.errors import TrainingError
from mlops_platform.tasks.binary_classification.calibration import positive_scores
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.rows import features_of, targets_of


def fitted(spec, name, rows, params=None):
    pipeline = build_pipeline(spec, candidate_named(spec, name), params or {})
    return pipeline.fit(features_of(rows, spec), targets_of(rows, spec))


@pytest.mark.parametrize("name", ["linear", "boosting"])
def test_unseen_categories_and_missing_values_get_a_probability(spec, split, name):
    strange = features_of(split.test.head(3), spec).copy()
    strange[["colour", "shape"]] = [["ultraviolet", None], [None, "ultraviolet"], [None, None]]
    strange[["signal", "noise"]] = np.nan

    scores = positive_scores(fitted(spec, name, split.train), strange)

    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize("name", ["linear", "boosting"])
def test_missing_and_unseen_values_also_work_where_training_had_neither(spec, split, name):
    whole = split.train.dropna()
    strange = features_of(split.test.head(1), spec).assign(colour=None, signal=np.nan)

    assert np.isfinite(positive_scores(fitted(spec, name, whole), strange)).all()


def test_boosting_treats_its_categories_as_categories(declare, split):
    # A label that no order of the codes explains: one of the middle categories is always late.
    rows = split.train.assign(
        colour=[f"c{at % 9}" for at in range(len(split.train))],
        is_late=[at % 9 in (2, 6) for at in range(len(split.train))],
    )
    spec = declare(
        lambda plain: plain["training"]["candidates"][1]["estimator"].update(
            params={"categorical_features": [0, 1], "max_iter": 1, "learning_rate": 1.0},
            search={"max_leaf_nodes": [2]},
        )
    )
    pipeline = fitted(spec, "boosting", rows, {"estimator.max_leaf_nodes": 2})

    scores = positive_scores(pipeline, features_of(rows, spec))

    assert list(pipeline[-1].is_categorical_) == [True, True, False, False]
    assert (scores > 0.5).tolist() == rows["is_late"].tolist()


def test_a_searched_parameter_reaches_its_step(declare):
    spec = declare(
        lambda plain: plain["training"]["candidates"][0]["preprocessing"][1]["steps"][0].update(
            params={"handle_unknown": "ignore"}, search={"min_frequency": [2, 9]}
        )
    )

    pipeline = build_pipeline(
        spec,
        candidate_named(spec, "linear"),
        {"preprocessing.1.steps.0.min_frequency": 9, "estimator.C": 0.25},
    )

    columns = {name: step for name, step, _ in pipeline[0].transformers}
    assert columns["categorical"].min_frequency == 9
    assert pipeline[-1].C == 0.25


def test_steps_of_the_whole_row_stand_between_columns_and_estimator(declare, split):
    spec = declare(
        lambda plain: plain["training"]["candidates"][0].update(
            steps=[{"type": "sklearn.feature_selection.SelectKBest", "params": {"k": 2}}]
        )
    )

    pipeline = fitted(spec, "linear", split.train)

    assert [type(step).__name__ for _, step in pipeline.steps] == [
        "ColumnTransformer",
        "SelectKBest",
        "LogisticRegression",
    ]
    assert pipeline[-1].coef_.shape == (1, 2)


def test_columns_without_a_role_do_not_matter(spec, split):
    pipeline = fitted(spec, "boosting", split.train)
    features = features_of(split.test, spec)

    same = positive_scores(pipeline, features[features.columns[::-1]].assign(is_late=True))

    assert (same == positive_scores(pipeline, features)).all()


def test_the_positive_column_is_found_by_its_class():
    class Reversed:
        classes_ = np.array([True, False])

        def predict_proba(self, features):
            return np.array([[0.9, 0.1]] * len(features))

    assert positive_scores(Reversed(), pd.DataFrame({"a": [1, 2]})).tolist() == [0.9, 0.9]


def test_a_recipe_of_an_undeclared_candidate_is_refused(spec):
    with pytest.raises(TrainingError, match=r"'forest' is not usable.*linear, boosting"):
        candidate_named(spec, "forest")


def test_each_text_column_goes_through_its_own_copy_of_the_steps(declare):
    def edit(plain):
        plain["features"] = {"table": "t", "entity": "e", "text": ["title", "remark"]}
        plain["evaluation"] = {}
        linear = plain["training"]["candidates"][0]
        vectorizer = {
            "type": "sklearn.feature_extraction.text.CountVectorizer",
            "search": {"min_df": [1, 2]},
        }
        linear["preprocessing"] = [{"columns": "text", "steps": [vectorizer]}]
        plain["training"]["candidates"] = [linear]

    spec = declare(edit)
    candidate = spec.training.candidates[0]
    params = {"preprocessing.0.steps.0.min_df": 2, "estimator.C": 1.0}
    columns = build_pipeline(spec, candidate, params).named_steps["columns"]
    rows = pd.DataFrame(
        {"title": ["red shoe", "red hat", None], "remark": [None, "too red", "too big"]},
        dtype=object,
    )
    counted = columns.fit_transform(rows)

    assert columns.get_feature_names_out().tolist() == ["text_0__text__red", "text_1__text__too"]
    assert counted.toarray().tolist() == [[1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("vectorizer", "params"),
    [
        ("CountVectorizer", {"ngram_range": [1, 2], "stop_words": "english"}),
        ("TfidfVectorizer", {"sublinear_tf": True, "max_features": 50}),
        ("HashingVectorizer", {"n_features": 64, "analyzer": "char_wb"}),
    ],
)
def test_a_pipeline_of_texts_is_stored_by_types_that_are_trusted(
    declare, tmp_path, vectorizer, params
):
    def edit(plain):
        plain["features"] = {"table": "t", "entity": "e", "text": ["remark"]}
        plain["evaluation"] = {}
        linear = plain["training"]["candidates"][0]
        step = {"type": f"sklearn.feature_extraction.text.{vectorizer}", "params": params}
        linear["preprocessing"] = [{"columns": ["remark"], "steps": [step]}]
        plain["training"]["candidates"] = [linear]

    spec = declare(edit)
    pipeline = build_pipeline(spec, spec.training.candidates[0], {"estimator.C": 1.0})
    rows = pd.DataFrame({"remark": ["red shoe", "red hat", None, ""] * 5}, dtype=object)
    pipeline.fit(rows, [0, 1, 1, 0] * 5)
    loaded = load_model(tmp_path, save_model(pipeline, tmp_path))

    np.testing.assert_array_equal(loaded.predict_proba(rows), pipeline.predict_proba(rows))
    missing, empty = loaded.predict_proba(rows)[2:4]
    assert missing.tolist() == empty.tolist()
