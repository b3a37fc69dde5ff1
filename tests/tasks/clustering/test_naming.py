"""A cluster keeps its name as long as its rows are together; none is given twice."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.clustering.naming import (
    confusion,
    first_names,
    matched_names,
    names_gone_on,
    renamed,
)
from mlops_platform.tasks.clustering.version_metrics import moves_text, same_cluster
from tests.tasks.clustering.conftest import TASK, said

CHAMPION = {"name_00": 2.0, "name_01": 1.0, "name_02": 3.0, "last_name": 3.0}


def test_the_first_names_are_by_size() -> None:
    names = first_names(np.array([1, 1, 1, 0, 2, 2]), 4, None)
    assert names == {
        "name_01": 1.0,
        "name_02": 2.0,
        "name_00": 3.0,
        "name_03": 4.0,
        "last_name": 4.0,
    }


@given(seed=st.integers(0, 10_000))
def test_no_other_naming_keeps_more_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    before, stated = (said([str(each) for each in random.integers(1, 5, 40)]) for _ in range(2))

    kept = same_cluster(before, renamed(stated, matched_names(before, stated)))

    names = sorted(set(stated["cluster"]))
    for assigned in permutations("1234", len(names)):
        other = renamed(stated, dict(zip(names, assigned, strict=True)))
        assert kept >= same_cluster(before, other)


def test_a_new_cluster_gets_a_name_that_none_ever_had() -> None:
    candidate = {f"name_0{code}": code + 1.0 for code in range(4)} | {"last_name": 4.0}
    names = names_gone_on(CHAMPION, {"1": "3", "2": "1", "4": "2"}, candidate)
    assert names == {
        "name_00": 3.0,
        "name_01": 1.0,
        "name_02": 4.0,
        "name_03": 2.0,
        "last_name": 4.0,
    }
    # One that is gone leaves its name behind, and the next new one does not get it.
    fewer = names_gone_on(names, {"1": "3", "2": "1"}, {"name_00": 1.0, "name_01": 2.0})
    assert fewer == {"name_00": 3.0, "name_01": 1.0, "last_name": 4.0}
    again = {f"name_0{code}": code + 1.0 for code in range(3)}
    assert names_gone_on(fewer, {"1": "3", "2": "1"}, again)["name_02"] == 5.0


def test_what_a_pair_of_clusters_shares_counts_by_weight() -> None:
    before, stated = said(["1", "1", "2"]), said(["10", "2", "2"], np.array([1.0, 1.0, 4.0]))
    then, now, table = confusion(before, stated)
    assert (then, now) == (["1", "2"], ["2", "10"])
    assert table.tolist() == [[1.0, 1.0], [4.0, 0.0]]
    assert matched_names(before, stated) == {"2": "2", "10": "1"}


def test_moves_are_told_by_how_many_rows_they_have() -> None:
    before = said(["1"] * 6 + ["2"] * 4)
    stated = said(["1", "1", "1", "2", "2", "3", "2", "2", "2", "1"])
    assert moves_text(before, stated) == (
        "of the rows 20.0% from 1 to 2, 10.0% from 2 to 1, 10.0% from 1 to 3"
    )
    assert moves_text(before, before) == ""
    table = TASK.version_table(before, stated)
    assert table is not None
    assert table.columns == ("champion", "candidate 1", "candidate 2", "candidate 3")
    assert table.rows == (("1", 3.0, 2.0, 1.0), ("2", 1.0, 3.0, 0.0))


def test_figures_of_two_versions_tell_names_and_what_is_together_apart() -> None:
    before, swapped = said(["1"] * 5 + ["2"] * 5), said(["2"] * 5 + ["1"] * 5)
    figures = {
        name: metric.compute(before, swapped) for name, metric in TASK.version_metrics.items()
    }
    assert figures == pytest.approx({"same_cluster": 0.0, "adjusted_rand": 1.0})
    assert TASK.default_agreement.keys() <= figures.keys()
    gone_on = TASK.gone_on_predictions(before, swapped)
    assert gone_on["cluster"].tolist() == before["cluster"].tolist()
