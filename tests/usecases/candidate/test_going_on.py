"""A candidate goes on with the names of the champion's clusters, and the run keeps which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.usecases.candidate.going_on import (
    gone_on,
    log_gone_on,
    read_gone_on,
    with_constants,
)
from tests.usecases.conftest import Lifecycle, register_model

COLUMNS = ["a", "b"]


def declared(name: str, **options: Any) -> ModelSpec:
    candidate = {
        "name": "centres",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": "sklearn.cluster.KMeans"},
    }
    return ModelSpec.model_validate(
        {
            "name": name,
            "description": "Which kind?",
            "owners": ["team:tests"],
            "task": "clustering",
            "features": {"table": "things", "entity": "thing_id", "numeric": COLUMNS},
            "label": {"table": "labels", "column": "outcome"},
            "window": {"start": "2013-01-07"},
            "training": {"candidates": [candidate]},
            "monitoring": {"performance": {"loss_increase": {"warn": 0.1, "error": 0.2}}},
            "retraining": {"policy": {"rule": "performance", "loss_increase": 0.1}},
            "release": {"probation": {"loss_increase": 0.3}},
            "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
            **options,
        }
    )


def frame_of(seed: int, sizes: tuple[int, ...]) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    centres = np.array([[0.0, 0.0], [6.0, 6.0], [12.0, 0.0]])[groups]
    frame = pd.DataFrame(centres + random.normal(size=(len(groups), 2)), columns=COLUMNS)
    return frame.assign(group=groups)


def fitted(spec: ModelSpec, seed: int, sizes: tuple[int, ...]) -> Finished:
    rows, unseen = (frame_of(each, sizes) for each in (seed, seed + 1))
    pipeline = make_pipeline(StandardScaler(), KMeans(3, n_init=3, random_state=seed))
    parts = [Rows(part[COLUMNS], np.zeros(len(part))) for part in (rows, unseen)]
    return spec.task.fit(pipeline, *parts)


@pytest.fixture
def champion(lifecycle: Lifecycle, tmp_path: Path) -> Finished:
    """Released; its largest cluster is the first group."""
    spec = declared(lifecycle.model)
    finished = fitted(spec, 0, (150, 100, 50))
    example = frame_of(0, (1, 1, 1))[COLUMNS]
    lifecycle.promote(
        register_model(
            lifecycle.deployment, lifecycle.model, finished, example, tmp_path, spec.task
        )
    )
    return finished


@pytest.mark.usefixtures("champion")
def test_a_candidate_whose_sizes_differ_is_called_as_the_champion_calls_its_clusters(
    lifecycle: Lifecycle,
) -> None:
    spec = declared(lifecycle.model)
    candidate = fitted(spec, 5, (50, 100, 150))
    unseen = frame_of(9, (60, 60, 60))
    before = spec.task.predict(candidate.model, candidate.constants, unseen[COLUMNS])["cluster"]
    assert pd.Series(before).groupby(unseen["group"]).agg(pd.Series.mode).tolist() == [*"321"]

    changed = gone_on(lifecycle.deployment, spec, candidate, unseen)

    named = with_constants(candidate, changed)
    after = spec.task.predict(named.model, named.constants, unseen[COLUMNS])["cluster"]
    assert pd.Series(after).groupby(unseen["group"]).agg(pd.Series.mode).tolist() == [*"123"]
    with lifecycle.registry.training_run(lifecycle.model, "second", {}) as run:
        log_gone_on(run, changed)
    assert read_gone_on(lifecycle.registry.run_tags(run.run_id)) == changed


def test_there_is_nothing_to_go_on_from_without_a_champion(lifecycle: Lifecycle) -> None:
    spec = declared(lifecycle.model)
    unseen = frame_of(9, (60, 60, 60))
    assert gone_on(lifecycle.deployment, spec, fitted(spec, 5, (50, 100, 150)), unseen) == {}
    assert read_gone_on({}) == {}


@pytest.mark.usefixtures("champion")
def test_nor_where_the_champion_reads_a_column_that_is_gone(lifecycle: Lifecycle) -> None:
    spec = declared(lifecycle.model)
    unseen = frame_of(9, (60, 60, 60))
    lacking = unseen.rename(columns={"b": "other"})
    assert gone_on(lifecycle.deployment, spec, fitted(spec, 5, (50, 100, 150)), lacking) == {}
