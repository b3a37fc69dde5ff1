"""Tables of somebody's own, of several shapes: made by a seed, with an outcome that can be learned.

Nothing of the platform is used here, so that nothing is as it would like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

START: Final = np.datetime64(datetime(2024, 1, 1), "s")  # noqa: DTZ001
DAYS: Final = 180
MISSING_SHARE: Final = 0.03
REPEATED_SHARE: Final = 0.004

Numbers = NDArray[np.float64]
Times = NDArray[np.datetime64]
MakeTable = Callable[[int, np.random.Generator], pa.Table]


def deliveries(rows: int, rng: np.random.Generator) -> pa.Table:
    """Parcels: by how many minutes each came late, known when it has come."""
    ordered, hours = _times(rows, rng)
    courier, shop = rng.integers(120, size=rows), rng.zipf(1.6, rows) % 40
    distance, weight = rng.gamma(2.0, 3.0, rows), rng.lognormal(0.3, 0.8, rows)
    slowness = rng.normal(0, 6, 120)
    minutes = (
        -6
        + 1.6 * distance
        + slowness[courier]
        + 9 * _rush(hours)
        + rng.gamma(1.5, 8.0, rows)
        - 8
        + rng.normal(0, 3, rows)
    )
    taken = (minutes + 40 + 3 * distance).clip(5)
    return pa.table(
        {
            "parcel": [f"P{number:08d}" for number in range(rows)],
            "ordered_at": ordered,
            "courier": [f"c{number:03d}" for number in courier],
            "shop": [f"shop {number}" for number in shop],
            "distance_km": _with_missing(distance.round(2), rng),
            "weight_kg": weight.round(3),
            "express": rng.random(rows) < 0.2,
            "arrived_at": ordered + (taken * 60).astype("timedelta64[s]"),
            "minutes_late": minutes.round(1),
        }
    )


def rides(rows: int, rng: np.random.Generator) -> pa.Table:
    """Rides: what each cost, known when it has ended."""
    started, hours = _times(rows, rng)
    from_zone, to_zone = rng.zipf(1.4, rows) % 60, rng.integers(60, size=rows)
    kilometres = rng.gamma(2.0, 2.5, rows) + 0.08 * np.abs(from_zone - to_zone)
    minutes = kilometres * (2.2 + 1.5 * _rush(hours)) + rng.gamma(2.0, 1.5, rows)
    fare = 3.5 + 1.4 * kilometres + 0.35 * minutes + 4 * (from_zone == 7) + rng.gamma(1, 1.2, rows)
    return pa.table(
        {
            "ride_id": np.arange(rows) + 70_000,
            "started_at": started,
            "ended_at": started + (minutes * 60).astype("timedelta64[s]"),
            "from_zone": [f"z{number:02d}" for number in from_zone],
            "to_zone": [f"z{number:02d}" for number in to_zone],
            "kilometres": kilometres.round(2),
            "passengers": _with_missing(rng.integers(1, 5, rows).astype(float), rng),
            "payment": np.array(["card", "cash", "unknown"])[
                rng.choice(3, rows, p=[0.7, 0.2, 0.1])
            ],
            "fare": fare.round(2),
        }
    )


def customers(rows: int, rng: np.random.Generator) -> pa.Table:
    """Customers as they are: who has left. Nothing says when."""
    age, months = rng.integers(18, 90, rows), rng.gamma(1.5, 20, rows)
    calls, bill = rng.poisson(1.4, rows), rng.gamma(4, 12, rows)
    plan = rng.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])
    score = -1.7 - 0.03 * months + 0.55 * calls + 0.012 * bill + np.array([0.6, 0, -0.3, -1])[plan]
    return pa.table(
        {
            "customer": [f"K{number:07d}" for number in rng.permutation(rows)],
            "age": age,
            "region": np.array(["north", "south", "east", "west"])[rng.integers(4, size=rows)],
            "plan": np.array(["basic", "plus", "family", "business"])[plan],
            "months": months.round(),
            "support_calls": calls,
            "bill": _with_missing(bill.round(2), rng),
            "left": (rng.random(rows) < _share(score)).astype(int),
        }
    )


def readings(rows: int, rng: np.random.Generator) -> pa.Table:
    """Readings of machines without a key, some of which were sent twice."""
    measured, hours = _times(rows, rng)
    machine = rng.integers(80, size=rows)
    load = (0.5 + 0.3 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(0, 0.15, rows)).clip(0, 1)
    temperature = 40 + 30 * load + rng.normal(0, 3, 80)[machine] + rng.normal(0, 2, rows)
    vibration = rng.gamma(2 + 3 * load, 0.6)
    score = -8 + 0.08 * temperature + 0.5 * vibration
    table = pa.table(
        {
            "machine": [f"m{number:02d}" for number in machine],
            "measured_at": measured,
            "load": load.round(3),
            "temperature": _with_missing(temperature.round(1), rng),
            "vibration": vibration.round(2),
            "stopped": rng.random(rows) < _share(score),
        }
    )
    repeated = rng.integers(rows, size=int(rows * REPEATED_SHARE))
    kept = np.sort(np.concatenate([np.arange(rows)[: rows - len(repeated)], repeated]))
    return table.take(kept)


def order_lines(rows: int, rng: np.random.Generator) -> pa.Table:
    """Lines of orders, told apart by two columns together: which were sent back."""
    ordered, _ = _times(rows, rng)
    per_order = rng.integers(1, 6, rows)
    order = np.repeat(np.arange(rows), per_order)[:rows]
    line = np.concatenate([np.arange(count) for count in per_order])[:rows] + 1
    category, price = rng.integers(12, size=rows), rng.lognormal(3, 0.9, rows)
    quantity = rng.integers(1, 5, rows)
    score = -2.6 + rng.normal(0, 0.8, 12)[category] + 0.008 * price + 0.15 * quantity
    moment = ordered[order]
    return pa.table(
        {
            "order_id": order,
            "line": line,
            "ordered_at": moment,
            "category": [f"category {number}" for number in category],
            "price": price.round(2),
            "quantity": quantity,
            "voucher": rng.random(rows) < 0.1,
            "decided_at": moment + rng.integers(86_400, 14 * 86_400, rows).astype("timedelta64[s]"),
            "returned": rng.random(rows) < _share(score),
        }
    )


TABLES: Final[Mapping[str, MakeTable]] = {
    table.__name__: table for table in (deliveries, rides, customers, readings, order_lines)
}


def _times(rows: int, rng: np.random.Generator) -> tuple[Times, Numbers]:
    """Moments in their order, more of them by day than by night, and their hours of the day."""
    day = rng.integers(DAYS, size=rows)
    second = (rng.beta(2.5, 2.0, rows) * 86_399).astype(int)
    passed = np.sort(day * 86_400 + second)
    return START + passed.astype("timedelta64[s]"), passed % 86_400 / 3600


def _rush(hours: Numbers) -> Numbers:
    return ((np.abs(hours - 8) < 1.5) | (np.abs(hours - 17.5) < 2)).astype(float)


def _share(score: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-score))


def _with_missing(values: Numbers, rng: np.random.Generator) -> pa.Array:
    return pa.array(values, mask=rng.random(len(values)) < MISSING_SHARE)
