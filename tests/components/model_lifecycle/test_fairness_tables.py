"""Groups as small tables of a page."""

import pytest

from mlops_platform.components.model_lifecycle.fairness_tables import (
    audit_tables,
    gaps_table,
    groups_table,
)
from mlops_platform.fairness.audit import AuditedColumn, AuditedGroup, MissingGap
from mlops_platform.fairness.record import (
    ColumnFairness,
    Fairness,
    FigureInterval,
    Gap,
    GroupFigure,
    MetricByGroup,
)

INTERVAL = FigureInterval(lower=0.1, upper=0.3)


def figure(value: float | None, *, judged: bool = True) -> GroupFigure:
    interval = None if value is None else INTERVAL
    return GroupFigure(rows=60, value=value, interval=interval, judged=judged)


@pytest.fixture
def measured() -> Fairness:
    gap = Gap(greater="f", lesser="m", value=0.2, interval=INTERVAL)
    compared = MetricByGroup(
        metric="selected",
        meaning="",
        figures={"f": figure(0.4), "m": figure(0.2), "x": figure(None, judged=False)},
        difference=gap,
        ratio=gap.model_copy(
            update={"value": 0.5, "interval": FigureInterval(lower=0, upper=None)}
        ),
    )
    alone = MetricByGroup(metric="lost", meaning="", figures={"f": figure(0.4, judged=False)})
    few = alone.figures | {"m": alone.figures["f"], "x": alone.figures["f"]}
    metrics = (compared, alone.model_copy(update={"figures": few}))
    groups = {"f": 90, "m": 60, "x": 1}
    column = ColumnFairness(column="sex", groups=groups, reference=None, metrics=metrics)
    return Fairness(confidence=0.9, min_group_rows=50, columns=(column,))


def test_gaps_have_their_intervals(measured: Fairness) -> None:
    (row,) = [record.data for record in gaps_table(measured)["fairness_gaps"].records]
    assert row == {
        "figure": "selected by sex",
        "greatest": "f",
        "least": "m",
        "difference": "0.2 (0.1 to 0.3)",
        "ratio": "0.5 (0 to no end)",
    }


def test_groups_have_their_figures(measured: Fairness) -> None:
    rows = [record.data for record in groups_table(measured)["fairness_groups"].records]
    assert rows[0] == {
        "group": "sex f",
        "rows": 90,
        "selected": "0.4 (0.1 to 0.3)",
        "lost": "0.4 (0.1 to 0.3), few",
    }
    assert rows[2]["selected"] == "–"


def test_training_rows_are_told_by_group() -> None:
    group = AuditedGroup(name="f", rows=3, share=0.75, targets={"positive_rate": 0.5})
    gap = MissingGap(feature="income", most="f", most_share=0.5, least="m", least_share=0)
    tables = audit_tables([AuditedColumn(column="sex", groups=(group,), missing=(gap,))])
    (row,) = [record.data for record in tables["training_rows_by_group"].records]
    assert row == {"group": "sex f", "rows": 3, "share": 0.75, "positive_rate": 0.5}
    (lacking,) = [record.data for record in tables["missing_by_group"].records]
    assert lacking["missing most"] == "sex f (50.0%)"


def test_without_groups_there_are_no_tables() -> None:
    assert gaps_table(None) == groups_table(None) == audit_tables(()) == {}
