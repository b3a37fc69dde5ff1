"""Whether what was served is what the pipeline says offline, on the rows that were served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.served.lines import ADJUSTMENT
from mlops_platform.data.served.rows import sample_served
from mlops_platform.data.served.served import read_manifest, record_judged
from mlops_platform.errors import ArtifactError, LedgerError, RegistryError
from mlops_platform.record import Record
from mlops_platform.serving.scoring.rounding import TOLERANCE, answer_difference

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.usecases.version.offline import OfflineVersion, OfflineVersions

MOST_ROWS = 20_000
_Source = tuple[str, int, str, int]
"""Version, sequence, role and adjustment of an answer."""


class ServedParity(Record):
    """Served answers against offline ones.

    Args:
        rows: what landed last; at most `MOST_ROWS` of it, always the same, are compared.
        left_out: rows that lack a feature, mostly because the log redacts it.
        max_difference: largest `answer_difference` of a row: relative to numbers beyond 1.
        worst: the request with the largest difference.
        problems: why rows could not be compared that should have been.
    """

    rows: int = 0
    compared: int = 0
    left_out: int = 0
    versions: tuple[int, ...] = ()
    max_difference: float = 0.0
    worst: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every compared row agrees but for rounding, and no version was unknown."""
        return not self.problems and self.max_difference <= TOLERANCE

    @property
    def reason(self) -> str:
        """The verdict in words."""
        if self.problems:
            return " ".join(self.problems)
        if not self.passed:
            return (
                f"request {self.worst} was answered {self.max_difference:g} away from the offline "
                f"pipeline (allowed {TOLERANCE:g}); `mlops replay-request {self.worst}` shows it."
            )
        return f"{self.compared} served rows equal what the pipeline says offline."


class _Compared(NamedTuple):
    version: int
    left_out: int
    differences: list[float]
    requests: list[str]


def judge_served_parity(landed: Path, versions: OfflineVersions) -> ServedParity:
    """Score again what landed since the last time; where nothing did, what was judged last.

    So a difference stays until other rows have landed that have none.
    """
    manifest = read_manifest(landed)
    files = manifest.unjudged or manifest.judged
    if not files:
        return ServedParity()
    sample, rows = sample_served(landed, files, MOST_ROWS)
    compared, problems = [], []
    for source, served in _by_source(sample):
        try:
            compared.append(_compare(versions.load(*source), served))
        except (ArtifactError, LedgerError, RegistryError) as error:
            problems.append(str(error))
    record_judged(landed, files)
    return _summary(rows, compared, problems)


def _by_source(sample: pa.Table) -> Iterator[tuple[_Source, pa.Table]]:
    """What every version answered, under every sequence and adjustment and in every role."""
    import pyarrow.compute as pc

    positions: dict[_Source, list[int]] = defaultdict(list)
    columns = [sample[name] for name in ("version", "sequence", "role")]
    columns.append(pc.fill_null(sample[ADJUSTMENT], 0))
    sources = zip(*(column.to_pylist() for column in columns), strict=True)
    for position, source in enumerate(sources):
        positions[source].append(position)
    for source in sorted(positions):
        yield source, sample.take(positions[source])


def _compare(offline: OfflineVersion, served: pa.Table) -> _Compared:
    lacking = offline.lacks(served)
    complete = served.filter(~lacking)
    return _Compared(
        version=offline.version,
        left_out=int(lacking.sum()),
        differences=_differences(offline, complete) if complete.num_rows else [],
        requests=complete["request_id"].to_pylist(),
    )


def _differences(offline: OfflineVersion, served: pa.Table) -> list[float]:
    """How far each row was answered from what the pipeline says."""
    predictions = offline.predictions(served)
    columns = {output.field: predictions[output.name].tolist() for output in offline.task.outputs}
    expected = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return list(map(answer_difference, expected, served.select(list(columns)).to_pylist()))


def _summary(rows: int, compared: Sequence[_Compared], problems: Sequence[str]) -> ServedParity:
    pairs = [
        pair
        for comparison in compared
        for pair in zip(comparison.differences, comparison.requests, strict=True)
    ]
    difference, worst = max(pairs, default=(0.0, None))
    return ServedParity(
        rows=rows,
        compared=len(pairs),
        left_out=sum(comparison.left_out for comparison in compared),
        versions=tuple(sorted({comparison.version for comparison in compared})),
        max_difference=difference,
        worst=worst,
        problems=tuple(problems),
    )
