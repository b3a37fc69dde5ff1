"""A record that was written is read back unchanged."""

import json
import math
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import mlops_platform
from mlops_platform.errors import FormatError
from mlops_platform.formats import upgrades
from mlops_platform.formats.home_path import HomePath
from mlops_platform.formats.number import FORMAT
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.record import Record
from mlops_platform.training.judging.gate import Verdict


class Measured(Record):
    """A number with a name."""

    name: str
    value: float


@given(st.text(), st.floats())
def test_any_number_survives_json(name: str, value: float) -> None:
    read = Measured.model_validate_json(Measured(name=name, value=value).model_dump_json())

    assert read.name == name
    assert read.value == value or (math.isnan(read.value) and math.isnan(value))


def test_a_record_cannot_be_changed_or_extended() -> None:
    measured = Measured(name="log_loss", value=0.5)

    with pytest.raises(ValidationError):
        measured.value = 0.4  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Measured.model_validate({"name": "log_loss", "value": 0.5, "unit": "nat"})


class Kept(Record):
    """What lies at a path, with something nested."""

    path: HomePath
    measured: tuple[Measured, ...] = ()


@given(st.text(), st.floats())
def test_what_is_stored_says_its_format_and_is_read_back(name: str, value: float) -> None:
    stored = Measured(name=name, value=value).to_stored()

    assert json.loads(stored)["format"] == FORMAT
    read = Measured.from_stored(stored)
    assert read.name == name
    assert read.value == value or (math.isnan(read.value) and math.isnan(value))


def test_a_path_is_stored_relative_to_the_home_and_read_in_another(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    stored = Kept(path=old / "models" / "m.skops").to_stored(old)

    assert json.loads(stored)["path"] == "models/m.skops"
    assert str(tmp_path) not in stored
    assert Kept.from_stored(stored, new).path == new / "models" / "m.skops"


def test_a_path_outside_the_home_stays_where_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "m.skops"
    stored = Kept(path=outside).to_stored(tmp_path / "home")

    assert Kept.from_stored(stored, tmp_path / "another").path == outside


def test_a_field_that_was_renamed_is_read_from_what_was_written_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(upgrades, "UPGRADES", {"Measured": {1: upgrades.renamed(label="name")}})
    old = {"path": "a", "measured": [{"label": "log_loss", "value": 0.5}]}

    read = Kept.from_stored(json.dumps(old), tmp_path)
    assert read.measured == (Measured(name="log_loss", value=0.5),)
    with pytest.raises(ValidationError, match="label"):
        Kept.from_stored(json.dumps({"format": 1, **old}), tmp_path)
    with pytest.raises(ValidationError, match="label"):
        Kept.model_validate(old)


def test_what_a_newer_platform_wrote_is_refused_in_one_sentence() -> None:
    newer = json.dumps({"format": FORMAT + 1, "name": "loss", "value": 0.5, "unit": "nat"})

    with pytest.raises(FormatError, match=rf"a stored Measured has format {FORMAT + 1}.*install"):
        Measured.from_stored(newer)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b'{"format": 1}', b'{"format": "1"}', b"\xff"]
)
def test_what_is_no_record_is_no_record(content: bytes) -> None:
    with pytest.raises(ValidationError):
        Measured.from_stored(content)


def test_a_candidate_of_before_formats_had_numbers_is_read() -> None:
    was = {"schema_matches": True, "candidate": {}}

    assert upgrades.upgraded("EvaluatedCandidate", was, 0) == {
        "serving_fault": None,
        "candidate": {},
    }
    assert upgrades.upgraded("EvaluatedCandidate", {"serving_fault": "x"}, 0) == {
        "serving_fault": "x"
    }


RUN_BY_OTHERS = (
    "mlops_platform.defs.",
    "mlops_platform.ledger.schema.migrations.",
    "mlops_platform.serving.bento_entry",
    "mlops_platform.serving.service",
)
"""Modules that cannot be imported where Dagster, Alembic or BentoML does not run them."""


def test_every_upgrade_is_of_one_living_record() -> None:
    _import_everything()
    names = [kind.__name__ for kind in _kinds(Record)]
    assert {name: names.count(name) for name in upgrades.UPGRADES} == dict.fromkeys(
        upgrades.UPGRADES, 1
    )


NOT_STORED = {"BentoRequest", "FetchedVersion", "PastFit", "UpgradeJournal"}
"""Records that are never written, or without their path, or for as long as an upgrade takes."""


def test_no_record_stores_a_path_of_the_machine() -> None:
    _import_everything()
    machine_paths = {
        f"{kind.__name__}.{name}"
        for kind in _kinds(Record)
        if kind.__name__ not in NOT_STORED and kind.__module__.startswith("mlops_platform.")
        for name, field in kind.model_fields.items()
        if "Path" in str(field.annotation) and not field.metadata
    }
    assert machine_paths == set()
    assert {"TrainingSet", "ScoredWindow"} <= {kind.__name__ for kind in _kinds(Record)}


def _import_everything() -> None:
    # MLflow loads our artifact repository while it is imported: not in the midst of ours.
    import_module("mlflow.store.artifact.artifact_repository_registry")
    for module in walk_packages(mlops_platform.__path__, "mlops_platform."):
        if not module.name.startswith(RUN_BY_OTHERS):
            import_module(module.name)


def _kinds(base: type[Record]) -> set[type[Record]]:
    return {kind for child in base.__subclasses__() for kind in (child, *_kinds(child))}


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("run/train_churn", "run/train"),
        ("run/watch_churn", "run/watch"),
        ("run/roll_out_churn", "run/roll_out"),
        ("run/land_served_churn", "run/land_served"),
        ("run/export_churn", "run/export_online"),
        ("run/backtest_churn", "run/backtest"),
        ("drift_report/prediction_drift", "drift_report/prediction_drift"),
    ],
)
def test_what_was_seen_of_a_job_of_one_model_is_of_a_stage(former: str, today: str) -> None:
    seen = {
        "check": former,
        "severity": "ticket",
        "seen_at": "2024-01-01T00:00:00Z",
        "summary": "s",
    }
    assert Observation.from_mapping(seen, 2).check == today
    assert Observation.from_mapping({**seen, "check": today}, FORMAT).check == today


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("minimum_quality", "limits"),
        ("calibration", "limits"),
        ("better_than_base_rate", "better_than_baseline"),
        ("round_trip", "round_trip"),
    ],
)
def test_a_criterion_of_an_older_verdict_has_the_name_of_today(former: str, today: str) -> None:
    criterion = {"name": former, "passed": True, "description": "d"}
    verdict = {"outcome": "promote", "reason": "r", "criteria": [criterion]}
    assert [was.name for was in Verdict.from_mapping(verdict, 3).criteria] == [today]
    assert [is_.name for is_ in Verdict.from_mapping(verdict, FORMAT).criteria] == [former]
