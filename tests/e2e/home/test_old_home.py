"""The drill: a home that an old version wrote opens today, says the same, and goes on; anywhere."""

import json
import os
import re
import shutil
import sqlite3
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import numpy as np
import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_feature_rows
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.predictions import predictions_file
from mlops_platform.data.served.served import land_log
from mlops_platform.files import sha256_of_file
from mlops_platform.formats.number import FORMAT
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.version.champion import load_champion
from tests.e2e.conftest import Deployment
from tests.homes.write_home import COMMANDS, FIRST_TRAINING, WEEKS
from tests.ports import free_port

pytestmark = pytest.mark.slow

MODEL = "flight_delay"
ARCHIVE = Path(__file__).parents[2] / "homes" / "format_0.tar.xz"
LIVED_ON = Path(__file__).parents[1] / "programs" / "lived_on.py"
NEXT_WEEK = "2013-01-28"
ADDED = ("format", "task", "constants", "training_set", "fitted_through", "bento_digest")
"""Columns of these tables that later formats have."""
CHAINS = ("decisions", "releases", "packagings", "activations", "incident_events")
NEW_YORK = ZoneInfo("America/New_York")
ODD_NAME = "ho?me %41 [ab] 'n\"ew'=é"
NAMED_TODAY = {
    "base_rate_log_loss": "baseline_loss",
    "expected_log_loss": "promised_loss",
    "log_loss": "loss",
    "better_than_base_rate": "better_than_baseline",
    "performance/calibration_error": "performance/expected_calibration_error",
    "its scores let expect": "its predictions let expect",
    "the scores are": "the predictions are",
}
"""What went by another name then, in this order."""
SOME_BYTES_ARE_HISTORY = (
    *("dagster/", "registry/artifacts/", "bentos/", "backups/", "logs/", "warehouse/dbt/"),
)
"""What is immutable, or tells what happened then, may name the place where it happened."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the commands of then said about the home of then, and where it was."""
    with tarfile.open(ARCHIVE) as packed:
        member = packed.extractfile("told.json")
        assert member is not None
        return json.loads(member.read())


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home as it was written, somewhere else than where it was written."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    return folder / "home"


@pytest.fixture(scope="module")
def upgraded(
    project: Path, untouched: Path, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """A copy of it that `mlops setup` of today has upgraded."""
    home = tmp_path_factory.mktemp("upgraded") / "home"
    shutil.copytree(untouched, home)
    old = Deployment(project, home, free_port())
    refusal = old.mlops("status", succeeds=False)
    assert f"has format 0, this version of the platform writes format {FORMAT}" in refusal
    assert "`mlops setup`" in refusal
    assert "Traceback" not in refusal
    assert f"upgraded {home} to format {FORMAT}" in old.mlops("setup")
    assert old.mlops("setup") == ""
    return old


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_said(
    upgraded: Deployment, told: dict[str, str], command: str
) -> None:
    shown, expected = upgraded.mlops(*COMMANDS[command]), told[command]
    for then, today in NAMED_TODAY.items():
        expected = expected.replace(then, today)
    if "--json" in COMMANDS[command]:
        assert _of_then(json.loads(shown)) == json.loads(expected)
    else:
        shown = shown.replace(" A replay has reached this moment.", "")
        # Lines of other words break elsewhere.
        assert shown.split() == _in_utc(expected).split()


def _in_utc(text: str) -> str:
    """Moments as they are told today: they were local, and of New York."""

    def told_today(moment: re.Match[str]) -> str:
        local = datetime.strptime(moment[1], "%Y-%m-%d %H:%M").replace(tzinfo=NEW_YORK)
        return f"{local.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    text = re.sub(r", times of America/New_York\.", " EST.", text)
    return re.sub(r"(\d{4}-\d\d-\d\d \d\d:\d\d) E[SD]T", told_today, text)


def _of_then(told: Any) -> Any:
    """The same without the models that are declared since, and what is told since."""
    if isinstance(told, dict) and "models" in told:
        told["models"] = [model for model in told["models"] if model["model"] == MODEL]
        (model,) = told["models"]
        assert model.pop("adjustment") is None
        assert model.pop("proof") is None
        assert model.pop("retired") is None
        # It was said once for all models, and was the present of each.
        told |= {name: model.pop(name) for name in ("as_of", "replayed")}
    return told


def test_no_row_of_the_ledger_was_written_anew_and_the_chain_verifies(
    upgraded: Deployment, untouched: Path
) -> None:
    before, after = (_rows(home) for home in (untouched, upgraded.home))
    assert {table: len(rows) for table, rows in before.items() if not rows} == {}
    assert after == before
    assert upgraded.ledger.verify_chain(MODEL) is None


def _rows(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every chain, in the columns that it had then."""
    rows = {}
    with closing(sqlite3.connect(home / "ledger" / "ledger.db")) as database:
        for table in CHAINS:
            known = database.execute(f"SELECT * FROM {table} ORDER BY hash")
            names = [column[0] for column in known.description if column[0] not in ADDED]
            rows[table] = database.execute(
                f"SELECT {', '.join(map(_quoted, names))} FROM {table} ORDER BY hash"
            ).fetchall()
    return rows


def _quoted(name: str) -> str:
    return f'"{name}"'


def test_old_predictions_are_those_of_the_old_version_of_the_model(
    upgraded: Deployment,
) -> None:
    spec, settings = declared_spec(MODEL), upgraded.settings
    champion = load_champion(deployment_at(upgraded.settings), MODEL)
    assert (champion.release.version, champion.release.sequence) == (2, 2)
    week = date.fromisoformat(WEEKS[1])
    days = [week + timedelta(days=at) for at in range(7)]
    rows = read_feature_rows(spec, settings.published, days).to_pandas()
    stored = read_parquet(predictions_file(settings.predictions, MODEL, WEEKS[1])).to_pandas()

    assert stored["flight_id"].tolist() == rows["flight_id"].tolist()
    scores = champion.model.predict_proba(rows[list(spec.features.names)])[:, 1]
    np.testing.assert_array_equal(stored["score"].to_numpy(), scores)


def test_old_logs_of_the_service_are_landed(upgraded: Deployment, tmp_path: Path) -> None:
    log = upgraded.settings.prediction_log(MODEL)
    landing = land_log(declared_spec(MODEL), log, tmp_path, datetime.now(UTC))
    assert (landing.rows, landing.malformed) == (40, 0)


def test_the_old_champion_serves(upgraded: Deployment) -> None:
    assert _served_version(upgraded) == {"version": "2", "sequence": 2}


def test_a_copy_goes_on_at_any_place_and_the_original_is_neither_written_nor_needed(
    upgraded: Deployment, told: dict[str, str], tmp_path: Path
) -> None:
    """After the tests above: what they wrote is copied along."""
    original, copy = upgraded.home, replace(upgraded, home=tmp_path / ODD_NAME)
    shutil.copytree(original, copy.home)
    before = _digests(original)
    assert f"was set up at {original}" in copy.mlops("status", succeeds=False)
    copy.mlops("setup")
    assert copy.ledger.verify_chain(MODEL) is None

    hidden = original.with_name("hidden")
    original.rename(hidden)
    try:
        _live_on(copy)
        assert _served_version(copy)["sequence"] >= 2
        for place in (told["home"], str(original)):
            assert not Path(place).exists()
            assert _naming(copy.home, place) == []
    finally:
        hidden.rename(original)
    assert _digests(original) == before


def _live_on(deployment: Deployment) -> None:
    """One more week of the demo, and a training that a person starts."""
    known = {decision.id for decision in deployment.ledger.decisions(MODEL)}
    deployment.run(sys.executable, str(LIVED_ON), E2E_FIRST_TRAINING=FIRST_TRAINING)
    assert predictions_file(deployment.settings.predictions, MODEL, NEXT_WEEK).is_file()
    trainings = dg.RunsFilter(tags={"mlops/model": MODEL, "mlops/stage": "train"})
    with deployment.instance() as instance:
        (run,) = instance.get_runs(trainings, limit=1)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    decisions = [row for row in deployment.ledger.decisions(MODEL) if row.id not in known]
    # The sensor waits, because the model is frozen; the gate judged what the person trained.
    assert {row.kind for row in decisions} & {"promote", "reject"}
    assert deployment.ledger.verify_chain(MODEL) is None


def _served_version(deployment: Deployment) -> dict[str, Any]:
    """What the service of a deployment answers with."""
    spec = declared_spec(MODEL)
    day = date.fromisoformat(WEEKS[1])
    (row,) = read_feature_rows(spec, deployment.settings.published, [day]).to_pylist()[:1]
    features = {name: row[name] for name in ("flight_id", *spec.features.names)}
    with deployment.serving(MODEL) as service:
        status, answer = service.ask("POST", "/v1/predict", features)
    assert status == 200, answer
    return {name: answer[name] for name in ("version", "sequence")}


def _naming(home: Path, place: str) -> list[str]:
    """Files of a home, history left out, that name another place."""
    return [
        name
        for file in _files(home)
        if not (name := file.relative_to(home).as_posix()).startswith(SOME_BYTES_ARE_HISTORY)
        and place.encode() in file.read_bytes()
    ]


def _digests(home: Path) -> dict[str, str]:
    return {str(file): sha256_of_file(file) for file in _files(home)}


def _files(home: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(home):
        yield from (Path(folder, name) for name in sorted(names))
