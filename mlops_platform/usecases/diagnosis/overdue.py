"""What automation should have done for a model by now: windows, adjustments, a retraining."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.usecases.diagnosis.facts import Facts, ModelFacts
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.window.maturity import matures_at
from mlops_platform.usecases.window.records import ModelWindows

GRACE: Final = timedelta(hours=12)
"""After the midnight that ends a window: it was asked for and its run has ended by then."""


def overdue_faults(facts: Facts, model: ModelFacts) -> Iterator[Fault]:
    """Windows that were not scored or measured, and what else automation should have done."""
    if model.windows is not None:
        yield from _of_windows(model, model.windows)
    yield from _of_adjustment(facts, model)
    yield from _of_request(model)
    yield from _of_suggestion(model)


def _of_windows(model: ModelFacts, windows: ModelWindows) -> Iterator[Fault]:
    """Only of declared models, and of windows that ended after the first release."""
    if model.spec is None or not model.releases:
        return
    # A replay ticks at the very moment at which it stands.
    grace = timedelta() if model.replayed else GRACE
    for window in ended_windows(model.spec.window, model.now - grace):
        if window.ends_at > model.releases[0].released_at:
            yield from _of_window(model, windows, window)
    for name, measured in windows.performance.items():
        window = Window(start=measured.start, end=measured.end, timezone=model.spec.window.timezone)
        # It is looked for once a window, so that one more may pass before it measures again.
        matured_at = matures_at(model.spec, window)
        due_at = matured_at + (window.end - window.start) + grace
        is_built = model.labels_through is None or matured_at <= model.labels_through
        if not measured.mature and due_at <= model.now and is_built:
            yield Fault(
                severity="warning",
                what="its labels have matured, its performance is still provisional",
                where=f"{model.model}, window {name}",
                cure=_catch_up(model, f"mlops watch {model.model}"),
            )


def _of_window(model: ModelFacts, windows: ModelWindows, window: Window) -> Iterator[Fault]:
    if window.name in windows.performance:
        return
    scored = window.name in windows.scored
    yield Fault(
        severity="warning",
        what="is scored, its performance was not measured" if scored else "is not scored",
        where=f"{model.model}, window {window.name}, ended {moment_text(window.ends_at)}",
        cure=_catch_up(model, f"mlops watch {model.model} {window.name}"),
    )


def _of_adjustment(facts: Facts, model: ModelFacts) -> Iterator[Fault]:
    adjustment = model.adjustment
    if adjustment is not None and adjustment.stale:
        launch = facts.launch(f"--assets 'key:\"{model.model}/adjustment\"'")
        yield Fault(
            severity="warning",
            what=(
                f"{adjustment.behind_days} days have matured whose outcomes its constants do not "
                "follow"
            ),
            where=f"{model.model}, adjustment {adjustment.number} of release {adjustment.release}",
            cure=_catch_up(model, f"mlops watch {model.model}; {launch}"),
        )


def _of_request(model: ModelFacts) -> Iterator[Fault]:
    if model.request is None or model.training:
        return
    runs, request = model.request_runs, model.request
    tried = f"its {runs} runs came to no verdict" if runs else "no run was started for it"
    yield Fault(
        severity="warning",
        what=f"a retraining was decided on {moment_text(request.made_at)}, and {tried}",
        where=f"{model.model}, decision {request.id} by {request.actor}",
        cure=_catch_up(model, f"mlops train {model.model}"),
    )


def _of_suggestion(model: ModelFacts) -> Iterator[Fault]:
    if model.suggestion is None:
        return
    suggested = model.suggestion
    yield Fault(
        severity="information",
        what=f"a retraining suggested on {moment_text(suggested.made_at)} waits for an answer",
        where=f"{model.model}, decision {suggested.id} by {suggested.actor}",
        cure=f"mlops approve {model.model} --what retraining --reason ...   # or --reject it",
    )


def _catch_up(model: ModelFacts, command: str) -> str:
    """Automation does it once it runs again; the command does it now."""
    automation = (
        "its replay, such as mlops demo"
        if model.replayed
        else "mlops up, with its automation switched on"
    )
    return f"{command}   # or {automation}"
