"""Models whose rows have no event time: what is derived, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_platform.errors import SpecError
from mlops_platform.spec import (
    ModelSpec,
    ShareSplitSpec,
    inconsistencies,
    missing_columns,
    refuse_without_event_time,
)
from tests.documents.cases import Case, refuse_undocumented

Attributes = dict[str, Any]
Edit = Callable[[Attributes], object]


def _history(**history: Any) -> Edit:
    return lambda attributes: attributes["training"].update(history=history)


def _stratified_regression(attributes: Attributes) -> None:
    attributes["task"] = {"type": "regression"}
    _history(split={"by": "stratified"})(attributes)


CASES: dict[str, tuple[Case, Edit]] = {
    case.given: (case, edit)
    for case, edit in (
        (
            Case(
                "`features.event_time: null` and no split",
                "every model needed an event time",
                "refused: there is no order of days",
                "Without event time there is no order of days: write `{by: random}`",
            ),
            _history(),
        ),
        (
            Case(
                "`by: stratified` for a task whose labels are no classes",
                "no such split",
                "refused, by what the task says of itself",
                "Labels of the task regression are no classes: write `by: random`.",
            ),
            _stratified_regression,
        ),
        (
            Case(
                "`by: group` with a column that the model does not read",
                "no such split",
                "refused with the nearest column",
                "training.history.split.group: 'contry' is not usable. Did you mean 'country'?",
            ),
            _history(split={"by": "group", "group": "contry"}),
        ),
        (
            Case(
                "shares and days in one split",
                "no such split",
                "refused with what to write instead",
                "`test_days` belongs to `by: time`; write `test_share`, such as 0.2",
            ),
            _history(split={"by": "random", "test_days": 7}),
        ),
        (
            Case(
                "`rolling_days` without event time",
                "every model needed an event time",
                "refused: there are no latest days",
                "Rows without event time have no latest days: write `expanding`",
            ),
            _history(split={"by": "random"}, span={"rolling_days": 90}),
        ),
        (
            Case(
                "a `backtest` section without event time",
                "every model needed an event time",
                "refused; the model has no asset `policy_backtest`, and `mlops backtest` says why",
                "Without event time no past can be replayed: leave the section out.",
            ),
            lambda attributes: attributes.update(backtest={"first_training_days": 30}),
        ),
        (
            Case(
                "`task.adaptation` without event time",
                "every model needed an event time",
                "refused: constants follow days of events",
                "Constants follow outcomes by the day of their event: leave it out.",
            ),
            lambda attributes: attributes.update(task={"type": "regression", "adaptation": {}}),
        ),
        (
            Case(
                "`task.budget.alerts` without event time",
                "every model needed an event time",
                "refused: there are no windows to count by",
                "Rows without event time make no windows to count by: say a share of the rows.",
            ),
            lambda attributes: attributes.update(
                task={"type": "anomaly_detection", "budget": {"alerts": 20}}
            ),
        ),
        (
            Case(
                "`season_days` without event time",
                "every model needed an event time",
                "refused: nothing has a season",
                "Rows without event time have no season: leave it out, or write 0.",
            ),
            lambda attributes: attributes.update(monitoring={"drift": {"season_days": 20}}),
        ),
        (
            Case(
                "`gate.improvement.min_days` without event time",
                "every model needed an event time",
                "refused with the limit that counts rows",
                "It counts days of events: write `min_rows`, or `min_groups`",
            ),
            lambda attributes: attributes.update(gate={"improvement": {"min_days": 3}}),
        ),
    )
}


def without_event_time(attributes: Attributes, **split: Any) -> Attributes:
    attributes["features"]["event_time"] = None
    attributes["training"]["history"] = {"split": split or {"by": "random"}}
    return attributes


@pytest.mark.parametrize("given", CASES)
def test_what_needs_a_time_is_refused_by_its_field(given: str, attributes: Attributes) -> None:
    case, edit = CASES[given]
    edit(without_event_time(attributes))
    try:
        told = [str(error) for error in inconsistencies(ModelSpec.model_validate(attributes))]
    except ValidationError as error:
        told = [str(error)]
    assert any(case.reads in text for text in told), told


def test_the_document_shows_these_cases() -> None:
    refuse_undocumented("Data without a clock", [case for case, _ in CASES.values()])


def test_rows_with_an_event_time_are_split_by_it(attributes: Attributes) -> None:
    _history(split={"by": "random"})(attributes)
    (error,) = inconsistencies(ModelSpec.model_validate(attributes))
    assert error.field == "training.history.split.by"
    assert "the test would know the future" in str(error)
    _history(split={"test_share": 0.2})(attributes)
    with pytest.raises(ValidationError, match="`test_share` belongs to `by: random`"):
        ModelSpec.model_validate(attributes)
    _history(split={"by": "rendom"})(attributes)
    with pytest.raises(ValidationError, match="Did you mean 'random'"):
        ModelSpec.model_validate(attributes)


@pytest.mark.parametrize(
    ("split", "complaint"),
    [
        ({"by": "random", "validation_share": 0.5, "test_share": 0.5}, "nothing to fit on"),
        ({"by": "group"}, "`by: group` with group=None"),
        ({"by": "random", "group": "country"}, "`by: random` with group=country"),
    ],
)
def test_a_split_that_cannot_be_cut_is_refused(
    attributes: Attributes, split: Attributes, complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ModelSpec.model_validate(without_event_time(attributes, **split))


def test_a_label_is_known_at_its_landing_unless_a_column_says_more(attributes: Attributes) -> None:
    spec = ModelSpec.model_validate(without_event_time(attributes))
    assert (spec.label.known_at, spec.label.known_at_column) == (None, "delivered_at")
    assert (spec.features.moment_column, spec.features.has_event_time) == ("landed_at", False)
    assert isinstance(spec.training.history.split, ShareSplitSpec)
    assert list(inconsistencies(spec)) == []
    # What is stored of it is read as it was.
    assert ModelSpec.model_validate(spec.model_dump()) == spec
    tables = {
        "customers": ["customer_id", "local_date", "age", "visits", "country", "gender"],
        "departures": ["customer_id", "local_date", "left"],
    }
    (missing,) = missing_columns(spec, tables)
    assert (missing.field, missing.value) == ("label.known_at", "delivered_at")
    attributes["label"]["known_at"] = "left_on"
    assert ModelSpec.model_validate(attributes).label.known_at_column == "left_on"


def test_what_is_written_of_a_model_with_event_time_is_as_it_was(attributes: Attributes) -> None:
    spec = ModelSpec.model_validate(attributes)
    plain = spec.model_dump()
    assert plain["training"]["history"]["split"] == {"validation_days": 14, "test_days": 14}
    assert list(plain["gate"]["improvement"]) == ["margin", "confidence", "resamples", "min_days"]
    refuse_without_event_time(spec, "A backtest replays the past")


def test_a_command_that_needs_a_past_says_what_cannot_be_had(attributes: Attributes) -> None:
    spec = ModelSpec.model_validate(without_event_time(attributes))
    with pytest.raises(SpecError, match=r"A backtest replays the past\. Rows have no event time"):
        refuse_without_event_time(spec, "A backtest replays the past")
