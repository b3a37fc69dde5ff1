"""A month of watched windows as a plain script: same data, libraries and work, and no platform.

`python -m benchmarks.bare_month prepare HOME` sets up (dbt parse, MLflow's schema);
`python -m benchmarks.bare_month run HOME MODEL HELD_OUT WEEK...` lives through the weeks that begin
on those Mondays and ends with HOME/summary.json. HOME holds the lake and the warehouse as they were
before, and the source's year as Parquet; MODEL is the champion's skops file, HELD_OUT its held-out
rows with their scores.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import matplotlib.pyplot as plt
import mlflow
import pandas as pd
import skops.io
from dbt.contracts.graph.manifest import Manifest
from sklearn import metrics

from benchmarks.bare_columns import FEATURES, LABEL, SEED
from benchmarks.bare_data import (
    BUILD,
    FACTS,
    PUBLISHED,
    WEATHER,
    delivery,
    run_dbt,
    source_folder,
    utc_duckdb,
)
from benchmarks.bare_metrics import calibration_error
from benchmarks.bare_report import drift_report

EXPERIMENT, SAMPLE_ROWS = "flight_delay", 5000


@dataclass
class Week:
    """Seven days of New York's calendar, from a Monday on."""

    start: date

    @property
    def days(self) -> list[date]:
        """Its days, in order."""
        return [self.start + timedelta(days=at) for at in range(7)]

    @property
    def between(self) -> str:
        """The SQL that says whether a day belongs to it."""
        return f"BETWEEN DATE '{self.days[0]}' AND DATE '{self.days[-1]}'"


@dataclass
class Month:
    """What every week needs, loaded once."""

    home: Path
    manifest: Manifest
    model: Any
    held_out: pd.DataFrame

    def predictions(self, week: Week) -> Path:
        """The file of a week's predictions."""
        return self.home / "predictions" / f"{week.start}.parquet"


SECONDS: dict[str, dict[str, float]] = {}
"""Seconds by week and phase."""


@contextmanager
def phase(week: Week, name: str) -> Iterator[None]:
    """Time one phase of a week."""
    started = time.perf_counter()
    yield
    SECONDS.setdefault(str(week.start), {})[name] = time.perf_counter() - started


def prepare(home: Path) -> None:
    """What the platform did before."""
    run_dbt(home, "parse")
    mlflow.set_tracking_uri(tracking_uri(home))
    mlflow.create_experiment(EXPERIMENT, artifact_location=(home / "artifacts").as_uri())


def run(home: Path, model: Path, held_out: Path, weeks: list[Week]) -> None:
    """Live through the weeks, one after the other."""
    (home / "predictions").mkdir()
    mlflow.set_tracking_uri(tracking_uri(home))
    mlflow.set_experiment(EXPERIMENT)
    month = Month(
        home,
        manifest=run_dbt(home, "parse"),
        model=skops.io.load(model, trusted=skops.io.get_untrusted_types(file=model)),
        held_out=pd.read_parquet(held_out),
    )
    measured: dict[str, dict[str, float]] = {}
    with mlflow.start_run(run_name="monitoring"):
        for week in weeks:
            started = time.perf_counter()
            live_through(month, week, measured)
            SECONDS[str(week.start)]["whole"] = time.perf_counter() - started
            sys.stdout.write(f"{week.start}\n")
    summary = {"windows": measured, "seconds_by_window": SECONDS}
    (home / "summary.json").write_text(json.dumps(summary, indent=2))


def tracking_uri(home: Path) -> str:
    """MLflow's database."""
    return f"sqlite:///{home / 'mlflow.db'}"


def live_through(month: Month, week: Week, measured: dict[str, dict[str, float]]) -> None:
    """Land, build, score, report; measure this week, and again the one before."""
    with phase(week, "land"):
        land(month.home, week)
    with phase(week, "features"):
        build_features(month, week)
    with phase(week, "score"):
        scored = score(month, week)
    with phase(week, "drift"):
        window, reference = (
            rows.sample(min(len(rows), SAMPLE_ROWS), random_state=SEED)
            for rows in (scored, month.held_out)
        )
        drift_report(window, reference, month.home / f"{week.start}.html")
    with phase(week, "performance"):
        before = Week(week.start - timedelta(days=7))
        for one in (before, week) if str(before.start) in measured else (week,):
            measured[str(one.start)] = performance(month, one)
            log(month.home, one, measured[str(one.start)])
        draw(month.home, measured)


def land(home: Path, week: Week) -> None:
    """Write one Parquet file per table and day."""
    with utc_duckdb() as connection:
        csv = source_folder() / "weather.csv"
        connection.execute(
            f"CREATE TEMP VIEW csv_weather AS FROM read_csv('{csv}', header = true, nullstr = 'NA')"
        )
        for table, key in FACTS.items():
            rows = f"({WEATHER})" if table == "weather" else f"'{home}/source/{table}.parquet'"
            connection.execute(f"CREATE TEMP TABLE {table} AS FROM {rows} WHERE day {week.between}")
            for day in week.days:
                folder = home / "lake" / "landing" / table / f"day={day}"
                write(connection, table, "day", day, key, delivery(folder))


def build_features(month: Month, week: Week) -> None:
    """Build and test these days, and export as Parquet every day that changed."""
    variables = {"start_day": str(week.days[0]), "end_day": str(week.days[-1])}
    run_dbt(month.home, *BUILD, "--vars", json.dumps(variables), manifest=month.manifest)
    became_known = f"timezone('America/New_York', known_at)::DATE {week.between}"
    changed = (f"local_date {week.between}", became_known)
    path = month.home / "warehouse" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, condition in zip(PUBLISHED, changed, strict=True):
            days = f"SELECT DISTINCT local_date FROM {table} WHERE {condition}"
            for (day,) in connection.execute(days).fetchall():
                folder = month.home / "lake" / "features" / table / f"local_date={day}"
                write(connection, table, "local_date", day, "flight_id", folder)


def write(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    partition: str,
    day: date,
    key: str,
    folder: Path,
) -> None:
    """Write the rows of one day to one file, in place of what was there."""
    folder.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"COPY (SELECT * EXCLUDE ({partition}) FROM {table} WHERE {partition} = DATE '{day}' "
        f"ORDER BY {key}) TO '{folder}/data.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )


def score(month: Month, week: Week) -> pd.DataFrame:
    """The week's features with their scores, which are also written."""
    with utc_duckdb() as connection:
        rows = connection.execute(
            f"SELECT flight_id, event_time, local_date, {', '.join(FEATURES)} "
            f"FROM {published(month.home, 'flight_features')} WHERE local_date {week.between} "
            "ORDER BY event_time, flight_id"
        ).df()
    rows["score"] = month.model.predict_proba(rows[FEATURES])[:, 1]
    predictions = rows[["flight_id", "event_time", "local_date", "score"]]
    predictions.to_parquet(month.predictions(week), compression="zstd", index=False)
    return rows


def performance(month: Month, week: Week) -> dict[str, float]:
    """Join the week's predictions with the labels that have landed, and measure."""
    with utc_duckdb() as connection:
        rows = connection.execute(
            f"SELECT score, {LABEL} FROM '{month.predictions(week)}' LEFT JOIN "
            f"(FROM {published(month.home, 'flight_labels')} WHERE local_date {week.between}) "
            "USING (flight_id) ORDER BY flight_id"
        ).df()
    known = rows[rows[LABEL].notna()]
    labels, scores = known[LABEL].to_numpy(dtype=int), known["score"].to_numpy()
    return {
        "rows": len(rows),
        "labelled": len(known),
        "log_loss": float(metrics.log_loss(labels, scores)),
        "roc_auc": float(metrics.roc_auc_score(labels, scores)),
        "brier_score": float(metrics.brier_score_loss(labels, scores)),
        "expected_calibration_error": calibration_error(labels, scores),
    }


def published(home: Path, table: str) -> str:
    """The SQL that reads one published table."""
    files = f"{home}/lake/features/{table}/*/*.parquet"
    return f"read_parquet('{files}', hive_partitioning = true)"


def log(home: Path, week: Week, figures: dict[str, float]) -> None:
    """Append to the history, and log to MLflow."""
    with (home / "history.jsonl").open("a") as history:
        history.write(json.dumps({"window": str(week.start), **figures}) + "\n")
    mlflow.log_metrics(figures, step=week.start.toordinal())


def draw(home: Path, measured: dict[str, dict[str, float]]) -> None:
    """Log loss by week."""
    figure, axes = plt.subplots(figsize=(6, 3.4), dpi=110, layout="constrained")
    axes.plot(list(measured), [one["log_loss"] for one in measured.values()], marker="o")
    figure.savefig(home / "log_loss.png")
    plt.close(figure)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        home, model, held_out = map(Path, sys.argv[2:5])
        run(home, model, held_out, [Week(date.fromisoformat(day)) for day in sys.argv[5:]])
