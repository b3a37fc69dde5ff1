"""Faults are put where the benchmark says they are."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.onboarding.faults.clean_table import TIME, CleanTable, with_time
from benchmarks.onboarding.faults.kinds import KINDS, NoPlaceError

GENERATOR = np.random.default_rng(1)
FRAME = pd.DataFrame(
    {
        "size": np.round(GENERATOR.gamma(3, 2, 200), 2),
        "word": GENERATOR.choice(["a", "b"], 200),
        "label": GENERATOR.random(200) < 0.4,
    }
)
TABLE = CleanTable(
    "test", "here", with_time(FRAME, "size", 1), "label", "label", "binary_classification"
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_a_fault_changes_its_column_and_no_other(kind, seed):
    before = TABLE.frame.copy()

    faulty = KINDS[kind].put(TABLE, np.random.default_rng(seed))

    pd.testing.assert_frame_equal(TABLE.frame, before)
    if faulty.column is None:
        assert faulty.frame.duplicated().sum() == len(faulty.frame) - len(before) > 0
        return
    assert faulty.column in before
    assert faulty.column != TABLE.label
    others = [name for name in before if name != faulty.column]
    pd.testing.assert_frame_equal(faulty.frame[others], before[others])
    assert not faulty.frame[faulty.column].equals(before[faulty.column])


def test_a_table_without_numbers_has_no_place_for_another_unit():
    words = CleanTable(
        "words",
        "here",
        TABLE.frame.drop(columns="size"),
        "label",
        "label",
        "binary_classification",
    )
    with pytest.raises(NoPlaceError):
        KINDS["unit change"].put(words, np.random.default_rng(0))


def test_a_made_time_grows_and_lets_a_column_drift():
    times = TABLE.frame[TIME]
    assert times.is_monotonic_increasing
    ranks = TABLE.frame["size"].rank()
    drift = np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]
    assert 0.4 < drift < 0.9
