"""A version is trained again from what is recorded of it, and predicts the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from mlops_platform.errors import ArtifactError, DataError, RegistryError, SpecError
from mlops_platform.usecases.candidate.training_record import RECORD_TAG
from mlops_platform.usecases.reproduction.train_again import (
    JUDGED,
    SAMPLED,
    TESTED,
    compare_outputs,
)
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.reproduction.conftest import Declare, Parcels


def files_of(home):
    return {str(file): file.stat().st_mtime_ns for file in home.rglob("*") if file.is_file()}


def test_a_version_is_trained_again_bit_for_bit(trained_once: Parcels) -> None:
    told = trained_once.reproduce(1)
    again = told.training
    assert told.equal
    assert again.spec_recorded
    assert again.environment == ()
    assert again.recipe_then == again.recipe_now
    assert again.trials == 4
    compared = [(output.rows_of, output.output) for output in again.outputs]
    parts = (JUDGED, TESTED, SAMPLED)
    assert compared == [(part, output) for part in parts for output in ("score", "decision")]
    assert {output.rows for output in again.outputs} == {14 * 24, again.rows}
    assert {(output.different, output.largest) for output in again.outputs} == {(0, 0.0)}
    assert again.commit is not None
    assert again.commit.then == "abc"


def test_one_that_began_at_the_champions_recipe_begins_there_again(trained_once: Parcels) -> None:
    first, again = trained_once.reproduce(1).training, trained_once.reproduce(2).training
    assert again.started_from == first.run_id
    assert again.trials == 2
    assert again.equal


def test_nothing_is_registered_or_written(parcels: Parcels) -> None:
    parcels.reproduce(1)  # MLflow unpacks what it migrates, and the like
    before = files_of(parcels.home)
    parcels.reproduce(1)
    assert files_of(parcels.home) == before
    assert len(parcels.deployment.registry.versions("parcels")) == 2


def test_the_yaml_of_then_is_used_whatever_the_yaml_says_now(
    trained_once: Parcels, declared: Declare
) -> None:
    now = declared(tuning={"trials": 2, "folds": 2, "seed": 8})
    assert trained_once.reproduce(1, now).equal


def record_file(parcels: Parcels, version: int) -> Path:
    run_id = parcels.deployment.registry.version("parcels", version).run_id
    [file] = parcels.home.glob(f"registry/artifacts/parcels/{run_id}/**/training.json")
    return file


def forget_the_record(parcels: Parcels, version: int) -> None:
    registry = parcels.deployment.registry
    run_id = registry.version("parcels", version).run_id
    registry._client.delete_tag(run_id, RECORD_TAG)


def test_a_version_of_before_is_trained_by_the_present_yaml(parcels: Parcels) -> None:
    forget_the_record(parcels, 1)
    told = parcels.reproduce(1, parcels.spec)
    assert told.equal
    assert not told.training.spec_recorded
    assert told.training.environment == ()
    with pytest.raises(SpecError, match="Version 1 kept no spec"):
        parcels.reproduce(1)


def test_another_seed_is_told_with_the_difference_that_it_makes(
    parcels: Parcels, declared: Declare
) -> None:
    forget_the_record(parcels, 1)
    other = declared(tuning={"trials": 4, "folds": 2, "seed": 8})
    told = parcels.reproduce(1, other)
    assert not told.equal
    assert told.training.recipe_then != told.training.recipe_now
    scores = [output for output in told.training.outputs if output.output == "score"]
    assert all(0 < output.largest < 1 for output in scores)
    assert all(output.different > 0 for output in scores)


def test_another_split_holds_other_rows_out(parcels: Parcels, declared: Declare) -> None:
    forget_the_record(parcels, 1)
    other = declared(history={"split": {"validation_days": 14, "test_days": 7}})
    judged = [one for one in parcels.reproduce(1, other).training.outputs if one.rows_of == JUDGED]
    assert all(one.rows == 14 * 24 and one.different >= 7 * 24 for one in judged)


def test_a_changed_snapshot_is_refused_by_name(parcels: Parcels) -> None:
    file = parcels.snapshot().rows_file
    rows = pq.read_table(file)
    pq.write_table(rows.slice(1), file)
    with pytest.raises(DataError, match=r"rows\.parquet has the digest .* changed after it"):
        parcels.reproduce(1)


def test_a_snapshot_that_is_gone_is_named(parcels: Parcels) -> None:
    (parcels.snapshot().path / "training_set.json").unlink()
    with pytest.raises(DataError, match=r"training_set\.json is missing"):
        parcels.reproduce(1)


def test_files_that_are_not_those_of_the_ledger_are_refused(parcels: Parcels) -> None:
    fetched = fetched_version(parcels.deployment.registry, "parcels", 1)
    (fetched.directory / "model.skops").write_bytes(b"another")
    with pytest.raises(ArtifactError):
        parcels.reproduce(1)


def test_a_version_that_does_not_exist_is_refused_with_those_that_do(parcels: Parcels) -> None:
    with pytest.raises(RegistryError, match=r"no version 9 of 'parcels'; it has \[2, 1\]"):
        parcels.reproduce(9)


def test_a_record_that_was_lost_is_no_record_of_before(parcels: Parcels) -> None:
    record_file(parcels, 1).unlink()
    with pytest.raises(RegistryError, match="training"):
        parcels.reproduce(1, parcels.spec)


def test_packages_that_are_not_those_of_then_are_named(parcels: Parcels) -> None:
    file = record_file(parcels, 1)
    record = json.loads(file.read_text())
    record["packages"] |= {"numpy": "1.0", "lightgbm": "4.6.0"}
    file.write_text(json.dumps(record))
    told = {one.name: (one.then, one.now) for one in parcels.reproduce(1).training.environment}
    assert told == {"numpy": ("1.0", np.__version__), "lightgbm": ("4.6.0", None)}


def test_every_bit_counts_and_missing_numbers_are_equal() -> None:
    then = {"score": np.array([0.5, np.nan, 0.0]), "decision": np.array([True, False, True])}
    now = {"score": np.array([0.5, np.nan, -0.0]), "decision": np.array([True, True, True])}
    score, decision = compare_outputs("rows", then, now)
    assert (score.different, score.largest) == (1, 0.0)
    assert (decision.different, decision.largest) == (1, 1.0)


def test_categories_are_compared_by_their_names() -> None:
    then = {"cluster": np.array(["1", "2", "2"], dtype=object)}
    now = {"cluster": np.array(["1", "2", "10"], dtype=object)}
    (compared,) = compare_outputs("rows", then, now)
    assert (compared.rows, compared.different, compared.largest) == (3, 1, 1.0)
