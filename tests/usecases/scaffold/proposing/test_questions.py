"""What is suggested of a table, and what is never guessed."""

from collections.abc import Callable

import pytest

from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.questions import (
    known_at_suggestions,
    label_suggestions,
    require_known_at,
    require_label,
)


def test_a_column_whose_name_says_so_may_be_the_label(orders: ScannedTable) -> None:
    suggestions = label_suggestions(orders.profile)
    assert suggestions[0].answer == "Delay"
    assert all(suggestion.reason for suggestion in suggestions)
    # Constants and numbers of rows are no outcomes.
    assert not {"country", "Order ID"} & {suggestion.answer for suggestion in suggestions}


def test_when_the_label_becomes_known_is_never_guessed(orders: ScannedTable) -> None:
    with pytest.raises(DataError) as refused:
        require_known_at(None, orders.profile, ("ordered_at",))
    for way in ("--known-at", "`arrived_at`", "`ordered_at + interval 1 day`", "`landing`"):
        assert way in str(refused.value)
    require_known_at("landing", orders.profile, ("ordered_at",))


def test_suggestions_are_answers_that_can_be(
    orders: ScannedTable, draft: Callable[..., Draft]
) -> None:
    for suggestion in known_at_suggestions(orders.profile, ("ordered_at",)):
        said = draft(known_at=suggestion.answer)
        assert said.known_at is not None or suggestion.answer == "landing"


def test_what_is_predicted_is_never_guessed_either(orders: ScannedTable) -> None:
    with pytest.raises(DataError, match="It may be one of: Delay"):
        require_label(None, orders.profile)


def test_what_is_said_now_wins_over_what_was_said_before() -> None:
    before = Answers(label="a", known_at="b", drop=("c",))
    now = Answers(label="x", drop=("y",))
    assert now.over(before) == Answers(label="x", known_at="b", drop=("y",))
    assert now.said() == {"label": "x", "drop": ["y"]}
