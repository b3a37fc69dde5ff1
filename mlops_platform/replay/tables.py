"""What a replay came to: window by window, and every retraining."""

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_platform.data.windows import Window
from mlops_platform.ledger.records import Decision
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.replay.lived_windows import LivedWindows
from mlops_platform.replay.replayed_model import TICK
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.retraining.decide import POLICY
from mlops_platform.usecases.window.drift import WatchedWindow


def window_rows(
    spec: ModelSpec, lived: LivedWindows, frozen: Mapping[str, WindowPerformance]
) -> list[dict[str, Any]]:
    """One row per window: what served, how well, and what was decided when the window had ended."""
    decisions = open_deployment().ledger.decisions(spec.name, limit=None)[::-1]
    return [
        {
            "start": window.name,
            "version": performance.version,
            "rows": performance.rows,
            "mature": performance.mature,
            "loss_served": performance.losses.loss,
            "loss_frozen": frozen[window.name].losses.loss,
            "loss_baseline": performance.losses.baseline_loss,
            **_drifted(watched),
            **_decided(window, decisions),
        }
        for window, performance, watched in lived
    ]


def _drifted(watched: WatchedWindow) -> dict[str, Any]:
    drift = watched.drift
    return {
        "drift_share": drift.share_of_columns if drift else None,
        "drift_alarm": drift.alarm if drift else None,
    }


def retraining_rows(spec: ModelSpec, windows: Sequence[Window]) -> list[dict[str, Any]]:
    """One row per decision to retrain: what asked for it, and what became of it."""
    ledger = open_deployment().ledger
    decisions = ledger.decisions(spec.name, limit=None)[::-1]
    releases = ledger.releases(spec.name)
    released = {release.decision_id: release for release in releases}
    rows = []
    for at, decision in enumerate(decisions):
        if decision.kind != "retrain":
            continue
        # By the order of the ledger: in a replay a decision and its release share a moment.
        before = [release for release in releases if release.decision_id < decision.id][-1]
        verdict = next((later for later in decisions[at:] if is_verdict(later)), None)
        release = released.get(verdict.id) if verdict else None
        rows.append(
            {
                "window": decision.window,
                "decided_after": _last_ended(windows, decision),
                "trigger": decision.evidence[POLICY],
                "from": before.version,
                "to": release.version if release else None,
                "promoted": release is not None,
                "verdict": verdict.kind if verdict else "failed",
                "reason": verdict.reason if verdict else decision.reason,
            }
        )
    return rows


def seconds_by_window(
    windows: Sequence[Window], seconds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Seconds of each window's steps."""
    return [
        {
            "start": window.name,
            **{
                step: seconds[f"{window.name} {step}"]
                for step in ("land", "watch", "retrain")
                if f"{window.name} {step}" in seconds
            },
        }
        for window in windows
    ]


def _decided(window: Window, decisions: Sequence[Decision]) -> dict[str, Any]:
    """The policy's last word at the end of a window; it does not repeat itself."""
    until = window.ends_at + TICK
    by_then = [
        decision
        for decision in decisions
        if POLICY in decision.evidence and decision.made_at <= until
    ]
    if not by_then:
        return {"decision": None, "reason": None}
    return {"decision": by_then[-1].kind, "reason": by_then[-1].reason}


def _last_ended(windows: Sequence[Window], decision: Decision) -> str | None:
    ended = [window.name for window in windows if window.ends_at <= decision.made_at]
    return ended[-1] if ended else None
