"""Files that landed before answers named an adjustment, read together with those of today."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.served.lines import read_lines
from mlops_platform.data.served.rollout_rows import Arm, Arms, read_rollout_rows
from mlops_platform.data.served.rows import find_request, read_answers, sample_served
from mlops_platform.data.served.served import land_log
from mlops_platform.data.windows import window_named
from mlops_platform.spec import ModelSpec
from tests.data.served.test_served import NOON, append, line

LATER = NOON + timedelta(days=1)
AS_OF = datetime(2024, 4, 1, tzinfo=UTC)


def make_former(file: Path) -> None:
    """Rewrite a landed file as it was written before there were adjustments."""
    rows = pq.ParquetFile(file).read()
    assert not rows["release_adjustment"].drop_null()
    write_parquet(rows.drop_columns(["release_adjustment"]), file)


def land(spec: ModelSpec, log: Path, landed: Path, former: Any, today: Any) -> list[str]:
    """Land two lines, the second one by today's platform; the names of both files."""
    append(log, former)
    [before] = land_log(spec, log, landed, NOON).files
    make_former(landed / before)
    append(log, today)
    [after] = land_log(spec, log, landed, NOON).files
    return [before, after]


def test_the_adjustment_of_a_line_lands_as_a_whole_number(spec: ModelSpec) -> None:
    lines = [json.dumps(one).encode() for one in (line(adjustment=0), line(adjustment=12), line())]
    rows = read_lines(lines, spec).rows
    assert rows["release_adjustment"].to_pylist() == [0, 12, None]
    assert rows.schema.field("release_adjustment").type == pa.int32()


@pytest.mark.parametrize("adjustment", [-1, 0.5, 2.0, "2", True, None, 2**31])
def test_what_is_no_adjustment_makes_no_line(spec: ModelSpec, adjustment: Any) -> None:
    [malformed] = read_lines([json.dumps(line(adjustment=adjustment)).encode()], spec).malformed
    assert malformed.reason.startswith("adjustment: ")


def test_files_of_before_and_of_today_are_read_together(
    spec: ModelSpec, log: Path, landed: Path, published: Path
) -> None:
    today = line("v20", "r2", LATER, adjustment=7, role="challenger", version="4", sequence=3)
    files = land(spec, log, landed, line("v16", "r1"), today)
    sample, rows = sample_served(landed, files, 10)
    assert rows == 2
    assert {row["request_id"]: row["release_adjustment"] for row in sample.to_pylist()} == {
        "r1": None,
        "r2": 7,
    }
    window = window_named(spec.window, "2024-03-04")
    answers = read_answers(spec, landed, published, window)
    assert answers is not None
    assert answers.select(["request_id", "release_adjustment", "age"]).to_pylist() == [
        {"request_id": "r1", "release_adjustment": None, "age": 4.0},
        {"request_id": "r2", "release_adjustment": 7, "age": 4.0},
    ]
    arms = Arms(Arm(3, 2), Arm(4, 3), paired=False)
    rollout = read_rollout_rows(
        spec, landed, published, arms, matured=date(2024, 3, 20), as_of=AS_OF
    )
    assert rollout is not None
    assert rollout["challenger"].to_pylist() == [False, True]
    with open_catalogue(landed.parents[1]) as catalogue:
        asked = "SELECT request_id, release_adjustment FROM served.readmission ORDER BY request_id"
        assert catalogue.execute(asked).fetchall() == [("r1", None), ("r2", 7)]


def test_a_folder_of_files_of_before_alone_is_read(
    spec: ModelSpec, log: Path, landed: Path, published: Path
) -> None:
    append(log, line("v16", "r1"))
    files = land_log(spec, log, landed, NOON).files
    make_former(landed / files[0])
    window = window_named(spec.window, "2024-03-04")
    answers = read_answers(spec, landed, published, window)
    assert answers is not None
    for rows in (
        sample_served(landed, files, 10)[0],
        find_request(spec, log, landed, "r1"),
        answers,
    ):
        assert rows["release_adjustment"].to_pylist() == [None]
        assert rows.schema.field("release_adjustment").type == pa.int32()


def test_a_request_of_before_is_found_beside_one_that_has_not_landed(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    land(spec, log, landed, line(), line(time=LATER, adjustment=1))
    append(log, line(time=LATER + timedelta(days=1), adjustment=2))
    rows = find_request(spec, log, landed, "r1")
    assert rows["release_adjustment"].to_pylist() == [None, 1, 2]
    assert rows.schema.field("release_adjustment").type == pa.int32()
