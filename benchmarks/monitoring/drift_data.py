"""Made-up rows for the drift benchmark: twenty columns with nulls, as Parquet."""

from __future__ import annotations

from datetime import date
from pathlib import Path

FIRST_DAY = date(2024, 1, 1)
NUMERIC = (
    *(f"normal{at}" for at in range(6)),
    *(f"skewed{at}" for at in range(4)),
    *("mostly_zero", "rounded"),
    *(f"few{at}" for at in range(4)),
)
CATEGORICAL = tuple(f"category{at}" for at in range(4))
REFERENCE, WINDOW = "reference.parquet", "window.parquet"


def write_rows(path: Path, rows: int, first_day: int, days: int, seed: int) -> None:
    """Write rows that are spread over days; the same for the same arguments."""
    import duckdb

    normal = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
    columns = {
        **{f"normal{at}": normal for at in range(6)},
        **{f"skewed{at}": f"exp({normal})" for at in range(4)},
        "mostly_zero": "CASE WHEN random() < 0.7 THEN 0 ELSE -ln(1 - random()) END",
        "rounded": f"round({normal}, 2)",
        **{f"few{at}": f"floor(random() * {size})" for at, size in enumerate((7, 60, 1000, 2000))},
        **{
            f"category{at}": f"'value' || floor(power(random(), 2) * {size})::INT"
            for at, size in enumerate((3, 20, 100, 3000))
        },
    }
    with_nulls = [
        f"CASE WHEN random() < 0.03 THEN NULL ELSE {term} END AS {name}"
        for name, term in columns.items()
    ]
    with duckdb.connect() as connection:
        # Random numbers repeat themselves on one thread only.
        connection.execute(f"SET threads = 1; SELECT setseed({seed / 100})")
        connection.execute(
            f"COPY (SELECT DATE '{FIRST_DAY}' + ({first_day} + range * {days} // {rows})::INT "
            f"AS day, {', '.join(with_nulls)} FROM range({rows})) TO '{path}' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )


def write_profile_of(folder: Path) -> None:
    """Store the profile of the reference beside it, as training does."""
    from mlops_platform.data.engine import private_duckdb
    from mlops_platform.monitoring.drift.profile.profile import fit_profile
    from mlops_platform.monitoring.drift.profile.stored import write_profile

    with private_duckdb() as connection:
        rows = f"read_parquet('{folder / REFERENCE}')"
        write_profile(folder, fit_profile(connection, rows, NUMERIC, CATEGORICAL, "day"))
