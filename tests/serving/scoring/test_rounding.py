"""What counts as rounding between what is served and what the pipeline says."""

from math import inf, nan, nextafter
from typing import Any

import numpy as np
import pytest

from mlops_platform.serving.scoring.rounding import (
    TOLERANCE,
    answer_difference,
    largest_difference,
    relative_difference,
)
from mlops_platform.tasks import DEFAULT_TASK

THRESHOLD = 0.3
BELOW = nextafter(THRESHOLD, 0.0)


def decided(probability: float) -> dict[str, float | bool]:
    return DEFAULT_TASK.answer([probability], {"threshold": THRESHOLD})


def interval(upper: float) -> dict[str, float | bool]:
    lower = 1e4 - 0.5
    return {"prediction": 1e4, "lower": lower, "upper": upper, "width": upper - lower}


def test_the_width_of_an_interval_has_the_rounding_of_its_ends() -> None:
    expected, served = interval(1e4 + 0.5), interval(nextafter(1e4 + 0.5, inf))
    assert abs(expected["width"] - served["width"]) > TOLERANCE
    assert 0 < answer_difference(expected, served) <= TOLERANCE


def test_a_difference_counts_relative_to_the_largest_number_of_an_answer_beyond_one() -> None:
    expected = {"a": -2e6, "b": 0.5}
    assert answer_difference(expected, {"a": -2e6, "b": 2.5}) == 1e-6
    assert answer_difference({"a": 0.01, "b": 0.5}, {"a": 0.02, "b": 0.5}) == 0.01
    assert answer_difference(expected, {**expected, "entity": "x"}) == 0.0


def test_a_flag_that_rounding_turned_at_its_threshold_is_no_other_answer() -> None:
    expected, served = decided(THRESHOLD), decided(BELOW)
    assert expected["decision"] != served["decision"]
    assert 0 < answer_difference(expected, served) <= TOLERANCE


@pytest.mark.parametrize("flag", [False, None, 1.5])
def test_a_flag_that_does_not_follow_from_the_same_numbers_is_another_answer(flag: Any) -> None:
    expected = decided(THRESHOLD)
    assert answer_difference(expected, {**expected, "decision": flag}) == 1.0


@pytest.mark.parametrize("odd", [nan, inf, -inf, None, "0.5"])
def test_what_is_no_finite_number_is_infinitely_far_away_on_either_side(odd: Any) -> None:
    numbers = {"a": 0.0, "b": 0.5, "c": 0.0}
    assert answer_difference(numbers, {**numbers, "b": odd}) == inf
    assert answer_difference(numbers, {"a": 0.0, "c": 0.0}) == inf
    if isinstance(odd, float):
        for served in (numbers, {**numbers, "b": odd}):
            assert answer_difference({**numbers, "b": odd}, served) == inf
        assert relative_difference(odd, 0.5) == relative_difference(0.5, odd) == inf
        assert largest_difference(np.array([[0.5, 1.0]]), np.array([[odd, 1.0]])) == inf
