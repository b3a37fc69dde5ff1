"""What was measured by group, as small tables of an asset page."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.presentation import table
from mlops_platform.fairness.audit import AuditedColumn
from mlops_platform.fairness.limits import interval_text
from mlops_platform.fairness.record import Fairness, GroupFigure, MetricByGroup
from mlops_platform.formats.digits import digits


def gaps_table(measured: Fairness | None) -> dict[str, dg.TableMetadataValue]:
    """The widest gap of each figure; nothing where none was measured."""
    if measured is None:
        return {}
    rows = [
        row
        for column in (*measured.columns, *measured.intersections)
        for metric in column.metrics
        for row in _gap_rows(column.column, metric)
    ]
    return {"fairness_gaps": table(rows)}


def groups_table(measured: Fairness | None) -> dict[str, dg.TableMetadataValue]:
    """Every figure of every group; nothing where none was measured."""
    if measured is None:
        return {}
    return {
        "fairness_groups": table(
            [
                {
                    "group": f"{column.column} {group}",
                    "rows": rows,
                    **{
                        metric.metric: _figure_text(metric.figures[group])
                        for metric in column.metrics
                    },
                }
                for column in measured.columns
                for group, rows in column.groups.items()
            ]
        )
    }


def audit_tables(audit: Sequence[AuditedColumn]) -> dict[str, dg.TableMetadataValue]:
    """Rows and outcomes by group, and the features that groups lack unequally often."""
    if not audit:
        return {}
    return {
        "training_rows_by_group": table(
            [
                {
                    "group": f"{column.column} {group.name}",
                    "rows": group.rows,
                    "share": group.share,
                    **group.targets,
                }
                for column in audit
                for group in column.groups
            ]
        ),
        "missing_by_group": table(
            [
                {
                    "feature": gap.feature,
                    "missing most": f"{column.column} {gap.most} ({gap.most_share:.1%})",
                    "missing least": f"{column.column} {gap.least} ({gap.least_share:.1%})",
                }
                for column in audit
                for gap in column.missing
            ]
        ),
    }


def _gap_rows(column: str, metric: MetricByGroup) -> Iterator[dict[str, Any]]:
    difference, ratio = metric.difference, metric.ratio
    if difference is not None:
        yield {
            "figure": f"{metric.metric} by {column}",
            "greatest": difference.greater,
            "least": difference.lesser,
            "difference": f"{digits(difference.value)} ({interval_text(difference.interval)})",
            "ratio": ratio and f"{digits(ratio.value)} ({interval_text(ratio.interval)})",
        }


def _figure_text(figure: GroupFigure) -> str | None:
    if figure.value is None:
        return None
    interval = f" ({interval_text(figure.interval)})" if figure.interval else ""
    return f"{digits(figure.value)}{interval}{'' if figure.judged else ', few'}"
