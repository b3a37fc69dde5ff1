"""Every step of a training gets the rows of its set, which are read and verified once."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from weakref import ref

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mlops_platform.data import training_set as training_sets
from mlops_platform.data.digest import table_digest
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.training_set import TrainingSet, read_rows, sample_of_rows
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.training.split import split_by_time
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.release.card import write_model_card
from mlops_platform.usecases.release.register import register_candidate
from mlops_platform.usecases.version.deployed import DeployedVersion
from tests.data.size_cases import OTHER_ROWS, SAMPLED

START = datetime(2013, 1, 1, 12, tzinfo=UTC)
DAYS, A_DAY = 20, 40
SAMPLE = 400


@pytest.fixture
def spec(lifecycle) -> ModelSpec:
    candidate = {
        "name": "linear",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
    }
    return ModelSpec.model_validate(
        {
            "name": lifecycle.model,
            "description": "Will it be late?",
            "owners": ["team:tests"],
            "features": {"table": "flights", "entity": "flight_id", "numeric": ["distance"]},
            "label": {"table": "labels", "column": "is_late"},
            "window": {"start": "2013-01-07", "timezone": "UTC"},
            "training": {
                "candidates": [candidate],
                "history": {"split": {"validation_days": 4, "test_days": 4}},
                "tuning": {"trials": 2, "folds": 2},
            },
            "evaluation": {"permutation_rows": 100},
            "card": {"intended_use": "Tests.", "out_of_scope": "Flights."},
        }
    )


@pytest.fixture
def stored(tmp_path: Path, spec: ModelSpec) -> Callable[[int], TrainingSet]:
    """Store a training set that a seed makes."""

    def store(seed: int) -> TrainingSet:
        random, count = np.random.default_rng(seed), DAYS * A_DAY
        moments = [START + timedelta(days=number // A_DAY) for number in range(count)]
        distance = random.normal(size=count)
        frame = pd.DataFrame(
            {
                "flight_id": [f"f{number:04}" for number in range(count)],
                "event_time": pd.Series(moments).astype("datetime64[us, UTC]"),
                "local_date": [moment.date() for moment in moments],
                "distance": distance,
                "is_late": distance + random.normal(size=count) > 0,
                "known_at": pd.Series(moments).astype("datetime64[us, UTC]"),
            }
        )
        rows = in_canonical_types(pa.Table.from_pandas(frame, preserve_index=False))
        path = tmp_path / table_digest(rows)
        path.mkdir()
        write_parquet(rows, path / "rows.parquet")
        return TrainingSet(
            model=spec.name,
            hash=path.name,
            rows=count,
            targets={"positive_rate": float(frame["is_late"].mean())},
            first_event_time=moments[0],
            last_event_time=moments[-1],
            first_local_date=moments[0].date(),
            last_local_date=moments[-1].date(),
            as_of=moments[-1],
            history="All of it.",
            columns=(),
            features_digest="f",
            labels_digest="l",
            path=path,
        )

    return store


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files of rows that are really read."""
    files: list[Path] = []
    read_parquet = training_sets.read_parquet

    def read(path: Path) -> pa.Table:
        files.append(path)
        return read_parquet(path)

    monkeypatch.setattr(training_sets, "read_parquet", read)
    return files


def test_from_the_search_to_the_card_rows_are_read_once_and_left_as_they_are(
    stored, spec, reads, deployment
) -> None:
    training_set = stored(seed=0)
    publish_features(training_set, deployment.settings)
    trained = train_candidate(deployment, spec, training_set, {})
    evaluated, _ = evaluate_candidate(spec, trained, None, deployment.registry)
    registered = register_candidate(deployment, spec, judge_candidate(spec, evaluated), {})
    decision = NewDecision(kind="promote", reason="better", actor="gate")
    release = deployment.ledger.release(
        spec.name, registered.identity, decision, expected_sequence=None
    )
    write_model_card(deployment, spec, registered, DeployedVersion.released(release), {})
    assert reads == [training_set.path / "rows.parquet"]
    untouched = split_by_time(read_rows(training_set).to_pandas(), spec)
    for name, part in split_rows(spec, training_set).parts.items():
        pd.testing.assert_frame_equal(part, untouched.parts[name])


def test_rows_that_were_changed_between_two_steps_are_refused(stored, spec) -> None:
    training_set = stored(seed=0)
    split_rows(spec, training_set)
    file = training_set.path / "rows.parquet"
    rows = pq.read_table(file)
    column = rows.column_names.index("is_late")
    flipped = rows.set_column(column, "is_late", pc.invert(rows["is_late"]))
    pq.write_table(flipped, file)
    with pytest.raises(DataError, match="it was changed"):
        split_rows(spec, training_set)
    file.unlink()
    with pytest.raises(DataError, match="does not exist"):
        split_rows(spec, training_set)


def test_another_spec_cuts_the_rows_anew(stored, spec, reads) -> None:
    training_set = stored(seed=0)
    fewer = spec.model_dump(mode="json")
    fewer["training"]["history"]["split"]["test_days"] = 2
    assert len(split_rows(spec, training_set).test) == 4 * A_DAY
    assert len(split_rows(ModelSpec.model_validate(fewer), training_set).test) == 2 * A_DAY
    assert len(reads) == 2


def test_a_second_training_set_is_read_when_the_first_is_gone(
    stored, spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stored(seed=1), stored(seed=2)
    held = ref(split_rows(spec, first))
    assert held() is not None
    read_parquet = training_sets.read_parquet

    def read(path: Path) -> pa.Table:
        assert held() is None
        return read_parquet(path)

    monkeypatch.setattr(training_sets, "read_parquet", read)
    assert len(split_rows(spec, second).everything) == DAYS * A_DAY


def with_most_rows(spec: ModelSpec, most: int | None, seed: int = 0) -> ModelSpec:
    """The same model, fitted on so many rows at most."""
    declared = spec.model_dump(mode="json")
    declared["training"] |= {"max_rows": most}
    declared["training"]["tuning"]["seed"] = seed
    return ModelSpec.model_validate(declared)


def test_a_model_is_fitted_on_a_sample_and_judged_on_all_rows(stored, spec) -> None:
    training_set = stored(seed=0)
    whole, split = (split_rows(with_most_rows(spec, most), training_set) for most in (None, SAMPLE))
    for name in ("validation", "test"):
        part, of_whole = (cut.parts[name].reset_index(drop=True) for cut in (split, whole))
        pd.testing.assert_frame_equal(part, of_whole)
    fitted = split.everything
    assert len(fitted) == split.sampled_rows == SAMPLE
    assert fitted["event_time"].is_monotonic_increasing
    # Of every part its share: the final fit is on rows like those that the candidate was fitted on.
    assert len(split.train) == (fitted["local_date"] < split.validation["local_date"].min()).sum()
    for part in whole.parts.values():
        share = fitted["flight_id"].isin(part["flight_id"]).sum() / len(part)
        assert share == pytest.approx(SAMPLE / (DAYS * A_DAY), abs=0.08)
    assert whole.sampled_rows is None
    assert len(whole.everything) == DAYS * A_DAY


def test_a_sample_follows_from_the_seed_and_grows_with_its_size(stored, spec) -> None:
    training_set = stored(seed=0)

    def sampled(most: int, seed: int) -> set[str]:
        split = split_rows(with_most_rows(spec, most, seed), training_set)
        return set(split.everything["flight_id"])

    one, same, larger, other = (
        sampled(most, seed) for most, seed in ((200, 1), (200, 1), (300, 1), (200, 2))
    )
    assert one == same
    assert one < larger
    assert one != other
    # By the entities alone, on every machine: this may never change.
    text = "\n".join(sorted(one)).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == "8728cb66a9a0b917"


def test_a_cap_that_is_not_reached_changes_nothing(stored, spec) -> None:
    training_set = stored(seed=0)
    capped = split_rows(with_most_rows(spec, DAYS * A_DAY), training_set)
    assert capped.sampled_rows is None
    assert len(capped.everything) == DAYS * A_DAY


def test_rows_of_a_sample_are_verified_as_all_are(stored, spec) -> None:
    training_set = stored(seed=0)
    file = training_set.path / "rows.parquet"
    pq.write_table(pq.read_table(file).slice(1), file)
    with pytest.raises(DataError, match=OTHER_ROWS.reads):
        split_rows(with_most_rows(spec, SAMPLE), training_set)


def publish_features(training_set: TrainingSet, place: Settings) -> None:
    warehouse = place.home / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE flights AS FROM '{training_set.rows_file}'")
    publish_table(warehouse, "flights", "local_date", place.published, ["flight_id"])


def test_what_a_version_says_of_its_sample(stored, spec, deployment) -> None:
    spec, training_set = with_most_rows(spec, SAMPLE), stored(seed=0)
    publish_features(training_set, deployment.settings)
    trained = train_candidate(deployment, spec, training_set, {})
    assert trained.recipe.max_rows == SAMPLE
    evaluated, _ = evaluate_candidate(spec, trained, None, deployment.registry)
    registered = register_candidate(deployment, spec, judge_candidate(spec, evaluated), {})
    decision = NewDecision(kind="promote", reason="better", actor="gate")
    release = deployment.ledger.release(
        spec.name, registered.identity, decision, expected_sequence=None
    )
    standing = DeployedVersion.released(release)
    card = write_model_card(deployment, spec, registered, standing, {})
    markdown, page, _ = (file.read_text(encoding="utf-8") for file in card.files)
    for text in (markdown, page):
        assert f"{SAMPLED.reads}, the released one on {SAMPLE} of all parts" in text
    assert evaluated.evaluation.rows == 4 * A_DAY


def test_a_sample_by_a_key_has_all_of_its_rows_or_none(
    stored: Callable[[int], TrainingSet],
) -> None:
    training_set = stored(0)
    for size, expected in ((2 * A_DAY + 20, 2 * A_DAY), (2 * A_DAY, 2 * A_DAY)):
        sampled = sample_of_rows(training_set, "local_date", size, seed=0)

        assert sampled.sum() == expected
        days = read_rows(training_set)["local_date"].to_pandas()[sampled]
        assert (days.value_counts() == A_DAY).all()
