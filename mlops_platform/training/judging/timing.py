"""CPU time of a training and of one prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.tasks import Task

WARM_UP, REPEATS = 3, 21


def cpu_seconds() -> float:
    """CPU time of this process, and of its children that have ended, since it began.

    All threads count; the wall time of a busy machine would charge a training for its neighbours.
    """
    from os import times

    return sum(times()[:4])


def row_cpu_milliseconds(task: Task, model: Any, features: DataFrame) -> float:
    """Median CPU time of predicting a single row, on one thread, over different rows.

    CPU time, because the wall time of a busy machine judges its neighbours; one thread, because
    that is how the service predicts single rows; the median, because other threads of this process
    may run meanwhile.
    """
    import gc
    import statistics
    from time import process_time

    from threadpoolctl import threadpool_limits

    seconds = []
    gc.collect()
    with threadpool_limits(limits=1):
        for number in range(WARM_UP + REPEATS):
            row = features.iloc[[number % len(features)]]
            before = process_time()
            task.numbers(model, row)
            seconds.append(process_time() - before)
    return 1000 * statistics.median(seconds[WARM_UP:])
