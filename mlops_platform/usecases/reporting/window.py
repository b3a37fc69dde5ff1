"""One window of a model in words: what served, how well, and what was decided because of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.data.windows import Window
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, Release, WrittenAdjustment
from mlops_platform.tasks import Output
from mlops_platform.usecases.reporting.performance import performance_text
from mlops_platform.usecases.reporting.phrases import (
    decision_text,
    means_text,
    version_text,
)
from mlops_platform.usecases.reporting.timeline import MADE_CHAMPION, Paragraph
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow

RIGHT_AFTER: Final = timedelta(days=1)
"""After the end of a window: the sensors have ticked by then."""
MOST_DRIFTED: Final = 3
ALARMS = {
    True: "That is an alarm.",
    False: "That is no alarm.",
    None: "Nothing says whether that is usual.",
}


def window_text(
    ledger: Ledger,
    model: str,
    window: Window,
    windows: ModelWindows,
    outputs: Sequence[Output],
) -> list[Paragraph]:
    """The story of one scored window.

    Args:
        outputs: of the model's task; none of a model that is no longer declared.
    """
    began_at = window.starts_at
    scored, decisions = windows.scored[window.name], ledger.decisions(model, limit=None)[::-1]
    resting = _resting_on(window, decisions)
    resting_ids = {decision.id for decision in resting}
    meanwhile = [
        decision
        for decision in decisions
        if began_at <= decision.made_at < window.ends_at + RIGHT_AFTER
        and decision.id not in resting_ids
    ]
    return [
        _sentences(
            "What served",
            *_served(ledger, model, began_at, window.ends_at),
            *_frozen(decisions, window),
        ),
        _sentences(
            "How it was scored",
            _scored(scored, outputs),
            *_adjusted(ledger.adjustments(model, scored.release)[: scored.adjustments], window),
        ),
        _sentences(
            "What was found",
            performance_text(windows.performance, window),
            _drift(windows.drift.get(window.name)),
        ),
        _decided("Decided because of it", resting, _outcome(resting)),
        _decided(
            "Also decided, from its first day to the day after its last",
            meanwhile,
            () if meanwhile else ("Nothing else.",),
        ),
    ]


def _sentences(heading: str, *sentences: str) -> Paragraph:
    return Paragraph(heading=heading, lines=(" ".join(sentences),))


def _served(ledger: Ledger, model: str, began_at: datetime, ends_at: datetime) -> Iterator[str]:
    first = ledger.serving_at(model, began_at)
    releases = ledger.releases(model)
    later = [release for release in releases if began_at < release.released_at < ends_at]
    if first is not None:
        yield (
            f"{version_text(first).capitalize()} served "
            f"{'when it began' if later else 'all through it'}; it was "
            f"{MADE_CHAMPION[first.kind]} on {moment_text(first.released_at)} by "
            f"{first.actor}."
        )
    elif not later:
        yield "Nothing served: it ended before the first release."
    else:
        yield "Nothing served when it began."
    for release in later:
        yield _taken_over(release)


def _taken_over(release: Release) -> str:
    return (
        f"The champion changed within it: from {moment_text(release.released_at)} on "
        f"{version_text(release)} served, {MADE_CHAMPION[release.kind]} by {release.actor}."
    )


def _frozen(decisions: Sequence[Decision], window: Window) -> Iterator[str]:
    """Whether the model was frozen when the window ended; changes within it are decisions."""
    switched = [
        decision
        for decision in decisions
        if decision.kind in ("freeze", "unfreeze") and decision.made_at < window.ends_at
    ]
    if switched and switched[-1].kind == "freeze":
        frozen = switched[-1]
        yield (
            f"The model was frozen when it ended, by {frozen.actor} since "
            f"{moment_text(frozen.made_at)}: {frozen.reason}"
        )


def _scored(scored: ScoredWindow, outputs: Sequence[Output]) -> str:
    if scored.is_empty:
        return (
            f"It is empty: on {moment_text(scored.scored_at)} its days had been built, and "
            f"there was nothing to score for {version_text(scored)}.{_unchanged(scored)}"
        )
    return (
        f"{scored.rows:,} rows were scored on {moment_text(scored.scored_at)} by "
        f"{version_text(scored)}: {means_text(scored.means, outputs)}."
        f"{_unchanged(scored)}"
    )


def _unchanged(scored: ScoredWindow) -> str:
    if not scored.unchanged:
        return ""
    return f" {scored.unchanged:,}{'' if scored.is_empty else ' more'} landed unchanged."


def _adjusted(adjustments: Sequence[WrittenAdjustment], window: Window) -> Iterator[str]:
    """Which adjustments of the release were valid in the window."""
    numbers = [
        adjustment.number
        for adjustment, follower in zip_longest(adjustments, adjustments[1:])
        if adjustment.valid_from < window.ends_at
        and (follower is None or window.starts_at < follower.valid_from)
    ]
    if numbers:
        first, last = adjustments[numbers[0] - 1], adjustments[numbers[-1] - 1]
        known = f"the outcomes of days until {last.labels_through}"
        if first is last:
            yield f"Adjustment {last.number} of the release was valid, which knows {known}."
        else:
            yield (
                f"Adjustments {first.number} to {last.number} of the release were valid one after "
                f"the other; the last one knows {known}."
            )


def _drift(watched: WatchedWindow | None) -> str:
    if watched is None:
        return "Its drift was not measured."
    drift = watched.drift
    if drift is None:
        return "There was nothing to compare."
    most = ", ".join(
        f"{column.column} {column.statistic:.3f}" for column in drift.most_drifted[:MOST_DRIFTED]
    )
    drifted = sum(column.drifted for column in drift.columns)
    return (
        f"{drifted} of {len(drift.columns)} columns have drifted from the training set "
        f"({100 * drift.importance_share:.0f} % of the model's importance), first are {most}; the "
        f"predictions are {drift.prediction:.3f} from those of held-out rows. {ALARMS[drift.alarm]}"
    )


def _resting_on(window: Window, decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions about the window, each retraining with the verdict that it led to."""
    resting: dict[int, Decision] = {}
    for position, decision in enumerate(decisions):
        if decision.window != window.name:
            continue
        resting[decision.id] = decision
        if decision.kind == "retrain":
            verdict = next((later for later in decisions[position:] if is_verdict(later)), None)
            resting |= {verdict.id: verdict} if verdict else {}
    return [resting[number] for number in sorted(resting)]


def _outcome(resting: Sequence[Decision]) -> tuple[str, ...]:
    """What the decisions themselves do not say."""
    if not resting:
        return ("No decision rests on this window.",)
    if resting[-1].kind == "suggest":
        return ("The retraining that it suggested waits for an answer: `mlops approve` gives it.",)
    if resting[-1].kind == "retrain":
        return ("The retraining that it asked for has no verdict yet.",)
    return ()


def _decided(heading: str, decisions: Sequence[Decision], lines: tuple[str, ...]) -> Paragraph:
    return Paragraph(
        heading=heading,
        lines=lines,
        decisions=tuple(decision_text(decision) for decision in decisions),
    )
