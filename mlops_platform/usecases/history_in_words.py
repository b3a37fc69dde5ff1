"""What served from when to when, and what was decided last: the ledger of one model in words."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Release
from mlops_platform.record import Record
from mlops_platform.usecases.freeze import frozen_by
from mlops_platform.usecases.wording import (
    ToldDecision,
    decision_in_words,
    moment_in_words,
    version_in_words,
)

LATEST: Final = 20
MADE_CHAMPION: Final = {"promote": "promoted", "roll_back": "brought back by a roll-back"}


class Paragraph(Record):
    """One part of a story: sentences, then decisions, oldest first."""

    heading: str
    sentences: tuple[str, ...] = ()
    decisions: tuple[ToldDecision, ...] = ()


def history_in_words(ledger: Ledger, model: str, zone: ZoneInfo) -> list[Paragraph]:
    """Every release and the latest decisions of a model."""
    newest_first = ledger.decisions(model, limit=LATEST)
    told = tuple(decision_in_words(decision, zone) for decision in reversed(newest_first))
    frozen = frozen_by(ledger, model)
    return [
        Paragraph(
            heading="What served",
            sentences=tuple(_served(ledger.releases(model), zone))
            or ("Nothing was ever released, so nothing serves.",),
        ),
        *(
            [
                Paragraph(
                    heading="Frozen",
                    sentences=(
                        f"No automation retrains or releases: frozen by {frozen.actor} since "
                        f"{moment_in_words(frozen.made_at, zone)}, {frozen.reason}",
                    ),
                )
            ]
            if frozen
            else []
        ),
        Paragraph(
            heading=f"The last {len(told)} decisions" if len(told) > 1 else "Decisions",
            sentences=() if told else ("Nothing was decided yet.",),
            decisions=told,
        ),
    ]


def _served(releases: Sequence[Release], zone: ZoneInfo) -> list[str]:
    return [
        f"{version_in_words(release).capitalize()} "
        + (
            f"from {moment_in_words(release.released_at, zone)} to "
            f"{moment_in_words(later.released_at, zone)}"
            if later
            else f"since {moment_in_words(release.released_at, zone)}"
        )
        + f", {MADE_CHAMPION[release.kind]} by {release.actor}."
        for release, later in pairwise([*releases, None])
        if release
    ]
