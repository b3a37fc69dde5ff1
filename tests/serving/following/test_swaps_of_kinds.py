"""Champions of other kinds are taken over in the process, while it answers."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.bentos import bento_digest
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.serving.contents import read_contents
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.packaging import BentoRequest, build_bento
from mlops_platform.serving.requirements import environment_hash
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.worker import Worker
from tests.serving.packed import form_of
from tests.serving.pointing import write_pointer

pytestmark = pytest.mark.slow

ROWS, CLIENTS, AFTER = 60, 4, 100
"""Rows that are asked for, clients that ask at once, and answers of one version that settle it."""


def _calibrated(rows: pd.DataFrame, schema: FeatureSchema, columns: Any, estimator: Any) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.pipeline import make_pipeline

    features = rows[list(schema.names)]
    pipeline = make_pipeline(columns, estimator).fit(features, rows["is_late"])
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(features, rows["is_late"])


def _boosting(rows: pd.DataFrame, schema: FeatureSchema) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    columns = ColumnTransformer(
        [("categorical", encoder, _names(schema, "categorical"))], remainder="passthrough"
    )
    return _calibrated(
        rows, schema, columns, HistGradientBoostingClassifier(max_iter=30, random_state=0)
    )


def _forest(rows: pd.DataFrame, schema: FeatureSchema) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [
            ("numeric", SimpleImputer(), _names(schema, "numeric")),
            ("categorical", one_hot, _names(schema, "categorical")),
        ]
    )
    forest = RandomForestClassifier(n_estimators=30, min_samples_leaf=5, random_state=0)
    return _calibrated(rows, schema, columns, forest)


def _names(schema: FeatureSchema, kind: str) -> list[str]:
    return [column.name for column in schema.columns if column.kind == kind]


@pytest.fixture(scope="module")
def models(model: Any, rows: pd.DataFrame, schema: FeatureSchema) -> dict[str, Any]:
    """Pipelines by version: logistic regression, boosted trees, a forest."""
    return {"1": model, "2": _boosting(rows, schema), "3": _forest(rows, schema)}


@pytest.fixture
def bentos(
    models: Mapping[str, Any],
    bento_request: BentoRequest,
    rows: pd.DataFrame,
    schema: FeatureSchema,
    tmp_path: Path,
) -> Path:
    """A store with the Bento of every version."""
    for version, fitted in models.items():
        changes = {"version": version, "explained": False}
        build_bento(
            bento_request.model_copy(
                update={
                    "release": bento_request.release.model_copy(update=changes),
                    "digests": save_model(fitted, tmp_path / version),
                    "model_directory": tmp_path / version,
                    "compiled_form": form_of(fitted, schema),
                    "golden_rows": choose_golden_rows(
                        schema, bento_request.release.task, fitted, rows[-200:], 10
                    ),
                }
            ),
            tmp_path / "store",
        )
    return tmp_path / "store"


def _release(bentos: Path, pointer: Path, version: str, sequence: int) -> None:
    source = _root(bentos, version)
    write_pointer(
        pointer,
        {
            "model": "flight_delay",
            "version": int(version),
            "sequence": sequence,
            "run_id": "r",
            "digests": read_contents(source).digests,
            "schema_hash": read_contents(source).features.schema_hash,
            "environment_hash": environment_hash((source / "requirements.txt").read_text()),
            "bento_tag": f"flight_delay:v{version}",
            "bento_digest": bento_digest(source.parent),
            "released_at": "2013-05-03T12:00:00Z",
        },
    )


def _root(bentos: Path, version: str) -> Path:
    return bentos / "bentos" / "flight_delay" / f"v{version}" / "src"


def test_every_kind_is_taken_over_under_traffic_and_answers_what_it_says_offline(
    bentos: Path,
    models: Mapping[str, Any],
    rows: pd.DataFrame,
    schema: FeatureSchema,
    service_around: Any,
    tmp_path: Path,
) -> None:
    pointer = tmp_path / "release.json"
    _release(bentos, pointer, "1", 1)
    runtime = RuntimeSettings(pointer=pointer, bentos=bentos, poll_seconds=0.02)
    service = service_around(Worker(read_contents(_root(bentos, "1")), runtime))
    asked = rows_of(schema, rows[:ROWS])
    single = [json.dumps(row).encode() for row in asked]
    batch = json.dumps({"rows": asked[:30]}).encode()
    answers: list[tuple[int, str, int, float]] = []
    failures: list[str] = []
    ended = asyncio.Event()

    async def client(first: int) -> None:
        at = first
        while not ended.is_set():
            at = (at + CLIENTS) % ROWS
            answer = await service.send("POST", "/v1/predict", [single[at]])
            together = await service.send("POST", "/v1/predict_batch", [batch])
            for one in (answer, together):
                if one.status != 200:
                    failures.append(one.text)
                    return
            told = [(at, answer.json), *enumerate(together.json["predictions"])]
            assert len({one["sequence"] for _, one in told[1:]}) == 1
            for place, one in told:
                answers.append((place, one["version"], one["sequence"], one["probability"]))
            await asyncio.sleep(0)

    async def settled(sequence: int) -> None:
        while {one[2] for one in answers[-AFTER:]} != {sequence} or len(answers) < AFTER:
            assert not failures
            await asyncio.sleep(0.01)
        assert service.worker.roles.champion.scorer.compiled

    async def story() -> None:
        clients = [asyncio.create_task(client(first)) for first in range(CLIENTS)]
        async with asyncio.timeout(120):
            await settled(1)
            for sequence, version in enumerate(("2", "3", "2", "1"), start=2):
                _release(bentos, pointer, version, sequence)
                await settled(sequence)
        ended.set()
        await asyncio.gather(*clients)

    asyncio.run(story())
    assert failures == []
    assert {(version, sequence) for _, version, sequence, _ in answers} == {
        *(("1", 1), ("2", 2), ("3", 3), ("2", 4), ("1", 5))
    }
    offline = {
        version: fitted.predict_proba(frame_of(schema, asked))[:, 1]
        for version, fitted in models.items()
    }
    differences = [
        abs(offline[version][at] - probability) for at, version, _, probability in answers
    ]
    assert max(differences) <= 1e-12
    # Else equality would prove nothing.
    assert np.abs(offline["2"] - offline["3"]).min() > 1e-9
