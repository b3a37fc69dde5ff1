"""The models that are served: fitted on the demo's flights, in every form that a peer loads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.processes import measured, mlops
from benchmarks.report import say
from mlops_platform.spec import CandidateSpec, EstimatorSpec, ModelSpec, ServingSpec

if TYPE_CHECKING:
    from mlops_platform.serving.schema import FeatureSchema
    from mlops_platform.tasks import Finished
    from mlops_platform.training.split import Split

MODEL, WORKERS, BATCH_ROWS = "flight_delay", 2, 1000
ROWS = "rows.json"
LINEAR, TREES, FOREST = "logistic_regression", "hist_gradient_boosting", "random_forest"


@dataclass(frozen=True)
class ServedModel:
    """One fitted model on disk.

    Attributes:
        bento: the platform's Bento of it.
        joblib, mlflow: the same object as peers load it.
        rows: as JSON holds them, sent again and again.
    """

    name: str
    bento: Path
    joblib: Path
    mlflow: Path
    rows: list[dict[str, Any]]


def prepare_models(folder: Path, names: Sequence[str] = ()) -> Iterator[ServedModel]:
    """Land, build and snapshot the first quarter, then fit each of the three.

    Args:
        names: of those that are fitted; all where none is named.
    """
    from mlops_platform.components.models import declared_spec
    from mlops_platform.data.training_set import TrainingSet
    from mlops_platform.usecases.candidate.training_rows import split_rows

    home, log = folder / "home", folder / "log"
    for command in (("setup",), ("demo", "--windows", "0")):
        usage = measured(mlops(*command), {"MLOPS_HOME": str(home)}, log)
        say(f"prepared by mlops {command[0]}: {usage.wall_seconds:.1f} s")
    record = home / "records" / "latest" / f"{MODEL}__training_set.json"
    training_set = TrainingSet.from_stored(record.read_bytes(), home)
    spec = _with_forest(declared_spec(MODEL))
    split = split_rows(spec, training_set)
    for name in names or (TREES, LINEAR, FOREST):
        yield _prepared(spec, name, split, training_set.hash, folder / name)
        say(f"fitted and packed {name}")


def kept_models(folder: Path, names: Sequence[str]) -> list[ServedModel]:
    """What an earlier run has prepared in a folder.

    Raises:
        RuntimeError: it has not.
    """
    models = []
    for name in names:
        own = folder / name
        bentos = [path for path in own.glob("bentos/bentos/*/*") if path.is_dir()]
        if not bentos or not (own / ROWS).is_file():
            raise RuntimeError(f"{own} holds no model that was prepared; name another folder.")
        rows = json.loads((own / ROWS).read_text())
        models.append(ServedModel(name, bentos[0], own / "model.joblib", own / "mlflow", rows))
    return models


def _with_forest(spec: ModelSpec) -> ModelSpec:
    """The declared model, with a third candidate on the preprocessing of the linear one."""
    linear = next(one for one in spec.training.candidates if one.name == LINEAR)
    forest = CandidateSpec(
        name=FOREST,
        preprocessing=linear.preprocessing,
        estimator=EstimatorSpec(
            type="sklearn.ensemble.RandomForestClassifier",
            params={"n_estimators": 200, "min_samples_leaf": 20},
        ),
    )
    candidates = (*spec.training.candidates, forest)
    training = spec.training.model_copy(update={"candidates": candidates})
    serving = ServingSpec(workers=WORKERS, max_batch_rows=BATCH_ROWS)
    return spec.model_copy(update={"training": training, "serving": serving})


def _prepared(
    spec: ModelSpec, name: str, split: Split, training_set: str, folder: Path
) -> ServedModel:
    import joblib
    import mlflow.sklearn

    from mlops_platform.serving.frames import rows_of, without_refused
    from mlops_platform.serving.schema import describe_features
    from mlops_platform.training.fitting import fit_candidate
    from mlops_platform.training.pipelines.pipeline import candidate_named
    from mlops_platform.training.pipelines.space import defaults_of
    from mlops_platform.training.search.search import Recipe

    params = defaults_of(candidate_named(spec, name))
    recipe = Recipe(
        candidate=name,
        params=params,
        metric=spec.task.loss,
        greater_is_better=False,
        score=0.0,
        trials=(),
    )
    fitted = fit_candidate(spec, recipe, split)
    schema = describe_features(spec, split.everything)
    folder.mkdir(parents=True)
    joblib.dump(fitted.model, folder / "model.joblib")
    mlflow.sklearn.save_model(
        fitted.model,
        folder / "mlflow",
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
        pip_requirements=[],
    )
    rows = rows_of(schema, without_refused(schema, split.test).head(BATCH_ROWS))
    (folder / ROWS).write_text(json.dumps(rows))
    (folder / "dtypes.json").write_text(json.dumps(_dtypes(schema)))
    bento = _bento(spec, schema, fitted, split, training_set, folder)
    return ServedModel(name, bento, folder / "model.joblib", folder / "mlflow", rows)


def _dtypes(schema: FeatureSchema) -> dict[str, str]:
    kinds = {"numeric": "float64", "categorical": "object"}
    return {column.name: kinds[column.kind] for column in schema.columns}


def _bento(
    spec: ModelSpec,
    schema: FeatureSchema,
    fitted: Finished,
    split: Split,
    training_set: str,
    folder: Path,
) -> Path:
    from mlops_platform.artifacts.model_store import save_model
    from mlops_platform.serving.contents import PackedRelease
    from mlops_platform.serving.golden import choose_golden_rows
    from mlops_platform.serving.packing.packaging import BentoRequest, build_bento
    from mlops_platform.serving.packing.parity import prove_form, why_not_explained

    task, tested = spec.task, split.test
    parity, form = prove_form(schema, task, fitted.model, tested)
    golden = choose_golden_rows(schema, task, fitted.model, tested, spec.serving.golden_rows)
    not_explained = why_not_explained(schema, task, fitted.model, golden, tested, form)
    release = PackedRelease(
        model=spec.name,
        version="1",
        sequence=1,
        task=task,
        constants=dict(fitted.constants),
        training_set_hash=training_set,
        serving=spec.serving,
        compiled=parity.compiled,
        not_compiled=parity.fallback_reason,
        explained=not_explained is None,
        not_explained=not_explained,
    )
    request = BentoRequest(
        release=release,
        features=schema,
        model_directory=folder / "artifacts",
        digests=save_model(fitted.model, folder / "artifacts"),
        golden_rows=golden,
        compiled_form=form,
    )
    return build_bento(request, folder / "bentos").path
