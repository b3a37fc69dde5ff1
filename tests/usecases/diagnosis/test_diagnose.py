"""From facts to faults: every fault is named with its cure, and health has none."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.ledger.challenger import Challenger
from mlops_platform.ledger.records import ChainFault, Decision, Release
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.state import AdjustmentState
from mlops_platform.usecases.diagnosis.alerts import AlertsFacts
from mlops_platform.usecases.diagnosis.diagnose import diagnose
from mlops_platform.usecases.diagnosis.facts import Facts, ModelFacts, WarehouseLock
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.release.reconcile import ProjectionFault
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow
from tests.usecases.diagnosis.typed_cures import require_typeable

SPEC = ModelSpec.model_validate(
    {
        "name": "churn",
        "description": "Will the customer leave?",
        "owners": ["team:care"],
        "features": {"table": "customers", "entity": "customer_id", "numeric": ["age"]},
        "label": {"table": "leavers", "column": "left"},
        "window": {"start": date(2024, 1, 1)},
        "training": {
            "history": {"split": {"validation_days": 2, "test_days": 2}},
            "candidates": [
                {
                    "name": "linear",
                    "preprocessing": [{"columns": "numeric"}],
                    "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                }
            ],
        },
        "card": {"intended_use": "Tests.", "out_of_scope": "People."},
    }
)
MONDAY = datetime(2024, 1, 22, tzinfo=UTC)
"""Three windows have ended; the first release came after the first of them."""


def _release(**changes: Any) -> Release:
    release = {
        "version": 1,
        "run_id": "r",
        "digests": {},
        "schema_hash": "5",
        "environment_hash": "e",
        "model": "churn",
        "sequence": 1,
        "kind": "promote",
        "decision_id": 1,
        "actor": "gate",
        "released_at": datetime(2024, 1, 9, tzinfo=UTC),
        "bento_tag": "churn:v1",
        "previous_hash": "0",
        "hash": "1",
    }
    return Release.model_validate(release | changes)


def _measured(start: date, *, mature: bool = True) -> WindowPerformance:
    return WindowPerformance(
        window=start.isoformat(),
        start=start,
        end=start + timedelta(days=7),
        version=1,
        release=1,
        rows=10,
        labelled=10,
        outcomes_known=10,
        mature=mature,
        as_of=MONDAY,
        metrics={},
        losses=LossFigures(baseline_loss=0.5, test_loss=0.4, test_baseline_loss=0.5),
    )


def _windows(*measured: WindowPerformance) -> ModelWindows:
    return ModelWindows(performance={one.window: one for one in measured})


SECOND, THIRD = date(2024, 1, 8), date(2024, 1, 15)
HEALTHY = ModelFacts(
    model="churn",
    spec=SPEC,
    now=MONDAY + timedelta(hours=13),
    releases=(_release(),),
    windows=_windows(_measured(SECOND), _measured(THIRD, mature=False)),
)


def _diagnosed(model: ModelFacts = HEALTHY, **facts: Any) -> list[Fault]:
    fresh = {
        "now": MONDAY + timedelta(hours=13),
        "dagster_home": Path("/home/dagster"),
        "bentos": Path("/home/bentos"),
    }
    faults = diagnose(Facts(models=(model,), **(fresh | facts)))
    for fault in faults:
        require_typeable(fault, Path.cwd())
    return faults


def _found(changes: dict[str, Any]) -> Fault:
    [fault] = _diagnosed(replace(HEALTHY, **changes))
    return fault


def test_a_healthy_deployment_has_no_faults() -> None:
    assert _diagnosed() == []


def test_a_lost_run_and_the_slot_of_a_finished_one_are_healed() -> None:
    faults = _diagnosed(lost_runs={"a" * 36: "train_churn"}, held_slots=(("warehouse", "b" * 36),))
    assert [fault.where for fault in faults] == [
        "run aaaaaaaa of train_churn",
        "pool warehouse",
    ]
    assert {(fault.severity, fault.cure) for fault in faults} == {("error", "mlops doctor --heal")}


def test_servers_that_nobody_watches_are_told_in_one_line() -> None:
    [fault] = _diagnosed(left_servers={7: "python -m bentoml serve flights", 8: "worker"})
    assert (fault.severity, fault.cure.partition(" #")[0].strip()) == ("warning", "kill 7 8")
    assert fault.where == "python -m bentoml serve flights"


def test_a_bento_that_was_never_asked_is_packed_again_unless_its_run_goes_on() -> None:
    fault = _found({"proved": False})
    assert "never asked for its golden rows" in fault.what
    assert "--assets 'key:\"churn/bento\"'" in fault.cure
    assert _diagnosed(replace(HEALTHY, proved=False, training=True)) == []


def test_a_lock_is_a_fault_unless_a_run_is_under_way() -> None:
    lock = WarehouseLock(Path("/w.duckdb"), 7, "locked by process 7", building=False)
    [alarming] = _diagnosed(lock=lock)
    assert (alarming.severity, alarming.cure) == ("warning", "kill 7")
    [usual] = _diagnosed(lock=replace(lock, building=True))
    assert usual.severity == "information"
    [unnamed] = _diagnosed(lock=replace(lock, pid=None))
    assert unnamed.cure.startswith("fuser /w.duckdb")


@pytest.mark.parametrize("stale", [True, False])
def test_constants_that_no_longer_follow_the_outcomes_are_told(stale: bool) -> None:
    state = AdjustmentState(
        version=1,
        release=1,
        number=12,
        constants={"factor": 1.0},
        facts={},
        labels_through=date(2024, 1, 9),
        valid_from=MONDAY,
        behind_days=9,
        stale=stale,
        told="as they were",
    )
    faults = _diagnosed(replace(HEALTHY, adjustment=state))
    if not stale:
        assert faults == []
        return
    [fault] = faults
    assert fault.what == "9 days have matured whose outcomes its constants do not follow"
    assert fault.where == "churn, adjustment 12 of release 1"
    assert fault.cure.startswith("mlops watch churn; DAGSTER_HOME=/home/dagster dg launch --assets")
    assert "churn/adjustment" in fault.cure


def test_a_window_is_late_half_a_day_after_its_end() -> None:
    late = replace(HEALTHY, windows=_windows(_measured(SECOND)))
    assert _diagnosed(replace(late, now=MONDAY + timedelta(hours=11))) == []
    [fault] = _diagnosed(late)
    assert (fault.severity, fault.what) == ("warning", "is not scored")
    assert "churn, window 2024-01-15, ended 2024-01-22 00:00 UTC" in fault.where
    assert fault.cure.startswith("mlops watch churn 2024-01-15")


def test_nothing_is_overdue_of_a_retired_model_and_its_history_is_looked_at_all_the_same() -> None:
    broken = ChainFault(table="decisions", row="7", problem="was changed")
    silent = AlertsFacts(machine_now=MONDAY, tickets=Path("/tickets"), expected=True)
    late = replace(
        HEALTHY,
        windows=_windows(_measured(SECOND)),
        releases=(_release(bento_tag=None),),
        alerts=silent,
        damaged={1: "a file is gone"},
    )
    assert len(_diagnosed(late)) == 4
    retired = replace(late, retired=True)
    assert _diagnosed(retired) == []
    assert len(_diagnosed(replace(retired, chain_fault=broken))) == 1


def test_a_replay_waits_for_nothing_and_is_no_fault_itself() -> None:
    late = replace(HEALTHY, windows=_windows(_measured(SECOND)))
    moment = MONDAY + timedelta(hours=6)
    window, clock = _diagnosed(replace(late, now=moment, replayed=Path("/home/replayed/churn")))
    assert "mlops demo" in window.cure
    assert (clock.severity, clock.where) == ("information", "/home/replayed/churn")


def test_a_window_that_was_scored_but_not_measured_says_so() -> None:
    scored = ScoredWindow.model_validate(
        {
            "window": {"start": THIRD, "end": THIRD + timedelta(days=7), "timezone": "UTC"},
            "version": 1,
            "release": 1,
            "constants": {"threshold": 0.25},
            "feature_snapshot": "f",
            "rows": 10,
            "means": {"score": 0.5, "decision": 0.5},
            "scored_at": MONDAY,
            "path": Path("p"),
        }
    )
    windows = replace(_windows(_measured(SECOND)), scored={scored.window.name: scored})
    assert _found({"windows": windows}).what == "is scored, its performance was not measured"


def test_windows_are_nobodys_duty_before_the_first_release_or_without_a_yaml() -> None:
    nothing = ModelWindows()
    assert _diagnosed(replace(HEALTHY, releases=(), windows=nothing)) == []
    assert _diagnosed(replace(HEALTHY, spec=None, windows=nothing)) == []


def test_performance_is_overdue_when_a_whole_cadence_has_passed_since_it_matured() -> None:
    provisional = _measured(SECOND, mature=False)
    model = replace(HEALTHY, windows=_windows(provisional, _measured(THIRD)))
    matured = datetime(2024, 1, 17, tzinfo=UTC)  # two days after its end
    due = matured + timedelta(days=7, hours=12)
    assert _diagnosed(replace(model, now=due - timedelta(minutes=1))) == []
    [fault] = _diagnosed(replace(model, now=due))
    assert (fault.severity, fault.where) == ("warning", "churn, window 2024-01-08")
    assert "mlops watch churn " in fault.cure
    # Nothing that could be called would make it complete.
    too_early = matured - timedelta(minutes=1)
    assert _diagnosed(replace(model, now=due, labels_through=too_early)) == []
    assert _diagnosed(replace(model, now=due, labels_through=matured)) == [fault]


@pytest.mark.parametrize(
    ("projection", "found", "what"),
    [
        ("alias", "2", "says version 2, the ledger says 1"),
        ("alias", None, "says version none, the ledger says 1"),
        ("pointer", None, "is missing"),
        ("pointer", "unreadable", "is unreadable"),
        ("pointer", "{}", "differs from the ledger"),
    ],
)
def test_a_projection_out_of_step_is_reconciled(projection: str, found: Any, what: str) -> None:
    difference = ProjectionFault.model_validate(
        {"projection": projection, "found": found, "expected": "1"}
    )
    fault = _found({"projection_faults": (difference,)})
    assert (fault.severity, fault.what, fault.cure) == ("error", what, "mlops reconcile")


@pytest.mark.parametrize(("found", "says"), [("3", "3"), (None, "nothing")])
def test_a_tag_out_of_step_is_named_with_its_version(found: str | None, says: str) -> None:
    tag = ProjectionFault(projection="tag", tag="tag task of version 2", found=found, expected="1")
    fault = _found({"projection_faults": (tag,)})
    assert fault.where == "churn, tag task of version 2 in the registry"
    assert fault.what == f"{says}, the ledger says 1"


def test_a_changed_ledger_comes_before_what_follows_it() -> None:
    chain = ChainFault(table="decisions", row="churn/3", problem="was changed")
    alias = ProjectionFault(projection="alias", found="2", expected="1")
    fault = _found({"chain_fault": chain, "projection_faults": (alias,)})
    assert (fault.severity, fault.where) == ("error", "ledger, decisions churn/3")
    assert fault.cure.endswith("mlops restore BACKUP")


def test_a_damaged_champion_is_worse_than_a_damaged_predecessor() -> None:
    releases = (_release(), _release(version=2, sequence=2))
    model = replace(HEALTHY, releases=releases, damaged={1: "is gone", 2: "was changed"})
    champion, predecessor = _diagnosed(model)
    assert (champion.severity, champion.where) == ("error", "churn, version 2, the champion")
    # There is nothing sound to go back to, and a training would be compared with it.
    assert champion.cure.endswith("mlops restore BACKUP")
    assert (predecessor.severity, predecessor.what) == ("warning", "is gone")


def test_a_damaged_champion_with_a_sound_predecessor_is_rolled_back() -> None:
    releases = (_release(), _release(version=2, sequence=2))
    [fault] = _diagnosed(replace(HEALTHY, releases=releases, damaged={2: "was changed"}))
    assert fault.cure.startswith("mlops rollback churn --reason 'its files are damaged'")


def test_a_release_without_bento_is_packaged_unless_its_run_goes_on() -> None:
    unpacked = {"releases": (_release(bento_tag=None),)}
    fault = _found(unpacked)
    assert (fault.severity, fault.where) == ("error", "churn, release 1")
    assert "--assets 'key:\"churn/bento\"'" in fault.cure
    assert _diagnosed(replace(HEALTHY, **unpacked, training=True)) == []


def test_a_challenger_without_bento_is_tried_by_nobody() -> None:
    challenger = Challenger(
        **_release(version=2, sequence=2, bento_tag=None).model_dump(
            include=set(Challenger.model_fields)
        ),
        mode="shadow",
        share=0.0,
        challenge=7,
        since=datetime(2024, 1, 16, tzinfo=UTC),
    )
    fault = _found({"challenger": challenger})
    assert (fault.severity, fault.where) == ("warning", "churn, challenger for release 2")
    assert "--assets 'key:\"churn/bento\"'" in fault.cure


def _decision(kind: str) -> Decision:
    return Decision.model_validate(
        {
            "kind": kind,
            "reason": "r",
            "actor": "sensor retrain_churn",
            "id": 4,
            "model": "churn",
            "made_at": MONDAY,
            "previous_hash": "0",
            "hash": "1",
        }
    )


def test_a_suggestion_that_nobody_has_answered() -> None:
    fault = _found({"suggestion": _decision("suggest")})
    assert fault.severity == "information"
    assert "waits for an answer" in fault.what
    assert fault.where == "churn, decision 4 by sensor retrain_churn"
    assert fault.cure.startswith("mlops approve churn --what retraining")


def test_a_retraining_that_was_decided_and_does_not_run() -> None:
    asked = _decision("retrain")
    fault = _found({"request": asked})
    assert fault.severity == "warning"
    assert "no run was started for it" in fault.what
    assert fault.where == "churn, decision 4 by sensor retrain_churn"
    assert "mlops train churn" in fault.cure
    assert "its 3 runs came to no verdict" in _found({"request": asked, "request_runs": 3}).what
    assert _diagnosed(replace(HEALTHY, request=asked, training=True)) == []


def test_the_worst_comes_first() -> None:
    late = replace(HEALTHY, windows=ModelWindows(), releases=(_release(bento_tag=None),))
    severities = [fault.severity for fault in _diagnosed(replace(late, replayed=Path("/r")))]
    assert severities == ["error", "warning", "warning", "information"]
