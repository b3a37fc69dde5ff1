import math

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.errors import DataError
from mlops_platform.monitoring.reference import (
    HELD_OUT_FILE,
    REFERENCE_FILE,
    Reference,
    read_reference,
    sample,
    write_reference,
)


@pytest.fixture
def held_out(make_flights):
    return make_flights(100)


@pytest.fixture
def reference(held_out):
    return Reference(
        model="flight_delay",
        rows=100,
        metrics={"log_loss": 0.5, "roc_auc": math.nan},
        baseline={"base_rate": 0.2},
        loss="log_loss",
        test_loss=0.5,
        test_baseline_loss=0.55,
        held_out_rows=100,
        importances={"distance": 0.1},
    )


def test_what_was_written_is_read_again(tmp_path, reference, held_out):
    write_reference(tmp_path / "reference", reference, held_out)

    read = read_reference(tmp_path / "reference")

    assert read.held_out.to_pandas().equals(held_out.to_pandas())
    assert math.isnan(read.figures.metrics["roc_auc"])
    assert read.figures.model_dump_json() == reference.model_dump_json()
    assert sorted(path.name for path in (tmp_path / "reference").iterdir()) == [
        HELD_OUT_FILE,
        REFERENCE_FILE,
    ]


@pytest.mark.parametrize("name", [REFERENCE_FILE, HELD_OUT_FILE])
def test_a_missing_or_damaged_file_is_refused(tmp_path, reference, held_out, name):
    write_reference(tmp_path, reference, held_out)
    content = (tmp_path / name).read_bytes()

    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="no readable reference"):
        read_reference(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match="Fetch the version from the registry"):
        read_reference(tmp_path)


def test_rows_of_another_reference_are_refused(tmp_path, reference, held_out):
    write_reference(tmp_path, reference, held_out.slice(1))

    with pytest.raises(DataError, match="has 99 rows, its reference counts 100"):
        read_reference(tmp_path)


def test_a_sample_draws_the_same_entities_from_any_order(make_flights):
    rows = make_flights(1000)
    shuffled = rows.take(np.random.default_rng(1).permutation(1000))

    drawn = sample(rows, "flight_id", 200)["flight_id"].to_pylist()

    assert len(drawn) == len(set(drawn)) == 200
    assert set(sample(shuffled, "flight_id", 200)["flight_id"].to_pylist()) == set(drawn)
    positions = [int(one[1:]) for one in drawn]
    assert positions == sorted(positions)  # in the order of the rows
    assert 350 < np.mean(positions) < 650  # from everywhere


def test_a_smaller_sample_is_part_of_a_greater_one_and_the_same_everywhere():
    rows = pa.table({"flight_id": [f"2013-01-01-UA{number}-EWR" for number in range(50)]})

    small = sample(rows, "flight_id", 3)["flight_id"].to_pylist()

    assert set(small) <= set(sample(rows, "flight_id", 10)["flight_id"].to_pylist())
    assert small == ["2013-01-01-UA3-EWR", "2013-01-01-UA7-EWR", "2013-01-01-UA16-EWR"]
    assert sample(rows, "flight_id", 50) is rows
