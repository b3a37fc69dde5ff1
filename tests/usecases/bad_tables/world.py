"""A small table of each task, published as dbt's are, trained, watched and served in this process.

Every column kind that a fault is put into is there: a number, a category, a weight, groups that
fairness compares, and what a forecast names itself. Nothing of it needs a deployment.
"""

from __future__ import annotations

import json
import os
import shutil
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import numpy as np
import pandas as pd

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.features.warehouse import opened_warehouse
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.data.windows import window_named
from mlops_platform.files import write_json, write_text
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.alarms.drift_alarms import drift_alarms
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms
from mlops_platform.monitoring.alarms.quality_alarms import quality_alarms
from mlops_platform.monitoring.drift.profile.profile import Profile
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.reference import VersionReference
from mlops_platform.serving.contents import (
    DIGESTS,
    GOLDEN_ROWS,
    MODEL,
    PACKED_FORMAT,
    RELEASE,
    SCHEMA,
    Contents,
    PackedRelease,
    read_contents,
)
from mlops_platform.serving.frames import rows_of as rows_of_schema
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.packing.parity import check_parity
from mlops_platform.serving.schema import FeatureSchema, describe_features
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.proposals.candidates import (
    linear_preprocessing,
    tree_params,
    tree_preprocessing,
)
from mlops_platform.tasks.proposals.proposal import Inputs
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.gate import Verdict, apply_gate
from mlops_platform.training.search.search import search
from mlops_platform.training.split import describe
from mlops_platform.usecases.candidate.audit import audit_training_set
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.release.reference import version_reference
from mlops_platform.usecases.release.reference_profile import profile_reference
from mlops_platform.usecases.version.champion import Champion
from mlops_platform.usecases.window.drift import (
    count_rows,
    counted_drift,
    counted_quality,
    open_window,
    window_volume,
)
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import score_window

TRAINED_DAYS, ROWS_A_DAY = 28, 24
FIRST_DAY = date(2024, 1, 1)  # a Monday
TRAINED_AT = datetime(2024, 1, 29, tzinfo=UTC)
WINDOW = "2024-01-29"
LONG_AFTER = datetime(2024, 6, 1, tzinfo=UTC)
HORIZON, SEASON = 3, 7
SERIES = ("north", "south", "east", "west")
TASKS: dict[str, dict[str, Any]] = {
    "binary_classification": {},
    "multiclass_classification": {"classes": ["low", "middle", "high"]},
    "regression": {},
    "forecasting": {
        "horizon": HORIZON,
        "buckets": [1, HORIZON],
        "season": SEASON,
        "seasonal_naive": "last_season",
    },
    "ranking": {"group": "basket", "k": 2, "rule": "usual"},
    "anomaly_detection": {"budget": {"share": 0.1}},
    "clustering": {},
}
TEXTS = "texts"
"""A binary classification with a column of text, which any task may have."""
WORDS = ("good", "fine", "fair", "poor", "slow", "quick", "kind", "rude", "warm", "cold", "wet")
ROWS_OF_A_BASKET = 4
OWN_NUMBERS = {"forecasting": ["step", "last_season"], "ranking": ["basket", "usual"]}
"""Features that a task names itself."""

OUTCOMES = {
    "binary_classification": "true",
    "multiclass_classification": "'low'",
    "regression": "7",
    "forecasting": "7",
    "ranking": "true",
    "anomaly_detection": "false",
    "clustering": "7",
}
"""One outcome of each task, as SQL."""
UNSUPERVISED = {
    "anomaly_detection": {
        "type": "sklearn.ensemble.IsolationForest",
        "params": {"n_estimators": 30},
    },
    "clustering": {
        "type": "sklearn.cluster.KMeans",
        "params": {"n_clusters": 3, "n_init": 4},
    },
}
"""Estimators of tasks whose rows need no label."""
CENTRES = np.array([[0.0, 0.0], [8.0, 8.0], [16.0, 0.0]])
"""Around which rows lie that are clustered."""
FEW_TREES = {"max_iter": 5, "max_leaf_nodes": 7, "max_bins": 16}
"""Of weighted rows each bin is searched for by itself."""
Rows = pd.DataFrame


ALLOWED_LOSSES = {
    "monitoring": {"performance": {"loss_increase": {"error": 0.05}}},
    "retraining": {"policy": {"rule": "performance", "loss_increase": 1.0}},
    "release": {"probation": {"loss_increase": 1.0}},
}
"""Of a task whose loss has a unit: no default is right."""


def spec_of(task: str, **changes: Any) -> ModelSpec:
    """The spec of a task on its table, with candidates prepared as `mlops init` proposes it.

    Args:
        changes: values by the dotted path of their keys.
    """
    name = task
    if name == TEXTS:
        task, changes = "binary_classification", {"features.text": ["note"], **changes}
    own = {"step": "step", "series": "series"} if task == "forecasting" else {}
    options = {"type": task, **TASKS[task], **own}
    named = OWN_NUMBERS.get(task, [])
    numeric = ["size", "age", *named]
    categorical = ["colour", *(["series"] if own else [])]
    inputs = Inputs(
        rows=TRAINED_DAYS * ROWS_A_DAY, numeric=tuple(numeric), categorical=tuple(categorical)
    )
    declared: dict[str, Any] = {
        "name": name,
        "description": "What comes of it?",
        "owners": ["team:tests"],
        "task": options,
        "features": {
            "table": "things",
            "entity": "thing_id",
            "numeric": numeric,
            "categorical": categorical,
            "sensitive": ["segment"],
            "weight": "weight",
            **({"required": named[:1]} if named else {}),
        },
        "label": {"table": "outcomes", "column": "outcome"},
        "window": {"start": WINDOW},
        **({} if task.endswith("classification") else deepcopy(ALLOWED_LOSSES)),
        # There are few anomalies in a week of so few rows.
        **({"gate": {"min_events": 5}} if task == "anomaly_detection" else {}),
        # Nor can a week tell 0.95 of the outcomes from all.
        **({"gate": {"limits": {"coverage": {"min": 0.85, "max": 1.0}}}} if own else {}),
        "training": {
            "history": {"split": {"validation_days": 7, "test_days": 7}},
            "candidates": candidates_of(name, inputs),
            "tuning": {"trials": 1, "folds": 2},
        },
        "evaluation": {
            "permutation_rows": 100,
            "subgroups": ["colour"],
            "min_subgroup_rows": 10,
            "fairness": {"columns": ["segment"], "min_group_rows": 10},
        },
        "card": {"intended_use": "Tests.", "out_of_scope": "All else."},
    }
    for path, value in changes.items():
        *sections, key = path.split(".")
        section = declared
        for name in sections:
            section = section.setdefault(name, {})
        section[key] = value
    return ModelSpec.model_validate(declared)


def candidates_of(task: str, inputs: Inputs) -> list[dict[str, Any]]:
    """What is fitted: two estimators that learn a label, or one of words or without a label."""
    if task in UNSUPERVISED:
        scaled = linear_preprocessing(inputs, dense=True)
        return [{"name": "only", "preprocessing": scaled, "estimator": UNSUPERVISED[task]}]
    if task == TEXTS:
        words = {
            "columns": "text",
            "steps": [{"type": "sklearn.feature_extraction.text.TfidfVectorizer"}],
        }
        linear = {"type": "sklearn.linear_model.LogisticRegression"}
        steps = [words, *linear_preprocessing(inputs, dense=False)]
        return [{"name": "words", "preprocessing": steps, "estimator": linear}]
    is_classifier = task.endswith("classification")
    kind = "Classifier" if is_classifier else "Regressor"
    is_number = task in ("regression", "forecasting")
    trees = tree_params(inputs, **({"loss": "absolute_error"} if is_number else {}))
    return [
        {
            "name": "linear",
            "preprocessing": linear_preprocessing(inputs, dense=not is_classifier),
            "estimator": {
                "type": "sklearn.linear_model."
                + ("LogisticRegression" if is_classifier else "SGDRegressor"),
                "params": {"loss": "epsilon_insensitive", "epsilon": 0.0} if is_number else {},
            },
        },
        {
            "name": "trees",
            "preprocessing": tree_preprocessing(inputs),
            "estimator": {
                "type": f"sklearn.ensemble.HistGradientBoosting{kind}",
                "params": {**trees, **FEW_TREES},
            },
        },
    ]


def scaled_candidate(estimator: str, clusters: int) -> list[dict[str, Any]]:
    """One candidate that makes so many clusters of scaled columns."""
    inputs = Inputs(rows=0, numeric=("size", "age"), categorical=("colour",))
    (only,) = candidates_of("clustering", inputs)
    fitted = {"type": f"sklearn.cluster.{estimator}", "params": {"n_clusters": clusters}}
    return [{**only, "estimator": fitted}]


def rows_of(task: str, days: int) -> tuple[Rows, Rows]:
    """Features and outcomes of some days."""
    random, count = np.random.default_rng(0), days * ROWS_A_DAY
    at = np.arange(count)
    day, place = at // ROWS_A_DAY, at % ROWS_A_DAY
    start = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 6, tzinfo=UTC)
    moments = pd.Series([start + timedelta(days=int(number)) for number in day])
    size, age = random.normal(size=count), random.normal(size=count)
    features = pd.DataFrame(
        {
            "thing_id": [f"thing-{number}" for number in at],
            "event_time": moments,
            "local_date": moments.dt.date,
            "size": size,
            "age": age,
            "colour": random.choice(["red", "green", "blue"], count),
            "segment": random.choice(["young", "old"], count),
            "weight": random.choice([1.0, 2.0], count),
        }
    )
    signal = 2 * size + random.normal(size=count)
    known = moments + timedelta(hours=6)
    if task == "forecasting":
        step, level = place % HORIZON + 1, 10.0 * (place // HORIZON % len(SERIES))
        features = features.assign(
            series=np.array(SERIES)[place // HORIZON % len(SERIES)],
            step=step.astype(float),
            last_season=level + 50 + random.normal(size=count) * 3,
        )
        signal, known = signal + level + 50, known + pd.to_timedelta(step, unit="D")
    if task == "clustering":
        centre = CENTRES[random.integers(len(CENTRES), size=count)]
        size, age = size + centre[:, 0], age + centre[:, 1]
        features = features.assign(size=size, age=age)
    if task == "ranking":
        # Baskets follow one another, so that each lies within one day.
        basket, usual = at // ROWS_OF_A_BASKET, random.normal(size=count)
        features = features.assign(basket=basket.astype(float), usual=usual)
    if task == TEXTS:
        told = np.where(size > 0, "above", "below")
        notes = [f"{' '.join(random.choice(WORDS, 6))} {word}" for word in told]
        features = features.assign(note=notes)
    outcome: Any = {
        "binary_classification": signal > 0,
        TEXTS: signal > 0,
        "ranking": signal > 0,
        # What lies far out is unusual.
        "anomaly_detection": np.abs(size) > 1.8,
        "multiclass_classification": np.select(
            [signal < -1, signal < 1], ["low", "middle"], "high"
        ),
    }.get(task, signal)
    labels = pd.DataFrame(
        {
            "thing_id": features["thing_id"],
            "local_date": features["local_date"],
            "outcome": outcome,
            "known_at": known,
        }
    )
    return features, labels


OUTCOME_TYPES = {"binary_classification": "BOOLEAN", "multiclass_classification": "VARCHAR"}


def publish(place: Settings, task: str, days: int) -> None:
    """What dbt would have built of so many days, published."""
    features, outcomes = rows_of(task, days)
    place.home.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(_warehouse(place))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("features", features)
        connection.register("known", outcomes)
        connection.execute("CREATE TABLE things AS FROM features")
        connection.execute("CREATE TABLE outcomes AS FROM known")
    _publish_all(place)


def publish_faulty(sound: Settings, place: Settings, *faults: str) -> None:
    """What would have been built there instead, published at a place where nothing is yet.

    Days without a fault are not written again: files of the lake are replaced and never changed.

    Args:
        faults: SQL of what is wrong with it.
    """
    shutil.copytree(sound.published, place.published, copy_function=os.link)
    shutil.copy(_warehouse(sound), _warehouse(place))
    with duckdb.connect(str(_warehouse(place))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for fault in faults:
            connection.execute(fault)
    _publish_all(place)


def _publish_all(place: Settings) -> None:
    # Both share the engine that is open meanwhile.
    with opened_warehouse(_warehouse(place)):
        for table in ("things", "outcomes"):
            publish_table(_warehouse(place), table, "local_date", place.published, ["thing_id"])


def _warehouse(place: Settings) -> Path:
    return place.home / "warehouse.duckdb"


@dataclass(frozen=True)
class TrainedTable:
    """What a training made of a table."""

    spec: ModelSpec
    champion: Champion
    reference: VersionReference
    profile: Profile
    verdict: Verdict
    rows: Rows
    evaluation: Evaluation

    @property
    def told(self) -> str:
        """What is told of it: the verdict, its outcomes, and what a service says of its columns."""
        criteria = [criterion.description for criterion in self.verdict.criteria]
        outcomes = self.spec.task.facts_text(self.evaluation.targets)
        return "\n".join([self.verdict.reason, *criteria, outcomes, documented_columns(self)])

    @property
    def schema(self) -> FeatureSchema:
        """What a service knows of its features."""
        return describe_features(self.spec, self.rows, self.champion.model)

    @property
    def row(self) -> dict[str, Any]:
        """Features of the last row that it was fitted on, as a request has them."""
        return rows_of_schema(self.schema, self.rows.tail(1))[0]


def train(place: Settings, spec: ModelSpec) -> TrainedTable:
    """As a training does it, up to a release."""
    training_set = snapshot_training_set(spec, place.published, place.training_sets, TRAINED_AT)
    split = split_rows(spec, training_set)
    audit_training_set(spec, training_set)
    describe(split, spec)
    recipe = search(spec, split.train)
    judged = fit_candidate(spec, recipe, split)
    schema = describe_features(spec, split.train, judged.model)
    check_parity(schema, spec.task, judged.model, split.test)
    # Texts are compared across the split in a training only, and not of a fit of the past.
    artifact_bytes = 1 if spec.features.text else None
    evaluation = evaluate(spec, judged, split, artifact_bytes=artifact_bytes)
    verdict = apply_gate(spec, evaluation, None, round_trip=True, serving_fault=None)
    released = refit(spec, recipe, judged, split)
    profile = profile_reference(spec, training_set, place.published, judged, released, split)
    release = cast(Release, SimpleNamespace(version=1, sequence=1, released_at=TRAINED_AT))
    champion = Champion(
        release=release,
        model=released.model,
        constants=released.constants,
        task=spec.task.kind,
        training_set=training_set.hash,
        fitted_through=training_set.last_event_time,
    )
    reference = version_reference(spec, training_set, evaluation, judged, split)
    return TrainedTable(spec, champion, reference, profile, verdict, split.everything, evaluation)


def watch(place: Settings, trained: TrainedTable) -> str:
    """What is told of the window after the training: failed alarms and notes."""
    spec, window = trained.spec, window_named(trained.spec.window, WINDOW)
    scored = score_window(
        spec, window, trained.champion, place.published, place.predictions, window.ends_at
    )
    with open_window(spec, scored, place.published) as rows:
        counted = count_rows(spec, rows, trained.profile)
        repeated = rows.repeated(spec.features.entity)
    volume = window_volume(place, spec, window, trained.profile)
    quality = counted_quality(spec, counted, trained.profile, volume, repeated)
    drift = counted_drift(spec, counted, trained.profile, window.days, trained.reference)
    performance = measure_performance(
        place.published, spec, scored, trained.reference, KnownLabels(LONG_AFTER, LONG_AFTER)
    )
    stored = performance.to_stored()
    assert WindowPerformance.from_stored(stored).to_stored() == stored
    monitoring = spec.monitoring
    alarms = (
        *quality_alarms(quality, monitoring.quality),
        *drift_alarms(drift, monitoring.drift),
        *performance_alarms(performance, spec),
    )
    failed = [f"{alarm.check}: {alarm.reason}" for alarm in alarms if not alarm.passed]
    return "\n".join([*failed, *performance.notes])


def contents_of(trained: TrainedTable, root: Path) -> Contents:
    """What a Bento of it holds, without the Bento around it."""
    spec, model = trained.spec, trained.champion.model
    rows = trained.rows
    schema = trained.schema
    release = PackedRelease(
        model=spec.name,
        version="1",
        sequence=1,
        task=spec.task,
        constants=dict(trained.champion.constants),
        training_set_hash=trained.champion.training_set,
    )
    digests = save_model(model, root / MODEL, spec.training.trusted_types)
    golden = choose_golden_rows(schema, spec.task, model, rows, 10)
    for name, record in ((RELEASE, release), (SCHEMA, schema), (GOLDEN_ROWS, golden)):
        write_text(root / name, record.to_stored(stored_format=PACKED_FORMAT))
    write_json(root / DIGESTS, digests)
    return read_contents(root)


def documented_columns(trained: TrainedTable) -> str:
    """What the documents of the service say of its columns."""
    return json.dumps(request_types(trained.schema, 1).row.json_schema())
