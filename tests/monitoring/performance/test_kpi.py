import numpy as np
import pytest

from mlops_platform.monitoring.performance.interval import Interval
from mlops_platform.monitoring.performance.kpi import KpiFigure, kpi_figures

FIGURE = KpiFigure(
    column="cost",
    unit="euros",
    version=2,
    decision="true",
    rows=1200,
    known=1000,
    total=12_345.6,
    mean=12.3456,
    interval=Interval(lower=10.0, upper=14.5),
)


def test_a_figure_is_one_sentence() -> None:
    assert FIGURE.text == (
        "Where the decision of version 2 was true, cost was 12.35 euros on average (10 to 14.5), "
        "12,346 in all, as far as it is known: of 1,000 of 1,200 rows"
    )
    few = FIGURE.model_copy(update={"decision": None, "interval": None})
    assert few.text.startswith("Of version 2, cost was 12.35 euros on average, 12,346 in all,")
    unknown = FIGURE.model_copy(update={"mean": None, "total": None, "known": 0})
    assert unknown.text.endswith("was true, cost is not known of any of 1,200 rows")


def test_rows_without_a_figure_count_among_the_rows_alone() -> None:
    values = np.array([1.0, 3.0, np.nan, 5.0, np.nan])
    days = np.array(["2024-03-04"] * 3 + ["2024-03-05"] * 2, dtype="datetime64[D]")
    groups = {
        (1, None): np.array([True, True, True, False, False]),
        (2, None): np.array([False, False, False, False, True]),
    }

    first, second = kpi_figures(groups, days, values, ("cost", "euros"), 0.9)

    assert (first.rows, first.known, first.total, first.mean) == (3, 2, 4.0, 2.0)
    assert first.interval is None  # of one day
    assert (second.rows, second.known, second.total, second.mean) == (1, 0, None, None)


def test_the_interval_of_a_mean_is_that_of_days() -> None:
    days = np.repeat(np.arange("2024-03-04", "2024-03-14", dtype="datetime64[D]"), 100)
    level = np.repeat(np.random.default_rng(1).normal(0, 1, 10), 100)
    (figure,) = kpi_figures({(1, None): np.ones(1000, bool)}, days, level, ("cost", "euros"), 0.9)

    assert figure.interval is not None
    assert figure.mean == pytest.approx(level.mean())
    # Rows of a day are alike: ten values, and not a thousand.
    error = level[::100].std(ddof=1) / 10**0.5
    assert figure.interval.upper - figure.interval.lower == pytest.approx(
        2 * 1.833 * error, rel=0.01
    )
