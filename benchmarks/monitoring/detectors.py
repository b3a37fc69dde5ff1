"""Delays and false alarms of the change detectors, fed with blocks or row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from river import drift

from benchmarks.monitoring.champions import Rows, champions
from benchmarks.monitoring.river_detectors import RIVER
from benchmarks.monitoring.streams import (
    INDEPENDENT_ROWS,
    WEEKS,
    Stream,
    independent_rows,
    shuffled_weeks,
)
from benchmarks.report import markdown_table, say
from mlops_platform.monitoring.performance.changes.detectors import Detector, detector_named
from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock, error_blocks
from mlops_platform.monitoring.performance.changes.find_changes import every_change
from mlops_platform.spec import ChangeDetectionSpec
from mlops_platform.tasks.binary_classification.metrics import log_losses

DETECTORS: Mapping[str, Callable[[], Detector]] = {
    "cusum": lambda: detector_named("cusum", ChangeDetectionSpec()),
    "rolling": lambda: detector_named("rolling", ChangeDetectionSpec()),
    **RIVER,
}
SEEDS_OF_ROWS, SEEDS_OF_WEEKS = 10, 12
Alarms = Callable[[Stream], list[int]]
"""Positions of the served rows at which a detector finds a rise."""


def measure_detectors(home: Path | None) -> str:
    """Independent rows first, then real weeks."""
    independent = [independent_rows(seed, step=False) for seed in range(SEEDS_OF_ROWS)]
    steps = [independent_rows(seed, step=True) for seed in range(SEEDS_OF_ROWS)]
    served = [one for one in champions(home) if len(list(one.weeks())) > WEEKS]
    drawn = [(one, seed) for seed in range(SEEDS_OF_WEEKS) for one in served]
    calm = [shuffled_weeks(one, seed, fault=False) for one, seed in drawn]
    faults = [shuffled_weeks(one, seed, fault=True) for one, seed in drawn]
    by_rows = len(served)
    return "\n\n".join(
        [
            f"**Independent rows**: the error rate steps from 0.2 to 0.3. {SEEDS_OF_ROWS} streams "
            f"of {INDEPENDENT_ROWS:,} rows without and {SEEDS_OF_ROWS} with the step in their "
            "middle.",
            _table("rows", [*_by_rows(), *_by_blocks(50)], independent, steps, _delay_in_rows),
            f"**Real weeks**: after one held-out week {WEEKS} weeks of flights, in random order so "
            f"that nothing changes but by chance; {len(calm)} such streams of {len(served)} "
            f"champions ({by_rows} row by row). And as many where from the fifth week on half of "
            "the rows get the score of another row.",
            _table("days", _by_rows(), calm[:by_rows], faults[:by_rows], _delay_in_days),
            _table("days", _by_blocks(None), calm, faults, _delay_in_days),
        ]
    )


def _table(
    unit: str,
    detectors: Iterable[tuple[str, Alarms]],
    calm: Sequence[Stream],
    changed: Sequence[Stream],
    delay_of: Callable[[Stream, int], float],
) -> str:
    header = [
        "detector",
        "calm streams with an alarm",
        "alarms a stream",
        "found",
        f"median delay, {unit}",
    ]
    rows = []
    for name, alarms in detectors:
        say(f"{name} over {len(calm) + len(changed)} streams")
        false = [len(alarms(stream)) for stream in calm]
        delays = [_delay(stream, alarms(stream), delay_of) for stream in changed]
        known = [delay for delay in delays if delay is not None]
        rows.append(
            [
                name,
                f"{100 * np.mean([count > 0 for count in false]):.0f} %",
                f"{np.mean(false):.1f}",
                f"{100 * len(known) / len(delays):.0f} %",
                f"{np.median(known):.0f}" if known else "–",
            ]
        )
    return markdown_table(header, rows)


def _delay(
    stream: Stream, alarms: list[int], delay_of: Callable[[Stream, int], float]
) -> float | None:
    """Of the first alarm after the change."""
    after = [at for at in alarms if at >= (stream.changed or 0)]
    return delay_of(stream, after[0]) if after else None


def _delay_in_rows(stream: Stream, at: int) -> float:
    return at - (stream.changed or 0) + 1


def _delay_in_days(stream: Stream, at: int) -> float:
    days = stream.served.days
    return float((days[at] - days[stream.changed or 0]).astype(int)) + 1


def _by_blocks(block_rows: int | None) -> Iterator[tuple[str, Alarms]]:
    """The platform's detectors, and river's in their place."""
    named = "blocks of a day" if block_rows is None else f"blocks of {block_rows} rows"
    for name, new_detector in DETECTORS.items():
        yield f"{name}, {named}", partial(_block_alarms, new_detector, block_rows)


def _block_alarms(
    new_detector: Callable[[], Detector], block_rows: int | None, stream: Stream
) -> list[int]:
    held_out, served = (
        _blocks(rows, stream.base_rate, block_rows) for rows in (stream.held_out, stream.served)
    )
    last_rows = np.cumsum([block.rows for block in served]) - 1
    return [int(last_rows[at]) for at, _ in every_change(new_detector(), held_out, served)]


def _blocks(rows: Rows, base_rate: float, block_rows: int | None) -> tuple[ErrorBlock, ...]:
    losses = log_losses(rows.labels, rows.scores)
    constant = log_losses(rows.labels, np.full(len(losses), base_rate))
    return error_blocks(rows.days, losses, constant, block_rows)


def _by_rows() -> Iterator[tuple[str, Alarms]]:
    """River's detectors with their own settings, row by row."""
    yield "river ADWIN, row by row, squared errors", _adwin_alarms
    yield "river Page-Hinkley, row by row, squared errors", _page_hinkley_alarms
    yield "river HDDM_A, row by row, wrong decisions", _hddm_alarms


def _adwin_alarms(stream: Stream) -> list[int]:
    window, alarms = drift.ADWIN(), []
    for at, value in _all_rows(stream, _squared_errors):
        before = window.estimation
        window.update(value)
        if window.drift_detected and window.estimation > before:
            alarms.append(at)
    return [at for at in alarms if at >= 0]


def _page_hinkley_alarms(stream: Stream) -> list[int]:
    return _alarms(stream, drift.PageHinkley(mode="up"), _squared_errors)


def _hddm_alarms(stream: Stream) -> list[int]:
    return _alarms(stream, drift.binary.HDDMA(), _wrong_decisions)


def _alarms(stream: Stream, detector: Any, values: Callable[[Stream, Rows], Any]) -> list[int]:
    alarms = []
    for at, value in _all_rows(stream, values):
        detector.update(value)
        if detector.drift_detected:
            alarms.append(at)
    return [at for at in alarms if at >= 0]


def _all_rows(stream: Stream, values: Callable[[Stream, Rows], Any]) -> Iterator[tuple[int, Any]]:
    """Held-out rows count from below zero."""
    before = values(stream, stream.held_out).tolist()
    after = values(stream, stream.served).tolist()
    return zip(range(-len(before), len(after)), [*before, *after], strict=True)


def _squared_errors(_: Stream, rows: Rows) -> Any:
    return (rows.scores - rows.labels) ** 2


def _wrong_decisions(stream: Stream, rows: Rows) -> Any:
    return (rows.scores >= stream.threshold) != rows.labels
