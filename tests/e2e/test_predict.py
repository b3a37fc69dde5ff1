"""`mlops predict` with a released champion says what the window of the same rows says."""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.predictions import predictions_file

pytestmark = pytest.mark.slow

WEEK = "2013-01-28"
OUTPUTS = ["score", "decision"]


@pytest.fixture(scope="module")
def week(deployment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of a week that was scored, as CSV."""
    file = tmp_path_factory.mktemp("files") / "week.csv"
    features = deployment.settings.published / "flight_features"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE superseded_at FROM read_parquet('{features}/*/*.parquet', "
            f"hive_partitioning = true) WHERE local_date BETWEEN '{WEEK}' AND '2013-02-03') "
            f"TO '{file}' (HEADER)"
        )
    return file


def test_a_file_gets_the_predictions_of_its_window(deployment, week: Path) -> None:
    shown = deployment.mlops("predict", "flight_delay", str(week))
    assert "scored by version 1 (release 1) of flight_delay" in shown
    predicted = pq.read_table(week.with_name("week.flight_delay.predictions.parquet"))
    window = predictions_file(deployment.settings.predictions, "flight_delay", WEEK)
    stored = read_parquet(window)
    by_entity = [("flight_id", "ascending")]
    predicted, stored = (rows.sort_by(by_entity) for rows in (predicted, stored))
    assert predicted["flight_id"].equals(stored["flight_id"])
    for output in OUTPUTS:
        # Sums of a linear model are added up in another order where batches are of another size.
        assert predicted[output].to_pylist() == pytest.approx(stored[output].to_pylist(), rel=1e-12)


def test_another_program_reads_what_training_never_saw(
    deployment, week: Path, tmp_path: Path
) -> None:
    header, first, *_ = week.read_text().splitlines()
    carrier = header.split(",").index("carrier")
    values = first.split(",")
    values[carrier] = "ZZ"
    file = tmp_path / "one.csv"
    file.write_text(f"{header}\n{','.join(values)}\n")
    output = deployment.mlops(
        "predict", "flight_delay", str(file), "-o", str(tmp_path / "out.csv"), "--json"
    )
    summary = json.loads(output)
    assert (summary["version"], summary["release"], summary["rows"]) == (1, 1, 1)
    unseen = {warning["column"]: warning for warning in summary["unseen"]}
    assert unseen["carrier"]["examples"] == ["'ZZ' (1)"]
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


def test_a_raw_file_is_told_how_features_come_about(deployment, tmp_path: Path) -> None:
    raw = tmp_path / "raw.csv"
    raw.write_text("year,month,flight\n2013,1,1545\n")
    told = deployment.mlops("predict", "flight_delay", str(raw), succeeds=False)
    assert "`mlops watch flight_delay` makes them" in told
    assert "Traceback" not in told
