"""The main job as a plain script: the same data, libraries and work, and no platform.

`python -m benchmarks.bare_script prepare HOME` sets up (dbt parse, MLflow's schema);
`python -m benchmarks.bare_script run HOME` does the job and ends with HOME/summary.json.
It is what a careful data scientist would write, and imports nothing of the platform.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bentoml
import mlflow
import numpy as np
import optuna
import pandas as pd
import skops.io
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]
from mlflow.models import infer_signature

from benchmarks.bare_columns import CATEGORICAL, FEATURES, LABEL, NUMERIC, SEED
from benchmarks.bare_data import build_features, land, make_training_set, run_dbt
from benchmarks.bare_evaluation import Evaluation, evaluate, figures, refuse_unacceptable
from benchmarks.bare_model import Fitted, Split, fit, refit, search, split_by_time

MODEL = "flight_delay"
SERVICE = Path(__file__).with_name("bare_service.py")
PACKAGES = ("joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops")
TRUSTED_TYPES = [
    *("functools.partial", "numpy.dtype"),
    *("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._TemperatureScaling"),
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]
GOLDEN_ROWS = 50
TOLERANCE = 1e-12

SECONDS: dict[str, float] = {}
"""Seconds by phase."""


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Time one phase of the job."""
    started = time.perf_counter()
    yield
    SECONDS[name] = time.perf_counter() - started


def prepare(home: Path) -> None:
    """What the platform does in `mlops setup`, as far as a script needs it."""
    (home / "warehouse").mkdir(parents=True)
    run_dbt(home, "parse")
    mlflow.set_tracking_uri(tracking_uri(home))
    mlflow.create_experiment(MODEL, artifact_location=(home / "artifacts").as_uri())


def run(home: Path) -> None:
    """The job, from CSV files to a service that answers."""
    mlflow.set_tracking_uri(tracking_uri(home))
    mlflow.set_experiment(MODEL)
    with phase("land"):
        land(home)
    with phase("features"):
        build_features(home)
    with phase("training set"):
        rows = make_training_set(home)
    split = split_by_time(rows)
    with mlflow.start_run():
        with phase("train"):
            study, fitted = train(home, rows, split)
        with phase("judge"):
            evaluation = judge(home, fitted, split)
        with phase("register"):
            released = refit(
                study.best_trial.params["candidate"], best_params(study), fitted, split
            )
            registered = register(released, rows)
    with phase("bento"):
        golden = split.test.sample(GOLDEN_ROWS, random_state=SEED)[FEATURES]
        serve_and_compare(build_bento(home, registered), released, golden, home)
    write_summary(home, len(rows), study, evaluation)


def tracking_uri(home: Path) -> str:
    """MLflow's database."""
    return f"sqlite:///{home / 'mlflow.db'}"


def train(home: Path, rows: pd.DataFrame, split: Split) -> tuple[optuna.Study, Fitted]:
    """Search, fit, calibrate; all of it logged."""
    log_training_set(home / "training_set.parquet", rows)
    study = search(split.train, log_trial)
    fitted = fit(study.best_trial.params["candidate"], best_params(study), split)
    mlflow.log_params(study.best_trial.params)
    mlflow.log_metrics({"search_log_loss": study.best_value, "threshold": fitted.threshold})
    return study, fitted


def log_training_set(path: Path, rows: pd.DataFrame) -> None:
    """Log the training set by reference: inferring its schema from all rows takes seconds."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = LocalArtifactDatasetSource(path.as_uri())
    dataset = MetaDataset(source, "training_set", digest[:36])  # type: ignore[abstract]
    mlflow.log_input(dataset, "training")
    mlflow.log_params({"training_set": digest, "rows": len(rows)})


def best_params(study: optuna.Study) -> dict[str, Any]:
    """The estimator's parameters that won."""
    params: dict[str, Any] = study.best_trial.user_attrs["params"]
    return params


def log_trial(trial: optuna.trial.FrozenTrial) -> None:
    """One nested run per trial."""
    with mlflow.start_run(run_name=f"trial-{trial.number}", nested=True):
        mlflow.log_params(trial.params)
        if trial.state == optuna.trial.TrialState.COMPLETE:
            mlflow.log_metric("log_loss", trial.values[0])


def judge(home: Path, fitted: Fitted, split: Split) -> Evaluation:
    """Store, load, compare, evaluate on the test rows, log, and refuse what is not good enough."""
    path = home / "candidate.skops"
    skops.io.dump(fitted.model, path)
    stored = Fitted(skops.io.load(path, trusted=TRUSTED_TYPES), fitted.threshold)
    if not np.array_equal(stored.scores(split.validation), fitted.scores(split.validation)):
        raise SystemExit("the stored model predicts something else")
    evaluation = evaluate(stored, split.test, base_rate=split.train[LABEL].mean())
    mlflow.log_metrics({f"test_{name}": value for name, value in evaluation.metrics.items()})
    mlflow.log_table(evaluation.subgroups, "subgroups.json")
    mlflow.log_table(evaluation.importances, "importances.json")
    for name, figure in figures(evaluation, fitted.threshold).items():
        mlflow.log_figure(figure, f"figures/{name}.png")
    refuse_unacceptable(evaluation, path.stat().st_size)
    return evaluation


def register(released: Fitted, rows: pd.DataFrame) -> Path:
    """Log and register the refit as skops, point the alias to it, and fetch its files."""
    example = rows[FEATURES].head(5)
    logged = mlflow.sklearn.log_model(
        released.model,
        name="model",
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES,
        signature=infer_signature(example, released.model.predict_proba(example)),
        pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
        pyfunc_predict_fn="predict_proba",
        registered_model_name=MODEL,
    )
    registered = str(logged.registered_model_version)
    mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", registered)
    return Path(mlflow.artifacts.download_artifacts(f"models:/{MODEL}@champion"))


def build_bento(home: Path, registered: Path) -> str:
    """Pack the registered model behind a plain service."""
    sources = home / "bento_sources"
    sources.mkdir()
    shutil.copy(SERVICE, sources / "service.py")
    shutil.copy(registered / "model.skops", sources / "model.skops")
    dtypes = dict.fromkeys(NUMERIC, "float64") | dict.fromkeys(CATEGORICAL, "object")
    (sources / "dtypes.json").write_text(json.dumps(dtypes))
    packages = [f"{package}=={version(package)}" for package in (*PACKAGES, "bentoml")]
    bento = bentoml.build(
        "service:FlightDelay",
        version="v1",
        build_ctx=str(sources),
        python={"packages": packages, "lock_packages": False},
    )
    return str(bento.tag)


def serve_and_compare(tag: str, released: Fitted, golden: pd.DataFrame, home: Path) -> None:
    """Serve the Bento, ask for the golden rows alone and together, and compare."""
    rows = golden.astype(object).mask(golden.isna(), other=None).to_dict("records")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bentoml", "serve", tag, "--host", "127.0.0.1"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
        try:
            wait_until_ready(port)
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            alone = [ask(connection, [row])[0] for row in rows]
            together = ask(connection, rows)
            connection.close()
        finally:
            server.terminate()
            server.wait()
    expected = [released.scores(golden.iloc[[at]])[0] for at in range(len(golden))]
    if not np.allclose([alone, together], expected, rtol=0, atol=TOLERANCE):
        raise SystemExit("the service answers something else than the model")


def wait_until_ready(port: int, seconds: float = 180) -> None:
    """Wait until the service answers."""
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the service did not start")


def ask(connection: HTTPConnection, rows: list[dict[Any, Any]]) -> list[float]:
    """The service's answers for some rows."""
    body = json.dumps({"rows": rows})
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    answers: list[float] = json.load(connection.getresponse())
    return answers


def write_summary(home: Path, rows: int, study: optuna.Study, evaluation: Evaluation) -> None:
    """What was done, for the comparison with the platform."""
    summary = {
        "rows": rows,
        "winner": study.best_trial.params["candidate"],
        "search_log_loss": study.best_value,
        "test_log_loss": evaluation.metrics["log_loss"],
        "test_roc_auc": evaluation.metrics["roc_auc"],
        "seconds": SECONDS,
    }
    (home / "summary.json").write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    os.environ["BENTOML_HOME"] = sys.argv[2] + "/bentos"
    {"prepare": prepare, "run": run}[sys.argv[1]](Path(sys.argv[2]))
