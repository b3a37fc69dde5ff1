"""A season that turns: the label's cause changes sign in the middle of the replayed weeks."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.features.published import publish_table
from mlops_platform.data.windows import Window
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings, read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.backtest.fits import PastTraining
from mlops_platform.usecases.backtest.gate import PastGate
from mlops_platform.usecases.backtest.past import past_of, read_all_outcomes, training_moments
from mlops_platform.usecases.backtest.replay import (
    PolicyBacktest,
    backtest_policies,
    first_recipe,
    replayed_windows,
)
from mlops_platform.usecases.backtest.report import keep_backtest
from mlops_platform.usecases.deployment import Deployment, deployment_at
from mlops_platform.usecases.retraining.recommended_history import recommended_history

pytestmark = pytest.mark.slow
NOW = datetime(2024, 5, 1, tzinfo=UTC)
DAYS, ROWS_A_DAY, TURNING_DAY = 112, 30, 70
ROWS = f"""
CREATE TABLE visits AS
SELECT
    'v' || visit AS visit_id,
    TIMESTAMPTZ '2024-01-01 00:30:00+00' + to_minutes(visit * {1440 // ROWS_A_DAY}) AS event_time,
    event_time::DATE AS local_date,
    (hash(visit) % 1000) / 500 - 1 AS signal,
    CASE visit % 2 WHEN 0 THEN 'north' ELSE 'south' END AS ward,
    visit // {ROWS_A_DAY} AS day
FROM range({DAYS * ROWS_A_DAY}) AS visits (visit)
"""
LABELS = f"""
CREATE TABLE visit_labels AS
SELECT
    visit_id,
    local_date,
    (hash(visit_id) % 1000) / 1000
        < 1 / (1 + exp(-4 * signal * (CASE WHEN day < {TURNING_DAY} THEN 1 ELSE -1 END)))
        AS returned,
    event_time + INTERVAL 12 HOUR AS known_at
FROM visits
"""
MODEL: dict[str, Any] = {
    "name": "readmission",
    "description": "Will the patient return?",
    "owners": ["team:ward"],
    "features": {
        "table": "visits",
        "entity": "visit_id",
        "numeric": ["signal"],
        "categorical": ["ward"],
    },
    "label": {"table": "visit_labels", "column": "returned"},
    "window": {"start": "2024-01-01"},
    "training": {
        "history": {"split": {"validation_days": 7, "test_days": 7}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [
                    {"columns": "numeric"},
                    {
                        "columns": "categorical",
                        "steps": [{"type": "sklearn.preprocessing.OneHotEncoder"}],
                    },
                ],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
        "tuning": {"trials": 1, "folds": 2},
    },
    "evaluation": {"permutation_rows": 100},
    "gate": {"improvement": {"min_days": 3}},
    "retraining": {"policy": {"rule": "performance", "loss_increase": 0.05}},
    "backtest": {
        "first_training_days": 35,
        "histories": [28],
        "policies": {"growing": {"policy": "data_growth"}},
        "retraining_cost": 1.0,
        "workers": 1,
    },
    "card": {"intended_use": "Tests.", "out_of_scope": "Patients."},
}


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return ModelSpec.model_validate(MODEL)


def published_home(folder: Path) -> Settings:
    """A home whose visits and labels are built."""
    home = read_settings({"MLOPS_HOME": str(folder)})
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(ROWS)
        connection.execute(LABELS)
    for table in ("visits", "visit_labels"):
        publish_table(
            folder / "warehouse.duckdb", table, "local_date", home.published, ["visit_id"]
        )
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return published_home(tmp_path_factory.mktemp("backtest"))


@pytest.fixture(scope="module")
def found(spec: ModelSpec, home: Settings) -> PolicyBacktest:
    return backtest_policies(Deployment(home, moment_of=lambda model: NOW), spec)


def of(found: PolicyBacktest, policy: str, gated: bool, days: int | None = None) -> Any:
    return next(
        one
        for one in found.outcomes
        if (one.policy, one.gated, one.history_days) == (policy, gated, days)
    )


def test_only_mature_windows_after_the_first_training_are_replayed(
    spec: ModelSpec, home: Settings
) -> None:
    windows = replayed_windows(spec, home.published, NOW)
    assert [windows[0].name, windows[-1].name, len(windows)] == ["2024-02-05", "2024-04-15", 11]
    with pytest.raises(DataError, match="needs 8 mature windows"):
        replayed_windows(spec, home.published, datetime(2024, 3, 20, tzinfo=UTC))


def test_the_anchors_of_the_benefit_are_never_and_every_window(found: PolicyBacktest) -> None:
    assert of(found, "never", gated=False).share_of_weekly.value == 0
    weekly = of(found, "every window", gated=False)
    assert weekly.share_of_weekly.value == 1
    assert (weekly.fits, weekly.releases, weekly.regret) == (10, 10, 0)


def test_no_policy_beats_the_best_in_hindsight_with_as_many_fits(found: PolicyBacktest) -> None:
    assert min(one.regret_to_best for one in found.outcomes if not one.gated) >= -1e-12


def test_the_policy_retrains_after_the_turn_and_not_before(found: PolicyBacktest) -> None:
    declared = of(found, "declared", gated=False)
    # The turn is on 11 March; a window is mature when the next one has ended.
    assert min(declared.retrained_after) >= "2024-03-11"
    assert declared.fits >= 1


def test_the_cost_has_that_of_the_retrainings_in_it(spec: ModelSpec, found: PolicyBacktest) -> None:
    once = of(found, "every window", gated=False)
    assert sum(once.cost_by_window) / 11 == pytest.approx(once.cost.value)
    assert once.cost_by_window[0] == of(found, "never", gated=False).cost_by_window[0]


def test_the_recommendation_could_have_been_followed(found: PolicyBacktest) -> None:
    recommended = found.recommendation
    cheapest = min((one for one in found.outcomes if one.gated), key=lambda one: one.cost.value)
    assert (recommended.policy, recommended.history_days) == (
        cheapest.policy,
        cheapest.history_days,
    )
    assert 0 < recommended.probability_cheapest <= 1
    assert recommended.saving >= 0


def kept_training(spec: ModelSpec, home: Settings) -> tuple[list[Window], PastTraining]:
    """The windows of the backtest, and what has made its fits."""
    windows = replayed_windows(spec, home.published, NOW)
    outcomes = read_all_outcomes(spec, home.published, windows)
    recipe = first_recipe(spec, home.published, training_moments(windows)[0])
    cache = home.backtest(spec.name) / "fits"
    return windows, PastTraining(spec, recipe, home.published, outcomes, cache)


def test_fits_are_made_once_and_judged_by_the_gate_of_the_platform(
    spec: ModelSpec, home: Settings, found: PolicyBacktest
) -> None:
    windows, training = kept_training(spec, home)
    cache, outcomes = training.cache, training.outcomes
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    fits = training.fits(training_moments(windows))
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    gate = PastGate(spec, fits, outcomes)
    # Fitted mostly on the new season, against one that knows only the old one.
    assert gate(10, 0)
    assert not gate(2, 1)
    past = past_of(spec, windows, [fit.scored(spec) for fit in fits], outcomes)
    assert past.window_rows.tolist() == [7.0 * ROWS_A_DAY] * 11
    assert (past.by_window("loss")[3, :3] != past.by_window("loss")[3, :3]).all()


def test_the_report_is_left_on_disk(found: PolicyBacktest, tmp_path: Path) -> None:
    deployment = deployment_at(read_settings({"MLOPS_HOME": str(tmp_path)}))
    pictures = keep_backtest(deployment, found)
    report = deployment.settings.backtest(found.model)
    assert set(pictures) == {"benefit, all history", "benefit, 28 days"}
    assert "Recommended: **" in (report / "report.md").read_text()
    header, *rows = (report / "policies.csv").read_text().splitlines()
    assert "share_of_weekly_low" in header
    assert len(rows) == len(found.outcomes)
    stored = (report / "backtest.json").read_text()
    assert PolicyBacktest.from_stored(stored) == found
    chosen = recommended_history(deployment.settings.records, found.model)
    assert chosen is not None
    assert chosen.days == found.recommendation.history_days


def test_labels_that_were_taken_back_change_no_fit_of_before(
    spec: ModelSpec, home: Settings, found: PolicyBacktest, tmp_path: Path
) -> None:
    copy = read_settings({"MLOPS_HOME": str(tmp_path / "copy")})
    copytree(home.home, copy.home)
    warehouse = copy.home / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("ALTER TABLE visit_labels ADD COLUMN superseded_at TIMESTAMPTZ")
        connection.execute(
            "UPDATE visit_labels SET superseded_at = '2024-04-20 00:00:00+00' "
            "WHERE local_date = DATE '2024-04-10' AND hash(visit_id) % 2 = 0"
        )
    publish_table(warehouse, "visit_labels", "local_date", copy.published, ["visit_id"])
    windows = replayed_windows(spec, copy.published, NOW)
    outcomes = read_all_outcomes(spec, copy.published, windows)
    assert outcomes.num_rows < read_all_outcomes(spec, home.published, windows).num_rows
    recipe = first_recipe(spec, copy.published, training_moments(windows)[0])
    cache = copy.backtest(spec.name) / "fits"
    made = {folder.name for folder in cache.iterdir()}

    fits = PastTraining(spec, recipe, copy.published, outcomes, cache).fits(
        training_moments(windows)
    )

    assert {folder.name for folder in cache.iterdir()} == made
    gate = PastGate(spec, fits, outcomes)
    assert gate(10, 0)


def test_the_sums_of_the_past_count_rows_by_their_weights(
    spec: ModelSpec, home: Settings, found: PolicyBacktest
) -> None:
    """The ward is a weight of 1 or 3 here; every mean is one by weight, and counts are of rows."""
    from mlops_platform.usecases.backtest.fits import PastFit

    weighted = spec.model_copy(
        update={"features": spec.features.model_copy(update={"weight": "exposure"})}
    )
    windows = replayed_windows(spec, home.published, NOW)
    outcomes = read_all_outcomes(spec, home.published, windows)
    recipe = first_recipe(spec, home.published, training_moments(windows)[0])
    cache = home.backtest(spec.name) / "fits"
    fits: list[PastFit] = PastTraining(spec, recipe, home.published, outcomes, cache).fits(
        training_moments(windows)
    )
    scored = [fit.scored(spec) for fit in fits]
    exposure = np.where(np.array(outcomes["ward"].to_pylist()) == "north", 3.0, 1.0)

    def past(spec: ModelSpec, weights: Any) -> Any:
        rows = outcomes.append_column("exposure", pa.array(weights))
        return past_of(spec, windows, scored, rows), rows

    plain, _ = past(spec, exposure)
    ones, _ = past(weighted, np.full(len(exposure), 2.0))
    ours, rows = past(weighted, exposure)
    scaled, _ = past(weighted, 50 * exposure)

    for measure, sums in plain.sums.items():
        assert np.array_equal(sums, ones.sums[measure], equal_nan=True)
        np.testing.assert_allclose(ours.sums[measure], scaled.sums[measure], rtol=1e-9)
    assert ones.weight.tolist() == plain.rows.tolist()
    assert ours.rows.tolist() == plain.rows.tolist()
    assert ours.weight.sum() == pytest.approx(ours.rows.sum(), rel=0.05)
    mean = ours.by_window("loss")[0] / ours.window_weight
    assert not np.allclose(mean, plain.by_window("loss")[0] / plain.window_rows)
    assert ours.since(3).weight.tolist() == ours.weight[ours.window_of >= 3].tolist()
    gate = PastGate(weighted, fits, rows)
    unweighted = PastGate(spec, fits, outcomes)
    pair = gate._comparison(fits[10], fits[0])
    assert pair.mean_improvement != unweighted._comparison(fits[10], fits[0]).mean_improvement


def test_a_past_may_be_longer_than_what_is_replayed_of_it(
    spec: ModelSpec, home: Settings, found: PolicyBacktest
) -> None:
    """Of a model whose outcomes take months most days are before its first window."""
    windows, training = kept_training(spec, home)
    scored = [fit.scored(spec) for fit in training.fits(training_moments(windows))]

    whole = past_of(spec, windows, scored, training.outcomes)
    last = past_of(spec, windows[-2:], scored[-2:], training.outcomes)

    assert len(last.rows) == 14
    assert last.rows.tolist() == whole.rows[-14:].tolist()
    assert last.by_window("loss")[1][1] == pytest.approx(whole.by_window("loss")[-1][-1])
