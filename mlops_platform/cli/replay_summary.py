"""What the replay found: window by window, and every retraining."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_platform.cli.replay import TICK
from mlops_platform.components.model_lifecycle.window.drift_asset import drift_history
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.windows import Window
from mlops_platform.files import replacing_file
from mlops_platform.ledger.records import Decision
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reference import load_reference
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.retraining.decide import POLICY
from mlops_platform.usecases.version.champion import load_release
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from mlops_platform.usecases.window.score import score_window


def window_rows(
    spec: ModelSpec, windows: Sequence[Window], frozen: Mapping[str, WindowPerformance]
) -> list[dict[str, Any]]:
    """One row per window: what served, how well, and what was decided when the window had ended."""
    performance, drift = performance_history(spec), drift_history(spec)
    decisions = open_deployment().ledger.decisions(spec.name, limit=None)[::-1]
    return [
        {
            "start": window.name,
            "version": performance[window.name].version,
            "rows": performance[window.name].rows,
            "mature": performance[window.name].mature,
            "log_loss_served": performance[window.name].losses.loss,
            "log_loss_frozen": frozen[window.name].losses.loss,
            "log_loss_base_rate": performance[window.name].losses.baseline_loss,
            "drift_share": drift[window.name].drift.share_of_columns,
            "drift_alarm": drift[window.name].drift.alarm,
            **_decided(window, decisions),
        }
        for window in windows
    ]


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


def draw_plots(
    spec: ModelSpec, windows: Sequence[Window], frozen: Mapping[str, WindowPerformance]
) -> list[Path]:
    """Log loss and drift over the windows, as PNG files."""
    from mlops_platform.monitoring.trend import drift_trend, performance_trend

    performance, drift = performance_history(spec), drift_history(spec)
    points = [(window.start, drift[window.name].drift) for window in windows]
    pictures = {
        "log_loss.png": performance_trend(
            [performance[window.name] for window in windows], list(frozen.values())
        ),
        "drift.png": drift_trend(points),
    }
    for name, png in pictures.items():
        with replacing_file(settings().demo / name) as temporary:
            temporary.write_bytes(png)
    return [settings().demo / name for name in pictures]


def frozen_performance(spec: ModelSpec, windows: Sequence[Window]) -> dict[str, WindowPerformance]:
    """What the first champion would have done, had nothing ever been retrained."""
    served = performance_history(spec)
    first, registry = open_deployment().ledger.releases(spec.name)[0], open_deployment().registry
    champion = load_release(registry, first)
    reference = load_reference(registry, first)
    found = {}
    for window in windows:
        measured = served[window.name]
        if measured.version != first.version:
            scored = score_window(
                spec,
                window,
                champion,
                settings().published,
                settings().demo / "frozen",
                measured.as_of,
            )
            known = KnownLabels(as_of=measured.as_of, built_through=measured.as_of)
            measured = measure_performance(settings().published, spec, scored, reference, known)
        found[window.name] = measured
    return found


def _decided(window: Window, decisions: Sequence[Decision]) -> dict[str, Any]:
    """The policy's last word at the end of a window; it does not repeat itself."""
    until = window.ends_at + TICK
    said = [
        decision
        for decision in decisions
        if POLICY in decision.evidence and decision.made_at <= until
    ]
    if not said:
        return {"decision": None, "reason": None}
    return {"decision": said[-1].kind, "reason": said[-1].reason}


def _last_ended(windows: Sequence[Window], decision: Decision) -> str | None:
    ended = [window.name for window in windows if window.ends_at <= decision.made_at]
    return ended[-1] if ended else None
