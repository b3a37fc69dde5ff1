"""A detector from rows to verdict: with few labels, late ones and none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.agreement import agreement_of
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.criteria import AGREEMENT, RIVALS, all_criteria, criteria_of
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.figures import figures_of
from mlops_platform.training.rows import task_rows
from mlops_platform.training.search.folds import folds_of
from mlops_platform.training.search.search import search
from mlops_platform.training.split import split_by_time
from tests.training.conftest import BETTER, synthetic_rows

ALERTS = 3
ALIKE = BETTER.model_copy(update={"agreement": {"rank_agreement": 0.9, "shared_alerts": 0.5}})


def declared(declare: Any, loss: str, **gate: Any) -> ModelSpec:
    def edit(plain: dict[str, Any]) -> None:
        plain["task"] = {"type": "anomaly_detection", "loss": loss, "budget": {"alerts": ALERTS}}
        plain["gate"] = gate
        numeric = {
            "columns": "numeric",
            "steps": [{"type": "sklearn.impute.SimpleImputer"}],
        }
        encoder = {
            "type": "sklearn.preprocessing.OneHotEncoder",
            "params": {"handle_unknown": "ignore", "sparse_output": False},
        }
        categorical = {"columns": "categorical", "steps": [encoder]}
        forest = {
            "type": "sklearn.ensemble.IsolationForest",
            "params": {"n_estimators": 30},
            "search": {"max_samples": {"low": 32, "high": 128, "integer": True}},
        }
        plain["training"]["candidates"] = [
            {"name": "forest", "preprocessing": [numeric, categorical], "estimator": forest}
        ]
        plain["training"]["tuning"] = {"trials": 2, "folds": 2, "seed": 3}
        for path in ("monitoring.performance", "retraining.policy", "release.probation"):
            first, second = path.split(".")
            value: Any = {"warn": 0.1, "error": 0.2} if first == "monitoring" else 0.1
            rule = {"rule": "performance"} if second == "policy" else {}
            plain.setdefault(first, {})[second] = {**rule, "loss_increase": value}

    spec: ModelSpec = declare(edit)
    assert list(inconsistencies(spec)) == []
    return spec


def rows_of(known: str) -> pd.DataFrame:
    """A twentieth is unusual, which three of four labels tell, or none."""
    rows = synthetic_rows()
    random = np.random.default_rng(7)
    unusual = random.random(len(rows)) < 0.05
    rows.loc[unusual, "signal"] = random.choice([-5.0, 5.0], unusual.sum())
    rows["noise"] = rows["noise"] + rows["signal"].fillna(0.0)
    unknown = random.random(len(rows)) < (0.25 if known == "few" else 1.0)
    rows["is_late"] = pd.Series(unusual, dtype=object).where(~unknown, None)
    rows.loc[unknown, "known_at"] = pd.NaT
    return rows


def evaluated(spec: ModelSpec, rows: pd.DataFrame) -> tuple[Evaluation, Any, Any]:
    split = split_by_time(rows, spec)
    recipe = search(spec, split.train)
    candidate = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, candidate, split)
    return evaluate(spec, candidate, split, 1000), released, split


def test_few_labels_judge_alerts_within_the_budget(declare: Any) -> None:
    spec = declared(declare, "alert_cost")
    evaluation, released, split = evaluated(spec, rows_of("few"))

    assert evaluation.loss == evaluation.metrics["alert_cost"]
    assert evaluation.loss < evaluation.baseline_loss
    assert evaluation.metrics["average_precision"] > 0.5
    assert split.test["is_late"].notna().all()
    assert split.train["is_late"].isna().any()
    # Windows are days of forty rows.
    assert evaluation.constants["alert_share"] == pytest.approx(ALERTS / 40, rel=0.1)
    (rival,) = evaluation.rivals
    assert rival.name == "signal alone"
    figures = figures_of(spec.task, evaluation)
    assert {"p_values", "precision_recall", "importance"} <= figures.keys()
    test = task_rows(split.test, spec)
    said = spec.task.predict(released.model, released.constants, test.features)
    assert agreement_of(spec.task, said, said).agreement["rank_agreement"] == pytest.approx(1.0)


def test_folds_score_rows_with_a_label_and_fit_all_before_them(declare: Any) -> None:
    """The latest days of a part have no label yet, as the part begins that judges it."""
    spec, rows = declared(declare, "alert_cost"), rows_of("few")
    late = rows["local_date"] >= rows["local_date"].max() - pd.Timedelta(days=9)
    rows.loc[late, "is_late"] = None

    folds = folds_of(rows, spec)

    assert len(folds) == 2
    for fitted, scored in folds:
        first = rows["local_date"].iloc[scored].min()
        assert rows["is_late"].iloc[scored].notna().all()
        assert list(fitted) == list(np.flatnonzero(rows["local_date"] < first))


def test_without_any_label_every_row_is_judged_by_decoys(declare: Any) -> None:
    spec = declared(declare, "contrast")
    evaluation, _, split = evaluated(spec, rows_of("none"))

    assert evaluation.loss == evaluation.metrics["contrast"]
    assert evaluation.baseline_loss == 0.5
    assert set(evaluation.metrics) == {"contrast", "alert_rate"}
    assert evaluation.rows == len(split.test) == 8 * 40
    assert evaluation.rivals == ()
    assert evaluation.baseline_margin is not None
    assert RIVALS not in criteria_of(spec)


def test_rivals_and_agreement_are_told_and_refuse_only_where_it_is_declared(declare: Any) -> None:
    evaluation, *_ = evaluated(declared(declare, "alert_cost"), rows_of("few"))
    (rival,) = evaluation.rivals
    better = rival.model_copy(update={"loss": evaluation.loss / 2})
    beaten = evaluation.model_copy(update={"rivals": (better,)})

    def criterion(name: str, comparison: Comparison | None, **gate: Any) -> tuple[Any, ...]:
        spec = declared(declare, "alert_cost", **gate)
        found = all_criteria(spec, beaten, comparison, round_trip=True, serving_fault=None)
        assert tuple(each.name for each in found) == criteria_of(spec)
        (each,) = (each for each in found if each.name == name)
        return each.passed, each.binding, each.description

    passed, binding, text = criterion(RIVALS, ALIKE)
    assert (passed, binding) == (False, False)
    assert "signal alone" in text
    assert criterion(RIVALS, ALIKE, better_than_rivals=True)[:2] == (False, True)

    assert criterion(AGREEMENT, None)[:2] == (True, False)
    passed, binding, text = criterion(AGREEMENT, ALIKE)
    assert (passed, binding) == (True, False)
    assert text.startswith("rank agreement is 0.900, shared alerts is 0.500")
    assert criterion(AGREEMENT, ALIKE, min_agreement={"rank_agreement": 0.8})[:2] == (True, True)
    apart = ALIKE.model_copy(update={"agreement": {}})
    assert criterion(AGREEMENT, apart, min_agreement={"rank_agreement": 0.8})[:2] == (None, True)
    passed, binding, text = criterion(AGREEMENT, ALIKE, min_agreement={"shared_alerts": 0.8})
    assert (passed, binding) == (False, True)
    assert "shared alerts is 0.500 and must be at least 0.8" in text


@pytest.mark.parametrize(
    ("loss", "gate", "path"),
    [
        (
            "alert_cost",
            {"min_agreement": {"agrement": 0.5}},
            "gate.min_agreement.agrement",
        ),
        ("contrast", {"better_than_rivals": True}, "gate.better_than_rivals"),
    ],
)
def test_what_the_task_does_not_measure_cannot_be_demanded(
    declare: Any, loss: str, gate: dict[str, Any], path: str
) -> None:
    spec = declared(declare, loss)
    read = type(spec.gate).model_validate(gate)
    errors = list(inconsistencies(spec.model_copy(update={"gate": read})))

    assert [error.field for error in errors] == [path]
