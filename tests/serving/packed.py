"""A small model's Bento without BentoML: what a service reads of it, and no code."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.files import write_json, write_text
from mlops_platform.ledger.records import VersionIdentity
from mlops_platform.serving.contents import (
    COMPILED_FORM,
    DIGESTS,
    GOLDEN_ROWS,
    MODEL,
    PACKED_FORMAT,
    RELEASE,
    SCHEMA,
    Contents,
    PackedRelease,
    bento_folder,
    read_contents,
)
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.schema import FeatureSchema, describe_features
from mlops_platform.serving.scoring.compiled.columns import NotCompilable
from mlops_platform.serving.scoring.compiled.plain_model import plain_model
from mlops_platform.serving.scoring.compiled.stored_form import stored_form
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec, ServingSpec
from mlops_platform.tasks import DEFAULT_TASK, Finished


def small_spec(model: str) -> ModelSpec:
    """What the YAML of a model of two numbers says at least."""
    candidate = {
        "name": "linear",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
    }
    return ModelSpec.model_validate(
        {
            "name": model,
            "description": "Will it be late?",
            "owners": ["team:flights"],
            "features": {
                "table": "flights",
                "entity": "flight_id",
                "numeric": ["wind", "late"],
            },
            "label": {"table": "labels", "column": "is_late"},
            "window": {"start": "2024-03-04"},
            "training": {"candidates": [candidate]},
            "card": {"intended_use": "Tests.", "out_of_scope": "All else."},
        }
    )


def form_of(model: Any, schema: FeatureSchema) -> bytes | None:
    """The compiled form of a model, as packaging makes it; None where it has none."""
    try:
        return stored_form(plain_model(model, schema))
    except NotCompilable:
        return None


def contents_of(
    spec: ModelSpec, finished: Finished, rows: pd.DataFrame, root: Path, serving: ServingSpec
) -> Contents:
    """What a Bento of a finished model holds, read again from a folder.

    Args:
        rows: that it was fitted on.
    """
    schema, digests = describe_features(spec, rows), save_model(finished.model, root / MODEL)
    release = PackedRelease(
        model=spec.name,
        version="1",
        sequence=1,
        task=spec.task,
        constants=dict(finished.constants),
        training_set_hash="5e7",
        serving=serving,
        compiled=True,
    )
    golden = choose_golden_rows(schema, spec.task, finished.model, rows, 10)
    for name, record in ((RELEASE, release), (SCHEMA, schema), (GOLDEN_ROWS, golden)):
        write_text(root / name, record.to_stored(stored_format=PACKED_FORMAT))
    write_json(root / DIGESTS, dict(digests))
    return read_contents(root)


def pack_small(
    place: Settings,
    spec: ModelSpec,
    identity: VersionIdentity,
    files: Path,
    fitted: tuple[Any, pd.DataFrame],
    **changes: Any,
) -> str:
    """Put a version into the store of Bentos; its tag.

    Args:
        files: those of the version, from the registry.
        fitted: its model, and some rows.
        changes: of what is said about the release; a compiled one has its form, if there is one.
    """
    tag = f"{spec.name}:v{identity.version}"
    folder = bento_folder(place.bentoml_home, tag) / "src"
    (folder / MODEL).mkdir(parents=True)
    for name in identity.digests:
        shutil.copy(files / name, folder / MODEL / name)
    model, rows = fitted
    table = rows.assign(flight_id=[f"f{at}" for at in range(len(rows))])
    schema = describe_features(spec, table, model)
    release = PackedRelease(
        model=spec.name,
        version=str(identity.version),
        sequence=1,
        task=spec.task,
        constants={"threshold": 0.25},
        training_set_hash="ab" * 32,
    )
    golden = choose_golden_rows(schema, DEFAULT_TASK, model, table, 10)
    (folder / RELEASE).write_text(release.model_copy(update=changes).to_stored())
    (folder / SCHEMA).write_text(schema.to_stored())
    (folder / GOLDEN_ROWS).write_text(golden.to_stored())
    (folder / DIGESTS).write_text(json.dumps(identity.digests))
    if changes.get("compiled") and (form := form_of(model, schema)) is not None:
        (folder / COMPILED_FORM).write_bytes(form)
    return tag
