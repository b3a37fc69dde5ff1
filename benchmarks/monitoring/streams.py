"""Streams of rows with and without a change, known by construction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.monitoring.champions import Champion, Rows

HELD_OUT_WEEKS, CALM_WEEKS, WEEKS = 1, 4, 12
INDEPENDENT_ROWS, STEP_AT = 20_000, 10_000


@dataclass(frozen=True, eq=False)
class Stream:
    """Rows after the held-out ones, and from which of them on errors have risen.

    Attributes:
        threshold: score from which a row is decided positive.
        changed: position of the first changed row, None where there is no change.
    """

    held_out: Rows
    served: Rows
    base_rate: float
    threshold: float
    changed: int | None


def independent_rows(seed: int, *, step: bool) -> Stream:
    """Rows that have nothing to do with each other; the error rate steps from 0.2 to 0.3."""
    random = np.random.default_rng(seed)
    rows = 1000 + INDEPENDENT_ROWS
    logits = random.normal(-1.4, 1.85, rows)
    # Labels of so many later rows have nothing to do with their scores.
    unrelated = (np.arange(rows) >= 1000 + STEP_AT) & step & (random.random(rows) < 0.57)
    odds = np.where(unrelated, random.permutation(logits), logits)
    labels = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    # 100 rows a day.
    days = np.datetime64("2013-01-01") + np.arange(rows) // 100
    drawn = Rows(days, labels, 1 / (1 + np.exp(-logits)))
    return Stream(
        held_out=drawn.of(np.arange(rows) < 1000),
        served=drawn.of(np.arange(rows) >= 1000),
        base_rate=0.28,
        threshold=0.5,
        changed=STEP_AT if step else None,
    )


def shuffled_weeks(champion: Champion, seed: int, *, fault: bool) -> Stream:
    """Whole weeks of a champion in random order, so that nothing changes but by chance.

    Args:
        fault: from the fifth week on, half of the rows get the score of another row of their week.
    """
    random = np.random.default_rng(seed)
    weeks = [rows for _, rows in champion.weeks()]
    drawn = [weeks[at] for at in random.permutation(len(weeks))[: HELD_OUT_WEEKS + WEEKS]]
    if fault:
        drawn = [
            rows if at < HELD_OUT_WEEKS + CALM_WEEKS else _faulty(rows, random)
            for at, rows in enumerate(drawn)
        ]
    placed = [_placed(rows, at) for at, rows in enumerate(drawn)]
    calm = sum(len(rows.labels) for rows in placed[HELD_OUT_WEEKS : HELD_OUT_WEEKS + CALM_WEEKS])
    return Stream(
        held_out=_joined(placed[:HELD_OUT_WEEKS]),
        served=_joined(placed[HELD_OUT_WEEKS:]),
        base_rate=champion.base_rate,
        threshold=champion.threshold,
        changed=calm if fault else None,
    )


def _faulty(rows: Rows, random: np.random.Generator) -> Rows:
    wrong = np.flatnonzero(random.random(len(rows.labels)) < 0.5)
    scores = rows.scores.copy()
    scores[wrong] = scores[random.permutation(wrong)]
    return Rows(rows.days, rows.labels, scores)


def _placed(rows: Rows, week: int) -> Rows:
    """The same week at another place of the calendar."""
    start = np.datetime64("2013-01-07") + 7 * week
    return Rows(start + (rows.days - rows.days.min()), rows.labels, rows.scores)


def _joined(weeks: list[Rows]) -> Rows:
    return Rows(
        *(
            np.concatenate([getattr(rows, name) for rows in weeks])
            for name in ("days", "labels", "scores")
        )
    )
