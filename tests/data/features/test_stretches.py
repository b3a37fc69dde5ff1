from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.data.features.stretches import contiguous, told_days

ORIGIN = date(2024, 3, 1)

days = st.integers(0, 60).map(lambda number: ORIGIN + timedelta(days=number))
sets_of_days = st.frozensets(days, max_size=20)


@given(sets_of_days, st.integers(0, 5))
def test_stretches_hold_all_days_and_few_others(some: frozenset[date], between: int) -> None:
    stretches = contiguous(some, between)
    held = {
        first + timedelta(days=number)
        for first, last in stretches
        for number in range((last - first).days + 1)
    }
    assert some <= held
    assert all({first, last} <= some for first, last in stretches)
    # Side by side no more of them than may be, and between two stretches more.
    for first, last in stretches:
        inside = sorted(day for day in some if first <= day <= last)
        assert all(b - a <= timedelta(days=between + 1) for a, b in pairwise(inside))
    for (_, end), (start, _) in pairwise(stretches):
        assert start - end > timedelta(days=between + 1)


def test_days_are_told_as_stretches() -> None:
    assert (
        told_days([ORIGIN + timedelta(days=number) for number in (0, 1, 2, 5)])
        == "2024-03-01 to 2024-03-03, 2024-03-06"
    )
