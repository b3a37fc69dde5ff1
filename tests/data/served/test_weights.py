"""Weights of served rows come of the published features: no request carries them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.served.rollout_rows import Arm, Arms, read_rollout_rows
from mlops_platform.data.served.rows import read_answers
from mlops_platform.data.served.served import land_log
from mlops_platform.data.windows import window_named
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from tests.data.conftest import MODEL
from tests.data.served.test_served import NOON, append, line

AS_OF = datetime(2024, 4, 1, tzinfo=UTC)
WITHOUT_TIME = {
    "features": MODEL["features"] | {"weight": "exposure", "event_time": None},
    "training": MODEL["training"] | {"history": {"split": {"by": "random"}}},
}
SPECS = {
    "with event time": MODEL | {"features": MODEL["features"] | {"weight": "exposure"}},
    "without event time": MODEL | WITHOUT_TIME,
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    return ModelSpec.model_validate(SPECS[request.param])


@pytest.fixture
def served(spec: ModelSpec, log: Path, landed: Path, run_sql: Any, publish: Any) -> Path:
    """Three answers, of which one is for nobody that was ever published."""
    run_sql(
        "ALTER TABLE visits ADD COLUMN exposure DOUBLE",
        "UPDATE visits SET exposure = 1 + age",
        "UPDATE visits SET exposure = NULL WHERE visit_id = 'v17'",
        "ALTER TABLE visit_labels ADD COLUMN delivered_at TIMESTAMPTZ",
        "UPDATE visit_labels SET delivered_at = known_at",
    )
    publish()
    challenger = {"role": "challenger", "version": "4", "sequence": 3}
    append(log, line("v16", "r1"), line("v20", "r2", **challenger), line("stranger", "r3"))
    append(log, line("v17", "r4"))
    land_log(spec, log, landed, NOON)
    return landed


def test_an_answer_has_the_weight_of_its_entity(spec: ModelSpec, served: Path, lake: Path) -> None:
    window = window_named(spec.window, "2024-03-04")
    answers = read_answers(spec, served, lake / "features", window)
    assert answers is not None
    found = dict(
        zip(*answers.select(["request_id", SAMPLE_WEIGHT]).to_pydict().values(), strict=True)
    )
    assert found == {"r1": 1.0 + 16 % 7, "r2": 1.0 + 20 % 7, "r3": None, "r4": None}


def test_rows_of_a_rollout_have_weights_or_are_left_out(
    spec: ModelSpec, served: Path, lake: Path
) -> None:
    rows = read_rollout_rows(
        spec,
        served,
        lake / "features",
        Arms(Arm(3, 2), Arm(4, 3), paired=False),
        matured=date(2024, 3, 20),
        as_of=AS_OF,
    )
    assert rows is not None
    assert rows["challenger"].to_pylist() == [False, True]
    assert rows[SAMPLE_WEIGHT].to_pylist() == [1.0 + 16 % 7, 1.0 + 20 % 7]
