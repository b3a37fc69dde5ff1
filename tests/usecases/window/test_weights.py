"""Windows of a version that was judged by weights are measured by those of their own rows."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from mlops_platform.data.features.features import read_outcomes
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.predictions import write_predictions
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.reference import Reference, VersionReference
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import DEFAULT_TASK, Task, TaskSpec
from mlops_platform.usecases.window.labelled_rows import measurable
from mlops_platform.usecases.window.maturity import matures_at
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
from tests.usecases.window.test_performance import BASE_RATE, World, days_of_patients, spec_of

FIRST_HELD_OUT = spec_of().window.start - timedelta(days=14)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, spec_of())


def weigh(world: World, window: Window, weights: np.ndarray) -> None:
    """The rows of a window that was scored get weights."""
    path = world.past.scored[window.name].path
    rows = read_parquet(path)
    weighed = rows.append_column(SAMPLE_WEIGHT, pa.array(weights, from_pandas=True))
    write_predictions(weighed.to_batches(), world.spec, path)


def measured(world: World, window: Window, weight: str | None = "exposure") -> WindowPerformance:
    """What a window came to under a version that was judged by weights, or by none."""
    held_out = days_of_patients(FIRST_HELD_OUT, 14, seed=99)
    weights = np.random.default_rng(5).uniform(0.5, 2, held_out.num_rows)
    figures = Reference.model_construct(
        baseline={"base_rate": BASE_RATE},
        loss="log_loss",
        test_loss=0.45,
        test_baseline_loss=0.61,
        weight=weight,
    )
    reference = VersionReference(figures, held_out.append_column("exposure", pa.array(weights)))
    moment = matures_at(world.spec, window)
    return measure_performance(
        world.published,
        world.spec,
        world.past.scored[window.name],
        reference,
        KnownLabels(moment, moment),
        world.past,
    )


def numbers_of(window: WindowPerformance) -> list[float]:
    """All figures that count rows."""
    ends = [end for one in window.intervals.values() for end in (one.lower, one.upper)]
    blocks = [loss for block in window.blocks for loss in (block.loss, block.baseline_loss)]
    losses = [value for value in window.losses.model_dump().values() if isinstance(value, float)]
    estimated = window.estimated_metrics.values()
    return [*window.metrics.values(), *estimated, *ends, *blocks, *losses]


def test_weights_of_ones_change_no_bit_of_a_window(world: World) -> None:
    window = world.week(0)
    plain = measured(world, window)
    weigh(world, window, np.full(700, 3.0))
    assert measured(world, window) == plain


def test_every_figure_of_a_window_counts_rows_by_their_weights(world: World) -> None:
    window = world.week(0)
    plain = measured(world, window, None)
    weights = np.random.default_rng(0).uniform(0.2, 5, 700)
    weigh(world, window, weights)

    ours = measured(world, window)
    weigh(world, window, 1000 * weights)
    scaled = measured(world, window)
    assert numbers_of(scaled) == pytest.approx(numbers_of(ours), rel=1e-9)
    # A version that was judged by no weights goes on to be measured without any.
    assert measured(world, window, None) == plain

    outcomes = read_outcomes(
        world.spec,
        world.published,
        [world.past.scored[window.name].path],
        window.days,
        matures_at(world.spec, window),
    )
    score, label = outcomes["score"].to_numpy(), outcomes["label"].to_numpy().astype(float)
    losses = -np.log(np.where(label == 1, score, 1 - score))
    mean = np.average(losses, weights=outcomes[SAMPLE_WEIGHT].to_numpy())
    assert ours.losses.loss == pytest.approx(mean)
    assert ours.intervals["loss"].lower < mean < ours.intervals["loss"].upper
    for name, value in ours.metrics.items():
        if name != "expected_calibration_error":
            assert value != plain.metrics[name], name
    assert ours.losses.baseline_loss != plain.losses.baseline_loss
    assert ours.losses.estimated_loss != plain.losses.estimated_loss
    assert [block.rows for block in ours.blocks] == [block.rows for block in plain.blocks]
    assert [block.loss for block in ours.blocks] != [block.loss for block in plain.blocks]
    assert (ours.rows, ours.labelled) == (plain.rows, plain.labelled)


def test_a_served_row_of_unknown_weight_is_not_measured(world: World) -> None:
    window = world.week(0)
    weights = np.random.default_rng(0).uniform(0.2, 5, 700)
    weights[:100] = np.nan
    weigh(world, window, weights)

    some = measured(world, window)

    assert (some.rows, some.labelled) == (700, 600)
    assert np.isfinite([*some.metrics.values(), some.losses.estimated_loss]).all()
    # Days are blocks, and all rows of the first one are of unknown weight.
    assert [block.day for block in some.blocks] == window.days[1:]


def test_a_window_in_which_no_weight_is_known_is_not_measured(world: World) -> None:
    window = world.week(0)
    weigh(world, window, np.full(700, np.nan))

    nothing = measured(world, window)

    assert (nothing.rows, nothing.labelled, nothing.metrics) == (700, 0, {})


def test_what_is_measured_has_a_label_and_where_rows_have_weights_one_of_these() -> None:
    labels = pa.table({"label": [True, None, False, True]})
    weighed = labels.append_column(SAMPLE_WEIGHT, pa.array([1.0, 2.0, None, 0.5]))

    assert measurable(DEFAULT_TASK, labels)["label"].to_pylist() == [True, False, True]
    assert measurable(DEFAULT_TASK, weighed)["label"].to_pylist() == [True, True]


def test_every_row_is_measured_where_the_loss_needs_no_label() -> None:
    section = {"type": "anomaly_detection", "loss": "contrast", "budget": {"share": 0.1}}
    task: Task = TypeAdapter(TaskSpec).validate_python(section)

    assert measurable(task, pa.table({"label": [True, None]})).num_rows == 2
