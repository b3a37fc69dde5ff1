"""Who makes the fits of a backtest: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import SettingsError
from mlops_platform.spec import BacktestSpec

if TYPE_CHECKING:
    from joblib import Parallel

SECONDS_TO_ANSWER = 20


@contextmanager
def parallel_fits(spec: BacktestSpec) -> Iterator[Parallel]:
    """What runs the fits in parallel, as declared.

    Raises:
        SettingsError: no Dask scheduler answers, or Dask is not installed.
    """
    from joblib import Parallel, parallel_config

    if spec.dask_scheduler is None:
        yield Parallel(n_jobs=spec.workers)
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError(
            "backtest.dask_scheduler needs Dask: install the extra `mlops_platform[dask]`, or "
            "remove the attribute, and processes of this machine make the fits."
        ) from error
    try:
        client: Any = Client(spec.dask_scheduler, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"backtest.dask_scheduler: nothing answers at '{spec.dask_scheduler}' ({error}). Start "
            "a scheduler there, or remove the attribute, and processes of this machine make the "
            "fits."
        ) from error
    with client, parallel_config(backend="dask", client=client):
        yield Parallel(n_jobs=-1)
