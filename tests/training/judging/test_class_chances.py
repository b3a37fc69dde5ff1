"""The chance that each class gets: its number, who is judged, and what the gate says of it."""

from typing import Any

import numpy as np
import pytest

from mlops_platform.spec.task_consistency import task_inconsistencies
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.class_chances import (
    ClassChance,
    class_chances_of,
    class_table,
    judged_chances,
    judged_text,
    taught_shares,
)
from mlops_platform.training.judging.criteria import CLASS_CHANCES, CRITERIA, criteria_of
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.gate import apply_gate
from mlops_platform.training.split import split_by_time
from tests.tasks.conftest import task_named

CLASSES = ["sun", "rain", "fog", "snow"]
SHARES = np.array([0.5, 0.3, 0.15, 0.05])


def stated(probabilities: np.ndarray, weights: np.ndarray | None = None) -> Predictions:
    columns = {f"probability_{at + 1}": column for at, column in enumerate(probabilities.T)}
    return Predictions(columns).weighted(weights)


def chances_of(targets: np.ndarray, own: np.ndarray, **rows: Any) -> list[ClassChance]:
    task = task_named("multiclass_classification", classes=CLASSES)
    units = rows.get("units", np.arange(len(targets)))
    weights = rows.get("weights")
    taught = rows.get("taught", SHARES.tolist())
    return list(class_chances_of(task, targets, stated(own, weights), units, taught))


def outcomes(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes with the probabilities that they are drawn by."""
    random = np.random.default_rng(4)
    odds = SHARES * np.exp(random.normal(size=(rows, 4)))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    drawn = (random.random(rows)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return drawn.clip(0, 3), probabilities


def test_a_chance_is_the_geometric_mean_of_what_the_outcomes_of_a_class_get() -> None:
    targets, probabilities = outcomes(4000)
    weights = np.where(targets == 2, 3.0, 1.0) * np.linspace(0.5, 1.5, len(targets))

    found = chances_of(targets, probabilities, weights=weights)

    for at, chance in enumerate(found):
        of_class = targets == at
        mean = np.average(np.log(probabilities[of_class, at]), weights=weights[of_class])
        assert chance.times == pytest.approx(np.exp(mean) / SHARES[at])
        assert (chance.name, chance.outcomes) == (CLASSES[at], of_class.sum())
        assert chance.at_most > chance.times


def test_of_a_class_that_hardly_any_training_row_has_the_test_rows_tell_the_share() -> None:
    targets, probabilities = outcomes(4000)
    task = task_named("multiclass_classification", classes=CLASSES)
    fitted_on = np.repeat([0, 1, 2], [60, 30, 9])
    weights = np.where(fitted_on == 0, 0.5, 1.0)
    taught = taught_shares(task, fitted_on, weights, min_events=10)
    assert taught == (pytest.approx(30 / 69), pytest.approx(30 / 69), None, None)

    found = chances_of(targets, probabilities, taught=taught)

    mean = np.log(probabilities[targets == 3, 3]).mean()
    assert found[3].times == pytest.approx(np.exp(mean) / (targets == 3).mean())


def test_true_probabilities_give_every_class_more_than_its_share() -> None:
    targets, probabilities = outcomes(20_000)
    shares = probabilities.mean(axis=0).tolist()
    kept = (targets != 2) | (np.arange(len(targets)) % 10 == 0)
    for rows in (slice(None), kept):  # also where one class has become ten times as rare
        found = chances_of(targets[rows], probabilities[rows], taught=shares)
        assert all(chance.times > 1 for chance in found)


def test_its_upper_end_counts_days_and_not_rows() -> None:
    targets, probabilities = outcomes(2000)
    days = np.arange(2000) % 10
    probabilities[days < 5, 3] /= 4
    by_rows, by_days = (
        chances_of(targets, probabilities, units=units)[3] for units in (np.arange(2000), days)
    )
    assert by_days.times == by_rows.times
    assert by_days.at_most != by_rows.at_most
    assert chances_of(targets, probabilities, units=np.zeros(2000))[3].at_most is None


def test_an_outcome_that_is_not_declared_is_of_no_class_and_a_class_may_have_none() -> None:
    _, probabilities = outcomes(200)
    found = chances_of(np.where(np.arange(200) % 2, 0, -1), probabilities)
    assert [chance.outcomes for chance in found] == [100, 0, 0, 0]
    assert (found[3].times, found[3].at_most) == (None, None)
    assert class_table(found).rows[3] == ("snow", 0, "-", "-")


def test_a_task_that_judges_no_classes_has_none() -> None:
    scores = Predictions({"score": np.full(4, 0.5)})
    assert class_chances_of(DEFAULT_TASK, np.array([0, 1, 0, 1]), scores, np.arange(4), ()) == ()


@pytest.mark.parametrize(
    ("chances", "sentence"),
    [
        (
            [("sun", 900, 1.2, 1.3), ("fog", 80, 0.001, 0.002), ("snow", 4, 0.01, 0.02)],
            "'fog' (80 outcomes) gets 0.001 times the chance that its share gives, at 95% "
            "confidence at most 0.002: at least 0.5 is needed (too few outcomes, or days of them, "
            "to judge 'snow' (4))",
        ),
        (
            [("sun", 900, 1.2, 1.3), ("fog", 80, 0.4, 0.7)],
            "none of 2 judged classes surely gets less than 0.5 times the chance that its share "
            "gives; the least: 'fog' (80 outcomes) gets 0.4 times the chance that its share "
            "gives, at 95% confidence at most 0.7",
        ),
        (
            [("sun", 900, 1.2, None), ("fog", 0, None, None)],
            "50 outcomes of a class are needed: too few outcomes, or days of them, to judge 'sun' "
            "(900), 'fog' (0)",
        ),
        (
            [(f"c{at}", at, None, None) for at in range(9)],
            "50 outcomes of a class are needed: too few outcomes, or days of them, to judge 'c0' "
            "(0), 'c1' (1), 'c2' (2), 'c3' (3), 'c4' (4), 'c5' (5) and 3 more",
        ),
    ],
)
def test_what_is_judged_is_told_and_what_is_not(
    chances: list[tuple[str, int, float | None, float | None]], sentence: str
) -> None:
    read = [
        ClassChance(name=name, outcomes=rows, times=times, at_most=at_most)
        for name, rows, times, at_most in chances
    ]
    assert judged_text(judged_chances(read, 0.5, 50), 0.5, 50) == sentence


def weather_spec(declare, **gate):
    def edit(plain):
        plain["task"] = {"type": "multiclass_classification", "classes": ["sun", "fog", "rain"]}
        plain["label"]["column"] = "weather"
        plain["gate"] = gate

    return declare(edit)


@pytest.fixture(scope="module")
def blind(declare, rows, recipe_for) -> Evaluation:
    """Of a model that never saw fog, a fifth of the test rows."""
    spec = weather_spec(declare)
    labelled = rows.assign(weather=np.where(rows["is_late"], "rain", "sun").astype(object))
    tested = labelled["entity_id"].isin(split_by_time(labelled, spec).test["entity_id"])
    labelled.loc[tested & (np.arange(len(rows)) % 5 == 0), "weather"] = "fog"
    split = split_by_time(labelled, spec)
    candidate = fit_candidate(spec, recipe_for("linear"), split)
    return evaluate(spec, candidate, split, artifact_bytes=1000)


def verdict_of(spec, evaluation):
    """Where it is better than the baseline all the same, and in every subgroup."""
    better = {"loss": 0.5, "baseline_loss": 0.9, "baseline_margin": 0.2, "subgroups": ()}
    judged = evaluation.model_copy(update=better)
    return apply_gate(spec, judged, None, round_trip=True, serving_fault=None)


def test_the_gate_refuses_a_first_champion_that_gives_a_class_no_chance(declare, blind) -> None:
    lifted = {"class_wise_calibration_error": None}

    verdict = verdict_of(weather_spec(declare, limits=lifted), blind)

    assert verdict.outcome == "reject"
    assert "class_chances ('fog' (64 outcomes) gets 5e-06 times the chance" in verdict.reason
    for unjudged in ({"min_class_chance": None}, {"min_events": 65}):
        spec = weather_spec(declare, limits=lifted, **unjudged)
        assert verdict_of(spec, blind).outcome == "promote"
    assert criteria_of(weather_spec(declare, min_class_chance=None)) == CRITERIA
    assert criteria_of(weather_spec(declare)) == (*CRITERIA, CLASS_CHANCES)


def test_an_evaluation_of_before_has_no_chances_and_leaves_the_gate_open(declare, blind) -> None:
    older = Evaluation.model_validate(blind.model_dump(exclude={"class_chances"}))
    spec = weather_spec(declare, limits={"class_wise_calibration_error": None})

    verdict = verdict_of(spec, older)

    assert verdict.outcome == "wait"
    assert "evaluate it again" in verdict.reason


def test_a_limit_of_classes_is_refused_where_none_are_judged(declare) -> None:
    spec = declare(lambda plain: plain.update(gate={"min_class_chance": 0.2}))
    (fault,) = task_inconsistencies(spec)
    assert str(fault) == (
        "gate.min_class_chance: 0.2 is not usable. The task binary_classification judges no "
        "classes apart: leave it out."
    )
