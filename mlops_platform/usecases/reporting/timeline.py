"""What served from when to when, and what was decided last: the ledger of one model in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Activation, Decision, WrittenAdjustment
from mlops_platform.record import Record
from mlops_platform.usecases.ledger.freeze import frozen_by
from mlops_platform.usecases.ledger.retirement import retired_by
from mlops_platform.usecases.reporting.phrases import (
    DecisionText,
    decision_text,
    version_text,
)

LATEST: Final = 20
REPORTS: Final = 1000
"""Latest reports of workers that are looked at."""
MADE_CHAMPION: Final = {"promote": "promoted", "roll_back": "brought back by a roll-back"}


class Paragraph(Record):
    """One part of a story: lines of text, then decisions, oldest first."""

    heading: str
    lines: tuple[str, ...] = ()
    decisions: tuple[DecisionText, ...] = ()


def history_text(ledger: Ledger, model: str) -> list[Paragraph]:
    """Every release and the latest decisions of a model."""
    served = tuple(_served(ledger, model))
    newest_first = ledger.decisions(model, limit=LATEST)
    decisions = tuple(decision_text(decision) for decision in reversed(newest_first))
    return [
        Paragraph(
            heading="What served",
            lines=served or ("Nothing was ever released, so nothing serves.",),
        ),
        *_reported(ledger.activations(model, limit=REPORTS)),
        *_retired(retired_by(ledger, model)),
        *_frozen(frozen_by(ledger, model)),
        Paragraph(
            heading=f"The last {len(decisions)} decisions" if len(decisions) > 1 else "Decisions",
            lines=() if decisions else ("Nothing was decided yet.",),
            decisions=decisions,
        ),
    ]


def _retired(retired: Decision | None) -> Iterator[Paragraph]:
    if retired is not None:
        since = moment_text(retired.made_at)
        asked = "Nothing is asked of it any more"
        yield Paragraph(
            heading="Retired",
            lines=(f"{asked}, by {retired.actor} since {since}: {retired.reason}",),
        )


def _frozen(frozen: Decision | None) -> Iterator[Paragraph]:
    if frozen is not None:
        since = moment_text(frozen.made_at)
        yield Paragraph(
            heading="Frozen",
            lines=(f"No automation releases it, by {frozen.actor} since {since}: {frozen.reason}",),
        )


def _served(ledger: Ledger, model: str) -> Iterator[str]:
    releases = ledger.releases(model)
    followers = [*releases[1:], None]
    for release, follower in zip(releases, followers, strict=False):
        began = moment_text(release.released_at)
        period = (
            f"from {began} to {moment_text(follower.released_at)}" if follower else f"since {began}"
        )
        yield (
            f"{version_text(release).capitalize()} {period}, "
            f"{MADE_CHAMPION[release.kind]} by {release.actor}."
            f"{_adjusted(ledger.latest_adjustment(model, release.sequence))}"
        )


def _adjusted(latest: WrittenAdjustment | None) -> str:
    """How its constants followed the outcomes, where they did."""
    if latest is None:
        return ""
    constants = ", ".join(f"{name} {value:.4f}" for name, value in latest.constants.items())
    return (
        f" The last of its {latest.number} adjustments is valid from "
        f"{moment_text(latest.valid_from)} on: {constants}, by outcomes of days until "
        f"{latest.labels_through}."
    )


def _reported(newest_first: Sequence[Activation]) -> Iterator[Paragraph]:
    """What the workers of services did with the releases, which may lag behind the ledger."""
    grouped: dict[tuple[int, int, str, str], list[Activation]] = {}
    for report in reversed(newest_first):
        if report.event != "stopped":
            refusal = report.detail if report.event == "refused" else ""
            key = (report.sequence, report.version, report.role, refusal)
            grouped.setdefault(key, []).append(report)
    if grouped:
        lines = tuple(_reports_text(same, why) for (*_, why), same in grouped.items())
        yield Paragraph(heading="What running services reported", lines=lines[-LATEST:])


def _reports_text(reports: Sequence[Activation], refusal: str) -> str:
    first, workers = reports[0], len({report.worker for report in reports})
    version = f"version {first.version} (release {first.sequence})"
    as_role = "" if first.role == "champion" else " as the challenger"
    reporters = f"by {workers} worker{'s' if workers > 1 else ''}"
    occasion = f"{reporters}, the first at {moment_text(first.happened_at)}"
    if refusal:
        return f"{version.capitalize()} refused{as_role} {occasion}: {refusal}"
    return f"{version.capitalize()} taken over{as_role} {occasion}."
