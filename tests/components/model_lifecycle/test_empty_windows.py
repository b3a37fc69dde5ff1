"""A shop that is closed on Sundays: its windows through the assets, from real deliveries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation.windows import missing_windows
from mlops_platform.components.model_lifecycle.window.drift_asset import (
    drift_history,
    drift_report_asset,
)
from mlops_platform.components.model_lifecycle.window.performance_asset import (
    performance_asset,
    performance_history,
)
from mlops_platform.components.model_lifecycle.window.predictions_asset import predictions_asset
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.components.window_records import recorded_signals, recorded_windows
from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.data.windows import Window, window_named
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import Settings, read_settings, settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.release.register import register_candidate
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.reporting.status import model_status
from mlops_platform.usecases.reporting.window import window_text
from mlops_platform.usecases.window.empty import has_come
from mlops_platform.usecases.window.score import ScoredWindow
from tests.data.landing.landed import landed
from tests.documents.cases import Case, refuse_undocumented
from tests.homes.blank_registry import put_blank_registry

SUNDAY, FIRST, A_DAY = 6, date(2024, 3, 4), 60
OPENED, RELEASED = date(2024, 4, 1), datetime(2024, 4, 1, tzinfo=UTC)
CLOSED, TUESDAY, NOT_LANDED = date(2024, 4, 7), date(2024, 4, 9), date(2024, 4, 11)
FULL, UNCHANGED = date(2024, 4, 23), date(2024, 4, 24)
PROJECT = Project(sources=("sales",), tables=("baskets", "returns"), reach_days=0)
MODEL: dict[str, Any] = {
    "name": "returned",
    "description": "Will it come back?",
    "owners": ["team:shop"],
    "features": {"table": "baskets", "entity": "id", "numeric": ["price"]},
    "label": {"table": "returns", "column": "returned"},
    "window": {"cadence": "daily", "start": OPENED},
    "training": {
        "history": {"split": {"validation_days": 7, "test_days": 7}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
        "tuning": {"trials": 1, "folds": 2},
    },
    "evaluation": {"permutation_rows": 100},
    "monitoring": {"performance": {"mature_after_days": 0}},
    "card": {"intended_use": "Tests.", "out_of_scope": "Parcels."},
}
BASKETS = """
CREATE OR REPLACE TABLE baskets AS SELECT id, sold_at AS event_time, sold_at::DATE AS local_date,
    hash(id) % 100 / 10 AS price FROM sales
"""
RETURNS = """
CREATE OR REPLACE TABLE returns AS SELECT id, local_date, hash(id, 1) % 10 < price AS returned,
    event_time + INTERVAL 1 MINUTE AS known_at FROM baskets
"""


@dataclass(frozen=True)
class Shop:
    """What lands in a home, is built and is watched there."""

    place: Settings
    spec: ModelSpec

    def lands(self, *days: date, rows: int | None = None, of: date | None = None) -> None:
        """Deliveries of some days; none of a Sunday where it is not said how many.

        Args:
            of: day that all of them repeat.
        """
        for day in days:
            count = rows if rows is not None else A_DAY * (day.weekday() != SUNDAY)
            opened = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            times = [opened + timedelta(minutes=minute) for minute in range(count)]
            sales = {
                "id": pa.array([f"{of or day}-{at:03}" for at in range(count)], pa.string()),
                "sold_at": pa.array(times, pa.timestamp("us", tz="UTC")),
            }
            landed(self.place.landing, "sales", day, pa.table(sales), opened, retract=True)

    def builds(self, *days: date) -> None:
        """What has landed of some days is built and published."""
        builds = Builds(self.place.landing, self.place.published)
        now = datetime(2024, 4, 1, tzinfo=UTC)
        builds.begin(PROJECT, now, {"start_day": str(days[0]), "end_day": str(days[-1])})
        warehouse = self.place.home / "warehouse.duckdb"
        files = self.place.landing / "sales" / "day=*" / "delivery=*"
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(
                "CREATE OR REPLACE VIEW sales AS SELECT DISTINCT id, sold_at "
                f"FROM read_parquet('{files}/[da]*.parquet')"
            )
            connection.execute(BASKETS)
            connection.execute(RETURNS)
        for table in PROJECT.tables:
            publish_table(warehouse, table, "local_date", self.place.published, ["id"])
        builds.end()

    def window(self, day: date) -> Window:
        return window_named(self.spec.window, str(day))

    def watches(
        self, day: date, *, drift: bool = True, instance: dg.DagsterInstance | None = None
    ) -> dg.ExecuteInProcessResult:
        """The run of a window, the morning after."""
        reports = [drift_report_asset(self.spec)] if drift else []
        performance = performance_asset(self.spec, [dg.AssetKey("returns")])
        return self._runs(day, performance, *reports, instance=instance)

    def scores(self, day: date) -> ScoredWindow:
        """The predictions of a window, the morning after, as they are recorded."""
        assert self._runs(day).success
        return recorded_windows(self.spec.name).scored[str(day)]

    def _runs(
        self, day: date, *after: dg.AssetsDefinition, instance: dg.DagsterInstance | None = None
    ) -> dg.ExecuteInProcessResult:
        clock = self.place.replay_clock(self.spec.name)
        clock.unlink(missing_ok=True)  # no test depends on those before it
        move_to(clock, self.window(day).ends_at + timedelta(hours=6))
        return dg.materialize(
            [predictions_asset(self.spec, dg.AssetKey("baskets")), *after],
            partition_key=str(day),
            resources={"io_manager": RecordIOManager()},
            raise_on_error=False,
            instance=instance,
        )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    place = read_settings({"MLOPS_HOME": str(tmp_path_factory.mktemp("shop"))})
    deployment = Deployment(place, moment_of=lambda model: RELEASED)
    shop = Shop(place, ModelSpec.model_validate(MODEL))
    days = [FIRST + timedelta(days=at) for at in range(35)]
    shop.lands(*days)
    shop.builds(*days)
    deployment.ledger.create_schema()
    put_blank_registry(place.home)
    spec, registry = shop.spec, deployment.registry
    training_set = snapshot_training_set(spec, place.published, place.training_sets, RELEASED)
    candidate = train_candidate(deployment, spec, training_set, {})
    evaluated, _ = evaluate_candidate(spec, candidate, None, registry)
    judged = judge_candidate(spec, evaluated)
    assert judged.verdict.outcome == "promote", judged.verdict.reason
    identity = register_candidate(deployment, spec, judged, {}).identity
    decision = NewDecision(kind="promote", reason="It passes.", actor="gate")
    release_version(deployment, Promotion(spec.name, identity, decision, expected_sequence=None))
    return shop


@pytest.fixture
def shop(released: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop as the deployment of this process, for the time of a test."""
    monkeypatch.setenv("MLOPS_HOME", str(released.place.home))
    settings.cache_clear()
    yield released
    settings.cache_clear()


def checks_of(result: dg.ExecuteInProcessResult) -> Mapping[str, dg.AssetCheckEvaluation]:
    return {check.check_name: check for check in result.get_asset_check_evaluations()}


def error_of(result: dg.ExecuteInProcessResult) -> str:
    [failure] = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None
    return str((error.cause or error).message)


def told(shop: Shop, day: date) -> str:
    """What `mlops why` tells of a window."""
    story = window_text(
        open_deployment().ledger,
        shop.spec.name,
        shop.window(day),
        recorded_windows(shop.spec.name),
        shop.spec.task.outputs,
    )
    return " ".join(line for paragraph in story for line in paragraph.lines)


CASES = (
    Case(
        given="a Sunday of a closed shop: its delivery is empty, and was built",
        was="its run failed for ever, and after eight of them no window was measured any more",
        now="a window with 0 rows; `mlops status` and the asset pages say `empty`, no check fails",
        reads="It is empty",
    ),
    Case(
        given="an empty window between others, for estimates, policies and the backtest",
        was="there was none",
        now="it takes part in no figure, no rule and no decision; it matures when it is due",
        reads="There was nothing to measure.",
    ),
    Case(
        given="an empty delivery of a day on which there always was something",
        was="its run failed, whatever the volume",
        now="an empty window, and the volume of the day alarms",
        reads="too few on 2024-04-09, which has 0 rows: 4 days of its weekday have 60",
    ),
    Case(
        given="a window whose day has not landed, or was not built since",
        was="its run failed, with the same words as a Sunday's",
        now="its run fails, and the window is missing until the day is there",
        reads="sales have not landed on 2024-04-11",
    ),
    Case(
        given="an empty day that is delivered again with rows",
        was="the window was scored as soon as a run of it was asked for",
        now="it is missing again as soon as these are built, and is scored",
        reads="12 rows were scored",
    ),
    Case(
        given="a window of served answers in which nobody asked, of a day without rows",
        was="its run failed",
        now="an empty window as well; where there are rows they are scored as a batch",
        reads="its days were built, and there was nothing to score",
    ),
)
SUNDAYS, AMONG_OTHERS, UNUSUAL, UNLANDED, LATE, NOBODY_ASKED = CASES
OLD_FAILS = Case(
    given="a window that has matured, and whose predictions are gone",
    was="every later run failed by it before its own window was recorded",
    now="the later windows are measured; their runs fail after that, and say why",
    reads="No files found",
)


def test_these_cases_are_documented() -> None:
    refuse_undocumented("Windows and gate", CASES)
    refuse_undocumented("Windows and gate", [OLD_FAILS])


def test_a_closed_sunday_is_recorded_as_empty(shop: Shop) -> None:
    result = shop.watches(CLOSED)

    assert result.success
    checks = checks_of(result)
    assert all(check.passed for check in checks.values())
    judged = {name for name, check in checks.items() if check.metadata["conclusive"].value}
    assert judged == {"row_volume", "missing_days"}
    assert checks["row_volume"].metadata["reason"].value == "no rows are usual on these days"
    windows = recorded_windows(shop.spec.name)
    assert windows.scored[str(CLOSED)].rows == 0
    assert windows.drift[str(CLOSED)].drift is None
    status = model_status(open_deployment(), shop.spec.name, shop.spec, windows, ())
    assert status.window is not None
    assert (status.window.state, status.window.outcomes_known) == ("empty", None)
    assert SUNDAYS.reads in told(shop, CLOSED)


def test_an_empty_window_takes_part_in_nothing_and_matures(shop: Shop) -> None:
    monday = CLOSED + timedelta(days=1)
    shop.lands(monday)
    shop.builds(monday)
    for day in (CLOSED - timedelta(days=1), CLOSED, monday):
        assert shop.watches(day, drift=False).success

    windows = recorded_windows(shop.spec.name)
    assert windows.performance[str(CLOSED)].mature
    measured = windows.performance[str(monday)]
    assert (measured.rows, measured.losses.estimated_loss is None) == (A_DAY, False)
    assert {signals.window for signals in recorded_signals(shop.spec)} == {
        str(CLOSED - timedelta(days=1)),
        str(monday),
    }
    assert AMONG_OTHERS.reads in told(shop, CLOSED)


def test_a_window_that_is_measured_again_leaves_the_newest_one_on_the_pages(shop: Shop) -> None:
    older = CLOSED - timedelta(days=3)
    for day in (older, CLOSED - timedelta(days=2)):
        assert shop.watches(day).success

    with dg.instance_for_test() as instance:
        assert shop.watches(older, instance=instance).success

        measured = performance_history(shop.spec)
        mature = max(name for name, window in measured.items() if window.mature)
        drifted = max(drift_history(shop.spec))
        for asset, newest, check, newest_judged in (
            ("performance", max(measured), "loss_increase", mature),
            ("drift_report", drifted, "row_volume", drifted),
        ):
            key = dg.AssetKey([shop.spec.name, asset])
            shown = instance.fetch_materializations(key, limit=5).records
            assert [record.partition_key for record in shown] == [newest, str(older)]
            page = shown[0].asset_materialization
            assert page is not None
            assert list(page.metadata)[:3] == ["window", "verdict", "reason"]
            history = instance.event_log_storage.get_asset_check_execution_history
            [judged] = history(dg.AssetCheckKey(key, check), limit=1)
            assert judged.evaluation is not None
            assert judged.evaluation.metadata["window"].value == newest_judged


def test_an_unusually_empty_day_alarms_by_its_volume(shop: Shop) -> None:
    shop.lands(TUESDAY, rows=0)
    shop.builds(TUESDAY)

    result = shop.watches(TUESDAY)

    assert result.success
    assert [name for name, check in checks_of(result).items() if not check.passed] == ["row_volume"]
    assert UNUSUAL.reads in str(checks_of(result)["row_volume"].metadata["reason"].value)


def test_a_day_that_has_not_landed_or_was_not_built_is_missing(shop: Shop) -> None:
    late = NOT_LANDED - timedelta(days=1)
    shop.lands(late, rows=0)
    for day in (NOT_LANDED, late):
        result = shop.watches(day)
        assert not result.success
        assert f"{day} was not built of all that has landed" in error_of(result)
        assert str(day) not in recorded_windows(shop.spec.name).scored
        assert str(day) in missing_windows(open_deployment(), shop.spec, shop.window(day).ends_at)
    assert UNLANDED.reads in error_of(shop.watches(NOT_LANDED))


def test_an_empty_window_that_gets_rows_is_missing_again(shop: Shop) -> None:
    sunday = CLOSED + timedelta(days=7)
    shop.lands(sunday)
    shop.builds(sunday)
    assert shop.watches(sunday).success
    ended = shop.window(sunday).ends_at
    assert str(sunday) not in missing_windows(open_deployment(), shop.spec, ended)

    shop.lands(sunday, rows=12)
    shop.builds(sunday)

    assert str(sunday) in missing_windows(open_deployment(), shop.spec, ended)
    assert shop.watches(sunday, drift=False).success
    assert LATE.reads in told(shop, sunday)


def test_nobody_asked_on_a_day_without_rows(shop: Shop) -> None:
    served = shop.spec.window.model_copy(update={"source": "served"})
    asked = Shop(shop.place, shop.spec.model_copy(update={"window": served}))

    result = asked.watches(CLOSED)

    assert result.success
    [page] = result.asset_materializations_for_node("returned__predictions")
    assert page.metadata["empty"].value == NOBODY_ASKED.reads


def test_an_old_window_that_fails_keeps_no_new_one_from_being_measured(shop: Shop) -> None:
    performance = shop.spec.monitoring.performance.model_copy(update={"mature_after_days": 1})
    monitoring = shop.spec.monitoring.model_copy(update={"performance": performance})
    later = Shop(shop.place, shop.spec.model_copy(update={"monitoring": monitoring}))
    old, new = OPENED, OPENED + timedelta(days=1)
    assert later.watches(old, drift=False).success
    windows = recorded_windows(later.spec.name)
    assert not windows.performance[str(old)].mature
    windows.scored[str(old)].path.unlink()

    result = later.watches(new, drift=False)

    assert OLD_FAILS.reads in error_of(result)
    measured = recorded_windows(later.spec.name).performance
    assert (measured[str(new)].rows, measured[str(old)].mature) == (A_DAY, False)


def test_a_window_in_which_nothing_is_new_is_empty_and_counts_what_landed(shop: Shop) -> None:
    whole = {
        **MODEL,
        "features": {**MODEL["features"], "event_time": None},
        "label": {**MODEL["label"], "known_at": "known_at"},
        "training": {**MODEL["training"], "history": {"split": {"by": "random"}}},
    }
    timeless = Shop(shop.place, ModelSpec.model_validate(whole))
    shop.lands(FULL, UNCHANGED, rows=A_DAY, of=FULL)
    shop.builds(FULL, UNCHANGED)

    scored = timeless.scores(UNCHANGED)

    assert (scored.rows, scored.unchanged, scored.path.exists()) == (0, A_DAY, False)
    assert f"nothing to score for version 1 (release 1). {A_DAY} landed unchanged." in told(
        timeless, UNCHANGED
    )
    assert not has_come(open_deployment(), timeless.spec, scored)

    shop.lands(UNCHANGED, rows=A_DAY + 2, of=FULL)
    shop.builds(UNCHANGED)

    assert has_come(open_deployment(), timeless.spec, scored)
    again = timeless.scores(UNCHANGED)
    assert (again.rows, again.unchanged) == (2, A_DAY)
    # Until it is measured, too.
    assert has_come(open_deployment(), timeless.spec, again)
