import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.forecasting.buckets import Buckets, usual_ends

ENDS = st.sets(st.integers(1, 200), min_size=1, max_size=6).map(lambda ends: tuple(sorted(ends)))


@given(ends=ENDS, steps=st.lists(st.integers(1, 250), min_size=1))
def test_every_step_is_in_the_first_bucket_that_ends_at_it_or_later(
    ends: tuple[int, ...], steps: list[int]
) -> None:
    buckets = Buckets(ends)

    numbers = buckets.of(np.array(steps, dtype=np.float64))

    for step, number in zip(steps, numbers.tolist(), strict=True):
        later = [at for at, end in enumerate(ends) if end >= step]
        assert number == (later[0] if later else len(ends) - 1) == buckets.at(step)


@given(ends=ENDS)
def test_buckets_have_names_of_their_own(ends: tuple[int, ...]) -> None:
    buckets = Buckets(ends)

    assert len(set(buckets.names)) == len(set(buckets.texts)) == len(buckets)


def test_names_say_which_steps_there_are() -> None:
    buckets = Buckets((1, 3, 7))

    assert buckets.names == ("1", "2_to_3", "4_to_7")
    assert buckets.texts == ("step 1", "steps 2 to 3", "steps 4 to 7")


@pytest.mark.parametrize(
    ("horizon", "ends"), [(1, (1,)), (2, (1, 2)), (7, (1, 3, 7)), (28, (1, 5, 28))]
)
def test_usual_buckets_are_near_middling_and_far(horizon: int, ends: tuple[int, ...]) -> None:
    assert usual_ends(horizon) == ends
