"""A person reads four digits, whatever the size of a number."""

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.formats.digits import digits, rounded, rounded_inside


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5419550379, "0.542"),
        (0.52505278, "0.5251"),
        (-0.06740117, "-0.0674"),
        (0.00001234567, "1.235e-05"),
        (4.681751, "4.682"),
        (999.96, "1000"),
        (77827.4, "77827"),
        (123456789.9, "123456790"),
        (0.0, "0"),
        (nan, "nan"),
        (inf, "inf"),
    ],
)
def test_a_number_is_shown_with_four_digits_and_its_whole_units(value: float, shown: str) -> None:
    assert digits(value) == shown


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_rounding_moves_a_number_by_less_than_its_last_digit_and_only_once(value: float) -> None:
    shown = rounded(value)
    assert abs(shown - value) <= max(abs(value) * 5.01e-4, 0.0)
    assert rounded(shown) == shown


def test_what_is_no_number_stays_what_it_is() -> None:
    assert isnan(rounded(nan))
    assert rounded(-inf) == -inf


def test_numbers_inside_lists_and_mappings_are_rounded_and_nothing_else() -> None:
    facts = {"C": 0.0123456, "name": "0.123456", "rows": 123456, "on": True, "deep": [(1.23456,)]}
    expected = {"C": 0.01235, "name": "0.123456", "rows": 123456, "on": True, "deep": [[1.235]]}
    assert rounded_inside(facts) == expected
