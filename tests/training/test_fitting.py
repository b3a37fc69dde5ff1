import numpy as np
import pandas as pd
import pytest
import skops.io

from mlops_platform.tasks.binary_classification.calibration import positive_scores
from mlops_platform.tasks.binary_classification.metrics import calibration_error
from mlops_platform.tasks.fitting.calibrators import pipeline_below
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.rows import features_of, targets_of
from mlops_platform.training.split import split_by_time

METHODS = ["sigmoid", "temperature", "isotonic"]
CANDIDATES = ["linear", "boosting"]


@pytest.fixture(params=[(c, m) for c in CANDIDATES for m in METHODS], ids="-".join)
def trained(request, declare, recipe_for, split):
    name, method = request.param
    spec = declare(lambda plain: plain["task"].update(calibration=method))
    recipe = recipe_for(name)
    judged = fit_candidate(spec, recipe, split)
    return spec, recipe, judged, refit(spec, recipe, judged, split)


def test_the_refit_answers_with_its_own_scores_through_the_judged_calibrator(
    trained, split, make_rows
):
    spec, recipe, judged, released = trained
    everything = split.everything
    pipeline = build_pipeline(spec, candidate_named(spec, recipe.candidate), recipe.params)
    pipeline.fit(features_of(everything, spec), targets_of(everything, spec))
    unseen = split.unseen
    features = features_of(make_rows(days=5, seed=9), spec)

    expected = calibrated_by_hand(
        spec.task.calibration,
        pipeline_below(judged.model).decision_function(features_of(unseen, spec)),
        targets_of(unseen, spec),
        pipeline.decision_function(features),
    )

    np.testing.assert_allclose(positive_scores(released.model, features), expected, atol=1e-6)


def calibrated_by_hand(method, fit_scores, labels, scores):
    """The same calibration by other means: isotonic regression, or one by SciPy.

    Platt's targets are smoothed (Platt 1999) as scikit-learn's are.
    """
    from scipy.optimize import minimize, minimize_scalar
    from scipy.special import expit
    from sklearn.isotonic import IsotonicRegression

    if method == "isotonic":
        return IsotonicRegression(out_of_bounds="clip").fit(fit_scores, labels).predict(scores)
    if method == "temperature":

        def bold(factor):
            return -np.mean(np.log(expit(factor * np.where(labels == 1, fit_scores, -fit_scores))))

        return expit(minimize_scalar(bold, bounds=(0.01, 100), method="bounded").x * scores)
    positives, negatives = labels.sum(), (1 - labels).sum()
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(ab):
        p = expit(-(ab[0] * fit_scores + ab[1]))
        return -np.mean(target * np.log(p) + (1 - target) * np.log1p(-p))

    a, b = minimize(
        loss, [-1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    ).x
    return expit(-(a * scores + b))


def test_the_released_model_survives_skops_exactly(trained, split):
    spec, _, _, released = trained
    features = features_of(split.test, spec)

    stored = skops.io.dumps(released.model)
    loaded = skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored))

    assert (positive_scores(loaded, features) == positive_scores(released.model, features)).all()
    assert loaded.estimator is loaded.calibrated_classifiers_[0].estimator


def test_the_released_model_holds_one_pipeline_the_refitted_one(trained):
    _, _, judged, released = trained

    pipeline = pipeline_below(released.model)
    assert pipeline is released.model.calibrated_classifiers_[0].estimator.estimator
    assert pipeline is not pipeline_below(judged.model)
    assert released.constants == judged.constants


def test_the_refit_leaves_the_judged_candidate_as_it_was(trained, split):
    spec, recipe, judged, _ = trained
    again = fit_candidate(spec, recipe, split)
    features = features_of(split.test, spec)

    assert (positive_scores(again.model, features) == positive_scores(judged.model, features)).all()


def test_the_refit_is_calibrated_on_rows_it_has_never_seen(trained, make_rows):
    spec, _, _, released = trained
    later = make_rows(days=100, seed=77)

    scores = positive_scores(released.model, features_of(later, spec))

    assert calibration_error(targets_of(later, spec), scores, 10) < 0.05


@pytest.mark.parametrize("name", CANDIDATES)
def test_no_held_out_row_influences_the_fitted_pipeline(spec, recipe_for, split, name):
    poisoned = split_by_time(poison(split, ["validation", "test"]), spec)
    features = features_of(split.train, spec)

    clean = fit_candidate(spec, recipe_for(name), split)
    dirty = fit_candidate(spec, recipe_for(name), poisoned)

    clean_scores, dirty_scores = (
        positive_scores(pipeline_below(finished.model), features) for finished in (clean, dirty)
    )
    assert (clean_scores == dirty_scores).all()
    assert clean.baseline == dirty.baseline


def test_no_test_row_influences_the_calibrator_or_the_threshold(spec, recipe_for, split):
    poisoned = split_by_time(poison(split, ["test"]), spec)
    features = features_of(split.train, spec)

    clean = fit_candidate(spec, recipe_for("linear"), split)
    dirty = fit_candidate(spec, recipe_for("linear"), poisoned)

    assert clean.constants == dirty.constants
    assert (positive_scores(clean.model, features) == positive_scores(dirty.model, features)).all()


def poison(split, names):
    """All rows, those of the named parts with turned labels and absurd features."""
    parts = []
    for name, part in split.parts.items():
        if name in names:
            part = part.assign(is_late=~part["is_late"], signal=1e6, colour="poison", noise=-1e6)
        parts.append(part)
    return pd.concat(parts)


def test_the_same_seed_gives_the_same_model(spec, split, recipe, candidate):
    again = fit_candidate(spec, recipe, split)
    features = features_of(split.test, spec)

    assert (
        positive_scores(again.model, features) == positive_scores(candidate.model, features)
    ).all()
    assert again.constants == candidate.constants
