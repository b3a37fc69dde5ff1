import pytest

from mlops_platform.errors import TrainingError
from mlops_platform.spec import GateSpec, ModelSpec
from mlops_platform.training.explaining.shift import ImportanceShift, MovedImportance
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.criteria import CRITERIA, FAIRNESS
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.judging.gate import Verdict, apply_gate
from tests.documents.cases import Case, refuse_undocumented

GATE = GateSpec(limits={"roc_auc": 0.6, "log_loss": 0.69})
BETTER = Comparison(
    metric="log_loss",
    rows=800,
    days=14,
    confidence=0.8,
    champion_loss=0.55,
    candidate_loss=0.52,
    mean_improvement=0.03,
    lower_bound=0.01,
    probability_of_improvement=0.97,
)


@pytest.fixture
def good(evaluation):
    """An evaluation that passes whatever the tiny data happen to give."""
    return evaluation.model_copy(
        update={
            "metrics": {
                **evaluation.metrics,
                "log_loss": 0.5,
                "roc_auc": 0.75,
                "expected_calibration_error": 0.02,
            },
            "loss": 0.5,
            "baseline_loss": 0.6,
            "row_cpu_milliseconds": 5.0,
        }
    )


@pytest.fixture
def decide(spec: ModelSpec):
    """Judge by the tiny model's spec with another gate."""

    def verdict_of(evaluation, comparison=BETTER, gate=GATE, round_trip=True, serving_fault=None):
        judging = spec.model_copy(update={"gate": gate})
        return apply_gate(
            judging, evaluation, comparison, round_trip=round_trip, serving_fault=serving_fault
        )

    return verdict_of


def passed(verdict):
    return {criterion.name: criterion.passed for criterion in verdict.criteria}


def with_metric(evaluation, **values):
    return evaluation.model_copy(update={"metrics": {**evaluation.metrics, **values}})


def test_a_better_candidate_is_promoted(good, decide):
    verdict = decide(good)

    assert verdict.outcome == "promote"
    assert passed(verdict) == dict.fromkeys(CRITERIA, True)
    assert tuple(criterion.name for criterion in verdict.criteria) == CRITERIA


def test_the_first_candidate_needs_no_champion(good, decide):
    verdict = decide(good, comparison=None)

    assert verdict.outcome == "promote"
    champion = verdict.criteria[CRITERIA.index("better_than_champion")]
    assert (champion.passed, champion.description) == (True, "there is no champion yet")


def test_the_first_candidate_meets_the_same_other_criteria(good, decide):
    assert decide(good, comparison=None, round_trip=False).outcome == "reject"


def test_a_tie_keeps_the_champion(good, decide):
    tie = BETTER.model_copy(update={"lower_bound": 0.0, "mean_improvement": 0.0})

    verdict = decide(good, comparison=tie)

    assert verdict.outcome == "reject"
    assert "better_than_champion" in verdict.reason


def test_an_improvement_must_exceed_the_margin(good, decide):
    exact = GateSpec(improvement={"margin": BETTER.lower_bound})
    below = GateSpec(improvement={"margin": BETTER.lower_bound - 1e-6})

    assert decide(good, gate=exact).outcome == "reject"
    assert decide(good, gate=below).outcome == "promote"


def test_too_few_common_days_mean_wait(good, decide):
    few = BETTER.model_copy(update={"days": 4})

    verdict = decide(good, comparison=few)

    assert verdict.outcome == "wait"
    assert "4 days of rows are new to both models and 5 are needed" in verdict.reason
    assert passed(verdict)["better_than_champion"] is None


def test_no_common_rows_at_all_mean_wait(good, decide):
    nothing = Comparison(metric="log_loss", rows=0, days=0, confidence=0.8)

    assert decide(good, comparison=nothing).outcome == "wait"


def test_a_candidate_that_fails_anyway_does_not_wait(good, decide):
    few = BETTER.model_copy(update={"days": 1})

    assert decide(good, comparison=few, round_trip=False).outcome == "reject"


@pytest.mark.parametrize(
    ("failing", "change"),
    [
        ("limits", lambda e: {"evaluation": with_metric(e, roc_auc=0.59)}),
        ("better_than_baseline", lambda e: {"evaluation": e.model_copy(update={"loss": 0.6})}),
        (
            "better_than_champion",
            lambda e: {"comparison": BETTER.model_copy(update={"lower_bound": -0.001})},
        ),
        ("limits", lambda e: {"evaluation": with_metric(e, expected_calibration_error=0.11)}),
        (
            "worst_subgroup",
            lambda e: {
                "evaluation": e.model_copy(
                    update={
                        "subgroups": (
                            *e.subgroups,
                            e.subgroups[0].model_copy(update={"value": "bad", "loss": 2.0}),
                        )
                    }
                )
            },
        ),
        (
            "row_cpu_time",
            lambda e: {"evaluation": e.model_copy(update={"row_cpu_milliseconds": 50.1})},
        ),
        (
            "artifact_size",
            lambda e: {"evaluation": e.model_copy(update={"artifact_bytes": 100_000_001})},
        ),
        ("round_trip", lambda e: {"round_trip": False}),
        ("serving_schema", lambda e: {"serving_fault": "carrier: 'XX' is refused"}),
    ],
)
def test_each_criterion_alone_rejects(good, decide, failing, change):
    verdict = decide(**{"evaluation": good, **change(good)})

    assert verdict.outcome == "reject"
    assert [name for name, ok in passed(verdict).items() if ok is False] == [failing]
    assert failing in verdict.reason
    assert verdict.reason.endswith(".")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("metrics", r"evaluation\.metrics\.f1"),
        ("subgroup", r"evaluation\.subgroups\.0\.loss"),
        ("comparison", r"comparison\.lower_bound"),
    ],
)
def test_a_number_that_is_none_is_a_failure_and_no_verdict(good, decide, place, field, value):
    broken = {"evaluation": good}
    if place == "metrics":
        broken["evaluation"] = with_metric(good, f1=value)
    elif place == "subgroup":
        first = good.subgroups[0].model_copy(update={"loss": value})
        broken["evaluation"] = good.model_copy(update={"subgroups": (first,)})
    else:
        broken["comparison"] = BETTER.model_copy(update={"lower_bound": value})

    with pytest.raises(TrainingError, match=field):
        decide(**broken)


def test_a_limit_of_a_loss_is_an_upper_one(good, decide):
    assert decide(good, gate=GateSpec(limits={"log_loss": 0.5})).outcome == "promote"
    verdict = decide(good, gate=GateSpec(limits={"roc_auc": 0.6, "log_loss": 0.49}))

    limits = verdict.criteria[0]
    assert verdict.outcome == "reject"
    assert (limits.value, limits.threshold, limits.unit) == (0.5, 0.49, "log_loss")
    assert "roc_auc is 0.7500 and must be at least 0.6" in limits.description
    assert "log_loss is 0.5000 and must be at most 0.49" in limits.description


@pytest.mark.parametrize(
    ("bounds", "outcome", "shown"),
    [
        ({"min": 0.7, "max": 0.8}, "promote", 0.7),
        ({"min": 0.75, "max": 0.75}, "promote", 0.75),
        ({"min": 0.76, "max": 0.8}, "reject", 0.76),
        ({"min": 0.6, "max": 0.7}, "reject", 0.7),
        ({"max": 0.7}, "reject", 0.7),
    ],
)
def test_a_limit_of_two_bounds_asks_both(good, decide, bounds, outcome, shown):
    only = {"roc_auc": bounds, "expected_calibration_error": None}

    verdict = decide(good, gate=GateSpec(limits=only))

    limits = verdict.criteria[0]
    assert verdict.outcome == outcome
    assert (limits.value, limits.threshold, limits.unit) == (0.75, shown, "roc_auc")


@pytest.mark.parametrize("bounds", [{"min": 0.0}, {"max": 1.0}, {"min": 0.0, "max": 1.0}])
def test_a_figure_that_is_not_defined_meets_no_limit(good, decide, bounds):
    metrics = {name: value for name, value in good.metrics.items() if name != "roc_auc"}
    undefined = good.model_copy(update={"metrics": metrics})

    verdict = decide(undefined, gate=GateSpec(limits={"roc_auc": bounds}))

    assert verdict.outcome == "reject"
    assert "roc_auc is not defined on the test rows and must be" in verdict.criteria[0].description


def test_the_tasks_own_limit_holds_until_it_is_changed_or_lifted(good, decide):
    uncalibrated = with_metric(good, expected_calibration_error=0.2)
    changed = GateSpec(limits={"expected_calibration_error": 0.3})
    lifted = GateSpec(limits={"expected_calibration_error": None})

    assert decide(uncalibrated, gate=GateSpec()).outcome == "reject"
    assert decide(uncalibrated, gate=changed).outcome == "promote"
    assert decide(uncalibrated, gate=lifted).outcome == "promote"
    assert decide(good, gate=lifted).criteria[0].description == "no limit is declared"


def test_limits_are_told_in_their_unit(good, decide):
    descriptions = {criterion.name: criterion.description for criterion in decide(good).criteria}

    assert descriptions["row_cpu_time"].endswith("is 5 ms and must be at most 50 ms")
    assert descriptions["artifact_size"].endswith("is 0.12 MB and must be at most 100 MB")
    assert descriptions["limits"].startswith(
        "expected_calibration_error is 0.0200 and must be at most 0.1, "
    )


def test_a_small_bad_subgroup_is_not_judged(good, decide):
    bad = good.subgroups[0].model_copy(update={"loss": 9.0, "judged": False})

    assert decide(good.model_copy(update={"subgroups": (bad,)})).outcome == "promote"


def test_the_baseline_criterion_can_be_switched_off(good, decide):
    worse = good.model_copy(update={"loss": 0.65})

    assert decide(worse, gate=GateSpec(better_than_baseline=True)).outcome == "reject"
    assert decide(worse, gate=GateSpec(better_than_baseline=False)).outcome == "promote"


def test_a_verdict_survives_json(good, decide):
    verdict = decide(good)

    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


FEW = Case(
    given="a candidate of one positive in a thousand: 4 in its test rows, 24 in those fitted on",
    was="promoted, without a word on how few there were",
    now="the verdict is `wait`: `gate.min_events` (50) of each kind are needed",
    reads="there are 4 positives and 3,996 negatives in the test rows, and 24 positives and 23,976 "
    "negatives in those that it was fitted on: 50 of each are needed",
)
FEW_IN_A_GROUP = Case(
    given="a subgroup with so few events, which is the worst one",
    was="its number of rows was told",
    now="its events are told",
    reads="(only 3 positives and 297 negatives)",
)
RARE = {
    "events": {"positives": 4, "negatives": 3_996},
    "fitted_events": {"positives": 24, "negatives": 23_976},
}


def test_these_cases_are_documented():
    refuse_undocumented("Windows and gate", [FEW, FEW_IN_A_GROUP])


def test_too_few_events_mean_wait_however_good_the_figures_are(good, decide):
    rare = good.model_copy(update=RARE)

    verdict = decide(rare)

    assert verdict.outcome == "wait"
    assert FEW.reads in verdict.reason
    assert decide(rare, gate=GateSpec(min_events=4)).outcome == "promote"


def test_a_passed_verdict_says_how_many_events_it_rests_on(good, decide):
    found = next(one for one in decide(good).criteria if one.name == "enough_events")

    assert (found.name, found.passed, found.threshold) == ("enough_events", True, 50)
    assert found.value == min(*good.events.values(), *good.fitted_events.values())
    assert sum(good.events.values()) == good.rows
    assert f"{good.events['positives']} positives" in found.description


def test_rows_are_the_events_of_a_task_without_classes(good, decide):
    counted = good.model_copy(update={"events": {"rows": 49}, "fitted_events": {"rows": 500}})

    assert "there are 49 rows in the test rows" in decide(counted).reason


def test_an_evaluation_of_before_events_were_counted_is_to_be_made_again(good, decide):
    verdict = decide(good.model_copy(update={"events": {}, "fitted_events": {}}))

    assert verdict.outcome == "wait"
    assert "evaluate it again" in verdict.reason


def test_a_subgroup_with_few_events_says_so(good, decide):
    worst = good.subgroups[0].model_copy(
        update={"loss": 9.0, "events": {"positives": 3, "negatives": 297}}
    )

    verdict = decide(good.model_copy(update={"subgroups": (worst,)}))

    assert FEW_IN_A_GROUP.reads in verdict.reason


@pytest.fixture(scope="module")
def compared(spec, candidate, split):
    """An evaluation in which the candidate selects the reds more often."""
    fairness = {"fairness": {"columns": ["colour"], "min_group_rows": 30}}
    plain = spec.model_dump(mode="json")
    plain["evaluation"] |= fairness
    return evaluate(ModelSpec.model_validate(plain), candidate, split, artifact_bytes=120_000)


def limited(**limits):
    return GateSpec(fairness=limits, limits=GATE.limits)


def test_without_limits_fairness_is_no_criterion(good, decide):
    assert FAIRNESS not in passed(decide(good))


def test_a_gap_that_surely_is_too_wide_is_rejected_in_a_sentence(good, compared, decide):
    unequal = good.model_copy(update={"fairness": compared.fairness})
    verdict = decide(unequal, gate=limited(selection_rate={"max_difference": 0.05}))

    assert verdict.outcome == "reject"
    assert verdict.reason.startswith("Rejected because of fairness (selection rate by colour is 0.")
    assert "for red" in verdict.reason
    assert "at 95% confidence" in verdict.reason
    assert verdict.reason.endswith("which surely is more than the 0.05 that is allowed).")
    criterion = verdict.criteria[-1]
    assert (criterion.name, criterion.threshold) == (FAIRNESS, 0.05)
    assert criterion.value > 0.05


def test_an_allowed_gap_passes(good, compared, decide):
    unequal = good.model_copy(update={"fairness": compared.fairness})
    verdict = decide(unequal, gate=limited(selection_rate={"max_difference": 0.9}))

    assert verdict.outcome == "promote"


def test_groups_too_small_to_compare_wait(good, compared, decide):
    (column,) = compared.fairness.columns
    small = column.model_copy(
        update={
            "metrics": tuple(
                metric.model_copy(update={"difference": None, "surest_difference": None})
                for metric in column.metrics
            )
        }
    )
    few = compared.fairness.model_copy(update={"columns": (small,)})
    verdict = decide(
        good.model_copy(update={"fairness": few}), gate=limited(loss={"max_difference": 0.5})
    )

    assert verdict.outcome == "wait"
    assert "loss by colour cannot be compared" in verdict.reason


def test_an_evaluation_of_before_groups_were_measured_waits(good, decide):
    verdict = decide(good, gate=limited(loss={"max_difference": 0.5}))

    assert verdict.outcome == "wait"
    assert "evaluate it again" in verdict.reason


SHIFT = ImportanceShift(
    version=3,
    share=0.42,
    rank_correlation=0.5,
    moved=(MovedImportance(features=("signal", "echo"), champion=0.6, candidate=0.2),),
)


def shifted(verdict):
    return next(one for one in verdict.criteria if one.name == "stable_importances")


def test_a_shift_of_the_importances_is_told_and_refuses_nothing(good, decide):
    verdict = decide(good.model_copy(update={"importance_shift": SHIFT}))

    found = shifted(verdict)
    assert verdict.outcome == "promote"
    assert "all 9 criteria pass" in verdict.reason
    assert (found.passed, found.binding, found.value, found.threshold) == (False, False, 0.42, 0.3)
    assert found.description == (
        "42% of the importance lies on other features than in version 3 (rank correlation 0.50), "
        "most of it on signal and echo, which had 60% and has 20%; told from 30% on, "
        "the verdict does not depend on it"
    )


def test_a_shift_refuses_where_the_yaml_says_so(good, decide):
    moved = good.model_copy(update={"importance_shift": SHIFT})
    refusing = {"limits": GATE.limits, "importance_shift_refuses": True}

    refused = decide(moved, gate=GateSpec(**refusing))
    assert refused.outcome == "reject"
    assert "stable_importances (42% of the importance" in refused.reason
    assert "at most 30% is allowed" in refused.reason
    allowed = decide(moved, gate=GateSpec(**refusing, max_importance_shift=0.5))
    assert allowed.outcome == "promote"
    assert "all 10 criteria pass" in allowed.reason


def test_a_small_shift_and_none_at_all_pass(good, decide):
    small = SHIFT.model_copy(update={"share": 0.1, "rank_correlation": None, "moved": ()})

    found = shifted(decide(good.model_copy(update={"importance_shift": small})))
    assert found.passed is True
    assert "10% of the importance lies on other features than in version 3;" in found.description
    assert shifted(decide(good)).description == (
        "there is nothing to compare with; the verdict does not depend on it"
    )
    silent = decide(
        good.model_copy(update={"importance_shift": SHIFT}),
        gate=GateSpec(max_importance_shift=None),
    )
    assert shifted(silent).description == (
        "no level is declared; the verdict does not depend on it"
    )


def test_a_verdict_of_before_criteria_could_be_told_alone_is_read(good, decide):
    stored = decide(good).model_dump(mode="json")
    binding = [criterion for criterion in stored["criteria"] if "binding" not in criterion]
    assert len(binding) == len(stored["criteria"]) - 1
    assert all(one.binding for one in Verdict.model_validate(stored).criteria[:-1])
