"""What tasks propose of a label, and that what a model starts with is accepted as it is."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts
from mlops_platform.tasks.starting import label_type, output_columns, propose_tasks, start
from mlops_platform.training.check import check_candidates

BOOLEAN = LabelFacts(
    expression="delay > 15",
    type="BOOLEAN",
    rows=1000,
    distinct=2,
    values=("true", "false"),
    positives=200,
)
NUMBER = LabelFacts(
    expression="delay",
    type="DOUBLE",
    rows=1000,
    distinct=700,
    low_quantile=-10.0,
    median=5.0,
    high_quantile=60.0,
)
KINDS = ("numeric", "categorical", "boolean", "text")
ALL_KINDS = Inputs(rows=5000, **{kind: (f"{kind}_1", f"{kind}_2") for kind in KINDS})


def two(*values: str, kind: str = "VARCHAR", expression: str = "state") -> LabelFacts:
    """Facts of a label with these values, the rarest first."""
    return BOOLEAN.model_copy(
        update={"expression": expression, "type": kind, "values": values, "distinct": len(values)}
    )


def spec_of(task: dict[str, Any], label: LabelFacts, inputs: Inputs) -> ModelSpec:
    """A model that says what it starts with, and nothing else that it need not say."""
    attributes: dict[str, Any] = {
        "name": "own",
        "description": "Own data.",
        "owners": ["team:shop"],
        "task": task,
        "features": {
            "table": "own_features",
            "entity": "id",
            **{kind: getattr(inputs, kind) for kind in KINDS},
        },
        "label": {"table": "own_labels", "column": "outcome"},
        "window": {"start": "2024-01-01"},
        "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
    }
    for path, section in start(task, label, inputs).sections.items():
        *parents, last = path.split(".")
        place = attributes
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = section
    return ModelSpec.model_validate(attributes)


def test_a_boolean_is_classified_as_it_is() -> None:
    (proposal,) = propose_tasks(BOOLEAN)
    assert proposal.task["type"] == "binary_classification"
    assert (proposal.label, proposal.label_type) == ("delay > 15", "BOOLEAN")
    assert label_type(proposal.task) == "BOOLEAN"


@pytest.mark.parametrize(
    ("label", "comparison"),
    [
        (two("no", "yes"), "state = 'yes'"),
        (two("it's so", "fine"), "state = 'it''s so'"),
        (two("1", "0", kind="BIGINT"), "state = 1"),
        (two("1.0", "2.5", kind="DOUBLE"), "state = 1.0"),
        (two("2024-01-01", "2024-01-02", kind="DATE"), "state = '2024-01-01'"),
        (two("late", "on time", expression="lower(state)"), "(lower(state)) = 'late'"),
    ],
)
def test_one_of_two_values_is_the_event(label: LabelFacts, comparison: str) -> None:
    (proposal,) = propose_tasks(label)
    assert proposal.label == comparison
    assert label.values[0] in proposal.reason or "yes" in proposal.reason


def test_numbers_of_many_values_are_predicted_with_an_interval() -> None:
    (proposal,) = propose_tasks(NUMBER)
    assert proposal.task == {"type": "regression", "loss": "absolute_error", "coverage": 0.9}
    assert proposal.label_type == label_type(proposal.task) == "DOUBLE"


@pytest.mark.parametrize("kind", ["UINTEGER", "HUGEINT", "DECIMAL(10,2)", "SMALLINT", "FLOAT"])
def test_any_number_is_one(kind: str) -> None:
    assert propose_tasks(NUMBER.model_copy(update={"type": kind}))


@pytest.mark.parametrize(
    "label",
    [
        two("a", "", "c"),
        two(*map(str, range(21))),
        two("only"),
        BOOLEAN.model_copy(update={"distinct": 1}),
        NUMBER.model_copy(update={"type": "TIMESTAMPTZ"}),
        two("a", "b").model_copy(update={"values": ()}),
    ],
)
def test_of_other_labels_no_task_is_proposed(label: LabelFacts) -> None:
    assert propose_tasks(label) == ()


def test_levels_of_a_classifier_follow_from_how_rare_the_event_is() -> None:
    rare = BOOLEAN.model_copy(update={"positives": 10})
    (proposal,) = propose_tasks(BOOLEAN)
    path = "monitoring.performance.loss_increase"
    usual, small = (
        start(proposal.task, label, ALL_KINDS).sections[path] for label in (BOOLEAN, rare)
    )
    assert usual == {"warn": 0.02, "error": 0.05}
    assert small == {"warn": 0.0022, "error": 0.0056}


def test_levels_of_a_regression_are_in_the_unit_of_its_label() -> None:
    (proposal,) = propose_tasks(NUMBER)
    metres = start(proposal.task, NUMBER, ALL_KINDS)
    millimetres = NUMBER.model_copy(update={"low_quantile": -10e3, "high_quantile": 60e3})
    path = "monitoring.performance.loss_increase"
    assert metres.sections[path] == {"warn": 1.4, "error": 3.5}
    levels = start(proposal.task, millimetres, ALL_KINDS).sections[path]
    assert levels == {"warn": 1400.0, "error": 3500.0}
    squared = start({**proposal.task, "loss": "squared_error"}, NUMBER, ALL_KINDS)
    assert squared.sections[path] == {"warn": 98.0, "error": 240.0}
    assert "unit of the label" in metres.reasons[path]


def test_where_most_outcomes_are_the_same_the_deviation_says_how_far_they_spread() -> None:
    (proposal,) = propose_tasks(NUMBER)
    zeros = {"low_quantile": 0.0, "high_quantile": 0.0, "deviation": 10.0}
    sections = start(proposal.task, NUMBER.model_copy(update=zeros), ALL_KINDS).sections
    assert sections["retraining.policy"]["loss_increase"] == 0.51


@pytest.mark.parametrize("deviation", [None, 0.0])
def test_a_spread_that_nobody_knows_is_asked_for(deviation: float | None) -> None:
    (proposal,) = propose_tasks(NUMBER)
    unknown = {"low_quantile": None, "high_quantile": None, "deviation": deviation}
    with pytest.raises(SpecError, match="how far"):
        start(proposal.task, NUMBER.model_copy(update=unknown), ALL_KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("label", [BOOLEAN, NUMBER], ids=["classes", "numbers"])
def test_what_a_model_starts_with_is_accepted_with_all_kinds_of_features(label: LabelFacts) -> None:
    (proposal,) = propose_tasks(label)
    spec = spec_of(proposal.task, label, ALL_KINDS)
    assert list(inconsistencies(spec)) == []
    assert check_candidates(spec) == []


def test_squared_errors_have_candidates_of_their_own() -> None:
    (proposal,) = propose_tasks(NUMBER)
    task = proposal.task | {"loss": "squared_error"}
    spec = spec_of(task, NUMBER, Inputs(rows=300, numeric=("size",), categorical=("kind",)))
    assert list(inconsistencies(spec)) == []
    assert check_candidates(spec) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [{"type": "anomaly_detection", "budget": {"share": 0.1}}, {"type": "clustering"}],
    ids=lambda task: task["type"],
)
def test_what_is_never_proposed_starts_with_something_that_fits(task: dict[str, Any]) -> None:
    assert task["type"] not in {proposal.task["type"] for proposal in propose_tasks(NUMBER)}
    inputs = Inputs(rows=300, numeric=("size", "height"), categorical=("kind",))
    spec = spec_of(task, NUMBER, inputs)
    assert list(inconsistencies(spec)) == []
    assert check_candidates(spec) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", [BOOLEAN, NUMBER], ids=["classes", "numbers"])
def test_one_feature_of_any_kind_is_enough(label: LabelFacts, kind: str) -> None:
    (proposal,) = propose_tasks(label)
    spec = spec_of(proposal.task, label, Inputs(rows=200, **{kind: ("only",)}))
    assert list(inconsistencies(spec)) == []
    assert all(len(candidate.preprocessing) == 1 for candidate in spec.training.candidates)


def test_columns_of_predictions_are_named() -> None:
    (proposal,) = propose_tasks(NUMBER)
    assert {"prediction", "lower", "upper"} <= output_columns(proposal.task)


@pytest.mark.parametrize("label", [BOOLEAN, NUMBER], ids=["classes", "numbers"])
def test_every_reason_is_of_something_that_is_there(label: LabelFacts) -> None:
    (proposal,) = propose_tasks(label)
    started = start(proposal.task, label, ALL_KINDS)
    sections = {*started.sections, "gate.better_than_baseline"}
    assert started.reasons
    for path in started.reasons:
        assert any(path.startswith(section) for section in sections), path
    for path in proposal.reasons:
        assert path.removeprefix("task.") in proposal.task
