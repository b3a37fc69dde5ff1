"""One contender of the drift benchmark in a process of its own, so that its memory is its own.

`python -m benchmarks.monitoring.drift_contender NAME FOLDER` prints JSON: seconds of the work
after all imports, and the peak resident size of the process.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.monitoring.drift_data import CATEGORICAL, FIRST_DAY, NUMERIC, REFERENCE, WINDOW

Work = Callable[[Path], object]


def decode() -> Work:
    """Read every value of the window, and do next to nothing with it."""
    import duckdb

    terms = [f"sum({name})" for name in NUMERIC] + [f"sum(strlen({name}))" for name in CATEGORICAL]
    return lambda folder: duckdb.sql(
        f"SELECT {', '.join(terms)} FROM '{folder / WINDOW}'"
    ).fetchall()


def platform() -> Work:
    """The platform's decision, from a stored profile."""
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.special  # noqa: F401

    from mlops_platform.data.engine import private_duckdb
    from mlops_platform.monitoring.drift.profile.profile import count_window
    from mlops_platform.monitoring.drift.profile.stored import read_profile
    from mlops_platform.monitoring.drift.window_drift import measure_drift
    from mlops_platform.spec import DriftSpec

    def decide(folder: Path) -> object:
        profile = read_profile(folder)
        with private_duckdb() as connection:
            rows = f"read_parquet('{folder / WINDOW}')"
            counted = count_window(connection, rows, profile, profile.bins.names)
        days = [FIRST_DAY + timedelta(days=90 + at) for at in range(7)]
        return measure_drift(profile, counted, NUMERIC[0], days, DriftSpec(), {})

    return decide


def careful() -> Work:
    """The same statistics by bare calls of pandas, NumPy and SciPy, nulls apart."""
    import numpy as np
    import pandas as pd
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

    def compared(folder: Path) -> object:
        found = []
        for name in (*NUMERIC, *CATEGORICAL):
            p, q = (pd.read_parquet(folder / file, columns=[name])[name] for file in FILES)
            nulls = p.isna().mean(), q.isna().mean()
            p, q = p.dropna(), q.dropna()
            if name in CATEGORICAL:
                table = pd.concat([p.value_counts(), q.value_counts()], axis=1).fillna(0).T
                counts = table.to_numpy()
                figures = [chi2_contingency(counts).pvalue]
            else:
                edges = np.unique(p.quantile(np.linspace(0, 1, 31)))[1:-1]
                counts = np.array(
                    [
                        np.bincount(np.searchsorted(edges, one), minlength=len(edges) + 1)
                        for one in (p, q)
                    ]
                )
                figures = [
                    ks_2samp(p, q, method="asymp").statistic,
                    wasserstein_distance(p, q),
                    q.mean() - p.mean(),
                    q.std() / p.std(),
                ]
            found.append((nulls, jensenshannon(*counts), _stability(*counts), figures))
        return found

    def _stability(p: np.ndarray, q: np.ndarray) -> float:
        p, q = np.maximum(p / p.sum(), 1e-4), np.maximum(q / q.sum(), 1e-4)
        return float(((q - p) * np.log(q / p)).sum())

    return compared


def preset() -> Work:
    """Evidently's preset as its documentation has it."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=list(NUMERIC), categorical_columns=list(CATEGORICAL)
    )

    def report(folder: Path) -> object:
        reference, window = (
            Dataset.from_pandas(
                pd.read_parquet(folder / file, columns=[*NUMERIC, *CATEGORICAL]), definition
            )
            for file in FILES
        )
        return Report([DataDriftPreset()]).run(window, reference).dict()

    return report


FILES = (REFERENCE, WINDOW)
CONTENDERS = {"decode": decode, "platform": platform, "careful": careful, "preset": preset}


def _peak_bytes() -> int:
    """Of this program: what `getrusage` tells is that of the process it was forked from as well."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in one)
    return int(line.split()[1]) * 1024


def main() -> None:
    """Measure the contender that the command line names."""
    warnings.simplefilter("ignore")
    name, folder = sys.argv[1:]
    work = CONTENDERS[name]()
    started = time.perf_counter()
    work(Path(folder))
    seconds = time.perf_counter() - started
    peak = _peak_bytes()
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_bytes": peak}) + "\n")


if __name__ == "__main__":
    main()
