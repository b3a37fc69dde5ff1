"""What may be NULL is declared: the service and the pipeline take and refuse the same rows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from mlops_platform.data.features.features import feature_batches
from mlops_platform.data.features.published import FILE
from mlops_platform.errors import DataError
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import describe_features
from mlops_platform.serving.worker import Worker
from mlops_platform.spec import FeaturesSpec, ModelSpec
from tests.data.features.claims import claim
from tests.documents.cases import Case, refuse_undocumented

FIRST_NULL = Case(
    "the first NULL of a column that no training row lacked",
    "the schema's hash changed with the next training, and a new Bento was needed",
    "what may be NULL is declared, and the hash stays",
    "",
)
BY_ENTITY = Case(
    "an entity whose features lack a value that no training row lacked",
    "422 of `/v1/predict_by_entity`, while the batch scored the row",
    "scored, as the pipeline scores it",
    "probability",
)
REQUIRED = Case(
    "NULL in a column of `features.required`, sent to the service",
    "taken, where training happened to have seen one",
    "422 that names the column",
    "Send a number",
)
WINDOW = Case(
    "NULL in a column of `features.required`, in the rows of a window or of a training",
    "scored, or trained on",
    "refused with the column, the row and the fix",
    "rows of flight_features have no 'distance_miles', for example flight_id 'f2' of 2013-07-01",
)
UNKNOWN = Case(
    "a column under `features.required` that is no feature",
    "nothing to declare",
    "refused when the YAML is read",
    "`required` names wind, which is no feature",
)
CASES = [FIRST_NULL, BY_ENTITY, REQUIRED, WINDOW, UNKNOWN]


@pytest.fixture(scope="module")
def undeclared(spec: ModelSpec) -> ModelSpec:
    """The model, without a word on what may be missing."""
    features = spec.features.model_copy(update={"required": ()})
    return spec.model_copy(update={"features": features})


@pytest.fixture
def asked(
    packed: Contents, rows: pd.DataFrame, export: Any, service_around: Callable[[Worker], Any]
) -> Callable[..., Any]:
    """What a model that was trained on rows without any NULL answers an entity."""

    def ask(spec: ModelSpec, row: dict[str, Any]) -> Any:
        schema = describe_features(spec, rows.dropna())
        contents = replace(packed, features=schema)
        runtime = RuntimeSettings(online_store=export({"f-1": row}))
        service = service_around(Worker(contents, runtime))
        return service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})

    return ask


@pytest.mark.parametrize("case", [FIRST_NULL], ids=lambda case: case.given)
def test_the_hash_does_not_tell_what_the_rows_lack(undeclared, rows, case):
    lacking = rows.assign(distance_miles=rows["distance_miles"].where(rows.index > 0))
    assert lacking["distance_miles"].isna().any()
    hashes = {describe_features(undeclared, seen).schema_hash for seen in (rows.dropna(), lacking)}
    assert len(hashes) == 1


@pytest.mark.parametrize("case", [BY_ENTITY], ids=lambda case: case.given)
def test_a_row_that_the_pipeline_scores_is_scored(undeclared, asked, model, row, case):
    answer = asked(undeclared, row | {"distance_miles": None})

    assert answer.status == 200
    frame = pd.DataFrame([row | {"distance_miles": np.nan}])[list(undeclared.features.names)]
    assert answer.json[case.reads] == pytest.approx(model.predict_proba(frame)[0, 1])


@pytest.mark.parametrize("case", [REQUIRED], ids=lambda case: case.given)
def test_a_required_value_is_refused_by_name_where_it_is_missing(spec, asked, row, case):
    answer = asked(spec, row | {"distance_miles": None})

    assert answer.status == 422
    assert case.reads in answer.text
    assert set(answer.faults) == {"distance_miles"}


@pytest.mark.parametrize("case", [WINDOW], ids=lambda case: case.given)
def test_the_pipeline_refuses_the_same_row(spec, rows, tmp_path: Path, case):
    moments = pd.date_range("2013-07-01 10:00", periods=3, freq="h", tz="UTC")
    published = rows.head(3).assign(
        flight_id=["f1", "f2", "f3"],
        event_time=moments,
        local_date=moments.date,
        distance_miles=[700.0, None, 900.0],
    )
    table = pa.Table.from_pandas(published.drop(columns="local_date"), preserve_index=False)
    folder = tmp_path / spec.features.table
    day = folder / f"local_date={moments[0].date()}"
    day.mkdir(parents=True)
    pq.write_table(table, day / FILE)
    claim(folder)

    with pytest.raises(DataError) as refusal:
        list(feature_batches(spec, tmp_path, [moments[0].date()]))

    assert case.reads in str(refusal.value)
    assert "take the column out of `features.required`" in str(refusal.value)


@pytest.mark.parametrize("case", [UNKNOWN], ids=lambda case: case.given)
def test_only_features_are_required(spec, case):
    declared = spec.features.model_dump() | {"required": ["wind"]}
    with pytest.raises(ValidationError) as refusal:
        FeaturesSpec.model_validate(declared)
    assert case.reads in str(refusal.value)


def test_the_cases_are_documented():
    refuse_undocumented("Statistics and serving", CASES)
