"""One process that gives every declared model of a project a past, without a single run.

`python lived_models.py` writes into MLOPS_HOME, by the platform's own classes: published manifests,
a release with the decisions of its weeks, measured and watched windows, a landed prediction log,
evaluated checks and a finished run of each model of the project in the present folder.
"""

import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import dagster as dg

    from mlops_platform.data.windows import Window
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.settings import Settings
    from mlops_platform.spec import ModelSpec

MOMENT = datetime(2013, 6, 24, 12, tzinfo=UTC)
"""A Monday, past six o'clock in each of the time zones that the models have."""
WINDOWS = 8
FAILING_CHECK = "prediction_drift"
SEGMENTS, BLOCKS = 12, 7
PUBLISHED_DAYS = 175
IN_TENTHS = 10
"""Of ten models one has a window to be scored, one a failed check, one a run and checks of this
minute, one lines that have not landed and one an online store older than what is published."""
AGO = timedelta(hours=2)
"""When, by the machine's clock, the rest was evaluated and run."""


def main() -> None:
    """Write everything; the models take turns at what happens to a tenth of them."""
    from mlops_platform.clock import move_to
    from mlops_platform.components.instance import open_instance
    from mlops_platform.components.models import declared_specs
    from mlops_platform.settings import settings

    specs, home = declared_specs(), settings()
    for spec in specs:
        move_to(home.replay_clock(spec.name), MOMENT)
    _publish(home, specs[0])
    for number, spec in enumerate(specs):
        windows = _lived_windows(spec, has_due=number % IN_TENTHS == 0)
        _release(home, spec, windows[0])
        for window in windows:
            _record_window(home, spec, window)
        _serve(home, spec, has_unlanded=number % IN_TENTHS == 3)
        _export(home, spec, is_old=number % IN_TENTHS == 4)
    with open_instance() as instance:
        _run_all(instance, {spec.name: number for number, spec in enumerate(specs)})


def _publish(home: "Settings", spec: "ModelSpec") -> None:
    """Manifests of the two tables that all models share; the rows are not looked at."""
    from mlops_platform.data.features.published import Manifest
    from mlops_platform.data.features.warehouse import PartitionState
    from mlops_platform.files import write_text

    days = [MOMENT.date() - timedelta(days=ago) for ago in range(PUBLISHED_DAYS, 0, -1)]
    state = PartitionState(rows=900, digest="0" * 64)
    manifest = Manifest(
        partition_column=spec.features.partition, partitions=dict.fromkeys(days, state)
    )
    for table in (spec.features.table, spec.label.table):
        write_text(home.published / table / "_manifest.json", manifest.to_stored())


def _lived_windows(spec: "ModelSpec", *, has_due: bool) -> "list[Window]":
    """The latest windows that have ended, without the very last where that one is due."""
    from mlops_platform.data.windows import ended_windows

    ended = ended_windows(spec.window, MOMENT)
    return ended[-WINDOWS - 1 : -1] if has_due else ended[-WINDOWS:]


def _release(home: "Settings", spec: "ModelSpec", first: "Window") -> None:
    """A champion since the first window, and what was decided after each."""
    from mlops_platform.data.features.published import published_digest
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.ledger.records import NewDecision, VersionIdentity

    released_at = first.ends_at - timedelta(hours=1)
    ledger = Ledger(home.ledger_url, lambda model: released_at)
    evidence = {
        "mlflow_run": "0" * 32,
        "features_digest": published_digest(home.published, spec.features.table),
        "labels_digest": published_digest(home.published, spec.label.table),
        "trained_as_of": released_at.isoformat(),
        "cpu_seconds": 60.0,
    }
    ledger.release(
        spec.name,
        VersionIdentity(
            version=1,
            run_id="0" * 32,
            digests={"model.skops": "0" * 64, "schema.json": "0" * 64},
            schema_hash="0" * 64,
            environment_hash="0" * 64,
        ),
        NewDecision(kind="promote", reason="Better.", actor="gate", evidence=evidence),
        expected_sequence=None,
    )
    _wait(ledger, spec)


def _wait(ledger: "Ledger", spec: "ModelSpec") -> None:
    from mlops_platform.ledger.records import NewDecision

    for number in range(WINDOWS):
        finding = {"rule": "performance", "fires": False, "sentence": f"Window {number} is fine."}
        evidence = {"policy": "none", "champion_version": 1, "findings": [finding]}
        waited = NewDecision(
            kind="wait", reason=finding["sentence"], actor="sensor retrain", evidence=evidence
        )
        ledger.record_decision(spec.name, waited)


def _record_window(home: "Settings", spec: "ModelSpec", window: "Window") -> None:
    """The records of one window, as large as those of flights."""
    from mlops_platform.files import write_text

    for asset, record in (
        ("performance", _performance(spec, window)),
        ("drift_report", _drift(spec, window)),
        ("predictions", _scored(home, spec, window)),
    ):
        file = home.records / "latest" / f"{spec.name}__{asset}" / f"{window.name}.json"
        write_text(file, record.to_stored(home.home))


def _performance(spec: "ModelSpec", window: "Window") -> Any:
    from mlops_platform.monitoring.loss_figures import LossFigures
    from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
    from mlops_platform.monitoring.performance.interval import Interval
    from mlops_platform.monitoring.performance.window_performance import WindowPerformance
    from mlops_platform.usecases.window.maturity import matures_at

    interval = Interval(lower=0.4012345678901234, upper=0.5012345678901234)
    figures = ("log_loss", "brier_score", "roc_auc", "average_precision", "precision", "recall")
    return WindowPerformance(
        window=window.name,
        start=window.start,
        end=window.end,
        version=1,
        release=1,
        rows=6000,
        labelled=5800,
        outcomes_known=6000,
        mature=matures_at(spec, window) <= MOMENT,
        as_of=window.ends_at,
        losses=LossFigures(loss=0.45, baseline_loss=0.6, test_loss=0.45, test_baseline_loss=0.6),
        metrics=dict.fromkeys(figures, 0.4512345678901234),
        intervals=dict.fromkeys(("loss", "brier_score", "loss_increase"), interval),
        estimated_metrics=dict.fromkeys(figures, 0.4512345678901234),
        blocks=tuple(
            ErrorBlock(day=window.start, rows=800, loss=0.45, baseline_loss=0.6)
            for _ in range(BLOCKS)
        ),
    )


def _drift(spec: "ModelSpec", window: "Window") -> Any:
    from mlops_platform.monitoring.drift.window_drift import WindowDrift
    from mlops_platform.usecases.window.drift import WatchedWindow

    segments = [f"carrier = {number}" for number in range(SEGMENTS)]
    drift = WindowDrift(
        rows=6000,
        rule="calibrated",
        features=_group(spec.features.names),
        scores=_group(["score"]),
        segments=_group(segments),
        share_of_columns=0.0,
        importance_share=0.0,
        prediction=0.1197784529062778,
    )
    return WatchedWindow(
        window=window,
        version=1,
        release=1,
        drift=drift,
        run_id="0" * 32,
        report=f"reports/{window.name}.html",
    )


def _group(names: Any) -> Any:
    from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift

    figures = ("statistic", "deviation", "psi", "ks", "ks_bound", "wasserstein", "mean_shift")
    values: dict[str, Any] = dict.fromkeys((*figures, "deviation_ratio"), 0.0404006305113864)
    columns = tuple(
        ColumnDrift(column=name, p_value=0.07, null_share_reference=0.0, null_share=0.0, **values)
        for name in names
    )
    return GroupDrift(columns=columns, threshold=3.43413, reference_days=90, alarm=False)


def _scored(home: "Settings", spec: "ModelSpec", window: "Window") -> Any:
    from mlops_platform.usecases.window.score import ScoredWindow

    return ScoredWindow(
        window=window,
        version=1,
        release=1,
        constants={"threshold": 0.25},
        feature_snapshot="0" * 64,
        rows=6000,
        means={"score": 0.3, "decision": 0.3},
        scored_at=window.ends_at,
        path=home.predictions / spec.name / f"window={window.name}" / "data.parquet",
    )


def _serve(home: "Settings", spec: "ModelSpec", *, has_unlanded: bool) -> None:
    """Yesterday's and today's log of two workers, landed but for the last line."""
    from mlops_platform.data.served.served import MANIFEST, ServedManifest
    from mlops_platform.files import write_text

    names = [f"predictions-{day}-{worker}.jsonl" for day in (23, 24) for worker in (1, 2)]
    for name in names:
        write_text(home.prediction_log(spec.name) / name, "{}\n")
    offsets = dict.fromkeys(names, 0 if has_unlanded else 3)
    manifest = ServedManifest(offsets=offsets)
    write_text(home.landed_predictions(spec.name) / MANIFEST, manifest.to_stored())


def _export(home: "Settings", spec: "ModelSpec", *, is_old: bool) -> None:
    from mlops_platform.data.features.published import published_digest
    from mlops_platform.data.online.writers import write_sqlite
    from mlops_platform.spec.online_layout import OnlineExport

    published = published_digest(home.published, spec.features.table)
    export = OnlineExport(
        model=spec.name,
        entity=spec.features.entity,
        numeric=spec.features.numeric,
        categorical=spec.features.categorical,
        feature_snapshot="0" * 64 if is_old else published,
        rows=0,
        oldest=None,
        newest=None,
        as_of=MOMENT,
        exported_at=datetime.now(UTC),
    )
    write_sqlite(Path(home.online_store(spec.name)), [], lambda: export)


def _run_all(instance: "dg.DagsterInstance", numbers: "Mapping[str, int]") -> None:
    """What Dagster has seen: every check evaluated once a window, and the latest run of each model.

    Args:
        numbers: of the models, by name.
    """
    # Events have the time at which they are written; Dagster's own tests move it like this.
    from dagster._core.test_utils import freeze_time

    from mlops_platform.definitions import defs

    keys = sorted(defs().get_repository_def().asset_graph.asset_check_keys)
    # What is to be news is written last: it is so for ten minutes.
    for is_news in (False, True):
        with nullcontext() if is_news else freeze_time(datetime.now(UTC) - AGO):
            for key in keys:
                number = numbers.get(key.asset_key.path[0])
                if _is_news(number) is is_news:
                    _evaluate(instance, key, number)
            for name, number in numbers.items():
                if _is_news(number) is is_news:
                    _add_run(instance, name, number)


def _is_news(number: int | None) -> bool:
    """Whether it has happened in this minute: the runs of all models evaluate the tables' checks.

    Args:
        number: of the model; None for a table.
    """
    return number is None or number % IN_TENTHS == 2


def _evaluate(instance: "dg.DagsterInstance", key: "dg.AssetCheckKey", number: int | None) -> None:
    import dagster as dg

    fails = number is not None and number % IN_TENTHS == 1 and key.name == FAILING_CHECK
    evaluation = dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not fails,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"reason": "It is as it was.", "value": 0.1, "threshold": 0.2},
    )
    for _ in range(WINDOWS if _is_news(number) else 1):
        instance.report_runless_asset_event(evaluation)


def _add_run(instance: "dg.DagsterInstance", model: str, number: int) -> None:
    import dagster as dg

    from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
    from mlops_platform.components.stages import run_tags, stage_keys

    run = dg.DagsterRun(
        job_name=ANY_ASSETS,
        run_id=str(UUID(int=number)),
        status=dg.DagsterRunStatus.SUCCESS,
        asset_selection=frozenset(stage_keys(model, "watch")),
        tags=run_tags(model, "watch"),
    )
    instance.add_run(run)


if __name__ == "__main__":
    sys.path.insert(0, "")  # the project in the present folder, whichever one is installed
    main()
