"""The same past by updates: every policy is played both ways, against the same anchors."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.monitoring.policy.backtest.report import csv_of, markdown_of
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.backtest.fits import JUDGED_FOLDER, PastFit
from mlops_platform.usecases.backtest.past import read_all_outcomes, training_moments
from mlops_platform.usecases.backtest.replay import (
    PolicyBacktest,
    backtest_policies,
    first_recipe,
    replayed_windows,
)
from mlops_platform.usecases.backtest.report import keep_backtest
from mlops_platform.usecases.backtest.updates import PastUpdates
from mlops_platform.usecases.deployment import Deployment
from tests.usecases.backtest.test_replay import MODEL, NOW, published_home

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    plain: dict[str, Any] = deepcopy(MODEL)
    plain["training"]["candidates"][0]["estimator"] = {
        "type": "sklearn.linear_model.SGDClassifier",
        "params": {"loss": "log_loss", "learning_rate": "constant", "eta0": 0.05},
    }
    plain["task"] = {"type": "binary_classification", "calibration": "temperature"}
    plain["retraining"]["update"] = "partial_fit"
    plain["backtest"] = {**plain["backtest"], "histories": [None], "policies": {}}
    return ModelSpec.model_validate(plain)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return published_home(tmp_path_factory.mktemp("updates"))


@pytest.fixture(scope="module")
def found(spec: ModelSpec, home: Settings) -> PolicyBacktest:
    return backtest_policies(Deployment(home, moment_of=lambda model: NOW), spec)


def updates_of(spec: ModelSpec, home: Settings) -> list[PastFit]:
    windows = replayed_windows(spec, home.published, NOW)
    outcomes = read_all_outcomes(spec, home.published, windows)
    moments = training_moments(windows)
    recipe = first_recipe(spec, home.published, moments[0])
    cache = home.backtest(spec.name) / "fits"
    return PastUpdates(spec, recipe, home.published, outcomes, cache).fits(moments)


def test_every_policy_that_retrains_is_played_both_ways(found: PolicyBacktest) -> None:
    played = {(each.policy, each.update, each.gated) for each in found.outcomes}
    for policy in ("declared", "every window", "CUSUM"):
        for gated in (False, True):
            assert {(policy, "refit", gated), (policy, "partial_fit", gated)} <= played
    assert ("never", "partial_fit", False) not in played


def test_an_update_knows_the_turn_of_the_season_sooner_than_a_refit(found: PolicyBacktest) -> None:
    weekly = {
        each.update: each
        for each in found.outcomes
        if (each.policy, each.gated) == ("every window", False)
    }
    never = next(each for each in found.outcomes if each.policy == "never")
    assert weekly["partial_fit"].fits == weekly["refit"].fits == 10
    # A refit weighs all weeks the same, and most of them are of before.
    assert weekly["partial_fit"].loss.value < weekly["refit"].loss.value < never.loss.value
    assert weekly["partial_fit"].regret < 0


def test_updates_are_made_once_each_from_the_one_before(
    spec: ModelSpec, home: Settings, found: PolicyBacktest
) -> None:
    cache = home.backtest(spec.name) / "fits"
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    updates = updates_of(spec, home)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    steps = [
        spec.task.learnt_parts(load_model(update.path / JUDGED_FOLDER, update.judged_digests))
        .pipeline[-1]
        .t_
        for update in updates
    ]
    # A week of thirty rows a day more each time; labels of the last evening are not known yet.
    assert [later - earlier for earlier, later in pairwise(steps)] == [210.0] * 10


def test_the_report_tells_both_ways_apart(
    spec: ModelSpec, home: Settings, found: PolicyBacktest
) -> None:
    text = markdown_of(found.outcomes, found.recommendation)
    assert "| policy | update | history |" in text
    assert "update" in csv_of(found.outcomes).splitlines()[0].split(",")
    pictures = keep_backtest(Deployment(home, moment_of=lambda model: NOW), found)
    assert set(pictures) == {"benefit, all history", "benefit, all history, partial_fit"}
    stored = (home.backtest(spec.name) / "backtest.json").read_text()
    assert PolicyBacktest.from_stored(stored) == found
    if found.recommendation.update == "partial_fit":
        assert "by `partial_fit`" in text
