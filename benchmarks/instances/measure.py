"""One table of every deployed instance: from the command to a champion, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.instances.homes import Instance
from benchmarks.instances.lines import lines_of
from benchmarks.instances.served import row_cost
from benchmarks.report import markdown_table, say

HEADER = (
    "instance",
    "task",
    "rows",
    "seconds to champion",
    "verdict",
    "D2 (interval)",
    "promise kept",
    "CPU µs a row (alone, of 50)",
    "YAML lines (model, tables)",
    "SQL lines",
    "Python lines",
)


def measure_instances(instances: Sequence[Instance]) -> str:
    """A line per instance."""
    return markdown_table(list(HEADER), [_line(instance) for instance in instances])


def _line(instance: Instance) -> list[str]:
    spec, evaluation = instance.spec, instance.evaluated.evaluation
    cost, lines = row_cost(instance), lines_of(spec)
    served = f"{cost.single:.0f}, {cost.batched:.0f}" if cost else "-"
    say(f"{spec.name}: {served} µs")
    return [
        spec.name,
        spec.task.type.replace("_", " "),
        f"{instance.evaluated.candidate.training_set.rows:,}",
        f"{instance.seconds:.0f}",
        str(instance.answer["kind"]),
        evaluation.d2.text if evaluation.d2 else "-",
        _promise(instance),
        served,
        f"{lines.model}, {lines.tables}",
        str(lines.sql),
        str(lines.python),
    ]


def _promise(instance: Instance) -> str:
    """The metrics that the task limits by itself: what its predictions say of themselves."""
    metrics = instance.evaluated.evaluation.metrics
    return ", ".join(
        f"{name.replace('_', ' ')} {metrics[name]:.3f}"
        for name in instance.spec.task.default_limits
        if name in metrics
    )
