"""Turn a directory with a stored model into a real MLflow model.

`mlflow.sklearn.log_model` would dump the model anew, to other bytes than those that were judged.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.column_kind import ColumnKind

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature

MODEL_FILE: Final = "model.skops"
_PYTHON_ENVIRONMENT: Final = "python_env.yaml"
_INPUT_EXAMPLE: Final = "input_example.json"
_SERVING_EXAMPLE: Final = "serving_input_example.json"


@dataclass(frozen=True)
class ModelDescription:
    """What MLflow tells about a model besides its bytes.

    Args:
        input_example: some rows of features, as pipelines see them.
        kinds: of its columns; MLflow takes them as requests do, true and false for a boolean.
        predict_method: what MLflow calls.
        answers: what that answers: a name, and how many numbers for a row.
        requirements: pinned packages, ``name==version``.
        trusted_types: written for MLflow's own loader; ours never reads them back.
    """

    input_example: pd.DataFrame
    kinds: Mapping[str, ColumnKind]
    predict_method: str
    answers: tuple[str, int]
    requirements: Sequence[str]
    trusted_types: Collection[str]


def write_mlflow_files(
    directory: Path, logged: LoggedModel, run_id: str, description: ModelDescription
) -> None:
    """Add ``MLmodel``, requirements, environment and examples to a directory with a model."""
    import yaml
    from mlflow import pyfunc
    from mlflow.models import Model

    requirements = [f"mlflow=={version('mlflow')}", *description.requirements]
    (directory / "requirements.txt").write_text("\n".join(requirements) + "\n")
    environment = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    (directory / _PYTHON_ENVIRONMENT).write_text(yaml.safe_dump(environment, sort_keys=False))
    model = Model(
        artifact_path=logged.artifact_location,
        run_id=run_id,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
        signature=_signature(description),
        saved_input_example_info=_write_examples(directory, description),
        model_size_bytes=(directory / MODEL_FILE).stat().st_size,
    )
    pyfunc.add_to_model(
        model,
        loader_module="mlflow.sklearn",
        model_path=MODEL_FILE,
        python_env=_PYTHON_ENVIRONMENT,
        predict_fn=description.predict_method,
    )
    model.add_flavor(
        "sklearn",
        pickled_model=MODEL_FILE,
        sklearn_version=version("scikit-learn"),
        serialization_format="skops",
        skops_trusted_types=sorted(description.trusted_types),
    )
    model.save(str(directory / "MLmodel"))


def _write_examples(directory: Path, description: ModelDescription) -> dict[str, str]:
    """Write the rows as JSON, exactly, with null for what is missing."""
    kinds, example = description.kinds, description.input_example
    columns = [map(kind.to_json, example[name].tolist()) for name, kind in kinds.items()]
    split = {"columns": list(kinds), "data": list(zip(*columns, strict=True))}
    (directory / _INPUT_EXAMPLE).write_text(json.dumps(split))
    (directory / _SERVING_EXAMPLE).write_text(json.dumps({"dataframe_split": split}, indent=2))
    return {
        "artifact_path": _INPUT_EXAMPLE,
        "serving_input_path": _SERVING_EXAMPLE,
        "type": "dataframe",
        "pandas_orient": "split",
    }


def _signature(description: ModelDescription) -> ModelSignature:
    """Columns by type, all of them optional: pipelines handle missing values."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(kind.mlflow_type, name, required=False) for name, kind in description.kinds.items()
    ]
    name, width = description.answers
    answers = TensorSpec(np.dtype("float64"), (-1, width), name=name)
    return ModelSignature(inputs=Schema(inputs), outputs=Schema([answers]))
