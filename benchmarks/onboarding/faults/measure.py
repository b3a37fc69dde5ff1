"""Benchmark of faults: which are named by kind, and what is warned of in clean tables."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from benchmarks.onboarding.faults.clean_table import CleanTable
from benchmarks.onboarding.faults.held_out_tables import held_out_tables
from benchmarks.onboarding.faults.kinds import KINDS, NoPlaceError
from benchmarks.onboarding.faults.naming import Outcome, outcome_of, warnings_of
from benchmarks.onboarding.faults.reviewed import TRUE
from benchmarks.onboarding.faults.tuning_tables import tuning_tables
from benchmarks.report import markdown_table, say
from mlops_platform.data.profiling.finding import Finding

WORKERS = 4
SEEDS: Sequence[int] = range(101, 104)
"""Not those of tuning, which were 0 to 7."""
AGAIN: Sequence[int] = range(101, 102)
"""Of the tuning tables: only to see how much of it was tuning."""


def measure_faults() -> str:
    """Recall by kind, what was missed, and warnings on clean tables, as Markdown."""
    held_out, tuning = list(held_out_tables()), list(tuning_tables())
    outcomes, tuned = _outcomes(held_out, SEEDS), _outcomes(tuning, AGAIN)
    warned = {table.name: warnings_of(table) for table in held_out}
    return "\n\n".join(
        [
            "## Named, by kind",
            _recall(outcomes, tuned),
            "## Missed on held-out tables",
            _missed(outcomes),
            "## Warnings on the clean held-out tables",
            _warnings(held_out, warned),
        ]
    )


def _outcomes(tables: Sequence[CleanTable], seeds: Sequence[int]) -> list[Outcome]:
    """Tables side by side: what is found of one does not depend on another."""
    with ProcessPoolExecutor(WORKERS) as pool:
        of_tables = pool.map(_of_table, tables, repeat(seeds))
        return [outcome for outcomes in of_tables for outcome in outcomes]


def _of_table(table: CleanTable, seeds: Sequence[int]) -> list[Outcome]:
    outcomes = []
    for kind in KINDS:
        for seed in seeds:
            try:
                outcomes.append(outcome_of(table, kind, seed))
            except NoPlaceError:
                say(f"{table.name} has no place for {kind}")
    say(f"{table.name}: {sum(outcome.named for outcome in outcomes)} of {len(outcomes)} named")
    return outcomes


def _recall(outcomes: Sequence[Outcome], tuned: Sequence[Outcome]) -> str:
    rows = [
        [
            kind,
            _share([outcome for outcome in outcomes if outcome.kind == kind]),
            _share([outcome for outcome in tuned if outcome.kind == kind]),
        ]
        for kind in KINDS
    ]
    rows.append(["**all**", _share(outcomes), _share(tuned)])
    return markdown_table(["fault", "held-out tables", "tuning tables, another seed"], rows)


def _share(outcomes: Sequence[Outcome]) -> str:
    named = sum(outcome.named for outcome in outcomes)
    return f"{named} of {len(outcomes)} ({named / len(outcomes):.1%})" if outcomes else "-"


def _missed(outcomes: Sequence[Outcome]) -> str:
    rows = [
        [outcome.kind, outcome.table, str(outcome.column), outcome.variant, str(outcome.seed)]
        for outcome in sorted(outcomes, key=lambda outcome: [*KINDS].index(outcome.kind))
        if not outcome.named
    ]
    if not rows:
        return "None."
    return markdown_table(["fault", "table", "column", "what was done", "seed"], rows)


def _warnings(tables: Sequence[CleanTable], warned: dict[str, list[Finding]]) -> str:
    false = sum(_review(name, finding) is None for name, said in warned.items() for finding in said)
    head = (
        f"{sum(map(len, warned.values()))} warnings on {len(tables)} tables, of which {false} are "
        f"false: {false / len(tables):.2f} a table. A warning is of the level `warn` or `refuse`; "
        "one that nobody has looked at counts as false (`faults/reviewed.py`)."
    )
    sizes = markdown_table(
        ["table", "from", "rows", "columns", "warnings"],
        [
            [
                table.name,
                table.source,
                f"{len(table.frame):,}",
                str(table.frame.shape[1]),
                str(len(warned[table.name])),
            ]
            for table in tables
        ],
    )
    rows = [
        [
            table.name,
            finding.level,
            finding.kind,
            finding.text,
            _review(table.name, finding) or "no",
        ]
        for table in tables
        for finding in warned[table.name]
    ]
    listed = markdown_table(["table", "level", "kind", "what is said", "true?"], rows)
    return "\n\n".join([head, sizes, listed])


def _review(table: str, finding: Finding) -> str | None:
    return TRUE.get((table, finding.kind, ", ".join(finding.columns)))
