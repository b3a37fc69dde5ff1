"""D2 is one number: that of scikit-learn, whatever the task's loss, with days resampled."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from mlops_platform.spec import ImprovementSpec
from mlops_platform.tasks import Predictions, Task
from mlops_platform.training.judging.comparison import PairedLosses
from mlops_platform.training.judging.skill import skill_of
from tests.tasks.conftest import task_named

ASKED = ImprovementSpec(confidence=0.95, resamples=400)
SEEDS = st.integers(0, 2**32 - 1)
CLASSES = ["sun", "rain", "fog"]


def case(name: str, seed: int, **options: Any) -> tuple[Task, Any, Predictions]:
    """A task with 60 outcomes and what is said of them."""
    random = np.random.default_rng(seed)
    if name == "regression":
        targets = random.gamma(2.0, size=60)
        stated = Predictions({"prediction": targets * random.uniform(0.3, 1.5, 60)})
    elif name == "multiclass_classification":
        options["classes"] = CLASSES
        targets = np.arange(60) % 3
        said = random.dirichlet(np.ones(3), 60) / 2 + np.eye(3)[targets] / 2
        stated = Predictions({f"probability_{at + 1}": said[:, at] for at in range(3)})
    else:
        targets = np.arange(60) % 4 // 3
        stated = Predictions({"score": random.uniform(0.2, 0.8, 60) / 2 + targets / 3})
    return task_named(name, **options), targets, stated


SCORES = {
    ("binary_classification", "log_loss"): lambda y, p, **w: reference.d2_log_loss_score(
        y, p["score"], **w
    ),
    ("binary_classification", "brier_score"): lambda y, p, **w: reference.d2_brier_score(
        y, p["score"], **w
    ),
    ("multiclass_classification", "log_loss"): lambda y, p, **w: reference.d2_log_loss_score(
        y, np.column_stack([*p.columns.values()]), **w
    ),
    ("multiclass_classification", "brier_score"): lambda y, p, **w: reference.d2_brier_score(
        y, np.column_stack([*p.columns.values()]), **w
    ),
    ("regression", "absolute_error"): lambda y, p, **w: reference.d2_absolute_error_score(
        y, p["prediction"], **w
    ),
    ("regression", "squared_error"): lambda y, p, **w: reference.r2_score(y, p["prediction"], **w),
}


@pytest.mark.parametrize(("name", "loss"), SCORES)
@settings(max_examples=8)
@given(seed=SEEDS, weighted=st.booleans())
def test_d2_is_that_of_scikit_learn_in_the_loss_of_the_task(
    name: str, loss: str, seed: int, weighted: bool
) -> None:
    task, targets, stated = case(name, seed, loss=loss)
    weights = np.random.default_rng(seed).uniform(0.5, 2, 60) if weighted else None
    stated = stated.weighted(weights)

    expected = SCORES[name, loss](targets, stated, sample_weight=weights)

    assert task.d2(targets, stated) == pytest.approx(expected, rel=1e-6)
    assert task.own_metrics["d2"].compute(targets, stated) == task.d2(targets, stated)


def test_outcomes_that_do_not_differ_have_no_d2() -> None:
    task, targets, stated = case("binary_classification", 0)

    assert np.isnan(task.d2(np.zeros_like(targets), stated))


def losses_of(seed: int, days: int = 20, rows: int = 30) -> PairedLosses:
    """Of a baseline, and of a model that saves 30 % of it but for what a day does to all rows."""
    random = np.random.default_rng(seed)
    of_day = np.repeat(random.gamma(8.0, 1 / 8, days), rows)
    saved = np.repeat(random.normal(0.3, 0.15, days), rows)
    baseline = of_day * random.gamma(2.0, size=days * rows)
    units = np.repeat(np.arange(days), rows)
    return PairedLosses(baseline, baseline * (1 - saved), units)


def test_its_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    found = [skill_of(ASKED, losses_of(seed), seed=seed) for seed in range(150)]

    held = [skill.lower <= 0.3 <= skill.upper for skill in found if skill and skill.upper]
    assert len(held) == 150
    assert 0.82 <= np.mean(held) <= 0.96
    assert {round(skill.confidence, 9) for skill in found if skill} == {0.9}


def test_a_baseline_without_a_loss_saves_nothing_and_two_days_say_nothing_of_others() -> None:
    plain = losses_of(0)

    assert skill_of(ASKED, plain._replace(champion=0 * plain.champion), seed=0) is None
    few = skill_of(ASKED, losses_of(0, days=2), seed=0)
    assert few is not None
    assert few.lower is few.upper is None
    assert few.text == f"{few.value:.1%}"
