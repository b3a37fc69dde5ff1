"""A version that is taught what is new: from its champion, judged as a refit, and made again."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import numpy as np
import pytest

from mlops_platform.data.training_set import TrainingSet, snapshot_training_set
from mlops_platform.errors import ArtifactError, TrainingError
from mlops_platform.ledger.records import NewDecision
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.outcome import training_outcome
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.candidate.training_rows import keys_of_parts, split_rows
from mlops_platform.usecases.candidate.update import (
    JUDGED,
    Anew,
    UpdateStart,
    declared_update,
    load_base,
    read_update,
)
from mlops_platform.usecases.candidate.warm_start import warm_start
from mlops_platform.usecases.release.register import RegisteredCandidate, register_candidate
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.reproduction.reproduce import Wanted, reproduce
from mlops_platform.usecases.version.champion import load_champion
from tests.documents.cases import Case, refuse_undocumented
from tests.usecases.reproduction.conftest import ENCODER, Parcels
from tests.usecases.reproduction.conftest import MODEL as FITTED

pytestmark = pytest.mark.slow
FIRST, LATER, LAST = (datetime(2024, *day, tzinfo=UTC) for day in ((2, 20), (2, 27), (3, 5)))
SCALED = {"columns": "numeric", "steps": [{"type": "sklearn.preprocessing.StandardScaler"}]}
MODEL: dict[str, Any] = {
    **FITTED,
    "training": {
        "history": {"split": {"validation_days": 7, "test_days": 7}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [SCALED, {"columns": "categorical", "steps": [ENCODER]}],
                "estimator": {
                    "type": "sklearn.linear_model.SGDClassifier",
                    "params": {"loss": "log_loss"},
                    "search": {"alpha": [0.001, 0.01]},
                },
            }
        ],
        "tuning": {"trials": 2, "folds": 2, "seed": 7},
    },
    "retraining": {"update": "partial_fit"},
}


def edited(*path: str | int, value: Any) -> ModelSpec:
    """The YAML with one attribute changed."""
    plain = deepcopy(MODEL)
    *above, last = path
    section = plain
    for key in above:
        section = section[key]
    section[last] = value
    return ModelSpec.model_validate(plain)


class Learning(Parcels):
    """Parcels whose model is trained at several moments, and taught what is new."""

    def snapshot(self, as_of: datetime = LAST) -> TrainingSet:
        place = self.deployment.settings
        return snapshot_training_set(self.spec, place.published, place.training_sets, as_of)

    def start(self, as_of: datetime, *, refit: bool = False) -> UpdateStart | Anew | None:
        return declared_update(self.deployment, self.spec, self.snapshot(as_of), refit=refit)

    def train(self, as_of: datetime = LAST) -> RegisteredCandidate:
        """Train and register as the job does."""
        deployment, spec, training_set = self.deployment, self.spec, self.snapshot(as_of)
        update = declared_update(deployment, spec, training_set, refit=False)
        start = update if isinstance(update, UpdateStart) else warm_start(deployment, spec)
        candidate = train_candidate(deployment, spec, training_set, {}, start=start)
        if isinstance(update, Anew):
            candidate = candidate.model_copy(update={"anew": update.text})
        champion = load_champion(deployment, spec.name)
        evaluated, _ = evaluate_candidate(spec, candidate, champion, deployment.registry)
        judged = judge_candidate(spec, evaluated)
        return register_candidate(deployment, spec, judged, {"git_commit": "abc"})

    def release(self, registered: RegisteredCandidate) -> None:
        champion = self.deployment.ledger.current_release(self.spec.name)
        decision = NewDecision(kind="promote", reason="It passes.", actor="gate")
        expected = None if champion is None else champion.sequence
        promotion = Promotion(self.spec.name, registered.identity, decision, expected)
        release_version(self.deployment, promotion)


@pytest.fixture(scope="session")
def updated_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learning, RegisteredCandidate]:
    """Version 1 was fitted, and version 2 goes on from it; both were released."""
    parcels = Learning(tmp_path_factory.mktemp("updated") / "home", ModelSpec.model_validate(MODEL))
    parcels.deployment.ledger.create_schema()
    parcels.deployment.registry.initialise()
    parcels.publish()
    parcels.release(parcels.train(FIRST))
    updated = parcels.train(LATER)
    parcels.release(updated)
    return parcels, updated


@pytest.fixture
def updated(updated_once: tuple[Learning, RegisteredCandidate]) -> RegisteredCandidate:
    return updated_once[1]


@pytest.fixture
def parcels(updated_once: tuple[Learning, RegisteredCandidate], tmp_path: Path) -> Learning:
    """A copy, for tests that change it."""
    copytree(updated_once[0].home, tmp_path / "home")
    return replace(updated_once[0], home=tmp_path / "home")


def test_the_champion_is_taught_the_week_that_is_new(updated: RegisteredCandidate) -> None:
    candidate = updated.judged.evaluated.candidate
    assert candidate.update is not None
    assert (candidate.update.version, candidate.update.rows) == (1, 7 * 24)
    assert candidate.update.judged_rows == 7 * 24
    assert str(candidate.update.first_day) == "2024-02-19"
    assert candidate.made_text == (
        "updated from version 1 by 168 rows (2024-02-19 to 2024-02-26; the judged model by 168)"
    )


def test_neither_model_of_the_update_has_learnt_what_judges_it(
    parcels: Learning, updated: RegisteredCandidate
) -> None:
    spec = parcels.spec
    training_set = updated.judged.evaluated.candidate.training_set
    split = split_rows(spec, training_set)
    first, _ = load_base(parcels.deployment, spec, 1)
    assert first.seen_before(split, spec) == 0
    second, _ = load_base(parcels.deployment, spec, 2)
    assert set(second.judged.seen) == set(split.train["parcel_id"])
    assert set(second.released.seen) == set(split.everything["parcel_id"])
    comparison = updated.judged.evaluated.comparison
    assert comparison is not None
    # The test is new to the champion; of its last six hours no label is known.
    assert comparison.rows == 7 * 24 - 6


def test_the_parts_of_a_split_follow_from_the_columns_that_cut_it(
    parcels: Learning, updated: RegisteredCandidate
) -> None:
    training_set = updated.judged.evaluated.candidate.training_set
    sampling = parcels.spec.training.model_copy(update={"max_rows": 700})
    for spec in (parcels.spec, parcels.spec.model_copy(update={"training": sampling})):
        whole, keys = split_rows(spec, training_set), keys_of_parts(spec, training_set)
        for part, of_keys in ((whole.train, keys.train), (whole.everything, keys.everything)):
            assert part["parcel_id"].tolist() == of_keys["parcel_id"].tolist()


def test_an_update_is_its_base_taught_day_by_day(
    parcels: Learning, updated: RegisteredCandidate
) -> None:
    spec, deployment = parcels.spec, parcels.deployment
    base, _ = load_base(deployment, spec, 1)
    split = split_rows(spec, updated.judged.evaluated.candidate.training_set)
    pipeline = spec.task.learnt_parts(base.judged.model).pipeline
    new = split.train[~split.train["parcel_id"].isin(base.judged.seen)]
    for _, of_day in new.groupby("local_date"):
        columns = pipeline[:-1].transform(of_day[["weight", "channel"]])
        pipeline[-1].partial_fit(columns, of_day["returned"].astype(int))
    second, _ = load_base(deployment, spec, 2)
    taught = spec.task.learnt_parts(second.judged.model).pipeline
    assert np.array_equal(taught[-1].coef_, pipeline[-1].coef_)
    assert taught[-1].t_ > 1


def test_an_update_is_made_again_bit_for_bit(parcels: Learning) -> None:
    made = reproduce(parcels.deployment, "parcels", 2, None, Wanted())
    assert made.equal
    assert made.training.update is not None
    assert made.training.trials == 0


def test_what_it_goes_on_from_is_sealed(parcels: Learning) -> None:
    deployment = parcels.deployment
    release = deployment.ledger.current_release("parcels")
    assert release is not None
    [name] = [name for name in release.digests if name.startswith(JUDGED)]
    with deployment.registry.fetched_version("parcels", 2) as fetched:
        (fetched.directory / name).write_bytes(b"another")
    with pytest.raises(ArtifactError, match=JUDGED):
        parcels.start(LAST)


def test_what_was_updated_is_said_wherever_the_version_is_told(
    parcels: Learning, updated: RegisteredCandidate
) -> None:
    deployment = parcels.deployment
    registered = deployment.registry.version("parcels", 2)
    assert registered.tags["updated_from"] == "1"
    run = deployment.registry.run_tags(registered.run_id)
    assert read_update(run) == updated.judged.evaluated.candidate.update
    assert read_update({}) is None
    [verdict] = deployment.ledger.decisions("parcels", limit=1)
    outcome = training_outcome(parcels.spec, deployment.ledger, verdict, updated.judged)
    assert "The candidate was updated from version 1 by 168 rows" in outcome.text


NEW, ANEW, REFUSED = "no such option", "fitted anew, and says why", "refused"
CASES: dict[Case, tuple[ModelSpec | None, datetime]] = {
    Case(
        "another feature", NEW, ANEW, "`features.numeric` is not what it was when version 2 was"
    ): (edited("features", "numeric", value=[]), LAST),
    Case(
        "another parameter of the estimator",
        NEW,
        ANEW,
        "`training.candidates.0.estimator.params.penalty` is not what it was when version 2 was",
    ): (
        edited(
            *("training", "candidates", 0, "estimator", "params"),
            value={"loss": "log_loss", "penalty": "l1"},
        ),
        LAST,
    ),
    Case("another split", NEW, ANEW, "`training.history.split.test_days` is not what it was"): (
        edited("training", "history", "split", "test_days", value=9),
        LAST,
    ),
    Case(
        "a moment before that of the champion",
        NEW,
        ANEW,
        "version 2 has learnt 163 of the rows that would judge its update",
    ): (None, FIRST),
    Case(
        "no label that is new",
        NEW,
        REFUSED,
        "none is new to it. Wait for more, or fit anew: `mlops train parcels --refit`.",
    ): (None, LATER),
}
"""By what is unusable: the YAML, where it is another one, and the moment of the training."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_what_cannot_be_an_update_says_why(parcels: Learning, case: Case) -> None:
    spec, as_of = CASES[case]
    training_set = parcels.snapshot(as_of)
    refused = pytest.raises(TrainingError) if case.now == REFUSED else nullcontext()
    with refused as error:
        start = declared_update(parcels.deployment, spec or parcels.spec, training_set, refit=False)
        assert isinstance(start, Anew)
        assert case.reads in start.text
    assert error is None or case.reads in str(error.value)


def test_the_document_shows_these_cases() -> None:
    refuse_undocumented("Learning on", [*CASES])


def test_it_is_fitted_anew_on_demand(parcels: Learning) -> None:
    assert parcels.start(LAST, refit=True) == Anew("that was asked for")
    refitting = replace(parcels, spec=edited("retraining", value={}))
    assert refitting.start(LAST) is None


def test_it_is_fitted_anew_where_nobody_knows_what_the_champion_has_learnt(
    parcels: Learning, updated: RegisteredCandidate
) -> None:
    rmtree(
        parcels.deployment.settings.training_sets
        / "parcels"
        / updated.judged.evaluated.candidate.training_set.hash
    )
    assert parcels.start(LAST) == Anew("the training set of version 2 is gone, or was changed")


def test_another_budget_of_the_search_is_no_other_recipe(parcels: Learning) -> None:
    cheaper = replace(parcels, spec=edited("training", "tuning", "trials", value=1))
    assert isinstance(cheaper.start(LAST), UpdateStart)


def test_a_champion_that_was_stored_for_no_update_is_fitted_anew(tmp_path: Path) -> None:
    parcels = Learning(tmp_path / "home", edited("retraining", value={}))
    parcels.deployment.ledger.create_schema()
    parcels.deployment.registry.initialise()
    parcels.publish()
    updating = replace(parcels, spec=ModelSpec.model_validate(MODEL))
    assert updating.start(FIRST) == Anew("there is no champion to go on from")
    parcels.release(parcels.train(FIRST))
    start = updating.start(LATER)
    assert isinstance(start, Anew)
    assert start.text == "fitted anew, because version 1 was not stored to be taught more"
