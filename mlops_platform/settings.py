"""Every path, URL and limit of one deployment, read once from `MLOPS_*`, with embedded defaults."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from mlops_platform.errors import SettingsError
from mlops_platform.formats.home_stamp import refuse_newer_home
from mlops_platform.plain_home import plain_home

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
POSTGRES: Final = "postgresql+psycopg2://"
MEMORY_LIMIT: Final = "1.5GB"
"""Of one DuckDB engine: with Python, Arrow and dbt beside it a process stays below 2.5 GB."""


@dataclass(frozen=True)
class Settings:
    """Where one deployment keeps its state: under `home`, unless a URL says otherwise."""

    home: Path
    ledger_url: str
    mlflow_tracking_uri: str
    dagster_yaml: Path
    mlflow_ui_url: str
    online_store_url: str | None = None
    dagster_database_url: str | None = None
    memory_limit: str = MEMORY_LIMIT
    signing_key: Path | None = None

    @property
    def lake(self) -> Path:
        """Root of the Parquet lake: landing, published tables, training sets."""
        return self.home / "lake"

    @property
    def landing(self) -> Path:
        """`landing/<table>/day=YYYY-MM-DD/delivery=<UTC>/*.parquet`, immutable."""
        return self.lake / "landing"

    @property
    def published(self) -> Path:
        """`features/<table>/local_date=YYYY-MM-DD/*.parquet`, published by the dbt step."""
        return self.lake / "features"

    @property
    def training_sets(self) -> Path:
        """`training_sets/<model>/<hash>/`, content-addressed snapshots."""
        return self.lake / "training_sets"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that only dbt and the publishing step open."""
        return plain_home(self.home) / "warehouse" / "warehouse.duckdb"

    @property
    def mlflow_artifacts(self) -> Path:
        """Root of MLflow's artifacts."""
        return self.home / "registry" / "artifacts"

    @property
    def bentoml_home(self) -> Path:
        """BentoML's store of built Bentos."""
        return self.home / "bentos"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: run history, event log, schedules, `dagster.yaml`."""
        return plain_home(self.home) / "dagster"

    @property
    def records(self) -> Path:
        """What assets hand to each other, as JSON: per run, and the latest."""
        return self.home / "records"

    @property
    def source_cache(self) -> Path:
        """Unpacked copies of installed source data, safe to delete."""
        return self.home / "cache"

    @property
    def spill(self) -> Path:
        """What DuckDB cannot keep in its memory, while a query runs; safe to delete after it."""
        return self.home / "cache" / "spill"

    @property
    def dbt_target(self) -> Path:
        """What dbt compiles and logs while it runs."""
        return self.home / "warehouse" / "dbt"

    @property
    def predictions(self) -> Path:
        """`predictions/<model>/window=YYYY-MM-DD/data.parquet`, one row per scored entity."""
        return self.lake / "predictions"

    @property
    def kpi(self) -> Path:
        """`kpi/<model>/window=YYYY-MM-DD/data.parquet`, what is counted by version and decision."""
        return self.lake / "kpi"

    @property
    def incidents(self) -> Path:
        """`incidents/<model>/<id>.md`: the ticket of every incident."""
        return self.home / "incidents"

    def tickets(self, model: str) -> Path:
        """The tickets of one model."""
        return self.incidents / model

    @property
    def metrics(self) -> Path:
        """`*.prom`: for the textfile collector of Prometheus' node exporter."""
        return self.home / "metrics"

    @property
    def demo(self) -> Path:
        """What `make demo` leaves behind."""
        return self.home / "demo"

    def replays(self, model: str) -> Path:
        """What `mlops replay` of a model leaves behind."""
        return self.home / "replays" / model

    @property
    def replay_clocks(self) -> Path:
        """The moments that replays have reached, by model."""
        return self.home / "replayed"

    def replay_clock(self, model: str) -> Path:
        """The moment that a replay of a model has reached; absent where it lives in the present."""
        return self.replay_clocks / model

    def model_home(self, model: str) -> Path:
        """Working files of one model: candidates, reports, cards, the release pointer."""
        return self.home / "models" / model

    def backtest(self, model: str) -> Path:
        """Report and recommendation of the latest policy backtest, and the fits of all of them."""
        return self.model_home(model) / "backtest"

    def release_pointer(self, model: str) -> Path:
        """The small file that tells the service what to serve; a projection of the ledger."""
        return self.model_home(model) / "release.json"

    def ledger_heads(self, model: str) -> Path:
        """Hashes of the newest rows of a model: what shows that the ledger has lost some."""
        return self.model_home(model) / "ledger_heads.json"

    def challenger_pointer(self, model: str) -> Path:
        """Like the release pointer, for a version in shadow or canary; absent where none is."""
        return self.model_home(model) / "challenger.json"

    def alerts_metrics(self, model: str) -> Path:
        """Written at every tick of a model's alerts, so that its age is their heartbeat."""
        return self.metrics / f"alerts_{model}.prom"

    def prediction_log(self, model: str) -> Path:
        """Where the workers of a service write what they answered, one JSON line each."""
        return self.home / "served" / model

    def online_store(self, model: str) -> Path | str:
        """The latest features of every entity: an indexed SQLite file, or a Postgres for all."""
        return self.online_store_url or self.home / "online" / f"{model}.sqlite"

    @property
    def served(self) -> Path:
        """`served/<model>/day=YYYY-MM-DD/*.parquet`, landed from the prediction log."""
        return self.lake / "served"

    def landed_predictions(self, model: str) -> Path:
        """What was landed of one model."""
        return self.served / model


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from an environment.

    Raises:
        SettingsError: the home's path cannot be used, a limit is no size, or a database's URL does
            not name its driver.
    """
    home = _home(environment)
    return Settings(
        home=home,
        ledger_url=_database_url(environment, "MLOPS_LEDGER_URL")
        or sqlite_url(home / "ledger" / "ledger.db"),
        mlflow_tracking_uri=_database_url(environment, "MLOPS_MLFLOW_TRACKING_URI")
        or sqlite_url(home / "registry" / "mlflow.db"),
        dagster_yaml=Path(
            environment.get("MLOPS_DAGSTER_YAML") or PROJECT_ROOT / "dagster.yaml"
        ).resolve(),
        mlflow_ui_url=(environment.get("MLOPS_MLFLOW_UI_URL") or "http://127.0.0.1:5000").rstrip(
            "/"
        ),
        online_store_url=environment.get("MLOPS_ONLINE_STORE_URL") or None,
        dagster_database_url=_database_url(environment, "MLOPS_DAGSTER_DATABASE_URL"),
        memory_limit=_memory_limit(environment),
        signing_key=_path(environment.get("MLOPS_SIGNING_KEY")),
    )


def sqlite_url(path: Path) -> str:
    """SQLAlchemy's URL of a SQLite file.

    A `?` would begin the URL's options, and `%41` would be read as `A`. Where something had to be
    quoted the URL names its driver too: MLflow makes the folder of what stands behind `sqlite:///`
    and does not unquote it, so that it would leave an empty one of a similar name.
    """
    quoted = str(path).replace("%", "%25").replace("?", "%3F")
    return f"sqlite{'' if quoted == str(path) else '+pysqlite'}:///{quoted}"


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def _database_url(environment: Mapping[str, str], name: str) -> str | None:
    """A URL for SQLAlchemy, which takes a driver that is not installed where none is named.

    No URL is shown: it may hold a password.
    """
    url = environment.get(name) or None
    driver = re.match(r"(postgres|postgresql)([+][^:]*)?://", url or "")
    if driver and driver[0] != POSTGRES:
        raise SettingsError(
            f"{name} begins with {driver[0]}, which does not name the driver that is installed. "
            f"Write {POSTGRES} instead, and leave the rest as it is."
        )
    return url


def _memory_limit(environment: Mapping[str, str]) -> str:
    text = environment.get("MLOPS_MEMORY_LIMIT") or MEMORY_LIMIT
    if not re.fullmatch(r"[0-9]+([.][0-9]+)? ?[KMGT]i?B", text) or not re.search("[1-9]", text):
        raise SettingsError(
            f"MLOPS_MEMORY_LIMIT={text!r} is no size. Write a number and its unit, such as "
            f"{MEMORY_LIMIT} or 512MiB."
        )
    return text


def _home(environment: Mapping[str, str]) -> Path:
    home = Path(environment.get("MLOPS_HOME") or PROJECT_ROOT / ".mlops").expanduser().resolve()
    if home.exists() and not home.is_dir():
        raise SettingsError(f"MLOPS_HOME={home} is no folder. Name one, or one that can be made.")
    try:
        str(home).encode()
    except UnicodeEncodeError as error:
        raise SettingsError(f"MLOPS_HOME={home!r} is not UTF-8. Choose a path that is.") from error
    if "\\" in str(home):
        raise SettingsError(
            f"MLOPS_HOME={home} has a backslash, which DuckDB takes for the separator of folders. "
            "Choose a path without one."
        )
    return home


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        FormatError: a newer version of the platform has written the home.
    """
    current = read_settings(os.environ)
    refuse_newer_home(current.home)
    return current
