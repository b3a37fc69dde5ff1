import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.rollout.objectives import (
    ServiceFigures,
    broken_objective,
    percentile,
)
from mlops_platform.spec import ProbationSpec

EDGES = (1.0, 2.0, 5.0, 10.0)


def test_a_percentile_is_interpolated_in_its_class() -> None:
    assert percentile(EDGES, [0, 100, 0, 0, 0], 0.5) == pytest.approx(1.5)
    assert percentile(EDGES, [50, 0, 50, 0, 0], 0.99) == pytest.approx(2 + 3 * 49 / 50)
    assert percentile(EDGES, [0, 0, 0, 0, 0], 0.99) is None


def test_beyond_the_last_edge_nothing_is_invented() -> None:
    assert percentile(EDGES, [0, 0, 0, 0, 7], 0.99) == 10.0


@given(st.lists(st.floats(0.01, 9.99), min_size=1, max_size=200), st.floats(0.01, 1))
def test_it_lies_in_the_class_of_the_true_percentile(values: list[float], share: float) -> None:
    classes = np.searchsorted(EDGES, values)
    counts = np.bincount(classes, minlength=5).tolist()
    true = np.quantile(values, share, method="inverted_cdf")
    at = int(np.searchsorted(EDGES, true))
    found = percentile(EDGES, counts, share)
    assert found is not None
    assert (EDGES[at - 1] if at else 0.0) <= found <= EDGES[at] + 1e-12


def test_an_objective_that_is_met_exactly_is_kept() -> None:
    spec = ProbationSpec(min_requests=100, max_error_share=0.01, max_p99_milliseconds=250)
    exactly = ServiceFigures(requests=100, errors=1, p99_milliseconds=250.0)
    assert broken_objective(exactly, spec) is None
    assert broken_objective(exactly.model_copy(update={"errors": 2}), spec) is not None
    assert broken_objective(None, spec) is None
