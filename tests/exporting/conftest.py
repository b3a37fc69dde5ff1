"""Finished versions of every task, fitted once, and rows by which their exports are proved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from mlops_platform.exporting.compared_rows import ComparedRows, compared_rows
from mlops_platform.exporting.export import ProvedExport, Provenance, proved_export
from mlops_platform.exporting.exportable import Exportable
from mlops_platform.exporting.manifest import Form
from mlops_platform.exporting.onnx_form.form import onnx_model
from mlops_platform.exporting.onnx_process import ask_graph
from mlops_platform.exporting.python_form.form import PROGRAM, python_program
from mlops_platform.exporting.python_process import ask_program
from mlops_platform.exporting.verification import Verification, compare, served
from mlops_platform.files import write_text
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.serving.scoring.compiled import test_classes as classes
from tests.serving.scoring.compiled import test_clusters as clusters
from tests.serving.scoring.compiled import test_forecasts as forecasts
from tests.serving.scoring.compiled import test_model as binary
from tests.serving.scoring.compiled import test_regressors as regressors
from tests.tasks.conftest import task_named
from tests.tasks.forecasting import conftest as demand

BINARY = (
    *("logistic", "logistic, isotonic", "stochastic gradient", "forest", "forest, temperature"),
    *("gradient", "histogram, numbers as categories"),
)
REGRESSORS = ("linear", "histogram, of a logarithm", "forest")
CONSTANTS = {"threshold": 0.4}


def origin_of(schema: FeatureSchema) -> dict[str, str | int]:
    return {"model": schema.model, "version": "3", "sequence": 2}


@cache
def binary_version(name: str) -> Exportable:
    model = binary.MAKERS[name]()
    return Exportable(origin_of(binary.SCHEMA), binary.SCHEMA, DEFAULT_TASK, model, CONSTANTS)


@cache
def classes_version(name: str) -> Exportable:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from mlops_platform.tasks import Rows

    estimators = {
        "linear": classes.LINEAR,
        "histogram": classes.HISTOGRAM,
        "forest": RandomForestClassifier(6, max_depth=4, random_state=0),
    }
    calibration = {"linear": "temperature", "histogram": "isotonic", "forest": "sigmoid"}[name]
    sets = {} if name == "linear" else {"prediction_sets": {"coverage": 0.8}}
    costs = {"costs": {"mistakes": {"late": {"early": 5.0}}}} if name == "forest" else {}
    task = task_named(
        "multiclass_classification",
        classes=classes.CLASSES,
        calibration=calibration,
        **sets,
        **costs,
    )
    columns = binary.scaled(StandardScaler(), binary.one_hot(sparse_output=False))
    pipeline = Pipeline([("columns", columns), ("estimator", estimators[name])])
    rows = Rows(binary.ROWS[binary.NAMES], classes.outcomes_of(binary.ROWS))
    done = task.fit(pipeline, rows, rows)
    return Exportable(origin_of(binary.SCHEMA), binary.SCHEMA, task, done.model, done.constants)


@cache
def regression_version(name: str) -> Exportable:
    model, constants = regressors.fit(regressors.MAKERS[name]()), _CONSTANTS_OF_INTERVALS
    schema = regressors.SCHEMA
    return Exportable(origin_of(schema), schema, regressors.TASK, model, constants)


_CONSTANTS_OF_INTERVALS = {
    "factor": 1.3,
    "least_reach": 2.0,
    "loss_scale": 80.0,
    "baseline_loss_scale": 120.0,
}


@cache
def forecast_version(target: str) -> Exportable:
    task = Forecasting.model_validate({**demand.OPTIONS, "target": target})
    schema = forecasts.SCHEMA
    fitted_on = forecasts.fitted_on
    done = task.fit(forecasts.boosting(), fitted_on(demand.TRAIN), fitted_on(demand.UNSEEN))
    return Exportable(origin_of(schema), schema, task, done.model, done.constants)


@cache
def clusters_version(name: str) -> Exportable:
    schema = clusters.SCHEMA
    done = clusters.finished(clusters.ESTIMATORS[name])
    return Exportable(origin_of(schema), schema, clusters.TASK, done.model, done.constants)


VERSIONS: dict[str, Callable[[], Exportable]] = {
    **{f"binary: {name}": lambda name=name: binary_version(name) for name in BINARY},
    **{
        f"classes: {name}": lambda name=name: classes_version(name)
        for name in ("linear", "histogram", "forest")
    },
    **{f"regression: {name}": lambda name=name: regression_version(name) for name in REGRESSORS},
    **{
        f"forecast: trees of the {target}": lambda target=target: forecast_version(target)
        for target in ("outcome", "seasonal_difference")
    },
    **{
        f"clusters: {name}": lambda name=name: clusters_version(name)
        for name in clusters.ESTIMATORS
    },
}


def rows_of_version(version: Exportable) -> pd.DataFrame:
    """Rows with the key of their entity."""
    if version.schema in (binary.SCHEMA, clusters.SCHEMA):
        return binary.ROWS.assign(key=[f"row-{at}" for at in range(len(binary.ROWS))])
    if version.schema is regressors.SCHEMA:
        return regressors.ROWS
    rows = demand.TEST
    return rows.assign(forecast_id=[f"row-{at}" for at in range(len(rows))])


@cache
def _all_rows(model: str) -> ComparedRows:
    version = next(made() for made in VERSIONS.values() if made().schema.model == model)
    return compared_rows(version.schema, rows_of_version(version))


def some_rows(version: Exportable) -> ComparedRows:
    """Few of the rows by which an export of this version is proved."""
    rows = _all_rows(version.schema.model)
    return ComparedRows(rows.own[:150], rows.generated[:350])


def compared(version: Exportable, form: Form, folder: Path) -> Verification:
    """An export compared with its pipeline on few rows."""
    rows = some_rows(version)
    shown = form == "python"
    expected = served(version, rows.all, shown=shown)
    if shown:
        write_text(folder / PROGRAM, python_program(version))
        exported = ask_program(folder, rows.all)
    else:
        (folder / "scorer.onnx").write_bytes(onnx_model(version))
        exported = ask_graph(version, folder / "scorer.onnx", rows.all)
    return compare(version, rows, expected, exported, shown=shown)


@contextmanager
def proved(version: Exportable, form: Form) -> Iterator[ProvedExport]:
    """As the command does it."""
    provenance = Provenance({"model.skops": "ab" * 32}, "cd" * 32)
    with proved_export(version, provenance, form, rows_of_version(version)) as export:
        yield export


def loaded(version: Exportable) -> Any:
    """The exported program, loaded into this process."""
    import sys
    from types import ModuleType

    module = ModuleType("exported_scorer")
    sys.modules[module.__name__] = module
    exec(compile(python_program(version), "scorer.py", "exec"), vars(module))
    return module
