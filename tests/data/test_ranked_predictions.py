"""The rank of each row of a window, beside its score."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.data.predictions import RANK, meanings_of, write_predictions
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.ranking.group_figures import ranks_of
from tests.usecases.bad_tables.world import spec_of

SPEC: ModelSpec = spec_of("ranking")
ROWS = st.lists(
    st.tuples(st.sampled_from([7.0, 2.0**53, -3.0]), st.sampled_from([0.1, 0.25, 0.25, -1.0])),
    min_size=1,
    max_size=40,
)


def written(folder: Path, rows: list[tuple[float, float]], versions: list[int]) -> list[int]:
    """Ranks of predictions that come in batches of three."""
    table = pa.table(
        {
            "thing_id": [f"thing-{number}" for number in range(len(rows))],
            "version": pa.array(versions, pa.int32()),
            "training_set": pa.array(["a"] * len(rows)).dictionary_encode(),
            "score": [score for _, score in rows],
            "rule_score": [0.0] * len(rows),
            "group_key": [group for group, _ in rows],
        }
    )
    file = folder / "window=2024-01-29" / "data.parquet"
    assert write_predictions(table.to_batches(max_chunksize=3), SPEC, file) == len(rows)
    stored = pq.ParquetFile(file).read()
    assert stored.drop_columns([RANK]).equals(table)
    assert "of the same score share one" in meanings_of(file)[RANK]
    ranks: list[int] = stored[RANK].to_pylist()
    return ranks


@settings(max_examples=15)
@given(rows=ROWS)
def test_rows_of_a_window_have_the_rank_that_a_batch_would_say(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float]]
) -> None:
    groups, scores = zip(*rows, strict=True)
    folder = tmp_path_factory.mktemp("ranked")
    assert written(folder, rows, [1] * len(rows)) == ranks_of(groups, scores)


def test_rows_are_ranked_among_those_of_their_version(tmp_path: Path) -> None:
    rows = [(1.0, 0.1), (1.0, 0.9), (1.0, 0.5), (1.0, 0.9)]
    assert written(tmp_path, rows, [1, 2, 1, 1]) == [3, 1, 2, 1]
